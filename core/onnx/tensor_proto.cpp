// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/tensor_proto.h"

#include "core/tensor/narrow.h"

#include <algorithm>
#include <charconv>

namespace npu::onnx {

namespace {

struct OtherType {
  int code;
  std::string_view name;
};
constexpr OtherType kOtherTypes[] = {
    {14, "complex64"},
    {15, "complex128"},
};

// A TensorProto as it lies in the file.
struct RawTensor {
  std::string name;
  Shape dims;
  int64_t data_type = 0;
  bool has_segment = false;
  bool is_external = false;
  std::optional<Bytes> raw;
  std::vector<float> floats;
  std::vector<double> doubles;
  std::vector<int32_t> int32s;
  std::vector<int64_t> int64s;
  std::vector<uint64_t> uint64s;
  std::vector<std::string> strings;
  std::map<std::string, std::string, std::less<>> external;
};

void read_entry(protozero::data_view view, RawTensor& raw) {
  PbMessage<EntryField> entry(view);
  std::string key, value;
  while (entry.next()) {
    switch (entry.tag_and_type()) {
      case pb_length(EntryField::Key): key = entry.get_string(); break;
      case pb_length(EntryField::Value): value = entry.get_string(); break;
      default: entry.skip();
    }
  }
  raw.external[key] = value;
}

RawTensor read_raw(protozero::data_view view) {
  RawTensor raw;
  PbMessage<TensorField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(TensorField::Dims):
      case pb_length(TensorField::Dims): pb_append_varints(message, raw.dims); break;
      case pb_varint(TensorField::DataType): raw.data_type = message.get_int64(); break;
      case pb_length(TensorField::Segment):
        raw.has_segment = true;
        message.skip();
        break;
      case pb_fixed32(TensorField::FloatData): raw.floats.push_back(message.get_float()); break;
      case pb_length(TensorField::FloatData):
        for (const float value : message.get_packed_float()) raw.floats.push_back(value);
        break;
      case pb_varint(TensorField::Int32Data):
      case pb_length(TensorField::Int32Data): pb_append_varints(message, raw.int32s); break;
      case pb_varint(TensorField::Int64Data):
      case pb_length(TensorField::Int64Data): pb_append_varints(message, raw.int64s); break;
      case pb_varint(TensorField::Uint64Data):
      case pb_length(TensorField::Uint64Data): pb_append_varints(message, raw.uint64s); break;
      case pb_fixed64(TensorField::DoubleData): raw.doubles.push_back(message.get_double()); break;
      case pb_length(TensorField::DoubleData):
        for (const double value : message.get_packed_double()) raw.doubles.push_back(value);
        break;
      case pb_length(TensorField::StringData): raw.strings.push_back(message.get_string()); break;
      case pb_length(TensorField::Name): raw.name = message.get_string(); break;
      case pb_length(TensorField::RawData): raw.raw = message.get_byte_span(); break;
      case pb_length(TensorField::ExternalData): read_entry(message.get_view(), raw); break;
      case pb_varint(TensorField::DataLocation): raw.is_external = message.get_int64() == 1; break;
      default: message.skip();
    }
  }
  return raw;
}

// Element types narrower than their field are truncated to their own bits (float16 is stored as its bits).
template <class T, class Field>
Tensor narrow(DType dtype, const Shape& shape, const std::vector<Field>& values) {
  Tensor tensor(dtype, shape);
  auto to = tensor.mutable_bytes();
  for (size_t i = 0; i < values.size(); ++i) {
    const T value = static_cast<T>(values[i]);
    std::memcpy(to.data() + i * sizeof(T), &value, sizeof(T));
  }
  return tensor;
}

size_t typed_count(const RawTensor& raw, DType dtype) {
  switch (dtype) {
    case DType::Float32: return raw.floats.size();
    case DType::Float64: return raw.doubles.size();
    case DType::Int64: return raw.int64s.size();
    case DType::UInt32:
    case DType::UInt64: return raw.uint64s.size();
    default: return raw.int32s.size();
  }
}

