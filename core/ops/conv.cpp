// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr, kDilationsAttr, {"group", AttrKind::Int, "1"}, kKernelShapeAttr, kPadsAttr, kStridesAttr,
};

// The spatial sizes of the weights; kernel_shape, when given, must say the same.
Result<std::vector<int64_t>> kernel_of(const Node& node, const std::string& where, const Dims& weights) {
  std::vector<int64_t> kernel;
  const auto declared = node.ints_attr("kernel_shape");
  if (!declared.empty() && declared.size() + 2 != weights.size())
    return fail(ErrorKind::InvalidModel, where,
                fmt::format("kernel_shape has {} values, the weights are {}", declared.size(), to_string(weights)));
  for (size_t i = 2; i < weights.size(); ++i) {
    const int64_t size = weights[i].known() ? weights[i].value() : declared.empty() ? -1 : declared[i - 2];
    if (size < 0) return fail(ErrorKind::UnsupportedModel, where, fmt::format("kernel size at axis {} is not known", i));
    if (!declared.empty() && declared[i - 2] != size)
      return fail(ErrorKind::InvalidModel, where,
                  fmt::format("kernel_shape {} at axis {} does not match the weights {}", declared[i - 2], i, to_string(weights)));
    kernel.push_back(size);
  }
  return kernel;
}

Status check_channels(const InferContext& ctx, const Dim& channels, const Dims& weights) {
  const int64_t group = ctx.node().int_attr("group", 1);
  if (group < 1) return ctx.error(fmt::format("group {}", group));
  if (weights[0].known() && weights[0].value() % group != 0)
    return ctx.error(fmt::format("group {} does not divide {} output channels", group, weights[0].value()));
  if (!channels.known()) return {};
  if (channels.value() % group != 0)
    return ctx.error(fmt::format("group {} does not divide {} input channels", group, channels.value()));
  if (weights[1].known() && weights[1].value() != channels.value() / group)
    return ctx.error(fmt::format("weights {} need {} input channels a group, the input has {} / {}", to_string(weights),
                                 weights[1].value(), channels.value(), group));
  return {};
}

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  NPU_CHECK(require_same_dtype(ctx, 1));
  const TensorType& x = ctx.input(0);
  const TensorType& w = ctx.input(1);
  if (!x.has_rank || !w.has_rank) return std::vector{unranked(x.dtype)};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 3));
  if (w.dims.size() != rank)
    return ctx.error(fmt::format("weights {} and input {} differ in rank", to_string(w.dims), to_string(x.dims)));
  NPU_TRY(const auto kernel, kernel_of(ctx.node(), ctx.where(), w.dims));
  NPU_TRY(const auto window, read_window(ctx.node(), ctx.where(), kernel));
  NPU_CHECK(check_channels(ctx, x.dims[1], w.dims));
  if (ctx.has_input(2)) {
    NPU_CHECK(require_same_dtype(ctx, 2));
    NPU_CHECK(require_vector(ctx, 2, w.dims[0], "bias"));
  }
  Dims output{x.dims[0], w.dims[0]};
  for (size_t i = 0; i < window.axes.size(); ++i) {
    NPU_TRY(output.emplace_back(), window_output(window, i, x.dims[i + 2], ctx.where()));
  }
  return std::vector{TensorType::of(x.dtype, output)};
}

// Output channels computed together, so that an input row is read once for all of them.
constexpr int64_t kChannelBlock = 4;
constexpr int64_t kRowBlock = 512;

template <class T>
struct Convolution {
  PlacedWindow window;
  int64_t group_in;   // input channels a group
  int64_t group_out;  // output channels a group
  const T* weights;   // of the group
  const T* input;     // of the image and group
  T* output;          // of the image and group, holding the bias

  // Adds one tap of one input row to a stretch [first, end) of `count` output rows.
  void add_tap(T (&sums)[kChannelBlock][kRowBlock], const T* row, const T (&w)[kChannelBlock], int64_t start, int64_t first,
               int64_t end, int64_t stride) const {
    T* __restrict s0 = sums[0] - start;
    T* __restrict s1 = sums[1] - start;
    T* __restrict s2 = sums[2] - start;
    T* __restrict s3 = sums[3] - start;
    const auto run = [&](auto step) {
      for (int64_t o = first; o < end; ++o) {
        const T x = row[o * step];
        s0[o] += w[0] * x;
        s1[o] += w[1] * x;
        s2[o] += w[2] * x;
        s3[o] += w[3] * x;
      }
    };
    if (stride == 1)
      run(std::integral_constant<int64_t, 1>{});
    else
      run(stride);
  }

