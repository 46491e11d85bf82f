// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/graph_panel.h"

#include <algorithm>

#include <fmt/ranges.h>
#include <misc/cpp/imgui_stdlib.h>

#include "ui/graph/describe.h"
#include "ui/graph/svg.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kDetailsWidth = 316, kDetailsHeight = 250;
constexpr float kSideBySide = 700;   // narrower: the details are below
constexpr float kPngScale = 2;

constexpr struct {
  ColourBy by;
  Str name;
} kColourChoices[] = {{ColourBy::Kind, Str::GraphByKind}, {ColourBy::Engine, Str::GraphByEngine}, {ColourBy::Time, Str::GraphByTime},
                   {ColourBy::DType, Str::GraphByDType}, {ColourBy::Task, Str::GraphByTask}};

ImVec4 vec(uint32_t rgb) { return {static_cast<float>(rgb >> 16 & 255) / 255, static_cast<float>(rgb >> 8 & 255) / 255, static_cast<float>(rgb & 255) / 255, 1}; }

uint32_t rgb_of(const ImVec4& c) {
  const auto byte = [](float v) { return static_cast<uint32_t>(v * 255 + 0.5f); };
  return byte(c.x) << 16 | byte(c.y) << 8 | byte(c.z);
}

SvgTheme svg_theme(const Theme& theme) {
  return {rgb_of(theme.background), rgb_of(theme.surface), rgb_of(theme.border), rgb_of(theme.text), rgb_of(theme.faint), rgb_of(theme.faint)};
}

std::shared_ptr<const std::vector<std::byte>> shared_bytes(const std::string& text) {
  const Bytes bytes = as_byte_view(text);
  return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
}

std::string file_name(const View& view, const char* extension) {
  const std::string name = view.now.model ? view.now.model->name : "graph";
  return name.substr(0, name.rfind('.')) + extension;
}

// Wraps to the next line when the next item would not fit.
void same_line_if_room(float width, float spacing = 6) {
  ImGui::SameLine(0, spacing);
  if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
}

bool begin_small_choice(const View& view, const char* id, const char* shown, float width, Str help) {
  ImGui::SetNextItemWidth(width);
  const bool open = ImGui::BeginCombo(id, shown);
  if (!open) tooltip(view.tr(help));
  return open;
}

constexpr const char* kEdgeMark = " > ";

std::string edge_name(const GraphModel& model, const GraphEdge& edge) {
  return model.nodes[static_cast<size_t>(edge.from)].name + kEdgeMark + model.nodes[static_cast<size_t>(edge.to)].name;
}

std::string verdict_text(const View& view, const FusionAnswer& answer) {
  switch (answer.verdict) {
    case FusionAnswer::Verdict::OneTask: return view.format(Str::FusedOneTask, answer.task, answer.by);
    case FusionAnswer::Verdict::Absorbed: return answer.by.empty() ? view.tr(Str::FusedView) : view.format(Str::FusedAbsorbed, answer.by);
    case FusionAnswer::Verdict::Boundary: return view.tr(Str::FusedBoundary);
    case FusionAnswer::Verdict::Apart: break;
  }
  return view.tr(answer.reasons.empty() ? Str::FusedNoCandidate : Str::FusedApart);
}

std::string reason_text(const FusionAnswer::Reason& reason) { return reason.node.empty() ? reason.text : reason.node + ": " + reason.text; }

}  // namespace

void GraphPanel::choose_model(const View& view) {
  const CompileInfo* compile = view.now.compile.get();
  const bool has_compiled = compile && compile->model;
  if (source_ == Source::Compiled && has_compiled) {
    if (compiled_of_ != compile->model.get()) {
      compiled_of_ = compile->model.get();
      compiled_ = std::make_shared<const GraphModel>(graph_model(compile->model->graph));
    }
    input_.model = compiled_;
  } else {
    input_.model = view.now.model ? view.now.model->graph : nullptr;
  }
}

