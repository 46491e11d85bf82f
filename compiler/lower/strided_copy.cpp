// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/strided_copy.h"

#include <algorithm>

namespace npu {
namespace {

// One load and one store: `bursts` runs of `run` bytes.
void emit_bursts(Emitter& e, Ring& ring, int64_t src, int64_t dst, int64_t run, int64_t bursts, int64_t src_pitch, int64_t dst_pitch) {
  const int64_t ub = ring.next();
  e.gm_to_ub_bytes(ub, src, {.bursts = bursts, .bytes = run, .gm_gap = bursts > 1 ? src_pitch - run : 0});
  e.ub_to_gm_bytes(dst, ub, {.bursts = bursts, .bytes = run, .gm_gap = bursts > 1 ? dst_pitch - run : 0});
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

void emit_copy(Emitter& e, Ring& ring, int64_t slot_bytes, const StridedCopy& whole) {
  StridedCopy copy = simplified(whole);
  if (copy.elements() == 0) return;
  // The innermost dim is one run when it is contiguous on both sides; otherwise runs are single elements.
  int64_t run = copy.element;
  if (!copy.dims.empty() && copy.dims.back().src_stride == 1 && copy.dims.back().dst_stride == 1) {
    run = copy.dims.back().size * copy.element;
    copy.dims.pop_back();
  }
  const int64_t longest = slot_bytes / 32 * 32;
  CopyDim burst{1, 0, 0};
  const auto fits = [&](const CopyDim& dim) { return dim.src_stride * copy.element >= run && dim.dst_stride * copy.element >= run; };
  if (run <= longest && !copy.dims.empty() && fits(copy.dims.back())) {
    burst = copy.dims.back();
    copy.dims.pop_back();
  }
  const int64_t at_once = std::clamp<int64_t>(longest / align_up(std::min(run, longest), 32), 1, 4095);
  std::vector<int64_t> index(copy.dims.size(), 0);
  for (;;) {
    int64_t src = copy.src, dst = copy.dst;
    for (size_t d = 0; d < index.size(); ++d) {
      src += index[d] * copy.dims[d].src_stride * copy.element;
      dst += index[d] * copy.dims[d].dst_stride * copy.element;
    }
    for (int64_t b = 0; b < burst.size; b += at_once)
      for (int64_t at = 0; at < run; at += longest)
        emit_bursts(e, ring, src + b * burst.src_stride * copy.element + at, dst + b * burst.dst_stride * copy.element + at,
                    std::min(longest, run - at), std::min(at_once, burst.size - b), burst.src_stride * copy.element, burst.dst_stride * copy.element);
    size_t d = index.size();
    while (d > 0 && ++index[d - 1] == copy.dims[d - 1].size) index[--d] = 0;
    if (d == 0) return;
  }
}

}  // namespace npu
