// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/tensor.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <type_traits>

#include "core/base/math.h"
#include "core/tensor/narrow.h"

namespace npu {

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "scalar";
  std::string text;
  for (size_t i = 0; i < shape.size(); ++i) text += (i ? "x" : "") + std::to_string(shape[i]);
  return text;
}

int64_t element_count(const Shape& shape) {
  int64_t count = 1;
  for (int64_t dim : shape) count *= dim;
  return count;
}

Result<int64_t> checked_element_count(const Shape& shape, const std::string& where) {
  int64_t count = 1;
  for (int64_t dim : shape)
    if (dim < 0 || !multiply_checked(count, dim, count) || count > (int64_t{1} << 40))
      return fail(ErrorKind::InvalidModel, where, "shape " + to_string(shape) + " is negative or too large");
  return count;
}

Shape row_major_strides(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Tensor::Tensor(DType dtype, Shape shape) : dtype_(dtype), shape_(std::move(shape)) {
  // Where size_t has 32 bits, the product may not fit one.
  const auto wanted = static_cast<uint64_t>(element_count(shape_));
  if (wanted > static_cast<uint64_t>(PTRDIFF_MAX) / std::max<size_t>(dtype_size(dtype_), 1)) throw std::bad_alloc();
  const auto count = static_cast<size_t>(wanted);
  owned_ = std::make_shared<std::vector<std::byte>>(count * dtype_size(dtype_));
  bytes_ = *owned_;
  if (is_string(dtype_)) strings_ = std::make_shared<const std::vector<std::string>>(count);
}

Tensor Tensor::of_strings(Shape shape, std::vector<std::string> values) {
  Tensor tensor;
  tensor.dtype_ = DType::String;
  tensor.shape_ = std::move(shape);
  assert(static_cast<int64_t>(values.size()) == tensor.elements());
  tensor.strings_ = std::make_shared<const std::vector<std::string>>(std::move(values));
  return tensor;
}

Tensor Tensor::view(DType dtype, Shape shape, Bytes bytes, std::shared_ptr<const void> owner) {
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.shape_ = std::move(shape);
  tensor.bytes_ = bytes;
  tensor.foreign_ = std::move(owner);
  assert(bytes.size() == static_cast<size_t>(tensor.elements()) * dtype_size(dtype));
  return tensor;
}

std::span<std::byte> Tensor::mutable_bytes() {
  if (!owned_ || owned_.use_count() > 1 || bytes_.data() != owned_->data()) {
    owned_ = std::make_shared<std::vector<std::byte>>(bytes_.begin(), bytes_.end());
    bytes_ = *owned_;
    foreign_.reset();
  }
  return *owned_;
}

Tensor Tensor::reshaped(Shape shape) const {
  assert(element_count(shape) == elements());
  Tensor tensor = *this;
  tensor.shape_ = std::move(shape);
  return tensor;
}

namespace {

template <class To, class From>
To convert(From value) {
  constexpr bool from_small = std::is_same_v<From, Half> || std::is_same_v<From, BFloat16>;
  constexpr bool to_small = std::is_same_v<To, Half> || std::is_same_v<To, BFloat16>;
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (from_small) {
    return convert<To>(static_cast<float>(value));
  } else if constexpr (to_small) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From{};
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Out-of-range conversions are undefined in C++; they wrap through int64 here, NaN gives 0.
    if (!(value > -9.3e18 && value < 9.2e18)) return static_cast<To>(value > 0 ? INT64_MAX : value < 0 ? INT64_MIN : 0);
    return static_cast<To>(static_cast<int64_t>(value));
  } else {
    return static_cast<To>(value);
  }
}

Tensor widen_narrow(const Tensor& from) {
  if (is_narrow_integer(from.dtype())) return from.relabelled(widened(from.dtype()));
  Tensor result(DType::Float32, from.shape());
  const auto codes = from.data<uint8_t>();
  const auto values = result.mutable_data<float>();
  for (size_t i = 0; i < values.size(); ++i) values[i] = narrow_to_float(from.dtype(), codes[i]);
  return result;
}

Tensor to_narrow_float(const Tensor& from, DType to, bool saturate) {
  Tensor result(to, from.shape());
  const auto values = from.data<float>();
  const auto codes = result.mutable_data<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i) codes[i] = float_to_narrow(to, values[i], saturate);
  return result;
}

Tensor to_narrow_integer(const Tensor& from, DType to) {
  Tensor result(to, from.shape());
  const auto values = from.to_ints();
  const auto codes = result.mutable_data<uint8_t>();
  for (size_t i = 0; i < values.size(); ++i) codes[i] = wrap_narrow(to, values[i]);
  return result;
}

template <class To>
void convert_all(const Tensor& from, std::span<To> to) {
  visit_dtype(from.dtype(), [&]<class From>() {
    auto values = from.data<From>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = convert<To>(values[i]);
  });
}

}  // namespace

Tensor Tensor::cast(DType to, bool saturate) const {
  if (to == dtype_) return *this;
  if (is_narrow(dtype_)) return widen_narrow(*this).cast(to, saturate);
  if (is_narrow_float(to)) return to_narrow_float(cast(DType::Float32), to, saturate);
  if (is_narrow_integer(to)) return to_narrow_integer(*this, to);
  Tensor result(to, shape_);
  visit_dtype(to, [&]<class To>() { convert_all(*this, result.mutable_data<To>()); });
  return result;
}

Tensor Tensor::relabelled(DType dtype) const {
  assert(dtype_size(dtype) == dtype_size(dtype_) && !is_string(dtype_));
  Tensor result = *this;
  result.dtype_ = dtype;
  return result;
}

std::vector<double> Tensor::to_doubles() const {
  if (is_narrow(dtype_)) return widen_narrow(*this).to_doubles();
  std::vector<double> values(static_cast<size_t>(elements()));
  if (is_string(dtype_)) return values;
  convert_all(*this, std::span(values));
  return values;
}

std::vector<int64_t> Tensor::to_ints() const {
  if (is_narrow(dtype_)) return widen_narrow(*this).to_ints();
  std::vector<int64_t> values(static_cast<size_t>(elements()));
  if (is_string(dtype_)) return values;
  convert_all(*this, std::span(values));
  return values;
}

}  // namespace npu
