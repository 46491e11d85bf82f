// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

using quantize::LayerReport;
using quantize::RangeMethod;

struct MethodRow {
  RangeMethod method;
  Str name, help;
};
constexpr MethodRow kMethods[] = {{RangeMethod::Ifmr, Str::MethodIfmr, Str::MethodIfmrHelp},
                                  {RangeMethod::MinMax, Str::MethodMinMax, Str::MethodMinMaxHelp},
                                  {RangeMethod::Percentile, Str::MethodPercentile, Str::MethodPercentileHelp},
                                  {RangeMethod::Entropy, Str::MethodEntropy, Str::MethodEntropyHelp}};
constexpr std::string_view kNothing = "\xe2\x80\x93";
constexpr double kBudgets[] = {0, 0.001, 0.003, 0.01};
constexpr double kPercentiles[] = {0.999, 0.9999, 0.99999, 0.999999};

void cell_layer(const View&, const LayerReport& layer) { cut_text(layer.name); }
void cell_op(const View&, const LayerReport& layer) { cut_text(layer.op); }
void cell_type(const View& view, const LayerReport& layer) {
  ImGui::TextColored(layer.int8 ? view.theme.good : view.theme.warn, "%s", layer.int8 ? "int8" : "fp16");
  if (!layer.reason.empty()) tooltip(layer.reason);
}
// Layers that 8 bits cannot do have not been measured.
bool is_measured(const LayerReport& layer) { return layer.int8 || layer.range.low != layer.range.high; }
void cell_sqnr(const View&, const LayerReport& layer) { right_text(is_measured(layer) ? fmt::format("{:.1f}", layer.sqnr_db) : std::string(kNothing)); }
void cell_cosine(const View&, const LayerReport& layer) { right_text(is_measured(layer) ? fmt::format("{:.5f}", layer.cosine) : std::string(kNothing)); }
void cell_range(const View&, const LayerReport& layer) { right_text(is_measured(layer) ? fmt::format("{:.3g} .. {:.3g}", layer.range.low, layer.range.high) : std::string(kNothing)); }

using L = const LayerReport&;
constexpr Column<LayerReport> kColumns[] = {{Str::ColLayer, Str::ColLayerHelp, 0, cell_layer, [](L a, L b) { return a.name < b.name; }},
                                            {Str::ColOperator, Str::ColOperatorHelp, 70, cell_op, [](L a, L b) { return a.op < b.op; }},
                                            {Str::ColChosen, Str::ColChosenHelp, 52, cell_type, [](L a, L b) { return a.int8 < b.int8; }},
                                            {Str::ColSqnr, Str::ColSqnrHelp, 72, cell_sqnr, [](L a, L b) { return a.sqnr_db < b.sqnr_db; }},
                                            {Str::ColCosine, Str::ColCosineHelp, 72, cell_cosine, [](L a, L b) { return a.cosine < b.cosine; }},
                                            {Str::ColRange, Str::ColLayerRangeHelp, 120, cell_range, [](L a, L b) { return a.range.high - a.range.low < b.range.high - b.range.low; }}};
constexpr Column<LayerReport> kNarrowColumns[] = {kColumns[0], kColumns[2], kColumns[3], kColumns[4]};

std::string share_text(double share) { return share < 0 ? std::string(kNothing) : fmt::format("{:.1f} %", 100 * share); }

void draw_sides(const View& view, const QuantizeInfo& info) {
  if (!ImGui::BeginTable("sides", 3, ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX)) return;
  const auto row = [&](const std::string& name, const std::string& before, const std::string& after) {
    ImGui::TableNextRow();
    for (const std::string& text : {name, before, after}) {
      ImGui::TableNextColumn();
      cut_text(text);
    }
  };
  row("", "fp16", "int8");
  row(view.tr(Str::SideLatency), short_us(info.floats.us), fmt::format("{} ({:.2f}x)", short_us(info.integers.us), info.floats.us / std::max(info.integers.us, 1e-9)));
  row(view.tr(Str::Accuracy), share_text(info.floats.accuracy), share_text(info.integers.accuracy));
  row(view.tr(Str::SideAgreement), "", share_text(info.agreement));
  row(view.tr(Str::SideCosine), "", fmt::format("{:.5f}", info.made.output_cosine));
  ImGui::EndTable();
}

}  // namespace

