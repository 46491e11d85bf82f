// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kLaneHeight = 26;

std::string signed_us(double us) { return std::abs(us) < 0.005 ? std::string("\xe2\x80\x93") : fmt::format("{:+.2f}", us); }

void delta_text(const View& view, double us) {
  const bool plain = std::abs(us) < 0.005;
  ImGui::PushStyleColor(ImGuiCol_Text, plain ? view.theme.faint : us < 0 ? view.theme.good : view.theme.bad);
  right_text(signed_us(us));
  ImGui::PopStyleColor();
}

std::string names_of(const std::vector<RunTask>& tasks, const std::vector<size_t>& which) {
  std::string text;
  for (const size_t i : which) text += (text.empty() ? "" : ", ") + tasks[i].name;
  return text;
}

// The pipe whose time changed most.
size_t changed_pipe(const AlignedTasks& row) {
  size_t best = 0;
  const auto change = [&](size_t pipe) { return std::abs(row.after_pipe_us[pipe] - row.before_pipe_us[pipe]); };
  for (size_t pipe = 1; pipe < kPipes; ++pipe)
    if (change(pipe) > change(best)) best = pipe;
  return best;
}

ImVec4 row_colour(const Theme& theme, int row) {
  constexpr size_t kOrder[] = {4, 1, 5, 3, 6, 2};
  return theme.pipes[kOrder[static_cast<size_t>(row) % std::size(kOrder)]];
}

}  // namespace

void ComparePanel::draw(const View& view, Commands& commands, float height) {
  if (watch_.changed(view)) {
    now_ = summarise(*view.now.compile->model, *view.now.profile->raw);
    compared_ = false;
  }
  ImGui::BeginChild("compare", {0, height - 2});
  if (small_button(view, view.tr(Str::PinRun), Str::PinRunHelp)) {
    pinned_ = now_;
    compared_ = false;
  }
  mark(view, "profile-pin", pinned_ ? pinned_->chip : "");
  if (pinned_) {
    ImGui::SameLine();
    if (small_button(view, view.tr(Str::UnpinRun), Str::UnpinRunHelp)) pinned_.reset();
  }
  if (!pinned_) {
    placeholder(view, Str::CompareEmpty);
    return ImGui::EndChild();
  }
  if (!compared_) {
    comparison_ = compare_runs(*pinned_, now_);
    compared_ = true, hovered_ = -1;
    sort();
  }
  const double change = comparison_.before_us > 0 ? comparison_.after_us / comparison_.before_us - 1 : 0;
  if (!view.compact) ImGui::SameLine();
  ImGui::AlignTextToFramePadding();
  cut_text(view.format(Str::CompareTotal, pinned_->chip, short_us(comparison_.before_us), now_.chip, short_us(comparison_.after_us), fmt::format("{:+.1f} %", 100 * change)));
  mark(view, "compare-total", fmt::format("{:.3f} {:.3f}", comparison_.before_us, comparison_.after_us));
  draw_lanes(view, commands);
  draw_pipes(view);
  draw_rows(view, commands);
  ImGui::EndChild();
}

// Both runs on one time axis; tasks that do the same have the same colour.
void ComparePanel::draw_lanes(const View& view, Commands& commands) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  const float width = ImGui::GetContentRegionAvail().x, label = ImGui::CalcTextSize(view.tr(Str::LaneBefore)).x + 12;
  ImGui::InvisibleButton("lanes", {width, kLaneHeight * 2 + 4});
  mark(view, "compare-lanes");
  const bool hovered = ImGui::IsItemHovered();
  const double longest = std::max({comparison_.before_us, comparison_.after_us, 1e-9});
  std::vector<int> row_before(pinned_->tasks.size(), -1), row_after(now_.tasks.size(), -1);
  for (int r = 0; r < static_cast<int>(comparison_.rows.size()); ++r) {
    for (const size_t i : comparison_.rows[static_cast<size_t>(r)].before) row_before[i] = r;
    for (const size_t i : comparison_.rows[static_cast<size_t>(r)].after) row_after[i] = r;
  }
  auto* list = ImGui::GetWindowDrawList();
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  int under = -1;
  const auto lane = [&](const RunSummary& run, const std::vector<int>& rows, float y, Str name) {
    list->AddText({at.x, y + 5}, colour(view.theme.faint), view.tr(name));
    double waits = 0;
    for (const RunTask& task : run.tasks) waits += task.us + task.wait_us;
    double time = run.total_us - waits;  // the inference's own launch
    for (size_t i = 0; i < run.tasks.size(); ++i) {
      time += run.tasks[i].wait_us;
      const auto x = [&](double us) { return at.x + label + static_cast<float>(us / longest) * (width - label); };
      const ImVec2 a(x(time), y), b(std::max(x(time + run.tasks[i].us), x(time) + 1), y + kLaneHeight - 2);
      const bool lit = rows[i] == hovered_ && hovered_ >= 0;
      list->AddRectFilled(a, b, colour(row_colour(view.theme, rows[i]), hovered_ < 0 || lit ? 1.0f : 0.4f));
      if (lit) list->AddRect(a, b, colour(view.theme.text), 0, 0, 1.5f);
      if (hovered && mouse.x >= a.x - 1 && mouse.x < b.x + 1 && mouse.y >= a.y && mouse.y < b.y) under = rows[i];
      time += run.tasks[i].us;
    }
  };
  lane(*pinned_, row_before, at.y, Str::LaneBefore);
  lane(now_, row_after, at.y + kLaneHeight + 2, Str::LaneAfter);
  if (hovered) hovered_ = under;
  if (under < 0) return;
  const AlignedTasks& row = comparison_.rows[static_cast<size_t>(under)];
  tooltip(view.format(Str::CompareTooltip, names_of(pinned_->tasks, row.before), names_of(now_.tasks, row.after), short_us(row.before_us), short_us(row.after_us)));
  if (ImGui::IsItemClicked() && !row.after.empty()) commands.push(command::SelectTask{static_cast<int>(row.after.front())});
}

