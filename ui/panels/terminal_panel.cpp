// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/terminal_panel.h"

#include <algorithm>

#include <fmt/format.h>

#include "ui/terminal/command_line.h"
#include "ui/terminal/shell_parser.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kFilesWidth = 200;
constexpr size_t kMostChoices = 60;  // shown at once
constexpr int kMostInputLines = 6;

int line_count(const std::string& text) { return 1 + static_cast<int>(std::ranges::count(text, '\n')); }

// What tests look at.
std::string last_lines(const terminal::Scrollback& screen) {
  constexpr size_t kShown = 3;
  std::string text;
  const auto& lines = screen.lines();
  for (size_t i = lines.size() - std::min(lines.size(), kShown); i < lines.size(); ++i) text += lines[i].text + "\n";
  return text;
}

bool ctrl(ImGuiKey key) { return ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | key); }

bool can_open(const std::string& name) {
  static constexpr std::string_view kEndings[] = {".onnx", ".om", ".pb", ".prototxt", ".caffemodel", ".mindir", ".png", ".jpg", ".jpeg", ".bmp"};
  return std::ranges::any_of(kEndings, [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace

void TerminalPanel::draw(const View& view, Commands& commands) {
  terminal::Terminal& terminal = *view.terminal;
  terminal.start();
  if (!line_) line_ = std::make_unique<terminal::InputLine>(terminal);
  if (!files_chosen_) show_files_ = !view.compact;
  handle_keys(view, commands);
  draw_toolbar(view, commands);

  const float row = ImGui::GetFrameHeightWithSpacing();
  const int lines = std::min(line_count(line_->text), kMostInputLines);
  const float input = ImGui::GetTextLineHeight() * static_cast<float>(lines - 1) + row;
  const float keys = view.compact ? row : 0;
  const float choices = line_->choices().empty() ? 0 : row * 2;
  const float height = std::max(row, ImGui::GetContentRegionAvail().y - input - keys - choices);
  const bool beside = show_files_ && !view.compact;
  const float width = ImGui::GetContentRegionAvail().x - (beside ? kFilesWidth + 8 : 0);
  if (show_files_ && view.compact) {
    draw_files(view, {width, height});
  } else {
    std::string name;
    terminal.read([&](const terminal::Scrollback& screen) {
      name = screen_.draw(view, screen, {width, height});
      mark(view, "terminal-screen", last_lines(screen));
    });
    if (!name.empty()) {
      file_ = terminal.files().is_file(name) ? name : "";
      ImGui::OpenPopup("file");
    } else if (ImGui::IsItemHovered() && ImGui::IsMouseReleased(ImGuiMouseButton_Left) && !screen_.has_selection() && ImGui::GetIO().MouseSource == ImGuiMouseSource_Mouse) {
      focus_ = true;
    }
    if (beside) {
      ImGui::SameLine();
      draw_files(view, {kFilesWidth, height});
    }
  }
  draw_file_menu(view, commands);
  draw_choices(view);
  draw_input(view, commands);
  if (view.compact) draw_keys(view);
}

void TerminalPanel::draw_toolbar(const View& view, Commands& commands) {
  terminal::Terminal& terminal = *view.terminal;
  if (small_button(view, view.tr(Str::TerminalFiles), Str::TerminalFilesHelp)) show_files_ = !show_files_, files_chosen_ = true;
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::TerminalCopyAll), Str::TerminalCopyAllHelp)) terminal.read([&](const terminal::Scrollback& screen) { commands.push(command::Copy{screen.text()}); });
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::TerminalClear), Str::TerminalClearHelp)) terminal.clear();
  ImGui::SameLine(0, 4);
  const bool compiled = view.now.model && view.now.compile && view.now.compile->model;
  if (small_button(view, view.tr(Str::TerminalAsCommands), Str::TerminalAsCommandsHelp, compiled)) {
    const std::string shown = terminal::command_line_of(view.settings, view.now);
    line_->abandon();
    line_->insert(shown.substr(0, shown.size() - 1));
    replace_ = focus_ = true;
  }
  if (!terminal.busy()) return;
  ImGui::SameLine(0, 12);
  if (small_button(view, view.tr(Str::Cancel), Str::TerminalStopHelp)) terminal.cancel();
}

