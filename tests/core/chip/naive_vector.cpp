// SPDX-License-Identifier: Apache-2.0
// The rows of isa_vector.def and isa_move.def, and vconv.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include "tests/core/chip/naive_core.h"

namespace npu::test {

using namespace field;

namespace {

int64_t operand(const Instr& instr, std::string_view name) {
  const InstrInfo& info = instr_info(instr.op);
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].name == name) return instr.arg[static_cast<size_t>(i)];
  throw std::logic_error("no operand " + std::string(name));
}

double rounded(double value, int64_t mode) {
  switch (mode) {
    case 0: return std::nearbyint(value);
    case 1: return std::floor(value);
    case 2: return std::ceil(value);
    case 3: return std::trunc(value);
    case 4: return std::round(value);
  }
  const double down = std::floor(value), up = std::ceil(value);
  return std::fmod(down, 2) != 0 ? down : up;  // the odd neighbour; the number itself when it is whole
}

// Of all numbers with `fraction` bits behind the point from 2^least on: the one the mode asks for.
double to_format(double value, int fraction, int least, double largest, int64_t mode) {
  if (value == 0 || std::isinf(value)) return value;
  int exponent = least;
  while (std::fabs(value) >= std::ldexp(2.0, exponent)) ++exponent;
  const double unit = std::ldexp(1.0, exponent - fraction), result = std::copysign(rounded(value / unit, mode) * unit, value);
  if (std::fabs(result) <= largest) return result;
  const bool inward = mode == 3 || mode == 5 || (mode == 1 && value > 0) || (mode == 2 && value < 0);
  return std::copysign(inward ? largest : INFINITY, value);
}

}  // namespace

void NaiveCore::bits_and_fused(const Instr& instr) {
  using enum Opcode;
  const auto type = static_cast<VecType>(instr.arg[0]);
  const int size = vec_type_size(type);
  const bool two = instr.op != Vnot && instr.op != Vshl && instr.op != Vshr;
  const auto single = [](double v) { return static_cast<float>(v); };
  for (int64_t r = 0; r < operand(instr, "repeat"); ++r) {
    const std::vector<uint8_t> before = ub;
    for (int lane = 0; lane < 256 / size; ++lane) {
      if (!active(lane)) continue;
      const auto at = [&](const std::string& name) {
        return operand(instr, name) + 32 * (r * operand(instr, name + "_rep") + lane / (32 / size) * operand(instr, name + "_blk")) + lane % (32 / size) * size;
      };
      const int64_t dst = at("dst"), a = at(two ? "src0" : "src"), b = two ? at("src1") : 0;
      if (type != VecType::F16 && type != VecType::F32) {
        const bool is_signed = type == VecType::S16 || type == VecType::S32;
        const auto raw = [&](int64_t address) -> int64_t {
          if (size == 2) return is_signed ? int64_t{get<int16_t>(before, address)} : int64_t{get<uint16_t>(before, address)};
          return is_signed ? int64_t{get<int32_t>(before, address)} : int64_t{get<uint32_t>(before, address)};
        };
        int64_t result = 0;
        if (instr.op == Vand) result = raw(a) & raw(b);
        if (instr.op == Vor) result = raw(a) | raw(b);
        if (instr.op == Vnot) result = ~raw(a);
        if (instr.op == Vshl) result = static_cast<int64_t>(static_cast<uint64_t>(raw(a)) << operand(instr, "distance"));
        if (instr.op == Vshr) {
          const int64_t distance = operand(instr, "distance");
          result = raw(a);
          for (int64_t i = 0; i < distance; ++i) {
            const int64_t out = result & 1;
            result = (result - out) / 2;
            if (i == distance - 1 && operand(instr, "round")) result += out;
          }
        }
        if (instr.op == Vaddrelu) result = std::max<int64_t>(static_cast<int16_t>(raw(a) + raw(b)), 0);
        if (instr.op == Vsubrelu) result = std::max<int64_t>(static_cast<int16_t>(raw(a) - raw(b)), 0);
        for (int i = 0; i < size; ++i) ub[static_cast<size_t>(dst + i)] = static_cast<uint8_t>(result >> 8 * i);
        continue;
      }
      const float x = single(get_lane(before, type, a)), y = single(get_lane(before, type, b)), z = single(get_lane(before, type, dst));
      const float product = x * z;
      float result = instr.op == Vaddrelu ? x + y : instr.op == Vsubrelu ? x - y : product + y;
      if (instr.op != Vmadd && result <= 0) result = 0;
      put_lane(type, dst, result);
    }
  }
}

