// SPDX-License-Identifier: Apache-2.0
// MTE2's image path (AIPP): crop, colour conversion, normalisation and padding on the way from GM to L1.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <tuple>

#include "core/base/half.h"
#include "core/chip/machine.h"
#include "core/isa/aipp.h"

namespace npu {
namespace {

// What the row's doc forbids and no single operand shows.
Status check_image(const Machine& machine, const Instr& instr, const AippConfig& config, const ImageShape& shape) {
  using namespace field;
  const auto& arg = instr.arg;
  if (!config.known_format()) return invalid(fmt::format("image format {} is not 0 (YUV420SP), 1 (XRGB8888), 4 (RGB888), 5 (ARGB8888), 6 (YUYV), 7 (YUV422SP), 8 (AYUV444) or 9 (YUV400)", config.format));
  if (static_cast<VecType>(arg[kImgType]) == VecType::U8 && machine.limits.arch == Arch::C220) return invalid(fmt::format("{} makes no u8 of an image: f16 and s8", machine.soc_name));
  if (arg[kImgVerSize] == 1) return invalid("ver_size is 1, allowed are 0 and 2 to 4095");
  for (const auto& [name, field, even] : {std::tuple("hor_start", kImgHorStart, true), std::tuple("ver_start", kImgVerStart, config.is(ImageFormat::YUV420SP)), std::tuple("src_hor_size", kImgSrcHorSize, config.paired())})
    if (even && arg[field] % 2 != 0) return invalid(fmt::format("{} is {}, not even", name, arg[field]));
  if (arg[kImgHorStart] + shape.columns > arg[kImgSrcHorSize])
    return invalid(fmt::format("columns {} to {} of an image of {}", arg[kImgHorStart], arg[kImgHorStart] + shape.columns, arg[kImgSrcHorSize]));
  if (config.pad_mode == 0 && shape.top + arg[kImgBotPad] != 0) return invalid(fmt::format("padding mode 0 has no rows above or below, not {} and {}", shape.top, arg[kImgBotPad]));
  const int64_t across = std::max(shape.left, arg[kImgRightPad]), down = std::max(shape.top, arg[kImgBotPad]);
  if (config.pad_mode >= 2 && shape.rows > 0 && (across > shape.columns || down > shape.rows))
    return invalid(fmt::format("padding mode {} repeats {} columns and {} rows of an image of {} by {}", config.pad_mode, across, down, shape.columns, shape.rows));
  return {};
}

using Rgb = std::array<int, 3>;

uint8_t clip(int value) { return static_cast<uint8_t>(std::clamp(value, 0, 255)); }

class ImageLoader {
 public:
  ImageLoader(Machine& machine, const Instr& instr, const AippConfig& config, const ImageShape& shape)
      : machine_(machine), arg_(instr.arg), config_(config), shape_(shape), type_(static_cast<VecType>(arg_[field::kImgType])) {
    pixel_.resize(static_cast<size_t>(shape.c0 * shape.size));
  }

  Status run() {
    for (int64_t y = 0; y < shape_.rows; ++y) NPU_CHECK(load_row(y));
    for (int64_t y = 0; y < shape_.height; ++y)
      for (int64_t x = 0; x < shape_.width; ++x)
        if (!inside(y, x)) pad(y, x);
    const int64_t dst = arg_[field::kImgDst];
    machine_.buffer(Buffer::L1).mark_written(dst, dst + shape_.bytes());
    return {};
  }

 private:
  bool inside(int64_t y, int64_t x) const { return y >= shape_.top && y < shape_.top + shape_.rows && x >= shape_.left && x < shape_.left + shape_.columns; }
  std::byte* target(int64_t y, int64_t x) { return machine_.buffer(Buffer::L1).at(arg_[field::kImgDst] + (y * shape_.width + x) * shape_.c0 * shape_.size); }

