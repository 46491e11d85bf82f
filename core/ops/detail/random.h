// SPDX-License-Identifier: Apache-2.0
// Random numbers of the operators. ONNX leaves the generator open; this is the one its reference implementation takes from
// NumPy (RandomState), so that a seed gives the published numbers. A node without a seed takes one from its name: every
// run gives the same values, on every target.
#pragma once

#include <array>
#include <cmath>
#include <optional>

#include "core/base/hash.h"
#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/parameters.h"

namespace npu::detail {

// The Mersenne Twister MT19937 of Matsumoto and Nishimura.
class RandomNumbers {
 public:
  explicit RandomNumbers(uint32_t seed);
  // Of the attribute seed, or of the node's name.
  static RandomNumbers of(const Node& node);

  uint32_t bits();
  double uniform();  // in [0, 1), with 53 bits
  double normal();   // mean 0, deviation 1: the polar method of Marsaglia, two at a time

 private:
  std::array<uint32_t, 624> state_{};
  size_t next_ = 624;
  std::optional<double> spare_;
};

inline constexpr AttrDef kSeedAttr{"seed", AttrKind::Float, ""};

// The type of RandomNormal and RandomUniform: of the attributes shape and dtype.
inline TypesResult infer_random(const InferContext& ctx) {
  NPU_TRY(const DType dtype, dtype_attr(ctx, "dtype", 1));
  if (!is_float(dtype)) return ctx.error(fmt::format("dtype is {}, needs a floating-point type", to_string(dtype)));
  const auto shape = ctx.node().ints_attr("shape");
  NPU_CHECK(checked_element_count(shape, ctx.where()));
  return std::vector{TensorType::of(dtype, shape)};
}

// Of the Like operators: of the input, with another dtype where the attribute gives one.
inline TypesResult infer_random_like(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  if (ctx.node().find_attr("dtype")) {
    NPU_TRY(type.dtype, dtype_attr(ctx, "dtype", 1));
  }
  if (!is_float(type.dtype)) return ctx.error(fmt::format("the output is {}, needs a floating-point type", to_string(type.dtype)));
  return std::vector{std::move(type)};
}

// draw(numbers, index) -> double for every element in row-major order.
template <class Draw>
TensorsResult random_tensor(const EvalContext& ctx, Draw draw) {
  auto numbers = RandomNumbers::of(ctx.node());
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto to = y.mutable_data<double>();
  for (size_t i = 0; i < to.size(); ++i) to[i] = draw(numbers, i);
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace npu::detail
