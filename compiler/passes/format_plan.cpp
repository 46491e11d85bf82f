// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/format_plan.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace npu::pass {
namespace {

bool is_trans_data(const Node& node) {
  return node.op == "TransData";
}

// NC1HWC0 holds 4-D tensors of one element size: C0 is 32 bytes' worth of elements.
bool can_be_blocked(const Graph& graph, const Node& node) {
  DType dtype = DType::Undefined;
  for (const auto* values : {&node.inputs, &node.outputs})
    for (ValueId id : *values) {
      if (id == kNone || graph.is_constant(id)) continue;
      const TensorType& type = graph.value(id).type;
      if (type.dims.size() != 4) return false;
      if (dtype != DType::Undefined && dtype_size(dtype) != dtype_size(type.dtype)) return false;
      dtype = type.dtype;
    }
  return dtype != DType::Undefined;
}

class Planner {
 public:
  Planner(Graph& graph, const FormatPlan& plan, PassContext& context)
      : graph_(graph), plan_(plan), context_(context), names_(graph) {
    for (NodeId id : graph_.order()) {
      const Node& node = graph_.node(id);
      if (!is_trans_data(node)) continue;
      const ValueId root = behind_trans_data(graph_, node.inputs[0]);
      const Format from = graph_.value(node.inputs[0]).format, to = graph_.value(node.outputs[0]).format;
      if (root == node.inputs[0] && from == natural(root)) copies_.try_emplace({root, to}, node.outputs[0]);
    }
  }

  Status run() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      if (is_trans_data(graph_.node(id))) continue;
      for (ValueId output : graph_.node(id).outputs)
        if (output != kNone) graph_.value(output).format = format_of(id);
      for (size_t i = 0; i < graph_.node(id).inputs.size(); ++i) {
        const ValueId input = graph_.node(id).inputs[i];
        if (input == kNone || graph_.is_constant(input)) continue;
        const bool row_major = wish_of(graph_, graph_.node(id)) == Layout::Blocks;
        const ValueId wanted = in_format(behind_trans_data(graph_, input), row_major ? Format::ND : format_of(id), id);
        graph_.node(id).inputs[i] = wanted;
      }
    }
    for (size_t i = 0; i < graph_.outputs.size(); ++i) connect_output(i);
    const size_t dead = graph_.erase_dead();
    context_.count_rewrite(static_cast<int64_t>(dead));
    return graph_.sort();
  }

 private:
  Format format_of(NodeId id) const { return plan_[static_cast<size_t>(id)]; }
  Format natural(ValueId root) const { return natural_format(graph_, plan_, root); }

  // The value, or its copy in the format; `reader` is where a new TransData goes at the latest (kNone: at the end).
  ValueId in_format(ValueId root, Format format, NodeId reader) {
    if (natural(root) == format) return root;
    const auto found = copies_.find({root, format});
    if (found != copies_.end()) return found->second;
    const ValueId copy = graph_.add_value(
        names_.unique(fmt::format("{}_{}", graph_.value(root).name, to_string(format))), graph_.value(root).type);
    graph_.value(copy).format = format;
    Node node = trans_data(root, copy, natural(root), format);
    if (reader == kNone)
      graph_.append(std::move(node));
    else
      graph_.insert_before(reader, std::move(node));
    copies_[{root, format}] = copy;
    context_.count_rewrite();
    return copy;
  }

  Node trans_data(ValueId root, ValueId copy, Format from, Format to) {
    Node node = make_node("TransData", "trans_" + graph_.value(copy).name, {root}, {copy});
    node.attrs["src_format"] = std::string(to_string(from));
    node.attrs["dst_format"] = std::string(to_string(to));
    node.engine = same_bytes(graph_, root, from, to) ? Engine::Host : Engine::AiCore;
    if (node.engine == Engine::Host) return node;
    const LowerRule* rule = find_lower_rule(node.op);
    auto why = rule ? rule->reject(graph_, node, context_.soc)
                    : std::optional<std::string>("there is no AI-core implementation of TransData");
    if (!why) return node;
    context_.missed(node, *why);
    node.engine = Engine::AiCpu;
    return node;
  }

  // Outputs of the graph are ND and keep their names.
  void connect_output(size_t i) {
    const ValueId output = graph_.outputs[i];
    const ValueId root = behind_trans_data(graph_, output);
    if (graph_.is_constant(output)) return;
    const ValueId wanted = in_format(root, Format::ND, kNone);
    if (wanted == output) return;
    if (root == output) {
      const std::string name = graph_.value(output).name;
      graph_.value(root).name = names_.unique(fmt::format("{}_{}", name, to_string(natural(root))));
      graph_.value(wanted).name = name;
      graph_.node(graph_.value(wanted).producer).name = "trans_" + name;
    } else {
      swap_names(graph_, output, wanted);
    }
    std::ranges::replace(graph_.outputs, output, wanted);
  }

  Graph& graph_;
  const FormatPlan& plan_;
  PassContext& context_;
  Names names_;
  std::map<std::pair<ValueId, Format>, ValueId> copies_;
};

}  // namespace

Layout wish_of(const Graph& graph, const Node& node) {
  const LowerRule* rule = node.engine == Engine::AiCore ? find_lower_rule(node.op) : nullptr;
  if (rule && rule->family == Family::Aipp) return Layout::Blocks;
  if (!rule || !can_be_blocked(graph, node)) return Layout::Plain;
  return rule->layout(graph, node);
}

ValueId behind_trans_data(const Graph& graph, ValueId id) {
  while (graph.value(id).producer != kNone && is_trans_data(graph.node(graph.value(id).producer)))
    id = graph.node(graph.value(id).producer).inputs[0];
  return id;
}

Format natural_format(const Graph& graph, const FormatPlan& plan, ValueId id) {
  const NodeId producer = graph.value(id).producer;
  return producer == kNone ? Format::ND : plan[static_cast<size_t>(producer)];
}

FormatPlan current_plan(const Graph& graph) {
  FormatPlan plan(graph.node_capacity(), Format::ND);
  for (NodeId id : graph.order())
    for (ValueId output : graph.node(id).outputs)
      if (output != kNone) plan[static_cast<size_t>(id)] = graph.value(output).format;
  return plan;
}

bool same_bytes(const Graph& graph, ValueId id, Format from, Format to) {
  const auto shape = shape_of(graph, id);
  if (!shape || shape->size() != 4 || (*shape)[2] * (*shape)[3] != 1) return false;
  const bool whole = (*shape)[1] % c0_of(graph.value(id).type.dtype) == 0;
  if (from == Format::ND && to == Format::NC1HWC0) return whole;
  // One image's channels are a prefix of the padded ones.
  if (from == Format::NC1HWC0 && to == Format::ND) return whole || (*shape)[0] == 1;
  return false;
}

Status apply_plan(Graph& graph, const FormatPlan& plan, PassContext& context) {
  return Planner(graph, plan, context).run();
}

}  // namespace npu::pass
