// SPDX-License-Identifier: Apache-2.0
// Needs: static types. Guarantees: graph.opset >= 18, and every node is written in that version's form: parameters
// that later versions moved from attributes to inputs (axes, pads, starts, min, max ...) are inputs.
#include <algorithm>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

constexpr int kTarget = 18;

struct Raise {
  Graph& graph;
  Names names;

  ValueId constant(const Node& node, std::string_view what, Tensor tensor) {
    return graph.add_constant(names.unique(fmt::format("{}_{}", node.name.empty() ? node.op : node.name, what)),
                              std::move(tensor));
  }

  void set_input(NodeId id, size_t index, ValueId value) {
    auto& inputs = graph.node(id).inputs;
    if (inputs.size() <= index) inputs.resize(index + 1, kNone);
    inputs[index] = value;
  }

  // Moves an integer-list attribute to an input.
  void ints_to_input(NodeId id, std::string_view attr, size_t index) {
    Node& node = graph.node(id);
    if (!node.find_attr(attr)) return;
    const ValueId value = constant(node, attr, ints_tensor(node.ints_attr(attr)));
    set_input(id, index, value);
    graph.node(id).attrs.erase(graph.node(id).attrs.find(attr));
  }

  // Moves a float attribute to a scalar input of the type of input 0.
  void float_to_input(NodeId id, std::string_view attr, size_t index) {
    Node& node = graph.node(id);
    if (!node.find_attr(attr)) return;
    const float scalar = node.float_attr(attr, 0);
    const DType dtype = graph.value(node.inputs[0]).type.dtype;
    const ValueId value = constant(node, attr, Tensor::from<float>(DType::Float32, {}, {&scalar, 1}).cast(dtype));
    set_input(id, index, value);
    graph.node(id).attrs.erase(graph.node(id).attrs.find(attr));
  }
};

Status raise_axes(Raise& raise, NodeId id) {
  raise.ints_to_input(id, "axes", 1);
  return {};
}

Status raise_clip(Raise& raise, NodeId id) {
  raise.float_to_input(id, "min", 1);
  raise.float_to_input(id, "max", 2);
  return {};
}

Status raise_dropout(Raise& raise, NodeId id) {
  raise.graph.node(id).attrs.erase("ratio");
  return {};
}

Status raise_pad(Raise& raise, NodeId id) {
  raise.ints_to_input(id, "pads", 1);
  raise.float_to_input(id, "value", 2);
  return {};
}

Status raise_slice(Raise& raise, NodeId id) {
  raise.ints_to_input(id, "starts", 1);
  raise.ints_to_input(id, "ends", 2);
  raise.ints_to_input(id, "axes", 3);
  return {};
}

// Since 18 a Split without sizes must say how many parts: the sizes are known by now, and say it best.
Status raise_split(Raise& raise, NodeId id) {
  raise.ints_to_input(id, "split", 1);
  const Node& node = raise.graph.node(id);
  if (input_of(node, 1) != kNone) return {};
  const auto rank = static_cast<int64_t>(raise.graph.value(node.inputs[0]).type.dims.size());
  const auto axis = normalise_axes({node.int_attr("axis", 0)}, rank);
  if (!axis)
    return fail(ErrorKind::InvalidModel, "Split '" + node.name + "'",
                fmt::format("axis {} of rank {}", node.int_attr("axis", 0), rank));
  std::vector<int64_t> sizes;
  for (ValueId output : node.outputs) {
    if (output == kNone) return {};
    sizes.push_back(raise.graph.value(output).type.dims[static_cast<size_t>(axis->front())].value());
  }
  raise.set_input(id, 1, raise.constant(node, "split", ints_tensor(sizes)));
  return {};
}

Status raise_batch_norm(Raise& raise, NodeId id) {
  raise.graph.node(id).attrs.erase("spatial");
  return {};
}

