// SPDX-License-Identifier: Apache-2.0
// The cube's rows of isa.def: loads into L0, mad, and the copies out of L0C.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/core/chip/naive_core.h"

namespace npu::test {

using namespace field;

static int64_t elements_of(VecType type) { return type == VecType::S4 ? 64 : 32 / vec_type_size(type); }

double NaiveCore::element(const std::vector<uint8_t>& l0, VecType type, int64_t row, int64_t k) const {
  switch (type) {
    case VecType::F16: return naive_value(get<uint16_t>(l0, row + k * 2));
    case VecType::BF16: return std::bit_cast<float>(uint32_t{get<uint16_t>(l0, row + k * 2)} << 16);
    case VecType::F32: return get<float>(l0, row + k * 4);
    case VecType::U8: return get<uint8_t>(l0, row + k);
    case VecType::S8: return get<int8_t>(l0, row + k);
    default: {
      const int nibble = get<uint8_t>(l0, row + k / 2) >> k % 2 * 4 & 15;
      return nibble >= 8 ? nibble - 16 : nibble;
    }
  }
}

void NaiveCore::load(const Instr& instr) {
  const auto& arg = instr.arg;
  auto& l0 = instr.op == Opcode::LoadCbufToCa ? l0a : l0b;
  for (int64_t i = 0; i < arg[kLoadRepeat]; ++i)
    for (int64_t row = 0; row < 16; ++row)
      for (int64_t c = 0; c < 16; ++c) {
        const int64_t pair = arg[kLoadTranspose] ? c * 16 + row : row * 16 + c;
        put(l0, arg[kLoadDst] + i * (arg[kLoadDstGap] + 1) * 512 + (row * 16 + c) * 2, get<uint16_t>(l1, arg[kLoadSrc] + (arg[kLoadDecrement] ? -i : i) * arg[kLoadSrcStride] * 512 + pair * 2));
      }
}

void NaiveCore::img2col(const Instr& instr) {
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kImType]);
  const int64_t c0 = elements_of(type);
  const int64_t out_w = (fm_w + pad_left + pad_right - (arg[kImFilterW] - 1) * arg[kImDilationW] - 1) / arg[kImStrideW] + 1;
  const int64_t out_h = (fm_h + pad_top + pad_bottom - (arg[kImFilterH] - 1) * arg[kImDilationH] - 1) / arg[kImStrideH] + 1;
  const int64_t k1_count = arg[kImStepK] / c0;
  for (int64_t i = 0; i < (arg[kImStepM] + 15) / 16 * 16; ++i)
    for (int64_t k1 = 0; k1 < k1_count; ++k1) {
      const int64_t m = arg[kImPosM] + i, column = arg[kImPosK] / c0 + k1;
      if (arg[kImChannels] == 4 && (type == VecType::S8 || type == VecType::U8)) {
        for (int64_t byte = 0; byte < 32; ++byte) {
          const int64_t tap = column * 8 + byte / 4, h = m / out_w * arg[kImStrideH] - pad_top + tap / arg[kImFilterW] * arg[kImDilationH];
          const int64_t w = m % out_w * arg[kImStrideW] - pad_left + tap % arg[kImFilterW] * arg[kImDilationW];
          uint8_t value = 0;
          if (i < arg[kImStepM] && m < out_h * out_w && tap < arg[kImFilterW] * arg[kImFilterH])
            value = h >= 0 && h < fm_h && w >= 0 && w < fm_w ? get<uint8_t>(l1, arg[kImSrc] + (h * fm_w + w) * 4 + byte % 4) : static_cast<uint8_t>(pad);
          put(l0a, arg[kImDst] + ((i / 16 * k1_count + k1) * 16 + i % 16) * 32 + byte, value);
        }
        continue;
      }
      if (arg[kImChannels] == 4 && vec_type_size(type) == 2) {
        for (int64_t k = 0; k < 16; ++k) {
          const int64_t tap = column * 4 + k / 4, h = m / out_w * arg[kImStrideH] - pad_top + tap / arg[kImFilterW] * arg[kImDilationH];
          const int64_t w = m % out_w * arg[kImStrideW] - pad_left + tap % arg[kImFilterW] * arg[kImDilationW];
          uint16_t value = 0;
          if (i < arg[kImStepM] && m < out_h * out_w && tap < arg[kImFilterW] * arg[kImFilterH])
            value = h >= 0 && h < fm_h && w >= 0 && w < fm_w ? get<uint16_t>(l1, arg[kImSrc] + ((h * fm_w + w) * 4 + k % 4) * 2) : static_cast<uint16_t>(pad);
          put(l0a, arg[kImDst] + (((i / 16 * k1_count + k1) * 16 + i % 16) * 16 + k) * 2, value);
        }
        continue;
      }
      const int64_t kw = column % arg[kImFilterW], kh = column / arg[kImFilterW] % arg[kImFilterH], c1 = column / arg[kImFilterW] / arg[kImFilterH];
      const int64_t h = m / out_w * arg[kImStrideH] - pad_top + kh * arg[kImDilationH], w = m % out_w * arg[kImStrideW] - pad_left + kw * arg[kImDilationW];
      const int64_t dst = arg[kImDst] + ((i / 16 * k1_count + k1) * 16 + i % 16) * 32;
      const bool zero = i >= arg[kImStepM] || m >= out_h * out_w, inside = h >= 0 && h < fm_h && w >= 0 && w < fm_w;
      for (int64_t byte = 0; byte < 32; ++byte) {
        uint8_t value = 0;
        if (!zero && inside) value = get<uint8_t>(l1, arg[kImSrc] + ((c1 * fm_h + h) * fm_w + w) * 32 + byte);
        else if (!zero && type == VecType::S4) value = static_cast<uint8_t>((pad & 15) * 17);
        else if (!zero && vec_type_size(type) == 1) value = static_cast<uint8_t>(pad);
        else if (!zero && type == VecType::F32) value = static_cast<uint8_t>(byte % 4 == 2 ? pad : byte % 4 == 3 ? pad >> 8 : 0);
        else if (!zero) value = static_cast<uint8_t>(byte % 2 ? pad >> 8 : pad);
        put(l0a, dst + byte, value);
      }
    }
}

