// SPDX-License-Identifier: Apache-2.0
// What MaxPool and AveragePool share.
#pragma once

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/window.h"

namespace npu::detail {

inline Result<Window> read_pool_window(const Node& node, const std::string& where, size_t rank) {
  NPU_TRY(const auto kernel, read_kernel_shape(node, where, rank - 2));
  NPU_TRY(auto window, read_window(node, where, kernel));
  window.ceil_mode = node.int_attr("ceil_mode", 0) != 0;
  return window;
}

inline Result<TensorType> infer_pool(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return unranked(x.dtype);
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 3));
  NPU_TRY(const auto window, read_pool_window(ctx.node(), ctx.where(), rank));
  Dims output{x.dims[0], x.dims[1]};
  for (size_t i = 2; i < rank; ++i) {
    NPU_TRY(output.emplace_back(), window_output(window, i - 2, x.dims[i], ctx.where()));
  }
  return TensorType::of(x.dtype, output);
}

inline Result<PlacedWindow> placed_pool(const EvalContext& ctx) {
  const Shape& x = ctx.input(0).shape();
  const Shape y = ctx.output_shape(0);
  NPU_TRY(const auto window, read_pool_window(ctx.node(), ctx.where(), x.size()));
  return place_window(window, Shape(x.begin() + 2, x.end()), Shape(y.begin() + 2, y.end()));
}

// Calls body(od, oh, ow) for every output position in row-major order.
template <class Body>
void for_each_output(const PlacedWindow& w, Body&& body) {
  for (int64_t d = 0; d < w[0].out; ++d)
    for (int64_t h = 0; h < w[1].out; ++h)
      for (int64_t x = 0; x < w[2].out; ++x) body(d, h, x);
}

// Calls body(id, ih, iw) for every input position an output reads, in row-major order.
template <class Body>
void for_each_tap(const PlacedWindow& w, int64_t d, int64_t h, int64_t x, Body&& body) {
  const auto [d_first, d_end] = w[0].taps_of(d);
  const auto [h_first, h_end] = w[1].taps_of(h);
  const auto [x_first, x_end] = w[2].taps_of(x);
  for (int64_t kd = d_first; kd < d_end; ++kd)
    for (int64_t kh = h_first; kh < h_end; ++kh)
      for (int64_t kx = x_first; kx < x_end; ++kx) body(w[0].input_of(d, kd), w[1].input_of(h, kh), w[2].input_of(x, kx));
}

}  // namespace npu::detail
