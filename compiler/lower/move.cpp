// SPDX-License-Identifier: Apache-2.0
// Operators that only move data: each becomes a list of strided copies, on the row-major layout or on NC1HWC0.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/families.h"
#include "compiler/lower/quantization.h"
#include "compiler/lower/strided_copy.h"
#include "compiler/schedule/insert_sync.h"
#include "core/tensor/format.h"

namespace npu {
namespace {

constexpr int64_t kMostLoads = 1 << 16;  // tensors in more separate pieces are left to the AI CPU

int64_t slot_bytes(const Soc& soc) { return (soc.ub - 4096) / 2 / 512 * 512; }

// A tensor as the copies see it: physical dims, and where each logical axis went (NC1HWC0: N C1 H W C0).
struct Space {
  Shape dims;
  Shape strides;
  int64_t c0 = 0;  // of an image

  Space(const Shape& logical, Format format, int64_t block) : dims(logical), c0(format == Format::NC1HWC0 ? block : 0) {
    if (c0 > 0) dims = {logical[0], ceil_div(logical[1], c0), logical[2], logical[3], c0};
    strides = row_major_strides(dims);
  }
  // A position or extent along a logical axis in units of the physical one.
  int64_t scaled(size_t axis, int64_t at) const { return c0 > 0 && axis == 1 ? ceil_div(at, c0) : at; }
};

struct Build {
  const Graph& graph;
  const Node& node;
  Format format;
  int64_t element;  // bytes

  int64_t c0() const { return kBlockBytes / element; }
  Shape shape(ValueId id) const { return to_shape(graph.value(id).type.dims); }
  Space space(ValueId id) const { return {shape(id), format, c0()}; }
  size_t axis(int64_t fallback, size_t rank) const {
    const int64_t axis = node.int_attr("axis", fallback);
    return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
  }
  std::vector<int64_t> ints(size_t input, std::string_view attr) const {
    if (input < node.inputs.size() && node.inputs[input] != kNone && graph.value(node.inputs[input]).constant)
      return graph.value(node.inputs[input]).constant->to_ints();
    return node.ints_attr(attr);
  }
};

// src and dst are offsets in elements until the lowering adds the addresses.
struct Piece {
  std::vector<CopyDim> dims;
  size_t input = 0, output = 0;
  int64_t src = 0, dst = 0;
};

// A box of `extent` positions copied from src_start in one space to dst_start in another.
Piece box(const Space& src, const Space& dst, const Shape& extent, const Shape& src_start, const Shape& dst_start) {
  Piece piece;
  for (size_t i = 0; i < extent.size(); ++i) {
    piece.dims.push_back({extent[i], src.strides[i], dst.strides[i]});
    piece.src += src_start[i] * src.strides[i];
    piece.dst += dst_start[i] * dst.strides[i];
  }
  return piece;
}

std::vector<Piece> concat_pieces(const Build& b) {
  const Space out = b.space(b.node.outputs[0]);
  const size_t axis = b.axis(1, b.shape(b.node.outputs[0]).size());
  std::vector<Piece> pieces;
  Shape start(out.dims.size(), 0);
  for (size_t i = 0; i < b.node.inputs.size(); ++i) {
    const Space in = b.space(b.node.inputs[i]);
    pieces.push_back(box(in, out, in.dims, Shape(in.dims.size(), 0), start));
    pieces.back().input = i;
    start[axis] += in.dims[axis];
  }
  return pieces;
}

std::vector<Piece> split_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]);
  const size_t axis = b.axis(0, b.shape(b.node.inputs[0]).size());
  std::vector<Piece> pieces;
  Shape start(in.dims.size(), 0);
  for (size_t i = 0; i < b.node.outputs.size(); ++i) {
    const Space out = b.space(b.node.outputs[i]);
    pieces.push_back(box(in, out, out.dims, start, Shape(out.dims.size(), 0)));
    pieces.back().output = i;
    start[axis] += out.dims[axis];
  }
  return pieces;
}

struct SliceAxis {
  int64_t start = 0, step = 1;
};

