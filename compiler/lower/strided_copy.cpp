// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/strided_copy.h"

#include "compiler/lower/transpose_copy.h"

#include <algorithm>

namespace npu {
namespace {

// One load and one store: `bursts` runs of `run` bytes.
void emit_bursts(Emitter& e, Ring& ring, int64_t src, int64_t dst, int64_t run, int64_t bursts, int64_t src_pitch, int64_t dst_pitch) {
  const int64_t ub = ring.next();
  e.gm_to_ub_bytes(ub, src, {.bursts = bursts, .bytes = run, .gm_gap = bursts > 1 ? src_pitch - run : 0});
  e.ub_to_gm_bytes(dst, ub, {.bursts = bursts, .bytes = run, .gm_gap = bursts > 1 ? dst_pitch - run : 0});
}

// What one load does, and what is looped over.
struct Nest {
  int64_t run;     // contiguous bytes
  CopyDim burst;   // repeated by the copy instruction
  std::vector<CopyDim> loops;
};

Nest nest_of(const StridedCopy& whole) {
  StridedCopy copy = simplified(whole);
  Nest nest{copy.element, {1, 0, 0}, {}};
  // The innermost dim is one run when it is contiguous on both sides; otherwise runs are single elements.
  if (!copy.dims.empty() && copy.dims.back().src_stride == 1 && copy.dims.back().dst_stride == 1) {
    nest.run = copy.dims.back().size * copy.element;
    copy.dims.pop_back();
  }
  // The longest dim whose steps do not overlap becomes the burst; gaps cannot be negative.
  auto longest = copy.dims.end();
  for (auto dim = copy.dims.begin(); dim != copy.dims.end(); ++dim) {
    const bool apart = dim->src_stride * copy.element >= nest.run && dim->dst_stride * copy.element >= nest.run;
    if (apart && (longest == copy.dims.end() || dim->size >= longest->size)) longest = dim;
  }
  if (longest != copy.dims.end()) {
    nest.burst = *longest;
    copy.dims.erase(longest);
  }
  nest.loops = std::move(copy.dims);
  return nest;
}

}  // namespace

int64_t StridedCopy::elements() const {
  int64_t count = 1;
  for (const CopyDim& dim : dims) count *= dim.size;
  return count;
}

StridedCopy simplified(StridedCopy copy) {
  std::vector<CopyDim> merged;
  for (const CopyDim& dim : copy.dims) {
    if (dim.size == 1) continue;
    if (!merged.empty() && merged.back().src_stride == dim.src_stride * dim.size && merged.back().dst_stride == dim.dst_stride * dim.size)
      merged.back() = {merged.back().size * dim.size, dim.src_stride, dim.dst_stride};
    else
      merged.push_back(dim);
  }
  copy.dims = std::move(merged);
  return copy;
}

std::vector<StridedCopy> split_copy(const StridedCopy& copy, int64_t parts) {
  if (copy.dims.empty() || parts < 2) return {copy};
  const int64_t size = copy.dims[0].size;
  parts = std::min(parts, size);
  std::vector<StridedCopy> pieces;
  for (int64_t i = 0; i < parts; ++i) {
    StridedCopy piece = copy;
    const int64_t begin = size * i / parts, end = size * (i + 1) / parts;
    piece.dims[0].size = end - begin;
    piece.src += begin * copy.dims[0].src_stride * copy.element;
    piece.dst += begin * copy.dims[0].dst_stride * copy.element;
    pieces.push_back(piece);
  }
  return pieces;
}

int64_t copy_loads(const StridedCopy& copy, int64_t slot_bytes) {
  if (const auto transpose = as_transpose(simplified(copy))) return transpose_loads(*transpose, slot_bytes);
  int64_t count = 1;
  for (const CopyDim& dim : nest_of(copy).loops) count *= dim.size;
  return count;
}

void emit_copy(Emitter& e, Ring& ring, int64_t slot_bytes, const StridedCopy& copy) {
  if (copy.elements() == 0) return;
  if (const auto transpose = as_transpose(simplified(copy))) return emit_transpose(e, ring, slot_bytes, copy, *transpose);
  const int64_t longest = slot_bytes / 32 * 32;
  auto [run, burst, loops] = nest_of(copy);
  if (run > longest && burst.size > 1) {
    loops.push_back(burst);
    burst = {1, 0, 0};
  }
  const int64_t at_once = std::clamp<int64_t>(longest / align_up(std::min(run, longest), 32), 1, 4095);
  std::vector<int64_t> index(loops.size(), 0);
  for (;;) {
    int64_t src = copy.src, dst = copy.dst;
    for (size_t d = 0; d < index.size(); ++d) {
      src += index[d] * loops[d].src_stride * copy.element;
      dst += index[d] * loops[d].dst_stride * copy.element;
    }
    for (int64_t b = 0; b < burst.size; b += at_once)
      for (int64_t at = 0; at < run; at += longest)
        emit_bursts(e, ring, src + b * burst.src_stride * copy.element + at, dst + b * burst.dst_stride * copy.element + at,
                    std::min(longest, run - at), std::min(at_once, burst.size - b), burst.src_stride * copy.element, burst.dst_stride * copy.element);
    size_t d = index.size();
    while (d > 0 && ++index[d - 1] == loops[d - 1].size) index[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace npu
