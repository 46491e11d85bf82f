// SPDX-License-Identifier: Apache-2.0
// The border between two parts of the window, which the mouse moves.
#pragma once

#include <imgui.h>

namespace npu::ui {

inline constexpr float kGap = 8;  // CSS pixels between cards, which are their borders too

// A border kGap thick and `length` long at the cursor; returns how far it was moved. Upright: between left and right.
float drag_border(const char* id, bool upright, float length);

}  // namespace npu::ui