Tensor typed_tensor(const RawTensor& raw, DType dtype) {
  switch (dtype) {
    case DType::Float32: return Tensor::from<float>(dtype, raw.dims, raw.floats);
    case DType::Float64: return Tensor::from<double>(dtype, raw.dims, raw.doubles);
    case DType::Int64: return Tensor::from<int64_t>(dtype, raw.dims, raw.int64s);
    case DType::UInt64: return Tensor::from<uint64_t>(dtype, raw.dims, raw.uint64s);
    case DType::UInt32: return narrow<uint32_t>(dtype, raw.dims, raw.uint64s);
    case DType::Int32: return narrow<int32_t>(dtype, raw.dims, raw.int32s);
    case DType::Int16:
    case DType::UInt16:
    case DType::Float16:
    case DType::BFloat16: return narrow<uint16_t>(dtype, raw.dims, raw.int32s);
    case DType::Bool: {
      std::vector<uint8_t> flags;
      for (const int32_t value : raw.int32s) flags.push_back(value != 0);
      return narrow<uint8_t>(dtype, raw.dims, flags);
    }
    default: return narrow<uint8_t>(dtype, raw.dims, raw.int32s);
  }
}

Tensor raw_tensor(DType dtype, const Shape& shape, OwnedBytes data) {
  if (dtype == DType::Bool) {  // any byte but 0 and 1 is no bool to C++
    Tensor tensor(dtype, shape);
    std::ranges::transform(data.bytes, tensor.mutable_bytes().begin(),
                           [](std::byte b) { return b == std::byte{0} ? b : std::byte{1}; });
    return tensor;
  }
  const bool aligned = reinterpret_cast<uintptr_t>(data.bytes.data()) % dtype_size(dtype) == 0;
  if (aligned && data.owner) return Tensor::view(dtype, shape, data.bytes, std::move(data.owner));
  return Tensor::from<std::byte>(dtype, shape, data.bytes);
}

// Elements of 4 or 2 bits, the first in the low bits of a byte.
Tensor unpacked_tensor(DType dtype, const Shape& shape, Bytes packed) {
  const int bits = dtype_info(dtype).file_bits, per_byte = 8 / bits;
  Tensor tensor(dtype, shape);
  const auto codes = tensor.mutable_data<uint8_t>();
  for (size_t i = 0; i < codes.size(); ++i) {
    const auto byte = static_cast<unsigned>(packed[i / static_cast<size_t>(per_byte)]);
    const unsigned code = byte >> (static_cast<int>(i % static_cast<size_t>(per_byte)) * bits);
    codes[i] = is_narrow_integer(dtype) ? wrap_narrow(dtype, code) : static_cast<uint8_t>(code & ((1u << bits) - 1));
  }
  return tensor;
}

std::string packed_bytes(const Tensor& tensor) {
  const int bits = dtype_info(tensor.dtype()).file_bits, per_byte = 8 / bits;
  const auto codes = tensor.data<uint8_t>();
  std::string bytes((codes.size() + static_cast<size_t>(per_byte) - 1) / static_cast<size_t>(per_byte), '\0');
  for (size_t i = 0; i < codes.size(); ++i) {
    const unsigned code = codes[i] & ((1u << bits) - 1);
    char& byte = bytes[i / static_cast<size_t>(per_byte)];
    byte = static_cast<char>(static_cast<unsigned char>(byte) | code << (static_cast<int>(i % static_cast<size_t>(per_byte)) * bits));
  }
  return bytes;
}

Result<uint64_t> parse_size(std::string_view text, std::string_view key, const std::string& where) {
  uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size())
    return fail(ErrorKind::InvalidModel, where,
                "external data " + std::string(key) + " '" + std::string(text) + "' is no number");
  return value;
}

