// SPDX-License-Identifier: Apache-2.0
// NCHW <-> NC1HWC0 (fp16, and bytes by way of fp16), NCHW -> NC1HWC0_C04 (the same): through the vector unit's
// transpose of 16 by 16, channels by pixels, or (small channels) pixels by pixels and back.
#include <fmt/format.h>

#include <algorithm>

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

// Bytes: 32 channels of one image, pixels [begin, begin + count), by way of [pixel][32] halves.
class ByteImageBlock {
 public:
  ByteImageBlock(const Soc& soc, const Map& map, VecType type, int64_t src, int64_t dst, int64_t most)
      : soc_(soc), map_(map), type_(type), src_(src), dst_(dst), e_(soc), in_(e_, Buffer::UB, 32 * most, 2, "the input tile"),
        rows_(e_, Buffer::UB, 32 * most * 2, 1, "rows of halves"), pixels_(e_, Buffer::UB, 32 * most * 2, 1, "pixels of halves"),
        out_(e_, Buffer::UB, 32 * most, 2, "the output tile") {}

  Result<Program> run(std::span<const Piece> pieces, bool to_image) {
    for (const Piece& piece : pieces) to_image ? gather(piece) : scatter(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t channels(const Piece& p) const { return std::min<int64_t>(32, map_.c - p.c1 * 32); }
  int64_t plane(const Piece& p) const { return (p.n * map_.c + p.c1 * 32) * map_.pixels + p.begin; }
  int64_t image(const Piece& p) const { return ((p.n * ceil_div(map_.c, 32) + p.c1) * map_.pixels + p.begin) * 32; }

  void gather(const Piece& p) {
    const int64_t channels = this->channels(p), row = align_up(p.count, 32);
    const int64_t in = in_.next(), rows = rows_.next(), pixels = pixels_.next(), out = out_.next();
    e_.gm_to_ub_bytes(in, src_ + plane(p),
                      {.bursts = channels, .bytes = p.count, .gm_gap = map_.pixels - p.count});
    e_.convert(VecType::F16, type_, rows, in, channels * row);
    if (channels < 32) e_.fill(VecType::F16, rows + channels * row * 2, 0, (32 - channels) * row);
    for (int64_t half = 0; half < 2; ++half)
      e_.push(Opcode::ScatterVnchwconvB16, {pixels + half * 32, rows + half * 16 * row * 2, row / 16, 2, row / 16, 32, 1});
    e_.convert(type_, VecType::F16, out, pixels, p.count * 32);
    e_.ub_to_gm(dst_ + image(p), out, {.blocks = p.count});
  }

  void scatter(const Piece& p) {
    const int64_t channels = this->channels(p), row = align_up(p.count, 32);
    const int64_t in = in_.next(), rows = rows_.next(), pixels = pixels_.next(), out = out_.next();
    e_.gm_to_ub(in, src_ + image(p), {.blocks = p.count});
    e_.convert(VecType::F16, type_, pixels, in, p.count * 32);
    if (p.count < row) e_.fill(VecType::F16, pixels + p.count * 64, 0, (row - p.count) * 32);
    for (int64_t half = 0; half < 2; ++half)
      e_.push(Opcode::ScatterVnchwconvB16, {rows + half * 16 * row * 2, pixels + half * 32, row / 16, row / 16, 2, 1, 32});
    e_.convert(type_, VecType::F16, out, rows, channels * row);
    e_.ub_to_gm_bytes(dst_ + plane(p), out, {.bursts = channels, .bytes = p.count, .gm_gap = map_.pixels - p.count});
  }

  const Soc& soc_;
  const Map& map_;
  VecType type_;
  int64_t src_, dst_;
  Emitter e_;
  Ring in_, rows_, pixels_, out_;
};

// Small channels: pixels [begin, begin + count) of one image, 256 at a time. A pixel's index is (a, b, c) of 4, 2 and 2 bits.
// Each plane's [a][b c] is transposed into blocks (b, c, plane) of 16 a; then, for each b, the blocks (c, plane) are
// transposed into rows a of 16 (c, plane).
class SmallImageBlock {
 public:
  SmallImageBlock(const Soc& soc, const Map& map, VecType type, int64_t src, int64_t dst, int64_t most)
      : soc_(soc), map_(map), type_(type), size_(vec_type_size(type)), src_(src), dst_(dst), most_(most), e_(soc),
        in_(e_, Buffer::UB, map.c * most * size_, 2, "the input tile"), turned_(e_, Buffer::UB, most * 8, 1, "turned planes"),
        out_(e_, Buffer::UB, most * 4 * size_, 2, "the output tile") {
    if (type == VecType::F16) return;
    planes_ = Ring(e_, Buffer::UB, map.c * most * 2, 1, "planes of halves");
    pixels_ = Ring(e_, Buffer::UB, most * 8, 1, "pixels of halves");
  }

  // What `most` can be: a multiple of 256. Bytes need as much as halves, for the halves they become.
  static int64_t most_pixels(const Soc& soc, const Map& map) {
    return std::min((soc.ub - 4096) / (2 * 8 + 8 + 2 * 8) / 256 * 256, align_up(map.pixels, 256));
  }

  Result<Program> run(std::span<const Piece> pieces) {
    e_.fill(VecType::F16, turned_.next(), 0, most_ * 4);  // the planes that are missing
    for (const Piece& piece : pieces) gather(piece);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void gather(const Piece& p) {
    const int64_t tiles = ceil_div(p.count, 256), row = tiles * 512, turned = turned_.next(), out = out_.next();
    const int64_t used = align_up(p.count * size_, kBlockBytes) / size_ * 2;  // of a row of halves
    const int64_t planes = load(p, tiles * 256, used / 2), pixels = type_ == VecType::F16 ? out : pixels_.next();
    for (int64_t plane = 0; plane < map_.c; ++plane) {
      if (used < row) e_.fill(VecType::F16, planes + plane * row + used, 0, (row - used) / 2);
      e_.push(Opcode::ScatterVnchwconvB16, {turned + plane * kBlockBytes, planes + plane * row, tiles, 4, 1, 64, 16});
    }
    for (int64_t b = 0; b < 4; ++b)
      e_.push(Opcode::ScatterVnchwconvB16, {pixels + b * kBlockBytes, turned + b * 16 * kBlockBytes, tiles, 4, 1, 64, 64});
    if (type_ != VecType::F16) e_.convert(type_, VecType::F16, out, pixels, p.count * 4);
    e_.ub_to_gm_bytes(dst_ + (p.n * map_.pixels + p.begin) * 4 * size_, out, {.bytes = p.count * 4 * size_});
  }

  // Planes of halves, `pitch` apart, whose first `used` are set.
  int64_t load(const Piece& p, int64_t pitch, int64_t used) {
    const int64_t in = in_.next();
    e_.gm_to_ub_bytes(in, src_ + (p.n * map_.c * map_.pixels + p.begin) * size_,
                      {.bursts = map_.c, .bytes = p.count * size_, .gm_gap = (map_.pixels - p.count) * size_, .ub_gap = (pitch - used) * size_ / kBlockBytes});
    if (type_ == VecType::F16) return in;
    const int64_t planes = planes_.next();
    for (int64_t plane = 0; plane < map_.c; ++plane) e_.convert(VecType::F16, type_, planes + plane * pitch * 2, in + plane * pitch, used);
    return planes;
  }

  const Soc& soc_;
  const Map& map_;
  VecType type_;
  int64_t size_;
  int64_t src_, dst_, most_;
  Emitter e_;
  Ring in_, turned_, out_, planes_, pixels_;  // the last two: bytes only
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
  return lower_pieces(context.soc, map, ceil_div(map.c, 32), most, task,
                      [&](std::span<const Piece> pieces) { return ByteImageBlock(context.soc, map, type, src, dst, most).run(pieces, to_image); });
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

}  // namespace

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
  const Shape shape = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const Map map{shape[0], shape[1], shape[2] * shape[3]};
  const bool to_image = context.graph.value(node.outputs[0]).format == Format::NC1HWC0;
  const int64_t src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  task.vector_task = true;
  const DType dtype = context.graph.value(node.inputs[0]).type.dtype;
  const VecType type = dtype == DType::Float16 ? VecType::F16 : dtype == DType::Int8 ? VecType::S8 : VecType::U8;
  if (context.graph.value(node.outputs[0]).format == Format::NC1HWC0_C04) {
    const int64_t pixels = SmallImageBlock::most_pixels(context.soc, map);
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
