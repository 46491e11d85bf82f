// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/fourier.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"onesided", AttrKind::Int, "1"}};

// Sizes of the frames; nothing when a value is not known.
struct Frames {
  int64_t step = 1;
  int64_t length = 1;
};

template <class Context>
Result<std::optional<Frames>> frames_of(const Context& ctx, const std::optional<int64_t>& window) {
  const auto step = ints_input(ctx, 1);
  if (!step) return std::nullopt;
  Frames frames;
  frames.step = step->size() == 1 ? (*step)[0] : 0;
  if (ctx.has_input(3)) {
    const auto length = ints_input(ctx, 3);
    if (!length) return std::nullopt;
    frames.length = length->size() == 1 ? (*length)[0] : 0;
  } else {
    if (!ctx.has_input(2)) return ctx.error("neither window nor frame_length is given");
    if (!window) return std::nullopt;
    frames.length = *window;
  }
  if (frames.step < 1 || frames.length < 1 || frames.length > (1 << 26))
    return ctx.error(fmt::format("frame_step is {}, frame_length {}", frames.step, frames.length));
  if (window && *window != frames.length) return ctx.error(fmt::format("a window of {} for frames of {}", *window, frames.length));
  return frames;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.has_input(2)) NPU_CHECK(require_same_dtype(ctx, 2));
  std::optional<int64_t> window;
  if (ctx.has_input(2) && ctx.input(2).is_static()) window = element_count(to_shape(ctx.input(2).dims));
  NPU_TRY(const auto frames, frames_of(ctx, window));
  Dims dims(4);
  dims[3] = Dim(2);
  if (x.has_rank) {
    if (x.dims.size() != 2 && x.dims.size() != 3) return ctx.error(fmt::format("signal is of shape {}, needs batch x length x 1 or 2", to_string(x.dims)));
    if (x.dims.size() == 3 && x.dims[2].known() && x.dims[2].value() != 1 && x.dims[2].value() != 2)
      return ctx.error(fmt::format("the last axis of the signal is {}, needs 1 or 2", x.dims[2].value()));
    dims[0] = x.dims[0];
    if (frames && x.dims[1].known()) {
      if (frames->length > x.dims[1].value()) return ctx.error(fmt::format("frames of {} in a signal of {}", frames->length, x.dims[1].value()));
      dims[1] = Dim((x.dims[1].value() - frames->length) / frames->step + 1);
    }
  }
  if (frames) dims[2] = Dim(ctx.node().int_attr("onesided", 1) != 0 ? frames->length / 2 + 1 : frames->length);
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  std::optional<int64_t> window_length;
  if (ctx.has_input(2)) window_length = ctx.input(2).elements();
  NPU_TRY(const auto frames, frames_of(ctx, window_length));
  const auto window = ctx.has_input(2) ? ctx.input(2).to_doubles() : std::vector<double>(static_cast<size_t>(frames->length), 1.0);
  Tensor y(DType::Float64, ctx.output_shape(0));
  const auto signal = x.to_doubles();
  const auto parts = x.shape().size() == 3 ? static_cast<size_t>(x.shape()[2]) : size_t{1};
  const auto length = static_cast<size_t>(x.shape()[1]), count = static_cast<size_t>(y.shape()[1]), bins = static_cast<size_t>(y.shape()[2]);
  double* to = y.mutable_data<double>().data();
  for (size_t batch = 0; batch < static_cast<size_t>(y.shape()[0]); ++batch)
    for (size_t frame = 0; frame < count; ++frame) {
      std::vector<Complex> values(window.size());
      for (size_t i = 0; i < values.size(); ++i) {
        const double* value = signal.data() + (batch * length + frame * static_cast<size_t>(frames->step) + i) * parts;
        values[i] = {value[0] * window[i], parts == 2 ? value[1] * window[i] : 0};
      }
      const auto spectrum = fourier_transform(std::move(values), false);
      for (size_t i = 0; i < bins; ++i) *to++ = spectrum[i].re, *to++ = spectrum[i].im;
    }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef STFT{
    .name = "STFT",
    .since = 17,
    .min_inputs = 2,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Short-time Fourier transform: frames of the signal, frame_step apart, times the window, transformed",
};

}  // namespace npu::op