void NaiveCore::compare_and_select(const Instr& instr) {
  using enum Opcode;
  if (instr.op == SetCmpMask) return void(std::copy_n(ub.begin() + instr.arg[0], 16, compare_mask));
  if (instr.op == GetCmpMask) return void(std::copy_n(compare_mask, 16, ub.begin() + instr.arg[0]));
  const auto type = static_cast<VecType>(instr.arg[0]);
  const int size = vec_type_size(type), lanes = 256 / size;
  const auto holds = [](double a, double b, int64_t mode) {
    const bool results[] = {a == b, a != b, a < b, a <= b, a > b, a >= b};
    return results[mode];
  };
  double scalar = 0;
  if (instr.op == Vcmpvs || instr.op == Vsels) {
    scalar = std::bit_cast<float>(static_cast<uint32_t>(operand(instr, "scalar")));
    if (type == VecType::F16) scalar = naive_value(naive_half(scalar, false));
  }
  for (int64_t r = 0; r < operand(instr, "repeat"); ++r) {
    const std::vector<uint8_t> before = ub;
    for (int lane = 0; lane < lanes; ++lane) {
      const int64_t i = r * lanes + lane;
      const auto at = [&](const std::string& name) {
        return operand(instr, name) + 32 * (r * operand(instr, name + "_rep") + lane / (32 / size) * operand(instr, name + "_blk")) + lane % (32 / size) * size;
      };
      const auto write_bit = [&](uint8_t& byte, int64_t bit, bool on) { byte = static_cast<uint8_t>((byte & ~(1 << bit % 8)) | on << bit % 8); };
      if (instr.op == Vcmpvs) {
        const double value = get_lane(before, type, operand(instr, "src") + i * size);
        write_bit(ub[static_cast<size_t>(operand(instr, "dst") + i / 8)], i, holds(value, scalar, operand(instr, "mode")));
      } else if (instr.op == Vcmp) {
        if (active(lane)) write_bit(compare_mask[lane / 8], lane, holds(get_lane(type, at("src0")), get_lane(type, at("src1")), operand(instr, "mode")));
      } else if (instr.op == Vselr) {
        if (active(lane)) std::copy_n(before.begin() + at(compare_mask[lane / 8] >> lane % 8 & 1 ? "src0" : "src1"), size, ub.begin() + at("dst"));
      } else if (active(lane)) {
        const int64_t dst = operand(instr, "dst") + i * size;
        if (before[static_cast<size_t>(operand(instr, "mask") + i / 8)] >> i % 8 & 1) std::copy_n(before.begin() + operand(instr, "src0") + i * size, size, ub.begin() + dst);
        else if (type == VecType::F32) put(ub, dst, std::bit_cast<float>(static_cast<uint32_t>(operand(instr, "scalar"))));
        else put(ub, dst, naive_half(std::bit_cast<float>(static_cast<uint32_t>(operand(instr, "scalar"))), false));
      }
    }
  }
}

