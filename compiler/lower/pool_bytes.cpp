// SPDX-License-Identifier: Apache-2.0
// MaxPool on bytes: through fp16, which holds them exactly; [pixel][32 channels] in UB.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/emitter.h"
#include "compiler/lower/families.h"
#include "compiler/lower/pool_shape.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kPixel = 64;  // bytes of 32 halves

class MaxPoolBytes {
 public:
  MaxPoolBytes(const Soc& soc, const PoolShape& shape, VecType type, int64_t src, int64_t dst, int64_t rows)
      : soc_(soc), s_(shape), type_(type), src_(src), dst_(dst), rows_(rows), e_(soc),
        in_(e_, Buffer::UB, shape.slab_rows(rows) * shape.w * 32, 2, "the input rows"),
        slab_(e_, Buffer::UB, shape.slab_rows(rows) * shape.padded_w() * kPixel, 1, "the padded input rows"),
        column_(e_, Buffer::UB, rows * shape.padded_w() * kPixel, 1, "column results"),
        wide_(e_, Buffer::UB, rows * align_up(shape.wo, 8) * kPixel, 1, "row results"), out_(e_, Buffer::UB, rows * shape.wo * 32, 2, "the output rows") {}

  static int64_t tile_bytes(const PoolShape& s, int64_t rows) {
    return s.slab_rows(rows) * (s.w * 64 + s.padded_w() * kPixel) + rows * (s.padded_w() * kPixel + align_up(s.wo, 8) * kPixel + s.wo * 64) + 4096;
  }

  Result<Program> run(int64_t from, int64_t to) {
    const int64_t steps = ceil_div(s_.ho, rows_);
    for (int64_t item = from; item < to; ++item) tile(item / steps, item % steps * rows_);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void tile(int64_t plane, int64_t first) {
    const int64_t rows = std::min(rows_, s_.ho - first), width = s_.padded_w(), pitch = width * kPixel;
    const int64_t slab = slab_.next(), column = column_.next(), wide = wide_.next(), out = out_.next();
    load(slab, plane, first, rows);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t top = slab + r * s_.sh * pitch, target = column + r * pitch;
      for (int64_t k = 0; k < s_.kh; ++k)
        e_.binary(Opcode::Vmax, VecType::F16, target, {k == 0 ? top : target}, {top + k * s_.dh * pitch}, width * 32);
      for (int64_t k = 0; k < s_.kw; ++k)
        for (int64_t half = 0; half < 2; ++half)
          row_tap(wide + r * s_.wo * kPixel + half * 32, column + (r * width + k * s_.dw) * kPixel + half * 32, k == 0);
    }
    e_.convert(type_, VecType::F16, out, wide, rows * s_.wo * 32);
    e_.ub_to_gm(dst_ + (plane * s_.ho + first) * s_.wo * 32, out, {.blocks = rows * s_.wo});
  }

  // One half of each pixel's channels: 8 pixels a repeat.
  void row_tap(int64_t out, int64_t source, bool first) {
    for (int64_t x = 0; x < s_.wo;) {
      const bool full = s_.wo - x >= 8;
      const int64_t repeat = full ? std::min<int64_t>(15, (s_.wo - x) / 8) : 1;
      const int64_t src = source + x * s_.sw * kPixel, dst = out + x * kPixel, lanes = full ? 128 : (s_.wo - x) * 16;
      e_.masked(lanes, VecType::F16, Opcode::Vmax,
                {type_arg(VecType::F16), dst, first ? src : dst, src, repeat, 2, first ? 2 * s_.sw : 2, 2 * s_.sw, 16, first ? 16 * s_.sw : 16, 16 * s_.sw});
      x += full ? repeat * 8 : s_.wo - x;
    }
  }

  void load(int64_t slab, int64_t plane, int64_t first, int64_t rows) {
    const int64_t width = s_.padded_w(), top = first * s_.sh - s_.pt, height = s_.slab_rows(rows), in = in_.next();
    const int64_t y0 = std::max<int64_t>(0, top), y1 = std::min(s_.h, top + height), x1 = std::min(s_.w, width - s_.pl);
    const bool whole = y0 == top && y1 == top + height && s_.pl == 0 && x1 == width;
    if (!whole) e_.fill(VecType::F16, slab, type_ == VecType::S8 ? -128.0f : 0.0f, height * width * 32);
    if (y1 <= y0 || x1 <= 0) return;
    e_.gm_to_ub(in, src_ + (plane * s_.h + y0) * s_.w * 32, {.bursts = y1 - y0, .blocks = x1, .src_gap = s_.w - x1});
    for (int64_t y = y0; y < y1; ++y)
      e_.convert(VecType::F16, type_, slab + ((y - top) * width + s_.pl) * kPixel, in + (y - y0) * x1 * 32, x1 * 32);
  }

  const Soc& soc_;
  const PoolShape& s_;
  VecType type_;
  int64_t src_, dst_, rows_;
  Emitter e_;
  Ring in_, slab_, column_, wide_, out_;
};

int64_t rows_that_fit(const PoolShape& s, const Soc& soc) {
  int64_t rows = 0;
  while (rows < s.ho && MaxPoolBytes::tile_bytes(s, rows + 1) <= soc.ub) ++rows;
  return rows;
}

}  // namespace

std::optional<std::string> reject_pool_bytes(const PoolShape& s, const Soc& soc) {
  if (s.average) return "average of bytes";
  if (s.sw > 7) return fmt::format("stride {} exceeds 7", s.sw);
  if (rows_that_fit(s, soc) == 0) return fmt::format("UB budget: one output row needs {} bytes > {}", MaxPoolBytes::tile_bytes(s, 1), soc.ub);
  return std::nullopt;
}

Status lower_pool_bytes(LowerContext& context, const Node& node, const PoolShape& s, Task& task) {
  const VecType type = context.graph.value(node.inputs[0]).type.dtype == DType::Int8 ? VecType::S8 : VecType::U8;
  const int64_t rows = std::min(rows_that_fit(s, context.soc), std::max<int64_t>(1, ceil_div(s.planes * s.ho, context.soc.cores_for(true))));
  const int64_t items = s.planes * ceil_div(s.ho, rows), parts = std::min<int64_t>(context.soc.cores_for(true), items);
  for (int64_t i = 0; i < parts; ++i) {
    MaxPoolBytes block(context.soc, s, type, context.address(node.inputs[0]), context.address(node.outputs[0]), rows);
    NPU_TRY(Program program, block.run(items * i / parts, items * (i + 1) / parts));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
