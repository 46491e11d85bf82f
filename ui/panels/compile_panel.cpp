// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr int kContext = 2;  // unchanged lines shown around a change

// The pass to show: the chosen one, else the one that removed most nodes, else the last that changed anything.
int selected_pass(const CompileInfo& compile, const std::string& chosen) {
  int best = compile.passes.empty() ? -1 : 0;
  size_t most = 0;
  for (size_t i = 0; i < compile.passes.size(); ++i) {
    const PassInfo& pass = compile.passes[i];
    if (pass.report.name == chosen) return static_cast<int>(i);
    const size_t removed = pass.report.nodes_before > pass.report.nodes_after ? pass.report.nodes_before - pass.report.nodes_after : 0;
    if (removed > most || (most == 0 && pass.diff && !pass.diff->changes.empty())) best = static_cast<int>(i);
    most = std::max(most, removed);
  }
  return best;
}

void cell_pass(const View& view, const PassInfo& pass) {
  if (pass.report.disabled) ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  cut_text(pass.report.name);
  if (pass.report.disabled) ImGui::PopStyleColor();
}
void cell_nodes(const View& view, const PassInfo& pass) {
  const auto& r = pass.report;
  if (r.nodes_before == r.nodes_after) {
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
    right_text(fmt::format("{}", r.nodes_after));
    ImGui::PopStyleColor();
  } else {
    right_text(fmt::format("{} \xe2\x86\x92 {}", r.nodes_before, r.nodes_after));
  }
}
void cell_rewrites(const View&, const PassInfo& pass) {
  right_text(pass.report.rewrites ? fmt::format("{}", pass.report.rewrites) : std::string("\xe2\x80\x93"));
}
void cell_time(const View&, const PassInfo& pass) { right_text(fmt::format("{:.1f}", pass.report.milliseconds)); }

constexpr Column<PassInfo> kColumns[] = {{Str::ColPass, Str::ColPassHelp, 0, cell_pass},
                                         {Str::ColNodes, Str::ColNodesHelp, 74, cell_nodes},
                                         {Str::ColRewrites, Str::ColRewritesHelp, 62, cell_rewrites},
                                         {Str::ColMs, Str::ColMsHelp, 42, cell_time}};
constexpr Column<PassInfo> kNarrowColumns[] = {kColumns[0], kColumns[1]};

// Lines of the diff to show: everything, or changes with some context and -1 for what is left out.
std::vector<int> choose_lines(const TextDiff& diff, bool changes_only) {
  const int count = static_cast<int>(diff.lines.size());
  std::vector<int> visible;
  if (!changes_only) {
    for (int i = 0; i < count; ++i) visible.push_back(i);
    return visible;
  }
  std::vector<bool> keep(diff.lines.size(), false);
  for (int i = 0; i < count; ++i) {
    if (diff.lines[static_cast<size_t>(i)].kind == DiffLine::Same) continue;
    for (int j = std::max(0, i - kContext); j <= std::min(count - 1, i + kContext); ++j) keep[static_cast<size_t>(j)] = true;
  }
  for (int i = 0; i < count; ++i) {
    if (keep[static_cast<size_t>(i)]) {
      visible.push_back(i);
    } else if (visible.empty() || visible.back() != -1) {
      visible.push_back(-1);
    }
  }
  return visible;
}

}  // namespace

void CompilePanel::draw_views(const View& view, Commands& commands) {
  struct Choice {
    CompileView view;
    Str name, help;
  };
  static constexpr Choice kChoices[] = {{CompileView::Passes, Str::PassesView, Str::PassesViewHelp},
                                        {CompileView::Reasons, Str::ReasonsView, Str::ReasonsViewHelp},
                                        {CompileView::Options, Str::OptionsView, Str::OptionsViewHelp},
                                        {CompileView::Tune, Str::TuneView, Str::TuneViewHelp},
                                        {CompileView::Quantize, Str::QuantizeView, Str::QuantizeViewHelp}};
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  for (const Choice& choice : kChoices)
    if (view_tab(view, choice.name, choice.help, view.settings.compile_view == choice.view, right)) commands.push(command::ChooseCompileView{choice.view});
  ImGui::NewLine();
}

