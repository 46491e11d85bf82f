// SPDX-License-Identifier: Apache-2.0
// Conv on the cube. Groups are packed until they fill whole blocks of 16 channels on both sides (public FRACTAL_Z group
// layout); the weights between channels of different groups are zeros. Depthwise is the case of one channel a group.
#include <fmt/format.h>

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

// [packs][c1][kh][kw][n1][16 n][16 c] as fp16.
Tensor prepare_weights(const Tensor& weights, const ConvShape& s) {
  const Tensor half = weights.cast(DType::Float16);
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
  return s;
}

std::optional<std::string> reject_conv(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dims.size() != 4) return fmt::format("{}-D convolution", x.dims.size() - 2);
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  if (!graph.is_constant(node.inputs[1])) return "weights computed at run time";
  if (node.inputs.size() > 2 && node.inputs[2] != kNone && !graph.is_constant(node.inputs[2])) return "bias computed at run time";
  return reject_conv_shape(graph, node, soc);
}

std::optional<std::string> reject_conv_shape(const Graph& graph, const Node& node, const Soc& soc) {
  const ConvShape s = conv_shape(graph, node);
  if (s.sh > 63 || s.sw > 63) return fmt::format("stride {}x{} exceeds 63", s.sh, s.sw);
  if (s.kh > 511 || s.kw > 511) return fmt::format("kernel {}x{} exceeds 511", s.kh, s.kw);
  if (s.dh > 255 || s.dw > 255) return fmt::format("dilation {}x{} exceeds 255", s.dh, s.dw);
  if (std::max({s.pt, s.pb, s.pl, s.pr}) > 255) return "padding exceeds 255";
  if (std::max(s.pt, s.pb) > (s.kh - 1) * s.dh) return "padding exceeds the kernel";
  // A last pack that is only partly filled must not read or write past the tensors' channels.
  if (s.packs() > 1 && (s.packs() * s.pack_out() > align_up(s.cout, s.c0) || s.packs() * s.pack_in() > align_up(s.cin, s.c0)))
    return fmt::format("{} groups of {} to {} channels do not fill whole blocks of {}", s.groups, s.cin / s.groups, s.cout / s.groups, s.c0);
  const CubeProblem problem = conv_problem(graph, node);
  if (auto plan = plan_cube(soc, problem, 1, 1, 1, 8); !plan) return plan.error().what;
  return std::nullopt;
}

CubeProblem conv_problem(const Graph& graph, const Node& node) {
  const ConvShape s = conv_shape(graph, node);
  CubeProblem p;
  p.items = s.batch * s.packs();
  p.c1 = s.pack_in() / s.c0;
  p.h = s.h, p.w = s.w, p.kh = s.kh, p.kw = s.kw, p.sh = s.sh, p.sw = s.sw, p.dh = s.dh, p.dw = s.dw;
  p.pt = s.pt, p.pl = s.pl, p.pb = s.pb, p.pr = s.pr, p.ho = s.ho, p.wo = s.wo;
  p.n = s.packs() == 1 ? s.cout : s.pack_out();
  p.result_c1 = ceil_div(s.cout, s.c0);
  return p;
}

void add_conv_items(const LowerContext& context, const Node& node, const ConvShape& s, int64_t weights, CubeTask& cube) {
  const int64_t in_c1 = ceil_div(s.cin, s.c0), out_c1 = ceil_div(s.cout, s.c0);
  const int64_t pack_weights = cube.problem.k1() * cube.problem.n1() * kFractalBytes;
  for (int64_t n = 0; n < s.batch; ++n)
    for (int64_t g = 0; g < s.packs(); ++g) {
      CubeItem item;
      item.a = context.address(node.inputs[0]) + (n * in_c1 + g * s.pack_in() / s.c0) * s.h * s.w * 32;
      item.b = weights + g * pack_weights;
      item.channel_block = g * s.pack_out() / 16;
      item.result_offset = (n * out_c1 + g * s.pack_out() / s.c0) * s.ho * s.wo * 32;
      item.batch = n;
      cube.items.push_back(item);
    }
}

Status lower_conv(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const ConvShape s = conv_shape(graph, node);
  CubeTask cube;
  cube.problem = conv_problem(graph, node);
  const int64_t weights = context.add_weights(prepare_weights(*graph.value(node.inputs[1]).constant, s).bytes());
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) cube.bias = add_channel_values(context, *graph.value(node.inputs[2]).constant);
  add_conv_items(context, node, s, weights, cube);
  NPU_CHECK(attach_epilogue(context, spec, cube));
  NPU_TRY(task.blocks, emit_cube(context.soc, cube));
  task.macs = s.batch * s.cout * s.ho * s.wo * (s.cin / s.groups) * s.kh * s.kw;
  return {};
}

}  // namespace npu