std::vector<SliceAxis> slice_axes(const Build& b) {
  const Shape shape = b.shape(b.node.inputs[0]);
  std::vector<SliceAxis> result(shape.size());
  const auto starts = b.ints(1, "starts");
  auto axes = b.ints(3, "axes");
  const auto steps = b.ints(4, "steps");
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = i < axes.size() ? axes[i] : static_cast<int64_t>(i);
    if (axis < 0) axis += static_cast<int64_t>(shape.size());
    const int64_t size = shape[static_cast<size_t>(axis)], step = i < steps.size() ? steps[i] : 1;
    const int64_t start = starts[i] < 0 ? starts[i] + size : starts[i];
    result[static_cast<size_t>(axis)] = {std::clamp<int64_t>(start, 0, step < 0 ? size - 1 : size), step};
  }
  return result;
}

std::vector<Piece> slice_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  const auto axes = slice_axes(b);
  Shape start(in.dims.size(), 0);
  for (size_t i = 0; i < axes.size(); ++i) start[i] = in.scaled(i, axes[i].start);
  Piece piece = box(in, out, out.dims, start, Shape(out.dims.size(), 0));
  for (size_t i = 0; i < axes.size(); ++i) piece.dims[i].src_stride *= axes[i].step;
  return {piece};
}

std::vector<Piece> transpose_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  std::vector<int64_t> perm = b.node.ints_attr("perm");
  if (perm.empty())
    for (size_t i = in.dims.size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  Piece piece;
  for (size_t i = 0; i < perm.size(); ++i) piece.dims.push_back({out.dims[i], in.strides[static_cast<size_t>(perm[i])], out.strides[i]});
  return {piece};
}

std::vector<Piece> expand_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  Piece piece;
  const size_t extra = out.dims.size() - in.dims.size();
  for (size_t i = 0; i < out.dims.size(); ++i) {
    const bool repeated = i < extra || in.dims[i - extra] != out.dims[i];
    piece.dims.push_back({out.dims[i], repeated ? 0 : in.strides[i - extra], out.strides[i]});
  }
  return {piece};
}

std::vector<Piece> pad_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  const auto pads = b.ints(1, "pads");
  const size_t rank = pads.size() / 2;
  Shape src(in.dims.size(), 0), dst(in.dims.size(), 0), extent = in.dims;
  for (size_t i = 0; i < rank; ++i) {
    src[i] = in.scaled(i, std::max<int64_t>(0, -pads[i]));
    dst[i] = in.scaled(i, std::max<int64_t>(0, pads[i]));
    extent[i] = std::min(in.dims[i] - src[i], out.dims[i] - dst[i]);
  }
  return {box(in, out, extent, src, dst)};
}

// Sub-pixels of whole blocks of channels: only whole blocks move in NC1HWC0.
std::vector<Piece> depth_space_blocks(const Build& b) {
  const bool to_space = b.node.op == "DepthToSpace";
  const Space deep = b.space(to_space ? b.node.inputs[0] : b.node.outputs[0]), wide = b.space(to_space ? b.node.outputs[0] : b.node.inputs[0]);
  const int64_t s = b.node.int_attr("blocksize", 1), pixel = wide.dims[1] * deep.strides[1];
  Piece piece;
  for (const auto& [size, in_deep, in_wide] : std::array<std::array<int64_t, 3>, 7>{{{deep.dims[0], deep.strides[0], wide.strides[0]},
                                                                                    {s, s * pixel, wide.strides[2]},
                                                                                    {s, pixel, wide.strides[3]},
                                                                                    {wide.dims[1], deep.strides[1], wide.strides[1]},
                                                                                    {deep.dims[2], deep.strides[2], s * wide.strides[2]},
                                                                                    {deep.dims[3], deep.strides[3], s * wide.strides[3]},
                                                                                    {b.c0(), 1, 1}}})
    piece.dims.push_back({size, to_space ? in_deep : in_wide, to_space ? in_wide : in_deep});
  return {piece};
}

// [N, b, b, C, H, W] <-> [N, C, H, b, W, b] in the orders of ONNX's DCR and CRD modes.
std::vector<Piece> depth_space_pieces(const Build& b) {
  if (b.format == Format::NC1HWC0) return depth_space_blocks(b);
  const bool to_space = b.node.op == "DepthToSpace";
  const Shape deep = b.shape(to_space ? b.node.inputs[0] : b.node.outputs[0]);
  const int64_t s = b.node.int_attr("blocksize", 1), h = deep[2], w = deep[3], c = deep[1] / (s * s);
  const bool crd = b.node.string_attr("mode", "DCR") == "CRD";
  const int64_t map = h * w, row = w * s;
  const int64_t c_stride = crd ? s * s * map : map, y_stride = (crd ? s : s * c) * map, x_stride = (crd ? 1 : c) * map;
  Piece piece;
  // size, stride in the deep tensor, stride in the wide one
  for (const auto& [size, in_deep, in_wide] : std::array<std::array<int64_t, 3>, 6>{{{deep[0], deep[1] * map, deep[1] * map},
                                                                                    {c, c_stride, map * s * s},
                                                                                    {h, w, s * row},
                                                                                    {s, y_stride, row},
                                                                                    {w, 1, s},
                                                                                    {s, x_stride, 1}}})
    piece.dims.push_back({size, to_space ? in_deep : in_wide, to_space ? in_wide : in_deep});
  return {piece};
}

