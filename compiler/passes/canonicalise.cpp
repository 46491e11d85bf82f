// SPDX-License-Identifier: Apache-2.0
// Needs: static types, opset 18 forms. Guarantees: no CastLike, Constant, Identity, Dropout, Flatten, Squeeze, Unsqueeze,
// Sum or Upsample nodes (an Identity that connects an input of the graph to an output stays); Max and Min have two inputs;
// Reshape has a constant full shape; pads are explicit; Gemm multiplies [M,K] by a constant [K,N] where it can.
// Folding and fusing passes match these spellings only.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/canonical.h"

namespace npu::pass {
namespace {

Rewritten constant_node(Canonical& c, NodeId id) {
  const Node& node = c.graph.node(id);
  const Attr* attr = node.find_attr("value");
  const Tensor* tensor = attr ? std::get_if<Tensor>(attr) : nullptr;
  if (!tensor) return Rewritten::No;
  Value& value = c.graph.value(node.outputs[0]);
  value.constant = *tensor;
  value.type = TensorType::of(tensor->dtype(), tensor->shape());
  c.graph.erase(id);
  return Rewritten::Yes;
}

Rewritten remove_copy(Canonical& c, NodeId id) {
  const Node& node = c.graph.node(id);
  const bool mask_read = node.outputs.size() > 1 && node.outputs[1] != kNone &&
                         (!c.graph.consumers(node.outputs[1]).empty() || c.graph.is_output(node.outputs[1]));
  if (mask_read) return Rewritten::No;
  if (bypass(c.graph, id, node.inputs[0])) return Rewritten::Yes;
  if (node.op == "Identity") return Rewritten::No;
  Node copy = make_node("Identity", node.name, {node.inputs[0]}, {node.outputs[0]}, node.origin);
  c.graph.node(id) = std::move(copy);
  return Rewritten::Yes;
}

// Training mode (a constant true third input) draws random numbers, unless it drops none: not removed here, infer rejects it later.
Rewritten remove_dropout(Canonical& c, NodeId id) {
  const Node& node = c.graph.node(id);
  const ValueId training = input_of(node, 2);
  if (training != kNone) {
    const Tensor *flag = constant_of(c.graph, node, 2), *ratio = constant_of(c.graph, node, 1);
    const bool keeps_all = ratio && ratio->to_doubles() == std::vector<double>{0};
    if (!keeps_all && (!flag || flag->to_ints() != std::vector<int64_t>{0})) return Rewritten::No;
  }
  return remove_copy(c, id);
}

// a op b op c ... as a chain of nodes with two inputs; a single input is a copy.
Rewritten to_binary(Canonical& c, NodeId id, std::string_view op) {
  Graph& graph = c.graph;
  const std::vector<ValueId> inputs = graph.node(id).inputs;
  if (inputs.size() == 1) {
    graph.node(id).op = "Identity";
    remove_copy(c, id);
    return Rewritten::Yes;
  }
  if (inputs.size() == 2 && graph.node(id).op == op) return Rewritten::No;
  ValueId sum = inputs[0];
  for (size_t i = 1; i + 1 < inputs.size(); ++i) {
    const Node& node = graph.node(id);
    const std::string name = fmt::format("{}_{}", node.name, i);
    const ValueId partial = graph.add_value(c.names.unique(name), graph.value(node.outputs[0]).type);
    graph.insert_before(id, make_node(std::string(op), name, {sum, inputs[i]}, {partial}, node.origin));
    sum = partial;
  }
  graph.node(id).op = op;
  graph.node(id).inputs = {sum, inputs.back()};
  return Rewritten::Yes;
}

Rewritten sum_to_add(Canonical& c, NodeId id) {
  return to_binary(c, id, "Add");
}
Rewritten binary_max(Canonical& c, NodeId id) {
  return to_binary(c, id, "Max");
}
Rewritten binary_min(Canonical& c, NodeId id) {
  return to_binary(c, id, "Min");
}

// Clip with a minimum of 0 and no maximum is Relu; without either it is a copy.
Rewritten simplify_clip(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  if (input_of(node, 2) != kNone) return Rewritten::No;
  if (input_of(node, 1) == kNone) {
    node.op = "Identity";
    node.inputs.resize(1);
    remove_copy(c, id);
    return Rewritten::Yes;
  }
  const Tensor* low = constant_of(c.graph, node, 1);
  if (!low || low->elements() != 1 || low->to_doubles()[0] != 0 || !is_float(low->dtype())) return Rewritten::No;
  node.op = "Relu";
  node.inputs.resize(1);
  return Rewritten::Yes;
}

// x^2 = x*x and x^0.5 = sqrt(x): one instruction each, where a general power needs a logarithm.
Rewritten simplify_pow(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  const Tensor* exponent = constant_of(c.graph, node, 1);
  if (!exponent || exponent->elements() != 1 || !is_float(c.graph.value(node.inputs[0]).type.dtype))
    return Rewritten::No;
  if (c.graph.value(node.inputs[0]).type != c.graph.value(node.outputs[0]).type) return Rewritten::No;
  const double power = exponent->to_doubles()[0];
  if (power == 2) {
    node.op = "Mul";
    node.inputs = {node.inputs[0], node.inputs[0]};
  } else if (power == 0.5) {
    node.op = "Sqrt";
    node.inputs.resize(1);
  } else {
    return Rewritten::No;
  }
  return Rewritten::Yes;
}

// The type of the second input as an attribute: its values are not read.
Rewritten cast_like_to_cast(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  const DType to = c.graph.value(node.inputs[1]).type.dtype;
  if (to == DType::Undefined) return Rewritten::No;
  node.op = "Cast";
  node.inputs.resize(1);
  node.attrs["to"] = static_cast<int64_t>(dtype_info(to).onnx);
  return Rewritten::Yes;
}

Rewritten pool_forms(Canonical& c, NodeId id) {
  const Rewritten padded = spell_auto_pad(c, id);
  const Rewritten global = global_average_pool(c, id);
  return padded == Rewritten::Yes ? padded : global;
}

struct Row {
  std::string_view op;
  CanonicalRule rule;
};

constexpr Row kRows[] = {
    {"AveragePool", pool_forms},
    {"CastLike", cast_like_to_cast},
    {"Clip", simplify_clip},
    {"Constant", constant_node},
    {"Conv", spell_auto_pad},
    {"Dropout", remove_dropout},
    {"Flatten", to_reshape},
    {"Gemm", normalise_gemm},
    {"Identity", remove_copy},
    {"Max", binary_max},
    {"MaxPool", spell_auto_pad},
    {"Min", binary_min},
    {"Pow", simplify_pow},
    {"ReduceMax", reduce_to_global_pool},
    {"ReduceMean", reduce_to_global_pool},
    {"Reshape", to_reshape},
    {"Squeeze", to_reshape},
    {"Sum", sum_to_add},
    {"Transpose", spell_transpose},
    {"Unsqueeze", to_reshape},
};

}  // namespace

Status canonicalise(Graph& graph, PassContext& context) {
  Canonical canonical{graph, Names(graph)};
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto* row = std::ranges::find(kRows, std::string_view(graph.node(id).op), &Row::op);
    if (row != std::end(kRows) && row->rule(canonical, id) == Rewritten::Yes) context.count_rewrite();
  }
  graph.erase_dead();
  return {};
}

}  // namespace npu::pass
