// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    kAutoPadAttr,
    kDilationsAttr,
    {"group", AttrKind::Int, "1"},
    kKernelShapeAttr,
    {"output_padding", AttrKind::Ints, ""},
    {"output_shape", AttrKind::Ints, ""},
    kPadsAttr,
    kStridesAttr,
};

// A window whose "in" is our output and whose "out" is our input, per spatial dimension, with its padding.
struct Geometry {
  Window window;
  std::vector<int64_t> output_padding;
  std::vector<int64_t> output_shape;  // empty: follows from the padding
};

Result<Geometry> read_geometry(const Node& node, const std::string& where, const Dims& weights) {
  const size_t rank = weights.size() - 2;
  auto kernel = node.ints_attr("kernel_shape");
  if (kernel.empty())
    for (size_t i = 0; i < rank; ++i) kernel.push_back(weights[i + 2].value());
  const auto list = [&](std::string_view name, int64_t fallback) -> Result<std::vector<int64_t>> {
    auto values = node.ints_attr(name, std::vector<int64_t>(rank, fallback));
    if (values.size() == rank + 2 && name == "output_shape") values.erase(values.begin(), values.begin() + 2);
    if (values.size() != rank)
      return fail(ErrorKind::InvalidModel, where, fmt::format("{} has {} values, needs {}", name, values.size(), rank));
    return values;
  };
  if (kernel.size() != rank)
    return fail(ErrorKind::InvalidModel, where, fmt::format("kernel_shape has {} values, needs {}", kernel.size(), rank));
  Geometry geometry;
  NPU_TRY(geometry.window, read_window(node, where, kernel));
  NPU_TRY(geometry.output_padding, list("output_padding", 0));
  if (!node.ints_attr("output_shape").empty()) {
    NPU_TRY(geometry.output_shape, list("output_shape", 0));
  }
  for (size_t i = 0; i < rank; ++i) {
    if (weights[i + 2].known() && weights[i + 2].value() != kernel[i])
      return fail(ErrorKind::InvalidModel, where,
                  fmt::format("kernel_shape {} at axis {} does not match the weights {}", kernel[i], i + 2, to_string(weights)));
    const WindowAxis& axis = geometry.window.axes[i];
    const int64_t extra = geometry.output_padding[i];
    if (extra < 0 || (extra >= axis.stride && extra >= axis.dilation))
      return fail(ErrorKind::InvalidModel, where,
                  fmt::format("output_padding {} at axis {} with stride {} and dilation {}", extra, i + 2, axis.stride, axis.dilation));
  }
  return geometry;
}

bool pads_to_same(AutoPad mode) { return mode == AutoPad::SameUpper || mode == AutoPad::SameLower; }

// The output size along spatial dimension i, and the padding in front that goes with it.
struct Placement {
  int64_t output;
  int64_t pad;
};

Placement place(const Geometry& geometry, size_t i, int64_t input) {
  const WindowAxis& axis = geometry.window.axes[i];
  const int64_t full = axis.stride * (input - 1) + geometry.output_padding[i] + axis.extent();
  const bool same = pads_to_same(geometry.window.auto_pad);
  if (geometry.output_shape.empty() && !same) return {full - axis.pad_begin - axis.pad_end, axis.pad_begin};
  const int64_t output = geometry.output_shape.empty() ? input * axis.stride : geometry.output_shape[i];
  const int64_t sum = std::max<int64_t>(0, full - output);
  return {output, geometry.window.auto_pad == AutoPad::SameUpper ? sum / 2 : sum - sum / 2};
}

