// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "core/base/half.h"
#include "core/ops/aipp_parameters.h"
#include "core/ops/detail/aipp.h"
#include "core/ops/detail/infer_common.h"

namespace npu {
namespace {

// The attributes, without the sizes of the input.
AippSettings settings_of(const Node& node) {
  AippSettings s;
  const AippFormat* format = find_aipp_format(node.string_attr("input_format", s.format->name));
  if (format) s.format = format;
  const auto ints = [&](std::string_view name, auto... places) {
    const auto values = node.ints_attr(name);
    size_t i = 0;
    if (values.size() == sizeof...(places)) ((*places = values[i++]), ...);
  };
  ints("crop", &s.top, &s.left, &s.h, &s.w);
  ints("padding", &s.pad_top, &s.pad_left, &s.pad_bottom, &s.pad_right);
  s.pad_value = node.float_attr("padding_value", 0);
  s.swap_rb_uv = node.int_attr("rbuv_swap", 0) != 0, s.swap_ax = node.int_attr("ax_swap", 0) != 0, s.convert = node.int_attr("csc", 0) != 0;
  const auto copy = [](const auto& from, auto& to, auto fallback) {
    to.fill(fallback);
    if (from.size() == to.size()) std::ranges::copy(from, to.begin());
  };
  copy(node.ints_attr("matrix"), s.matrix, int64_t{0});
  copy(node.ints_attr("input_bias"), s.in_bias, int64_t{0}), copy(node.ints_attr("output_bias"), s.out_bias, int64_t{0});
  copy(node.ints_attr("mean_chn"), s.mean, int64_t{0});
  copy(node.floats_attr("min_chn"), s.min, 0.0f), copy(node.floats_attr("var_reci_chn"), s.var_reci, 1.0f);
  s.channels = node.int_attr("channels", s.grey() ? 1 : 3);
  return s;
}

void set_source(AippSettings& s, int64_t rows, int64_t columns) {
  const int64_t common = std::gcd(s.format->half_rows, int64_t{2});
  s.src_h = rows / (s.format->half_rows / common) * (2 / common), s.src_w = columns;
  if (s.h == 0 && s.top >= 0) s.h = s.src_h - s.top;
  if (s.w == 0 && s.left >= 0) s.w = s.src_w - s.left;
}

}  // namespace

const AippFormat* find_aipp_format(std::string_view name) {
  const auto* found = std::ranges::find(kAippFormats, name, &AippFormat::name);
  return found == std::end(kAippFormats) ? nullptr : found;
}

AippSettings aipp_settings(const Graph& graph, const Node& node) {
  AippSettings s = settings_of(node);
  if (is_dynamic_aipp(node)) {
    const auto size = node.ints_attr("output_size", {0, 0});
    return plain_aipp({.channels = s.channels, .h = size.front(), .w = size.back()}).settings(0, s.channels);
  }
  const TensorType& type = graph.value(node.inputs[0]).type;
  if (type.has_rank && type.dims.size() == 4 && type.dims[1].known() && type.dims[2].known()) set_source(s, type.dims[1].value(), type.dims[2].value());
  return s;
}

void set_aipp_attrs(Node& node, const AippSettings& s) {
  const auto list = [](const auto& values) { return std::vector(values.begin(), values.end()); };
  node.attrs["input_format"] = std::string(s.format->name);
  node.attrs["crop"] = std::vector<int64_t>{s.top, s.left, s.h, s.w};
  node.attrs["padding"] = std::vector<int64_t>{s.pad_top, s.pad_left, s.pad_bottom, s.pad_right};
  node.attrs["padding_value"] = s.pad_value;
  node.attrs["rbuv_swap"] = int64_t{s.swap_rb_uv}, node.attrs["ax_swap"] = int64_t{s.swap_ax}, node.attrs["csc"] = int64_t{s.convert};
  node.attrs["matrix"] = list(s.matrix), node.attrs["input_bias"] = list(s.in_bias), node.attrs["output_bias"] = list(s.out_bias);
  node.attrs["mean_chn"] = list(s.mean), node.attrs["min_chn"] = list(s.min), node.attrs["var_reci_chn"] = list(s.var_reci);
  node.attrs["channels"] = s.channels;
}

namespace op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"ax_swap", AttrKind::Int, "0"},        {"channels", AttrKind::Int, ""},        {"crop", AttrKind::Ints, ""},
                              {"csc", AttrKind::Int, "0"},            {"input_bias", AttrKind::Ints, ""},     {"input_format", AttrKind::String, "RGB888_U8"},
                              {"matrix", AttrKind::Ints, ""},         {"mean_chn", AttrKind::Ints, ""},       {"min_chn", AttrKind::Floats, ""},
                              {"output_bias", AttrKind::Ints, ""},    {"output_size", AttrKind::Ints, ""},    {"padding", AttrKind::Ints, ""},        {"padding_value", AttrKind::Float, "0"},
                              {"rbuv_swap", AttrKind::Int, "0"},      {"var_reci_chn", AttrKind::Floats, ""}};

