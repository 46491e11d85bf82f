// SPDX-License-Identifier: Apache-2.0
// Needs: canonical Gemm. Guarantees: no BatchNormalization with constant statistics is left: folded into the layer
// before it, else written as Mul and Add. Must run before assign-precision: the products are formed in double from
// float32 and rounded once.
#include <cmath>

#include <fmt/format.h>

#include "compiler/passes/affine.h"

namespace npu::pass {
namespace {

// y = gamma * (x - mean) / sqrt(var + epsilon) + beta
std::optional<Affine> affine_of(const Graph& graph, const Node& node) {
  std::vector<double> parameters[4];
  for (size_t i = 0; i < 4; ++i) {
    const Tensor* tensor = constant_of(graph, node, i + 1);
    if (!tensor) return std::nullopt;
    parameters[i] = tensor->to_doubles();
  }
  const auto& [gamma, beta, mean, variance] = parameters;
  const size_t channels = gamma.size();
  if (beta.size() != channels || mean.size() != channels || variance.size() != channels) return std::nullopt;
  const double epsilon = node.float_attr("epsilon", 1e-5f);
  Affine affine{std::vector<double>(channels), std::vector<double>(channels)};
  for (size_t c = 0; c < channels; ++c) {
    affine.scale[c] = gamma[c] / std::sqrt(variance[c] + epsilon);
    affine.shift[c] = beta[c] - mean[c] * affine.scale[c];
  }
  return affine;
}

// [1, C, 1, ...] of the dtype of x
Tensor channel_tensor(const std::vector<double>& values, size_t rank, DType dtype) {
  Shape shape(rank, 1);
  if (rank > 1) shape[1] = static_cast<int64_t>(values.size());
  return Tensor::from<double>(DType::Float64, shape, values).cast(dtype);
}

void write_as_mul_add(Graph& graph, NodeId id, const Affine& affine, Names& names) {
  const Node& node = graph.node(id);
  const TensorType type = graph.value(node.inputs[0]).type;
  const std::string name = node.name;
  const ValueId scale =
      graph.add_constant(names.unique(name + "_scale"), channel_tensor(affine.scale, type.dims.size(), type.dtype));
  const ValueId shift =
      graph.add_constant(names.unique(name + "_shift"), channel_tensor(affine.shift, type.dims.size(), type.dtype));
  const ValueId scaled = graph.add_value(names.unique(name + "_scaled"), type);
  Node mul = make_node("Mul", name + "_mul", {graph.node(id).inputs[0], scale}, {scaled}, graph.node(id).origin);
  Node& add = graph.node(id);
  add.op = "Add";
  add.inputs = {scaled, shift};
  add.outputs.resize(1);
  add.attrs.clear();
  graph.insert_before(id, std::move(mul));
}

}  // namespace

Status fold_batch_norm(Graph& graph, PassContext& context) {
  Names names(graph);
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const Node& norm = graph.node(id);
    if (!is_op(norm, "BatchNormalization")) continue;
    const auto affine = affine_of(graph, norm);
    if (!affine || norm.int_attr("training_mode", 0) != 0 || graph.value(norm.inputs[0]).type.dims.size() < 2) {
      context.missed(norm, "its statistics are not constant");
      continue;
    }
    const NodeId layer = graph.value(norm.inputs[0]).producer;
    std::string why = "no convolution or matrix product before it";
    if (layer != kNone && is_linear(graph.node(layer)))
      why = graph.single_consumer(norm.inputs[0]) == id ? reject_affine(graph, graph.node(layer))
                                                        : "the layer before is read by others too";
    if (why.empty()) {
      apply_affine(graph, layer, *affine, names);
      absorb_origin(graph.node(layer), graph.node(id));
      bypass(graph, id, graph.node(layer).outputs[0]);
    } else {
      context.missed(norm, why + ": becomes Mul and Add");
      write_as_mul_add(graph, id, *affine, names);
    }
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