  // Row y of the part taken.
  Status load_row(int64_t y) {
    const int64_t row = arg_[field::kImgVerStart] + y, start = arg_[field::kImgHorStart], stride = arg_[field::kImgSrcHorSize], bytes = config_.pixel_bytes();
    NPU_TRY(const auto pixels, machine_.memory->read(config_.image + (row * stride + start) * bytes, config_.row_bytes(shape_.columns)));
    std::span<const std::byte> uv;
    if (config_.planar()) {
      NPU_TRY(uv, machine_.memory->read(config_.uv + row / config_.uv_rows() * stride + start, align_up(shape_.columns, 2)));
    }
    const auto at = [](std::span<const std::byte> from, int64_t i) { return std::to_integer<int>(from[static_cast<size_t>(i)]); };
    for (int64_t x = 0; x < shape_.columns; ++x) {
      Rgb in{at(pixels, x * bytes), 0, 0};
      if (bytes > 2) {
        const int64_t first = x * bytes + config_.first_byte();
        in = {at(pixels, first), at(pixels, first + 1), at(pixels, first + 2)};
      } else if (config_.is(ImageFormat::YUYV)) {
        in[1] = at(pixels, x / 2 * 4 + 1), in[2] = at(pixels, x / 2 * 4 + 3);
      } else if (!uv.empty()) {
        in[1] = at(uv, x / 2 * 2), in[2] = at(uv, x / 2 * 2 + 1);
      }
      if (config_.rgb() ? config_.swap_rb : config_.swap_uv) std::swap(in[config_.rgb() ? 0 : 1], in[2]);
      store(y + shape_.top, x + shape_.left, config_.convert ? converted(in) : in);
    }
    return {};
  }

  Rgb converted(const Rgb& in) const {
    const bool from_rgb = config_.rgb();
    Rgb out;
    for (size_t c = 0; c < 3; ++c) {
      int sum = 128;
      for (size_t i = 0; i < 3; ++i) sum += config_.matrix[c][i] * (in[i] - (from_rgb ? 0 : config_.in_bias[i]));
      out[c] = clip((sum >> 8) + (from_rgb ? config_.out_bias[c] : 0));
    }
    return out;
  }

  void put(int64_t channel, uint16_t bits) { std::memcpy(pixel_.data() + channel * shape_.size, &bits, static_cast<size_t>(shape_.size)); }

  void store(int64_t y, int64_t x, const Rgb& values) {
    for (int64_t c = config_.channels(); c < shape_.c0; ++c) put(c, config_.channel_pad);
    for (int c = 0; c < config_.channels(); ++c) put(c, of_type(values[static_cast<size_t>(c)], static_cast<size_t>(c)));
    std::memcpy(target(y, x), pixel_.data(), pixel_.size());
  }

  uint16_t of_type(int value, size_t c) const {
    if (type_ == VecType::U8) return static_cast<uint16_t>(value);
    const int centred = value - config_.mean[c];
    if (type_ == VecType::S8) return static_cast<uint8_t>(std::clamp(centred, -128, 127));
    const float shifted = rounded(static_cast<float>(centred) - half_bits_to_float(config_.min[c]));
    return half_of(shifted * half_bits_to_float(config_.var[c]));
  }
  uint16_t half_of(float value) const {
    if (value != value) return 0x7e00;
    const float limited = std::clamp(value, -machine_.half_limit, machine_.half_limit);
    return float_to_half_bits(limited);
  }
  float rounded(float value) const { return half_bits_to_float(half_of(value)); }

  void pad(int64_t y, int64_t x) {
    if (config_.pad_mode == 0) {
      for (int64_t c = 0; c < shape_.c0; ++c) put(c, c < 4 ? config_.pad_value[static_cast<size_t>(c)] : config_.channel_pad);
      std::memcpy(target(y, x), pixel_.data(), pixel_.size());
      return;
    }
    const int64_t from_y = source(y, shape_.top, shape_.rows, arg_[field::kImgBotPad]), from_x = source(x, shape_.left, shape_.columns, arg_[field::kImgRightPad]);
    std::memcpy(target(y, x), target(from_y, from_x), pixel_.size());
  }
  // Where the pixel at `at` of one dimension comes from.
  int64_t source(int64_t at, int64_t before, int64_t count, int64_t after) const {
    const int64_t end = before + count;
    if (at >= before && at < end) return at;
    const bool first = at < before;
    if (config_.pad_mode == 1) return first ? before : end - 1;
    if (config_.pad_mode == 2) return first ? before + at : at - after;
    return first ? 2 * before - 1 - at : 2 * end - 1 - at;
  }

  Machine& machine_;
  const std::array<int64_t, kMaxFields>& arg_;
  const AippConfig& config_;
  const ImageShape& shape_;
  VecType type_;
  std::vector<std::byte> pixel_;
};

}  // namespace

Status execute_LoadImageToCbuf(Machine& machine, const Instr& instr) {
  const AippConfig config(machine.issue);
  const ImageShape shape(instr, config);
  NPU_CHECK(check_image(machine, instr, config, shape));
  if (shape.rows == 0) return {};
  return ImageLoader(machine, instr, config, shape).run();
}

Status execute_SetAippSpr(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }

}  // namespace npu
