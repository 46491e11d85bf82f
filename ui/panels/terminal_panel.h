// SPDX-License-Identifier: Apache-2.0
// The terminal: its screen, the input below it, and the files of the current folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ui/terminal/input_line.h"
#include "ui/view.h"

namespace npu::ui {

// Of its letters: a monospaced font looks smaller than others.
inline float terminal_text_size(const View& view) { return view.compact ? view.theme.small_size : view.theme.text_size; }

// The lines that were printed, with a selection. A grid of cells: wide characters take two.
class TerminalScreen {
 public:
  // Fills the size. Returns a name of a file that was clicked with the right button (or long, with a finger), else "".
  std::string draw(const View& view, const terminal::Scrollback& screen, ImVec2 size);

  bool has_selection() const { return selected_; }
  void clear_selection() { selected_ = false; }
  std::string selection(const terminal::Scrollback& screen) const;
  void scroll_to_end() { follow_ = true; }

 private:
  // A byte of a line, by the line's number for good.
  struct Place {
    uint64_t line = 0;
    size_t byte = 0;
    auto operator<=>(const Place&) const = default;
  };
  void lay_out(const terminal::Scrollback& screen, int columns);
  Place place_at(const terminal::Scrollback& screen, ImVec2 at, ImVec2 cell) const;
  void handle_mouse(const terminal::Scrollback& screen, ImVec2 origin, ImVec2 cell);
  void draw_row(const View& view, const terminal::Scrollback& screen, const terminal::Row& row, ImVec2 at, ImVec2 cell) const;

  std::vector<terminal::Row> rows_;
  uint64_t laid_out_ = UINT64_MAX;  // version of the lines that rows_ was made for
  int columns_ = 0, widest_ = 0;
  bool follow_ = true;              // new lines are scrolled to
  bool selected_ = false, selecting_ = false;
  Place anchor_, head_;
};

// view.terminal must be there.
struct TerminalPanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_toolbar(const View& view, Commands& commands);
  void draw_files(const View& view, ImVec2 size);
  void draw_file_menu(const View& view, Commands& commands);
  void draw_choices(const View& view);
  void draw_input(const View& view, Commands& commands);
  void draw_keys(const View& view);
  void handle_keys(const View& view, Commands& commands);
  void stop_or_copy(const View& view, Commands& commands);
  void submit(const View& view);
  static int on_edit(ImGuiInputTextCallbackData* data);

  TerminalScreen screen_;
  std::unique_ptr<terminal::InputLine> line_;
  bool replace_ = false;       // line_ has changed the text: the widget takes it over
  bool was_active_ = false;    // the input had the keyboard in the last frame
  bool focus_ = true;
  bool show_files_ = false, files_chosen_ = false;
  std::string file_;           // of the open menu
};

}  // namespace npu::ui
