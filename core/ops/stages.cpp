// SPDX-License-Identifier: Apache-2.0
#include "core/ops/stages.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/ops/op.h"

namespace npu {

namespace {

using Values = std::map<ValueId, Available>;

// Part of a graph as a graph of its own.
class Part {
 public:
  explicit Part(const Graph& whole) : whole_(whole), ids_(whole.value_count(), kNone) {
    graph_.name = whole.name;
    graph_.opset = whole.opset;
  }

  // Whether it became an input, not a constant.
  bool add_available(ValueId id, const Available& available) {
    ValueId& own = ids_[static_cast<size_t>(id)];
    const std::string& name = whole_.value(id).name;
    own = available.value ? graph_.add_constant(name, *available.value) : graph_.add_value(name, available.type);
    if (!available.value) graph_.inputs.push_back(own);
    return !available.value;
  }

  // Precondition: what the node reads is an input, a constant, or of a node added before.
  void add_node(NodeId id) {
    const Node& node = whole_.node(id);
    Node copy = node;
    for (ValueId& input : copy.inputs) input = own_id(input);
    for (ValueId& output : copy.outputs)
      if (output != kNone) output = declare(output);
    graph_.append(std::move(copy));
  }

  void add_output(ValueId id) { graph_.outputs.push_back(own_id(id)); }

  // Of a value that was added.
  bool is_constant(ValueId id) const { return graph_.is_constant(ids_[static_cast<size_t>(id)]); }
  const TensorType& type(ValueId id) const { return graph_.value(ids_[static_cast<size_t>(id)]).type; }
  Graph& graph() { return graph_; }

 private:
  ValueId own_id(ValueId id) {
    if (id == kNone) return kNone;
    ValueId& own = ids_[static_cast<size_t>(id)];
    if (own == kNone && whole_.is_constant(id)) own = graph_.add_constant(whole_.value(id).name, *whole_.value(id).constant);
    return own;
  }

  // Without the shape that the file declares: where sizes depend on data it is what came when the model was exported.
  ValueId declare(ValueId id) {
    const Value& value = whole_.value(id);
    return ids_[static_cast<size_t>(id)] = graph_.add_value(value.name, TensorType{value.type.dtype, false, {}});
  }

  const Graph& whole_;
  Graph graph_;
  std::vector<ValueId> ids_;  // of the whole graph's values in this one
};

// Tensors with elements, of a type and shape that compiled models hold.
bool is_compilable(const TensorType& type) {
  return type.is_static() && is_device_dtype(type.dtype) && element_count(to_shape(type.dims)) > 0;
}

class Planner {
 public:
  Planner(const Graph& graph, const std::vector<bool>& done, const Values& available)
      : graph_(graph), done_(done), available_(available), rest_(graph), later_(graph.value_count(), false) {}

  Result<StagePlan> run() {
    for (NodeId id : graph_.order())
      if (!done_[static_cast<size_t>(id)]) nodes_.push_back(id);
    NPU_CHECK(infer());
    for (NodeId id : nodes_) sort_in(id);
    if (!ready_.empty()) {
      plan_.compiled.clear();
      plan_.host = std::move(ready_);
    }
    if (!nodes_.empty() && plan_.compiled.empty() && plan_.host.empty())
      return fail(ErrorKind::InvalidModel, graph_.name, fmt::format("{} nodes are left and none can run", nodes_.size()));
    cut_out();
    return std::move(plan_);
  }

 private:
  Status infer() {
    std::set<ValueId> read;
    for (NodeId id : nodes_)
      for (ValueId input : graph_.node(id).inputs)
        if (available_.contains(input) && read.insert(input).second) rest_.add_available(input, available_.at(input));
    for (NodeId id : nodes_) rest_.add_node(id);
    return infer_shapes(rest_.graph());
  }

  bool can_compile(const Node& node) const {
    for (const auto& [key, attr] : node.attrs)
      if (std::holds_alternative<Subgraph>(attr)) return false;
    // Empty constants are options that are not taken (the sizes of a Resize), empty activations are not.
    const auto fits = [&](ValueId id) {
      if (id == kNone) return true;
      return rest_.is_constant(id) ? is_device_dtype(rest_.type(id).dtype) : is_compilable(rest_.type(id));
    };
    return std::ranges::all_of(node.inputs, fits) && std::ranges::all_of(node.outputs, fits);
  }

  // Compiled now, run by the host after that, or left for a later stage.
  void sort_in(NodeId id) {
    const Node& node = graph_.node(id);
    const bool waits = std::ranges::any_of(node.inputs, [&](ValueId v) { return v != kNone && later_[static_cast<size_t>(v)]; });
    const bool compile = !waits && can_compile(node);
    if (compile) plan_.compiled.push_back(id);
    else if (!waits) plan_.host.push_back(id);
    if (compile) return;
    const auto is_there = [&](ValueId v) { return v == kNone || graph_.is_constant(v) || available_.contains(v); };
    if (std::ranges::all_of(node.inputs, is_there)) ready_.push_back(id);
    for (ValueId output : node.outputs)
      if (output != kNone) later_[static_cast<size_t>(output)] = true;
  }

  void cut_out() {
    const std::set<NodeId> inside(plan_.compiled.begin(), plan_.compiled.end());
    std::set<ValueId> read, wanted(graph_.outputs.begin(), graph_.outputs.end());
    for (NodeId id : nodes_)
      if (!inside.contains(id)) wanted.insert(graph_.node(id).inputs.begin(), graph_.node(id).inputs.end());
    Part program(graph_);
    for (NodeId id : plan_.compiled)
      for (ValueId input : graph_.node(id).inputs)
        if (available_.contains(input) && read.insert(input).second && program.add_available(input, available_.at(input))) plan_.inputs.push_back(input);
    for (NodeId id : plan_.compiled) {
      program.add_node(id);
      for (ValueId output : graph_.node(id).outputs)
        if (output != kNone && wanted.contains(output)) plan_.outputs.push_back(output);
    }
    for (ValueId output : plan_.outputs) program.add_output(output);
    plan_.program = std::move(program.graph());
  }

  const Graph& graph_;
  const std::vector<bool>& done_;
  const Values& available_;
  std::vector<NodeId> nodes_;  // that have not run
  Part rest_;                  // of these nodes, with inferred types
  std::vector<bool> later_;    // values that a later stage knows
  std::vector<NodeId> ready_;  // for the host, and it need not wait for a program
  StagePlan plan_;
};

}  // namespace

Result<StagePlan> plan_stage(const Graph& graph, const std::vector<bool>& done, const Values& available) {
  return Planner(graph, done, available).run();
}

bool follows_from_known(const Graph& graph, const Node& node, const std::function<bool(ValueId)>& is_known) {
  const OpDef* def = find_op(node.op);
  if (!def || def->is_random || def->evaluate) return false;
  return def->from_types || std::ranges::all_of(node.inputs, [&](ValueId id) { return id == kNone || graph.is_constant(id) || is_known(id); });
}

Result<bool> needs_stages(const Graph& graph) {
  Values available;
  for (ValueId id : graph.inputs) available.emplace(id, Available{graph.value(id).type, {}});
  NPU_TRY(const StagePlan plan, plan_stage(graph, std::vector<bool>(graph.node_capacity()), available));
  return plan.compiled.size() != graph.order().size();
}

}  // namespace npu