void TerminalPanel::draw_files(const View& view, ImVec2 size) {
  terminal::Terminal& terminal = *view.terminal;
  ImGui::BeginChild("files", size, ImGuiChildFlags_Borders | ImGuiChildFlags_NavFlattened);
  const std::string folder = terminal.files().folder();
  faint_text(view, folder);
  const auto entries = terminal.files().list(folder);
  if (folder != "/" && ImGui::Selectable("..")) terminal.submit("cd ..");
  const float width = ImGui::GetContentRegionAvail().x;
  for (const FolderEntry& entry : entries ? *entries : std::vector<FolderEntry>()) {
    const bool is_folder = entry.kind == FileKind::Folder;
    const std::string text = entry.name + (is_folder ? "/" : "");
    if (ImGui::Selectable(text.c_str())) {
      if (is_folder) terminal.submit("cd " + terminal::shell_word(entry.name));
      else file_ = entry.name;
    }
    const bool menu = ImGui::IsItemClicked(ImGuiMouseButton_Right) || (!is_folder && ImGui::IsItemDeactivated());
    if (menu) file_ = entry.name, files_chosen_ = true;
    if (entry.bytes >= 0) {
      const std::string bytes = short_bytes(static_cast<double>(entry.bytes));
      const float wide = ImGui::CalcTextSize(bytes.c_str()).x;
      if (ImGui::CalcTextSize(text.c_str()).x + wide + 12 < width) {
        ImGui::SameLine(width - wide);
        ImGui::TextColored(view.theme.faint, "%s", bytes.c_str());
      }
    }
  }
  ImGui::EndChild();
  if (!file_.empty() && !ImGui::IsPopupOpen("file")) ImGui::OpenPopup("file");
}

// Every choice is a command that could have been typed, and is seen to be one.
void TerminalPanel::draw_file_menu(const View& view, Commands& commands) {
  if (!ImGui::BeginPopup("file")) {
    file_.clear();
    return;
  }
  terminal::Terminal& terminal = *view.terminal;
  const std::string word = terminal::shell_word(file_);
  if (!file_.empty()) {
    faint_text(view, file_);
    if (can_open(file_) && ImGui::MenuItem(view.tr(Str::TerminalOpen))) terminal.submit("open " + word);
    if (ImGui::MenuItem(view.tr(Str::TerminalDownload))) terminal.submit("download " + word);
    if (ImGui::MenuItem(view.tr(Str::TerminalInsertName))) line_->insert(word), replace_ = focus_ = true;
    if (ImGui::MenuItem(view.tr(Str::TerminalDelete))) terminal.submit("rm " + word);
    ImGui::Separator();
  }
  if (screen_.has_selection() && ImGui::MenuItem(view.tr(Str::TerminalCopy))) terminal.read([&](const terminal::Scrollback& screen) { commands.push(command::Copy{screen_.selection(screen)}); });
  if (ImGui::MenuItem(view.tr(Str::TerminalCopyAll))) terminal.read([&](const terminal::Scrollback& screen) { commands.push(command::Copy{screen.text()}); });
  if (ImGui::MenuItem(view.tr(Str::TerminalPaste)))
    if (const char* text = ImGui::GetClipboardText()) line_->insert(text), replace_ = focus_ = true;
  ImGui::EndPopup();
}

// The choices of the last Tab, to be clicked.
void TerminalPanel::draw_choices(const View& view) {
  if (line_->choices().empty()) return;
  ImGui::BeginChild("choices", {0, ImGui::GetFrameHeightWithSpacing() * 2 - ImGui::GetStyle().ItemSpacing.y}, ImGuiChildFlags_NavFlattened);
  const std::vector<std::string> choices = line_->choices();
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  for (size_t i = 0; i < choices.size() && i < kMostChoices; ++i) {
    const float width = ImGui::CalcTextSize(choices[i].c_str()).x + ImGui::GetStyle().FramePadding.x * 2;
    if (i > 0 && ImGui::GetItemRectMax().x + 4 + width < right) ImGui::SameLine(0, 4);
    if (ImGui::SmallButton(choices[i].c_str())) line_->choose(choices[i]), replace_ = focus_ = true;
  }
  if (choices.size() > kMostChoices) faint_text(view, fmt::format("+ {}", choices.size() - kMostChoices));
  ImGui::EndChild();
}

// Keys that belong to the terminal while its input has the keyboard.
void TerminalPanel::handle_keys(const View& view, Commands& commands) {
  const bool here = was_active_ || ImGui::IsWindowFocused(ImGuiFocusedFlags_ChildWindows);
  if (here && ctrl(ImGuiKey_C)) stop_or_copy(view, commands);
  if (!was_active_) return;
  if (ctrl(ImGuiKey_R)) line_->search(), replace_ = true;
  if (ctrl(ImGuiKey_L)) view.terminal->clear();
  if (ImGui::IsKeyPressed(ImGuiKey_Escape) && line_->searching()) line_->leave_search(), replace_ = focus_ = true;
  if (ImGui::IsKeyPressed(ImGuiKey_UpArrow) && line_->up()) replace_ = true;
  if (ImGui::IsKeyPressed(ImGuiKey_DownArrow) && line_->down()) replace_ = true;
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow) && !ImGui::GetIO().KeyShift && line_->cursor == line_->text.size() && !line_->text.empty() && line_->complete()) replace_ = true;
}

void TerminalPanel::stop_or_copy(const View& view, Commands& commands) {
  terminal::Terminal& terminal = *view.terminal;
  if (screen_.has_selection()) {
    terminal.read([&](const terminal::Scrollback& screen) { commands.push(command::Copy{screen_.selection(screen)}); });
    screen_.clear_selection();
    focus_ = true;
  } else if (terminal.busy()) {
    terminal.cancel();
  } else {
    line_->abandon();
    replace_ = true;
  }
}

