// SPDX-License-Identifier: Apache-2.0
#include "tests/core/chip/naive_core.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/chip/kernels/vector_kernels.h"

namespace npu::test {

using namespace field;

uint16_t naive_half(double value, bool saturate) {
  if (std::isnan(value)) return 0x7e00;
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  const double magnitude = std::fabs(value);
  if (magnitude >= 65520) return sign | (saturate ? 0x7bff : 0x7c00);
  const int exponent = magnitude < 0x1p-14 ? -14 : std::ilogb(magnitude);
  const double units = std::nearbyint(std::ldexp(magnitude, 10 - exponent));  // of the last place
  return static_cast<uint16_t>(sign + static_cast<int>(units) + (exponent + 14) * 1024);
}

double naive_value(uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  const double sign = half & 0x8000 ? -1 : 1;
  if (exponent == 31) return mantissa ? std::numeric_limits<double>::quiet_NaN() : sign * INFINITY;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(1024 + mantissa, exponent - 25);
}

NaiveCore::NaiveCore(const Soc& soc, size_t arena_bytes)
    : arena(arena_bytes), saturate(soc.overflow == Overflow::Saturate), l1(static_cast<size_t>(soc.l1)), ub(static_cast<size_t>(soc.ub)),
      l0a(static_cast<size_t>(soc.l0a)), l0b(static_cast<size_t>(soc.l0b)), fb(static_cast<size_t>(soc.fb)), l0c(static_cast<size_t>(soc.l0c / 4)),
      bt(static_cast<size_t>(soc.bt / 4)) {}

double NaiveCore::get_lane(const std::vector<uint8_t>& bytes, VecType type, int64_t address) const {
  switch (type) {
    case VecType::F16: return naive_value(get<uint16_t>(bytes, address));
    case VecType::F32: return get<float>(bytes, address);
    case VecType::S32: return get<int32_t>(bytes, address);
    case VecType::S16: return get<int16_t>(bytes, address);
    case VecType::U8: return get<uint8_t>(bytes, address);
    case VecType::S8: return get<int8_t>(bytes, address);
    default: throw std::logic_error("not a type of the naive core");
  }
}

void NaiveCore::put_lane(VecType type, int64_t address, double value) {
  switch (type) {
    case VecType::F16: return put(ub, address, naive_half(value, saturate));
    case VecType::F32: return put(ub, address, std::isnan(value) ? std::bit_cast<float>(0x7fc00000u) : static_cast<float>(value));
    case VecType::S32: return put(ub, address, static_cast<int32_t>(static_cast<int64_t>(value)));
    case VecType::S16: return put(ub, address, static_cast<int16_t>(static_cast<int64_t>(value)));
    case VecType::U8: return put(ub, address, static_cast<uint8_t>(value));
    case VecType::S8: return put(ub, address, static_cast<int8_t>(value));
    case VecType::U16: return put(ub, address, static_cast<uint16_t>(value));
    case VecType::U32: return put(ub, address, static_cast<uint32_t>(value));
    case VecType::BF16: {  // the nearest of the numbers with 8 bits
      const double unit = std::ldexp(1, value == 0 ? 0 : std::ilogb(value) - 7);
      return put(ub, address, static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(std::nearbyint(value / unit) * unit)) >> 16));
    }
    default: throw std::logic_error("not a type of the naive core");
  }
}

void NaiveCore::copy(Buffer dst_buffer, int64_t dst, Buffer src_buffer, int64_t src, int64_t bytes) {
  if (dst_buffer == Buffer::GM) dst -= kArenaBase;
  if (src_buffer == Buffer::GM) src -= kArenaBase;
  const std::vector<uint8_t> moved(storage(src_buffer).begin() + src, storage(src_buffer).begin() + src + bytes);
  std::copy(moved.begin(), moved.end(), storage(dst_buffer).begin() + dst);
}