bool is_safe_location(std::string_view path) {
  if (path.empty() || path.front() == '/' || path.find_first_of(std::string_view(":\\\0", 3)) != std::string_view::npos)
    return false;
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    if (path.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

}  // namespace

std::string element_type_name(int64_t code) {
  for (const OtherType& row : kOtherTypes)
    if (row.code == code) return std::string(row.name) + " (" + std::to_string(code) + ")";
  return std::to_string(code);
}

Result<OwnedBytes> TensorDecoder::external_bytes(const std::map<std::string, std::string, std::less<>>& entries,
                                                 uint64_t wanted, const std::string& where) {
  const auto entry = [&](std::string_view key) {
    const auto found = entries.find(key);
    return found == entries.end() ? std::string() : found->second;
  };
  const std::string file = entry("location");
  if (!is_safe_location(file))
    return fail(ErrorKind::InvalidModel, where, "external data location '" + file + "' is not a file beside the model");
  if (!options_.external)
    return fail(ErrorKind::InvalidModel, where,
                "needs the external data file '" + file + "', which was not given (" +
                    std::to_string((std::max(external_total_, wanted) + (1 << 20) - 1) >> 20) + " MB of weights are outside of the model file)");
  auto cached = files_.find(file);
  if (cached == files_.end()) {
    NPU_TRY(OwnedBytes loaded, options_.external(file));
    cached = files_.emplace(file, std::move(loaded)).first;
  }
  const std::string offset_text = entry("offset"), length_text = entry("length");
  const Bytes all = cached->second.bytes;
  NPU_TRY(const uint64_t offset, parse_size(offset_text.empty() ? "0" : offset_text, "offset", where));
  uint64_t length = wanted;
  if (!length_text.empty()) {
    NPU_TRY(length, parse_size(length_text, "length", where));
  }
  if (offset > all.size() || all.size() - offset < length)
    return fail(ErrorKind::InvalidModel, where,
                "external data [" + std::to_string(offset) + ", +" + std::to_string(length) + ") is outside '" + file +
                    "' of " + std::to_string(all.size()) + " bytes");
  return OwnedBytes{all.subspan(static_cast<size_t>(offset), static_cast<size_t>(length)), cached->second.owner};
}

uint64_t TensorDecoder::external_size(protozero::data_view message) {
  const RawTensor raw = read_raw(message);
  if (!raw.is_external) return 0;
  const auto dtype = dtype_from_onnx(static_cast<int>(std::clamp<int64_t>(raw.data_type, -1, 1 << 20)));
  const auto count = checked_element_count(raw.dims, "");
  return dtype && count ? static_cast<uint64_t>(*count) * dtype_size(*dtype) : 0;
}

Status TensorDecoder::account(DType dtype, int64_t count, const std::vector<std::string>& strings, const std::string& where) {
  uint64_t bytes = static_cast<uint64_t>(count) * dtype_size(dtype);
  for (const std::string& text : strings) bytes += text.size();
  if (bytes > options_.max_bytes - total_)
    return fail(ErrorKind::CompileLimit, where,
                "takes " + std::to_string(bytes) + " bytes beside the " + std::to_string(total_) + " of the tensors before it, the limit is " + std::to_string(options_.max_bytes));
  total_ += bytes;
  return {};
}

Result<NamedTensor> TensorDecoder::decode(protozero::data_view message, const std::string& context) {
  RawTensor raw = read_raw(message);
  const std::string where = context + (raw.name.empty() ? "" : " '" + raw.name + "'");
  const auto dtype = dtype_from_onnx(static_cast<int>(std::clamp<int64_t>(raw.data_type, -1, 1 << 20)));
  if (raw.data_type == 0) return fail(ErrorKind::InvalidModel, where, "has no element type");
  if (!dtype)
    return fail(ErrorKind::UnsupportedModel, where,
                "element type " + element_type_name(raw.data_type) + " is not supported");
  if (raw.has_segment) return fail(ErrorKind::UnsupportedModel, where, "is stored in segments");
  NPU_TRY(const int64_t count, checked_element_count(raw.dims, where));
  NPU_CHECK(account(*dtype, count, raw.strings, where));
  if (is_string(*dtype)) {
    if (raw.strings.size() != static_cast<uint64_t>(count))
      return fail(ErrorKind::InvalidModel, where,
                  "string " + to_string(raw.dims) + " needs " + std::to_string(count) + " strings, the file has " + std::to_string(raw.strings.size()));
    return NamedTensor{std::move(raw.name), Tensor::of_strings(raw.dims, std::move(raw.strings))};
  }
  const auto bits = static_cast<uint64_t>(dtype_info(*dtype).file_bits);
  const uint64_t wanted = bits ? (static_cast<uint64_t>(count) * bits + 7) / 8 : static_cast<uint64_t>(count) * dtype_size(*dtype);

  const auto size_error = [&](size_t bytes) {
    return fail(ErrorKind::InvalidModel, where,
                std::string(to_string(*dtype)) + " " + to_string(raw.dims) + " needs " + std::to_string(wanted) +
                    " bytes, the file has " + std::to_string(bytes));
  };
  if (raw.is_external || raw.raw) {
    OwnedBytes data{raw.raw.value_or(Bytes()), owner_};
    if (raw.is_external) {
      NPU_TRY(data, external_bytes(raw.external, wanted, where));
    }
    if (data.bytes.size() != wanted) return size_error(data.bytes.size());
    if (bits) return NamedTensor{std::move(raw.name), unpacked_tensor(*dtype, raw.dims, data.bytes)};
    return NamedTensor{std::move(raw.name), raw_tensor(*dtype, raw.dims, std::move(data))};
  }
  if (bits) {
    std::vector<std::byte> packed;
    for (const int32_t value : raw.int32s) packed.push_back(static_cast<std::byte>(value & 0xff));
    if (packed.size() != wanted) return size_error(packed.size());
    return NamedTensor{std::move(raw.name), unpacked_tensor(*dtype, raw.dims, packed)};
  }
  if (const size_t have = typed_count(raw, *dtype); have != static_cast<uint64_t>(count))
    return size_error(have * dtype_size(*dtype));
  Tensor tensor = typed_tensor(raw, *dtype);
  return NamedTensor{std::move(raw.name), std::move(tensor)};
}

void write_tensor(protozero::pbf_writer& parent, protozero::pbf_tag_type tag, const std::string& name,
                  const Tensor& tensor) {
  const auto field = [](TensorField f) { return static_cast<protozero::pbf_tag_type>(f); };
  protozero::pbf_writer message(parent, tag);
  message.add_packed_int64(field(TensorField::Dims), tensor.shape().begin(), tensor.shape().end());
  message.add_int32(field(TensorField::DataType), dtype_info(tensor.dtype()).onnx);
  if (!name.empty()) message.add_string(field(TensorField::Name), name);
  if (is_string(tensor.dtype())) {
    for (const std::string& value : tensor.strings()) message.add_string(field(TensorField::StringData), value);
    return;
  }
  if (dtype_info(tensor.dtype()).file_bits > 0) return message.add_bytes(field(TensorField::RawData), packed_bytes(tensor));
  message.add_bytes(field(TensorField::RawData), reinterpret_cast<const char*>(tensor.bytes().data()),
                    tensor.byte_size());
}

}  // namespace npu::onnx

