// SPDX-License-Identifier: Apache-2.0
#include "core/ops/aipp_parameters.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "core/base/half.h"

namespace npu {
namespace {

constexpr size_t kFormatAt = 0, kBatchAt = 4;

template <class Owner>
struct Row {
  std::string_view name;
  size_t offset, bytes;
  bool is_signed;
  int64_t low, high;
  int64_t (*get)(const Owner&);
  void (*set)(Owner&, int64_t);
  bool (*used)(const Owner&);
};

#define NPU_AIPP_ROW(owner, name, offset, type, member, used, low, high)                                                  \
  Row<owner>{name, offset, sizeof(type), std::is_signed_v<type>, low, high, [](const owner& image) { return static_cast<int64_t>(image.member); }, \
             [](owner& image, int64_t value) { image.member = static_cast<std::remove_reference_t<decltype(image.member)>>(value); },                \
             []([[maybe_unused]] const owner& image) { return static_cast<bool>(used); }},
#define NPU_AIPP_HEAD(name, offset, type, member, low, high) NPU_AIPP_ROW(AippParameters, name, offset, type, member, true, low, high)
#define NPU_AIPP_IMAGE(...)
const Row<AippParameters> kHead[] = {
#include "core/ops/aipp_parameters.def"
};
#undef NPU_AIPP_HEAD
#undef NPU_AIPP_IMAGE
#define NPU_AIPP_HEAD(...)
#define NPU_AIPP_IMAGE(name, offset, type, member, used, low, high) NPU_AIPP_ROW(AippImage, name, offset, type, member, used, low, high)
const Row<AippImage> kImage[] = {
#include "core/ops/aipp_parameters.def"
};
#undef NPU_AIPP_HEAD
#undef NPU_AIPP_IMAGE
#undef NPU_AIPP_ROW

std::unexpected<Error> bad(std::string what) { return fail(ErrorKind::InvalidArgument, "dynamic AIPP", std::move(what)); }
std::string of_image(size_t image) { return fmt::format(" of image {}", image); }

template <class Owner>
Status check_range(const Row<Owner>& row, int64_t value, const std::string& where) {
  if (value >= row.low && value <= row.high) return {};
  return bad(fmt::format("{}{} is {}, allowed are {} {} {}", row.name, where, value, row.low, row.high == row.low + 1 ? "and" : "to", row.high));
}

int64_t read(Bytes part, size_t offset, size_t bytes, bool is_signed) {
  uint64_t value = 0;
  std::memcpy(&value, part.data() + offset, bytes);
  const auto unused = static_cast<int>(64 - 8 * bytes);
  return is_signed ? static_cast<int64_t>(value << unused) >> unused : static_cast<int64_t>(value);
}

template <class Owner, size_t N>
void read_all(Bytes part, const Row<Owner> (&rows)[N], Owner& owner) {
  for (const Row<Owner>& row : rows) row.set(owner, read(part, row.offset, row.bytes, row.is_signed));
}

// Of the bytes: a switch that is 2 reads as true. where: " of image 1", "" for the buffer's own fields.
template <class Owner, size_t N>
Status check_bytes(Bytes part, const Row<Owner> (&rows)[N], const Owner& owner, const std::string& where) {
  for (const Row<Owner>& row : rows)
    if (row.used(owner)) NPU_CHECK(check_range(row, read(part, row.offset, row.bytes, row.is_signed), where));
  return {};
}

template <class Owner, size_t N>
Status write_all(std::byte* part, const Row<Owner> (&rows)[N], const Owner& owner, const std::string& where) {
  for (const Row<Owner>& row : rows) {
    if (!row.used(owner)) continue;
    const int64_t value = row.get(owner);
    NPU_CHECK(check_range(row, value, where));
    std::memcpy(part + row.offset, &value, row.bytes);
  }
  return {};
}

// The buffer numbers formats as the core does, from 1 on.
const AippFormat* format_of(int64_t code) {
  const auto* found = std::ranges::find(kAippFormats, code - 1, &AippFormat::core);
  return found == std::end(kAippFormats) ? nullptr : found;
}

Status check_offered(const AippImage& image, const std::string& where) {
  if (image.scale) return bad(fmt::format("scfSwitch{} is 1: these chips resize in DVPP, not here", where));
  if (image.padding > 1) return bad(fmt::format("paddingSwitch{} is {}: padding with zeros (1) is offered", where, image.padding));
  if (image.rotate != 0) return bad(fmt::format("rotateSwitch{} is {}: the vendor reserves it", where, image.rotate));
  return {};
}

Status check_source(const AippParameters& p, const AippTarget& target) {
  const AippFormat& f = *p.format;
  if (p.src_w % f.even_w != 0) return bad(fmt::format("srcImageSizeW is {}: {} needs an even number", p.src_w, f.name));
  if (p.src_h % f.even_h != 0) return bad(fmt::format("srcImageSizeH is {}: {} needs an even number", p.src_h, f.name));
  if (p.src_w < 2 || p.src_w > 4096 || p.src_h < 1 || p.src_h > 4096) return bad(fmt::format("srcImageSizeW and srcImageSizeH are {} and {}, allowed are 2 to 4096 and 1 to 4096", p.src_w, p.src_h));
  if (target.on_core && (p.src_w > 4095 || p.src_h < 2)) return bad(fmt::format("an image of {}x{}: load_image_to_cbuf takes up to 4095 columns and from 2 rows on", p.src_h, p.src_w));
  const int64_t bytes = p.settings(0, target.channels).image_bytes() * target.batch;
  if (bytes > target.image_bytes)
    return bad(fmt::format("{} images of srcImageSizeW {} and srcImageSizeH {} in {} are {} bytes, max_src_image_size is {}", target.batch, p.src_w, p.src_h, f.name, bytes, target.image_bytes));
  return {};
}

Status check_axis(const AippFormat& format, const AippImage& image, char axis, int64_t source, int64_t model, const std::string& where) {
  const bool wide = axis == 'W';
  const int64_t start = wide ? image.start_w : image.start_h, crop = wide ? image.crop_w : image.crop_h, even = wide ? format.even_w : format.even_h;
  if (image.crop && start % even != 0) return bad(fmt::format("cropStartPos{}{} is {}: {} needs an even number", axis, where, start, format.name));
  if (image.crop && (start < 0 || crop < 1 || start >= source || crop > source - start))
    return bad(fmt::format("cropStartPos{0} {1} and cropSize{0} {2}{3} reach beyond srcImageSize{0} {4}", axis, start, crop, where, source));
  const int64_t before = wide ? image.left : image.top, after = wide ? image.right : image.bottom, size = image.crop ? crop : source;
  const int64_t all = size + (image.padding ? before + after : 0);
  if (all != model) return bad(fmt::format("a {} of {} with padding of {} and {}{} is {}, the model takes {}", wide ? "width" : "height", size, image.padding ? before : 0, image.padding ? after : 0, where, all, model));
  return {};
}

Status check_image(const AippParameters& p, size_t i, const AippTarget& target) {
  const std::string where = of_image(i);
  const AippImage& image = p.images[i];
  NPU_CHECK(check_offered(image, where));
  NPU_CHECK(check_axis(*p.format, image, 'W', p.src_w, target.w, where));
  NPU_CHECK(check_axis(*p.format, image, 'H', p.src_h, target.h, where));
  if (image.padding && target.w > target.widest_padded) return bad(fmt::format("{} columns with padding{}, the chip takes {}", target.w, where, target.widest_padded));
  if (target.on_core && image.crop && image.crop_w < 2) return bad(fmt::format("cropSizeW{} is 1: load_image_to_cbuf takes two columns at least", where));
  for (size_t c = 0; c < 3; ++c) {
    const double min = half_bits_to_float(image.min[c]), var = half_bits_to_float(image.var_reci[c]);
    if (!std::isfinite(min)) return bad(fmt::format("dtcPixelMinChn{}{} is {:#06x}, no number", c, where, image.min[c]));
    if (!std::isfinite(var)) return bad(fmt::format("dtcPixelVarReciChn{}{} is {:#06x}, no number", c, where, image.var_reci[c]));
    if (const double largest = largest_aipp_value(image.mean[c], min, var); largest > kMostAippValue)
      return bad(fmt::format("(in - dtcPixelMeanChn{0} {1} - dtcPixelMinChn{0} {2}) * dtcPixelVarReciChn{0} {3}{4} reaches {5}, more than fp16 holds", c, image.mean[c], min, var, where, largest));
  }
  return {};
}

}  // namespace

double largest_aipp_value(int64_t mean, double min, double var_reci) {
  const double zero = static_cast<double>(mean) + min, shifted = std::max(std::abs(zero), std::abs(255 - zero));
  return std::max(shifted, shifted * std::abs(var_reci));
}

Result<AippParameters> AippParameters::decode(Bytes buffer) {
  const auto size = static_cast<int64_t>(buffer.size());
  if (size < aipp_data_size(1) || (size - kAippHeadBytes) % kAippImageBytes != 0)
    return bad(fmt::format("a buffer of {} bytes, it has {} and {} for each image", size, kAippHeadBytes, kAippImageBytes));
  const int64_t batch = (size - kAippHeadBytes) / kAippImageBytes;
  if (const int64_t said = read(buffer, kBatchAt, 1, true); said != batch) return bad(fmt::format("batchNum is {}, the buffer has {} images", said, batch));
  const int64_t code = read(buffer, kFormatAt, 1, false);
  AippParameters p;
  p.format = format_of(code);
  if (!p.format) return bad(code == 0 ? "inputFormat is 0: it is not set" : fmt::format("inputFormat is {}: there is no such format", code));
  read_all(buffer, kHead, p);
  NPU_CHECK(check_bytes(buffer, kHead, p, ""));
  for (int64_t i = 0; i < batch; ++i) {
    const Bytes part = buffer.subspan(static_cast<size_t>(aipp_data_size(i)), static_cast<size_t>(kAippImageBytes));
    AippImage& image = p.images.emplace_back();
    read_all(part, kImage, image);
    NPU_CHECK(check_bytes(part, kImage, image, of_image(static_cast<size_t>(i))));
    NPU_CHECK(check_offered(image, of_image(static_cast<size_t>(i))));
  }
  return p;
}

Result<std::vector<std::byte>> AippParameters::encode() const {
  const auto batch = std::ssize(images);
  if (batch < 1 || batch > kMostAippImages) return bad(fmt::format("batchNum is {}, allowed are 1 to {}", batch, kMostAippImages));
  if (!format) return bad("inputFormat is not set");
  std::vector<std::byte> buffer(static_cast<size_t>(aipp_data_size(batch)));
  buffer[kFormatAt] = static_cast<std::byte>(format->core + 1);
  buffer[kBatchAt] = static_cast<std::byte>(batch);
  NPU_CHECK(write_all(buffer.data(), kHead, *this, ""));
  for (size_t i = 0; i < images.size(); ++i) NPU_CHECK(write_all(buffer.data() + aipp_data_size(static_cast<int64_t>(i)), kImage, images[i], of_image(i)));
  return buffer;
}

Status AippParameters::check(const AippTarget& target) const {
  if (!format) return bad("inputFormat is not set");
  if (std::ssize(images) != target.batch) return bad(fmt::format("batchNum is {}, the model takes {} images", images.size(), target.batch));
  NPU_CHECK(check_source(*this, target));
  const bool grey = settings(0, 1).grey();
  if (grey ? target.channels != 1 : target.channels == 1 && !csc)
    return bad(fmt::format("inputFormat {} with cscSwitch {} gives {} channels, the model takes {}", format->name, static_cast<int>(csc), grey ? 1 : 3, target.channels));
  for (size_t i = 0; i < images.size(); ++i) NPU_CHECK(check_image(*this, i, target));
  return {};
}

AippSettings AippParameters::settings(size_t index, int64_t channels) const {
  const AippImage& image = images[index];
  AippSettings s;
  s.format = format, s.src_h = src_h, s.src_w = src_w, s.h = src_h, s.w = src_w;
  if (image.crop) s.top = image.start_h, s.left = image.start_w, s.h = image.crop_h, s.w = image.crop_w;
  if (image.padding) s.pad_top = image.top, s.pad_left = image.left, s.pad_bottom = image.bottom, s.pad_right = image.right;
  s.swap_rb_uv = swap_rb_uv, s.swap_ax = swap_ax, s.convert = csc;
  s.matrix = matrix, s.in_bias = in_bias, s.out_bias = out_bias;
  for (size_t c = 0; c < 3; ++c) s.mean[c] = image.mean[c], s.min[c] = half_bits_to_float(image.min[c]), s.var_reci[c] = half_bits_to_float(image.var_reci[c]);
  s.channels = channels;
  return s;
}

AippParameters plain_aipp(const AippTarget& target) {
  AippParameters p;
  p.format = find_aipp_format(target.channels == 1 ? "YUV400_U8" : "RGB888_U8");
  p.src_w = target.w, p.src_h = target.h;
  p.images.resize(static_cast<size_t>(target.batch));
  return p;
}

AippTarget aipp_target(const Graph& graph, const Node& node) {
  const Dims& y = graph.value(node.outputs[0]).type.dims;
  const Dims& x = graph.value(node.inputs[0]).type.dims;
  return {.batch = y[0].value(), .channels = y[1].value(), .h = y[2].value(), .w = y[3].value(), .image_bytes = x.back().value(), .on_core = node.engine == Engine::AiCore};
}

}  // namespace npu