void NaiveCore::copies(const Instr& instr) {
  const auto& arg = instr.arg;
  const InstrInfo& info = instr_info(instr.op);
  if (instr.op == Opcode::CopyGmToUbufAlign) {
    const int64_t stored = arg[kAlignLength] + arg[kAlignRightPad], pitch = (stored + 31) / 32 * 32 + arg[kAlignDstGap] * 32;
    for (int64_t i = 0; i < arg[kAlignBursts]; ++i) {
      copy(Buffer::UB, arg[kAlignDst] + i * pitch, Buffer::GM, arg[kAlignSrc] + i * (arg[kAlignLength] + arg[kAlignSrcGap]), arg[kAlignLength]);
      for (int64_t j = arg[kAlignLength]; j < stored; ++j) ub[static_cast<size_t>(arg[kAlignDst] + i * pitch + j)] = 0;
    }
  } else if (instr.op == Opcode::CopyUbufToGmAlign) {
    const int64_t pitch = (arg[kAlignLength] + 31) / 32 * 32 + arg[kAlignSrcGap] * 32;
    for (int64_t i = 0; i < arg[kAlignBursts]; ++i)
      copy(Buffer::GM, arg[kAlignDst] + i * (arg[kAlignLength] + arg[kAlignDstGap]), Buffer::UB, arg[kAlignSrc] + i * pitch, arg[kAlignLength]);
  } else if (instr.op == Opcode::CopyGmToCbufNd2Nz) {
    for (int64_t c1 = 0; c1 * 16 < arg[kNdCols]; ++c1)
      for (int64_t r = 0; r < arg[kNdRows]; ++r)
        for (int64_t c = 0; c < 16; ++c) {
          const int64_t column = c1 * 16 + c;
          const auto value = column < arg[kNdCols] ? get<uint16_t>(arena, arg[kNdSrc] - kArenaBase + (r * arg[kNdSrcPitch] + column) * 2) : uint16_t{0};
          put(l1, arg[kNdDst] + ((c1 * arg[kNdDstC0Stride] + r) * 16 + c) * 2, value);
        }
  } else {
    for (int64_t i = 0; i < arg[kCopyBursts]; ++i)
      copy(info.dst, arg[kCopyDst] + i * (arg[kCopyLength] + arg[kCopyDstGap]) * 32, info.src, arg[kCopySrc] + i * (arg[kCopyLength] + arg[kCopySrcGap]) * 32,
           arg[kCopyLength] * 32);
  }
}

// Largest or smallest with +0 above -0; NaN if either is.
static double extreme(double a, double b, bool largest) {
  if (std::isnan(a) || std::isnan(b)) return std::numeric_limits<double>::quiet_NaN();
  if (a == b) return std::signbit(a) == largest ? b : a;
  return (a > b) == largest ? a : b;
}

// The number that precision_test.cpp proves for every argument: here it only has to reach the right lane.
static double proven_value(Opcode op, VecType type, double a) {
  const auto which = static_cast<size_t>(op == Opcode::Vexp ? kernels::VectorOp::Exp : kernels::VectorOp::Ln);
  if (type == VecType::F32) {
    std::array<float, 64> in{static_cast<float>(a)}, out{};
    kernels::vector_kernels().vector[which][1]({.dst = out.data(), .src0 = in.data(), .bytes = 256, .limit = 65536});
    return out[0];
  }
  static const auto table = [] {
    std::array<std::vector<uint16_t>, 2> all;
    std::vector<uint16_t> halves(65536);
    for (size_t i = 0; i < halves.size(); ++i) halves[i] = static_cast<uint16_t>(i);
    for (size_t i = 0; i < 2; ++i) {
      all[i].resize(65536);
      const auto function = static_cast<size_t>(i == 0 ? kernels::VectorOp::Exp : kernels::VectorOp::Ln);
      kernels::vector_kernels().vector[function][0]({.dst = all[i].data(), .src0 = halves.data(), .bytes = 131072, .limit = 65536});
    }
    return all;
  }();
  return naive_value(table[op == Opcode::Vexp ? 0 : 1][naive_half(a, false)]);
}

static double calculate(Opcode op, VecType type, double a, double b, double dst) {
  const auto single = [](double v) { return static_cast<float>(v); };
  switch (op) {
    case Opcode::Vadd: case Opcode::Vadds: return type == VecType::F32 ? double{single(a) + single(b)} : a + b;
    case Opcode::Vsub: return type == VecType::F32 ? double{single(a) - single(b)} : a - b;
    case Opcode::Vmul: case Opcode::Vmuls:
      // 32-bit integers wrap; their products do not fit a double.
      if (type == VecType::S32) return static_cast<int32_t>(static_cast<uint32_t>(static_cast<int64_t>(a)) * static_cast<uint32_t>(static_cast<int64_t>(b)));
      return type == VecType::F32 ? double{single(a) * single(b)} : a * b;
    case Opcode::Vdiv: return type == VecType::F32 ? double{single(a) / single(b)} : a / b;
    case Opcode::Vmax: case Opcode::Vmaxs: return extreme(a, b, true);
    case Opcode::Vmin: case Opcode::Vmins: return extreme(a, b, false);
    case Opcode::Vmla: case Opcode::Vaxpy: { const float product = single(a) * single(b); return single(dst) + product; }
    case Opcode::Vlrelu: return a >= 0 ? a : type == VecType::F32 ? double{single(a) * single(b)} : a * b;
    case Opcode::Vabs: return std::fabs(a);
    case Opcode::Vrelu: return extreme(a, 0, true);
    case Opcode::Vrec: return type == VecType::F32 ? double{1 / single(a)} : 1 / a;
    case Opcode::Vsqrt: return type == VecType::F32 ? double{std::sqrt(single(a))} : std::sqrt(a);
    case Opcode::Vrsqrt: return 1 / std::sqrt(single(a));
    case Opcode::Vexp: case Opcode::Vln: return proven_value(op, type, a);
    default: throw std::logic_error("not an element-wise operation of the naive core");
  }
}