void GraphPanel::link(const View& view) {
  const CompiledModel* compiled = view.now.compile && view.now.compile->model ? view.now.compile->model.get() : nullptr;
  const void* of[3] = {input_.model.get(), compiled, view.now.profile.get()};
  if (std::ranges::equal(of, linked_)) return;
  std::ranges::copy(of, linked_);
  input_.links.reset();
  if (!compiled || !input_.model) return;
  std::vector<double> us;
  if (view.now.profile)
    for (const TaskRow& row : view.now.profile->tasks) us.push_back(row.us);
  input_.links = std::make_shared<const TaskLinks>(link_tasks(*input_.model, *compiled, us));
}

void GraphPanel::draw(const View& view, Commands& commands) {
  choose_model(view);
  link(view);
  draw_tools(view, commands);
  const ImVec2 space = ImGui::GetContentRegionAvail();
  const bool chosen = canvas_.selected() >= 0 || canvas_.selected_edge() >= 0;
  input_.edges = true;
  const bool beside = space.x >= kSideBySide;
  if (!chosen) {
    canvas_.draw(view, "graph", input_);
  } else if (beside) {
    canvas_.draw(view, "graph", input_, {space.x - kDetailsWidth - 8, 0});
    ImGui::SameLine(0, 8);
    ImGui::BeginChild("details", {kDetailsWidth, 0}, ImGuiChildFlags_NavFlattened);
    draw_details(view, commands);
    ImGui::EndChild();
  } else {
    const float height = std::min(kDetailsHeight, space.y * 0.45f);
    canvas_.draw(view, "graph", input_, {0, space.y - height - 6});
    ImGui::BeginChild("details_below", {0, height}, ImGuiChildFlags_NavFlattened);
    draw_details(view, commands);
    ImGui::EndChild();
  }
  hint_edge(view);
  follow_settings(view, commands);
  if (canvas_.take_search_wish()) focus_search_ = true;
  if (auto png = canvas_.take_png())
    commands.push(command::SaveFile{file_name(view, ".png"), std::make_shared<const std::vector<std::byte>>(std::move(*png))});
}

// The selected node is part of the address: it comes from there, and goes there. An edge is "from > to".
void GraphPanel::follow_settings(const View& view, Commands& commands) {
  if (!canvas_.scene() || canvas_.scene()->model != input_.model) return;
  const auto& nodes = input_.model->nodes;
  if (canvas_.take_selection_changed()) {
    const int edge = canvas_.selected_edge();
    shown_node_ = canvas_.selected() < 0 ? std::string() : nodes[static_cast<size_t>(canvas_.selected())].name;
    if (edge >= 0) shown_node_ = edge_name(*input_.model, input_.model->edges[static_cast<size_t>(edge)]);
    shown_in_ = input_.model;
    commands.push(command::SelectNode{shown_node_});
  } else if (view.settings.node != shown_node_ || shown_in_ != input_.model) {
    shown_node_ = view.settings.node;
    shown_in_ = input_.model;
    const auto found = std::ranges::find(nodes, shown_node_, &GraphNode::name);
    if (!shown_node_.empty() && found != nodes.end()) canvas_.show(static_cast<int>(found - nodes.begin()));
    const auto edge = std::ranges::find_if(input_.model->edges, [&](const GraphEdge& e) { return shown_node_.find(kEdgeMark) != std::string::npos && edge_name(*input_.model, e) == shown_node_; });
    if (edge == input_.model->edges.end()) return;
    canvas_.show(edge->to);
    canvas_.select_edge(static_cast<int>(edge - input_.model->edges.begin()));
    canvas_.take_selection_changed();
  }
}