void NaiveCore::gather_and_sort(const Instr& instr) {
  using enum Opcode;
  const auto& arg = instr.arg;
  const auto copied = [&](int64_t dst, const std::vector<uint8_t>& from, int64_t src, int64_t bytes) { std::copy_n(from.begin() + src, bytes, ub.begin() + dst); };
  if (instr.op == Vtranspose) {
    const std::vector<uint8_t> before = ub;
    for (int i = 0; i < 16; ++i)
      for (int j = 0; j < 16; ++j) copied(arg[0] + (j * 16 + i) * 2, before, arg[1] + (i * 16 + j) * 2, 2);
    return;
  }
  if (instr.op == Vmrgsort4) {
    const auto type = static_cast<VecType>(arg[0]);
    const std::vector<uint8_t> before = ub;
    const auto value = [&](int64_t at) { return type == VecType::F16 ? naive_value(get<uint16_t>(before, at)) : double{get<float>(before, at)}; };
    std::vector<int64_t> next(4, 0);
    for (int64_t out = 0;; ++out) {
      int best = -1;
      bool one_is_empty = false;
      for (int i = 0; i < arg[kMeLists]; ++i) {
        if (next[static_cast<size_t>(i)] == arg[static_cast<size_t>(kMeLength + i)]) {
          one_is_empty = true;
          continue;
        }
        const double mine = value(arg[static_cast<size_t>(kMeSrc + i)] + next[static_cast<size_t>(i)] * 8);
        const double theirs = best < 0 ? 0 : value(arg[static_cast<size_t>(kMeSrc + best)] + next[static_cast<size_t>(best)] * 8);
        if (best < 0 || (!std::isnan(theirs) && (std::isnan(mine) || mine > theirs))) best = i;
      }
      if (best < 0 || (one_is_empty && arg[kMeSuspend])) return;
      copied(arg[kMeDst] + out * 8, before, arg[static_cast<size_t>(kMeSrc + best)] + next[static_cast<size_t>(best)]++ * 8, 8);
    }
  }
  const auto type = static_cast<VecType>(arg[0]);
  const int size = instr.op == Vgatherb || instr.op == ScatterVnchwconvB8 || instr.op == ScatterVnchwconvB32 ? 1 : vec_type_size(type), lanes = 256 / size;
  int64_t kept = 0;
  for (int64_t r = 0; r < operand(instr, "repeat"); ++r) {
    const std::vector<uint8_t> before = ub;
    if (instr.op == Vgather) {
      for (int lane = 0; lane < lanes; ++lane)
        if (active(lane)) copied(arg[kGaDst] + r * arg[kGaDstRep] * 32 + lane * size, before, arg[kGaTable] + get<uint32_t>(before, arg[kGaSrc] + (r * lanes + lane) * 4), size);
    } else if (instr.op == Vgatherb) {
      for (int64_t b = 0; b < 8; ++b)
        copied(arg[kGbDst] + (r * arg[kGbDstRep] + b * arg[kGbDstBlk]) * 32, before, arg[kGbTable] + get<uint32_t>(before, arg[kGbSrc] + (r * 8 + b) * 4), 32);
    } else if (instr.op == ScatterVnchwconvB8 || instr.op == ScatterVnchwconvB32) {
      const bool bytes = instr.op == ScatterVnchwconvB8;
      for (int64_t j = 0; j < (bytes ? 16 : 8); ++j)
        for (int64_t i = 0; i < 16; ++i) {
          const int64_t src = arg[kTrSrc] + 32 * (i * arg[kTrSrcRow] + r * arg[kTrSrcRep]), width = bytes ? 1 : 4;
          const int64_t row = bytes ? j : 2 * j + i / 8, dst = arg[kTrDst] + 32 * (row * arg[kTrDstRow] + r * arg[kTrDstRep]);
          copied(bytes ? dst + arg[kTrDstHigh] * 16 + i : dst + i % 8 * 4, before, src + (bytes ? arg[kTrSrcHigh] * 16 + j : j * 4), width);
        }
    } else if (instr.op == Vbitsort) {
      std::multimap<double, int, std::greater<>> ordered;
      std::vector<int> nans;
      for (int i = 0; i < 32; ++i) {
        const int64_t at = arg[kSoSrc0] + (r * 32 + i) * size;
        const double value = type == VecType::F16 ? naive_value(get<uint16_t>(before, at)) : double{get<float>(before, at)};
        if (std::isnan(value)) nans.push_back(i);
        else ordered.emplace(value == 0 ? 0.0 : value, i);
      }
      for (const auto& [value, i] : ordered) nans.push_back(i);
      for (int64_t n = 0; n < 32; ++n) {
        const int64_t dst = arg[kSoDst] + r * 256 + n * 8, i = nans[static_cast<size_t>(n)];
        put(ub, dst, uint32_t{0});
        copied(dst, before, arg[kSoSrc0] + (r * 32 + i) * size, size);
        copied(dst + 4, before, arg[kSoSrc1] + (r * 32 + i) * 4, 4);
      }
    } else {  // Vreducev2
      std::vector<uint8_t> chosen;
      for (int64_t lane = 0; lane < lanes && (arg[kGmCount] == 0 || lane < arg[kGmCount]); ++lane) {
        const bool by[] = {(before[static_cast<size_t>(arg[kGmSrc1] + r * arg[kGmSrc1Rep] * 32 + lane / 8)] >> lane % 8 & 1) != 0, lane % 2 == 0, lane % 2 == 1,
                           lane % 4 == 0, lane % 4 == 1, lane % 4 == 2, lane % 4 == 3, true};
        const auto from = before.begin() + arg[kGmSrc0] + 32 * (r * arg[kGmSrc0Rep] + lane / (32 / size) * arg[kGmSrc0Blk]) + lane % (32 / size) * size;
        if (by[arg[kGmPattern]]) chosen.insert(chosen.end(), from, from + size);
      }
      std::copy(chosen.begin(), chosen.end(), ub.begin() + arg[kGmDst] + kept);
      kept += static_cast<int64_t>(chosen.size());
    }
  }
}

