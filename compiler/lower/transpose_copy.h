// SPDX-License-Identifier: Apache-2.0
// Copies that turn rows into columns, by the vector unit's 16x16 transpose instead of element by element.
#pragma once

#include <optional>

#include "compiler/lower/strided_copy.h"

namespace npu {

// What such a copy does: contiguous rows of the source become columns of the destination.
struct TransposeCopy {
  CopyDim along;                // contiguous in the source
  CopyDim across;               // contiguous in the destination
  std::vector<CopyDim> loops;   // around it
};

// For 2-byte elements and matrices large enough to be worth it.
std::optional<TransposeCopy> as_transpose(const StridedCopy& simplified);
// How many tiles it takes.
int64_t transpose_loads(const TransposeCopy& copy, int64_t slot_bytes);
void emit_transpose(Emitter& emitter, Ring& ring, int64_t slot_bytes, const StridedCopy& place, const TransposeCopy& copy);

}  // namespace npu