// 10 fraction bits, to nearest even, by arithmetic.
static float naive_hf32(float value) {
  if (!std::isfinite(value) || value == 0) return value;
  const int exponent = std::max(std::ilogb(value), -126);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(static_cast<double>(value), 10 - exponent)), exponent - 10));
}

void NaiveCore::mad(const Instr& instr) {
  const auto& arg = instr.arg;
  const auto a_type = static_cast<VecType>(arg[kMadAType]), b_type = static_cast<VecType>(arg[kMadBType]);
  const bool integers = a_type == VecType::S8 || a_type == VecType::U8 || a_type == VecType::S4;
  const int64_t c0 = elements_of(a_type);
  const int64_t m1 = (arg[kMadM] + 15) / 16, k1 = (arg[kMadK] + c0 - 1) / c0, n1 = (arg[kMadN] + 15) / 16;
  std::vector<double> a(static_cast<size_t>(m1 * 16 * k1 * c0)), b(static_cast<size_t>(n1 * 16 * k1 * c0));
  for (int64_t k = 0; k < k1 * c0; ++k) {
    for (int64_t m = 0; m < m1 * 16; ++m) a[static_cast<size_t>(m * k1 * c0 + k)] = element(l0a, a_type, arg[kMadA] + ((m / 16 * k1 + k / c0) * 16 + m % 16) * 32, k % c0);
    for (int64_t n = 0; n < n1 * 16; ++n) b[static_cast<size_t>(n * k1 * c0 + k)] = element(l0b, b_type, arg[kMadB] + ((k / c0 * n1 + n / 16) * 16 + n % 16) * 32, k % c0);
  }
  if (arg[kMadHf32])
    for (auto* operand : {&a, &b})
      for (double& x : *operand) x = naive_hf32(static_cast<float>(x));
  for (int64_t n = 0; n < n1 * 16; ++n)
    for (int64_t m = 0; m < m1 * 16; ++m) {
      uint32_t& c = l0c[static_cast<size_t>(arg[kMadC] / 4 + ((n / 16 * m1 + m / 16) * 16 + m % 16) * 16 + n % 16)];
      if (arg[kMadInit] == 1) c = 0;
      if (arg[kMadInit] == 2) c = bt[static_cast<size_t>(n)];
      for (int64_t k = 0; k < k1 * c0 && m < arg[kMadM]; ++k) {
        const double x = a[static_cast<size_t>(m * k1 * c0 + k)], y = b[static_cast<size_t>(n * k1 * c0 + k)];
        if (integers) {
          c += static_cast<uint32_t>(static_cast<int32_t>(x * y));
          continue;
        }
        const float product = static_cast<float>(x) * static_cast<float>(y);
        c = std::bit_cast<uint32_t>(std::bit_cast<float>(c) + product);
      }
    }
}

