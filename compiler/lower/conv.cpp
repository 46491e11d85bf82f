// SPDX-License-Identifier: Apache-2.0
// Conv on the cube. Groups are packed until they fill whole blocks of 16 channels on both sides (public FRACTAL_Z group
// layout); the weights between channels of different groups are zeros. Depthwise is the case of one channel a group.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "compiler/lower/conv_pair.h"
#include "compiler/lower/conv_shape.h"
#include "compiler/lower/families.h"
#include "compiler/lower/cube.h"
#include "compiler/lower/operands.h"

namespace npu {
namespace {

// One output channel's filters to their places, `tap_stride` elements from tap to tap. Called often: WebAssembly engines
// replace slow code by fast code between calls.
[[gnu::noinline]] void place_filters(const Half* from, Half* block, int64_t first_c, int64_t count, int64_t taps, int64_t c1_stride, int64_t tap_stride) {
  for (int64_t c = first_c; c < first_c + count; ++c, from += taps) {
    Half* const to = block + c / 16 * c1_stride + c % 16;
    for (int64_t tap = 0; tap < taps; ++tap) to[tap * tap_stride] = from[tap];
  }
}

// Small channels: [kh*kw/4][n1][16 n][4 taps][4 c] as fp16, zeros past the last tap.
Tensor prepare_small_weights(const Tensor& half, const ConvShape& s) {
  const int64_t taps = s.kh * s.kw, k1 = ceil_div(taps, 4), n1 = ceil_div(s.cout, 16);
  Tensor prepared(DType::Float16, {k1, n1, 16, 16});
  const Half* from = half.data<Half>().data();
  Half* const to = prepared.mutable_data<Half>().data();
  for (int64_t n = 0; n < s.cout; ++n)
    for (int64_t c = 0; c < s.cin; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) to[(tap / 4 * n1 * 16 + n) * 16 + tap % 4 * 4 + c] = *from++;
  return prepared;
}

// [packs][c1][kh][kw][n1][16 n][16 c] as fp16.
Tensor prepare_weights(const Tensor& weights, const ConvShape& s) {
  const Tensor half = weights.cast(DType::Float16);
  if (s.small) return prepare_small_weights(half, s);
  const auto source = half.data<Half>();
  const int64_t in = s.cin / s.groups, out = s.cout / s.groups, taps = s.kh * s.kw;
  const int64_t c1 = s.pack_in() / 16, n1 = s.pack_out() / 16;
  Tensor prepared(DType::Float16, {s.packs(), c1, taps, n1, 16, 16});
  const auto target = prepared.mutable_data<Half>();
  for (int64_t co = 0; co < s.cout; ++co) {
    const int64_t group = co / out, pack = group / s.pack(), n = co - pack * s.pack_out();
    Half* const block = target.data() + ((pack * c1 * taps * n1 + n / 16) * 16 + n % 16) * 16;
    place_filters(source.data() + co * in * taps, block, group * in - pack * s.pack_in(), in, taps, taps * n1 * 256, n1 * 256);
  }
  return prepared;
}

// All packs; where the last one is partly filled and would reach past the tensors' channels, it is a part of its own that
// fills fewer blocks.
std::vector<ConvShape> parts_of(const ConvShape& s) {
  const auto part = [&s](int64_t groups) {
    ConvShape p = s;
    p.groups = groups, p.cin = s.cin / s.groups * groups, p.cout = s.cout / s.groups * groups;
    return p;
  };
  if (s.packs() == 1 || (s.packs() * s.pack_out() <= align_up(s.cout, s.c0) && s.packs() * s.pack_in() <= align_up(s.cin, s.c0))) return {s};
  const int64_t left = s.groups % s.pack();
  return {part(s.groups - left), part(left)};
}

CubeProblem problem_of(const ConvShape& part, const ConvShape& whole) {
  CubeProblem p;
  p.items = part.batch * part.packs();
  p.c1 = part.pack_in() / part.c0;
  p.h = part.h, p.w = part.w, p.kh = part.kh, p.kw = part.kw, p.sh = part.sh, p.sw = part.sw, p.dh = part.dh, p.dw = part.dw;
  p.pt = part.pt, p.pl = part.pl, p.pb = part.pb, p.pr = part.pr, p.ho = part.ho, p.wo = part.wo;
  p.n = part.packs() == 1 ? part.cout : part.pack_out();
  p.small = part.small;
  if (part.c0 == 32) p.a_type = p.b_type = VecType::S8;
  p.result_c1 = ceil_div(whole.cout, whole.c0);
  return p;
}

void add_part_items(const LowerContext& context, const Node& node, const ConvShape& part, const ConvShape& whole, int64_t first_in, int64_t first_out,
                    int64_t weights, CubeTask& cube) {
  const int64_t in_c1 = ceil_div(whole.cin, whole.c0), out_c1 = ceil_div(whole.cout, whole.c0);
  const int64_t pack_weights = cube.problem.k1() * cube.problem.n1() * kFractalBytes;
  for (int64_t n = 0; n < whole.batch; ++n)
    for (int64_t g = 0; g < part.packs(); ++g) {
      const int64_t in = first_in + g * part.pack_in(), out = first_out + g * part.pack_out();
      CubeItem item;
      item.a = context.address(node.inputs[0]) + (n * in_c1 + in / whole.c0) * whole.h * whole.w * cube.problem.pixel_bytes();
      item.b = weights + g * pack_weights;
      item.channel_block = out / 16;
      item.result_offset = (n * out_c1 + out / whole.c0) * whole.ho * whole.wo * 32;
      item.batch = n;
      cube.items.push_back(item);
    }
}

Tensor filters_of(const Tensor& weights, int64_t first, int64_t count) {
  if (count == weights.shape()[0]) return weights;
  Shape shape = weights.shape();
  shape[0] = count;
  const int64_t bytes = static_cast<int64_t>(weights.bytes().size()) / weights.shape()[0];
  Tensor part(weights.dtype(), shape);
  std::ranges::copy(weights.bytes().subspan(static_cast<size_t>(first * bytes), static_cast<size_t>(count * bytes)), part.mutable_bytes().begin());
  return part;
}

std::optional<std::string> reject_parts(const ConvShape& s, const Soc& soc) {
  if (s.sh > 63 || s.sw > 63) return fmt::format("stride {}x{} exceeds 63", s.sh, s.sw);
  if (s.kh > 511 || s.kw > 511) return fmt::format("kernel {}x{} exceeds 511", s.kh, s.kw);
  if (s.dh > 255 || s.dw > 255) return fmt::format("dilation {}x{} exceeds 255", s.dh, s.dw);
  if (std::max({s.pt, s.pb, s.pl, s.pr}) > 255) return "padding exceeds 255";
  if (std::max(s.pt, s.pb) > (s.kh - 1) * s.dh) return "padding exceeds the kernel";
  for (const ConvShape& part : parts_of(s))
    if (auto reason = reject_cube(soc, problem_of(part, s))) return reason;
  return std::nullopt;
}

}  // namespace

ConvShape conv_shape(const Graph& graph, const Node& node) {
  const size_t weights = node.op == "QLinearConv" ? 3 : 1;
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims), w = to_shape(graph.value(node.inputs[weights]).type.dims);
  const Shape y = to_shape(graph.value(node.outputs[0]).type.dims);
  const auto strides = node.ints_attr("strides", {1, 1}), dilations = node.ints_attr("dilations", {1, 1});
  auto pads = node.ints_attr("pads", {0, 0, 0, 0});
  ConvShape s{x[0], x[1], x[2], x[3], w[0], w[2], w[3], node.int_attr("group", 1), strides[0], strides[1], dilations[0], dilations[1],
              pads[0], pads[1], pads[2], pads[3], y[2], y[3]};
  const std::string auto_pad = node.string_attr("auto_pad", "NOTSET");
  if (auto_pad.starts_with("SAME")) {
    const int64_t th = std::max<int64_t>(0, (s.ho - 1) * s.sh + (s.kh - 1) * s.dh + 1 - s.h);
    const int64_t tw = std::max<int64_t>(0, (s.wo - 1) * s.sw + (s.kw - 1) * s.dw + 1 - s.w);
    const int64_t extra = auto_pad == "SAME_LOWER" ? 1 : 0;
    s.pt = (th + extra) / 2, s.pb = th - s.pt, s.pl = (tw + extra) / 2, s.pr = tw - s.pl;
  } else if (auto_pad == "VALID") {
    s.pt = s.pl = s.pb = s.pr = 0;
  }
  // Input rows the kernel never reaches are left out; ceil-like tails cannot occur for Conv.
  s.pb = std::max<int64_t>(0, (s.ho - 1) * s.sh + (s.kh - 1) * s.dh + 1 - s.pt - s.h);
  s.c0 = c0_of(graph.value(node.inputs[0]).type.dtype);
  s.small = graph.value(node.inputs[0]).format == Format::NC1HWC0_C04;
  return s;
}