Result<Dim> output_dim(const InferContext& ctx, const Geometry& geometry, size_t i, const Dim& input) {
  if (!geometry.output_shape.empty() && geometry.output_shape[i] < 1)
    return ctx.error(fmt::format("output_shape {} at axis {}", geometry.output_shape[i], i + 2));
  if (!input.known()) return geometry.output_shape.empty() ? Dim() : Dim(geometry.output_shape[i]);
  const int64_t output = place(geometry, i, input.value()).output;
  if (output < 1)
    return ctx.error(fmt::format("output size {} at axis {} (input {}, kernel {}, padding {}+{})", output, i + 2, input.value(),
                                 geometry.window.axes[i].kernel, geometry.window.axes[i].pad_begin, geometry.window.axes[i].pad_end));
  return Dim(output);
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
  NPU_TRY(const auto geometry, read_geometry(ctx.node(), ctx.where(), w.dims));
  const int64_t group = ctx.node().int_attr("group", 1);
  if (group < 1) return ctx.error(fmt::format("group {}", group));
  NPU_TRY(const Dim channels, unify(ctx, x.dims[1], w.dims[0], "input channels"));
  if (channels.known() && channels.value() % group != 0)
    return ctx.error(fmt::format("group {} does not divide {} input channels", group, channels.value()));
  Dim out_channels;
  if (w.dims[1].known()) {
    int64_t product = 0;
    if (__builtin_mul_overflow(w.dims[1].value(), group, &product))
      return ctx.error(fmt::format("group {} times {} output channels is too large", group, w.dims[1].value()));
    out_channels = Dim(product);
  }
  if (ctx.has_input(2)) {
    NPU_CHECK(require_same_dtype(ctx, 2));
    NPU_CHECK(require_vector(ctx, 2, out_channels, "bias"));
  }
  Dims output{x.dims[0], out_channels};
  for (size_t i = 2; i < rank; ++i) {
    NPU_TRY(output.emplace_back(), output_dim(ctx, geometry, i - 2, x.dims[i]));
  }
  return std::vector{TensorType::of(x.dtype, output)};
}

// Adds input plane x, weighted by every tap of w, to output plane y.
template <class T>
void scatter(const PlacedWindow& window, const T* x, const T* w, T* y) {
  const auto& [wd, wh, ww] = window;  // "in" of the window is y, "out" is x
  for (int64_t kd = 0; kd < wd.kernel; ++kd)
    for (int64_t kh = 0; kh < wh.kernel; ++kh)
      for (int64_t kw = 0; kw < ww.kernel; ++kw) {
        const T weight = *w++;
        const auto [first, end] = ww.outputs_of(kw);
        for (int64_t d = 0; d < wd.out; ++d)
          for (int64_t h = 0; h < wh.out; ++h) {
            if (!wd.reads_input(d, kd) || !wh.reads_input(h, kh)) continue;
            const T* source = x + (d * wh.out + h) * ww.out;
            T* target = y + (wd.input_of(d, kd) * wh.in + wh.input_of(h, kh)) * ww.in + ww.input_of(0, kw);
            for (int64_t i = first; i < end; ++i) target[i * ww.stride] += weight * source[i];
          }
      }
}

template <class T>
Tensor run(const EvalContext& ctx, const PlacedWindow& window) {
  const Shape& x = ctx.input(0).shape();
  const int64_t group = ctx.node().int_attr("group", 1);
  Tensor output(ctx.output_dtype(0), ctx.output_shape(0));
  T* y = output.mutable_data<T>().data();
  const int64_t group_in = x[1] / group;
  const int64_t group_out = ctx.input(1).shape()[1];
  const int64_t y_plane = positions_in(window);
  const int64_t x_plane = positions_out(window);
  for (int64_t n = 0; n < x[0]; ++n)
    for (int64_t oc = 0; oc < group * group_out; ++oc, y += y_plane) {
      if (ctx.has_input(2)) std::fill_n(y, y_plane, ctx.input(2).data<T>()[static_cast<size_t>(oc)]);
      for (int64_t i = 0; i < group_in; ++i) {
        const int64_t ic = oc / group_out * group_in + i;
        scatter(window, ctx.input(0).data<T>().data() + (n * x[1] + ic) * x_plane,
                ctx.input(1).data<T>().data() + (ic * group_out + oc % group_out) * taps(window), y);
      }
    }
  return output;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto geometry, read_geometry(ctx.node(), ctx.where(), to_dims(ctx.input(1).shape())));
  const Shape& x = ctx.input(0).shape();
  PlacedWindow window;
  const size_t missing = window.size() - (x.size() - 2);
  for (size_t i = 0; i + 2 < x.size(); ++i) {
    const WindowAxis& axis = geometry.window.axes[i];
    const Placement placed = place(geometry, i, x[i + 2]);
    window[missing + i] = {.in = placed.output, .out = x[i + 2], .kernel = axis.kernel, .stride = axis.stride,
                           .dilation = axis.dilation, .pad = placed.pad};
  }
  return std::vector{ctx.output_dtype(0) == DType::Float64 ? run<double>(ctx, window) : run<float>(ctx, window)};
}

}  // namespace

extern constinit const OpDef ConvTranspose{
    .name = "ConvTranspose",
    .since = 1,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Transposed convolution of X[N,C,spatial...] with W[C,O/group,kernel...] plus bias B[O]; 1 to 3 spatial dimensions",
};

}  // namespace npu::op
