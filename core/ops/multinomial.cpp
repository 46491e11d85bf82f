// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/random.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dtype", AttrKind::Int, "6"}, {"sample_size", AttrKind::Int, "1"}, kSeedAttr};

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  NPU_TRY(const DType dtype, dtype_attr(ctx, "dtype", 6));
  if (dtype != DType::Int32 && dtype != DType::Int64) return ctx.error(fmt::format("dtype is {}, needs int32 or int64", to_string(dtype)));
  const int64_t samples = ctx.node().int_attr("sample_size", 1);
  if (samples < 0 || samples > INT32_MAX) return ctx.error(fmt::format("sample_size is {}", samples));
  if (!x.has_rank) return std::vector{TensorType::of(dtype, Dims{Dim(), Dim(samples)})};
  if (x.dims.size() != 2) return ctx.error(fmt::format("input 0 is of shape {}, needs batch x classes", to_string(x.dims)));
  if (x.dims[1] == Dim(0)) return ctx.error("there are no classes");
  return std::vector{TensorType::of(dtype, Dims{x.dims[0], Dim(samples)})};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto logits = ctx.input(0).to_doubles();
  const auto classes = static_cast<size_t>(ctx.input(0).shape()[1]), samples = static_cast<size_t>(ctx.output_shape(0)[1]);
  return random_tensor(ctx, [&](RandomNumbers& numbers, size_t i) {
    const double* row = logits.data() + i / samples * classes;
    double maximum = row[0], sum = 0, so_far = 0;
    for (size_t c = 1; c < classes; ++c) maximum = std::max(maximum, row[c]);
    for (size_t c = 0; c < classes; ++c) sum += fixed::exp(row[c] - maximum);
    const double wanted = numbers.uniform() * sum;
    for (size_t c = 0; c + 1 < classes; ++c)
      if (wanted < (so_far += fixed::exp(row[c] - maximum))) return static_cast<double>(c);
    return static_cast<double>(classes - 1);
  });
}

}  // namespace

extern constinit const OpDef Multinomial{
    .name = "Multinomial",
    .since = 7,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Classes drawn with the probabilities that are the softmax of each row of logarithms",
    .is_random = true,
};

}  // namespace npu::op