void GraphPanel::draw_tools(const View& view, Commands& commands) {
  const float unit = view.theme.text_size;
  const char* shown = view.tr(source_ == Source::Model ? Str::GraphOfFile : Str::GraphCompiled);
  const float half = (ImGui::GetContentRegionAvail().x - 6) / 2;
  if (begin_small_choice(view, "##source", shown, view.compact ? half : unit * 8.5f, Str::GraphSourceHelp)) {
    if (ImGui::Selectable(view.tr(Str::GraphOfFile), source_ == Source::Model)) source_ = Source::Model;
    if (ImGui::Selectable(view.tr(Str::GraphCompiled), source_ == Source::Compiled)) source_ = Source::Compiled;
    ImGui::EndCombo();
  }
  const float wide = view.compact ? half - 1 : unit * 9.5f;
  same_line_if_room(wide);
  if (begin_small_choice(view, "##colour", view.tr(kColourChoices[static_cast<size_t>(input_.colour_by)].name), wide, Str::GraphColourHelp)) {
    for (const auto& row : kColourChoices)
      if (ImGui::Selectable(view.tr(row.name), row.by == input_.colour_by)) input_.colour_by = row.by;
    ImGui::EndCombo();
  }
  same_line_if_room(unit * 14);
  draw_search(view);
  same_line_if_room(unit * 10);
  if (small_button(view, "\xe2\x88\x92##graph", Str::GraphZoomOut)) canvas_.zoom(0.8f);
  ImGui::SameLine(0, 4);
  if (small_button(view, "+##graph", Str::GraphZoomIn)) canvas_.zoom(1.25f);
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::ZoomFit), Str::GraphFitHelp)) canvas_.fit();
  same_line_if_room(unit * 12);
  const bool folds = canvas_.scene() && !canvas_.scene()->tree->groups.empty();
  if (small_button(view, view.tr(Str::GraphUnfold), Str::GraphUnfoldHelp, folds)) canvas_.open_all(true);
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::GraphFold), Str::GraphFoldHelp, folds)) canvas_.open_all(false);
  same_line_if_room(unit * 4);
  draw_export(view, commands);
  draw_legend(view);
}

void GraphPanel::draw_search(const View& view) {
  if (searched_ != search_ || searched_in_ != input_.model) {
    searched_ = search_;
    searched_in_ = input_.model;
    hits_ = input_.model ? find_nodes(*input_.model, search_) : std::vector<int>();
    hit_ = -1;
  }
  if (std::exchange(focus_search_, false)) ImGui::SetKeyboardFocusHere();
  ImGui::SetNextItemWidth(view.theme.text_size * (view.compact ? 9.0f : 11.0f));
  if (ImGui::InputTextWithHint("##search", view.tr(Str::GraphSearch), &search_, ImGuiInputTextFlags_EnterReturnsTrue)) {
    jump(ImGui::GetIO().KeyShift ? -1 : 1);
    focus_search_ = true;
  }
  mark(view, "graph-search", search_);
  tooltip(view.tr(Str::GraphSearchHelp));
  if (search_.empty()) return;
  ImGui::SameLine(0, 4);
  if (small_button(view, "<##hit", Str::GraphLastHit, !hits_.empty())) jump(-1);
  ImGui::SameLine(0, 4);
  if (small_button(view, ">##hit", Str::GraphNextHit, !hits_.empty())) jump(1);
  ImGui::SameLine(0, 6);
  ImGui::AlignTextToFramePadding();
  faint_text(view, hits_.empty() ? view.tr(Str::GraphNoHit) : fmt::format("{}/{}", hit_ + 1, hits_.size()));
}

void GraphPanel::jump(int step) {
  if (hits_.empty()) return;
  const int count = static_cast<int>(hits_.size());
  hit_ = hit_ < 0 ? (step > 0 ? 0 : count - 1) : (hit_ + step + count) % count;
  canvas_.show(hits_[static_cast<size_t>(hit_)]);
}

void GraphPanel::draw_export(const View& view, Commands& commands) {
  const ScenePtr& scene = canvas_.scene();
  if (small_button(view, view.tr(Str::GraphExport), Str::GraphExportHelp, scene != nullptr)) ImGui::OpenPopup("export");
  if (!ImGui::BeginPopup("export")) return;
  if (ImGui::Selectable(view.tr(Str::GraphSaveSvg)))
    commands.push(command::SaveFile{file_name(view, ".svg"), shared_bytes(scene_svg(*scene, canvas_.colouring(), svg_theme(view.theme)))});
  if (ImGui::Selectable(view.tr(Str::GraphSavePng))) canvas_.request_png(view, input_, kPngScale);
  if (ImGui::Selectable(view.tr(Str::GraphCopyText))) commands.push(command::Copy{scene_text(*scene, view.settings.language)});
  ImGui::EndPopup();
}

