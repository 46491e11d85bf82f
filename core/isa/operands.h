// SPDX-License-Identifier: Apache-2.0
// Where the operands of vector and img2col instructions lie: shared by the access ranges and the executor.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/math.h"
#include "core/isa/program.h"

namespace npu {

// One strided vector operand: block b of repeat r is at base + 32*(r*rep + b*blk).
struct VectorOperand {
  int64_t base = 0;
  int64_t blk = 1;
  int64_t rep = 8;
  int size = 2;  // bytes of an element

  int lanes_per_block() const { return kBlockBytes / size; }
};

// Lanes of one repeat: as many as the widest type of the instruction fits into 256 bytes.
constexpr int repeat_lanes(int widest_size) { return kRepeatBytes / widest_size; }

// Lanes above the mask's 128 bits (1-byte types only) always take part.
inline bool lane_active(const IssueState& state, int lane) {
  if (lane >= 128) return true;
  return lane < 64 ? (state.mask_low >> lane) & 1 : (state.mask_high >> (lane - 64)) & 1;
}

// The active lanes of a block as bits, lane 0 lowest.
inline uint32_t block_mask(const IssueState& state, int block, int lanes_per_block) {
  const int first = block * lanes_per_block;
  const uint32_t all = lanes_per_block == 32 ? ~uint32_t{0} : (uint32_t{1} << lanes_per_block) - 1;
  if (first >= 128) return all;
  const uint64_t half = first < 64 ? state.mask_low : state.mask_high;
  return static_cast<uint32_t>(half >> (first % 64)) & all;
}

struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// The bytes from the first to the last active lane of `repeat` repeats of `lanes` lanes.
inline ByteRange vector_hull(const VectorOperand& operand, const IssueState& state, int lanes, int64_t repeat) {
  const int per_block = operand.lanes_per_block();
  if (repeat > 0 && state.mask_low == ~uint64_t{0} && (lanes <= 64 || state.mask_high == ~uint64_t{0}))
    return {operand.base, operand.base + kBlockBytes * ((lanes / per_block - 1) * operand.blk + (repeat - 1) * operand.rep + 1)};
  int64_t begin = INT64_MAX, end = 0;
  for (int block = 0; block * per_block < lanes && repeat > 0; ++block) {
    const uint32_t active = block_mask(state, block, per_block);
    if (active == 0) continue;
    const int64_t start = operand.base + kBlockBytes * block * operand.blk;
    begin = std::min<int64_t>(begin, start + __builtin_ctz(active) * operand.size);
    end = std::max<int64_t>(end, start + (32 - __builtin_clz(active)) * operand.size);
  }
  if (end == 0) return {};
  return {begin, end + kBlockBytes * (repeat - 1) * operand.rep};
}

// What a reduction makes of a repeat.
struct ReduceShape {
  int64_t group;    // lanes that make one result
  int64_t results;  // elements written

  explicit ReduceShape(const Instr& instr) {
    const int size = vec_type_size(static_cast<VecType>(instr.arg[field::kRdType]));
    const bool blocks = instr.op == Opcode::Vcgadd || instr.op == Opcode::Vcgmax || instr.op == Opcode::Vcgmin;
    group = blocks ? kBlockBytes / size : instr.op == Opcode::Vcpadd ? 2 : repeat_lanes(size);
    const bool pair = (instr.op == Opcode::Vcmax || instr.op == Opcode::Vcmin) && (instr.arg[field::kRdOrder] == 1 || instr.arg[field::kRdOrder] == 2);
    results = repeat_lanes(size) / group * (pair ? 2 : 1);
  }
};

// What an img2col takes for small channels: a pixel of so many elements of 2 bytes.
inline constexpr int64_t kSmallChannels = 4;

// Elements of a 32-byte row of a fractal.
constexpr int64_t c0_of_type(int64_t type) {
  return static_cast<VecType>(type) == VecType::S4 ? 64 : kBlockBytes / vec_type_size(static_cast<VecType>(type));
}

// The virtual matrix of an img2col: M = out_h * out_w rows, K = (c1, kh, kw, c0) columns. Small channels (4 of 2 bytes): the
// map is [h][w][4] and K = (kh, kw, 4), padded to whole blocks.
struct Img2ColShape {
  int64_t out_h = 0, out_w = 0;   // 0 when the window does not fit into the padded map
  bool small = false;             // small channels
  int64_t c0 = 16;                // columns of a block
  int64_t all_k1 = 0;             // blocks of the whole matrix
  int64_t first_k1 = 0, k1 = 0;   // blocks asked for ...
  int64_t first_tap = 0, end_tap = 0;  // ... and the taps in them, counted through all planes
  int64_t pixel_bytes = kBlockBytes;
  int64_t first_m = 0, m = 0;     // rows asked for
  int64_t real_m = 0;             // of them inside the matrix; the rest is zero

  Img2ColShape(const Instr& instr, const IssueState& state) {
    const auto& arg = instr.arg;
    const auto extent = [](int64_t size, int64_t filter, int64_t dilation, int64_t stride) -> int64_t {
      const int64_t window = (filter - 1) * dilation + 1;
      return stride < 1 || filter < 1 || size < window ? 0 : (size - window) / stride + 1;
    };
    out_h = extent(state.fm_h + state.pad_top + state.pad_bottom, arg[field::kImFilterH], arg[field::kImDilationH], arg[field::kImStrideH]);
    out_w = extent(state.fm_w + state.pad_left + state.pad_right, arg[field::kImFilterW], arg[field::kImDilationW], arg[field::kImStrideW]);
    c0 = c0_of_type(arg[field::kImType]);
    const auto type = static_cast<VecType>(arg[field::kImType]);
    const int64_t size = vec_type_size(type);
    small = arg[field::kImChannels] == kSmallChannels && size <= 2 && type != VecType::S4;
    const int64_t window = arg[field::kImFilterW] * arg[field::kImFilterH], block_taps = small ? c0 / kSmallChannels : 1;
    all_k1 = small ? ceil_div(window, block_taps) : ceil_div(arg[field::kImChannels], c0) * window;
    first_k1 = arg[field::kImPosK] / c0;
    k1 = ceil_div(arg[field::kImStepK], c0);
    first_tap = first_k1 * block_taps;
    end_tap = (first_k1 + k1) * block_taps;
    if (small) end_tap = std::min(end_tap, window), pixel_bytes = size * kSmallChannels;
    first_m = arg[field::kImPosM];
    m = align_up(arg[field::kImStepM], 16);
    real_m = std::clamp<int64_t>(out_h * out_w - first_m, 0, arg[field::kImStepM]);
  }
};

// The blocks of a mad's operands. m, n: fractals of 16; k: fractals of C0.
struct MadShape {
  int64_t m1, k1, n1;
  explicit MadShape(const Instr& instr)
      : m1(ceil_div(instr.arg[field::kMadM], 16)), k1(ceil_div(instr.arg[field::kMadK], c0_of_type(instr.arg[field::kMadAType]))),
        n1(ceil_div(instr.arg[field::kMadN], 16)) {}
  // Cube steps: one for a fractal of K, two where it holds f32.
  int64_t steps(const Instr& instr) const {
    return m1 * k1 * n1 * (static_cast<VecType>(instr.arg[field::kMadAType]) == VecType::F32 ? 2 : 1);
  }
};

}  // namespace npu
