// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "compiler/passes/canonical.h"

namespace npu::pass {

Rewritten to_reshape(Canonical& c, NodeId id) {
  Graph& graph = c.graph;
  const Node& node = graph.node(id);
  const auto shape = shape_of(graph, node.outputs[0]);
  if (!shape) return Rewritten::No;
  const bool zero = std::ranges::count(*shape, 0) > 0;
  const Tensor* asked = constant_of(graph, node, 1);
  if (node.op == "Reshape" && asked && asked->to_ints() == *shape && node.attrs.contains("allowzero") == zero)
    return Rewritten::No;
  const std::string name = c.names.unique(node.name + "_shape");
  const ValueId dims = graph.add_constant(name, ints_tensor(*shape));
  Node& changed = graph.node(id);
  changed.op = "Reshape";
  changed.inputs = {changed.inputs[0], dims};
  changed.attrs.clear();
  if (zero) changed.attrs["allowzero"] = int64_t{1};
  return Rewritten::Yes;
}

Rewritten spell_transpose(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  if (node.find_attr("perm")) return Rewritten::No;
  std::vector<int64_t> perm(c.graph.value(node.inputs[0]).type.dims.size());
  std::iota(perm.rbegin(), perm.rend(), 0);
  node.attrs["perm"] = perm;
  return Rewritten::Yes;
}

namespace {

// The kernel: an attribute, or the spatial dimensions of the weights.
std::vector<int64_t> kernel_of(const Graph& graph, const Node& node) {
  if (node.find_attr("kernel_shape") || node.op != "Conv") return node.ints_attr("kernel_shape");
  const Shape weights = shape_of(graph, node.inputs[1]).value_or(Shape{});
  return weights.size() < 2 ? Shape{} : Shape(weights.begin() + 2, weights.end());
}

}  // namespace

// SAME: as many pads as make the output ceil(input / stride), the odd one at the end (upper) or begin (lower).
Rewritten spell_auto_pad(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  if (!node.find_attr("auto_pad")) return Rewritten::No;
  const std::string mode = node.string_attr("auto_pad", "NOTSET");
  const auto in = shape_of(c.graph, node.inputs[0]);
  const auto out = shape_of(c.graph, node.outputs[0]);
  const std::vector<int64_t> kernel = kernel_of(c.graph, node);
  if (!in || !out || in->size() != kernel.size() + 2) return Rewritten::No;
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    const size_t n = kernel.size();
    const std::vector<int64_t> strides = node.ints_attr("strides", std::vector<int64_t>(n, 1));
    const std::vector<int64_t> dilations = node.ints_attr("dilations", std::vector<int64_t>(n, 1));
    if (strides.size() != n || dilations.size() != n) return Rewritten::No;
    std::vector<int64_t> pads(2 * n);
    for (size_t i = 0; i < n; ++i) {
      const int64_t reach = ((*out)[i + 2] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1;
      const int64_t total = std::max<int64_t>(0, reach - (*in)[i + 2]);
      const int64_t small = total / 2;
      pads[i] = mode == "SAME_UPPER" ? small : total - small;
      pads[i + n] = total - pads[i];
    }
    node.attrs["pads"] = pads;
    // With SAME the size is rounded up by the pads themselves.
    node.attrs.erase("ceil_mode");
  } else if (mode == "VALID") {
    node.attrs.erase("pads");
  }
  node.attrs.erase("auto_pad");
  return Rewritten::Yes;
}

Rewritten global_average_pool(Canonical& c, NodeId id) {
  Node& node = c.graph.node(id);
  const auto in = shape_of(c.graph, node.inputs[0]);
  const auto out = shape_of(c.graph, node.outputs[0]);
  if (!in || !out || in->size() != 4 || (*out)[2] != 1 || (*out)[3] != 1) return Rewritten::No;
  const auto kernel = node.ints_attr("kernel_shape");
  const auto pads = node.ints_attr("pads");
  const auto dilations = node.ints_attr("dilations");
  const bool whole = kernel == std::vector<int64_t>(in->begin() + 2, in->end());
  const bool unpadded = std::ranges::all_of(pads, [](int64_t p) { return p == 0; });
  const bool dense = std::ranges::all_of(dilations, [](int64_t d) { return d == 1; });
  if (!whole || !unpadded || !dense) return Rewritten::No;
  node.op = "GlobalAveragePool";
  node.attrs.clear();
  return Rewritten::Yes;
}

Rewritten reduce_to_global_pool(Canonical& c, NodeId id) {
  Graph& graph = c.graph;
  const Node& node = graph.node(id);
  const auto shape = shape_of(graph, node.inputs[0]);
  const Tensor* list = constant_of(graph, node, 1);
  if (!shape || shape->size() != 4 || !list || !is_float(graph.value(node.inputs[0]).type.dtype)) return Rewritten::No;
  if (normalise_axes(list->to_ints(), 4) != std::vector<int64_t>{2, 3}) return Rewritten::No;
  const bool keep = node.int_attr("keepdims", 1) != 0;
  Node& pool = graph.node(id);
  pool.op = pool.op == "ReduceMean" ? "GlobalAveragePool" : "GlobalMaxPool";
  pool.inputs.resize(1);
  pool.attrs.clear();
  if (keep) return Rewritten::Yes;
  const ValueId result = pool.outputs[0];
  const ValueId dims =
      graph.add_constant(c.names.unique(pool.name + "_shape"), ints_tensor({(*shape)[0], (*shape)[1]}));
  const ValueId pooled =
      graph.add_value(c.names.unique(pool.name + "_pooled"),
                      TensorType::of(graph.value(result).type.dtype, Shape{(*shape)[0], (*shape)[1], 1, 1}));
  Node& moved = graph.node(id);
  moved.outputs[0] = pooled;
  graph.value(pooled).producer = id;
  graph.insert_after(id, make_node("Reshape", moved.name + "_flatten", {pooled, dims}, {result}, moved.origin));
  return Rewritten::Yes;
}

}  // namespace npu::pass