Status check_counts(const InferContext& ctx) {
  const Node& node = ctx.node();
  for (const auto& [name, count] : {std::pair("crop", 4u), std::pair("padding", 4u), std::pair("matrix", 9u), std::pair("input_bias", 3u), std::pair("output_bias", 3u), std::pair("mean_chn", 3u)})
    if (const size_t given = node.ints_attr(name).size(); given != 0 && given != count) return ctx.error(fmt::format("{} has {} numbers, needs {}", name, given, count));
  for (const char* name : {"min_chn", "var_reci_chn"})
    if (const size_t given = node.floats_attr(name).size(); given != 0 && given != 3) return ctx.error(fmt::format("{} has {} numbers, needs 3", name, given));
  return {};
}

Status check_values(const InferContext& ctx, const AippSettings& s) {
  const auto outside = [](const auto& values, int64_t low, int64_t high) { return std::ranges::any_of(values, [=](int64_t v) { return v < low || v > high; }); };
  if (outside(s.matrix, -32768, 32767)) return ctx.error("a coefficient of the matrix is no 16-bit number");
  if (outside(s.in_bias, 0, 255) || outside(s.out_bias, 0, 255) || outside(s.mean, 0, 255)) return ctx.error("a bias or mean is no byte");
  if (outside(std::array{s.pad_top, s.pad_left, s.pad_bottom, s.pad_right}, 0, kMostAippPadding)) return ctx.error("padding is 0 to 32");
  if (s.channels != 1 && s.channels != 3) return ctx.error(fmt::format("{} channels, not 1 or 3", s.channels));
  if (s.grey() && s.channels != 1) return ctx.error(fmt::format("{} without conversion has one channel, not {}", s.format->name, s.channels));
  return {};
}

Status check_sizes(const InferContext& ctx, const AippSettings& s, const Dims& x) {
  constexpr int64_t kMost = 1 << 16;
  if (s.src_h < 1 || s.src_w < 1 || s.src_h > kMost || s.src_w > kMost || s.format->rows(s.src_h) != x[1].value() || s.src_w % s.format->even_w != 0 || s.src_h % s.format->even_h != 0)
    return ctx.error(fmt::format("{} rows of {} are no image in {}", x[1].value(), x[2].value(), s.format->name));
  const auto inside = [](int64_t start, int64_t size, int64_t all) { return start >= 0 && size >= 1 && start < all && size <= all - start; };
  if (!inside(s.top, s.h, s.src_h) || !inside(s.left, s.w, s.src_w))
    return ctx.error(fmt::format("a part of {}x{} from row {} and column {} of an image of {}x{}", s.h, s.w, s.top, s.left, s.src_h, s.src_w));
  return {};
}

