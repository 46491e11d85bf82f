// SPDX-License-Identifier: Apache-2.0
// A stack of matrices in memory, as the operands of products are: any order of axes. Strides in elements.
#pragma once

#include <vector>

#include "core/graph/graph.h"

namespace npu {

struct Stack {
  std::vector<int64_t> sizes, strides;  // of the batch dimensions; stride 0 where one matrix serves all
  int64_t rows = 1, columns = 1;
  int64_t row_stride = 1, column_stride = 1;
};

// The last two axes are rows and columns after the axes were put in the order of perm (empty: as they are).
// Precondition: dims are known, two or more.
Stack stack_of(const Dims& dims, std::vector<int64_t> perm);

// Where the axes of a result lie that is written with its axes in the order of perm.
std::vector<int64_t> inverse(std::vector<int64_t> perm);

// Leading batch dimensions of size 1, as broadcasting adds them.
void pad_batch(Stack& stack, size_t rank);

// Elements from the first matrix to number `index` of a stack with these batch sizes, counted row-major.
int64_t matrix_offset(const Stack& stack, const std::vector<int64_t>& batch, int64_t index);

}  // namespace npu
