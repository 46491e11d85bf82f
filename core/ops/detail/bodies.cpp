// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"

namespace npu::detail {

Result<std::vector<TensorType>> infer_body(const InferContext& ctx, const Graph& body, std::span<const TensorType> inputs) {
  if (body.inputs.size() != inputs.size())
    return ctx.error(fmt::format("the sub-graph '{}' has {} inputs, {} are given", body.name, body.inputs.size(), inputs.size()));
  Graph graph = body;
  graph.opset = ctx.opset();
  for (size_t i = 0; i < inputs.size(); ++i) {
    TensorType& type = graph.value(graph.inputs[i]).type;
    if (type.dtype != DType::Undefined && (type.dtype != inputs[i].dtype || type.kind != inputs[i].kind) && type.is_tensor() && inputs[i].is_tensor())
      return ctx.error(fmt::format("input {} of the sub-graph '{}' is {}, {} is given", i, body.name, to_string(type), to_string(inputs[i])));
    type = inputs[i];
  }
  NPU_CHECK(infer_shapes(graph));
  std::vector<TensorType> types;
  for (const ValueId id : graph.outputs) types.push_back(graph.value(id).type);
  return types;
}

DatumsResult run_body(const DatumContext& ctx, const Graph& body, std::span<const Datum> inputs) {
  if (body.inputs.size() != inputs.size())
    return ctx.error(fmt::format("the sub-graph '{}' has {} inputs, {} are given", body.name, body.inputs.size(), inputs.size()));
  auto results = run_graph(body, inputs);
  if (!results) return fail(results.error().kind, ctx.where() + ": " + results.error().where, results.error().what);
  return results;
}

std::vector<TensorType> captured_types(const InferContext& ctx, const Graph& body) {
  std::vector<TensorType> types;
  for (size_t i = ctx.input_count() - body.captures; i < ctx.input_count(); ++i) types.push_back(ctx.input(i));
  return types;
}

std::vector<Datum> captured_values(const DatumContext& ctx, const Graph& body) {
  std::vector<Datum> values;
  for (size_t i = ctx.input_count() - body.captures; i < ctx.input_count(); ++i) values.push_back(ctx.input(i));
  return values;
}

std::optional<TensorType> common_type(const TensorType& a, const TensorType& b) {
  if (a.dtype != b.dtype || a.kind != b.kind) return std::nullopt;
  TensorType type = a;
  if (!a.has_rank || !b.has_rank || a.dims.size() != b.dims.size()) {
    type.has_rank = false;
    type.dims.clear();
    return type;
  }
  for (size_t i = 0; i < type.dims.size(); ++i)
    if (!(a.dims[i] == b.dims[i])) type.dims[i] = Dim();
  return type;
}

}  // namespace npu::detail