void CompilePanel::draw(const View& view, Commands& commands) {
  title(view, Str::Compile, Str::CompileHelp);
  const CompileInfo* compile = view.now.compile.get();
  if (compile) draw_summary(view, *compile);
  draw_views(view, commands);
  switch (view.settings.compile_view) {
    case CompileView::Options: return options_.draw(view, commands);
    case CompileView::Tune: return tune_.draw(view, commands);
    case CompileView::Quantize: return quantize_.draw(view, commands);
    default: break;
  }
  if (!compile) return placeholder(view, Str::CompileEmpty);
  if (compile->passes.empty()) return placeholder(view, Str::NoPasses);
  if (view.settings.compile_view == CompileView::Reasons) return reasons_.draw(view, commands);
  draw_pass_view(view, commands, *compile);
}

// Each pass as wide as it took, the ones that rewrote something in colour; never too narrow to be hit.
void CompilePanel::draw_time_line(const View& view, Commands& commands, const CompileInfo& compile, int selected) {
  constexpr float kHeight = 34, kLeast = 4, kBarGap = 1;
  const size_t count = compile.passes.size();
  const float width = ImGui::GetContentRegionAvail().x;
  const float shared = std::max(0.0f, width - static_cast<float>(count) * (kLeast + kBarGap));
  double total = 0;
  for (const PassInfo& pass : compile.passes) total += pass.report.milliseconds;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 at = ImGui::GetCursorScreenPos();
  float x = at.x;
  for (size_t i = 0; i < count; ++i) {
    const PassInfo& pass = compile.passes[i];
    const float wide = kLeast + (total > 0 ? shared * static_cast<float>(pass.report.milliseconds / total) : 0);
    ImGui::SetCursorScreenPos({x, at.y});
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::InvisibleButton("pass", {wide, kHeight})) commands.push(command::SelectPass{pass.report.name});
    const bool lit = ImGui::IsItemHovered() || ImGui::IsItemFocused();
    ImGui::PopID();
    tooltip(view.format(Str::PassBar, pass.report.name, pass.report.milliseconds, pass.report.rewrites));
    const bool chosen = static_cast<int>(i) == selected;
    const ImVec4& fill = pass.report.rewrites > 0 ? view.theme.accent : view.theme.faint;
    list.AddRectFilled({x, at.y}, {x + wide, at.y + kHeight}, colour(fill, pass.report.disabled ? 0.12f : chosen || lit ? 0.95f : 0.45f), 2);
    if (chosen) list.AddRect({x, at.y}, {x + wide, at.y + kHeight}, colour(view.theme.text), 2);
    const std::string rewrites = fmt::format("{}", pass.report.rewrites);
    const ImVec2 size = ImGui::CalcTextSize(rewrites.c_str());
    if (pass.report.rewrites > 0 && size.x + 4 < wide)
      list.AddText({x + (wide - size.x) / 2, at.y + (kHeight - size.y) / 2}, chosen || lit ? colour(view.theme.on_accent) : colour(view.theme.text), rewrites.c_str());
    x += wide + kBarGap;
  }
  ImGui::SetCursorScreenPos({at.x, at.y + kHeight});
  ImGui::Dummy({width, 4});
}

void CompilePanel::draw_pass_view(const View& view, Commands& commands, const CompileInfo& info) {
  const CompileInfo* compile = &info;
  const int selected = selected_pass(*compile, view.settings.pass);
  draw_time_line(view, commands, *compile, selected);
  const float space = ImGui::GetContentRegionAvail().y;
  const float row = ImGui::GetTextLineHeight() + ImGui::GetStyle().CellPadding.y * 2;
  const float all = row * (static_cast<float>(compile->passes.size()) + 1.3f);
  if (ImGui::GetContentRegionAvail().x > 900) {
    const float width = 420;
    ImGui::BeginChild("passes_side", {width, 0});
    draw_passes(view, commands, *compile, selected, std::min(all, space));
    ImGui::EndChild();
    ImGui::SameLine();
    ImGui::BeginChild("change_side", {0, 0});
    draw_change(view, commands, *compile, selected);
    ImGui::EndChild();
    return;
  }
  draw_passes(view, commands, *compile, selected, std::clamp(space * 0.3f, row * 5, all));
  ImGui::Spacing();
  draw_change(view, commands, *compile, selected);
}

