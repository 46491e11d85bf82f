// SPDX-License-Identifier: Apache-2.0
// Where everything is: a rail with the rooms at the left (at the bottom where the window is narrow), the top bar,
// and the room one is in.
#pragma once

#include <array>

#include "ui/panels/chip_panel.h"
#include "ui/panels/learn_panel.h"
#include "ui/panels/panels.h"
#include "ui/panels/terminal_panel.h"

namespace npu::ui {

class Workspace {
 public:
  void draw(const View& view, Commands& commands);

 private:
  void draw_body(const View& view, Commands& commands);
  void draw_rooms(const View& view, Commands& commands);
  void draw_overview(const View& view, Commands& commands);
  void draw_drawer(const View& view, Commands& commands);
  void draw_room(Tab tab, const View& view, Commands& commands);

  HomePanel home_;
  ModelPanel model_;
  CompilePanel compile_;
  RunPanel run_;
  ChipPanel chip_;
  ProfilePanel profile_;
  TerminalPanel terminal_;
  LearnPanel learn_;
  LessonView lesson_;
  std::array<float, 4> shares_{0.18f, 0.27f, 0.18f, 0.37f};  // of the overview's columns
  float drawer_ = 260;  // its height, CSS pixels
};

// "Compiling: fold-constants"; for the status line and the page's mirror.
std::string activity_text(Language language, const Activity& activity);
std::string error_text(Language language, const Error& error);

}  // namespace npu::ui
