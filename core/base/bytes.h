// SPDX-License-Identifier: Apache-2.0
// Bounds-checked little-endian access to bytes that come from outside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace npu {

using Bytes = std::span<const std::byte>;

inline Bytes as_byte_view(const std::string& text) { return std::as_bytes(std::span(text)); }

// Reads values one after another; after the first read past the end every read gives 0 and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  template <class T>
  T read() {
    T value{};
    if (bytes_.size() - position_ < sizeof(T)) return ok_ = false, value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  Bytes read_bytes(size_t count) {
    if (bytes_.size() - position_ < count) return ok_ = false, Bytes{};
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }

  bool ok() const { return ok_; }
  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

 private:
  Bytes bytes_;
  size_t position_ = 0;
  bool ok_ = true;
};

class ByteWriter {
 public:
  template <class T>
  void write(const T& value) {
    const auto* begin = reinterpret_cast<const std::byte*>(&value);
    bytes_.insert(bytes_.end(), begin, begin + sizeof(T));
  }
  void write_bytes(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void pad_to(size_t alignment) { bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment); }

  size_t size() const { return bytes_.size(); }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace npu
