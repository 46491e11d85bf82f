// SPDX-License-Identifier: Apache-2.0
#include "ui/widgets.h"

#include <imgui_internal.h>

#include <doctest/doctest.h>

#include "tests/ui/windowless.h"

using namespace npu;
using namespace npu::ui;

TEST_CASE("help to a button follows the mouse, covers nothing after a finger's tap, and shows while the finger is held") {
  test::Windowless windowless({390, 844});
  test::Windowless::theme(true);
  ImVec2 button, words;
  const auto frame = [&] {
    windowless.window_frame([&] {
      ImGui::Button("press");
      button = ImGui::GetItemRectMin();
      tooltip("what it does");
      ImGui::TextUnformatted("a word");
      words = ImGui::GetItemRectMin();
      tooltip("what it means");
    });
  };
  const auto shown = [&] {
    for (int i = 0; i < 60; ++i) frame();
    const ImGuiWindow* window = ImGui::FindWindowByName("##Tooltip_00");
    return window && window->Active;
  };
  ImGuiIO& io = ImGui::GetIO();
  frame();
  const auto at = [](ImVec2 corner) { return ImVec2(corner.x + 4, corner.y + 4); };
  test::Windowless::click(at(button), frame);
  CHECK(shown());
  io.AddMouseSourceEvent(ImGuiMouseSource_TouchScreen);
  test::Windowless::click(at(button), frame);
  CHECK_FALSE(shown());
  io.AddMouseButtonEvent(0, true);
  CHECK(shown());
  io.AddMouseButtonEvent(0, false);
  CHECK_FALSE(shown());
  test::Windowless::click(at(words), frame);
  CHECK(shown());
}