void NaiveCore::start_values(const Instr& instr) {
  const auto& arg = instr.arg;
  if (instr.op == Opcode::CopyCbufToFbuf) {
    for (int64_t i = 0; i < arg[kCopyBursts]; ++i)
      for (int64_t byte = 0; byte < arg[kCopyLength] * 64; ++byte)
        put(fb, arg[kCopyDst] + i * (arg[kCopyLength] + arg[kCopyDstGap]) * 64 + byte, get<uint8_t>(l1, arg[kCopySrc] + i * (arg[kCopyLength] + arg[kCopySrcGap]) * 64 + byte));
    return;
  }
  const bool to_bt = instr.op == Opcode::CopyCbufToBt;
  const auto type = static_cast<VecType>(to_bt ? arg[kBtSrcType] : arg[kBcSrcType]);
  const auto& from = to_bt ? l1 : ub;
  const auto value = [&](int64_t address) {
    return type == VecType::F16 ? std::bit_cast<uint32_t>(static_cast<float>(naive_value(get<uint16_t>(from, address)))) : get<uint32_t>(from, address);
  };
  const int64_t size = vec_type_size(type);
  if (to_bt) {
    for (int64_t i = 0; i < arg[kBtLength] * 16; ++i) bt[static_cast<size_t>(arg[kBtDst] / 4 + i)] = value(arg[kBtSrc] + i * size);
    return;
  }
  for (int64_t i = 0; i < arg[kBcBursts]; ++i)
    for (int64_t j = 0; j < arg[kBcLength] * 256; ++j)
      l0c[static_cast<size_t>(arg[kBcDst] / 4 + i * arg[kBcLength] * 256 + j)] = value(arg[kBcSrc] + (i * 16 + j % 16) * size);
}

void NaiveCore::put_converted(std::vector<uint8_t>& target, int64_t address, const Instr& instr, CopyMode mode, bool relu, uint64_t quant, uint32_t word) {
  const auto as_float = std::bit_cast<float>(word);
  const auto as_int = static_cast<int32_t>(word);
  const bool fixpipe = instr.op != Opcode::CopyMatrixCcToUbuf;
  const auto multiplier = std::bit_cast<float>(static_cast<uint32_t>(quant) & (fixpipe ? 0xffffe000u : 0xffffffffu));
  const auto rectified = [&](float value) { return relu && value <= 0 ? 0.0f : value; };
  const auto eight_bits = [&](float value) {
    const float scaled = rectified(value * multiplier);
    const double nine = std::isnan(scaled) ? (relu ? 0 : -256) : std::clamp(std::nearbyint(static_cast<double>(scaled)), -256.0, 255.0);
    const int offset = static_cast<int>(quant >> 37 & 511), low = quant >> 46 & 1 ? -128 : 0;
    put(target, address, static_cast<uint8_t>(std::clamp(static_cast<int>(nine) + (offset >= 256 ? offset - 512 : offset), low, low + 255)));
  };
  switch (mode) {
    case CopyMode::F32: put(target, address, std::isnan(as_float) ? 0x7fc00000u : std::bit_cast<uint32_t>(rectified(as_float))); break;
    case CopyMode::S32: put(target, address, relu && as_int < 0 ? 0 : as_int); break;
    case CopyMode::F322F16: put(target, address, naive_half(rectified(as_float), saturate)); break;
    case CopyMode::F322BF16: {
      const float value = rectified(as_float);
      const uint64_t bits = std::bit_cast<uint32_t>(value), kept = bits >> 16, rest = bits & 0xffff;
      put(target, address, static_cast<uint16_t>(std::isnan(value) ? 0x7fc0 : kept + (rest > 0x8000 || (rest == 0x8000 && kept % 2))));
      break;
    }
    case CopyMode::DEQF16:
    case CopyMode::VDEQF16: put(target, address, naive_half(rectified(static_cast<float>(as_int) * multiplier), saturate)); break;
    case CopyMode::REQ8:
    case CopyMode::VREQ8: eight_bits(static_cast<float>(as_int)); break;
    default: eight_bits(as_float);
  }
}

