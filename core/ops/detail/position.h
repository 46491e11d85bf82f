// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tensor/tensor.h"

namespace npu::detail {

// An index into every axis of a shape, stepped in row-major order.
class Position {
 public:
  explicit Position(Shape shape) : shape_(std::move(shape)), index_(shape_.size(), 0) {}

  void next() {
    for (size_t i = shape_.size(); i-- > 0;) {
      if (++index_[i] < shape_[i]) return;
      index_[i] = 0;
    }
  }
  int64_t operator[](size_t axis) const { return index_[axis]; }
  // Of this position in an array with these strides (one an axis).
  int64_t offset(const Shape& strides) const {
    int64_t sum = 0;
    for (size_t i = 0; i < index_.size(); ++i) sum += index_[i] * strides[i];
    return sum;
  }

 private:
  Shape shape_, index_;
};

}  // namespace npu::detail