// Constant positions along one axis: neighbours at equal, rising distances move together.
std::vector<Piece> gather_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  const size_t axis = b.axis(0, in.dims.size());
  const int64_t size = in.dims[axis], inner = in.strides[axis], outer = element_count(in.dims) / std::max<int64_t>(1, size * inner);
  std::vector<int64_t> positions = b.ints(1, "");
  for (int64_t& at : positions) at += at < 0 ? size : 0;
  const int64_t count = std::ssize(positions);
  std::vector<Piece> pieces;
  for (int64_t i = 0; i < count;) {
    const auto at = [&](int64_t k) { return positions[static_cast<size_t>(k)]; };
    const int64_t step = i + 1 < count ? at(i + 1) - at(i) : 1;
    int64_t end = i + 1;
    while (step > 0 && end < count && at(end) - at(end - 1) == step) ++end;
    Piece piece{.dims = {{outer, size * inner, count * inner}, {end - i, step * inner, inner}, {inner, 1, 1}}, .src = at(i) * inner, .dst = i * inner};
    pieces.push_back(std::move(piece));
    i = end;
  }
  return pieces;
}

// Whole-number nearest enlargement: every input pixel goes to factor_h x factor_w places.
std::vector<Piece> resize_pieces(const Build& b) {
  const Space in = b.space(b.node.inputs[0]), out = b.space(b.node.outputs[0]);
  const int64_t fh = out.dims[2] / in.dims[2], fw = out.dims[3] / in.dims[3];
  std::vector<Piece> pieces;
  for (int64_t y = 0; y < fh; ++y)
    for (int64_t x = 0; x < fw; ++x) {
      Shape start(in.dims.size(), 0);
      start[2] = y, start[3] = x;
      Piece piece = box(in, out, in.dims, Shape(in.dims.size(), 0), start);
      piece.dims[2].dst_stride *= fh;
      piece.dims[3].dst_stride *= fw;
      pieces.push_back(piece);
    }
  return pieces;
}

bool on_blocks(const Build& b, int64_t channels) { return channels % b.c0() == 0; }

// --- which layout, and what cannot be done ---
bool concat_on_image(const Build& b) {
  if (b.axis(1, 4) != 1) return true;
  return std::ranges::all_of(std::span(b.node.inputs).first(b.node.inputs.size() - 1), [&](ValueId id) { return on_blocks(b, b.shape(id)[1]); });
}
bool split_on_image(const Build& b) {
  if (b.axis(0, 4) != 1) return true;
  return std::ranges::all_of(std::span(b.node.outputs).first(b.node.outputs.size() - 1), [&](ValueId id) { return on_blocks(b, b.shape(id)[1]); });
}
bool slice_on_image(const Build& b) {
  const auto axes = slice_axes(b);
  const int64_t in = b.shape(b.node.inputs[0])[1], out = b.shape(b.node.outputs[0])[1];
  return in == out || (axes[1].step == 1 && on_blocks(b, axes[1].start) && (on_blocks(b, out) || axes[1].start + out == in));
}
bool pad_on_image(const Build& b) {
  const auto pads = b.ints(1, "pads");
  return pads.size() == 8 && pads[1] == 0 && pads[5] == 0;
}
bool depth_space_on_image(const Build& b) {
  const int64_t shallow = b.shape(b.node.op == "DepthToSpace" ? b.node.outputs[0] : b.node.inputs[0])[1];
  return b.node.string_attr("mode", "DCR") == "DCR" && on_blocks(b, shallow);
}
bool always(const Build&) { return true; }
bool never(const Build&) { return false; }

