// SPDX-License-Identifier: Apache-2.0
// The panel as a person uses it: keys and clipboard, frame by frame, without a window.
#include <chrono>
#include <string>
#include <thread>

#include <doctest/doctest.h>

#include "tests/ui/windowless.h"
#include "ui/panels/terminal_panel.h"

using namespace npu;
using namespace npu::ui;

namespace {

std::string clipboard;

class Desk {
 public:
  explicit Desk(bool compact = false)
      : windowless_(compact ? ImVec2(390, 844) : ImVec2(1280, 720)), terminal_({}, {}), compact_(compact), theme_(test::Windowless::theme(compact)) {
    ImGui::GetPlatformIO().Platform_SetClipboardTextFn = [](ImGuiContext*, const char* text) { clipboard = text; };
    ImGui::GetPlatformIO().Platform_GetClipboardTextFn = [](ImGuiContext*) { return clipboard.c_str(); };
    REQUIRE(terminal_.files().write(std::string(terminal::kHome) + "/only.txt", as_byte_view("inside\n")));
    settle();
  }

  void frame() {
    const View view{.now = snapshot_, .settings = settings_, .theme = theme_, .compact = compact_, .terminal = &terminal_};
    Commands commands;
    windowless_.window_frame([&] { panel_.draw(view, commands); });
    for (const Command& command : commands.take())
      if (const auto* copy = std::get_if<command::Copy>(&command)) copied = copy->text;
  }
  // Until the worker has nothing to do, and some frames more.
  void settle() {
    for (int i = 0; i < 4; ++i) frame();
    for (int i = 0; i < 3000 && terminal_.busy(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10)), frame();
    for (int i = 0; i < 4; ++i) frame();
  }
  void type(const char* text) {
    ImGui::GetIO().AddInputCharactersUTF8(text);
    frame();
    frame();
  }
  void press(ImGuiKey key, bool with_ctrl = false) {
    test::Windowless::press(key, with_ctrl ? ImGuiMod_Ctrl : ImGuiKey_None, [&] { frame(); });
    frame();
  }
  std::string text() {
    std::string all;
    terminal_.read([&](const terminal::Scrollback& screen) { all = screen.text(); });
    return all;
  }
  // What the input holds, as Enter runs it.
  std::string entered() {
    press(ImGuiKey_Enter);
    settle();
    return terminal_.history().inputs().empty() ? "" : terminal_.history().inputs().back();
  }

  std::string copied;

 private:
  test::Windowless windowless_;
  terminal::Terminal terminal_;
  bool compact_;
  Theme theme_;
  Settings settings_;
  Snapshot snapshot_;
  TerminalPanel panel_;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("terminal panel: typing, Tab, Enter, history and search") {
  for (const bool compact : {false, true}) {
    Desk desk(compact);
    desk.type("cat on");
    desk.press(ImGuiKey_Tab);
    CHECK(desk.entered() == "cat only.txt ");
    CHECK(has(desk.text(), "npu:~$ cat only.txt \ninside"));
    desk.type("echo 模型");
    CHECK(desk.entered() == "echo 模型");
    desk.type("dra");
    desk.press(ImGuiKey_UpArrow), desk.press(ImGuiKey_UpArrow), desk.press(ImGuiKey_UpArrow), desk.press(ImGuiKey_DownArrow);
    desk.type("!");
    CHECK(desk.entered() == "echo 模型!");
    desk.press(ImGuiKey_R, true);
    desk.type("only");
    desk.press(ImGuiKey_Enter);
    CHECK(desk.entered() == "cat only.txt ");
    desk.type("abandoned");
    desk.press(ImGuiKey_C, true);
    desk.type("pwd");
    CHECK(desk.entered() == "pwd");
    CHECK(desk.text().ends_with("npu:~$ pwd\n/home/npu"));
  }
}

TEST_CASE("terminal panel: several lines are pasted and run together, an open quote goes on") {
  Desk desk;
  clipboard = "# a comment\necho one \\\n  two\npwd";
  desk.press(ImGuiKey_V, true);
  CHECK(desk.entered() == clipboard);
  CHECK(has(desk.text(), "\none two\n/home/npu"));
  desk.type("echo 'a");
  desk.press(ImGuiKey_Enter);
  desk.type("b'");
  CHECK(desk.entered() == "echo 'a\nb'");
  CHECK(desk.text().ends_with("\na\nb"));
}

TEST_CASE("terminal panel: a part of the screen is selected by dragging and copied") {
  Desk desk;
  desk.type("echo abcdef");
  REQUIRE(desk.entered() == "echo abcdef");
  ImGuiIO& io = ImGui::GetIO();
  // From the first line to below the last: everything.
  io.AddMousePosEvent(9, 38);
  desk.frame();
  io.AddMouseButtonEvent(0, true);
  desk.frame();
  io.AddMousePosEvent(900, 600);
  desk.frame();
  io.AddMouseButtonEvent(0, false);
  desk.frame();
  desk.press(ImGuiKey_C, true);
  CHECK(desk.copied == "npu:~$ echo abcdef\nabcdef");
  // The keyboard is the input's again.
  desk.type("pwd");
  CHECK(desk.entered() == "pwd");
}
