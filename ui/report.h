// SPDX-License-Identifier: Apache-2.0
// All that the page shows as one file of HTML: it needs no network, no script and nothing beside it.
#pragma once

#include <string>

#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

// Model, graph, options, commands, passes with their reasons, answer, tasks and timeline, as far as they are there; in the language of
// the settings, light or dark as the reader's system is. `address`: of the live page with this state. Well formed as XML. Takes as long
// as laying the folded graph out.
std::string report_html(const Snapshot& snapshot, const Settings& settings, const std::string& address);

}  // namespace npu::ui
