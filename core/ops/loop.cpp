// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"
#include "core/ops/detail/collect.h"
#include "core/ops/detail/sequence.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// Inputs: the number of iterations, the condition, the values carried along; then what the body captures.
constexpr AttrDef kAttrs[] = {{"body", AttrKind::Graph, "required"}};

// More than anything that is meant seriously; a body that never ends must.
constexpr int64_t kMaxIterations = int64_t{1} << 20;

struct Layout {
  size_t carried, scanned;
};

template <class Context>
Result<Layout> layout_of(const Context& ctx, const Graph& body) {
  const size_t given = ctx.input_count() - std::min(ctx.input_count(), body.captures);
  if (given < 2 || body.inputs.size() != given + body.captures || body.outputs.size() < given - 1)
    return ctx.error(fmt::format("{} inputs for a body of {} inputs and {} outputs", given, body.inputs.size() - body.captures, body.outputs.size()));
  const Layout layout{given - 2, body.outputs.size() - (given - 1)};
  if (ctx.output_count() > layout.carried + layout.scanned)
    return ctx.error(fmt::format("has {} outputs, the body makes {}", ctx.output_count(), layout.carried + layout.scanned));
  return layout;
}

// What is carried keeps its kind and element type; its shape may change from one iteration to the next.
TypesResult infer(const InferContext& ctx) {
  const Graph& body = *ctx.node().graph_attr("body");
  NPU_TRY(const Layout layout, layout_of(ctx, body));
  if (ctx.has_input(0)) NPU_CHECK(require_index_type(ctx, 0));
  if (ctx.has_input(1) && ctx.input(1).dtype != DType::Bool) return ctx.error(fmt::format("the condition is {}, needs bool", to_string(ctx.input(1))));
  std::vector<TensorType> inputs{TensorType::of(DType::Int64, npu::Shape{}), TensorType::of(DType::Bool, npu::Shape{})};
  for (size_t i = 0; i < layout.carried; ++i) {
    if (!ctx.has_input(i + 2)) return ctx.error(fmt::format("input {} is missing", i + 2));
    inputs.push_back(ctx.input(i + 2));
  }
  const auto captured = captured_types(ctx, body);
  inputs.insert(inputs.end(), captured.begin(), captured.end());
  std::vector<TensorType> outputs;
  for (bool stable = false; !stable;) {
    NPU_TRY(outputs, infer_body(ctx, body, inputs));
    stable = true;
    for (size_t i = 0; i < layout.carried; ++i) {
      const TensorType& before = inputs[i + 2];
      auto common = common_type(before, outputs[i + 1]);
      const bool becomes_optional = outputs[i + 1].dtype == before.dtype && (before.kind == ValueKind::OptionalTensor || before.kind == ValueKind::OptionalSequence);
      if (!common && becomes_optional) common = before;  // an optional may be filled on the way
      if (!common) return ctx.error(fmt::format("value {} is carried in as {} and out as {}", i, to_string(before), to_string(outputs[i + 1])));
      if (!(*common == before)) stable = false;
      inputs[i + 2] = *common;
    }
  }
  std::vector<TensorType> types(inputs.begin() + 2, inputs.begin() + 2 + static_cast<std::ptrdiff_t>(layout.carried));
  for (size_t i = 0; i < layout.scanned; ++i) {
    TensorType type = outputs[1 + layout.carried + i];
    if (!type.is_tensor()) return ctx.error(fmt::format("output {} of the body is {}, only tensors are collected", 1 + layout.carried + i, to_string(type)));
    if (type.has_rank) type.dims.insert(type.dims.begin(), Dim());
    types.push_back(std::move(type));
  }
  return types;
}

bool is_true(const Datum& datum) { return datum.is_tensor() && datum.tensor().elements() > 0 && datum.tensor().to_ints()[0] != 0; }

DatumsResult evaluate(const DatumContext& ctx) {
  const Graph& body = *ctx.node().graph_attr("body");
  NPU_TRY(const Layout layout, layout_of(ctx, body));
  int64_t limit = kMaxIterations;
  if (ctx.has_input(0)) {
    const auto given = ctx.input(0).tensor().to_ints();
    if (given.size() != 1) return ctx.error(fmt::format("the number of iterations has {} values", given.size()));
    limit = given[0];
  }
  bool condition = !ctx.has_input(1) || is_true(ctx.input(1));
  std::vector<Datum> carried;
  for (size_t i = 0; i < layout.carried; ++i) carried.push_back(ctx.input(i + 2));
  std::vector<std::vector<Tensor>> scanned(layout.scanned);
  const auto captured = captured_values(ctx, body);
  for (int64_t iteration = 0; iteration < limit && condition; ++iteration) {
    if (iteration == kMaxIterations) return ctx.error(fmt::format("does not end after {} iterations", kMaxIterations));
    Tensor flag(DType::Bool, {});
    flag.mutable_data<bool>()[0] = condition;
    std::vector<Datum> inputs{int64_scalar(iteration), std::move(flag)};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    inputs.insert(inputs.end(), captured.begin(), captured.end());
    NPU_TRY(auto outputs, run_body(ctx, body, inputs));
    condition = is_true(outputs[0]);
    for (size_t i = 0; i < layout.carried; ++i) carried[i] = std::move(outputs[i + 1]);
    for (size_t i = 0; i < layout.scanned; ++i) scanned[i].push_back(outputs[1 + layout.carried + i].tensor());
  }
  if (!ctx.has_input(0) && condition) return ctx.error(fmt::format("does not end after {} iterations", kMaxIterations));
  for (size_t i = 0; i < layout.scanned; ++i) {
    if (layout.carried + i >= ctx.output_count()) break;
    NPU_TRY(Tensor result, collected(ctx, scanned[i], ctx.output_type(layout.carried + i)));
    carried.emplace_back(std::move(result));
  }
  return carried;
}

}  // namespace

extern constinit const OpDef Loop{
    .name = "Loop",
    .since = 1,
    .min_inputs = 0,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "A sub-graph run again and again while its condition holds, with values carried from one iteration to the next and others collected",
    .evaluate = evaluate,
};

}  // namespace npu::op