void CompilePanel::draw_summary(const View& view, const CompileInfo& compile) {
  if (!compile.model) return;
  headline(view, view.format(Str::TaskCount, compile.model->tasks.size()),
           view.format(Str::CompileSummary, short_number(static_cast<double>(compile.instructions)), compile.chip, compile.milliseconds));
  ImGui::Spacing();
}

void CompilePanel::draw_passes(const View& view, Commands& commands, const CompileInfo& compile, int selected, float height) {
  const bool wide = ImGui::GetContentRegionAvail().x > 380;
  const std::span<const Column<PassInfo>> columns = wide ? std::span<const Column<PassInfo>>(kColumns) : kNarrowColumns;
  if (!begin_table<PassInfo>(view, wide ? "passes" : "passes_narrow", columns, {0, height},
                             ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX))
    return;
  for (size_t i = 0; i < compile.passes.size(); ++i) {
    const PassInfo& pass = compile.passes[i];
    const std::string& name = pass.report.name;
    ImGui::TableNextRow();
    ImGui::PushID(static_cast<int>(i));
    ImGui::TableSetColumnIndex(0);
    bool on = !view.settings.disabled_passes.contains(name);
    const float box = ImGui::GetTextLineHeight();
    ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, {0, 0});
    ImGui::BeginDisabled(!pass.optional);
    if (ImGui::Checkbox("##on", &on)) commands.push(command::SwitchPass{name, on});
    ImGui::EndDisabled();
    ImGui::PopStyleVar();
    tooltip(view.tr(pass.optional ? Str::SwitchPassHelp : Str::NeededPassHelp));
    ImGui::SameLine(0, 6);
    const ImVec2 text_at = ImGui::GetCursorPos();
    if (ImGui::Selectable("##row", static_cast<int>(i) == selected, ImGuiSelectableFlags_SpanAllColumns, {0, box}))
      commands.push(command::SelectPass{name});
    tooltip(view.pick(pass.doc));
    ImGui::SetCursorPos(text_at);
    for (size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) ImGui::TableSetColumnIndex(static_cast<int>(c));
      columns[c].cell(view, pass);
    }
    ImGui::PopID();
  }
  ImGui::EndTable();
}

void CompilePanel::draw_change(const View& view, Commands& commands, const CompileInfo& compile, int selected) {
  if (selected < 0) return;
  const PassInfo& pass = compile.passes[static_cast<size_t>(selected)];
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  if (pass.optional) ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(pass.report.name.c_str());
  ImGui::PopFont();
  if (pass.optional) {
    ImGui::SameLine(0, 12);
    bool on = !view.settings.disabled_passes.contains(pass.report.name);
    if (ImGui::Checkbox(view.tr(Str::PassOn), &on)) commands.push(command::SwitchPass{pass.report.name, on});
    mark(view, "pass-switch", on ? "on" : "off");
    tooltip(view.tr(Str::SwitchPassHelp));
  }
  wrapped_text(view, view.pick(pass.doc), true);
  if (!pass.report.misses.empty() &&
      ImGui::TreeNode("misses", "%s", view.format(Str::Misses, pass.report.misses.size()).c_str())) {
    for (const MissedRewrite& miss : pass.report.misses) wrapped_text(view, fmt::format("{}: {}", miss.node, miss.reason), true);
    ImGui::TreePop();
  }
  if (!pass.diff) return;
  if (pass.diff->changes.empty()) return wrapped_text(view, view.tr(pass.report.disabled ? Str::PassIsOff : Str::NothingChanged), true);
  draw_change_choice(view, commands, pass);
  const bool drawable = pass.change && !pass.change->empty() && !pass.change->too_large;
  if (view.settings.change_as_text) return draw_lines(view, pass);
  if (drawable) return change_.draw(view, pass);
  wrapped_text(view, pass.change && pass.change->too_large ? view.format(Str::ChangeTooLarge, pass.change->removed + pass.change->added + pass.change->changed) : view.tr(Str::ChangeNotDrawn), true);
  draw_lines(view, pass);
}