std::optional<std::string> no_reason(const Build&) { return std::nullopt; }
std::optional<std::string> reject_slice(const Build& b) {
  for (const SliceAxis& axis : slice_axes(b))
    if (axis.step < 0) return fmt::format("step {}", axis.step);
  for (size_t i = 1; i < b.node.inputs.size(); ++i)
    if (b.node.inputs[i] != kNone && !b.graph.is_constant(b.node.inputs[i])) return "bounds computed at run time";
  return std::nullopt;
}
std::optional<std::string> reject_pad(const Build& b) {
  const std::string mode = b.node.string_attr("mode", "constant");
  if (mode != "constant") return "mode " + mode;
  if (b.node.inputs.size() > 3 && b.node.inputs[3] != kNone) return "axes input";
  if (b.ints(1, "pads").size() != 2 * b.shape(b.node.inputs[0]).size()) return "pads computed at run time";
  return std::nullopt;
}
std::optional<std::string> reject_positions(const Build& b) {
  const Shape x = b.shape(b.node.inputs[0]);
  const int64_t size = x[b.axis(0, x.size())];
  for (const int64_t at : b.ints(1, ""))
    if (at < -size || at >= size) return fmt::format("index {} of {}", at, size);
  return std::nullopt;
}
std::optional<std::string> reject_resize(const Build& b) {
  if (b.node.string_attr("mode", "nearest") != "nearest") return "mode " + b.node.string_attr("mode", "nearest");
  const Shape in = b.shape(b.node.inputs[0]), out = b.shape(b.node.outputs[0]);
  if (in.size() != 4 || in[0] != out[0] || in[1] != out[1]) return "resize of other axes than H and W";
  if (out[2] % in[2] != 0 || out[3] % in[3] != 0) return fmt::format("{}x{} to {}x{} is no whole-number enlargement", in[2], in[3], out[2], out[3]);
  const std::string transform = b.node.string_attr("coordinate_transformation_mode", "half_pixel");
  const std::string nearest = b.node.string_attr("nearest_mode", "round_prefer_floor");
  // Both give source = floor(target / factor) for whole factors.
  const bool plain = (transform == "asymmetric" && nearest == "floor") || ((transform == "half_pixel" || transform == "pytorch_half_pixel") && nearest.starts_with("round"));
  if (!plain) return fmt::format("coordinates {} with rounding {}", transform, nearest);
  return std::nullopt;
}

struct MoveOp {
  std::string_view op;
  std::vector<Piece> (*pieces)(const Build&);
  bool (*on_image)(const Build&);                       // the copies can work on NC1HWC0
  std::optional<std::string> (*reject)(const Build&);
};

constexpr std::array kMoves{
    MoveOp{"Concat", concat_pieces, concat_on_image, no_reason},
    MoveOp{"DepthToSpace", depth_space_pieces, depth_space_on_image, no_reason},
    MoveOp{"Expand", expand_pieces, never, no_reason},
    MoveOp{"Gather", gather_pieces, never, reject_positions},
    MoveOp{"Pad", pad_pieces, pad_on_image, reject_pad},
    MoveOp{"Resize", resize_pieces, always, reject_resize},
    MoveOp{"Slice", slice_pieces, slice_on_image, reject_slice},
    MoveOp{"SpaceToDepth", depth_space_pieces, depth_space_on_image, no_reason},
    MoveOp{"Split", split_pieces, split_on_image, no_reason},
    MoveOp{"Transpose", transpose_pieces, never, no_reason},
};

const MoveOp* find_move(std::string_view op) {
  const auto found = std::ranges::find(kMoves, op, &MoveOp::op);
  return found == kMoves.end() ? nullptr : found;
}

Build build(const Graph& graph, const Node& node, Format format) {
  return {graph, node, format, static_cast<int64_t>(dtype_size(graph.value(node.outputs[0]).type.dtype))};
}

// Fills the whole result with the padding value before the input goes on top of it.
void fill_result(Emitter& e, Ring& ring, int64_t slot_bytes, const Build& b, int64_t address) {
  float value = b.node.float_attr("value", 0);
  if (b.node.inputs.size() > 2 && b.node.inputs[2] != kNone && b.graph.value(b.node.inputs[2]).constant)
    value = static_cast<float>(b.graph.value(b.node.inputs[2]).constant->to_doubles()[0]);
  const int64_t bytes = element_count(b.space(b.node.outputs[0]).dims) * b.element;
  const int64_t ub = ring.next();
  e.fill(b.element == 4 ? VecType::F32 : VecType::F16, ub, value, std::min(slot_bytes, align_up(bytes, 32)) / b.element);
  for (int64_t at = 0; at < bytes; at += slot_bytes) e.ub_to_gm_bytes(address + at, ub, {.bytes = std::min(slot_bytes, bytes - at)});
}

}  // namespace

