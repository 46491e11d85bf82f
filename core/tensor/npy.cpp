// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/npy.h"

#include <algorithm>
#include <charconv>

namespace npu {

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kHeaderAlign = 64;

struct Descr {
  DType dtype;
  std::string_view text;
};
constexpr Descr kDescrs[] = {
    {DType::Float32, "f4"}, {DType::Float16, "f2"}, {DType::Float64, "f8"}, {DType::Int8, "i1"},
    {DType::Int16, "i2"},   {DType::Int32, "i4"},   {DType::Int64, "i8"},   {DType::UInt8, "u1"},
    {DType::UInt16, "u2"},  {DType::UInt32, "u4"},  {DType::UInt64, "u8"},  {DType::Bool, "b1"},
};

std::unexpected<Error> bad(std::string what) {
  return fail(ErrorKind::InvalidArgument, ".npy file", std::move(what));
}

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// The header is the text of a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  Result<Header> run() {
    Header header;
    int found = 0;
    if (!accept("{")) return bad("the header is no dictionary");
    while (!accept("}")) {
      std::string key;
      if (!quoted(key) || !accept(":")) return bad("the header's key before '" + preview() + "' is malformed");
      if (key == "descr") {
        if (!quoted(header.descr)) return bad("structured element types are not supported: '" + preview() + "'");
      } else if (key == "fortran_order") {
        header.fortran_order = accept("True");
        if (!header.fortran_order && !accept("False")) return bad("fortran_order is neither True nor False");
      } else if (key == "shape") {
        NPU_CHECK(parse_shape(header.shape));
      } else {
        return bad("unknown header key '" + key + "'");
      }
      ++found;
      if (!accept(",") && !rest_.starts_with("}")) return bad("unexpected '" + preview() + "' in the header");
    }
    if (found != 3) return bad("the header has " + std::to_string(found) + " keys, not 3");
    return header;
  }

 private:
  std::string preview() const { return std::string(rest_.substr(0, 16)); }

  bool accept(std::string_view token) {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  bool quoted(std::string& value) {
    if (!accept("'")) return false;
    const size_t end = rest_.find('\'');
    if (end == std::string_view::npos) return false;
    value = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return true;
  }

  Status parse_shape(Shape& shape) {
    if (!accept("(")) return bad("the shape is no tuple");
    while (!accept(")")) {
      int64_t dim = 0;
      accept("");
      const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), dim);
      if (code != std::errc()) return bad("'" + preview() + "' is no dimension");
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      shape.push_back(dim);
      if (!accept(",") && !rest_.starts_with(")")) return bad("unexpected '" + preview() + "' in the shape");
    }
    return {};
  }

  std::string_view rest_;
};

// Elements in Fortran order are those of the reversed shape in C order.
Tensor from_fortran(const Tensor& stored, const Shape& shape) {
  Tensor tensor(stored.dtype(), shape);
  const size_t size = dtype_size(stored.dtype());
  const auto to = tensor.mutable_bytes();
  Shape at(shape.size(), 0);
  for (size_t i = 0; i * size < to.size(); ++i) {
    int64_t from = 0;
    for (size_t d = shape.size(); d-- > 0;) from = from * shape[d] + at[d];
    std::memcpy(to.data() + i * size, stored.bytes().data() + static_cast<size_t>(from) * size, size);
    for (size_t d = shape.size(); d-- > 0 && ++at[d] == shape[d];) at[d] = 0;
  }
  return tensor;
}

Result<DType> parse_descr(std::string_view descr) {
  const bool is_little = descr.starts_with('<') || descr.starts_with('=') || descr.starts_with('|');
  for (const Descr& row : kDescrs)
    if (is_little && descr.substr(1) == row.text) return row.dtype;
  if (descr.starts_with('>')) return bad("big-endian elements ('" + std::string(descr) + "') are not supported");
  return bad("element type '" + std::string(descr) + "' is not supported");
}

}  // namespace

Result<Tensor> load_npy(Bytes bytes) {
  ByteReader reader(bytes);
  const Bytes magic = reader.read_bytes(kMagic.size());
  if (!reader.ok() || std::memcmp(magic.data(), kMagic.data(), kMagic.size()) != 0)
    return bad("does not begin with the .npy signature");
  const int major = reader.read<uint8_t>();
  reader.read<uint8_t>();
  if (reader.ok() && (major < 1 || major > 3)) return bad("format version " + std::to_string(major) + " is not known");
  const size_t length = major == 1 ? reader.read<uint16_t>() : reader.read<uint32_t>();
  const Bytes text = reader.read_bytes(length);
  if (!reader.ok()) return bad("is cut off in its header");

  NPU_TRY(const Header header, HeaderParser({reinterpret_cast<const char*>(text.data()), text.size()}).run());
  NPU_TRY(const DType dtype, parse_descr(header.descr));
  NPU_TRY(const int64_t count, checked_element_count(header.shape, ".npy file"));
  const uint64_t wanted = static_cast<uint64_t>(count) * dtype_size(dtype);
  if (reader.remaining() != wanted)
    return bad(std::string(to_string(dtype)) + " " + to_string(header.shape) + " needs " + std::to_string(wanted) +
               " bytes, the file has " + std::to_string(reader.remaining()));
  Tensor tensor = Tensor::from<std::byte>(dtype, header.shape, reader.read_bytes(static_cast<size_t>(wanted)));
  if (dtype == DType::Bool)
    for (std::byte& b : tensor.mutable_bytes()) b = b == std::byte{0} ? b : std::byte{1};
  return header.fortran_order ? from_fortran(tensor, header.shape) : tensor;
}

std::vector<std::byte> save_npy(const Tensor& tensor) {
  if (is_narrow(tensor.dtype())) return save_npy(tensor.cast(widened(tensor.dtype())));
  if (tensor.dtype() == DType::BFloat16) return save_npy(tensor.cast(DType::Float32));
  const auto row = std::ranges::find(kDescrs, tensor.dtype(), &Descr::dtype);
  std::string shape;
  for (const int64_t dim : tensor.shape()) shape += std::to_string(dim) + (tensor.shape().size() == 1 ? "," : ", ");
  if (tensor.shape().size() > 1) shape.resize(shape.size() - 2);
  std::string header = std::string("{'descr': '") + (dtype_size(tensor.dtype()) == 1 ? '|' : '<') +
                       std::string(row->text) + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  const size_t prefix = kMagic.size() + 4;
  header.resize((prefix + header.size() + 1 + kHeaderAlign - 1) / kHeaderAlign * kHeaderAlign - prefix, ' ');
  header.back() = '\n';

  ByteWriter writer;
  writer.write_bytes(std::as_bytes(std::span(kMagic)));
  writer.write<uint8_t>(1);
  writer.write<uint8_t>(0);
  writer.write<uint16_t>(static_cast<uint16_t>(header.size()));
  writer.write_bytes(as_byte_view(header));
  writer.write_bytes(tensor.bytes());
  return std::move(writer.bytes());
}

}  // namespace npu
