// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tensor/tensor.h"

namespace npu::detail {

// One side of a copy: the address of the first element and a step per axis, in elements (0 repeats, negative reverses).
template <class Byte>
struct StridedView {
  Byte* data;
  Shape strides;
};

// to[index] = from[index] for every index of the box `extents`; elements of 1, 2, 4 or 8 bytes. Axes that step alike on
// both sides are merged, contiguous runs go by memcpy, transposes in cache-sized blocks.
void strided_copy(const Shape& extents, size_t element_size, StridedView<std::byte> to, StridedView<const std::byte> from);

// The tensor with axis i taken from axis permutation[i].
Tensor transposed(const Tensor& tensor, const std::vector<size_t>& permutation);

}  // namespace npu::detail
