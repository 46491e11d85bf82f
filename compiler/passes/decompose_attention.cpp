// SPDX-License-Identifier: Apache-2.0
// ONNX's Attention as the products and the softmax it stands for; fuse-attention makes one task of them again.
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"

namespace npu::pass {
namespace {

enum Input : size_t { kQ, kK, kV, kMask, kPastKey, kPastValue, kValidLength };
constexpr float kNever = -std::numeric_limits<float>::infinity();

std::optional<std::string> reject(const Decompose& d) {
  const Node& node = d.node();
  for (size_t i : {kPastKey, kPastValue, kValidLength})
    if (input_of(node, i) != kNone) return "attention to a past or to a part of the keys";
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNone) return "attention with more than one result";
  if (node.float_attr("softcap", 0) != 0) return "attention with a softcap";
  if (input_of(node, kMask) == kNone) return std::nullopt;
  const Shape mask = d.input_shape(kMask), k = d.input_shape(kK);
  if (mask.empty() || mask.back() != k[k.size() - 2]) return fmt::format("a mask of shape {} for {} keys", to_string(mask), k[k.size() - 2]);
  return std::nullopt;
}

// [batch, heads, steps, size] of an input of rank 3 or 4.
ValueId split_heads(Decompose& d, size_t input, int64_t heads) {
  const ValueId value = d.node().inputs[input];
  const Shape shape = d.shape(value);
  return shape.size() == 4 ? value : d.transpose(d.reshape(value, {shape[0], shape[1], heads, shape[2] / heads}), {0, 2, 1, 3});
}

// Each head of keys or values as often as queries share it.
ValueId repeat_heads(Decompose& d, ValueId value, int64_t times) {
  if (times == 1) return value;
  const Shape s = d.shape(value);
  const ValueId one = d.reshape(value, {s[0], s[1], 1, s[2], s[3]});
  const ValueId all = d.add("Expand", {one, d.ints("repeated", {s[0], s[1], times, s[2], s[3]})});
  return d.reshape(all, {s[0], s[1] * times, s[2], s[3]});
}

ValueId number(Decompose& d, std::string_view what, DType dtype, float value) {
  return d.constant(what, Tensor::from<float>(DType::Float32, {}, std::vector{value}).cast(dtype));
}

ValueId causal_mask(Decompose& d, DType dtype, int64_t queries, int64_t keys) {
  std::vector<float> values;
  for (int64_t i = 0; i < queries; ++i)
    for (int64_t j = 0; j < keys; ++j) values.push_back(j > i ? kNever : 0);
  return d.constant("causal", Tensor::from<float>(DType::Float32, {queries, keys}, values).cast(dtype));
}

}  // namespace

std::optional<Left> attention_to_products(Decompose& d) {
  if (const auto why = reject(d)) return Left{*why};
  const DType dtype = d.graph().value(d.node().inputs[kQ]).type.dtype;
  const bool inside = d.input_shape(kQ).size() == 3;
  const int64_t heads = inside ? d.node().int_attr("q_num_heads", 1) : d.input_shape(kQ)[1];
  const int64_t kv_heads = inside ? d.node().int_attr("kv_num_heads", 1) : d.input_shape(kK)[1];
  const bool causal = d.node().int_attr("is_causal", 0) != 0;
  const ValueId q = split_heads(d, kQ, heads);
  const ValueId k = repeat_heads(d, split_heads(d, kK, kv_heads), heads / kv_heads), v = repeat_heads(d, split_heads(d, kV, kv_heads), heads / kv_heads);
  const float scale = d.node().float_attr("scale", static_cast<float>(1 / std::sqrt(static_cast<double>(d.shape(q)[3]))));
  ValueId scores = d.add("MatMul", {q, d.transpose(k, {0, 1, 3, 2})});
  scores = d.add("Mul", {scores, number(d, "scale", dtype, scale)});
  if (causal) scores = d.add("Add", {scores, causal_mask(d, dtype, d.shape(scores)[2], d.shape(scores)[3])});
  if (ValueId mask = input_of(d.node(), kMask); mask != kNone) {
    if (d.graph().value(mask).type.dtype == DType::Bool) mask = d.add("Where", {mask, number(d, "kept", dtype, 0), number(d, "never", dtype, kNever)});
    scores = d.add("Add", {scores, mask});
  }
  const ValueId weights = d.add("Softmax", {scores}, {{"axis", int64_t{-1}}});
  if (!inside) {
    d.become("MatMul", {weights, v});
    return std::nullopt;
  }
  const ValueId context = d.transpose(d.add("MatMul", {weights, v}), {0, 2, 1, 3});
  d.become_reshape(context);
  return std::nullopt;
}

}  // namespace npu::pass
