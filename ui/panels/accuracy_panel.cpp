// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ui/panels/panels.h"
#include "ui/residuals.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

// A latency or a power, as a row of text.
struct Row {
  std::string_view chip;
  std::string what, published, predicted, both;
  double error = 0;
};

std::vector<Row> make_rows() {
  std::vector<Row> rows;
  for (const Residual& r : residuals())
    rows.push_back({r.chip, fmt::format("{}{} x{}", r.network, r.precision == "fp16" ? "" : fmt::format(" {}", r.precision), r.batch), fmt::format("{:.3g} ms", r.published_ms),
                    fmt::format("{:.3g} ms", r.predicted_ms), fmt::format("{:.3g} / {:.3g} ms", r.published_ms, r.predicted_ms), r.error()});
  for (const PowerResidual& r : power_residuals())
    rows.push_back({r.chip, fmt::format("{} ({:.2f} TOPS/W)", r.load, r.tops_per_watt), fmt::format("{:.3g} W", r.published_watts), fmt::format("{:.3g} W", r.predicted_watts),
                    fmt::format("{:.3g} / {:.3g} W", r.published_watts, r.predicted_watts), r.error()});
  return rows;
}

const std::vector<Row>& rows() {
  static const std::vector<Row> all = make_rows();
  return all;
}

void cell_chip(const View&, const Row& row) { cut_text(row.chip); }
void cell_network(const View&, const Row& row) { cut_text(row.what); }
void cell_published(const View&, const Row& row) { right_text(row.published); }
void cell_predicted(const View&, const Row& row) { right_text(row.predicted); }
void cell_both(const View&, const Row& row) { right_text(row.both); }
void cell_error(const View&, const Row& row) { right_text(fmt::format("{:+.1f} %", 100 * row.error)); }

constexpr Column<Row> kColumns[] = {{Str::ColChip, Str::ColChipHelp, 110, cell_chip},
                                    {Str::ColNetwork, Str::ColNetworkHelp, 0, cell_network},
                                    {Str::ColPublished, Str::ColPublishedHelp, 84, cell_published},
                                    {Str::ColPredicted, Str::ColPredictedHelp, 84, cell_predicted},
                                    {Str::ColError, Str::ColErrorHelp, 70, cell_error}};
// On a phone: with one chip, which is named above the table, and with several.
constexpr Column<Row> kNarrowColumns[] = {kColumns[1], {Str::ColBoth, Str::ColBothHelp, 104, cell_both}, {Str::ColError, Str::ColErrorHelp, 62, cell_error}};
constexpr Column<Row> kNarrowColumnsOfAll[] = {kColumns[0], kColumns[1], kColumns[4]};

// Data types apart: what is wrong with one says nothing of the other.
void draw_facts(const View& view, std::string_view chip) {
  bool any = false;
  for (std::string_view precision : {"fp16", "int8"}) {
    double sum = 0, worst = 0;
    int count = 0;
    for (const Residual& r : residuals()) {
      if (r.chip != chip || r.precision != precision) continue;
      sum += std::abs(r.error()), ++count;
      worst = std::max(worst, std::abs(r.error()));
    }
    if (count == 0) continue;
    any = true;
    wrapped_text(view, view.format(Str::AccuracyFacts, chip, precision, count, 100 * sum / count, 100 * worst), true);
  }
  wrapped_text(view, any ? std::string(view.tr(Str::AccuracySame)) : view.format(Str::AccuracyNothing, chip), true);
}

void draw_table(const View& view, std::string_view chip, bool wide) {
  const bool any = std::ranges::any_of(rows(), [&](const Row& row) { return row.chip == chip; });
  std::span<const Column<Row>> columns = kColumns;
  if (!wide) columns = any ? std::span<const Column<Row>>(kNarrowColumns) : kNarrowColumnsOfAll;
  if (!begin_table<Row>(view, wide ? "accuracy" : any ? "accuracy_one" : "accuracy_all", columns, {0, 0}, ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX)) return;
  // The chosen chip's rows, or all of them for a chip that has none.
  for (const Row& row : rows()) {
    if (any && row.chip != chip) continue;
    ImGui::TableNextRow();
    for (const Column<Row>& column : columns) {
      ImGui::TableNextColumn();
      column.cell(view, row);
    }
  }
  ImGui::EndTable();
}

}  // namespace

void AccuracyPanel::draw(const View& view, Commands& commands, float height) {
  ImGui::BeginChild("accuracy", {0, height});
  const std::string& chip = view.now.compile->chip;
  draw_facts(view, chip);
  if (small_button(view, view.tr(Str::AccuracyPage), Str::AccuracyPageHelp)) commands.push(command::OpenPage{"residuals.html"});
  ImGui::Spacing();
  draw_table(view, chip, ImGui::GetContentRegionAvail().x > 480);
  ImGui::Spacing();
  ImGui::SeparatorText(view.tr(Str::AccuracyLimits));
  for (const Limit& limit : model_limits()) {
    ImGui::Bullet();
    wrapped_text(view, view.settings.language == Language::Chinese ? limit.zh : limit.en, true);
  }
  ImGui::EndChild();
}

}  // namespace npu::ui
