// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/stack.h"

#include "core/base/math.h"

namespace npu {

Stack stack_of(const Dims& dims, std::vector<int64_t> perm) {
  const Shape shape = to_shape(dims), plain = row_major_strides(shape);
  if (perm.empty())
    for (size_t i = 0; i < shape.size(); ++i) perm.push_back(static_cast<int64_t>(i));
  const auto axis = [&](size_t i) { return static_cast<size_t>(perm[i] < 0 ? perm[i] + static_cast<int64_t>(perm.size()) : perm[i]); };
  Stack stack;
  const size_t batch = shape.size() - 2;
  for (size_t i = 0; i < batch; ++i) {
    stack.sizes.push_back(shape[axis(i)]);
    stack.strides.push_back(stack.sizes.back() == 1 ? 0 : plain[axis(i)]);
  }
  stack.rows = shape[axis(batch)], stack.columns = shape[axis(batch + 1)];
  stack.row_stride = plain[axis(batch)], stack.column_stride = plain[axis(batch + 1)];
  return stack;
}

std::vector<int64_t> inverse(std::vector<int64_t> perm) {
  std::vector<int64_t> result(perm.size());
  for (size_t i = 0; i < perm.size(); ++i)
    result[static_cast<size_t>(perm[i] < 0 ? perm[i] + static_cast<int64_t>(perm.size()) : perm[i])] = static_cast<int64_t>(i);
  return result;
}

void pad_batch(Stack& stack, size_t rank) {
  const size_t missing = rank - stack.sizes.size();
  stack.sizes.insert(stack.sizes.begin(), missing, 1);
  stack.strides.insert(stack.strides.begin(), missing, 0);
}

int64_t matrix_offset(const Stack& stack, const std::vector<int64_t>& batch, int64_t index) {
  int64_t offset = 0;
  for (size_t i = batch.size(); i-- > 0; index /= batch[i]) offset += index % batch[i] * stack.strides[i];
  return offset;
}

}  // namespace npu
