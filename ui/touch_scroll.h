// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace npu::ui {

// Dragging a finger over a list scrolls it, as everywhere else on a phone; call once a frame before drawing.
// Items that use the drag themselves (the timeline, sliders) keep it.
void scroll_by_touch();

}  // namespace npu::ui
