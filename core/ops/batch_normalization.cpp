// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"epsilon", AttrKind::Float, "1e-05"},
    {"momentum", AttrKind::Float, "0.9"},
    {"spatial", AttrKind::Int, "1"},        // before opset 9
    {"training_mode", AttrKind::Int, "0"},  // from opset 14
};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_float(ctx, 0));
  if (ctx.node().int_attr("spatial", 1) != 1)
    return fail(ErrorKind::UnsupportedModel, ctx.where(), "spatial 0 (one mean for every position) is not supported");
  const bool training = ctx.node().int_attr("training_mode", 0) != 0;
  if (ctx.output_count() > 1 && !training)
    return fail(ErrorKind::UnsupportedModel, ctx.where(), fmt::format("{} outputs without training_mode", ctx.output_count()));
  if (ctx.output_count() > 3) return ctx.error(fmt::format("has {} outputs, at most 3 with training_mode", ctx.output_count()));
  static constexpr std::string_view kParameters[] = {"", "scale", "B", "input_mean", "input_var"};
  const TensorType& x = ctx.input(0);
  if (x.has_rank) NPU_CHECK(rank_of(ctx, 0, 1));
  const Dim channels = x.has_rank && x.dims.size() < 2 ? Dim(1) : x.has_rank ? x.dims[1] : Dim();
  for (size_t i = 1; i < 5; ++i) {
    NPU_CHECK(require_float(ctx, i));
    NPU_CHECK(require_vector(ctx, i, channels, kParameters[i]));
  }
  return std::vector{x, TensorType::of(ctx.input(3).dtype, Dims{channels}), TensorType::of(ctx.input(4).dtype, Dims{channels})};
}

// The values of one channel, image by image: calls body(first element, count).
template <class Body>
void for_each_plane(const npu::Shape& x, int64_t channel, int64_t plane, Body&& body) {
  const int64_t channels = x.size() < 2 ? 1 : x[1];
  for (int64_t n = 0; n < x[0]; ++n) body((n * channels + channel) * plane, plane);
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

template <class T>
Moments moments_of(const npu::Shape& shape, int64_t channel, int64_t plane, const T* x) {
  const double count = static_cast<double>(shape[0] * plane);
  Moments moments;
  for_each_plane(shape, channel, plane, [&](int64_t at, int64_t size) {
    for (int64_t i = 0; i < size; ++i) moments.mean += static_cast<double>(x[at + i]);
  });
  moments.mean /= count;
  for_each_plane(shape, channel, plane, [&](int64_t at, int64_t size) {
    for (int64_t i = 0; i < size; ++i) {
      const double difference = static_cast<double>(x[at + i]) - moments.mean;
      moments.variance += difference * difference;
    }
  });
  moments.variance /= count;
  return moments;
}

template <class T>
std::vector<Tensor> normalize(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(0).shape();
  const bool training = ctx.node().int_attr("training_mode", 0) != 0;
  const double epsilon = ctx.node().float_attr("epsilon", 1e-5f);
  const double momentum = ctx.node().float_attr("momentum", 0.9f);
  const auto scale = ctx.input(1).to_doubles();
  const auto shift = ctx.input(2).to_doubles();
  auto mean = ctx.input(3).to_doubles();
  auto variance = ctx.input(4).to_doubles();
  Tensor y(ctx.output_dtype(0), shape);
  const T* x = ctx.input(0).data<T>().data();
  T* out = y.mutable_data<T>().data();
  const int64_t channels = shape.size() < 2 ? 1 : shape[1];
  const int64_t plane = y.elements() == 0 ? 0 : y.elements() / (shape[0] * channels);
  for (int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<size_t>(c);
    Moments used{mean[i], variance[i]};
    if (training) {
      used = moments_of(shape, c, plane, x);
      mean[i] = mean[i] * momentum + used.mean * (1 - momentum);
      variance[i] = variance[i] * momentum + used.variance * (1 - momentum);
    }
    const double factor = scale[i] / std::sqrt(used.variance + epsilon);
    for_each_plane(shape, c, plane, [&](int64_t at, int64_t size) {
      for (int64_t k = at; k < at + size; ++k)
        out[k] = static_cast<T>((static_cast<double>(x[k]) - used.mean) * factor + shift[i]);
    });
  }
  const auto running = [&](size_t input, const std::vector<double>& values) {
    return Tensor::from<double>(DType::Float64, {channels}, values).cast(ctx.input(input).dtype());
  };
  return {y, running(3, mean), running(4, variance)};
}

TensorsResult reference(const EvalContext& ctx) {
  return ctx.output_dtype(0) == DType::Float64 ? normalize<double>(ctx) : normalize<float>(ctx);
}

}  // namespace

extern constinit const OpDef BatchNormalization{
    .name = "BatchNormalization",
    .since = 7,
    .min_inputs = 5,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 5,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "(X - mean) / sqrt(variance + epsilon) * scale + B for every channel; training_mode takes the batch's own statistics",
};

}  // namespace npu::op
