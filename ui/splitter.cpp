// SPDX-License-Identifier: Apache-2.0
#include "ui/splitter.h"

namespace npu::ui {

float drag_border(const char* id, bool upright, float length) {
  ImGui::InvisibleButton(id, upright ? ImVec2(kGap, length) : ImVec2(length, kGap));
  if (ImGui::IsItemHovered() || ImGui::IsItemActive()) ImGui::SetMouseCursor(upright ? ImGuiMouseCursor_ResizeEW : ImGuiMouseCursor_ResizeNS);
  if (!ImGui::IsItemActive()) return 0;
  return upright ? ImGui::GetIO().MouseDelta.x : ImGui::GetIO().MouseDelta.y;
}

}  // namespace npu::ui