void GraphPanel::draw_legend(const View& view) {
  const size_t most = view.compact ? 3 : 8;
  if (!canvas_.scene() || canvas_.colouring().legend.empty()) return;
  const auto& legend = canvas_.colouring().legend;
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  const bool tasks = input_.colour_by == ColourBy::Task;  // too many to list, and their colours return
  if (tasks) faint_text(view, view.tr(Str::GraphTaskLegend));
  for (size_t i = 0; !tasks && i < std::min(most, legend.size()); ++i) {
    const std::string label = legend[i].nodes > 0 ? fmt::format("{} {}", legend[i].label, legend[i].nodes) : legend[i].label;
    if (i > 0) same_line_if_room(ImGui::CalcTextSize(label.c_str()).x + view.theme.text_size, 12);
    ImGui::BeginGroup();
    colour_dot(vec(legend[i].rgb));
    faint_text(view, label);
    ImGui::EndGroup();
  }
  ImGui::PopFont();
}

void GraphPanel::draw_details(const View& view, Commands& commands) {
  if (input_.model && canvas_.selected_edge() >= 0) return draw_answer(view, commands, canvas_.selected_edge());
  const int node = canvas_.selected();
  if (node < 0 || !input_.model || static_cast<size_t>(node) >= input_.model->nodes.size()) return;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, {6, 3});
  draw_node(view, commands, node);
  ImGui::PopStyleVar();
}

void GraphPanel::draw_node(const View& view, Commands& commands, int index) {
  const GraphNode& node = input_.model->nodes[static_cast<size_t>(index)];
  ImGui::PushFont(view.theme.strong, view.theme.text_size + 2);
  ImGui::TextUnformatted(node.op.empty() ? view.tr(node.kind == GraphNode::Kind::Input ? Str::Input : Str::Output) : node.op.c_str());
  ImGui::PopFont();
  const float copy = ImGui::CalcTextSize(view.tr(Str::GraphCopy)).x + ImGui::GetStyle().FramePadding.x * 2;
  ImGui::SameLine();
  if (ImGui::GetContentRegionAvail().x > copy) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + ImGui::GetContentRegionAvail().x - copy);
  if (small_button(view, view.tr(Str::GraphCopy), Str::GraphCopyNode) && canvas_.scene())
    commands.push(command::Copy{node_text(*input_.model, index, input_.links.get(), view.settings.language)});
  if (!node.name.empty()) wrapped_text(view, node.name, true);
  draw_tasks(view, commands, index);
  if (!node.attrs.empty()) {
    ImGui::SeparatorText(view.tr(Str::GraphAttributes));
    if (ImGui::BeginTable("attrs", 2, ImGuiTableFlags_SizingStretchProp)) {
      for (const GraphAttr& attr : node.attrs) {
        ImGui::TableNextColumn();
        faint_text(view, attr.name);
        ImGui::TableNextColumn();
        ImGui::TextWrapped("%s", attr.value.c_str());
      }
      ImGui::EndTable();
    }
  }
  if (!node.inputs.empty()) draw_values(view, Str::GraphInputs, node.inputs, true);
  if (!node.outputs.empty()) draw_values(view, Str::GraphOutputs, node.outputs, false);
  const auto weights = std::ranges::find_if(node.inputs, [&](int v) { return v >= 0 && input_.model->values[static_cast<size_t>(v)].constant.has_value(); });
  if (weights == node.inputs.end()) return;
  const bool other = weights_in_ != input_.model || std::ranges::count(node.inputs, weights_of_) == 0;
  draw_weights(view, other ? *weights : weights_of_);
}

void GraphPanel::draw_tasks(const View& view, Commands& commands, int node) {
  if (!input_.links || static_cast<size_t>(node) >= input_.links->of_node.size()) return;
  for (const int task : input_.links->of_node[static_cast<size_t>(node)]) {
    const TaskLinks::Info& info = input_.links->tasks[static_cast<size_t>(task)];
    std::string text = view.format(Str::GraphTask, task, info.name);
    if (info.us >= 0) text += "  " + short_us(info.us);
    ImGui::PushID(task);
    if (ImGui::Selectable(text.c_str(), view.settings.task == task)) commands.push(command::SelectTask{task});
    ImGui::PopID();
    tooltip(view.tr(Str::GraphTaskHelp));
  }
}

