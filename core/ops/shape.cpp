// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// Since opset 15.
constexpr AttrDef kAttrs[] = {{"end", AttrKind::Int, ""}, {"start", AttrKind::Int, "0"}};

struct Range {
  size_t begin, end;
};

// [start, end) clamped to the rank.
Range range_of(const Node& node, size_t size) {
  const auto rank = static_cast<int64_t>(size);
  const auto clamp = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t begin = clamp(node.int_attr("start", 0));
  const int64_t end = std::max(begin, clamp(node.int_attr("end", rank)));
  return {static_cast<size_t>(begin), static_cast<size_t>(end)};
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (!input.has_rank) return std::vector{unknown_of_rank(DType::Int64, 1)};
  const auto [begin, end] = range_of(ctx.node(), input.dims.size());
  return std::vector{TensorType::of(DType::Int64, Shape{static_cast<int64_t>(end - begin)})};
}

Tensor shape_tensor(const Node& node, const npu::Shape& shape) {
  const auto [begin, end] = range_of(node, shape.size());
  return Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(end - begin)}, std::span(shape).subspan(begin, end - begin));
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{shape_tensor(ctx.node(), ctx.input(0).shape())}; }

TensorsResult from_types(const InferContext& ctx) {
  const TensorType& input = ctx.input(0);
  if (!input.has_rank) return ctx.error("the rank of the input is not known");
  const auto [begin, end] = range_of(ctx.node(), input.dims.size());
  npu::Shape shape;
  for (size_t i = 0; i < input.dims.size(); ++i) {
    if (i >= begin && i < end && !input.dims[i].known()) return ctx.error(fmt::format("axis {} of the input is not known", i));
    shape.push_back(input.dims[i].value());
  }
  return std::vector{shape_tensor(ctx.node(), shape)};
}

}  // namespace

extern constinit const OpDef Shape{
    .name = "Shape",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The dimensions of the input from start to end",
    .from_types = from_types,
};

}  // namespace npu::op
