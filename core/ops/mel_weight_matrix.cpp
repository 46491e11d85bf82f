// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"output_datatype", AttrKind::Int, "1"}};

TypesResult infer(const InferContext& ctx) {
  for (size_t i : {0, 1, 2}) NPU_CHECK(require_index_type(ctx, i));
  for (size_t i : {3, 4}) NPU_CHECK(require_float(ctx, i));
  NPU_TRY(const DType dtype, dtype_attr(ctx, "output_datatype", 1));
  const auto bins = ints_input(ctx, 0), length = ints_input(ctx, 1);
  const auto size_of = [](const std::vector<int64_t>& values) { return values.size() == 1 ? values[0] : -1; };
  if ((bins && (size_of(*bins) < 1 || size_of(*bins) > (1 << 24))) || (length && (size_of(*length) < 1 || size_of(*length) > (1 << 24))))
    return ctx.error(fmt::format("num_mel_bins is {}, dft_length {}", bins ? size_of(*bins) : 0, length ? size_of(*length) : 0));
  return std::vector{TensorType::of(dtype, Dims{length ? Dim(size_of(*length) / 2 + 1) : Dim(), bins ? Dim(size_of(*bins)) : Dim()})};
}

double to_mel(double hertz) { return 2595 * fixed::log(1 + hertz / 700) / 2.302585092994046; }
double to_hertz(double mel) { return 700 * (fixed::pow(10, mel / 2595) - 1); }

TensorsResult reference(const EvalContext& ctx) {
  Tensor y(DType::Float64, ctx.output_shape(0));
  const int64_t rows = y.shape()[0], bins = y.shape()[1], length = ctx.input(1).to_ints()[0];
  for (size_t i : {2, 3, 4})
    if (ctx.input(i).elements() != 1) return ctx.error(fmt::format("input {} is of shape {}, needs a scalar", i, to_string(ctx.input(i).shape())));
  const auto rate = static_cast<double>(ctx.input(2).to_ints()[0]);
  const double low = to_mel(ctx.input(3).to_doubles()[0]), high = to_mel(ctx.input(4).to_doubles()[0]);
  // The corners of the triangles, as bins of the spectrum.
  std::vector<int64_t> corners;
  for (int64_t i = 0; i < bins + 2; ++i) {
    const double corner = fixed::floor(static_cast<double>(length + 1) * to_hertz(low + static_cast<double>(i) * (high - low) / static_cast<double>(bins + 2)) / rate);
    if (!(corner >= 0 && corner <= 1e9)) return ctx.error(fmt::format("corner {} of the filters lies at bin {}", i, corner));
    corners.push_back(static_cast<int64_t>(corner));
  }
  const auto to = y.mutable_data<double>();
  const auto set = [&](int64_t row, int64_t bin, double value) {
    if (row < rows) to[static_cast<size_t>(row * bins + bin)] = value;
  };
  for (int64_t bin = 0; bin < bins; ++bin) {
    const int64_t first = corners[static_cast<size_t>(bin)], centre = corners[static_cast<size_t>(bin + 1)], last = corners[static_cast<size_t>(bin + 2)];
    if (centre == first) set(centre, bin, 1);
    else
      for (int64_t i = first; i <= centre && i < rows; ++i) set(i, bin, static_cast<double>(i - first) / static_cast<double>(centre - first));
    for (int64_t i = centre; i < last && i < rows && last > centre; ++i) set(i, bin, static_cast<double>(last - i) / static_cast<double>(last - centre));
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef MelWeightMatrix{
    .name = "MelWeightMatrix",
    .since = 17,
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Triangular filters, evenly spaced in mel, that turn the bins of a spectrum into mel bins",
};

}  // namespace npu::op
