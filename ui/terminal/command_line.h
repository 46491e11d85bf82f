// SPDX-License-Identifier: Apache-2.0
// What the page shows, as the commands that give the same.
#pragma once

#include <string>

#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::terminal {

// Lines of atc (not for an .om; with all its options, the files they name, and npu quantize where layers are 8-bit) and of npu run, on the files of the terminal's home folder; their predicted time and the bits of their
// outputs are the page's. Empty without a model.
std::string command_line_of(const ui::Settings& settings, const ui::Snapshot& now);

}  // namespace npu::terminal
