// SPDX-License-Identifier: Apache-2.0
// Data movement as n-dimensional strided copies GM -> UB -> GM.
#pragma once

#include <vector>

#include "compiler/lower/emitter.h"

namespace npu {

struct CopyDim {
  int64_t size;
  int64_t src_stride, dst_stride;  // elements
};

struct StridedCopy {
  std::vector<CopyDim> dims;  // outermost first
  int64_t src = 0, dst = 0;   // device addresses
  int64_t element = 2;        // bytes

  int64_t elements() const;
};

// Drops dims of one, merges dims that are contiguous on both sides.
StridedCopy simplified(StridedCopy copy);
// Cuts the copy along its outermost dim into at most `parts` pieces.
std::vector<StridedCopy> split_copy(const StridedCopy& copy, int64_t parts);
// How many separate loads (and stores) the copy takes, as long as its bursts fit a slot.
int64_t copy_loads(const StridedCopy& copy, int64_t slot_bytes);
// Emits the copy through `ring`, whose slots hold slot_bytes.
void emit_copy(Emitter& emitter, Ring& ring, int64_t slot_bytes, const StridedCopy& copy);

}  // namespace npu
