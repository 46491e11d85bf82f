// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/fourier.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"axis", AttrKind::Int, "1"},  // an input from opset 20, whose default is -2
    {"inverse", AttrKind::Int, "0"},
    {"onesided", AttrKind::Int, "0"},
};

bool flag(const Node& node, std::string_view name) { return node.int_attr(name, 0) != 0; }

// Nothing when the axis is not known. The last axis holds real and imaginary parts and is not transformed.
template <class Context>
Result<std::optional<size_t>> axis_of(const Context& ctx, size_t rank) {
  if (rank < 2) return ctx.error(fmt::format("input 0 is of rank {}, needs at least 2", rank));
  int64_t axis = ctx.opset() < 20 ? ctx.node().int_attr("axis", 1) : -2;
  if (ctx.has_input(2)) {
    const auto given = ints_input(ctx, 2);
    if (!given) return std::nullopt;
    if (given->size() != 1) return ctx.error(fmt::format("axis holds {} values", given->size()));
    axis = (*given)[0];
  }
  NPU_TRY(const size_t found, normalize_axis(ctx, axis, rank));
  if (found + 1 == rank) return ctx.error(fmt::format("axis {} is that of the real and imaginary parts", axis));
  return found;
}

TypesResult infer(const InferContext& ctx) {
  TensorType type = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.has_input(1)) NPU_CHECK(require_index_type(ctx, 1));
  if (!type.has_rank) return std::vector{type};
  NPU_TRY(const auto axis, axis_of(ctx, type.dims.size()));
  const Dim parts = type.dims.back();
  if (parts.known() && parts.value() != 1 && parts.value() != 2) return ctx.error(fmt::format("the last axis is {}, needs 1 or 2", parts.value()));
  const bool inverse = flag(ctx.node(), "inverse"), onesided = flag(ctx.node(), "onesided");
  if (onesided && !inverse && parts == Dim(2)) return ctx.error("onesided needs a real input");
  if (!axis) return std::vector{unknown_of_rank(type.dtype, type.dims.size())};
  Dim length = type.dims[*axis];
  if (onesided && inverse && length.known()) length = Dim(2 * (length.value() - 1));
  if (ctx.has_input(1)) {
    const auto given = ints_input(ctx, 1);
    length = given ? Dim(given->size() == 1 ? (*given)[0] : -1) : Dim();
    if (given && (given->size() != 1 || (*given)[0] < 1 || (*given)[0] > (1 << 26)))
      return ctx.error(fmt::format("dft_length is {} ({} values)", given->empty() ? 0 : (*given)[0], given->size()));
  }
  type.dims[*axis] = onesided && !inverse ? (length.known() ? Dim(length.value() / 2 + 1) : Dim()) : length;
  type.dims.back() = Dim(onesided && inverse ? 1 : 2);
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  NPU_TRY(const auto found, axis_of(ctx, x.shape().size()));
  const size_t axis = *found;
  const bool inverse = flag(ctx.node(), "inverse"), onesided = flag(ctx.node(), "onesided");
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto parts = static_cast<size_t>(x.shape().back()), out_parts = static_cast<size_t>(y.shape().back());
  const auto in = static_cast<size_t>(x.shape()[axis]), out = static_cast<size_t>(y.shape()[axis]);
  size_t length = ctx.has_input(1) ? static_cast<size_t>(ctx.input(1).to_ints()[0]) : in;
  if (onesided && inverse && !ctx.has_input(1)) length = out;
  const auto inner = static_cast<size_t>(row_major_strides(x.shape())[axis]) / std::max<size_t>(parts, 1);
  const auto values = x.to_doubles();
  const auto to = y.mutable_data<double>();
  const size_t lanes = in == 0 || values.empty() ? 0 : values.size() / (in * parts);
  for (size_t lane = 0; lane < lanes; ++lane) {
    const auto place = [&](size_t size, size_t i) { return (lane / inner * size + i) * inner + lane % inner; };
    std::vector<Complex> signal(length);
    for (size_t i = 0; i < std::min(in, length); ++i) {
      const double* value = values.data() + place(in, i) * parts;
      signal[i] = {value[0], parts == 2 ? value[1] : 0};
    }
    if (onesided && inverse)  // the other half mirrors the one given
      for (size_t i = in; i < length; ++i) signal[i] = {signal[length - i].re, -signal[length - i].im};
    const auto result = fourier_transform(std::move(signal), inverse);
    for (size_t i = 0; i < out; ++i) {
      to[place(out, i) * out_parts] = result[i].re;
      if (out_parts == 2) to[place(out, i) * 2 + 1] = result[i].im;
    }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef DFT{
    .name = "DFT",
    .since = 17,
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Discrete Fourier transform along axis of signals whose last axis is (re) or (re, im); inverse, or one half of it",
};

}  // namespace npu::op
