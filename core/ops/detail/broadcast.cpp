// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/broadcast.h"

namespace npu::detail {

bool broadcast_dim(Dim& into, const Dim& dim) {
  if (dim.known() && dim.value() == 1) return true;
  if (into.known() && into.value() == 1) return into = dim, true;
  if (into.known() && dim.known()) return into.value() == dim.value();
  if (dim.known()) return into = dim, true;
  if (!into.known() && !(into == dim)) into = Dim();
  return true;
}

namespace {

// The first axis (of dims) at which they cannot meet, or nothing.
std::optional<size_t> join(Dims& into, const Dims& dims) {
  if (dims.size() > into.size()) into.insert(into.begin(), dims.size() - into.size(), Dim(1));
  for (size_t i = 0; i < dims.size(); ++i)
    if (!broadcast_dim(into[into.size() - dims.size() + i], dims[i])) return i;
  return std::nullopt;
}

}  // namespace

bool broadcast_into(Dims& into, const Dims& dims) { return !join(into, dims); }

Result<TensorType> broadcast_inputs(const InferContext& ctx, DType dtype, std::span<const size_t> inputs) {
  Dims dims;
  for (size_t input : inputs) {
    const TensorType& type = ctx.input(input);
    if (!type.has_rank) return unranked(dtype);
    const auto clash = join(dims, type.dims);
    if (!clash) continue;
    std::string shapes;
    for (size_t other : inputs) shapes += (shapes.empty() ? "" : ", ") + to_string(ctx.input(other).dims);
    return ctx.error(fmt::format("cannot broadcast {}: {} does not match {} at axis {} of input {}", shapes,
                                 dims[dims.size() - type.dims.size() + *clash].value(), type.dims[*clash].value(), *clash,
                                 input));
  }
  return TensorType::of(dtype, std::move(dims));
}

Shape broadcast_shapes(const Shape& a, const Shape& b) {
  Shape result(std::max(a.size(), b.size()), 1);
  std::ranges::copy(a, result.end() - static_cast<std::ptrdiff_t>(a.size()));
  for (size_t i = 0; i < b.size(); ++i)
    if (b[i] != 1) result[result.size() - b.size() + i] = b[i];
  return result;
}

Shape broadcast_strides(const Shape& operand, const Shape& output) {
  Shape strides(output.size(), 0);
  int64_t stride = 1;
  for (size_t i = 1; i <= operand.size(); ++i) {
    const int64_t extent = operand[operand.size() - i];
    if (extent != 1) strides[output.size() - i] = stride;
    stride *= extent;
  }
  return strides;
}

}  // namespace npu::detail
