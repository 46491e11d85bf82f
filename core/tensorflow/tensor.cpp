// SPDX-License-Identifier: Apache-2.0
#include "core/tensorflow/tensor.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "core/tensorflow/fields.h"

namespace npu::tensorflow {
namespace {

// A few bytes of a file may say how often a value is repeated: no more than this.
constexpr uint64_t kMaxRepeated = uint64_t{1} << 30;

// A TensorProto as it lies in the file.
struct RawTensor {
  int64_t dtype = 0;
  TensorType shape{DType::Undefined, true, {}};
  Bytes content;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int64_t> ints;  // of all integers, booleans and the bits of halves

  size_t count() const { return std::max({floats.size(), doubles.size(), ints.size()}); }
};

RawTensor read_raw(data_view view) {
  RawTensor raw;
  PbMessage<TensorField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(TensorField::DType): raw.dtype = message.get_int64(); break;
      case pb_length(TensorField::Shape): raw.shape = read_shape(message.get_view()); break;
      case pb_length(TensorField::Content): raw.content = message.get_byte_span(); break;
      case pb_fixed32(TensorField::Float): raw.floats.push_back(message.get_float()); break;
      case pb_length(TensorField::Float):
        for (const float value : message.get_packed_float()) raw.floats.push_back(value);
        break;
      case pb_fixed64(TensorField::Double): raw.doubles.push_back(message.get_double()); break;
      case pb_length(TensorField::Double):
        for (const double value : message.get_packed_double()) raw.doubles.push_back(value);
        break;
      case pb_varint(TensorField::Int):
      case pb_length(TensorField::Int):
      case pb_varint(TensorField::Int64):
      case pb_length(TensorField::Int64):
      case pb_varint(TensorField::Bool):
      case pb_length(TensorField::Bool):
      case pb_varint(TensorField::Half):
      case pb_length(TensorField::Half):
      case pb_varint(TensorField::UInt32):
      case pb_length(TensorField::UInt32):
      case pb_varint(TensorField::UInt64):
      case pb_length(TensorField::UInt64): pb_append_varints(message, raw.ints); break;
      default: message.skip();
    }
  }
  return raw;
}

bool is_bits(DType dtype) { return dtype == DType::Float16 || dtype == DType::BFloat16; }

template <class T, class From>
void fill(Tensor& tensor, const std::vector<From>& values) {
  const auto to = tensor.mutable_data<T>();
  for (size_t i = 0; i < to.size() && !values.empty(); ++i) {
    const From value = values[std::min(i, values.size() - 1)];
    if constexpr (std::is_same_v<T, bool>) to[i] = value != 0;
    else to[i] = static_cast<T>(value);
  }
}

Tensor of_values(const RawTensor& raw, DType dtype, const Shape& shape) {
  Tensor tensor(is_bits(dtype) ? DType::UInt16 : dtype, shape);
  switch (dtype) {
    case DType::Float32: fill<float>(tensor, raw.floats); break;
    case DType::Float64: fill<double>(tensor, raw.doubles); break;
    case DType::Float16:
    case DType::BFloat16: fill<uint16_t>(tensor, raw.ints); break;
    default: visit_dtype(dtype, [&]<class T>() {
        if constexpr (std::is_integral_v<T>) fill<T>(tensor, raw.ints);
      });
  }
  return is_bits(dtype) ? tensor.relabelled(dtype) : tensor;
}

Tensor of_content(Bytes content, DType dtype, const Shape& shape, const std::shared_ptr<const void>& owner) {
  if (dtype == DType::Bool) {  // any byte but 0 and 1 is no bool to C++
    Tensor tensor(dtype, shape);
    std::ranges::transform(content, tensor.mutable_bytes().begin(), [](std::byte b) { return b == std::byte{0} ? b : std::byte{1}; });
    return tensor;
  }
  const bool aligned = reinterpret_cast<uintptr_t>(content.data()) % dtype_size(dtype) == 0;
  return aligned && owner ? Tensor::view(dtype, shape, content, owner) : Tensor::from<std::byte>(dtype, shape, content);
}

}  // namespace

Tensor read_tensor(data_view view, const std::shared_ptr<const void>& owner, GraphBuilder& graph) {
  const RawTensor raw = read_raw(view);
  const DType dtype = dtype_of(raw.dtype);
  const auto refuse = [&](ErrorKind kind, std::string what) {
    graph.fail(kind, std::move(what));
    return Tensor();
  };
  if (dtype == DType::Undefined) return refuse(ErrorKind::UnsupportedModel, fmt::format("its element type ({}) is not offered", raw.dtype));
  if (!raw.shape.has_rank || !all_known(raw.shape.dims)) return refuse(ErrorKind::InvalidModel, "its shape is not known");
  const Shape shape = to_shape(raw.shape.dims);
  const auto elements = checked_element_count(shape, "");
  if (!elements) return refuse(ErrorKind::InvalidModel, elements.error().what);
  const auto count = static_cast<uint64_t>(*elements);
  if (!raw.content.empty() ? raw.content.size() != count * dtype_size(dtype) : raw.count() > count)
    return refuse(ErrorKind::InvalidModel, fmt::format("its shape {} has {} elements, the file {}", to_string(shape), count, raw.content.empty() ? raw.count() : raw.content.size() / dtype_size(dtype)));
  if (raw.content.empty() && raw.count() < count && count * dtype_size(dtype) > kMaxRepeated)
    return refuse(ErrorKind::CompileLimit, fmt::format("repeats a value over {} bytes, at most {} are possible", count * dtype_size(dtype), kMaxRepeated));
  if (!graph.account(count * dtype_size(dtype))) return {};
  return raw.content.empty() ? of_values(raw, dtype, shape) : of_content(raw.content, dtype, shape, owner);
}

}  // namespace npu::tensorflow