void GraphPanel::draw_values(const View& view, Str label, const std::vector<int>& values, bool inputs) {
  ImGui::SeparatorText(view.tr(label));
  int ask = -1;  // edge
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] < 0) continue;
    const GraphValue& value = input_.model->values[static_cast<size_t>(values[i])];
    ImGui::PushID(static_cast<int>(i) + (inputs ? 0 : 1000));
    const bool shown = values[i] == weights_of_ && weights_in_ == input_.model;
    if (ImGui::Selectable(value.name.empty() ? "-" : value.name.c_str(), shown)) {
      if (value.constant) weights_of_ = -1, draw_weights(view, values[i]);
      if (inputs && value.producer >= 0) canvas_.show(value.producer);
      if (!inputs) {
        const auto reader = std::ranges::find(input_.model->edges, values[i], &GraphEdge::value);
        if (reader != input_.model->edges.end()) canvas_.show(reader->to);
      }
    }
    tooltip(view.tr(value.constant ? Str::GraphShowWeights : inputs ? Str::GraphGoToProducer : Str::GraphGoToReader));
    ImGui::PushFont(view.theme.mono, view.theme.small_size - 1);
    std::string type = value.type.dtype == DType::Undefined ? "?" : to_string(value.type);
    if (value.format != Format::ND) type += "  " + std::string(to_string(value.format));
    faint_text(view, type);
    ImGui::PopFont();
    if (inputs && value.producer >= 0 && input_.links) {
      const auto edge = std::ranges::find_if(input_.model->edges, [&](const GraphEdge& e) { return e.value == values[i] && e.to == canvas_.selected(); });
      ImGui::SameLine();
      if (small_button(view, view.tr(Str::FusedAsk), Str::FusedAskHelp, edge != input_.model->edges.end())) ask = static_cast<int>(edge - input_.model->edges.begin());
    }
    ImGui::PopID();
  }
  if (ask >= 0) canvas_.select_edge(ask);
}

const FusionAnswer* GraphPanel::answer_of(const View& view, int edge) {
  const CompileInfo* compile = view.now.compile.get();
  if (edge < 0 || !input_.links || !compile || !compile->model || !input_.model || static_cast<size_t>(edge) >= input_.model->edges.size()) return nullptr;
  if (answered_ != edge || answered_in_[0] != input_.links.get() || answered_in_[1] != compile) {
    answered_ = edge, answered_in_[0] = input_.links.get(), answered_in_[1] = compile;
    answer_ = answer_fusion(*input_.model, input_.model->edges[static_cast<size_t>(edge)], *input_.links, *compile);
  }
  return &answer_;
}