namespace npu {

namespace {

Result<Tensor> decode_one(protozero::data_view view) {
  const OnnxLoadOptions options;
  NPU_TRY(onnx::NamedTensor named, onnx::TensorDecoder(nullptr, options).decode(view, "tensor"));
  return std::move(named.tensor);
}

Result<Datum> decode_sequence(protozero::data_view view, DType element) {
  std::vector<Tensor> items;
  PbMessage<onnx::SequenceField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(onnx::SequenceField::Tensors): {
        NPU_TRY(items.emplace_back(), decode_one(message.get_view()));
        break;
      }
      case pb_length(onnx::SequenceField::SparseTensors):
      case pb_length(onnx::SequenceField::Sequences):
      case pb_length(onnx::SequenceField::Maps): return fail(ErrorKind::UnsupportedModel, "sequence", "holds something else than tensors");
      default: message.skip();
    }
  }
  if (!items.empty()) element = items[0].dtype();
  return Datum::sequence(element, std::move(items));
}

Result<Datum> decode_optional(protozero::data_view view, const TensorType& type) {
  PbMessage<onnx::OptionalField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(onnx::OptionalField::Tensor): return decode_one(message.get_view());
      case pb_length(onnx::OptionalField::Sequence): return decode_sequence(message.get_view(), type.dtype);
      case pb_length(onnx::OptionalField::SparseTensor):
      case pb_length(onnx::OptionalField::Map): return fail(ErrorKind::UnsupportedModel, "optional", "holds neither a tensor nor a sequence");
      default: message.skip();
    }
  }
  return Datum::empty_optional(type.dtype, type.kind == ValueKind::OptionalSequence);
}

}  // namespace

Result<Datum> load_datum_proto(Bytes bytes, const TensorType& type) {
  const protozero::data_view view{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  try {
    if (type.is_tensor()) return decode_one(view);
    return type.kind == ValueKind::Sequence ? decode_sequence(view, type.dtype) : decode_optional(view, type);
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, "value", pb_damage(error));
  }
}

Result<Tensor> load_tensor_proto(Bytes bytes) {
  const OnnxLoadOptions options;
  try {
    NPU_TRY(onnx::NamedTensor named,
            onnx::TensorDecoder(nullptr, options)
                .decode({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, "tensor"));
    return std::move(named.tensor);
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, "tensor", pb_damage(error));
  }
}

}  // namespace npu
