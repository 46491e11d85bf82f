// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/slices.h"

namespace npu::detail {

namespace {

constexpr int kOpset = 21;

Tensor vector_of(int64_t value) { return Tensor::from<int64_t>(DType::Int64, {1}, std::span(&value, 1)); }

Result<Tensor> run_one(const DatumContext& ctx, std::string op, std::span<const Tensor> inputs, std::map<std::string, Attr, std::less<>> attrs = {}) {
  Node node;
  node.op = std::move(op);
  node.name = ctx.node().name;
  node.inputs.assign(inputs.size(), 0);
  node.outputs = {0};
  node.attrs = std::move(attrs);
  NPU_TRY(auto results, run_reference(node, kOpset, inputs));
  return std::move(results[0]);
}

}  // namespace

Result<Tensor> slice_axis(const DatumContext& ctx, const Tensor& x, size_t axis, int64_t start, int64_t end) {
  const Tensor inputs[] = {x, vector_of(start), vector_of(end), vector_of(static_cast<int64_t>(axis))};
  return run_one(ctx, "Slice", inputs);
}

Result<Tensor> slice_at(const DatumContext& ctx, const Tensor& x, size_t axis, int64_t index) {
  NPU_TRY(const Tensor part, slice_axis(ctx, x, axis, index, index + 1));
  Shape shape = part.shape();
  shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(axis));
  return part.reshaped(shape);
}

Result<Tensor> concatenated(const DatumContext& ctx, std::span<const Tensor> parts, int64_t axis) {
  return run_one(ctx, "Concat", parts, {{"axis", axis}});
}

Result<Tensor> stacked(const DatumContext& ctx, std::span<const Tensor> parts, int64_t axis) {
  NPU_TRY(const size_t place, normalize_axis(ctx, axis, parts[0].shape().size() + 1));
  std::vector<Tensor> widened;
  for (const Tensor& part : parts) {
    Shape shape = part.shape();
    shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(std::min(place, shape.size())), 1);
    widened.push_back(part.reshaped(shape));
  }
  return concatenated(ctx, widened, static_cast<int64_t>(place));
}

}  // namespace npu::detail