void NaiveCore::moves(const Instr& instr) {
  using enum Opcode;
  const auto& arg = instr.arg;
  if (instr.op == CopyCbufToUbuf || instr.op == CopyCbufToGm || instr.op == CopyUbufToGm) {
    const InstrInfo& info = instr_info(instr.op);
    for (int64_t i = 0; i < arg[kCopyBursts]; ++i) {
      const int64_t dst = arg[kCopyDst] + i * (arg[kCopyLength] + arg[kCopyDstGap]) * 32, src = arg[kCopySrc] + i * (arg[kCopyLength] + arg[kCopySrcGap]) * 32;
      if (info.dst != Buffer::GM || atomic == SetAtomicNone) {
        copy(info.dst, dst, info.src, src, arg[kCopyLength] * 32);
        continue;
      }
      const int size = vec_type_size(atomic_type);
      for (int64_t at = 0; at < arg[kCopyLength] * 32; at += size) {
        const std::vector<uint8_t> kept(ub.begin(), ub.begin() + 8);  // put_lane works in UB
        const auto lane_at = [&](const std::vector<uint8_t>& bytes, int64_t address) {
          if (atomic_type == VecType::BF16) return double{std::bit_cast<float>(uint32_t{get<uint16_t>(bytes, address)} << 16)};
          return get_lane(bytes, atomic_type, address);
        };
        const double a = lane_at(arena, dst - kArenaBase + at), b = lane_at(storage(info.src), src + at);
        const bool tie = a == b;
        double result = a + b;
        if (atomic == SetAtomicMax) result = tie ? (std::signbit(a) ? b : a) : std::max(a, b);
        if (atomic == SetAtomicMin) result = tie ? (std::signbit(a) ? a : b) : std::min(a, b);
        if (std::isnan(a) || std::isnan(b)) result = NAN;
        if (atomic_type == VecType::F32 && atomic == SetAtomicAdd) result = static_cast<float>(a) + static_cast<float>(b);
        if (atomic_type == VecType::S32 || atomic_type == VecType::S16 || atomic_type == VecType::S8)
          result = std::clamp(result, -std::ldexp(1, size * 8 - 1), std::ldexp(1, size * 8 - 1) - 1);
        if (atomic_type == VecType::BF16) {
          const double wide = static_cast<float>(result);
          const auto bits = std::bit_cast<uint32_t>(static_cast<float>(std::isnan(wide) ? wide : to_format(wide, 7, -126, 0x1.fep127, 0)));
          put(arena, dst - kArenaBase + at, std::isnan(result) ? uint16_t{0x7fc0} : static_cast<uint16_t>(bits >> 16));
          continue;
        }
        put_lane(atomic_type, 0, result);
        std::copy_n(ub.begin(), size, arena.begin() + dst - kArenaBase + at);
        std::copy(kept.begin(), kept.end(), ub.begin());
      }
    }
    return;
  }
  if (instr.op == CopyGmToCbufNd2Nz) {
    const int64_t size = vec_type_size(static_cast<VecType>(arg[kNdType])), c0 = 32 / size;
    for (int64_t i = 0; i <= arg[kNdMore]; ++i)
      for (int64_t c = 0; c < (arg[kNdCols] + c0 - 1) / c0 * c0; ++c)
        for (int64_t r = 0; r < arg[kNdRows]; ++r) {
          const int64_t dst = arg[kNdDst] + (i * arg[kNdDstStride] + (c / c0 * arg[kNdDstC0Stride] + r) * c0 + c % c0) * size;
          for (int64_t b = 0; b < size; ++b)
            l1[static_cast<size_t>(dst + b)] =
                c < arg[kNdCols] ? arena[static_cast<size_t>(arg[kNdSrc] - kArenaBase + (i * arg[kNdSrcStride] + r * arg[kNdSrcPitch] + c) * size + b)] : uint8_t{0};
        }
    return;
  }
  // Loads of fractals from GM.
  for (int64_t i = 0; i < arg[kLgRepeat]; ++i) {
    const int64_t src = arg[kLgSrc] - kArenaBase + (arg[kLgDecrement] ? -i : i) * arg[kLgSrcStride] * 512, dst = arg[kLgDst] + i * (arg[kLgDstGap] + 1) * 512;
    auto& to = instr.op == LoadGmToCbuf ? l1 : instr.op == LoadGmToCa ? l0a : l0b;
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t b = 0; b < 32; ++b) {
        const bool transpose = instr.op != LoadGmToCbuf && arg[kLgTranspose] != 0;
        to[static_cast<size_t>(dst + row * 32 + b)] = arena[static_cast<size_t>(src + (transpose ? b / 2 * 32 + row * 2 + b % 2 : row * 32 + b))];
      }
  }
}