void NaiveCore::copy_out(const Instr& instr) {
  const auto& arg = instr.arg;
  const bool to_ub = instr.op == Opcode::CopyMatrixCcToUbuf, to_l1 = instr.op == Opcode::CopyMatrixCcToCbuf;
  const auto mode = static_cast<CopyMode>(to_ub ? arg[kCcMode] : arg[kFixMode]);
  const CopyModeInfo& info = kCopyModes[static_cast<size_t>(mode)];
  const bool relu = (to_ub ? arg[kCcRelu] : arg[kFixRelu]) != 0;
  const int64_t table = to_ub ? arg[kCcQuant] : to_l1 ? arg[kFixL1Quant] : arg[kFixQuant];
  const auto quant = [&](int64_t column) { return info.table ? get<uint64_t>(to_ub ? ub : fb, table + column * 8) : quant_pre; };
  if (to_ub) {
    const int64_t rows = arg[kCcLength] * 16, tile = info.size == 1 ? rows * 32 : rows * 16 * info.size;
    const int64_t bursts = info.size == 1 ? (arg[kCcBursts] + 1) / 2 * 2 : arg[kCcBursts];
    for (int64_t i = 0; i < bursts; ++i)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t c = 0; c < 16; ++c) {
          int64_t dst = arg[kCcDst] + i * (tile + arg[kCcDstGap] * 32) + (r * 16 + c) * info.size;
          if (info.size == 1) dst = arg[kCcDst] + i / 2 * (tile + arg[kCcDstGap] * 32) + r * 32 + i % 2 * 16 + c;
          if (i >= arg[kCcBursts]) put(ub, dst, uint8_t{0});
          else put_converted(ub, dst, instr, mode, relu, quant(i * 16 + c), l0c[static_cast<size_t>(arg[kCcSrc] / 4 + i * (arg[kCcLength] + arg[kCcSrcGap]) * 256 + r * 16 + c)]);
        }
    return;
  }
  const bool nz2nd = !to_l1 && arg[kFixNz2Nd];
  const int64_t columns = nz2nd ? arg[kFixN] : info.size == 1 ? (arg[kFixN] + 31) / 32 * 32 : (arg[kFixN] + 15) / 16 * 16;
  auto& target = to_l1 ? l1 : arena;
  const int64_t base = to_l1 ? arg[kFixDst] : arg[kFixDst] - kArenaBase;
  for (int64_t n = 0; n < columns; ++n)
    for (int64_t r = 0; r < arg[kFixM]; ++r) {
      int64_t dst = base + n / 16 * arg[kFixDstStride] * 32 + (r * 16 + n % 16) * info.size;
      if (nz2nd) dst = base + r * arg[kFixDstStride] + n * info.size;
      else if (info.size == 1) dst = base + n / 32 * arg[kFixDstStride] * 32 + r * 32 + n % 32;
      if (n >= (arg[kFixN] + 15) / 16 * 16) put(target, dst, uint8_t{0});
      else put_converted(target, dst, instr, mode, relu, quant(n), l0c[static_cast<size_t>(arg[kFixSrc] / 4 + n / 16 * arg[kFixSrcStride] * 256 + r * 16 + n % 16)]);
    }
}

}  // namespace npu::test
