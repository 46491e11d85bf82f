// SPDX-License-Identifier: Apache-2.0
// The rooms of the workspace, and the rail one chooses them on.
#pragma once

#include "ui/view.h"

namespace npu::ui {

inline constexpr float kRailWidth = 68;        // CSS pixels
inline constexpr float kRailHeight = 54;       // of the bar at the bottom of narrow windows

// The room that is shown: narrow windows have no overview.
Tab shown_tab(const View& view);

// At the cursor: a column kRailWidth wide, or where the window is narrow a line kRailHeight high.
void draw_rail(const View& view, Commands& commands);

}  // namespace npu::ui
