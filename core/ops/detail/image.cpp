// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/image.h"

#include <fmt/format.h>
#include <stb_image.h>

#include <map>
#include <memory>

namespace npu::detail {

namespace {

constexpr int64_t kMaxPixels = int64_t{1} << 28;

bool starts_with(Bytes bytes, std::string_view magic, size_t offset = 0) {
  return bytes.size() >= offset + magic.size() && std::memcmp(bytes.data() + offset, magic.data(), magic.size()) == 0;
}

// The first directory of a TIFF file (Adobe, revision 6.0).
class TiffReader {
 public:
  TiffReader(Bytes bytes, const std::string& where) : bytes_(bytes), where_(where), little_(starts_with(bytes, "II")) {}

  Result<Image> read() {
    NPU_CHECK(read_directory());
    Image image;
    image.width = first(256, 0), image.height = first(257, 0);
    const int64_t samples = first(277, 1), compression = first(259, 1), photometric = first(262, 2);
    if (image.width < 1 || image.height < 1 || image.width > kMaxPixels / image.height) return invalid(fmt::format("is of {} x {} pixels", image.width, image.height));
    if (compression != 1 || first(258, 8) != 8 || first(284, 1) != 1 || samples < 1 || samples > 4 || photometric > 2 || fields_.contains(322))
      return fail(ErrorKind::UnsupportedModel, where_,
                  fmt::format("the TIFF image has compression {}, {} bits, {} samples: only strips of 8 bits without compression are read", compression, first(258, 8), samples));
    const auto offsets = fields_[273], counts = fields_[279];
    std::vector<uint8_t> data;
    for (size_t i = 0; i < offsets.size() && i < counts.size(); ++i) {
      if (offsets[i] < 0 || counts[i] < 0 || static_cast<uint64_t>(offsets[i]) + static_cast<uint64_t>(counts[i]) > bytes_.size()) return invalid("has a strip outside of the file");
      const auto* from = reinterpret_cast<const uint8_t*>(bytes_.data()) + offsets[i];
      data.insert(data.end(), from, from + counts[i]);
      if (data.size() > static_cast<size_t>(kMaxPixels) * 4) return invalid("has too many strips");
    }
    const auto pixels = static_cast<size_t>(image.width * image.height);
    if (data.size() < pixels * static_cast<size_t>(samples)) return invalid("is cut off");
    for (size_t i = 0; i < pixels; ++i)
      for (size_t c = 0; c < 3; ++c) {
        const uint8_t value = data[i * static_cast<size_t>(samples) + (samples < 3 ? 0 : c)];
        image.rgb.push_back(photometric == 0 ? static_cast<uint8_t>(255 - value) : value);
      }
    return image;
  }

 private:
  std::unexpected<Error> invalid(std::string what) const { return fail(ErrorKind::InvalidModel, where_, "the TIFF image " + std::move(what)); }

  // 0 beyond the end.
  int64_t number(size_t at, size_t size) const {
    if (at > bytes_.size() || bytes_.size() - at < size) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) value |= static_cast<uint64_t>(bytes_[at + i]) << 8 * (little_ ? i : size - 1 - i);
    return static_cast<int64_t>(value);
  }

  Status read_directory() {
    const auto start = static_cast<size_t>(number(4, 4));
    const int64_t count = number(start, 2);
    for (int64_t i = 0; i < count; ++i) {
      const size_t entry = start + 2 + static_cast<size_t>(i) * 12;
      if (entry + 12 > bytes_.size()) return invalid("is cut off");
      const int64_t type = number(entry + 2, 2), values = number(entry + 4, 4);
      const size_t size = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
      if (size == 0) continue;
      if (values > static_cast<int64_t>(bytes_.size())) return invalid(fmt::format("has a field of {} values", values));
      const size_t at = static_cast<size_t>(values) * size <= 4 ? entry + 8 : static_cast<size_t>(number(entry + 8, 4));
      auto& list = fields_[number(entry, 2)];
      for (size_t k = 0; k < static_cast<size_t>(values); ++k) list.push_back(number(at + k * size, size));
    }
    return {};
  }

  int64_t first(int64_t tag, int64_t fallback) const {
    const auto found = fields_.find(tag);
    return found == fields_.end() || found->second.empty() ? fallback : found->second[0];
  }

  Bytes bytes_;
  const std::string& where_;
  bool little_;
  std::map<int64_t, std::vector<int64_t>> fields_;
};

}  // namespace

Result<Image> decode_image(Bytes bytes, const std::string& where) {
  if (starts_with(bytes, std::string_view("II*\0", 4)) || starts_with(bytes, std::string_view("MM\0*", 4))) return TiffReader(bytes, where).read();
  if (starts_with(bytes, "RIFF") && starts_with(bytes, "WEBP", 8)) return fail(ErrorKind::UnsupportedModel, where, "WebP images are not decoded");
  if (starts_with(bytes, std::string_view("\0\0\0\x0cjP", 6)) || starts_with(bytes, "\xff\x4f\xff\x51"))
    return fail(ErrorKind::UnsupportedModel, where, "JPEG 2000 images are not decoded");
  if (bytes.size() > INT32_MAX) return fail(ErrorKind::InvalidModel, where, fmt::format("an image of {} bytes", bytes.size()));
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  int width = 0, height = 0, channels = 0;
  if (!stbi_info_from_memory(data, static_cast<int>(bytes.size()), &width, &height, &channels) || int64_t{width} * height > kMaxPixels)
    return fail(ErrorKind::InvalidModel, where, fmt::format("the image of {} bytes is of no known format, damaged or too large ({} x {})", bytes.size(), width, height));
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(stbi_load_from_memory(data, static_cast<int>(bytes.size()), &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) return fail(ErrorKind::InvalidModel, where, fmt::format("the image is damaged: {}", stbi_failure_reason()));
  return Image{width, height, {pixels.get(), pixels.get() + static_cast<size_t>(width) * static_cast<size_t>(height) * 3}};
}

}  // namespace npu::detail