// Before 13 the input was seen as a matrix, cut before `axis`, and whole rows were normalised.
Status raise_softmax(Raise& raise, NodeId id) {
  Graph& graph = raise.graph;
  const auto shape = *shape_of(graph, graph.node(id).inputs[0]);
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t asked = graph.node(id).int_attr("axis", 1);
  const int64_t axis = asked < 0 ? asked + rank : asked;
  if (axis < 0 || axis > rank)
    return fail(ErrorKind::InvalidModel, graph.node(id).op + " '" + graph.node(id).name + "'",
                fmt::format("axis {} of rank {}", asked, rank));
  const int64_t rows = element_count({shape.begin(), shape.begin() + axis});
  const int64_t columns = element_count({shape.begin() + axis, shape.end()});
  if (axis < rank && columns == shape[static_cast<size_t>(axis)]) {
    graph.node(id).attrs["axis"] = axis;
    return {};
  }
  const DType dtype = graph.value(graph.node(id).inputs[0]).type.dtype;
  const std::string base = graph.node(id).name;
  const auto reshape = [&](ValueId from, ValueId to, const Shape& target, const char* suffix) {
    const ValueId dims = raise.constant(graph.node(id), std::string("shape") + suffix, ints_tensor(target));
    return make_node("Reshape", base + suffix, {from, dims}, {to}, graph.node(id).origin);
  };
  const ValueId flat = graph.add_value(raise.names.unique(base + "_rows"), TensorType::of(dtype, Shape{rows, columns}));
  const ValueId normal =
      graph.add_value(raise.names.unique(base + "_normalised"), TensorType::of(dtype, Shape{rows, columns}));
  graph.insert_before(id, reshape(graph.node(id).inputs[0], flat, {rows, columns}, "_flatten"));
  Node back = reshape(normal, graph.node(id).outputs[0], shape, "_restore");
  graph.node(id).inputs[0] = flat;
  graph.node(id).outputs[0] = normal;
  graph.value(normal).producer = id;
  graph.node(id).attrs["axis"] = int64_t{1};
  graph.insert_after(id, std::move(back));
  return {};
}

// Upsample, and Resize before 11: output pixel x reads floor(x / scale), which Resize now calls asymmetric and floor.
Status raise_resize(Raise& raise, NodeId id) {
  Node& node = raise.graph.node(id);
  ValueId scales = input_of(node, 1);
  if (scales == kNone) {
    const std::vector<float> factors = node.floats_attr("scales");
    scales = raise.constant(node, "scales",
                            Tensor::from<float>(DType::Float32, {static_cast<int64_t>(factors.size())}, factors));
  }
  Node& raised = raise.graph.node(id);
  raised.op = "Resize";
  raised.inputs = {raised.inputs[0], kNone, scales};
  raised.attrs.erase("scales");
  raised.attrs["coordinate_transformation_mode"] = std::string("asymmetric");
  raised.attrs["nearest_mode"] = std::string("floor");
  if (!raised.find_attr("mode")) raised.attrs["mode"] = std::string("nearest");
  return {};
}

// Before 16 regions were not moved by half an element.
Status raise_roi_align(Raise& raise, NodeId id) {
  raise.graph.node(id).attrs["coordinate_transformation_mode"] = std::string("output_half_pixel");
  return {};
}

struct Rule {
  std::string_view op;
  int until;  // applies to models of an opset below this
  Status (*raise)(Raise&, NodeId);
};

constexpr Rule kRules[] = {
    {"BatchNormalization", 9, raise_batch_norm},
    {"Clip", 11, raise_clip},
    {"Dropout", 12, raise_dropout},
    {"Hardmax", 13, raise_softmax},
    {"LogSoftmax", 13, raise_softmax},
    {"Pad", 11, raise_pad},
    {"ReduceL1", 18, raise_axes},
    {"ReduceL2", 18, raise_axes},
    {"ReduceLogSum", 18, raise_axes},
    {"ReduceLogSumExp", 18, raise_axes},
    {"ReduceMax", 18, raise_axes},
    {"ReduceMean", 18, raise_axes},
    {"ReduceMin", 18, raise_axes},
    {"ReduceProd", 18, raise_axes},
    {"ReduceSum", 13, raise_axes},
    {"ReduceSumSquare", 18, raise_axes},
    {"Resize", 11, raise_resize},
    {"RoiAlign", 16, raise_roi_align},
    {"Slice", 10, raise_slice},
    {"Softmax", 13, raise_softmax},
    {"Split", 18, raise_split},
    {"Squeeze", 13, raise_axes},
    {"Unsqueeze", 13, raise_axes},
    {"Upsample", 100, raise_resize},
};

}  // namespace

Status raise_opset(Graph& graph, PassContext& context) {
  Raise raise{graph, Names(graph)};
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    const auto* rule = std::ranges::find(kRules, std::string_view(graph.node(id).op), &Rule::op);
    if (rule == std::end(kRules) || graph.opset >= rule->until) continue;
    NPU_CHECK(rule->raise(raise, id));
    context.count_rewrite();
  }
  graph.opset = std::max(graph.opset, kTarget);
  return {};
}

}  // namespace npu::pass