void NaiveCore::element_wise(const Instr& instr) {
  const auto& arg = instr.arg;
  const bool two = instr_info(instr.op).fields[kBiSrc1].name == "src1", has_scalar = !two && instr_info(instr.op).fields[kScScalar].name == "scalar";
  const auto type = static_cast<VecType>(arg[0]);
  const int size = vec_type_size(type);
  double scalar = has_scalar ? std::bit_cast<float>(static_cast<uint32_t>(arg[kScScalar])) : 0;
  if (type == VecType::F16) scalar = naive_value(naive_half(scalar, false));
  for (int64_t r = 0; r < (two ? arg[kBiRepeat] : arg[kUnRepeat]); ++r) {
    std::vector<std::pair<int64_t, double>> results;
    for (int lane = 0; lane < 256 / size; ++lane) {
      if (!active(lane)) continue;
      const auto at = [&](int base, int blk, int rep) { return arg[base] + 32 * (r * arg[rep] + lane / (32 / size) * arg[blk]) + lane % (32 / size) * size; };
      const int64_t dst = two ? at(kBiDst, kBiDstBlk, kBiDstRep) : at(kUnDst, kUnDstBlk, kUnDstRep);
      const double a = get_lane(type, two ? at(kBiSrc0, kBiSrc0Blk, kBiSrc0Rep) : at(kUnSrc, kUnSrcBlk, kUnSrcRep));
      const double b = two ? get_lane(type, at(kBiSrc1, kBiSrc1Blk, kBiSrc1Rep)) : scalar;
      results.emplace_back(dst, calculate(instr.op, type, a, b, get_lane(type, dst)));
    }
    for (const auto& [dst, value] : results) put_lane(type, dst, value);
  }
}

void NaiveCore::reduce(const Instr& instr) {
  using enum Opcode;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kRdType]);
  const int size = vec_type_size(type), lanes = 256 / size;
  const bool sum = instr.op == Vcadd || instr.op == Vcgadd || instr.op == Vcpadd, largest = instr.op != Vcmin && instr.op != Vcgmin;
  const int group = instr.op == Vcpadd ? 2 : instr.op == Vcgadd || instr.op == Vcgmax || instr.op == Vcgmin ? 32 / size : lanes;
  const int64_t order = instr.op == Vcmax || instr.op == Vcmin ? arg[kRdOrder] : 0, width = lanes / group * (order == 1 || order == 2 ? 2 : 1);
  for (int64_t r = 0; r < arg[kRdRepeat]; ++r) {
    std::vector<float> values;
    for (int lane = 0; lane < lanes; ++lane)
      values.push_back(!active(lane) ? (sum ? 0 : largest ? -INFINITY : INFINITY)
                                     : static_cast<float>(get_lane(type, arg[kRdSrc] + 32 * (r * arg[kRdSrcRep] + lane / (32 / size) * arg[kRdSrcBlk]) + lane % (32 / size) * size)));
    for (int g = 0; g < lanes / group; ++g) {
      std::vector<float> level(values.begin() + g * group, values.begin() + (g + 1) * group);
      while (level.size() > 1) {
        std::vector<float> next;
        for (size_t i = 0; i < level.size(); i += 2)
          next.push_back(sum ? level[i] + level[i + 1] : static_cast<float>(extreme(level[i], level[i + 1], largest)));
        level = next;
      }
      int number = 0;
      while (!sum && std::bit_cast<uint32_t>(values[static_cast<size_t>(g * group + number)]) != std::bit_cast<uint32_t>(level[0]) &&
             !(std::isnan(level[0]) && std::isnan(values[static_cast<size_t>(g * group + number)])))
        ++number;
      const int64_t at = arg[kRdDst] + (r * arg[kRdDstRep] * width + g) * size;
      const auto put_number = [&](int64_t where) {
        if (size == 2) put(ub, where, static_cast<uint16_t>(number));
        else put(ub, where, static_cast<uint32_t>(number));
      };
      if (order != 3) put_lane(type, order == 2 ? at + size : at, level[0]);
      if (order == 1) put_number(at + size);
      if (order >= 2) put_number(at);
    }
  }
}

