// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"
#include "core/ops/detail/permuted.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"perm_k", AttrKind::Ints, ""}, {"perm_q", AttrKind::Ints, ""}, {"perm_v", AttrKind::Ints, ""}, {"perm_y", AttrKind::Ints, ""}, {"scale", AttrKind::Float, "1.0"}};

enum Input : size_t { kQ, kK, kV, kMask };

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, kQ));
  for (size_t i = kK; i < ctx.input_count(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  const DType dtype = ctx.input(kQ).dtype;
  for (size_t i : {kQ, kK, kV})
    if (!ctx.input(i).has_rank) return std::vector{unranked(dtype)};
  NPU_TRY(const size_t rank, rank_of(ctx, kQ, 2));
  for (size_t i : {kK, kV})
    if (ctx.input(i).dims.size() != rank) return ctx.error(fmt::format("inputs of rank {} and {}", rank, ctx.input(i).dims.size()));
  NPU_TRY(const Dims q, permuted(ctx, kQ, "perm_q"));
  NPU_TRY(const Dims k, permuted(ctx, kK, "perm_k"));
  NPU_TRY(const Dims v, permuted(ctx, kV, "perm_v"));
  NPU_TRY(const auto of_y, permutation(ctx, "perm_y", rank));
  NPU_CHECK(unify(ctx, q[rank - 1], k[rank - 1], "size of queries and keys"));
  NPU_TRY(const Dim steps, unify(ctx, k[rank - 2], v[rank - 2], "steps of keys and values"));
  Dims product = q;
  for (size_t i = 0; i + 2 < rank; ++i) {
    NPU_TRY(product[i], unify(ctx, q[i], k[i], "batch"));
    NPU_CHECK(unify(ctx, product[i], v[i], "batch"));
  }
  Dims scores = product;
  scores[rank - 1] = steps;
  if (ctx.has_input(kMask) && ctx.input(kMask).has_rank) {
    Dims whole = scores;
    if (!broadcast_into(whole, ctx.input(kMask).dims) || whole.size() != rank)
      return ctx.error(fmt::format("a mask of shape {} for scores of {}", to_string(ctx.input(kMask).dims), to_string(scores)));
  }
  product[rank - 1] = v[rank - 1];
  Dims y(rank);
  for (size_t i = 0; i < rank; ++i) y[i] = product[of_y[i]];
  return std::vector{TensorType::of(dtype, y)};
}

Result<Tensor> apply(std::string op, std::vector<Tensor> inputs, decltype(Node::attrs) attrs = {}) {
  Node node;
  node.op = std::move(op);
  node.attrs = std::move(attrs);
  for (size_t i = 0; i < inputs.size(); ++i) node.inputs.push_back(static_cast<ValueId>(i));
  node.outputs.push_back(static_cast<ValueId>(inputs.size()));
  NPU_TRY(auto results, run_reference(node, 17, inputs));
  return std::move(results[0]);
}

Result<Tensor> permuted_by(const EvalContext& ctx, Tensor tensor, std::string_view attr) {
  const auto perm = ctx.node().ints_attr(attr);
  if (perm.empty()) return tensor;
  return apply("Transpose", {std::move(tensor)}, {{"perm", perm}});
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Tensor q, permuted_by(ctx, ctx.input(kQ), "perm_q"));
  NPU_TRY(const Tensor k, permuted_by(ctx, ctx.input(kK), "perm_k"));
  NPU_TRY(const Tensor v, permuted_by(ctx, ctx.input(kV), "perm_v"));
  const auto rank = static_cast<int64_t>(q.shape().size());
  std::vector<int64_t> swapped(static_cast<size_t>(rank));
  for (int64_t i = 0; i < rank; ++i) swapped[static_cast<size_t>(i)] = i < rank - 2 ? i : 2 * rank - 3 - i;
  NPU_TRY(const Tensor keys, apply("Transpose", {k}, {{"perm", swapped}}));
  NPU_TRY(Tensor scores, apply("MatMul", {q, keys}));
  const Tensor scale = Tensor::from<float>(DType::Float32, {}, std::vector{ctx.node().float_attr("scale", 1.0f)}).cast(scores.dtype());
  NPU_TRY(scores, apply("Mul", {scores, scale}));
  if (ctx.has_input(kMask)) {
    NPU_TRY(scores, apply("Add", {scores, ctx.input(kMask)}));
  }
  NPU_TRY(const Tensor weights, apply("Softmax", {scores}, {{"axis", int64_t{-1}}}));
  NPU_TRY(Tensor context, apply("MatMul", {weights, v}));
  NPU_TRY(Tensor y, permuted_by(ctx, std::move(context), "perm_y"));
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef ScaledDotProductAttention{
    .name = "ScaledDotProductAttention",
    .since = 1,
    .min_inputs = 3,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Transpose(MatMul(Softmax(scale * Q K^T + mask), V), perm_y) of queries, keys and values [..., steps, size] after Transpose by perm_q, perm_k, perm_v",
};

}  // namespace npu::op