// In one sentence while the pointer is on an edge; all of it after a click.
void GraphPanel::hint_edge(const View& view) {
  const FusionAnswer* answer = view.theme.touch ? nullptr : answer_of(view, canvas_.pointed_edge());
  if (!answer || ImGui::IsMouseDown(ImGuiMouseButton_Left) || !ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(view.theme.text_size * 24);
  ImGui::TextUnformatted(verdict_text(view, *answer).c_str());
  if (!answer->reasons.empty()) ImGui::TextUnformatted(reason_text(answer->reasons.front()).c_str());
  faint_text(view, view.tr(Str::FusedClick));
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void GraphPanel::draw_answer(const View& view, Commands& commands, int edge) {
  const GraphEdge& asked = input_.model->edges[static_cast<size_t>(edge)];
  const auto name = [&](int n) {
    const GraphNode& node = input_.model->nodes[static_cast<size_t>(n)];
    return node.op.empty() ? node.name : node.op + " " + node.name;
  };
  ImGui::PushFont(view.theme.strong, view.theme.text_size + 2);
  ImGui::TextUnformatted(view.tr(Str::FusedTitle));
  ImGui::PopFont();
  wrapped_text(view, fmt::format("{} \xe2\x86\x92 {}", name(asked.from), name(asked.to)), true);
  const FusionAnswer* answer = answer_of(view, edge);
  if (!answer) return wrapped_text(view, view.tr(Str::FusedNotYet));
  const std::string verdict = verdict_text(view, *answer);
  wrapped_text(view, verdict);
  mark(view, "fusion-answer", verdict);
  if (!answer->reasons.empty()) ImGui::SeparatorText(view.tr(Str::FusedReasons));
  for (size_t i = 0; i < answer->reasons.size(); ++i) {
    const FusionAnswer::Reason& reason = answer->reasons[i];
    ImGui::PushID(static_cast<int>(i));
    if (ImGui::Selectable(reason.pass.c_str())) {
      commands.push(command::SelectPass{reason.pass});
      commands.push(command::ChooseCompileView{CompileView::Passes});
      commands.push(command::ChooseTab{Tab::Compile});
    }
    tooltip(view.tr(Str::FusedToPass));
    wrapped_text(view, reason_text(reason), true);
    ImGui::PopID();
  }
  if (answer->verdict != FusionAnswer::Verdict::Apart) return;
  if (!answer->off.empty()) wrapped_text(view, view.format(Str::FusedOff, fmt::format("{}", fmt::join(answer->off, ", "))));
  if (!answer->looked.empty()) wrapped_text(view, view.format(Str::FusedLooked, fmt::format("{}", fmt::join(answer->looked, ", "))), true);
}

void GraphPanel::draw_weights(const View& view, int value) {
  if (weights_of_ != value || weights_in_ != input_.model) {
    weights_of_ = value;
    weights_in_ = input_.model;
    worker_.post(this, [inbox = inbox_, model = input_.model, value, wake = view.wake](const std::atomic<bool>& cancelled) {
      auto stats = weight_stats(*model->values[static_cast<size_t>(value)].constant, &cancelled);
      if (cancelled) return;
      {
        const std::lock_guard lock(inbox->mutex);
        inbox->stats = stats;
        inbox->value = value;
      }
      if (wake) wake();
    });
    return;
  }
  std::optional<WeightStats> stats;
  {
    const std::lock_guard lock(inbox_->mutex);
    if (inbox_->value == value) stats = inbox_->stats;
  }
  ImGui::SeparatorText(view.tr(Str::GraphWeights));
  cut_text(input_.model->values[static_cast<size_t>(value)].name);
  if (!stats) return;
  const int64_t most = std::max<int64_t>(1, std::ranges::max(stats->bins));
  const float width = ImGui::GetContentRegionAvail().x - 4, height = 72;
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::Dummy({width, height});
  auto* list = ImGui::GetWindowDrawList();
  list->AddLine({at.x, at.y + height}, {at.x + width, at.y + height}, colour(view.theme.border));
  for (size_t bin = 0; bin < kHistogramBins; ++bin) {
    const float x = at.x + width * static_cast<float>(bin) / kHistogramBins;
    const float tall = height * static_cast<float>(stats->bins[bin]) / static_cast<float>(most);
    list->AddRectFilled({x + 0.5f, at.y + height - tall}, {x + width / kHistogramBins - 0.5f, at.y + height}, colour(view.theme.accent));
  }
  if (ImGui::IsItemHovered()) {
    const auto bin = std::min(kHistogramBins - 1, static_cast<size_t>(std::max(0.0f, (ImGui::GetIO().MousePos.x - at.x) / width) * kHistogramBins));
    const double step = (stats->max - stats->min) / kHistogramBins, low = stats->min + step * static_cast<double>(bin);
    ImGui::SetTooltip("%s", fmt::format("{:.4g} .. {:.4g}: {}", low, low + step, stats->bins[bin]).c_str());
  }
  wrapped_text(view, view.format(Str::GraphStats, stats->min, stats->max, stats->mean, stats->deviation), true);
  wrapped_text(view, view.format(Str::GraphStatsCount, stats->count, stats->zeros, stats->not_finite), true);
}

}  // namespace npu::ui
