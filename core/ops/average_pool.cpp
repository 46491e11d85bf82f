// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/base/math.h"
#include "core/ops/detail/pool.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr,
    {"ceil_mode", AttrKind::Int, "0"},
    {"count_include_pad", AttrKind::Int, "0"},
    kDilationsAttr,
    {"kernel_shape", AttrKind::Ints, "required"},
    kPadsAttr,
    kStridesAttr,
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  NPU_TRY(TensorType pooled, infer_pool(ctx));
  return std::vector{pooled};
}

// Taps of one dimension that lie inside of the padded input; ceil_mode may push some beyond it.
int64_t padded_taps(const PlacedAxis& axis, int64_t output) {
  const int64_t room = axis.in + axis.pad_end - axis.input_of(output, 0);
  return std::clamp<int64_t>(ceil_div(room, axis.dilation), 0, axis.kernel);
}

// A window that reads nothing but padding gives 0.
template <class T>
Tensor pool(const EvalContext& ctx, const PlacedWindow& window) {
  Tensor values(ctx.output_dtype(0), ctx.output_shape(0));
  const bool include_pad = ctx.node().int_attr("count_include_pad", 0) != 0;
  const auto& [wd, wh, ww] = window;
  const T* x = ctx.input(0).data<T>().data();
  T* y = values.mutable_data<T>().data();
  const int64_t planes = ctx.input(0).shape()[0] * ctx.input(0).shape()[1];
  for (int64_t plane = 0; plane < planes; ++plane, x += positions_in(window)) {
    for_each_output(window, [&](int64_t d, int64_t h, int64_t w) {
      double sum = 0;
      int64_t count = 0;
      for_each_tap(window, d, h, w, [&](int64_t id, int64_t ih, int64_t iw) {
        sum += static_cast<double>(x[(id * wh.in + ih) * ww.in + iw]);
        ++count;
      });
      if (include_pad) count = padded_taps(wd, d) * padded_taps(wh, h) * padded_taps(ww, w);
      *y++ = count > 0 ? static_cast<T>(sum / static_cast<double>(count)) : T(0);
    });
  }
  return values;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto window, placed_pool(ctx));
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? pool<double>(ctx, window) : pool<float>(ctx, window)};
}

}  // namespace

extern constinit const OpDef AveragePool{
    .name = "AveragePool",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Mean of each window of X[N,C,spatial...]; padding counts when count_include_pad is 1",
};

}  // namespace npu::op
