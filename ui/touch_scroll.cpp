// SPDX-License-Identifier: Apache-2.0
#include "ui/touch_scroll.h"

#include <imgui.h>
#include <imgui_internal.h>

namespace npu::ui {
namespace {

constexpr float kSlack = 6;  // pixels a finger may move and still tap

bool can_scroll(const ImGuiWindow& window) { return window.ScrollMax.y > 0 || window.ScrollMax.x > 0; }

ImGuiWindow* scrollable_from(ImGuiWindow* window) {
  while (window && !can_scroll(*window) && !(window->Flags & ImGuiWindowFlags_NoScrollWithMouse) && window->ParentWindow && (window->Flags & ImGuiWindowFlags_ChildWindow))
    window = window->ParentWindow;
  return window && can_scroll(*window) && !(window->Flags & ImGuiWindowFlags_NoScrollWithMouse) ? window : nullptr;
}

}  // namespace

void scroll_by_touch() {
  ImGuiContext& g = *ImGui::GetCurrentContext();
  if (g.IO.MouseSource != ImGuiMouseSource_TouchScreen || !ImGui::IsMouseDragging(ImGuiMouseButton_Left, kSlack)) return;
  ImGuiWindow* window = scrollable_from(g.ActiveIdWindow ? g.ActiveIdWindow : g.HoveredWindow);
  if (!window) return;
  if (g.ActiveId != 0) ImGui::ClearActiveID();  // what was touched is not pressed after all
  ImGui::SetScrollY(window, window->Scroll.y - g.IO.MouseDelta.y);
  if (window->ScrollMax.x > 0) ImGui::SetScrollX(window, window->Scroll.x - g.IO.MouseDelta.x);
}

}  // namespace npu::ui