void NaiveCore::convert_more(const Instr& instr) {
  const bool dequantise = instr.op == Opcode::VconvDeq;
  const auto to = dequantise ? VecType::F16 : static_cast<VecType>(instr.arg[0]), from = dequantise ? VecType::S32 : static_cast<VecType>(instr.arg[1]);
  const int64_t mode = dequantise ? 0 : operand(instr, "round");
  const auto bits = [](VecType t) { return t == VecType::S4 ? 4 : vec_type_size(t) * 8; };
  const int lanes = 2048 / std::max(bits(to), bits(from));
  const auto at = [&](const std::string& name, VecType t, int64_t r, int lane) {
    return operand(instr, name) + 32 * (r * operand(instr, name + "_rep") + lane * bits(t) / 256 * operand(instr, name + "_blk")) + lane * bits(t) % 256 / 8;
  };
  for (int64_t r = 0; r < operand(instr, "repeat"); ++r) {
    const std::vector<uint8_t> before = ub;
    for (int lane = 0; lane < lanes; ++lane) {
      if (!active(lane)) continue;
      const int64_t src = at("src", from, r, lane), dst = at("dst", to, r, lane);
      if (from == VecType::S64) {
        const auto whole = get<int64_t>(before, src);
        if (to == VecType::S32) {
          put(ub, dst, static_cast<int32_t>(std::clamp<int64_t>(whole, INT32_MIN, INT32_MAX)));
          continue;
        }
        // The two floats around the number, by 128-bit integers.
        float low = static_cast<float>(whole);
        const auto exact = [](float f) { return static_cast<__int128>(f); };
        if (exact(low) > whole) low = std::nextafter(low, -INFINITY);
        const float high = exact(low) == whole ? low : std::nextafter(low, INFINITY);
        const __int128 below = whole - exact(low), above = exact(high) - whole;
        const bool low_odd = std::bit_cast<uint32_t>(low) & 1;
        float result = low;
        if (low != high) {
          if (mode == 0) result = below < above || (below == above && !low_odd) ? low : high;
          if (mode == 2) result = high;
          if (mode == 3) result = whole < 0 ? high : low;
          if (mode == 4) result = below < above || (below == above && whole < 0) ? low : high;
          if (mode == 5) result = low_odd ? low : high;
        }
        put(ub, dst, result);
        continue;
      }
      double value;
      if (from == VecType::BF16) value = std::bit_cast<float>(uint32_t{get<uint16_t>(before, src)} << 16);
      else if (from == VecType::S4) {
        const int nibble = before[static_cast<size_t>(src)] >> lane % 2 * 4 & 15;
        value = nibble < 8 ? nibble : nibble - 16;
      } else {
        value = get_lane(before, from, src);
      }
      if (dequantise) value *= naive_value(static_cast<uint16_t>(operand(instr, "scale")));
      if (to == VecType::F16) {
        if (std::isnan(value)) put(ub, dst, uint16_t{0x7e00});
        else {
          const double result = to_format(value, 10, -14, 65504, mode);
          put(ub, dst, std::isinf(result) ? static_cast<uint16_t>((result < 0 ? 0x8000 : 0) | (saturate ? 0x7bff : 0x7c00)) : naive_half(result, saturate));
        }
      } else if (to == VecType::BF16) {
        const auto wide = std::bit_cast<uint32_t>(static_cast<float>(std::isnan(value) ? 0 : to_format(value, 7, -126, 0x1.fep127, mode)));
        put(ub, dst, std::isnan(value) ? uint16_t{0x7fc0} : static_cast<uint16_t>(wide >> 16));
      } else if (to == VecType::F32) {
        if (from == VecType::F32 && std::isfinite(value)) value = std::copysign(rounded(value, mode), value);
        put(ub, dst, std::isnan(value) ? std::bit_cast<float>(0x7fc00000u) : static_cast<float>(to_format(value, 23, -126, 0x1.fffffep127, mode)));
      } else {
        const int width = bits(to);
        const double low = to == VecType::U8 ? 0 : -std::ldexp(1, width - 1), high = std::ldexp(1, to == VecType::U8 ? 8 : width - 1) - (width == 64 ? 0 : 1);
        const double whole = std::isnan(value) ? 0 : std::clamp(rounded(value, mode), low, high);
        if (to == VecType::S64) put(ub, dst, whole >= high ? INT64_MAX : static_cast<int64_t>(whole));
        else if (to == VecType::S4) {
          uint8_t& byte = ub[static_cast<size_t>(dst)];
          byte = static_cast<uint8_t>((byte & ~(15 << lane % 2 * 4)) | (static_cast<int>(whole) & 15) << lane % 2 * 4);
        } else put_lane(to, dst, whole);
      }
    }
  }
}

