// SPDX-License-Identifier: Apache-2.0
// Needs: assign-formats. Guarantees: switching the layout of no single layout-agnostic node, nor of a connected group
// of them, would save a TransData or make them smaller.
#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "compiler/passes/format_plan.h"

namespace npu::pass {
namespace {

// First the number of conversions, then their elements.
struct Cost {
  int64_t count = 0, elements = 0;
  auto operator<=>(const Cost&) const = default;
  Cost& operator+=(const Cost& other) {
    count += other.count;
    elements += other.elements;
    return *this;
  }
};

// The graph as if there were no TransData: who reads which produced value, and which nodes may choose.
class Choice {
 public:
  explicit Choice(const Graph& graph)
      : graph_(graph), plan_(current_plan(graph)), readers_(graph.value_count()), group_(graph.node_capacity()) {
    std::iota(group_.begin(), group_.end(), 0);
    for (NodeId id : graph.order()) {
      const Node& node = graph.node(id);
      if (node.op == "TransData") continue;
      if (wish_of(graph, node) == Layout::Any) free_.push_back(id);
      for (ValueId value : values_of(id))
        if (graph.value(value).producer != id) readers_[static_cast<size_t>(value)].push_back(id);
    }
    for (ValueId output : graph.outputs) outputs_.insert(behind_trans_data(graph, output));
    join_groups();
  }

  const FormatPlan& plan() const { return plan_; }

  // Flips groups and single nodes while that makes it cheaper; every flip lowers the total, so this ends.
  bool improve() {
    bool any = false, again = true;
    while (again) {
      again = false;
      for (const auto& candidate : candidates()) again |= try_flip(candidate);
      any |= again;
    }
    return any;
  }

 private:
  // Activations of a node, each once, without TransData between.
  std::set<ValueId> values_of(NodeId id) const {
    std::set<ValueId> values;
    for (ValueId input : graph_.node(id).inputs)
      if (input != kNone && !graph_.is_constant(input)) values.insert(behind_trans_data(graph_, input));
    for (ValueId output : graph_.node(id).outputs)
      if (output != kNone) values.insert(output);
    return values;
  }

  NodeId find(NodeId id) {
    while (group_[static_cast<size_t>(id)] != id)
      id = group_[static_cast<size_t>(id)] = group_[static_cast<size_t>(group_[static_cast<size_t>(id)])];
    return id;
  }

  // Free nodes that touch a common value belong together.
  void join_groups() {
    std::map<ValueId, NodeId> first;
    for (NodeId id : free_)
      for (ValueId value : values_of(id)) {
        const auto [found, fresh] = first.try_emplace(value, id);
        if (!fresh) group_[static_cast<size_t>(find(id))] = find(found->second);
      }
  }

  std::vector<std::vector<NodeId>> candidates() {
    std::map<std::pair<NodeId, Format>, std::vector<NodeId>> groups;
    for (NodeId id : free_) groups[{find(id), plan_[static_cast<size_t>(id)]}].push_back(id);
    std::vector<std::vector<NodeId>> found;
    for (auto& [key, nodes] : groups) found.push_back(nodes);
    for (NodeId id : free_) found.push_back({id});
    return found;
  }

  Cost cost_of(ValueId value) const {
    const Format natural = natural_format(graph_, plan_, value);
    const Format other = natural == Format::ND ? Format::NC1HWC0 : Format::ND;
    const auto& readers = readers_[static_cast<size_t>(value)];
    bool converted = natural != Format::ND && outputs_.contains(value);
    for (NodeId reader : readers) converted |= plan_[static_cast<size_t>(reader)] != natural;
    if (!converted || same_bytes(graph_, value, natural, other)) return {};
    return {1, element_count(to_shape(graph_.value(value).type.dims))};
  }

  Cost cost_of(const std::set<ValueId>& values) const {
    Cost cost;
    for (ValueId value : values) cost += cost_of(value);
    return cost;
  }

  void flip(const std::vector<NodeId>& nodes) {
    for (NodeId id : nodes) {
      Format& format = plan_[static_cast<size_t>(id)];
      format = format == Format::ND ? Format::NC1HWC0 : Format::ND;
    }
  }

  bool try_flip(const std::vector<NodeId>& nodes) {
    std::set<ValueId> touched;
    for (NodeId id : nodes) touched.merge(values_of(id));
    const Cost before = cost_of(touched);
    flip(nodes);
    if (cost_of(touched) < before) return true;
    flip(nodes);
    return false;
  }

  const Graph& graph_;
  FormatPlan plan_;
  std::vector<std::vector<NodeId>> readers_;
  std::vector<NodeId> free_;
  std::vector<NodeId> group_;
  std::set<ValueId> outputs_;
};

}  // namespace

Status eliminate_transdata(Graph& graph, PassContext& context) {
  Choice choice(graph);
  if (!choice.improve()) return {};
  return apply_plan(graph, choice.plan(), context);
}

}  // namespace npu::pass
