// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/bodies.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"else_branch", AttrKind::Graph, "required"}, {"then_branch", AttrKind::Graph, "required"}};

// Of an optional and what it can hold, the optional.
std::optional<TensorType> either(TensorType a, TensorType b) {
  const auto is_optional = [](const TensorType& t) { return t.kind == ValueKind::OptionalTensor || t.kind == ValueKind::OptionalSequence; };
  if (is_optional(a) != is_optional(b)) {
    TensorType& plain = is_optional(a) ? b : a;
    if (plain.kind == ValueKind::Tensor) plain.kind = ValueKind::OptionalTensor;
    if (plain.kind == ValueKind::Sequence) plain.kind = ValueKind::OptionalSequence;
  }
  return common_type(a, b);
}

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(0).dtype != DType::Bool || !ctx.input(0).is_tensor()) return ctx.error(fmt::format("the condition is {}, needs bool", to_string(ctx.input(0))));
  const Graph &then_branch = *ctx.node().graph_attr("then_branch"), &else_branch = *ctx.node().graph_attr("else_branch");
  NPU_TRY(auto types, infer_body(ctx, then_branch, captured_types(ctx, then_branch)));
  NPU_TRY(const auto others, infer_body(ctx, else_branch, captured_types(ctx, else_branch)));
  if (types.size() != others.size()) return ctx.error(fmt::format("the branches have {} and {} outputs", types.size(), others.size()));
  for (size_t i = 0; i < types.size(); ++i) {
    const auto type = either(types[i], others[i]);
    if (!type) return ctx.error(fmt::format("output {} is {} in one branch, {} in the other", i, to_string(types[i]), to_string(others[i])));
    types[i] = *type;
  }
  // A condition that is known decides.
  if (const Tensor* condition = ctx.constant(0); condition && condition->elements() == 1) {
    const Graph& taken = condition->to_ints()[0] != 0 ? then_branch : else_branch;
    return infer_body(ctx, taken, captured_types(ctx, taken));
  }
  return types;
}

DatumsResult evaluate(const DatumContext& ctx) {
  const Tensor& condition = ctx.input(0).tensor();
  if (condition.elements() != 1) return ctx.error(fmt::format("the condition is of shape {}, needs one element", to_string(condition.shape())));
  const Graph& taken = *ctx.node().graph_attr(condition.to_ints()[0] != 0 ? "then_branch" : "else_branch");
  return run_body(ctx, taken, captured_values(ctx, taken));
}

}  // namespace

extern constinit const OpDef If{
    .name = "If",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = kVariadic,
    .attrs = kAttrs,
    .infer = infer,
    .reference = nullptr,
    .doc = "The results of one of two sub-graphs, as the condition says",
    .evaluate = evaluate,
};

}  // namespace npu::op