void NaiveCore::img2col_v1(const Instr& instr) {
  const auto& arg = instr.arg;
  const bool to_b = instr.op == Opcode::Img2ColCbufToCb, by_window = arg[kI1Mode] % 2 == 1, small = arg[kI1Mode] >= 2;
  // Every window of the padded map from the first one on, in order.
  std::vector<std::pair<int64_t, int64_t>> corners;
  const int64_t wide = (arg[kI1FilterW] - 1) * arg[kI1DilationW] + 1, high = (arg[kI1FilterH] - 1) * arg[kI1DilationH] + 1;
  for (int64_t h = arg[kI1LeftH], w = arg[kI1LeftW]; corners.size() < 16 * 256;) {
    corners.emplace_back(h, w);
    w += arg[kI1StrideW];
    if (w + wide > fm_w + pad_right) w = -pad_left, h += arg[kI1StrideH];
  }
  for (int64_t i = 0; i < arg[kI1Repeat]; ++i)
    for (int64_t m = 0; m < 16; ++m)
      for (int64_t c = 0; c < 16; ++c) {
        const auto [top, left] = corners[static_cast<size_t>(m + (by_window ? 16 * i : 0))];
        int64_t kw = arg[kI1FetchW], kh = arg[kI1FetchH], plane = arg[kI1C1];
        for (int64_t more = (by_window ? 0 : small ? 4 * i : i) + (small ? c / 4 : 0); more > 0; --more)
          if (++kw == arg[kI1FilterW]) {
            kw = 0;
            if (++kh == arg[kI1FilterH]) kh = 0, ++plane;
          }
        const int64_t h = top + kh * arg[kI1DilationH], w = left + kw * arg[kI1DilationW];
        uint16_t value = 0;
        if (top + high > fm_h + pad_bottom || (small && plane > 0)) value = 0;
        else if (h < 0 || h >= fm_h || w < 0 || w >= fm_w) value = pad;
        else value = get<uint16_t>(l1, arg[kI1Src] + (small ? ((h * fm_w + w) * 4 + c % 4) : (((plane * fm_h + h) * fm_w + w) * 16 + c)) * 2);
        put(to_b ? l0b : l0a, arg[kI1Dst] + i * arg[kI1Jump] * 512 + (to_b ? c * 16 + m : m * 16 + c) * 2, value);
      }
}