Layout move_layout(const Graph& graph, const Node& node) {
  const Value& out = graph.value(node.outputs[0]);
  if (out.type.dims.size() != 4 || (out.type.dtype != DType::Float16 && !is_byte(out.type.dtype))) return Layout::Plain;
  const MoveOp* op = find_move(node.op);
  return op != nullptr && op->on_image(build(graph, node, Format::NC1HWC0)) ? Layout::Image : Layout::Plain;
}

std::optional<std::string> reject_move(const Graph& graph, const Node& node, const Soc& soc) {
  const MoveOp* op = find_move(node.op);
  if (op == nullptr) return "no data movement lowering";
  const DType dtype = graph.value(node.outputs[0]).type.dtype;
  const auto data = std::span(node.inputs).first(node.op == "Concat" ? node.inputs.size() : 1);
  if (std::ranges::all_of(data, [&](ValueId id) { return graph.is_constant(id); })) return "constant input";
  if (node.op == "Pad" && dtype != DType::Float16 && dtype != DType::Float32) return fmt::format("{} data", to_string(dtype));
  const Build plan = build(graph, node, move_layout(graph, node) == Layout::Image ? Format::NC1HWC0 : Format::ND);
  if (auto reason = op->reject(plan)) return reason;
  int64_t total = 0;
  for (const Piece& piece : op->pieces(plan)) total += copy_loads({piece.dims, 0, 0, plan.element}, slot_bytes(soc));
  if (total > kMostLoads) return fmt::format("{} separate copies", total);
  return std::nullopt;
}

namespace {

Result<std::vector<int64_t>> source_addresses(LowerContext& context, const Build& plan) {
  std::vector<int64_t> addresses;
  for (ValueId input : plan.node.inputs) {
    const Tensor* constant = input != kNone && plan.node.op == "Concat" && context.graph.is_constant(input) ? &*context.graph.value(input).constant : nullptr;
    if (constant) {
      NPU_TRY(const Tensor laid_out, to_format(*constant, plan.format));
      addresses.push_back(context.add_weights(laid_out.bytes()));
    } else {
      addresses.push_back(input == kNone ? 0 : context.address(input));
    }
  }
  return addresses;
}

}  // namespace

Status lower_move(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Build plan = build(context.graph, node, context.graph.value(node.outputs[0]).format);
  const bool pad = node.op == "Pad";
  const int64_t parts = pad ? 1 : context.soc.cores_for(true);
  NPU_TRY(const std::vector<int64_t> sources, source_addresses(context, plan));
  std::vector<std::vector<StridedCopy>> shares(static_cast<size_t>(parts));
  for (const Piece& piece : find_move(node.op)->pieces(plan)) {
    StridedCopy copy{piece.dims, sources[piece.input] + piece.src * plan.element,
                     context.address(node.outputs[piece.output]) + piece.dst * plan.element, plan.element};
    const auto cut = split_copy(simplified(copy), parts);
    for (size_t i = 0; i < cut.size(); ++i) shares[i].push_back(cut[i]);
  }
  const int64_t slot = slot_bytes(context.soc);
  for (const auto& share : shares) {
    if (share.empty()) continue;
    Emitter e(context.soc);
    Ring ring(e, Buffer::UB, slot, 2, "the copied data");
    if (pad) fill_result(e, ring, slot, plan, context.address(node.outputs[0]));
    for (const StridedCopy& copy : share) emit_copy(e, ring, slot, copy);
    NPU_CHECK(e.status());
    task.blocks.push_back(insert_sync(context.soc, e.take()));
  }
  task.vector_task = true;
  return {};
}

// --- views ---
Layout view_layout(const Graph& graph, const Node& node) {
  return node.op == "Identity" && graph.value(node.outputs[0]).type.dims.size() == 4 ? Layout::Any : Layout::Plain;
}

std::optional<std::string> reject_view(const Graph& graph, const Node& node, const Soc&) {
  if (graph.is_constant(node.inputs[0])) return "constant input";
  return std::nullopt;
}

}  // namespace npu
