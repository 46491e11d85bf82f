// SPDX-License-Identifier: Apache-2.0
// NCHW <-> NC1HWC0 (fp16 and bytes), NCHW -> NC1HWC0_C04 (fp16, and bytes by way of fp16): through the vector unit's
// transpose of 16 by 16, channels by pixels, or (small channels) pixels by pixels and back.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "compiler/lower/families.h"
#include "compiler/lower/emitter.h"
#include "compiler/lower/quantization.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

struct Map {
  int64_t batch, c, pixels;
  int64_t c1() const { return ceil_div(c, 16); }
};

// 16 channels of one image, pixels [begin, begin + count).
struct Piece {
  int64_t n, c1, begin, count;
};

class TransDataBlock {
 public:
  TransDataBlock(const Soc& soc, const Map& map, int64_t src, int64_t dst, int64_t most)
      : soc_(soc), map_(map), src_(src), dst_(dst), e_(soc), in_(e_, Buffer::UB, most * 32, 2, "the input tile"),
        out_(e_, Buffer::UB, most * 32, 2, "the output tile") {}

  Result<Program> run(std::span<const Piece> pieces, bool to_image) {
    for (const Piece& piece : pieces) to_image ? gather(piece) : scatter(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t plane(const Piece& p) const { return ((p.n * map_.c + p.c1 * 16) * map_.pixels + p.begin) * 2; }
  int64_t image(const Piece& p) const { return ((p.n * map_.c1() + p.c1) * map_.pixels + p.begin) * 32; }
  int64_t channels(const Piece& p) const { return std::min<int64_t>(16, map_.c - p.c1 * 16); }

  void gather(const Piece& p) {
    const int64_t groups = ceil_div(p.count, 16), row = groups * 32;
    const int64_t in = in_.next(), out = out_.next();
    e_.gm_to_ub_bytes(in, src_ + plane(p), {.bursts = channels(p), .bytes = p.count * 2, .gm_gap = (map_.pixels - p.count) * 2});
    if (channels(p) < 16) e_.fill(VecType::F16, in + channels(p) * row, 0, (16 - channels(p)) * groups * 16);
    e_.push(Opcode::ScatterVnchwconvB16, {out, in, groups, 1, groups, 16, 1});
    e_.ub_to_gm(dst_ + image(p), out, {.blocks = p.count});
  }

  void scatter(const Piece& p) {
    const int64_t groups = ceil_div(p.count, 16);
    const int64_t in = in_.next(), out = out_.next();
    e_.gm_to_ub(in, src_ + image(p), {.blocks = p.count});
    if (p.count % 16 != 0) e_.fill(VecType::F16, in + p.count * 32, 0, (groups * 16 - p.count) * 16);
    e_.push(Opcode::ScatterVnchwconvB16, {out, in, groups, groups, 1, 1, 16});
    e_.ub_to_gm_bytes(dst_ + plane(p), out, {.bursts = channels(p), .bytes = p.count * 2, .gm_gap = (map_.pixels - p.count) * 2});
  }

  const Soc& soc_;
  const Map& map_;
  int64_t src_, dst_;
  Emitter e_;
  Ring in_, out_;
};

// What a float is quantised with on its way into an image of bytes.
struct Quantisation {
  VecType source = VecType::F32;
  QuantPair pair;
};

// Planes of bytes, or of floats that are quantised, as halves in UB: integers that are the bytes once they are saturated.
class PlaneSource {
 public:
  // type: of the planes; planes, most: of them and of their elements at a time.
  PlaneSource(Emitter& emitter, VecType type, const Quantisation* quantisation, int64_t planes, int64_t most)
      : e_(emitter), quantisation_(quantisation), type_(quantisation ? quantisation->source : type), size_(vec_type_size(type_)),
        in_(e_, Buffer::UB, planes * most * size_, 2, "the input tile") {
    if (quantisation_) wide_ = Ring(e_, Buffer::UB, most * 4, 1, "a plane in fp32"), scale_ = e_.reserve(Buffer::UB, kBlockBytes, "the scale");
  }

  // UB that an element of a plane takes, and one of all planes.
  static int64_t plane_bytes(const Quantisation* quantisation) { return 2 * (quantisation ? vec_type_size(quantisation->source) : 1); }
  static int64_t pixel_bytes(const Quantisation* quantisation) { return quantisation ? 4 : 0; }

  void begin() {
    if (quantisation_) e_.fill(VecType::F32, scale_, quantisation_->pair.scale, kBlockBytes / 4);
  }

  // `planes` times `count` elements, `distance` from one to the next, at `to`, `pitch` halves apart; the rest of a row is zeros. first:
  // of the first plane, in elements.
  void load(int64_t to, int64_t src, int64_t first, int64_t planes, int64_t count, int64_t distance, int64_t pitch) {
    const int64_t in = in_.next(), loaded = align_up(count * size_, kBlockBytes);
    e_.gm_to_ub_bytes(in, src + first * size_, {.bursts = planes, .bytes = count * size_, .gm_gap = (distance - count) * size_, .ub_gap = (pitch * size_ - loaded) / kBlockBytes});
    if (!quantisation_ && loaded == pitch) return e_.convert(VecType::F16, type_, to, in, planes * pitch);
    const int64_t whole = count / 16 * 16;
    for (int64_t plane = 0; plane < planes; ++plane) {
      const int64_t halves = to + plane * pitch * 2;
      if (whole < pitch) e_.fill(VecType::F16, halves + whole * 2, 0, pitch - whole);
      plane_to_halves(halves, in + plane * pitch * size_, count);
    }
  }

 private:
  void plane_to_halves(int64_t to, int64_t from, int64_t count) {
    if (!quantisation_) return e_.convert(VecType::F16, type_, to, from, count);
    const int64_t wide = wide_.next();
    const bool half = type_ == VecType::F16;
    if (half) e_.convert(VecType::F32, VecType::F16, wide, from, count);
    e_.binary(Opcode::Vdiv, VecType::F32, wide, {half ? wide : from}, {scale_, true}, count);
    round_to_halves(e_, to, wide, quantisation_->pair.zero, count);
  }

  Emitter& e_;
  const Quantisation* quantisation_;
  VecType type_;
  int64_t size_;
  Ring in_, wide_;
  int64_t scale_ = 0;
};

// Bytes: 32 channels of one image, pixels [begin, begin + count). One instruction transposes 16 channels of every other 16 pixels.
class ByteImageBlock {
 public:
  ByteImageBlock(const Soc& soc, const Map& map, VecType type, int64_t src, int64_t dst, int64_t most)
      : soc_(soc), map_(map), type_(type), src_(src), dst_(dst), most_(most), e_(soc), rows_(e_, Buffer::UB, 32 * most, 2, "rows of channels"),
        pixels_(e_, Buffer::UB, 32 * most, 2, "pixels") {
    // A transposition leaves the other half of its results' blocks as it is.
    for (Ring ring : {rows_, pixels_})
      for (int slot = 0; slot < 2; ++slot) e_.fill(VecType::F16, ring.next(), 0, 16 * most);
  }

  // Pixels that UB holds, a multiple of 32.
  static int64_t most_pixels(const Soc& soc, const Map& map, const Quantisation* quantisation) {
    const int64_t floats = std::min<int64_t>(32, map.c) * (PlaneSource::plane_bytes(quantisation) + 2) + PlaneSource::pixel_bytes(quantisation);
    return std::min((soc.ub - 8192) / ((quantisation ? floats : 0) + 4 * 32) / 32 * 32, align_up(map.pixels, 32));
  }

  // quantisation: what makes the image's bytes of floats, nullptr: the source has the image's type.
  Result<Program> to_image(std::span<const Piece> pieces, const Quantisation* quantisation = nullptr) {
    if (quantisation) {
      source_.emplace(e_, type_, quantisation, std::min<int64_t>(32, map_.c), most_);
      halves_ = Ring(e_, Buffer::UB, std::min<int64_t>(32, map_.c) * most_ * 2, 1, "planes of halves");
      source_->begin();
    }
    for (const Piece& piece : pieces) gather(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

  Result<Program> from_image(std::span<const Piece> pieces) {
    for (const Piece& piece : pieces) scatter(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t channels(const Piece& p) const { return std::min<int64_t>(32, map_.c - p.c1 * 32); }
  int64_t plane(const Piece& p) const { return (p.n * map_.c + p.c1 * 32) * map_.pixels + p.begin; }
  int64_t image(const Piece& p) const { return ((p.n * ceil_div(map_.c, 32) + p.c1) * map_.pixels + p.begin) * 32; }

  // body(half of the channels, half of each 32 pixels)
  template <class F>
  static void for_halves(int64_t channels, F&& body) {
    for (int64_t c = 0; c < ceil_div(channels, 16); ++c)
      for (int64_t x = 0; x < 2; ++x) body(c, x);
  }

  void gather(const Piece& p) {
    const int64_t channels = this->channels(p), row = align_up(p.count, 32), rows = rows_.next(), pixels = pixels_.next();
    load(p, rows, channels, row);
    for_halves(channels, [&](int64_t c, int64_t x) {
      e_.push(Opcode::ScatterVnchwconvB8, {pixels + x * 16 * kBlockBytes, rows + c * 16 * row, row / 32, 1, row / 32, 32, 1, c, x});
    });
    e_.ub_to_gm(dst_ + image(p), pixels, {.blocks = p.count});
  }

  // Rows past the channels are zeros.
  void load(const Piece& p, int64_t rows, int64_t channels, int64_t row) {
    if (const std::array shape{channels, row}; shape != std::exchange(zeroed_[turn_++ % 2], shape) && channels % 16 != 0)
      e_.fill(VecType::F16, rows + channels * row, 0, (align_up(channels, 16) - channels) * row / 2);
    if (!source_) return e_.gm_to_ub_bytes(rows, src_ + plane(p), {.bursts = channels, .bytes = p.count, .gm_gap = map_.pixels - p.count});
    const int64_t halves = halves_.next();
    source_->load(halves, src_, plane(p), channels, p.count, map_.pixels, row);
    e_.convert(type_, VecType::F16, rows, halves, channels * row);
  }

  void scatter(const Piece& p) {
    const int64_t channels = this->channels(p), row = align_up(p.count, 32), rows = rows_.next(), pixels = pixels_.next();
    e_.gm_to_ub(pixels, src_ + image(p), {.blocks = p.count});
    for_halves(channels, [&](int64_t c, int64_t x) {
      e_.push(Opcode::ScatterVnchwconvB8, {rows + c * 16 * row, pixels + x * 16 * kBlockBytes, row / 32, row / 32, 1, 1, 32, x, c});
    });
    e_.ub_to_gm_bytes(dst_ + plane(p), rows, {.bursts = channels, .bytes = p.count, .gm_gap = map_.pixels - p.count});
  }

  const Soc& soc_;
  const Map& map_;
  VecType type_;
  int64_t src_, dst_, most_;
  Emitter e_;
  Ring rows_, pixels_;
  std::optional<PlaneSource> source_;
  Ring halves_;
  std::array<std::array<int64_t, 2>, 2> zeroed_{};  // channels and row whose rest is zeros, of both slots
  size_t turn_ = 0;
};

// Small channels: pixels [begin, begin + count) of one image, 256 at a time. A pixel's index is (a, b, c) of 4, 2 and 2 bits.
// Each plane's [a][b c] is transposed into blocks (b, c, plane) of 16 a; then, for each b, the blocks (c, plane) are
// transposed into rows a of 16 (c, plane).
class SmallImageBlock {
 public:
  // type: of the image. quantisation: what makes its bytes of floats, nullptr: the source has the image's type.
  SmallImageBlock(const Soc& soc, const Map& map, VecType type, int64_t src, int64_t dst, int64_t most, const Quantisation* quantisation = nullptr)
      : soc_(soc), map_(map), type_(type), size_(vec_type_size(type)), src_(src), dst_(dst), most_(most), e_(soc),
        turned_(e_, Buffer::UB, most * 8, 1, "turned planes"), out_(e_, Buffer::UB, most * 4 * size_, 2, "the output tile") {
    if (type == VecType::F16) {
      in_ = Ring(e_, Buffer::UB, map.c * most * 2, 2, "the input tile");
      return;
    }
    source_.emplace(e_, type, quantisation, map.c, most);
    planes_ = Ring(e_, Buffer::UB, map.c * most * 2, 1, "planes of halves");
    pixels_ = Ring(e_, Buffer::UB, most * 8, 1, "pixels of halves");
  }

  // What `most` can be: a multiple of 256. Bytes need as much as halves, for the halves they become.
  static int64_t most_pixels(const Soc& soc, const Map& map, const Quantisation* quantisation = nullptr) {
    const int64_t of_floats = map.c * (PlaneSource::plane_bytes(quantisation) + 2) + PlaneSource::pixel_bytes(quantisation) + 2 * 8 + 2 * 4;
    const int64_t bytes = quantisation ? of_floats : 2 * 8 + 8 + 2 * 8;
    return std::min((soc.ub - (quantisation ? 8192 : 4096)) / bytes / 256 * 256, align_up(map.pixels, 256));
  }

  Result<Program> run(std::span<const Piece> pieces) {
    e_.fill(VecType::F16, turned_.next(), 0, most_ * 4);  // the planes that are missing
    if (source_) source_->begin();
    for (const Piece& piece : pieces) gather(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:

  void gather(const Piece& p) {
    const int64_t tiles = ceil_div(p.count, 256), row = tiles * 512, turned = turned_.next(), out = out_.next();
    const int64_t planes = load(p, tiles * 256), pixels = type_ == VecType::F16 ? out : pixels_.next();
    for (int64_t plane = 0; plane < map_.c; ++plane)
      e_.push(Opcode::ScatterVnchwconvB16, {turned + plane * kBlockBytes, planes + plane * row, tiles, 4, 1, 64, 16});
    for (int64_t b = 0; b < 4; ++b)
      e_.push(Opcode::ScatterVnchwconvB16, {pixels + b * kBlockBytes, turned + b * 16 * kBlockBytes, tiles, 4, 1, 64, 64});
    if (type_ != VecType::F16) e_.convert(type_, VecType::F16, out, pixels, p.count * 4);
    e_.ub_to_gm_bytes(dst_ + (p.n * map_.pixels + p.begin) * 4 * size_, out, {.bytes = p.count * 4 * size_});
  }

  // Planes of halves, `pitch` apart, whose ends are zeros.
  int64_t load(const Piece& p, int64_t pitch) {
    const int64_t first = p.n * map_.c * map_.pixels + p.begin;
    if (source_) {
      const int64_t planes = planes_.next();
      source_->load(planes, src_, first, map_.c, p.count, map_.pixels, pitch);
      return planes;
    }
    const int64_t in = in_.next(), used = align_up(p.count, 16);
    e_.gm_to_ub_bytes(in, src_ + first * 2, {.bursts = map_.c, .bytes = p.count * 2, .gm_gap = (map_.pixels - p.count) * 2, .ub_gap = (pitch - used) / 16});
    for (int64_t plane = 0; used < pitch && plane < map_.c; ++plane) e_.fill(VecType::F16, in + (plane * pitch + used) * 2, 0, pitch - used);
    return in;
  }

  const Soc& soc_;
  const Map& map_;
  VecType type_;
  int64_t size_;
  int64_t src_, dst_, most_;
  Emitter e_;
  Ring in_, turned_, out_, planes_, pixels_;  // the last two: bytes only, in_: halves only
  std::optional<PlaneSource> source_;         // bytes only
};

// Pieces of at most `most` pixels of each plane of `planes`, shared out to the cores.
template <class Run>
Status lower_pieces(const Soc& soc, const Map& map, int64_t planes, int64_t most, Task& task, Run&& run) {
  std::vector<Piece> pieces;
  for (int64_t n = 0; n < map.batch; ++n)
    for (int64_t c1 = 0; c1 < planes; ++c1)
      for (int64_t p = 0; p < map.pixels; p += most) pieces.push_back({n, c1, p, std::min(most, map.pixels - p)});
  const auto total = static_cast<int64_t>(pieces.size()), parts = std::min<int64_t>(soc.cores_for(true), total);
  for (int64_t i = 0; i < parts; ++i) {
    const auto first = static_cast<size_t>(total * i / parts), last = static_cast<size_t>(total * (i + 1) / parts);
    NPU_TRY(Program program, run(std::span(pieces).subspan(first, last - first)));
    task.blocks.push_back(std::move(program));
  }
  return {};
}

Status lower_byte_image(LowerContext& context, const Map& map, VecType type, int64_t src, int64_t dst, bool to_image, Task& task) {
  const int64_t most = std::min((context.soc.ub - 8192) / (32 * 8) / 32 * 32, align_up(map.pixels, 32));
  return lower_pieces(context.soc, map, ceil_div(map.c, 32), most, task, [&](std::span<const Piece> pieces) {
    ByteImageBlock block(context.soc, map, type, src, dst, most);
    return to_image ? block.to_image(pieces) : block.from_image(pieces);
  });
}

// One pixel an image: the channels are in order in both formats, only the padding differs.
Result<Program> copy_vectors(const Soc& soc, const Map& map, int64_t src, int64_t dst, bool to_image) {
  Emitter e(soc);
  Ring ring(e, Buffer::UB, map.c1() * 32, 2, "the channels");
  for (int64_t n = 0; n < map.batch; ++n) {
    const int64_t ub = ring.next();
    const int64_t plain = n * map.c * 2, image = n * map.c1() * 32;
    if (to_image) {
      e.gm_to_ub_bytes(ub, src + plain, {.bytes = map.c * 2});
      e.ub_to_gm(dst + image, ub, {.blocks = map.c1()});
    } else {
      e.gm_to_ub(ub, src + image, {.blocks = map.c1()});
      e.ub_to_gm_bytes(dst + plain, ub, {.bytes = map.c * 2});
    }
  }
  NPU_CHECK(e.status());
  return insert_sync(soc, e.take());
}

VecType type_of(const Graph& graph, ValueId id) {
  switch (graph.value(id).type.dtype) {
    case DType::Float32: return VecType::F32;
    case DType::Float16: return VecType::F16;
    case DType::Int8: return VecType::S8;
    default: return VecType::U8;
  }
}

// Pixels at a time, at most `most`, so that all cores get as many.
int64_t even_pieces(const Soc& soc, const Map& map, int64_t most) {
  constexpr int64_t kWorthIt = 1024;  // below, a tile's start weighs more than an idle core
  const int64_t cores = soc.cores_for(true), pieces = align_up(map.batch * ceil_div(map.pixels, most), cores) / map.batch;
  return std::clamp(align_up(ceil_div(map.pixels, std::max<int64_t>(pieces, 1)), 256), std::min(most, kWorthIt), most);
}

Map map_of(const Value& value) {
  const Shape shape = to_shape(value.type.dims);
  return {shape[0], shape[1], shape[2] * shape[3]};
}

// Images of one channel lie behind each other in both formats, as one.
Map joined(const Map& map) { return map.c == 1 ? Map{1, 1, map.batch * map.pixels} : map; }

}  // namespace

std::optional<std::string> reject_quantized_image(const Graph& graph, const Soc& soc, const TaskSpec& task, const Node& trans_data) {
  const Node& quantize = graph.node(task.nodes[0]);
  if (quantize.op != "QuantizeLinear" || task.nodes.size() != 1) return "only what quantises makes the image itself";
  const Value& image = graph.value(trans_data.outputs[0]);
  if (image.format != Format::NC1HWC0 && image.format != Format::NC1HWC0_C04) return fmt::format("{} is no image", to_string(image.format));
  const Map map = map_of(image);
  const Quantisation quantisation{.source = VecType::F32, .pair = {}};
  const bool small = image.format == Format::NC1HWC0_C04;
  if (const int64_t most = small ? SmallImageBlock::most_pixels(soc, map, &quantisation) : ByteImageBlock::most_pixels(soc, map, &quantisation); most > 0) return std::nullopt;
  return fmt::format("UB budget: {} pixels of {} channels > {} bytes", small ? 256 : 32, map.c, soc.ub);
}

Status lower_quantized_image(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Soc& soc = context.soc;
  const Node& quantize = graph.node(spec.nodes[0]);
  const ValueId image = graph.node(spec.nodes[1]).outputs[0];
  const Map map = joined(map_of(graph.value(image)));
  const Quantisation quantisation{type_of(graph, quantize.inputs[0]), *quant_pair(graph, quantize, 1, 2)};
  const VecType type = type_of(graph, image);
  const int64_t src = context.address(quantize.inputs[0]), dst = context.address(image);
  task.vector_task = true;
  if (graph.value(image).format == Format::NC1HWC0_C04) {
    const int64_t pixels = even_pieces(soc, map, SmallImageBlock::most_pixels(soc, map, &quantisation));
    return lower_pieces(soc, map, 1, pixels, task, [&](std::span<const Piece> pieces) { return SmallImageBlock(soc, map, type, src, dst, pixels, &quantisation).run(pieces); });
  }
  const int64_t pixels = even_pieces(soc, map, ByteImageBlock::most_pixels(soc, map, &quantisation));
  return lower_pieces(soc, map, ceil_div(map.c, 32), pixels, task,
                      [&](std::span<const Piece> pieces) { return ByteImageBlock(soc, map, type, src, dst, pixels).to_image(pieces, &quantisation); });
}

std::optional<std::string> reject_trans_data(const Graph& graph, const Node& node, const Soc&) {
  const TensorType& type = graph.value(node.inputs[0]).type;
  if (type.dims.size() != 4) return fmt::format("{}-D tensor", type.dims.size());
  if (type.dtype != DType::Float16 && !is_byte(type.dtype)) return fmt::format("{} data", to_string(type.dtype));
  if (node.string_attr("src_format", "") == to_string(Format::NC1HWC0_C04)) return "out of NC1HWC0_C04";
  if (node.string_attr("dst_format", "") == to_string(Format::NC1HWC0_C04) && to_shape(type.dims)[1] > 4) return "more than 4 channels";
  return std::nullopt;
}

Status lower_trans_data(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  Map map = map_of(context.graph.value(node.inputs[0]));
  const bool to_image = context.graph.value(node.outputs[0]).format == Format::NC1HWC0;
  const int64_t src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  task.vector_task = true;
  const VecType type = type_of(context.graph, node.inputs[0]);
  if (context.graph.value(node.outputs[0]).format == Format::NC1HWC0_C04) {
    map = joined(map);
    const int64_t most = SmallImageBlock::most_pixels(context.soc, map), pixels = map.c == 1 ? even_pieces(context.soc, map, most) : most;
    return lower_pieces(context.soc, map, 1, pixels, task,
                        [&](std::span<const Piece> pieces) { return SmallImageBlock(context.soc, map, type, src, dst, pixels).run(pieces); });
  }
  if (type != VecType::F16) return lower_byte_image(context, map, type, src, dst, to_image, task);
  if (map.pixels == 1) {
    NPU_TRY(Program program, copy_vectors(context.soc, map, src, dst, to_image));
    task.blocks.push_back(std::move(program));
    return {};
  }
  const int64_t most = std::min((context.soc.ub - 4096) / (4 * 32) / 16 * 16, align_up(map.pixels, 16));
  return lower_pieces(context.soc, map, map.c1(), most, task,
                      [&](std::span<const Piece> pieces) { return TransDataBlock(context.soc, map, src, dst, most).run(pieces, to_image); });
}

}  // namespace npu