std::optional<std::string> reject_conv(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dims.size() != 4) return fmt::format("{}-D convolution", x.dims.size() - 2);
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  if (!graph.is_constant(node.inputs[1])) return "weights computed at run time";
  if (node.inputs.size() > 2 && node.inputs[2] != kNone && !graph.is_constant(node.inputs[2])) return "bias computed at run time";
  return reject_parts(conv_shape(graph, node), soc);
}

std::optional<std::string> reject_small_channels(const Graph& graph, const Node& node, const Soc& soc) {
  ConvShape s = conv_shape(graph, node);
  s.small = true;
  if (s.cin > 4) return fmt::format("{} channels", s.cin);
  if (s.groups != 1) return fmt::format("{} groups", s.groups);
  if (s.kh * s.kw == 1) return "a 1x1 kernel has no taps to pack";
  const int64_t pixel = kSmallChannels * kBlockBytes / s.c0;
  if (s.w * pixel % kBlockBytes != 0) return fmt::format("rows of {} pixels of {} bytes are no whole 32-byte blocks", s.w, pixel);
  return reject_parts(s, soc);
}

std::optional<std::string> reject_conv_shape(const Graph& graph, const Node& node, const Soc& soc) {
  const ConvShape s = conv_shape(graph, node);
  if (auto why = reject_single_part(graph, node)) return why;
  return reject_parts(s, soc);
}

