// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include <imgui.h>

#include "ui/theme.h"

namespace npu::test {

// Dear ImGui without a window: frames of a given size, with input as from a mouse and keys.
class Windowless {
 public:
  explicit Windowless(ImVec2 size = {1280, 720}) {
    ImGui::CreateContext();
    ImGuiIO& io = ImGui::GetIO();
    io.IniFilename = nullptr;
    io.BackendFlags |= ImGuiBackendFlags_RendererHasTextures;
    io.DisplaySize = size;
    io.DeltaTime = 1.0f / 60;
    io.ConfigInputTrickleEventQueue = false;
  }
  ~Windowless() { ImGui::DestroyContext(); }
  Windowless(const Windowless&) = delete;
  Windowless& operator=(const Windowless&) = delete;

  // The built-in font in every place.
  static ui::Theme theme(bool compact = false) {
    ui::Theme theme = ui::make_theme(true, compact);
    theme.body = theme.strong = theme.mono = ImGui::GetIO().Fonts->AddFontDefault();
    ui::apply_theme(theme);
    return theme;
  }

  void frame(const std::function<void()>& draw) {
    ImGui::NewFrame();
    draw();
    ImGui::Render();
    for (ImTextureData* texture : ImGui::GetPlatformIO().Textures)
      if (texture->Status != ImTextureStatus_WantDestroy) texture->SetTexID(1), texture->SetStatus(ImTextureStatus_OK);
  }
  // In one window that fills the display.
  void window_frame(const std::function<void()>& draw) {
    frame([&] {
      ImGui::SetNextWindowSize(ImGui::GetIO().DisplaySize);
      ImGui::SetNextWindowPos({0, 0});
      ImGui::Begin("window", nullptr, ImGuiWindowFlags_NoDecoration);
      draw();
      ImGui::End();
    });
  }

  // The frames they take are drawn by `frame`.
  static void press(ImGuiKey key, ImGuiKey modifier, const std::function<void()>& frame) {
    ImGuiIO& io = ImGui::GetIO();
    if (modifier != ImGuiKey_None) io.AddKeyEvent(modifier, true);
    io.AddKeyEvent(key, true);
    frame();
    io.AddKeyEvent(key, false);
    if (modifier != ImGuiKey_None) io.AddKeyEvent(modifier, false);
    frame();
  }
  static void click(ImVec2 at, const std::function<void()>& frame) {
    ImGuiIO& io = ImGui::GetIO();
    io.AddMousePosEvent(at.x, at.y);
    frame();
    for (const bool down : {true, false}) {
      io.AddMouseButtonEvent(0, down);
      frame();
    }
  }
};

}  // namespace npu::test
