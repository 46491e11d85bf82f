// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include <imgui.h>
#include <misc/cpp/imgui_stdlib.h>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  const auto equal = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), equal) != text.end();
}

// The type has a line of its own: it is long, and the column may be narrow.
void draw_values(const View& view, Str label, const std::vector<ValueRow>& values, float column) {
  for (const ValueRow& value : values) {
    fact(view, label, value.name, column);
    ImGui::PushFont(view.theme.mono, view.theme.small_size);
    faint_text(view, value.type);
    ImGui::PopFont();
  }
}

void draw_operators(const View& view, const ModelInfo& model) {
  constexpr size_t kShown = 6;
  if (model.operators.empty()) return;
  const int most = model.operators.front().second;
  const float name_width = view.theme.text_size * 8.5f;
  const float count_width = view.theme.text_size * 2.2f;
  const float width = std::clamp(ImGui::GetContentRegionAvail().x - name_width - count_width, 20.0f, 360.0f);
  const float line = ImGui::GetTextLineHeight();
  for (size_t i = 0; i < std::min(kShown, model.operators.size()); ++i) {
    const auto& [name, count] = model.operators[i];
    const ImVec2 start = ImGui::GetCursorPos();
    cut_text(name, name_width - 8);
    ImGui::SetCursorPos({start.x + name_width, start.y + line * 0.3f});
    bar(view, static_cast<double>(count) / most, view.theme.accent, width, line * 0.4f);
    ImGui::SetCursorPos({start.x + name_width + width + 8, start.y});
    ImGui::Text("%d", count);
  }
  if (model.operators.size() > kShown) faint_text(view, view.format(Str::MoreOperators, model.operators.size() - kShown));
}

void cell_op(const View&, const NodeRow& node) { cut_text(node.op); }
void cell_name(const View&, const NodeRow& node) { cut_text(node.name.empty() ? "-" : node.name); }
void cell_output(const View& view, const NodeRow& node) {
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  cut_text(node.output);
  ImGui::PopFont();
}

constexpr Column<NodeRow> kWideColumns[] = {{Str::ColOperator, Str::ColOperatorHelp, 120, cell_op},
                                            {Str::ColName, Str::ColNameHelp, 0, cell_name},
                                            {Str::ColOutput, Str::ColOutputHelp, 0, cell_output}};
constexpr Column<NodeRow> kNarrowColumns[] = {{Str::ColOperator, Str::ColOperatorHelp, 96, cell_op},
                                              {Str::ColOutput, Str::ColOutputHelp, 0, cell_output}};

}  // namespace

void ModelPanel::draw(const View& view, Commands& commands) {
  const ModelInfo* model = view.now.model.get();
  const bool room = view.settings.tab == Tab::Model && model && model->graph;
  if (room) {
    if (!draw_choice(view)) return graph_.draw(view, commands);
  } else {
    title(view, Str::Model, Str::ModelHelp);
  }
  if (!model) return placeholder(view, Str::ModelEmpty);
  draw_facts(view, *model);
}

// Whether the list is wanted.
bool ModelPanel::draw_choice(const View& view) {
  title(view, Str::Model, Str::ModelHelp);
  ImGui::SameLine(0, 16);
  if (ImGui::RadioButton(view.tr(Str::GraphPicture), !as_list_)) as_list_ = false;
  ImGui::SameLine();
  if (ImGui::RadioButton(view.tr(Str::GraphList), as_list_)) as_list_ = true;
  return as_list_;
}

void ModelPanel::draw_facts(const View& view, const ModelInfo& info) {
  const ModelInfo* model = &info;
  if (view.now.sample) {
    wrapped_text(view, view.pick(view.now.sample->title));
    wrapped_text(view, view.pick(view.now.sample->description), true);
  }
  ImGui::Spacing();
  const float column = ImGui::GetCursorPosX() + view.theme.text_size * (view.settings.language == Language::Chinese ? 5.2f : 6.6f);
  fact(view, Str::File, model->name, column);
  if (model->compiled) {
    fact(view, Str::Kind, view.tr(Str::CompiledFile), column);
  } else {
    fact(view, Str::Kind, model->format == "ONNX" ? fmt::format("ONNX, opset {}", model->opset) : model->format, column);
  }
  fact(view, Str::Nodes, fmt::format("{}", model->nodes.size()), column);
  fact(view, Str::Parameters,
       fmt::format("{} ({})", short_number(static_cast<double>(model->parameters)), short_bytes(static_cast<double>(model->parameter_bytes))), column);
  if (view.now.sample && view.now.sample->accuracy_percent > 0)
    fact(view, Str::Accuracy, fmt::format("{:.2f} %", view.now.sample->accuracy_percent), column);
  draw_values(view, Str::Input, model->inputs, column);
  draw_values(view, Str::Output, model->outputs, column);
  ImGui::Spacing();
  draw_operators(view, *model);
  ImGui::Spacing();
  draw_nodes(view, *model);
}

void ModelPanel::draw_nodes(const View& view, const ModelInfo& model) {
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##filter", view.tr(Str::FilterNodes), &filter_);
  if (filtered_ != &model || filtered_by_ != filter_) {
    filtered_ = &model;
    filtered_by_ = filter_;
    rows_.clear();
    for (size_t i = 0; i < model.nodes.size(); ++i)
      if (filter_.empty() || contains_ignoring_case(model.nodes[i].op, filter_) || contains_ignoring_case(model.nodes[i].name, filter_))
        rows_.push_back(static_cast<int>(i));
  }
  const bool wide = ImGui::GetContentRegionAvail().x > 420;
  const std::span<const Column<NodeRow>> columns = wide ? std::span<const Column<NodeRow>>(kWideColumns) : kNarrowColumns;
  const float height = std::max(ImGui::GetContentRegionAvail().y, 160.0f);
  if (!begin_table<NodeRow>(view, wide ? "nodes" : "nodes_narrow", columns, {0, height},
                            ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Resizable | ImGuiTableFlags_BordersInnerV))
    return;
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(rows_.size()));
  while (clipper.Step()) {
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const NodeRow& node = model.nodes[static_cast<size_t>(rows_[static_cast<size_t>(i)])];
      ImGui::TableNextRow();
      ImGui::PushID(i);
      for (size_t c = 0; c < columns.size(); ++c) {
        ImGui::TableSetColumnIndex(static_cast<int>(c));
        columns[c].cell(view, node);
        if (c == 0) tooltip(fmt::format("{} '{}'\n{}\n{} -> {}", node.op, node.name, node.attrs, node.inputs, node.output));
      }
      ImGui::PopID();
    }
  }
  ImGui::EndTable();
}

}  // namespace npu::ui