// Of images and parameters as bytes.
TypesResult infer_dynamic(const InferContext& ctx) {
  if (ctx.input(1).dtype != DType::UInt8) return ctx.error(fmt::format("input 1 is {}, needs uint8", to_string(ctx.input(1).dtype)));
  const auto size = ctx.node().ints_attr("output_size");
  if (size.size() != 2 || std::ranges::any_of(size, [](int64_t n) { return n < 1 || n > 4096; })) return ctx.error("output_size is not the result's rows and columns, 1 to 4096 each");
  const int64_t channels = ctx.node().int_attr("channels", 3);
  if (channels != 1 && channels != 3) return ctx.error(fmt::format("{} channels, not 1 or 3", channels));
  Dims y{Dim(), Dim(channels), Dim(size[0]), Dim(size[1])};
  const TensorType& images = ctx.input(0);
  const TensorType& buffer = ctx.input(1);
  if (images.has_rank && images.dims.size() != 2) return ctx.error(fmt::format("input 0 is of rank {}, needs 2", images.dims.size()));
  if (buffer.has_rank && buffer.dims.size() != 1) return ctx.error(fmt::format("input 1 is of rank {}, needs 1", buffer.dims.size()));
  if (!buffer.has_rank || !buffer.dims[0].known()) return std::vector{TensorType::of(DType::Float16, y)};
  const int64_t bytes = buffer.dims[0].value(), batch = (bytes - kAippHeadBytes) / kAippImageBytes;
  if (batch < 1 || batch > kMostAippImages || bytes != aipp_data_size(batch))
    return ctx.error(fmt::format("input 1 is of {} bytes, needs {} and {} for each of 1 to {} images", bytes, kAippHeadBytes, kAippImageBytes, kMostAippImages));
  y[0] = Dim(batch);
  return std::vector{TensorType::of(DType::Float16, y)};
}

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(0).dtype != DType::UInt8) return ctx.error(fmt::format("input 0 is {}, needs uint8", to_string(ctx.input(0).dtype)));
  if (is_dynamic_aipp(ctx.node())) return infer_dynamic(ctx);
  const std::string name = ctx.node().string_attr("input_format", "RGB888_U8");
  if (!find_aipp_format(name)) return ctx.error(fmt::format("there is no input_format '{}'", name));
  NPU_CHECK(check_counts(ctx));
  const AippSettings s = aipp_settings(ctx.graph(), ctx.node());
  NPU_CHECK(check_values(ctx, s));
  if (!ctx.input(0).has_rank) return std::vector{unknown_of_rank(DType::Float16, 4)};
  const Dims& x = ctx.input(0).dims;
  if (x.size() != 4) return ctx.error(fmt::format("input 0 is of rank {}, needs 4", x.size()));
  if (x[3].known() && x[3].value() != s.format->pixel) return ctx.error(fmt::format("{} bytes a pixel, {} has {}", x[3].value(), name, s.format->pixel));
  Dims y{x[0], Dim(s.channels), Dim(), Dim()};
  if (x[1].known() && x[2].known()) {
    NPU_CHECK(check_sizes(ctx, s, x));
    y[2] = Dim(s.out_h()), y[3] = Dim(s.out_w());
  }
  return std::vector{TensorType::of(DType::Float16, y)};
}

// One image.
class Reader {
 public:
  Reader(std::span<const uint8_t> image, const AippSettings& settings) : image_(image), s_(settings) {
    for (size_t c = 0; c < 3; ++c) min_[c] = static_cast<float>(Half(s_.min[c])), var_[c] = static_cast<float>(Half(s_.var_reci[c]));
  }

  std::array<Half, 3> pixel(int64_t y, int64_t x) const {
    auto in = channels(y, x);
    if (s_.convert) in = converted(in);
    std::array<Half, 3> out;
    for (size_t c = 0; c < 3; ++c) {
      const float shifted = static_cast<float>(Half(static_cast<float>(in[c] - s_.mean[c]) - min_[c]));
      out[c] = Half(shifted * var_[c]);
    }
    return out;
  }

 private:
  using Channels = std::array<int64_t, 3>;
  int64_t byte(int64_t at) const { return image_[static_cast<size_t>(at)]; }

