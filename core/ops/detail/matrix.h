// SPDX-License-Identifier: Apache-2.0
// Matrix product of strided operands, shared by Gemm and MatMul.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/tensor/dtype.h"

namespace npu::detail {

template <class T>
struct MatrixView {
  const T* data;
  int64_t row_stride;
  int64_t column_stride;
  const T& at(int64_t row, int64_t column) const { return data[row * row_stride + column * column_stride]; }
};

// c[m][n] = sum over ascending k of a[m][k] * b[k][n]; c is row-major and dense. Each sum is kept in T.
template <class T>
void multiply(int64_t m, int64_t n, int64_t k, MatrixView<T> a, MatrixView<T> b, T* c) {
  constexpr int64_t kColumns = 64;
  constexpr int64_t kDepth = 512;
  std::vector<T> panel(static_cast<size_t>(std::min(k, kDepth) * kColumns));  // a block of b, row-major
  std::fill_n(c, m * n, T(0));
  for (int64_t column = 0; column < n; column += kColumns) {
    const int64_t width = std::min(kColumns, n - column);
    for (int64_t start = 0; start < k; start += kDepth) {
      const int64_t depth = std::min(kDepth, k - start);
      for (int64_t i = 0; i < depth; ++i)
        for (int64_t j = 0; j < kColumns; ++j)
          panel[static_cast<size_t>(i * kColumns + j)] = j < width ? b.at(start + i, column + j) : T(0);
      for (int64_t row = 0; row < m; ++row) {
        T sums[kColumns] = {};
        T* target = c + row * n + column;
        std::copy_n(target, width, sums);
        const T* b_row = panel.data();
        for (int64_t i = 0; i < depth; ++i, b_row += kColumns) {
          const T factor = a.at(row, start + i);
          for (int64_t j = 0; j < kColumns; ++j) sums[j] += factor * b_row[j];
        }
        std::copy_n(sums, width, target);
      }
    }
  }
}

// Calls f.operator()<T>() with a type to compute a dtype's products in: integers wrap, so they are unsigned.
// Returns false for dtypes that have no product (ONNX allows floats and 32/64-bit integers).
template <class F>
bool visit_product_type(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float32: f.template operator()<float>(); return true;
    case DType::Float64: f.template operator()<double>(); return true;
    case DType::Int32:
    case DType::UInt32: f.template operator()<uint32_t>(); return true;
    case DType::Int64:
    case DType::UInt64: f.template operator()<uint64_t>(); return true;
    default: return false;
  }
}

constexpr bool has_product(DType dtype) {
  return is_float(dtype) || dtype == DType::Int32 || dtype == DType::UInt32 || dtype == DType::Int64 || dtype == DType::UInt64;
}

}  // namespace npu::detail
