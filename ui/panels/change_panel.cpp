// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/change_panel.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kSideBySide = 560;   // narrower: one above the other
constexpr float kLeastHeight = 130;  // of one drawing
constexpr size_t kUnfolded = 48;     // nodes up to which repeated blocks are shown one by one
constexpr size_t kMostLines = 5;     // of the differences of a node

// Colours for tasks: the nodes of one have one, single ones none.
std::shared_ptr<const TaskLinks> links_of(const GraphModel& part) {
  auto links = std::make_shared<TaskLinks>();
  std::map<int, std::vector<int>> members;
  for (size_t n = 0; n < part.nodes.size(); ++n)
    if (part.nodes[n].task >= 0) members[part.nodes[n].task].push_back(static_cast<int>(n));
  links->of_node.resize(part.nodes.size());
  for (const auto& [task, nodes] : members) {
    if (nodes.size() < 2) continue;
    for (const int n : nodes) links->of_node[static_cast<size_t>(n)] = {static_cast<int>(links->tasks.size())};
    links->tasks.push_back({part.nodes[static_cast<size_t>(nodes.front())].name, part.nodes[static_cast<size_t>(nodes.front())].engine});
  }
  return links;
}

Str word_of(NodeDifference::What what) {
  switch (what) {
    case NodeDifference::What::Operator: return Str::ChangeOperator;
    case NodeDifference::What::Attribute: return Str::ChangeAttribute;
    case NodeDifference::What::Input: return Str::ChangeInput;
    case NodeDifference::What::Output: return Str::ChangeOutput;
    case NodeDifference::What::Engine: return Str::ChangeEngine;
    case NodeDifference::What::Task: break;
  }
  return Str::ChangeTask;
}

std::string or_none(const std::string& text) { return text.empty() ? "\xe2\x80\x93" : text; }

}  // namespace

void ChangePanel::take(const std::shared_ptr<const GraphChange>& change) {
  if (change_ == change) return;
  change_ = change;
  const ColourBy by = change->tasks ? ColourBy::Task : change->engines ? ColourBy::Engine : ColourBy::Kind;
  for (auto [half, side] : {std::pair(&before_, &change->before), std::pair(&after_, &change->after)}) {
    half->input = {.model = side->part, .links = change->tasks ? links_of(*side->part) : nullptr, .colour_by = by, .marks = &side->marks, .lit = &half->lit};
    half->input.fold = side->part->nodes.size() > kUnfolded;
    half->lit.clear();
    half->chosen = -1;
  }
}

void ChangePanel::draw_half(const View& view, Half& half, const GraphChange::Side& side, bool is_after, ImVec2 size) {
  const auto nodes = std::ranges::count_if(side.part->nodes, [](const GraphNode& node) { return node.kind == GraphNode::Kind::Operator && node.hidden == 0; });
  ImGui::BeginGroup();
  faint_text(view, view.format(is_after ? Str::ChangeAfter : Str::ChangeBefore, nodes));
  half.canvas.draw(view, is_after ? "after" : "before", half.input, {size.x, size.y - ImGui::GetTextLineHeightWithSpacing()});
  ImGui::EndGroup();
  mark(view, is_after ? "change-after" : "change-before", fmt::format("{}", nodes));
}

// Movements by hand and what is chosen go over to the other half; what is pointed at is shown there.
void ChangePanel::link_halves() {
  const auto light = [](const Half& from, const GraphChange::Side& side, Half& to) {
    to.lit.clear();
    const auto add = [&](int n) { to.lit.insert(to.lit.end(), side.others[static_cast<size_t>(n)].begin(), side.others[static_cast<size_t>(n)].end()); };
    for (const int n : from.canvas.pointed_nodes()) add(n);
    if (to.lit.empty() && from.canvas.selected() >= 0 && from.chosen == from.canvas.selected()) add(from.chosen);
  };
  light(before_, change_->before, after_);
  light(after_, change_->after, before_);
  const auto pass_on = [](Half& from, const GraphChange::Side& side, Half& to) {
    if (!from.canvas.motion().none()) to.canvas.follow(from.canvas.motion());
    if (!from.canvas.take_selection_changed()) return;
    from.chosen = from.canvas.selected();
    to.chosen = -1;
    const auto& others = from.chosen >= 0 ? side.others[static_cast<size_t>(from.chosen)] : std::vector<int>();
    if (others.empty()) return;
    to.canvas.show(others.front());
    to.canvas.take_selection_changed();
  };
  pass_on(before_, change_->before, after_);
  pass_on(after_, change_->after, before_);
}