  Channels channels(int64_t y, int64_t x) const {
    const int64_t row = y * s_.src_w, pixel = s_.format->pixel, at = (row + x) * pixel;
    if (s_.format->planar()) {
      const int64_t uv = (s_.src_h + y / s_.format->even_h) * s_.src_w + x / 2 * 2;
      return {byte(at), byte(uv + s_.swap_rb_uv), byte(uv + !s_.swap_rb_uv)};
    }
    if (pixel == 1) return {byte(at), 0, 0};
    if (pixel == 2) {
      const int64_t pair = (row + x / 2 * 2) * 2;
      return {byte(at), byte(pair + (s_.swap_rb_uv ? 3 : 1)), byte(pair + (s_.swap_rb_uv ? 1 : 3))};
    }
    const int64_t first = at + s_.first_byte();
    Channels in{byte(first), byte(first + 1), byte(first + 2)};
    if (s_.swap_rb_uv) std::swap(in[s_.format->yuv ? 1 : 0], in[2]);
    return in;
  }

  Channels converted(const Channels& in) const {
    Channels out;
    for (size_t c = 0; c < 3; ++c) {
      int64_t sum = 128;
      for (size_t i = 0; i < 3; ++i) sum += s_.matrix[c * 3 + i] * (in[i] - (s_.format->yuv ? s_.in_bias[i] : 0));
      out[c] = std::clamp<int64_t>((sum >> 8) + (s_.format->yuv ? 0 : s_.out_bias[c]), 0, 255);
    }
    return out;
  }

  std::span<const uint8_t> image_;
  const AippSettings& s_;
  std::array<float, 3> min_{}, var_{};
};

// Image n of those that stand one behind the other, to its place in the result [N, channels, h, w].
void read_image(std::span<const uint8_t> images, int64_t n, const AippSettings& s, std::span<Half> result) {
  const int64_t plane = s.out_h() * s.out_w();
  const auto target = result.subspan(static_cast<size_t>(n * s.channels * plane), static_cast<size_t>(s.channels * plane));
  std::ranges::fill(target, Half(s.pad_value));
  const Reader reader(images.subspan(static_cast<size_t>(n * s.image_bytes()), static_cast<size_t>(s.image_bytes())), s);
  for (int64_t i = 0; i < s.h; ++i)
    for (int64_t j = 0; j < s.w; ++j) {
      const auto pixel = reader.pixel(s.top + i, s.left + j);
      const int64_t at = (s.pad_top + i) * s.out_w() + s.pad_left + j;
      for (int64_t c = 0; c < s.channels; ++c) target[static_cast<size_t>(at + c * plane)] = pixel[static_cast<size_t>(c)];
    }
}

Status read_dynamic(const EvalContext& ctx, std::span<Half> result) {
  const Shape y = ctx.output_shape(0);
  const Tensor& x = ctx.input(0);
  NPU_TRY(const AippParameters parameters, AippParameters::decode(ctx.input(1).bytes()));
  NPU_CHECK(parameters.check({.batch = y[0], .channels = y[1], .h = y[2], .w = y[3], .image_bytes = x.elements()}));
  for (int64_t n = 0; n < y[0]; ++n) read_image(x.data<uint8_t>(), n, parameters.settings(static_cast<size_t>(n), y[1]), result);
  return {};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  Tensor y(DType::Float16, ctx.output_shape(0));
  if (is_dynamic_aipp(ctx.node())) {
    NPU_CHECK(read_dynamic(ctx, y.mutable_data<Half>()));
    return std::vector{std::move(y)};
  }
  AippSettings s = settings_of(ctx.node());
  set_source(s, x.shape()[1], x.shape()[2]);
  for (int64_t n = 0; n < x.shape()[0]; ++n) read_image(x.data<uint8_t>(), n, s, y.mutable_data<Half>());
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef Aipp{
    .name = "Aipp",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "An image of bytes [N, rows, W, pixel] as fp16 [N, channels, h, w]: swaps, crop, colour conversion (csc: (matrix * (in - input_bias) + 128 >> 8) + output_bias, clipped), "
           "(in - mean - min) * var_reci, padding, as load_image_to_cbuf does it; with a second input, bytes of kAippDynamicPara, what it says of the images "
           "[1, bytes] instead of the attributes (padding with zeros)",
};

}  // namespace op
}  // namespace npu