CubeProblem conv_problem(const Graph& graph, const Node& node) {
  const ConvShape s = conv_shape(graph, node);
  return problem_of(s, s);
}

void add_conv_items(const LowerContext& context, const Node& node, const ConvShape& s, int64_t weights, CubeTask& cube) {
  add_part_items(context, node, s, s, 0, 0, weights, cube);
}

namespace {

void read_image(CubeTask& cube, const CubeImage& image) {
  cube.problem.image = true;
  cube.image = image;
  for (CubeItem& item : cube.items) item.a = image.address + item.batch * image.settings.image_bytes();
}

// Of a part whose channels begin at these; image: what the feature map is made of, nullptr: it is the input.
Result<CubeTask> part_task(LowerContext& context, const TaskSpec& spec, const ConvShape& part, const ConvShape& whole, int64_t first_in, int64_t first_out, const CubeImage* image) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  CubeTask cube;
  cube.problem = problem_of(part, whole);
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) cube.bias = add_channel_values(context, *graph.value(node.inputs[2]).constant);
  const Tensor filters = filters_of(*graph.value(node.inputs[1]).constant, first_out, part.cout);
  add_part_items(context, node, part, whole, first_in, first_out, context.add_weights(prepare_weights(filters, part).bytes()), cube);
  if (image) read_image(cube, *image);
  NPU_CHECK(attach_epilogue(context, spec, cube));
  return cube;
}