void TerminalPanel::submit(const View& view) {
  if (auto input = line_->enter()) {
    screen_.scroll_to_end();
    screen_.clear_selection();
    view.terminal->submit(std::move(*input));
    if (view.compact) show_files_ = false;
  }
  replace_ = focus_ = true;
}

// The widget's text and line_'s are one; the newer wins.
int TerminalPanel::on_edit(ImGuiInputTextCallbackData* data) {
  auto& panel = *static_cast<TerminalPanel*>(data->UserData);
  terminal::InputLine& line = *panel.line_;
  if (data->EventFlag == ImGuiInputTextFlags_CallbackResize) {
    line.text.resize(static_cast<size_t>(data->BufTextLen));
    data->Buf = line.text.data();
    return 0;
  }
  const auto show = [&] {
    const std::string text = line.text;
    const auto cursor = static_cast<int>(line.cursor);
    data->DeleteChars(0, data->BufTextLen);
    data->InsertChars(0, text.data(), text.data() + text.size());
    data->CursorPos = cursor;
    data->ClearSelection();
  };
  if (data->EventFlag == ImGuiInputTextFlags_CallbackCompletion) {
    line.text.assign(data->Buf, static_cast<size_t>(data->BufTextLen));
    line.cursor = static_cast<size_t>(data->CursorPos);
    if (line.complete()) show();
    return 0;
  }
  if (panel.replace_) {
    panel.replace_ = false;
    show();
    return 0;
  }
  const std::string_view now(data->Buf, static_cast<size_t>(data->BufTextLen));
  const bool changed = now.size() != line.text.size() || static_cast<size_t>(data->CursorPos) != line.cursor;
  line.cursor = static_cast<size_t>(data->CursorPos);
  if (changed) line.edited();
  return 0;
}

void TerminalPanel::draw_input(const View& view, Commands&) {
  ImGui::PushFont(view.theme.mono, terminal_text_size(view));
  const std::string prompt = line_->searching() ? fmt::format("{} ", view.tr(Str::TerminalSearch)) : view.terminal->prompt();
  ImGui::AlignTextToFramePadding();
  ImGui::TextColored(view.terminal->busy() ? view.theme.faint : view.theme.accent, "%s", prompt.c_str());
  ImGui::SameLine(0, 0);
  const std::string found = line_->match();
  const float run = view.compact ? ImGui::CalcTextSize(view.tr(Str::TerminalRun)).x + ImGui::GetStyle().FramePadding.x * 2 + 4 : 0;
  const float match = line_->searching() ? std::min(ImGui::CalcTextSize(found.c_str()).x + 12, ImGui::GetContentRegionAvail().x * 0.6f) : 0;
  const int lines = std::min(line_count(line_->text), kMostInputLines);
  if (focus_) ImGui::SetKeyboardFocusHere();
  focus_ = false;
  constexpr ImGuiInputTextFlags kFlags = ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_CtrlEnterForNewLine | ImGuiInputTextFlags_CallbackAlways | ImGuiInputTextFlags_CallbackCompletion |
                                         ImGuiInputTextFlags_CallbackResize;
  const ImVec2 size(ImGui::GetContentRegionAvail().x - run - match, ImGui::GetTextLineHeight() * static_cast<float>(lines) + ImGui::GetStyle().FramePadding.y * 2);
  const bool entered = ImGui::InputTextMultiline("##input", line_->text.data(), line_->text.capacity() + 1, size, kFlags, on_edit, this);
  mark(view, "terminal-input", line_->text);
  was_active_ = ImGui::IsItemActive();
  if (match > 0) {
    ImGui::SameLine(0, 12);
    faint_text(view, found);
  }
  bool pressed = false;
  if (view.compact) {
    ImGui::SameLine(0, 4);
    pressed = ImGui::Button(view.tr(Str::TerminalRun));
  }
  ImGui::PopFont();
  if (entered || pressed) submit(view);
}

// What a phone's keyboard lacks.
void TerminalPanel::draw_keys(const View& view) {
  const float width = (ImGui::GetContentRegionAvail().x - 12) / 4;
  const auto key = [&](const char* label, Str help) {
    const bool pressed = ImGui::Button(label, {width, 0});
    tooltip(view.tr(help));
    return pressed;
  };
  bool changed = false;
  if (key("Tab", Str::TerminalTabHelp)) changed = line_->complete();
  ImGui::SameLine(0, 4);
  if (key(view.tr(Str::TerminalUp), Str::TerminalUpHelp)) changed = line_->up();
  ImGui::SameLine(0, 4);
  if (key(view.tr(Str::TerminalDown), Str::TerminalDownHelp)) changed = line_->down();
  ImGui::SameLine(0, 4);
  if (key("Ctrl+C", Str::TerminalStopHelp)) {
    if (view.terminal->busy()) view.terminal->cancel();
    else line_->abandon(), changed = true;
  }
  if (changed) replace_ = focus_ = true;
}

}  // namespace npu::ui