void NaiveCore::img2col_to_b(const Instr& instr) {
  // What version 2 makes for L0A, fractal by fractal transposed.
  Instr to_a = instr;
  to_a.op = Opcode::Img2ColV2CbufToCa;
  const std::vector<uint8_t> kept = l0a;
  run(to_a);
  for (int64_t f = 0; f < (instr.arg[kImStepM] + 15) / 16 * instr.arg[kImStepK] / 16; ++f)
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t c = 0; c < 16; ++c)
        put(l0b, instr.arg[kImDst] + f * 512 + (c * 16 + row) * 2, get<uint16_t>(l0a, instr.arg[kImDst] + f * 512 + (row * 16 + c) * 2));
  l0a = kept;
}

bool NaiveCore::run_more(const Instr& instr) {
  using enum Opcode;
  switch (instr.op) {
    case Vand: case Vor: case Vnot: case Vshl: case Vshr: case Vmadd: case Vmaddrelu: case Vaddrelu: case Vsubrelu: bits_and_fused(instr); return true;
    case Vcmpvs: case Vcmp: case SetCmpMask: case GetCmpMask: case Vselr: case Vsels: compare_and_select(instr); return true;
    case Vgather: case Vgatherb: case Vtranspose: case ScatterVnchwconvB8: case ScatterVnchwconvB32: case Vbitsort: case Vmrgsort4: case Vreducev2: gather_and_sort(instr); return true;
    case CopyCbufToUbuf: case CopyCbufToGm: case CopyUbufToGm: case CopyGmToCbufNd2Nz: case LoadGmToCbuf: case LoadGmToCa: case LoadGmToCb: moves(instr); return true;
    case Vconv: case VconvDeq: convert_more(instr); return true;
    case Img2ColCbufToCa: case Img2ColCbufToCb: img2col_v1(instr); return true;
    case Img2ColV2CbufToCb: img2col_to_b(instr); return true;
    case SetAtomicAdd: case SetAtomicMax: case SetAtomicMin: atomic = instr.op, atomic_type = static_cast<VecType>(instr.arg[0]); return true;
    case SetAtomicNone: atomic = instr.op; return true;
    default: return false;
  }
}

}  // namespace npu::test
