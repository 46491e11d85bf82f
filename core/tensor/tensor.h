// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/half.h"
#include "core/base/result.h"
#include "core/tensor/dtype.h"

namespace npu {

using Shape = std::vector<int64_t>;

std::string to_string(const Shape& shape);        // "1x3x224x224", "scalar"
int64_t element_count(const Shape& shape);        // product; shapes from files are checked before they get here
Result<int64_t> checked_element_count(const Shape& shape, const std::string& where);
Shape row_major_strides(const Shape& shape);      // in elements

// A dense row-major array with shared, possibly foreign storage (a view into a model file). Copying a Tensor
// shares the bytes; mutable access copies first when the bytes are shared or foreign.
class Tensor {
 public:
  Tensor() = default;
  Tensor(DType dtype, Shape shape);  // zero-filled

  // Elements in row-major order. Precondition: as many as the shape has.
  static Tensor of_strings(Shape shape, std::vector<std::string> values);

  // A view of bytes kept alive by owner. Precondition: bytes.size() == element count * element size.
  static Tensor view(DType dtype, Shape shape, Bytes bytes, std::shared_ptr<const void> owner);

  template <class T>
  static Tensor from(DType dtype, Shape shape, std::span<const T> values) {
    Tensor tensor(dtype, std::move(shape));
    const size_t size = std::min(values.size_bytes(), tensor.byte_size());
    if (size) std::memcpy(tensor.mutable_bytes().data(), values.data(), size);
    return tensor;
  }

  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  int64_t elements() const { return element_count(shape_); }
  size_t byte_size() const { return bytes_.size(); }
  bool empty() const { return dtype_ == DType::Undefined; }

  Bytes bytes() const { return bytes_; }
  std::span<std::byte> mutable_bytes();

  // Precondition: T is the C++ type of dtype() (Half for Float16, BFloat16, bool for Bool, ...).
  template <class T>
  std::span<const T> data() const {
    return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
  }
  template <class T>
  std::span<T> mutable_data() {
    auto bytes = mutable_bytes();
    return {reinterpret_cast<T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  // Precondition: dtype() is String. Such a tensor has no bytes.
  const std::vector<std::string>& strings() const { return *strings_; }

  Tensor reshaped(Shape shape) const;   // precondition: same element count
  Tensor relabelled(DType dtype) const;  // the same bytes; precondition: same element size, no strings
  // Numeric conversion; floats to integers truncate toward zero, to narrow floats they saturate (or, without saturate,
  // become infinite or NaN). Precondition: neither is String.
  Tensor cast(DType to, bool saturate = true) const;

  // Any numeric dtype as double / int64 values (for shapes, indices, small parameters); zeros for strings.
  std::vector<double> to_doubles() const;
  std::vector<int64_t> to_ints() const;

 private:
  DType dtype_ = DType::Undefined;
  Shape shape_;
  Bytes bytes_;
  std::shared_ptr<std::vector<std::byte>> owned_;
  std::shared_ptr<const void> foreign_;
  std::shared_ptr<const std::vector<std::string>> strings_;
};

// Calls f.template operator()<T>() with the C++ type of dtype. Precondition: dtype is not Undefined, narrow or String.
template <class F>
decltype(auto) visit_dtype(DType dtype, F&& f) {
  switch (dtype) {
    case DType::Float16: return f.template operator()<Half>();
    case DType::BFloat16: return f.template operator()<BFloat16>();
    case DType::Float64: return f.template operator()<double>();
    case DType::Int8: return f.template operator()<int8_t>();
    case DType::Int16: return f.template operator()<int16_t>();
    case DType::Int32: return f.template operator()<int32_t>();
    case DType::Int64: return f.template operator()<int64_t>();
    case DType::UInt8: return f.template operator()<uint8_t>();
    case DType::UInt16: return f.template operator()<uint16_t>();
    case DType::UInt32: return f.template operator()<uint32_t>();
    case DType::UInt64: return f.template operator()<uint64_t>();
    case DType::Bool: return f.template operator()<bool>();
    default: return f.template operator()<float>();
  }
}

}  // namespace npu
