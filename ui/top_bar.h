// SPDX-License-Identifier: Apache-2.0
// The line at the top of the window: what is computed (model, chip, threads), and actions that concern all rooms.
#pragma once

#include "ui/view.h"

namespace npu::ui {

void draw_top_bar(const View& view, Commands& commands);

// Titles of built samples are their names; those of trained ones are in their file, known once it is loaded.
std::string sample_title(const View& view, std::string_view name);

}  // namespace npu::ui
