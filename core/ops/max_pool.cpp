// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/pool.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr, {"ceil_mode", AttrKind::Int, "0"}, kDilationsAttr, {"kernel_shape", AttrKind::Ints, "required"},
    kPadsAttr,    {"storage_order", AttrKind::Int, "0"}, kStridesAttr,
};

TypesResult infer(const InferContext& ctx) {
  const DType dtype = ctx.input(0).dtype;
  if (!is_float(dtype) && dtype != DType::Int8 && dtype != DType::UInt8)
    return ctx.error(fmt::format("input 0 is {}, needs a floating-point type, int8 or uint8", to_string(dtype)));
  NPU_TRY(TensorType pooled, infer_pool(ctx));
  TensorType indices = pooled;
  indices.dtype = DType::Int64;
  return std::vector{pooled, indices};
}

template <class T>
constexpr T kLowest = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();

// Ties go to the first position; NaN wins. A window that reads nothing but padding gives the lowest value, index -1.
template <class T>
std::vector<Tensor> pool(const EvalContext& ctx, const PlacedWindow& window) {
  Tensor values(ctx.output_dtype(0), ctx.output_shape(0));
  const bool wants_indices = ctx.output_count() > 1;
  Tensor indices(DType::Int64, wants_indices ? ctx.output_shape(0) : npu::Shape{0});
  const bool column_major = ctx.node().int_attr("storage_order", 0) == 1;
  const auto& [wd, wh, ww] = window;
  const T* x = ctx.input(0).data<T>().data();
  T* y = values.mutable_data<T>().data();
  int64_t* best = indices.mutable_data<int64_t>().data();
  const int64_t planes = ctx.input(0).shape()[0] * ctx.input(0).shape()[1];
  for (int64_t plane = 0; plane < planes; ++plane, x += positions_in(window)) {
    for_each_output(window, [&](int64_t d, int64_t h, int64_t w) {
      T maximum = kLowest<T>;
      int64_t position = -1;
      for_each_tap(window, d, h, w, [&](int64_t id, int64_t ih, int64_t iw) {
        const T value = x[(id * wh.in + ih) * ww.in + iw];
        if (position >= 0 && !(value > maximum) && value == value) return;
        if (position >= 0 && maximum != maximum) return;
        maximum = value;
        position = column_major ? (iw * wh.in + ih) * wd.in + id : (id * wh.in + ih) * ww.in + iw;
      });
      *y++ = maximum;
      if (wants_indices) *best++ = position < 0 ? -1 : plane * positions_in(window) + position;
    });
  }
  return {values, indices};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto window, placed_pool(ctx));
  switch (ctx.output_dtype(0)) {
    case DType::Float64: return pool<double>(ctx, window);
    case DType::Int8: return pool<int8_t>(ctx, window);
    case DType::UInt8: return pool<uint8_t>(ctx, window);
    default: return pool<float>(ctx, window);
  }
}

}  // namespace

extern constinit const OpDef MaxPool{
    .name = "MaxPool",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Largest value of each window of X[N,C,spatial...]; the second output is its index in X",
};

}  // namespace npu::op
