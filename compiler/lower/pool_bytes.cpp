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
        slab_(e_, Buffer::UB, shape.slab_rows(rows) * shape.pitch() * kPixel, 1, "the padded input rows"),
        column_(e_, Buffer::UB, rows * shape.pitch() * kPixel, 1, "column results"),
        wide_(e_, Buffer::UB, rows * shape.out_pitch() * kPixel, 1, "row results"), out_(e_, Buffer::UB, rows * shape.out_pitch() * 32, 2, "the output rows") {}

  static int64_t tile_bytes(const PoolShape& s, int64_t rows) {
    return s.slab_rows(rows) * (s.w * 64 + s.pitch() * kPixel) + rows * (s.pitch() * kPixel + s.out_pitch() * (kPixel + 64)) + 4096;
  }

  Result<Program> run(int64_t from, int64_t to) {
    const int64_t steps = ceil_div(s_.ho, rows_);
    for (int64_t item = from; item < to; ++item) tile(item / steps, item % steps * rows_);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  // As for fp16 the stride divides the pitch: one instruction goes along all rows, what it computes between them is not stored.
  void tile(int64_t plane, int64_t first) {
    const int64_t rows = std::min(rows_, s_.ho - first), pixels = (rows - 1) * s_.out_pitch() + s_.wo;
    const int64_t slab = slab_.next(), column = column_.next(), wide = wide_.next(), out = out_.next();
    load(slab, plane, first, rows);
    down_columns(slab, column, rows);
    along_rows(wide, column, s_.kw > 1 ? s_.dw : 0, pixels, true);
    for (int64_t k = 2; k < s_.kw; ++k) along_rows(wide, column, k * s_.dw, pixels, false);
    e_.convert(type_, VecType::F16, out, wide, pixels * 32);
    e_.ub_to_gm(dst_ + (plane * s_.ho + first) * s_.wo * 32, out, {.bursts = rows, .blocks = s_.wo, .src_gap = s_.out_pitch() - s_.wo});
  }

  // Tap by tap, so that the rows of one tap need not wait for each other.
  void down_columns(int64_t slab, int64_t column, int64_t rows) {
    const int64_t pitch = s_.pitch() * kPixel;
    const auto source = [&](int64_t r, int64_t k) { return slab + (r * s_.sh + k * s_.dh) * pitch; };
    for (int64_t k = 1; k < std::max<int64_t>(s_.kh, 2); ++k)
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t target = column + r * pitch;
        e_.binary(Opcode::Vmax, VecType::F16, target, {k == 1 ? source(r, 0) : target}, {source(r, s_.kh == 1 ? 0 : k)}, s_.pitch() * 32);
      }
  }

  // One half of each pixel's channels at a time: 8 pixels a repeat. first: of the taps 0 and `tap`, else of the maxima so far and `tap`.
  void along_rows(int64_t wide, int64_t column, int64_t tap, int64_t pixels, bool first) {
    const int64_t type = type_arg(VecType::F16), sw = s_.sw, step = first ? sw : 1;
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t x = 0; x < pixels;) {
        const int64_t repeats = std::min<int64_t>(255, (pixels - x) / 8), done = repeats > 0 ? repeats * 8 : pixels - x;
        const int64_t to = wide + x * kPixel + half * 32, from = column + x * sw * kPixel + half * 32, other = first ? from : to;
        e_.masked(repeats > 0 ? 128 : done * 16, VecType::F16, Opcode::Vmax,
                  {type, to, other, from + tap * kPixel, std::max<int64_t>(repeats, 1), 2, 2 * step, 2 * sw, 16, 16 * step, 16 * sw});
        x += done;
      }
  }

  void load(int64_t slab, int64_t plane, int64_t first, int64_t rows) {
    const int64_t width = s_.pitch(), top = first * s_.sh - s_.pt, height = s_.slab_rows(rows), in = in_.next();
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