void QuantizePanel::draw(const View& view, Commands& commands) {
  wrapped_text(view, view.tr(Str::QuantizeText), true);
  ImGui::Spacing();
  if (view.now.model && view.now.model->compiled) return placeholder(view, Str::QuantizeNotHere);
  draw_choices(view, commands);
  const QuantizeInfo* info = view.now.quantize.get();
  if (!info) return;
  ImGui::Spacing();
  wrapped_text(view, info->pictures > 0 ? view.format(Str::QuantizePictures, info->pictures) : std::string(view.tr(Str::QuantizePattern)), true);
  draw_sides(view, *info);
  if (small_button(view, view.tr(Str::QuantizeSave), Str::QuantizeSaveHelp)) commands.push(command::Save{SaveKind::QuantizedModel});
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::QuantizeReport), Str::QuantizeReportHelp)) commands.push(command::Save{SaveKind::QuantizeReport});
  draw_report(view, *info);
}

void QuantizePanel::draw_choices(const View& view, Commands& commands) {
  const auto* now = std::ranges::find(kMethods, wanted_.method, &MethodRow::method);
  ImGui::SetNextItemWidth(150);
  if (ImGui::BeginCombo("##method", view.tr(now->name))) {
    for (const MethodRow& row : kMethods) {
      if (ImGui::Selectable(view.tr(row.name), row.method == wanted_.method)) wanted_.method = row.method;
      tooltip(view.tr(row.help));
    }
    ImGui::EndCombo();
  } else {
    tooltip(view.tr(now->help));
  }
  if (wanted_.method == RangeMethod::Percentile) {
    ImGui::SameLine();
    ImGui::SetNextItemWidth(110);
    if (ImGui::BeginCombo("##percentile", fmt::format("{} %", 100 * wanted_.percentile).c_str())) {
      for (const double share : kPercentiles)
        if (ImGui::Selectable(fmt::format("{} %", 100 * share).c_str(), share == wanted_.percentile)) wanted_.percentile = share;
      ImGui::EndCombo();
    }
  }
  if (!view.compact && ImGui::GetContentRegionAvail().x > 420) ImGui::SameLine();
  const auto budget_text = [&](double budget) { return budget > 0 ? view.format(Str::QuantizeBudget, 100 * budget) : std::string(view.tr(Str::QuantizeNoBudget)); };
  ImGui::SetNextItemWidth(190);
  if (ImGui::BeginCombo("##budget", budget_text(wanted_.budget).c_str())) {
    for (const double budget : kBudgets)
      if (ImGui::Selectable(budget_text(budget).c_str(), budget == wanted_.budget)) wanted_.budget = budget;
    ImGui::EndCombo();
  } else {
    tooltip(view.tr(Str::QuantizeBudgetHelp));
  }
  ImGui::Checkbox(view.tr(Str::QuantizeOwn), &wanted_.own_pictures);
  tooltip(view.tr(Str::QuantizeOwnHelp));
  const bool same = view.settings.quantize == wanted_;
  if (small_button(view, view.tr(Str::QuantizeStart), Str::QuantizeStartHelp, !same && !view.now.busy())) commands.push(command::Quantize{wanted_});
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::QuantizeBack), Str::QuantizeBackHelp, view.settings.quantize.has_value())) commands.push(command::Quantize{});
}

void QuantizePanel::draw_report(const View& view, const QuantizeInfo& info) {
  const bool wide = ImGui::GetContentRegionAvail().x > 520;
  const std::span<const Column<LayerReport>> columns = wide ? std::span<const Column<LayerReport>>(kColumns) : kNarrowColumns;
  if (!begin_table<LayerReport>(view, wide ? "layers" : "layers_narrow", columns, {0, std::max(160.0f, ImGui::GetContentRegionAvail().y)},
                                ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Sortable | ImGuiTableFlags_SortTristate | ImGuiTableFlags_NoPadOuterX))
    return;
  sort_rows<LayerReport>(info.made.layers, columns, &info, sorted_, order_);
  draw_rows<LayerReport>(view, info.made.layers, columns, order_);
  ImGui::EndTable();
}

}  // namespace npu::ui