Status lower_shape(LowerContext& context, const TaskSpec& spec, const ConvShape& s, const CubeImage* image, Task& task) {
  int64_t first_in = 0, first_out = 0;  // channels of the parts before
  for (const ConvShape& part : parts_of(s)) {
    NPU_TRY(const CubeTask cube, part_task(context, spec, part, s, first_in, first_out, image));
    NPU_TRY(auto blocks, emit_cube(context, cube));
    std::ranges::move(blocks, std::back_inserter(task.blocks));
    first_in += part.cin, first_out += part.cout;
  }
  task.macs = conv_macs(s);
  return {};
}

ConvShape identity_shape(const AippSettings& image, int64_t batch) {
  ConvShape s{};
  s.batch = batch, s.cin = s.cout = image.channels, s.h = s.ho = image.out_h(), s.w = s.wo = image.out_w();
  s.kh = s.kw = s.groups = s.sh = s.sw = s.dh = s.dw = 1;
  s.c0 = 16;
  return s;
}

}  // namespace

int64_t conv_macs(const ConvShape& s) { return s.batch * s.cout * s.ho * s.wo * (s.cin / s.groups) * s.kh * s.kw; }

std::optional<std::string> reject_single_part(const Graph& graph, const Node& conv) {
  const ConvShape s = conv_shape(graph, conv);
  if (parts_of(s).size() == 1) return std::nullopt;
  return fmt::format("{} groups of {} to {} channels do not fill whole blocks of {}", s.groups, s.cin / s.groups, s.cout / s.groups, s.c0);
}

Result<CubeTask> conv_task(LowerContext& context, const TaskSpec& spec) {
  const ConvShape s = conv_shape(context.graph, context.graph.node(spec.nodes[0]));
  return part_task(context, spec, s, s, 0, 0, nullptr);
}

Status lower_conv(LowerContext& context, const TaskSpec& spec, Task& task) {
  if (second_conv(context.graph, spec.nodes)) return lower_conv_pair(context, spec, task);
  return lower_shape(context, spec, conv_shape(context.graph, context.graph.node(spec.nodes[0])), nullptr, task);
}

std::optional<std::string> reject_image_conv(const Graph& graph, const Node& node, const Soc& soc) {
  const ConvShape s = conv_shape(graph, node);
  if (s.groups != 1) return fmt::format("{} groups", s.groups);
  CubeProblem problem = problem_of(s, s);
  problem.image = true;
  return reject_cube(soc, problem);
}

Status lower_image_conv(LowerContext& context, const TaskSpec& spec, const CubeImage& image, Task& task) {
  return lower_shape(context, spec, conv_shape(context.graph, context.graph.node(spec.nodes[0])), &image, task);
}

std::optional<std::string> reject_lone_image(const AippSettings& settings, const Soc& soc) {
  const ConvShape s = identity_shape(settings, 1);
  CubeProblem problem = problem_of(s, s);
  problem.image = true;
  return reject_cube(soc, problem);
}

Status lower_image(LowerContext& context, const CubeImage& image, int64_t batch, int64_t result, Task& task) {
  const ConvShape s = identity_shape(image.settings, batch);
  CubeTask cube;
  cube.problem = problem_of(s, s);
  Tensor identity(DType::Float16, {s.cout, s.cin, 1, 1});
  for (int64_t c = 0; c < s.cout; ++c) identity.mutable_data<Half>()[static_cast<size_t>(c * s.cin + c)] = Half(1.0f);
  const int64_t weights = context.add_weights(prepare_weights(identity, s).bytes());
  for (int64_t n = 0; n < batch; ++n) cube.items.push_back({.b = weights, .result_offset = n * s.ho * s.wo * kBlockBytes, .batch = n});
  read_image(cube, image);
  cube.result = result;
  NPU_TRY(task.blocks, emit_cube(context, cube));
  return {};
}

}  // namespace npu
