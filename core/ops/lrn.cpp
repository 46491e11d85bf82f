// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"alpha", AttrKind::Float, "0.0001"},
    {"beta", AttrKind::Float, "0.75"},
    {"bias", AttrKind::Float, "1"},
    {"size", AttrKind::Int, "required"},
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (const int64_t size = ctx.node().int_attr("size", 0); size < 1) return ctx.error(fmt::format("size {}", size));
  if (ctx.input(0).has_rank) NPU_CHECK(rank_of(ctx, 0, 2));
  return infer_same(ctx);
}

template <class T>
Tensor normalize(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  const Node& node = ctx.node();
  const int64_t channels = shape[1];
  const int64_t size = std::min(node.int_attr("size", 1), 2 * channels + 1);
  const double beta = node.float_attr("beta", 0.75f);
  const double bias = node.float_attr("bias", 1);
  const double factor = static_cast<double>(node.float_attr("alpha", 1e-4f)) / static_cast<double>(node.int_attr("size", 1));
  Tensor y(ctx.output_dtype(0), shape);
  const T* x = ctx.input(0).data<T>().data();
  T* out = y.mutable_data<T>().data();
  const int64_t plane = y.elements() == 0 ? 0 : y.elements() / (shape[0] * channels);
  for (int64_t n = 0; n < shape[0]; ++n, x += channels * plane, out += channels * plane)
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t first = std::max<int64_t>(0, c - (size - 1) / 2);
      const int64_t last = std::min(channels - 1, c + size / 2);
      for (int64_t i = 0; i < plane; ++i) {
        double squares = 0;
        for (int64_t k = first; k <= last; ++k) {
          const auto value = static_cast<double>(x[k * plane + i]);
          squares += value * value;
        }
        out[c * plane + i] = static_cast<T>(static_cast<double>(x[c * plane + i]) / fixed::pow(bias + factor * squares, beta));
      }
    }
  return y;
}

TensorsResult reference(const EvalContext& ctx) {
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? normalize<double>(ctx) : normalize<float>(ctx)};
}

}  // namespace

extern constinit const OpDef LRN{
    .name = "LRN",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "X / (bias + alpha / size * sum of squares over size neighbouring channels) ^ beta",
};

}  // namespace npu::op
