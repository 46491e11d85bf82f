// SPDX-License-Identifier: Apache-2.0
// Needs: nothing. Guarantees: the type of every value in use is static. Everything after it relies on that.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

std::string input_names(const Graph& graph) {
  std::vector<std::string> names;
  for (ValueId id : graph.inputs) names.push_back(graph.value(id).name);
  return fmt::format("{}", fmt::join(names, ", "));
}

Status fix_input(Graph& graph, const std::string& name, const Shape& shape) {
  const auto found = std::ranges::find_if(graph.inputs, [&](ValueId id) { return graph.value(id).name == name; });
  if (found == graph.inputs.end())
    return fail(ErrorKind::InvalidArgument, "--input_shape",
                fmt::format("the model has no input '{}'; its inputs are: {}", name, input_names(graph)));
  TensorType& type = graph.value(*found).type;
  const std::string where = fmt::format("--input_shape of '{}'", name);
  for (int64_t dim : shape)
    if (dim < 1)
      return fail(ErrorKind::InvalidArgument, where, fmt::format("dimension {} in {}", dim, to_string(shape)));
  if (type.has_rank && type.dims.size() != shape.size())
    return fail(ErrorKind::InvalidArgument, where,
                fmt::format("{} has {} dimensions, the model's {} has {}", to_string(shape), shape.size(),
                            to_string(type.dims), type.dims.size()));
  for (size_t i = 0; type.has_rank && i < shape.size(); ++i)
    if (type.dims[i].known() && type.dims[i].value() != shape[i])
      return fail(ErrorKind::InvalidArgument, where,
                  fmt::format("dimension {} is {}, the model fixes it to {}", i, shape[i], type.dims[i].value()));
  type = TensorType::of(type.dtype, shape);
  return {};
}

Status require_static_input(const Value& value) {
  if (value.type.is_static()) return {};
  if (!value.type.is_tensor())
    return fail(ErrorKind::UnsupportedModel, "input '" + value.name + "'", to_string(value.type) + ": compiled models take tensors only");
  if (!value.type.has_rank)
    return fail(ErrorKind::InvalidArgument, "input '" + value.name + "'",
                fmt::format("its shape is not known; give it with --input_shape=\"{}:<dimensions>\"", value.name));
  std::vector<int64_t> example;
  for (const Dim& dim : value.type.dims) example.push_back(dim.known() ? dim.value() : 1);
  return fail(ErrorKind::InvalidArgument, "input '" + value.name + "'",
              fmt::format("its shape {} is not fixed; give it with --input_shape, for example --input_shape=\"{}:{}\"",
                          to_string(value.type.dims), value.name, fmt::join(example, ",")));
}

size_t count_static(const Graph& graph) {
  size_t count = 0;
  for (NodeId id : graph.order())
    for (ValueId output : graph.node(id).outputs) count += output != kNone && graph.value(output).type.is_static();
  return count;
}

}  // namespace

Status infer_shapes(Graph& graph, PassContext& context) {
  for (const auto& [name, shape] : context.options.input_shapes) NPU_CHECK(fix_input(graph, name, shape));
  for (ValueId id : graph.inputs) NPU_CHECK(require_static_input(graph.value(id)));
  const size_t before = count_static(graph);
  NPU_CHECK(npu::infer_shapes(graph));
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (ValueId output : node.outputs)
      if (output != kNone && !graph.value(output).type.is_tensor())
        return fail(ErrorKind::UnsupportedModel, node.op + " '" + node.name + "'",
                    fmt::format("'{}' is {}: compiled models hold tensors only", graph.value(output).name, to_string(graph.value(output).type)));
      else if (output != kNone && !graph.value(output).type.is_static())
        return fail(ErrorKind::UnsupportedModel, node.op + " '" + node.name + "'",
                    fmt::format("the shape of '{}' depends on data: {}", graph.value(output).name,
                                to_string(graph.value(output).type)));
  }
  context.count_rewrite(static_cast<int64_t>(count_static(graph) - before));
  return {};
}

}  // namespace npu::pass
