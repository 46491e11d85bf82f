// SPDX-License-Identifier: Apache-2.0
// Layers with windows: convolutions, pooling, LRN.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/math.h"
#include "core/caffe/layer.h"

namespace npu::caffe {
namespace {

// A value for each spatial axis: `pad_h` and `pad_w`, or `pad` once for all or once for each.
std::vector<int64_t> spatial(Layer& layer, const std::string& field, const std::string& short_name, int64_t fallback, size_t count) {
  std::vector<int64_t> values = layer.params.integers(field);
  if (layer.params.has(short_name + "_h") || layer.params.has(short_name + "_w")) {
    if (count != 2 || !values.empty()) layer.invalid(fmt::format("{} stands beside {}_h and {}_w, or the input is no image", field, short_name, short_name));
    return {layer.params.integer(short_name + "_h", fallback), layer.params.integer(short_name + "_w", fallback)};
  }
  if (values.empty()) values = {fallback};
  if (values.size() == 1) values.resize(count, values[0]);
  if (values.size() != count) layer.invalid(fmt::format("{} has {} values, the input has {} spatial axes", field, values.size(), count));
  return values;
}

std::vector<int64_t> both_ends(std::vector<int64_t> pads) {
  const size_t count = pads.size();
  pads.resize(2 * count);
  std::copy_n(pads.begin(), count, pads.begin() + static_cast<ptrdiff_t>(count));
  return pads;
}

size_t spatial_rank(Layer& layer) {
  if (layer.rank() >= 3) return layer.rank() - 2;
  layer.invalid(fmt::format("its input {} is no image", to_string(layer.bottom_type().dims)));
  return 1;
}

struct Filters {
  int64_t outputs, group;
  std::vector<int64_t> kernel;
  GraphBuilder::Attrs attrs;
};

Filters read_filters(Layer& layer) {
  const size_t rank = spatial_rank(layer);
  Filters filters{layer.params.integer("num_output", 0), layer.params.integer("group", 1), spatial(layer, "kernel_size", "kernel", 0, rank), {}};
  if (layer.axis("axis", 1) != 1) layer.unsupported("axis is not 1, which is not offered");
  if (filters.outputs < 1 || filters.group < 1 || filters.outputs % filters.group != 0 || layer.dim(1) % filters.group != 0)
    layer.invalid(fmt::format("num_output {} and group {} do not fit {} channels", filters.outputs, filters.group, layer.dim(1)));
  if (std::ranges::any_of(filters.kernel, [](int64_t size) { return size < 1; })) layer.invalid("kernel_size is missing or not positive");
  filters.attrs = {{"kernel_shape", filters.kernel}, {"group", filters.group}, {"pads", both_ends(spatial(layer, "pad", "pad", 0, rank))},
                   {"strides", spatial(layer, "stride", "stride", 1, rank)}, {"dilations", spatial(layer, "dilation", "dilation", 1, rank)}};
  return filters;
}

std::vector<ValueId> filtered(Layer& layer, std::string_view op, bool transposed) {
  Filters filters = read_filters(layer);
  if (!layer.ok()) return {kNone};
  Shape shape = transposed ? Shape{layer.dim(1), filters.outputs / filters.group} : Shape{filters.outputs, layer.dim(1) / filters.group};
  for (const int64_t size : filters.kernel) shape.push_back(size);
  std::vector<ValueId> inputs{layer.bottom(), layer.graph.constant("weights", layer.blob(0, shape))};
  if (layer.params.flag("bias_term", true)) inputs.push_back(layer.graph.constant("bias", layer.blob(1, {filters.outputs})));
  return {layer.graph.add(op, std::move(inputs), std::move(filters.attrs))};
}

struct Pool {
  std::vector<int64_t> kernel, stride, pad;
  bool ceil;
};

// Caffe lets the last window begin behind the image when nothing is padded; what it then computes means nothing.
void check_last_window(Layer& layer, const Pool& pool) {
  for (size_t i = 0; i < 2; ++i) {
    const Dim size = layer.bottom_type().dims[i + 2];
    if (pool.kernel[i] < 1 || pool.stride[i] < 1 || pool.pad[i] < 0 || pool.pad[i] >= pool.kernel[i])
      return layer.invalid(fmt::format("kernel {}, stride {}, pad {} at axis {}", pool.kernel[i], pool.stride[i], pool.pad[i], i + 2));
    if (!pool.ceil || pool.pad[0] != 0 || pool.pad[1] != 0 || !size.known() || size.value() < pool.kernel[i]) continue;
    const int64_t last = ceil_div(size.value() - pool.kernel[i], pool.stride[i]) * pool.stride[i];
    if (last >= size.value())
      return layer.unsupported(fmt::format("the last window begins at {}, behind the image of {} at axis {}: Caffe gives no useful value there", last, size.value(), i + 2));
  }
}

bool reads_ceil(Layer& layer) {
  const bool floor = layer.params.choice("round_mode", {"CEIL", "FLOOR"}, 0) == 1;
  return layer.params.flag("ceil_mode", !floor);
}

std::vector<ValueId> global_pool(Layer& layer, bool is_max) {
  for (const auto& values : {spatial(layer, "pad", "pad", 0, 2), spatial(layer, "stride", "stride", 1, 2)})
    if (values != std::vector<int64_t>{0, 0} && values != std::vector<int64_t>{1, 1}) layer.invalid("global_pooling has pad 0 and stride 1");
  if (layer.params.has("kernel_size") || layer.params.has("kernel_h")) layer.invalid("global_pooling has no kernel_size");
  return {layer.graph.add(is_max ? "GlobalMaxPool" : "GlobalAveragePool", {layer.bottom()})};
}

}  // namespace

std::vector<ValueId> convolution(Layer& layer) { return filtered(layer, "Conv", false); }
std::vector<ValueId> deconvolution(Layer& layer) { return filtered(layer, "ConvTranspose", true); }

std::vector<ValueId> pooling(Layer& layer) {
  const size_t method = layer.params.choice("pool", {"MAX", "AVE", "STOCHASTIC"}, 0);
  if (method == 2) layer.unsupported("pool: STOCHASTIC is not offered; offered: MAX, AVE");
  if (layer.rank() != 4) layer.invalid(fmt::format("its input {} is no image", to_string(layer.bottom_type().dims)));
  if (layer.tops.size() > 1) layer.unsupported("a second top (the mask) is not offered");
  if (!layer.ok()) return {kNone};
  const bool ceil = reads_ceil(layer);
  if (layer.params.flag("global_pooling", false)) return global_pool(layer, method == 0);
  const Pool pool{spatial(layer, "kernel_size", "kernel", 0, 2), spatial(layer, "stride", "stride", 1, 2), spatial(layer, "pad", "pad", 0, 2), ceil};
  if (layer.ok()) check_last_window(layer, pool);
  GraphBuilder::Attrs attrs{{"kernel_shape", pool.kernel}, {"strides", pool.stride}, {"pads", both_ends(pool.pad)}, {"ceil_mode", int64_t{ceil}}};
  if (method == 1) attrs.emplace("count_include_pad", int64_t{1});
  return {layer.graph.add(method == 0 ? "MaxPool" : "AveragePool", {layer.bottom()}, std::move(attrs))};
}

// Across channels: x / (k + alpha / n * sum of n squares)^beta. Within a channel the squares are a window's, and k is 1.
std::vector<ValueId> lrn(Layer& layer) {
  GraphBuilder& graph = layer.graph;
  const int64_t size = layer.params.integer("local_size", 5);
  const float alpha = layer.params.number("alpha", 1), beta = layer.params.number("beta", 0.75f), k = layer.params.number("k", 1);
  const bool within = layer.params.choice("norm_region", {"ACROSS_CHANNELS", "WITHIN_CHANNEL"}, 0) == 1;
  if (size < 1 || size % 2 == 0) layer.invalid(fmt::format("local_size is {}, an odd number is needed", size));
  if (!within) return {graph.add("LRN", {layer.bottom()}, {{"size", size}, {"alpha", alpha}, {"beta", beta}, {"bias", k}})};
  const ValueId squares = graph.add("Mul", {layer.bottom(), layer.bottom()});
  const ValueId means = graph.add("AveragePool", {squares}, {{"kernel_shape", std::vector{size, size}}, {"pads", std::vector<int64_t>(4, (size - 1) / 2)}, {"count_include_pad", int64_t{1}}});
  const ValueId sums = graph.add("Add", {graph.add("Mul", {means, graph.number("alpha", alpha)}), graph.number("one", 1)});
  return {graph.add("Mul", {layer.bottom(), graph.add("Pow", {sums, graph.number("exponent", -beta)})})};
}

std::vector<ValueId> upsample(Layer& layer) {
  const int64_t scale = layer.params.integer("scale", 2);
  if (scale < 1 || layer.rank() != 4) layer.invalid(fmt::format("scale {} of an input {}", scale, to_string(layer.bottom_type().dims)));
  const std::vector<float> factors{1, 1, static_cast<float>(scale), static_cast<float>(scale)};
  const ValueId scales = layer.graph.constant("scales", Tensor::from<float>(DType::Float32, {4}, factors));
  return {layer.graph.add("Resize", {layer.bottom(), kNone, scales},
                          {{"mode", std::string("nearest")}, {"coordinate_transformation_mode", std::string("asymmetric")}, {"nearest_mode", std::string("floor")}})};
}

}  // namespace npu::caffe
