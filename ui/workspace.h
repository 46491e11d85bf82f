// SPDX-License-Identifier: Apache-2.0
// Where the panels are: a top bar, then columns from left to right, or one column with tabs where it is narrow.
#pragma once

#include <array>

#include "ui/panels/panels.h"

namespace npu::ui {

class Workspace {
 public:
  void draw(const View& view, Commands& commands);

 private:
  void draw_top_bar(const View& view, Commands& commands);
  void draw_choices(const View& view, Commands& commands);
  void draw_tabs(const View& view, Commands& commands);
  void draw_status(const View& view, Commands& commands);
  void draw_overview(const View& view, Commands& commands);
  void draw_panel(Tab tab, const View& view, Commands& commands);

  ModelPanel model_;
  CompilePanel compile_;
  RunPanel run_;
  ProfilePanel profile_;
  std::array<float, 4> shares_{0.18f, 0.27f, 0.18f, 0.37f};  // of the columns' width
};

// "Compiling: fold-constants"; for the status line and the page's mirror.
std::string activity_text(Language language, const Activity& activity);
std::string error_text(Language language, const Error& error);

}  // namespace npu::ui