// Drawings or lines; of lines also which, and the ways from one change to the next.
void CompilePanel::draw_change_choice(const View& view, Commands& commands, const PassInfo& pass) {
  const bool text = view.settings.change_as_text;
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  if (view_tab(view, Str::ChangeGraph, Str::ChangeGraphHelp, !text, right)) commands.push(command::ShowChangeAsText{false});
  mark(view, "change-graph", text ? "" : "chosen");
  if (view_tab(view, Str::ChangeText, Str::ChangeTextHelp, text, right)) commands.push(command::ShowChangeAsText{true});
  mark(view, "change-text", text ? "chosen" : "");
  if (!text) return ImGui::NewLine();
  ImGui::TextColored(view.theme.bad, "\xe2\x88\x92%zu", pass.diff->removed);
  ImGui::SameLine(0, 6);
  ImGui::TextColored(view.theme.good, "+%zu", pass.diff->added);
  ImGui::SameLine(0, 12);
  ImGui::BeginDisabled(changes_only_);
  if (small_button(view, "\xe2\x86\x91##up", Str::PreviousChange)) jump_ = std::max(0, last_jump_ - 1);
  ImGui::SameLine();
  if (small_button(view, "\xe2\x86\x93##down", Str::NextChange)) jump_ = std::min(last_jump_ + 1, static_cast<int>(pass.diff->changes.size()) - 1);
  ImGui::EndDisabled();
  ImGui::SameLine();
  ImGui::Checkbox(view.tr(Str::OnlyChanges), &changes_only_);
}

void CompilePanel::draw_lines(const View& view, const PassInfo& pass) {
  const TextDiff& diff = *pass.diff;
  if (shown_ != &diff || shown_changes_only_ != changes_only_) {
    if (shown_ != &diff) last_jump_ = -1;
    shown_ = &diff;
    shown_changes_only_ = changes_only_;
    visible_ = choose_lines(diff, changes_only_);
  }
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  const float height = std::max(ImGui::GetContentRegionAvail().y, 180.0f);
  ImGui::BeginChild("lines", {0, height}, ImGuiChildFlags_Borders, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PopStyleColor();
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  const float line = ImGui::GetTextLineHeightWithSpacing();
  if (jump_ >= 0) {
    ImGui::SetScrollY(line * std::max(0.0f, static_cast<float>(diff.changes[static_cast<size_t>(jump_)]) - 2));
    last_jump_ = std::exchange(jump_, -1);
  }
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(visible_.size()), line);
  auto* list = ImGui::GetWindowDrawList();
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const int index = visible_[static_cast<size_t>(i)];
      if (index < 0) {
        ImGui::TextDisabled("  \xe2\x80\xa6");
        continue;
      }
      const DiffLine& text = diff.lines[static_cast<size_t>(index)];
      const char* mark = text.kind == DiffLine::Added ? "+ " : text.kind == DiffLine::Removed ? "\xe2\x88\x92 " : "  ";
      if (text.kind != DiffLine::Same) {
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float width = ImGui::GetWindowWidth() + ImGui::GetScrollMaxX();
        list->AddRectFilled({at.x - 6, at.y}, {at.x + width, at.y + line},
                            colour(text.kind == DiffLine::Added ? view.theme.added : view.theme.removed));
      }
      ImGui::TextUnformatted(mark);
      ImGui::SameLine(0, 0);
      ImGui::TextUnformatted(text.text.data(), text.text.data() + text.text.size());
    }
  }
  ImGui::PopFont();
  ImGui::EndChild();
}

}  // namespace npu::ui
