// SPDX-License-Identifier: Apache-2.0
// Colours, spacing and fonts of the whole interface.
#pragma once

#include <array>

#include <imgui.h>

#include "core/isa/isa.h"

namespace npu::ui {

struct Theme {
  bool dark = true;
  bool touch = false;            // larger targets
  ImVec4 background, surface, raised, border;
  ImVec4 text, faint, accent, on_accent;
  ImVec4 good, bad, warn;
  ImVec4 added, removed;         // backgrounds of changed lines
  std::array<ImVec4, kPipes> pipes;
  ImVec4 ai_cpu, task_even, task_odd;
  ImFont* body = nullptr;
  ImFont* strong = nullptr;
  ImFont* mono = nullptr;

  float text_size = 15;          // CSS pixels
  float small_size = 13;
  float large_size = 22;
};

Theme make_theme(bool dark, bool touch);
// Sets ImGui's style from the theme.
void apply_theme(const Theme& theme);

// Black or white, whichever reads better on the colour.
ImU32 text_on(const ImVec4& colour);
inline ImU32 colour(const ImVec4& c) { return ImGui::ColorConvertFloat4ToU32(c); }
inline ImU32 colour(ImVec4 c, float alpha) { return c.w *= alpha, ImGui::ColorConvertFloat4ToU32(c); }

}  // namespace npu::ui
