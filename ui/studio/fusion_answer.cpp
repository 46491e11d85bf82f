// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/fusion_answer.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "compiler/passes/fuse_tasks.h"

namespace npu::ui {
namespace {

using Names = std::set<std::string_view>;

constexpr std::string_view kTaskPass = "fuse-tasks", kPairPass = "fuse-convs";

bool fuses(std::string_view pass) { return pass.starts_with("fuse-") || pass.starts_with("fold-") || pass == "place-parts"; }
// They fuse nothing, but what they say keeps nodes apart.
bool separates(std::string_view pass) { return pass == "assign-engine" || pass == "assign-formats"; }

// A node under all names that passes may have called it.
Names names_of(const GraphNode& node, const CompiledModel& compiled) {
  Names names{node.name};
  for (const NodeId id : compiled.graph.order()) {
    const Node& made = compiled.graph.node(id);
    if (std::ranges::count(made.origin, node.name) > 0 || std::ranges::count(node.origin, made.name) > 0) names.insert(made.name);
  }
  names.erase("");
  return names;
}

bool mentions(std::string_view text, const Names& names) {
  return std::ranges::any_of(names, [&](std::string_view name) { return text.find(fmt::format("'{}'", name)) != std::string_view::npos; });
}

// The pass after which a node of that name is not there any more.
std::string pass_that_removed(const std::string& name, const CompileInfo& compile) {
  for (const PassInfo& pass : compile.passes) {
    if (!pass.change || !pass.change->before.part) continue;
    const GraphChange::Side& side = pass.change->before;
    for (size_t n = 0; n < side.marks.size(); ++n)
      if (side.marks[n] == GraphMark::Removed && side.part->nodes[n].name == name) return pass.report.name;
  }
  return "";
}

struct Ranked {
  int rank = 0;
  FusionAnswer::Reason reason;
};

// What the passes say about the ends: of the edge, then why one is elsewhere, then of the reader, then of the producer.
void collect_reasons(const Names& from, const Names& to, const CompileInfo& compile, FusionAnswer& answer) {
  std::vector<Ranked> found;
  for (const PassInfo& pass : compile.passes) {
    const std::string& name = pass.report.name;
    if (!fuses(name) && !separates(name)) continue;
    if (pass.report.disabled) {
      answer.off.push_back(name);
      continue;
    }
    const size_t before = found.size();
    for (const MissedRewrite& miss : pass.report.misses) {
      const bool of_reader = mentions(miss.node, to), of_producer = mentions(miss.node, from);
      if (!of_reader && !of_producer) continue;
      const bool of_edge = of_reader ? mentions(miss.reason, from) : mentions(miss.reason, to);
      found.push_back({of_edge ? 0 : separates(name) ? 1 : of_reader ? 2 : 3, {name, miss.node, miss.reason}});
    }
    if (found.size() == before && fuses(name) && name != kTaskPass) answer.looked.push_back(name);
  }
  std::ranges::stable_sort(found, {}, &Ranked::rank);
  for (Ranked& one : found) answer.reasons.push_back(std::move(one.reason));
}

// Where fuse-tasks had no reason to keep one: what it never looks at.
void add_rule(const std::vector<int>& from, const std::vector<int>& to, const CompiledModel& compiled, const Names& from_names, const Names& to_names, FusionAnswer& answer) {
  if (std::ranges::count(answer.off, kTaskPass) > 0) return;
  const bool told = std::ranges::any_of(answer.reasons, [&](const auto& reason) { return reason.pass == kTaskPass && mentions(reason.node, to_names) && mentions(reason.text, from_names); });
  const Task &before = compiled.tasks[static_cast<size_t>(from.back())], &after = compiled.tasks[static_cast<size_t>(to.front())];
  if (told || before.nodes.empty() || after.nodes.empty()) return;
  const auto reader = std::ranges::find_if(after.nodes, [&](NodeId id) { return to_names.contains(compiled.graph.node(id).name); });
  const NodeId read_by = reader == after.nodes.end() ? after.nodes.front() : *reader;
  std::string_view rule = pass::no_task_candidate(compiled.graph.node(before.nodes.front()), compiled.graph.node(read_by));
  if (rule.empty() && read_by != after.nodes.front()) rule = "the reader goes on with the task of its other operand, and a task has one chain";
  if (!rule.empty()) answer.reasons.insert(answer.reasons.begin(), {std::string(kTaskPass), "", std::string(rule)});
  else answer.looked.emplace_back(kTaskPass);
}

}  // namespace

FusionAnswer answer_fusion(const GraphModel& model, const GraphEdge& edge, const TaskLinks& links, const CompileInfo& compile) {
  const GraphNode &from = model.nodes[static_cast<size_t>(edge.from)], &to = model.nodes[static_cast<size_t>(edge.to)];
  const std::vector<int> &first = links.of_node[static_cast<size_t>(edge.from)], &second = links.of_node[static_cast<size_t>(edge.to)];
  FusionAnswer answer;
  const std::string removed = pass_that_removed(to.name, compile);
  if (from.kind != GraphNode::Kind::Operator || to.kind != GraphNode::Kind::Operator) {
    answer.verdict = FusionAnswer::Verdict::Boundary;
    return answer;
  }
  answer.by = removed.empty() ? pass_that_removed(from.name, compile) : removed;
  if (first.empty() || second.empty()) {
    answer.verdict = FusionAnswer::Verdict::Absorbed;
    return answer;
  }
  std::vector<int> both;
  std::ranges::set_intersection(first, second, std::back_inserter(both));
  if (!both.empty()) {
    answer.verdict = FusionAnswer::Verdict::OneTask;
    answer.task = compile.model->tasks[static_cast<size_t>(both.front())].name;
    if (answer.by.empty()) answer.by = from.op == "Conv" && to.op == "Conv" ? kPairPass : kTaskPass;
    return answer;
  }
  answer.by.clear();
  const Names from_names = names_of(from, *compile.model), to_names = names_of(to, *compile.model);
  collect_reasons(from_names, to_names, compile, answer);
  add_rule(first, second, *compile.model, from_names, to_names, answer);
  return answer;
}

}  // namespace npu::ui
