// SPDX-License-Identifier: Apache-2.0
// Needs: engines and formats. Guarantees: Node::task is set for every node that executes, numbers follow execution
// order (a task runs where its last node stands), and a task is an anchor and a chain of elementwise nodes or, behind an 8-bit
// convolution, one sum of 8-bit tensors, or behind a QuantizeLinear the TransData of its bytes. An Aipp and the convolution that reads it are one anchor.
// No cycle can arise: values inside a task have one reader, so nothing outside depends on them but through the last.
#include "compiler/passes/fuse_tasks.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/group_tasks.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

bool may_anchor(Family family) {
  return family == Family::Conv || family == Family::MatMul || family == Family::Elementwise || family == Family::QuantConv || family == Family::Aipp;
}

// The inputs through which a chain may continue: its first two tensors.
bool continues_chain(const Node& node, size_t operand) { return operand == 0 || operand == (is_op(node, "QLinearAdd") ? 3u : 1u); }

bool on_core(const Node& node, Family& family) {
  const LowerRule* rule = find_lower_rule(node.op);
  if (!rule || node.engine != Engine::AiCore) return false;
  family = rule->family;
  return true;
}

class Fuser {
 public:
  Fuser(const Graph& graph, PassContext& context)
      : graph_(graph), context_(context), uses_(graph), task_of_(graph.node_capacity(), kNone) {}

  std::vector<TaskSpec> run() {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (node.engine == Engine::Host) continue;
      if (!join_a_task(id)) {
        task_of_[static_cast<size_t>(id)] = static_cast<int32_t>(tasks_.size());
        tasks_.emplace_back();
        add_to_task(graph_, tasks_.back(), id);
      }
    }
    return std::move(tasks_);
  }

 private:
  // The tasks that produce the node's operands, the latest first: it has waited for the others anyway.
  std::vector<std::pair<int32_t, size_t>> producers_of(const Node& node) const {
    std::vector<std::pair<int32_t, size_t>> found;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const NodeId producer = node.inputs[i] == kNone ? kNone : graph_.value(node.inputs[i]).producer;
      if (producer != kNone && task_of_[static_cast<size_t>(producer)] != kNone)
        found.emplace_back(task_of_[static_cast<size_t>(producer)], i);
    }
    std::ranges::stable_sort(found, [](const auto& a, const auto& b) { return a.first > b.first; });
    return found;
  }

  bool join_a_task(NodeId id) {
    const Node& node = graph_.node(id);
    for (const auto& [task, operand] : producers_of(node)) {
      TaskSpec& spec = tasks_[static_cast<size_t>(task)];
      const Node& last = graph_.node(spec.nodes.back());
      if (!no_task_candidate(graph_.node(spec.nodes.front()), node).empty()) continue;
      if (const auto why = reject(spec, last, node, id, operand)) {
        context_.missed(node, fmt::format("not fused with {} '{}': {}", last.op, last.name, *why));
        continue;
      }
      task_of_[static_cast<size_t>(id)] = task;
      add_to_task(graph_, spec, id);
      return true;
    }
    return false;
  }

  std::optional<std::string> reject(const TaskSpec& spec, const Node& last, const Node& node, NodeId id,
                                    size_t operand) const {
    const ValueId value = node.inputs[operand];
    if (graph_.value(value).producer != spec.nodes.back()) return "its operand is not the task's last result";
    if (last.outputs.size() != 1) return "the task has several results";
    if (uses_.single(value) != id) return fmt::format("'{}' is read elsewhere too", graph_.value(value).name);
    if (!continues_chain(node, operand)) return "the chain continues through its first two operands only";
    return reject_fusion(graph_, context_.soc, spec, node);
  }

  const Graph& graph_;
  PassContext& context_;
  Uses uses_;
  std::vector<int32_t> task_of_;
  std::vector<TaskSpec> tasks_;
};

}  // namespace

std::string_view no_task_candidate(const Node& first, const Node& node) {
  Family family{}, anchor{};
  if (!on_core(node, family)) return "the reader does not run on the AI core";
  const bool elementwise = family == Family::Elementwise || is_op(node, "QLinearAdd");
  if (!elementwise && family != Family::Conv && family != Family::TransData) return "the reader begins a task of its own: what continues one works element by element";
  if (!on_core(first, anchor)) return "the task before does not run on the AI core";
  if (family == Family::TransData) return is_op(first, "QuantizeLinear") ? "" : "a change of format is a task of its own, but behind QuantizeLinear";
  if (!may_anchor(anchor)) return "the task before only moves, pools or reduces data: it computes nothing behind that";
  if (family == Family::Conv && anchor != Family::Aipp) return "a convolution begins a task of its own, but behind AIPP";
  return "";
}

Status fuse_tasks(Graph& graph, PassContext& context) {
  std::vector<TaskSpec> tasks = Fuser(graph, context).run();
  sort_tasks(graph, tasks);
  std::vector<int32_t> number(graph.node_capacity(), kNone);
  for (size_t i = 0; i < tasks.size(); ++i)
    for (NodeId id : tasks[i].nodes) number[static_cast<size_t>(id)] = static_cast<int32_t>(i);
  bool changed = false;
  int64_t joined = -static_cast<int64_t>(tasks.size());
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    changed |= node.task != number[static_cast<size_t>(id)];
    node.task = number[static_cast<size_t>(id)];
    joined += node.task != kNone;
  }
  if (changed) context.count_rewrite(joined);
  return {};
}

}  // namespace npu::pass