void NaiveCore::others(const Instr& instr) {
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(instr.op == Opcode::ScatterVnchwconvB16 ? 0 : arg[0]);
  const int size = vec_type_size(type), lanes = 256 / size;
  switch (instr.op) {
    case Opcode::VectorDup:
      for (int64_t r = 0; r < arg[kDupRepeat]; ++r)
        for (int lane = 0; lane < lanes; ++lane)
          if (active(lane)) {
            const double value = std::bit_cast<float>(static_cast<uint32_t>(arg[kDupScalar]));
            const int64_t at = arg[kDupDst] + 32 * (r * arg[kDupDstRep] + lane / (32 / size) * arg[kDupDstBlk]) + lane % (32 / size) * size;
            if (type == VecType::F16) put(ub, at, naive_half(value, false));
            else put_lane(type, at, value);
          }
      break;
    case Opcode::Vcmpv:
      for (int64_t i = 0; i < arg[kCmpRepeat] * lanes; ++i) {
        const double a = get_lane(type, arg[kCmpSrc0] + i * size), b = get_lane(type, arg[kCmpSrc1] + i * size);
        const bool results[] = {a == b, a != b, a < b, a <= b, a > b, a >= b};
        uint8_t& byte = ub[static_cast<size_t>(arg[kCmpDst] + i / 8)];
        byte = static_cast<uint8_t>((byte & ~(1 << i % 8)) | results[arg[kCmpMode]] << i % 8);
      }
      break;
    case Opcode::Vsel:
      for (int64_t i = 0; i < arg[kSelRepeat] * lanes; ++i) {
        if (!active(static_cast<int>(i % lanes))) continue;
        const bool first = ub[static_cast<size_t>(arg[kSelMask] + i / 8)] >> i % 8 & 1;
        copy(Buffer::UB, arg[kSelDst] + i * size, Buffer::UB, arg[first ? kSelSrc0 : kSelSrc1] + i * size, size);
      }
      break;
    case Opcode::ScatterVnchwconvB16:
      for (int64_t r = 0; r < arg[kTrRepeat]; ++r) {
        const std::vector<uint8_t> before = ub;
        for (int64_t i = 0; i < 16; ++i)
          for (int64_t j = 0; j < 16; ++j)
            put(ub, arg[kTrDst] + 32 * (j * arg[kTrDstRow] + r * arg[kTrDstRep]) + i * 2,
                get<uint16_t>(before, arg[kTrSrc] + 32 * (i * arg[kTrSrcRow] + r * arg[kTrSrcRep]) + j * 2));
      }
      break;
    default:  // Vbrcb
      for (int64_t i = 0; i < arg[kBrRepeat] * 8; ++i)
        for (int lane = 0; lane < 32 / size; ++lane) copy(Buffer::UB, arg[kBrDst] + i * 32 + lane * size, Buffer::UB, arg[kBrSrc] + i * size, size);
  }
}

void NaiveCore::run(const Instr& instr) {
  using enum Opcode;
  const auto& arg = instr.arg;
  if (run_more(instr)) return;
  switch (instr.op) {
    case SetFlag: case WaitFlag: case PipeBarrier: break;
    case SetVectorMask: mask_high = static_cast<uint64_t>(arg[0]), mask_low = static_cast<uint64_t>(arg[1]); break;
    case SetFMatrix: fm_h = arg[0], fm_w = arg[1], pad_left = arg[2], pad_right = arg[3], pad_top = arg[4], pad_bottom = arg[5]; break;
    case SetPadding: pad = static_cast<uint16_t>(arg[0]); break;
    case SetAippSpr: aipp[arg[0]] = static_cast<uint64_t>(arg[1]); break;
    case LoadImageToCbuf: load_image(instr); break;
    case SetQuantPre: quant_pre = static_cast<uint64_t>(arg[0]); break;
    case CopyGmToCbuf: case CopyGmToUbuf: case CopyGmToUbufAlign: case CopyGmToCbufNd2Nz: case CopyUbufToUbuf: case CopyUbufToGm:
    case CopyUbufToGmAlign: case CopyUbufToCbuf: copies(instr); break;
    case Img2ColV2CbufToCa: img2col(instr); break;
    case LoadCbufToCa: case LoadCbufToCb: load(instr); break;
    case Mad: mad(instr); break;
    case CopyMatrixCcToUbuf: case CopyMatrixCcToGm: case CopyMatrixCcToCbuf: copy_out(instr); break;
    case BroadcastUbToCc: case CopyCbufToBt: case CopyCbufToFbuf: start_values(instr); break;
    case Vcadd: case Vcmax: case Vcmin: case Vcgadd: case Vcgmax: case Vcgmin: case Vcpadd: reduce(instr); break;
    case VectorDup: case Vcmpv: case Vsel: case ScatterVnchwconvB16: case Vbrcb: others(instr); break;
    default: element_wise(instr);
  }
}

}  // namespace npu::test
