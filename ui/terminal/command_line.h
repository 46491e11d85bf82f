// SPDX-License-Identifier: Apache-2.0
// What the page shows, as the commands that give the same.
#pragma once

#include <string>

#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::terminal {

// Lines of atc (not for an .om) and of npu run, on the files of the terminal's home folder; their predicted time and the bits of their
// outputs are the page's. Empty without a model.
std::string command_line_of(const ui::Settings& settings, const ui::Snapshot& now);

// A word as it has to be typed: in quotes where it needs some.
std::string shell_word(std::string_view text);

}  // namespace npu::terminal