  // Output channels [channel, channel + count), outputs [start, end) of row (d, h).
  void row(int64_t channel, int64_t count, int64_t d, int64_t h, int64_t start, int64_t end) const {
    const auto& [wd, wh, ww] = window;
    const int64_t channel_weights = group_in * taps(window);
    T sums[kChannelBlock][kRowBlock];
    T* target = output + ((channel * wd.out + d) * wh.out + h) * ww.out;
    const int64_t plane = positions_out(window);
    for (int64_t c = 0; c < kChannelBlock; ++c)
      for (int64_t o = start; o < end; ++o) sums[c][o - start] = c < count ? target[c * plane + o] : T(0);
    for (int64_t ic = 0; ic < group_in; ++ic) {
      for (int64_t kd = 0; kd < wd.kernel; ++kd) {
        for (int64_t kh = 0; kh < wh.kernel; ++kh) {
          if (!wd.reads_input(d, kd) || !wh.reads_input(h, kh)) continue;
          const T* source = input + ((ic * wd.in + wd.input_of(d, kd)) * wh.in + wh.input_of(h, kh)) * ww.in;
          for (int64_t kw = 0; kw < ww.kernel; ++kw) {
            const T* first_weight = weights + channel * channel_weights + ((ic * wd.kernel + kd) * wh.kernel + kh) * ww.kernel + kw;
            T w[kChannelBlock] = {};
            for (int64_t c = 0; c < count; ++c) w[c] = first_weight[c * channel_weights];
            const auto [low, high] = ww.outputs_of(kw);
            add_tap(sums, source + ww.input_of(0, kw), w, start, std::max(low, start), std::min(high, end), ww.stride);
          }
        }
      }
    }
    for (int64_t c = 0; c < count; ++c)
      for (int64_t o = start; o < end; ++o) target[c * plane + o] = sums[c][o - start];
  }

  void run() const {
    const auto& [wd, wh, ww] = window;
    for (int64_t channel = 0; channel < group_out; channel += kChannelBlock)
      for (int64_t d = 0; d < wd.out; ++d)
        for (int64_t h = 0; h < wh.out; ++h)
          for (int64_t start = 0; start < ww.out; start += kRowBlock)
            row(channel, std::min(kChannelBlock, group_out - channel), d, h, start, std::min(ww.out, start + kRowBlock));
  }
};

bool is_pointwise(const PlacedWindow& window) {
  return std::ranges::all_of(window, [](const PlacedAxis& a) { return a.kernel == 1 && a.stride == 1 && a.pad == 0 && a.in == a.out; });
}

template <class T>
Tensor convolve(const EvalContext& ctx, PlacedWindow window) {
  const Shape& x = ctx.input(0).shape();
  const Shape& w = ctx.input(1).shape();
  const int64_t group = ctx.node().int_attr("group", 1);
  Tensor output(ctx.output_dtype(0), ctx.output_shape(0));
  T* y = output.mutable_data<T>().data();
  // Without a neighbourhood the image is one long row.
  if (is_pointwise(window)) {
    const int64_t size = positions_in(window);
    window = {};
    window[2] = {.in = size, .out = size};
  }
  const int64_t in_plane = positions_in(window);
  const int64_t out_plane = positions_out(window);
  if (ctx.has_input(2)) {
    const auto bias = ctx.input(2).data<T>();
    for (int64_t i = 0; i < x[0] * w[0]; ++i) std::fill_n(y + i * out_plane, out_plane, bias[static_cast<size_t>(i % w[0])]);
  }
  const int64_t group_in = w[1];
  const int64_t group_out = w[0] / group;
  for (int64_t n = 0; n < x[0]; ++n)
    for (int64_t g = 0; g < group; ++g)
      Convolution<T>{window, group_in, group_out,
                     ctx.input(1).data<T>().data() + g * group_out * group_in * taps(window),
                     ctx.input(0).data<T>().data() + (n * group + g) * group_in * in_plane,
                     y + (n * group + g) * group_out * out_plane}
          .run();
  return output;
}

TensorsResult reference(const EvalContext& ctx) {
  const Shape& x = ctx.input(0).shape();
  const Shape y = ctx.output_shape(0);
  NPU_TRY(const auto kernel, kernel_of(ctx.node(), ctx.where(), to_dims(ctx.input(1).shape())));
  NPU_TRY(const auto window, read_window(ctx.node(), ctx.where(), kernel));
  const auto placed = place_window(window, Shape(x.begin() + 2, x.end()), Shape(y.begin() + 2, y.end()));
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? convolve<double>(ctx, placed) : convolve<float>(ctx, placed)};
}

}  // namespace

extern constinit const OpDef Conv{
    .name = "Conv",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Convolution of X[N,C,spatial...] with W[O,C/group,kernel...] plus bias B[O]; 1 to 3 spatial dimensions",
};

}  // namespace npu::op