void ChangePanel::draw_legend(const View& view) const {
  struct Entry {
    ImVec4 colour;
    Str text;
    int count;
  };
  bool first = true;
  for (const Entry& entry : {Entry{view.theme.bad, Str::ChangeRemoved, change_->removed}, {view.theme.warn, Str::ChangeChanged, change_->changed}, {view.theme.good, Str::ChangeAdded, change_->added}}) {
    if (entry.count == 0) continue;
    if (!first) ImGui::SameLine(0, 12);
    first = false;
    colour_dot(entry.colour);
    faint_text(view, view.format(entry.text, entry.count));
  }
}

int ChangePanel::after_node() const {
  if (after_.chosen >= 0) return after_.chosen;
  if (before_.chosen < 0) return -1;
  const auto& others = change_->before.others[static_cast<size_t>(before_.chosen)];
  return others.empty() ? -1 : others.front();
}

void ChangePanel::draw_difference(const View& view) const {
  const int node = after_node();
  if (node < 0) {
    const bool gone = before_.chosen >= 0 && change_->before.marks[static_cast<size_t>(before_.chosen)] == GraphMark::Removed;
    return wrapped_text(view, view.tr(gone ? Str::ChangeGone : Str::ChangeHint), true);
  }
  const GraphNode& shown = change_->after.part->nodes[static_cast<size_t>(node)];
  const auto& list = change_->differences[static_cast<size_t>(node)];
  const GraphMark state = change_->after.marks[static_cast<size_t>(node)];
  wrapped_text(view, fmt::format("{} {}{}", shown.op, shown.name, state == GraphMark::None ? fmt::format(" \xc2\xb7 {}", view.tr(Str::ChangeSame)) : state == GraphMark::Added ? fmt::format(" \xc2\xb7 {}", view.tr(Str::ChangeNew)) : ""));
  for (size_t i = 0; i < std::min(list.size(), kMostLines); ++i)
    wrapped_text(view, view.format(Str::ChangeLine, view.format(word_of(list[i].what), list[i].name), or_none(list[i].before), or_none(list[i].after)), true);
  if (list.size() > kMostLines) wrapped_text(view, view.format(Str::GraphHidden, list.size() - kMostLines), true);
}

void ChangePanel::draw(const View& view, const PassInfo& pass) {
  take(pass.change);
  draw_legend(view);
  ImVec2 space = ImGui::GetContentRegionAvail();
  const bool chosen = before_.chosen >= 0 || after_.chosen >= 0;
  const float below = ImGui::GetTextLineHeightWithSpacing() * (chosen ? 4.5f : view.compact ? 2.2f : 1.2f);
  const float gap = ImGui::GetStyle().ItemSpacing.x;
  const bool beside = space.x >= kSideBySide;
  const float high = std::max(space.y - below - ImGui::GetStyle().ItemSpacing.y - 4, beside ? kLeastHeight : 3 * kLeastHeight + gap);
  const ImVec2 size = beside ? ImVec2((space.x - gap) / 2, high) : ImVec2(space.x, (high - gap) / 2);
  draw_half(view, before_, change_->before, false, size);
  if (beside) ImGui::SameLine();
  draw_half(view, after_, change_->after, true, size);
  link_halves();
  if (ImGui::BeginChild("difference", {0, std::max(below - 4, 20.0f)}, ImGuiChildFlags_NavFlattened)) draw_difference(view);
  ImGui::EndChild();
}

}  // namespace npu::ui