// Busy time of each pipe, before and after.
void ComparePanel::draw_pipes(const View& view) const {
  ImGui::Spacing();
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  bool first = true;
  for (size_t pipe = 0; pipe < kPipes; ++pipe) {
    const double before = comparison_.before_pipe_us[pipe], after = comparison_.after_pipe_us[pipe];
    if (before <= 0 && after <= 0) continue;
    const std::string text = fmt::format("{}  {:.1f} \xe2\x86\x92 {:.1f} \xc2\xb5s  ({})", kPipeNames[pipe], before, after, signed_us(after - before));
    if (!first) ImGui::SameLine(0, 16);
    if (!first && ImGui::GetCursorScreenPos().x + ImGui::CalcTextSize(text.c_str()).x + 16 > right) ImGui::NewLine();
    first = false;
    ImGui::BeginGroup();
    colour_dot(view.theme.pipes[pipe]);
    ImGui::TextUnformatted(text.c_str());
    ImGui::EndGroup();
  }
  ImGui::Spacing();
}

void ComparePanel::sort() {
  order_.resize(comparison_.rows.size());
  std::iota(order_.begin(), order_.end(), 0);
  if (sort_column_ < 2) return;
  std::ranges::stable_sort(order_, [&](int x, int y) {
    const auto key = [&](int i) {
      const AlignedTasks& row = comparison_.rows[static_cast<size_t>(i)];
      return sort_column_ == 2 ? row.before_us : sort_column_ == 3 ? row.after_us : row.delta_us();
    };
    return descending_ ? key(x) > key(y) : key(x) < key(y);
  });
}

void ComparePanel::draw_rows(const View& view, Commands& commands) {
  const int columns = view.compact ? 5 : 6;
  const float height = std::max(160.0f, ImGui::GetContentRegionAvail().y);
  if (!ImGui::BeginTable(view.compact ? "aligned_narrow" : "aligned", columns, ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Sortable | ImGuiTableFlags_SortTristate | ImGuiTableFlags_NoPadOuterX, {0, height})) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  const float number = view.compact ? 62.0f : 90.0f;
  ImGui::TableSetupColumn(view.tr(Str::LaneBefore), ImGuiTableColumnFlags_NoSort);
  ImGui::TableSetupColumn(view.tr(Str::LaneAfter), ImGuiTableColumnFlags_NoSort);
  for (const Str header : {Str::ColBeforeUs, Str::ColAfterUs, Str::ColDeltaUs}) ImGui::TableSetupColumn(view.tr(header), ImGuiTableColumnFlags_WidthFixed, number);
  if (!view.compact) ImGui::TableSetupColumn(view.tr(Str::ColPipeDelta), ImGuiTableColumnFlags_WidthFixed | ImGuiTableColumnFlags_NoSort, 150);
  ImGui::TableHeadersRow();
  if (ImGuiTableSortSpecs* specs = ImGui::TableGetSortSpecs(); specs && specs->SpecsDirty) {
    sort_column_ = specs->SpecsCount > 0 ? specs->Specs[0].ColumnIndex : -1;
    descending_ = specs->SpecsCount > 0 && specs->Specs[0].SortDirection == ImGuiSortDirection_Descending;
    specs->SpecsDirty = false;
    sort();
  }
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(order_.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const int r = order_[static_cast<size_t>(i)];
      const AlignedTasks& row = comparison_.rows[static_cast<size_t>(r)];
      const bool chosen = std::ranges::find(row.after, static_cast<size_t>(view.settings.task)) != row.after.end() && view.settings.task >= 0;
      ImGui::TableNextRow();
      ImGui::PushID(r);
      ImGui::TableSetColumnIndex(0);
      const ImVec2 at = ImGui::GetCursorPos();
      if (ImGui::Selectable("##row", chosen || r == hovered_, ImGuiSelectableFlags_SpanAllColumns) && !row.after.empty()) commands.push(command::SelectTask{static_cast<int>(row.after.front())});
      ImGui::SetCursorPos(at);
      colour_dot(row_colour(view.theme, r));
      cut_text(row.before.empty() ? std::string(view.tr(Str::CompareNew)) : names_of(pinned_->tasks, row.before));
      ImGui::TableSetColumnIndex(1);
      cut_text(row.after.empty() ? std::string(view.tr(Str::CompareGone)) : names_of(now_.tasks, row.after));
      ImGui::TableSetColumnIndex(2);
      right_text(fmt::format("{:.2f}", row.before_us));
      ImGui::TableSetColumnIndex(3);
      right_text(fmt::format("{:.2f}", row.after_us));
      ImGui::TableSetColumnIndex(4);
      delta_text(view, row.delta_us());
      if (!view.compact) {
        ImGui::TableSetColumnIndex(5);
        const size_t pipe = changed_pipe(row);
        const double delta = row.after_pipe_us[pipe] - row.before_pipe_us[pipe];
        if (std::abs(delta) >= 0.005) {
          colour_dot(view.theme.pipes[pipe]);
          right_text(fmt::format("{} {}", kPipeNames[pipe], signed_us(delta)));
        }
      }
      ImGui::PopID();
    }
  ImGui::EndTable();
  mark(view, "profile-compare", fmt::format("{}", comparison_.rows.size()));
}

}  // namespace npu::ui
