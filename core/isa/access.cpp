// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cassert>
#include <utility>

#include "core/base/math.h"
#include "core/isa/aipp.h"
#include "core/isa/operands.h"
#include "core/isa/program.h"

namespace npu {
namespace {

using Collect = void (*)(const Instr&, const IssueState&, AccessList&);

int type_size(int64_t type) { return vec_type_size(static_cast<VecType>(type)); }

void add_bursts(AccessList& list, Buffer buffer, bool write, int64_t base, int64_t count, int64_t length, int64_t pitch) {
  list.add_strided(buffer, write, base, length, {count, pitch}, {});
}

// Blocks of one repeat that take part in the same way: `bytes` bytes from `offset` on in each.
struct BlockGroup {
  int first, count, spacing;  // blocks
  int64_t offset, bytes;
};

// The active blocks of a repeat in groups of equal ones at equal distances. Inside a block the bytes from the first to the
// last active lane count.
int group_blocks(const VectorOperand& operand, const IssueState& state, int lanes, std::array<BlockGroup, 8>& groups) {
  const int per_block = operand.lanes_per_block();
  int count = 0;
  for (int block = 0; block * per_block < lanes; ++block) {
    const uint32_t active = block_mask(state, block, per_block);
    if (active == 0) continue;
    const int64_t offset = __builtin_ctz(active) * operand.size, bytes = (32 - __builtin_clz(active)) * operand.size - offset;
    if (count > 0) {
      BlockGroup& last = groups[static_cast<size_t>(count - 1)];
      const int distance = block - (last.first + (last.count - 1) * last.spacing);
      if (last.offset == offset && last.bytes == bytes && (last.count == 1 || last.spacing == distance)) {
        last.spacing = distance;
        ++last.count;
        continue;
      }
    }
    groups[static_cast<size_t>(count++)] = {block, 1, 1, offset, bytes};
  }
  return count;
}

void add_vector(AccessList& list, bool write, const VectorOperand& operand, const IssueState& state, int lanes, int64_t repeat) {
  if (repeat <= 0) return;
  const Stride repeats{repeat, operand.rep * kBlockBytes};
  if (state.mask_low == ~uint64_t{0} && (lanes <= 64 || state.mask_high == ~uint64_t{0}))
    return list.add_strided(Buffer::UB, write, operand.base, kBlockBytes, repeats, {lanes / operand.lanes_per_block(), operand.blk * kBlockBytes});
  std::array<BlockGroup, 8> groups;
  const int count = group_blocks(operand, state, lanes, groups);
  if (count > 3) {  // an irregular mask: one range a repeat
    const ByteRange hull = vector_hull(operand, state, lanes, 1);
    return list.add_strided(Buffer::UB, write, hull.begin, hull.end - hull.begin, repeats, {});
  }
  for (int g = 0; g < count; ++g) {
    const BlockGroup& group = groups[static_cast<size_t>(g)];
    list.add_strided(Buffer::UB, write, operand.base + group.first * operand.blk * kBlockBytes + group.offset, group.bytes, repeats,
                     {group.count, group.spacing * operand.blk * kBlockBytes});
  }
}

void nothing(const Instr&, const IssueState&, AccessList&) {}

void copy_blocks(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const InstrInfo& info = instr_info(instr.op);
  const int64_t length = arg[kCopyLength] * kBlockBytes;
  add_bursts(list, info.src, false, arg[kCopySrc], arg[kCopyBursts], length, length + arg[kCopySrcGap] * kBlockBytes);
  const int64_t pitch = length + arg[kCopyDstGap] * kBlockBytes;
  if (info.dst == Buffer::GM && state.atomic != IssueState::None) add_bursts(list, info.dst, false, arg[kCopyDst], arg[kCopyBursts], length, pitch);
  add_bursts(list, info.dst, true, arg[kCopyDst], arg[kCopyBursts], length, pitch);
}

void copy_bytes_in(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t length = arg[kAlignLength], stored = length + arg[kAlignRightPad];
  add_bursts(list, Buffer::GM, false, arg[kAlignSrc], arg[kAlignBursts], length, length + arg[kAlignSrcGap]);
  add_bursts(list, Buffer::UB, true, arg[kAlignDst], arg[kAlignBursts], stored,
             align_up(stored, kBlockBytes) + arg[kAlignDstGap] * kBlockBytes);
}

void copy_bytes_out(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t length = arg[kAlignLength];
  add_bursts(list, Buffer::UB, false, arg[kAlignSrc], arg[kAlignBursts], length,
             align_up(length, kBlockBytes) + arg[kAlignSrcGap] * kBlockBytes);
  if (state.atomic != IssueState::None) add_bursts(list, Buffer::GM, false, arg[kAlignDst], arg[kAlignBursts], length, length + arg[kAlignDstGap]);
  add_bursts(list, Buffer::GM, true, arg[kAlignDst], arg[kAlignBursts], length, length + arg[kAlignDstGap]);
}

void copy_nd2nz(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t rows = arg[kNdRows], cols = arg[kNdCols], size = type_size(arg[kNdType]), c0 = kBlockBytes / size;
  if (rows == 0 || cols == 0) return;
  if (arg[kNdMore] == 0) {
    add_bursts(list, Buffer::GM, false, arg[kNdSrc], rows, cols * size, arg[kNdSrcPitch] * size);
    add_bursts(list, Buffer::L1, true, arg[kNdDst], ceil_div(cols, c0), rows * kBlockBytes, arg[kNdDstC0Stride] * kBlockBytes);
    return;
  }
  const Stride matrices{arg[kNdMore] + 1, arg[kNdSrcStride] * size}, results{arg[kNdMore] + 1, arg[kNdDstStride] * size};
  list.add_strided(Buffer::GM, false, arg[kNdSrc], cols * size, matrices, {rows, arg[kNdSrcPitch] * size});
  list.add_strided(Buffer::L1, true, arg[kNdDst], rows * kBlockBytes, results, {ceil_div(cols, c0), arg[kNdDstC0Stride] * kBlockBytes});
}

// `decrement`: the fractals of the source lie before the first one.
void add_fractals(AccessList& list, Buffer from, Buffer to, int64_t dst, int64_t src, int64_t repeat, int64_t stride, int64_t gap, bool decrement) {
  if (repeat == 0) return;
  const int64_t first = decrement ? src - (repeat - 1) * stride * kFractalBytes : src;
  add_bursts(list, from, false, first, repeat, kFractalBytes, stride * kFractalBytes);
  add_bursts(list, to, true, dst, repeat, kFractalBytes, (gap + 1) * kFractalBytes);
}

void load_2d(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  add_fractals(list, Buffer::L1, instr_info(instr.op).dst, arg[kLoadDst], arg[kLoadSrc], arg[kLoadRepeat], arg[kLoadSrcStride], arg[kLoadDstGap], arg[kLoadDecrement] != 0);
}

void load_gm(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  add_fractals(list, Buffer::GM, instr_info(instr.op).dst, arg[kLgDst], arg[kLgSrc], arg[kLgRepeat], arg[kLgSrcStride], arg[kLgDstGap], arg[kLgDecrement] != 0);
}

// Whole rows of the feature map, from the first to the last one a window covers.
void img2col(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const Img2ColShape shape(instr, state);
  list.add(instr_info(instr.op).dst, true, arg[kImDst], arg[kImDst] + shape.m * shape.k1 * kBlockBytes);
  if (shape.real_m == 0 || shape.k1 == 0) return;

  const int64_t window = arg[kImFilterH] * arg[kImFilterW];
  const int64_t last_tap = shape.end_tap - 1;
  const int64_t first_c1 = shape.first_tap / window, last_c1 = last_tap / window;
  const bool one_plane = first_c1 == last_c1;
  const int64_t first_kh = one_plane ? shape.first_tap % window / arg[kImFilterW] : 0;
  const int64_t last_kh = one_plane ? last_tap % window / arg[kImFilterW] : arg[kImFilterH] - 1;
  const int64_t top = shape.first_m / shape.out_w * arg[kImStrideH] - state.pad_top;
  const int64_t bottom = (shape.first_m + shape.real_m - 1) / shape.out_w * arg[kImStrideH] - state.pad_top;
  const int64_t first_row = std::max<int64_t>(top + first_kh * arg[kImDilationH], 0);
  const int64_t last_row = std::min<int64_t>(bottom + last_kh * arg[kImDilationH], state.fm_h - 1);
  if (first_row >= state.fm_h || last_row < 0) return;
  const int64_t row_bytes = state.fm_w * shape.pixel_bytes, plane_bytes = state.fm_h * row_bytes;
  add_bursts(list, Buffer::L1, false, arg[kImSrc] + first_c1 * plane_bytes + first_row * row_bytes, last_c1 - first_c1 + 1,
             (last_row + 1 - first_row) * row_bytes, plane_bytes);
}

// All of the planes it may look into: where in them depends on the windows.
void img2col_v1(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t repeat = arg[kI1Repeat], pixels = state.fm_h * state.fm_w;
  add_bursts(list, instr_info(instr.op).dst, true, arg[kI1Dst], repeat, kFractalBytes, arg[kI1Jump] * kFractalBytes);
  if (repeat == 0 || pixels == 0) return;
  const bool small = arg[kI1Mode] & 2, windows = arg[kI1Mode] & 1;
  const int64_t taps = std::max<int64_t>(1, arg[kI1FilterW] * arg[kI1FilterH]), tap = arg[kI1FetchH] * arg[kI1FilterW] + arg[kI1FetchW];
  const int64_t planes = windows || small ? 1 : (tap + repeat - 1) / taps + 1, bytes = pixels * (small ? 8 : kBlockBytes);
  list.add(Buffer::L1, false, arg[kI1Src] + arg[kI1C1] * bytes, arg[kI1Src] + (arg[kI1C1] + planes) * bytes);
}

void mad(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto [m1, k1, n1] = MadShape(instr);
  if (m1 == 0 || n1 == 0 || k1 == 0) return;
  const int64_t c_end = arg[kMadC] + m1 * n1 * 2 * kFractalBytes;
  list.add(Buffer::L0A, false, arg[kMadA], arg[kMadA] + m1 * k1 * kFractalBytes);
  list.add(Buffer::L0B, false, arg[kMadB], arg[kMadB] + k1 * n1 * kFractalBytes);
  if (arg[kMadInit] == 0) list.add(Buffer::L0C, false, arg[kMadC], c_end);
  if (arg[kMadInit] == 2) list.add(Buffer::BT, false, 0, n1 * 64);
  list.add(Buffer::L0C, true, arg[kMadC], c_end);
}

const CopyModeInfo& copy_mode(int64_t mode) { return kCopyModes[std::min(static_cast<size_t>(mode), kCopyModes.size() - 1)]; }

void cc_to_ub(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const CopyModeInfo& mode = copy_mode(arg[kCcMode]);
  const int64_t read = arg[kCcLength] * 2 * kFractalBytes;
  // 8-bit results of two bursts share rows of 32 bytes.
  const int64_t bursts = mode.size == 1 ? ceil_div(arg[kCcBursts], 2) : arg[kCcBursts];
  const int64_t written = read * (mode.size == 1 ? 2 : mode.size) / 4;
  add_bursts(list, Buffer::L0C, false, arg[kCcSrc], arg[kCcBursts], read, read + arg[kCcSrcGap] * 2 * kFractalBytes);
  if (mode.table && read > 0) list.add(Buffer::UB, false, arg[kCcQuant], arg[kCcQuant] + arg[kCcBursts] * 16 * kQuantBytes);
  add_bursts(list, Buffer::UB, true, arg[kCcDst], bursts, written, written + arg[kCcDstGap] * kBlockBytes);
}

void ub_to_cc(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  if (arg[kBcLength] == 0) return;
  list.add(Buffer::UB, false, arg[kBcSrc], arg[kBcSrc] + arg[kBcBursts] * 16 * type_size(arg[kBcSrcType]));
  list.add(Buffer::L0C, true, arg[kBcDst], arg[kBcDst] + arg[kBcBursts] * arg[kBcLength] * 2 * kFractalBytes);
}

void l1_to_bt(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const int64_t dst = instr.arg[kBtDst], src = instr.arg[kBtSrc], length = instr.arg[kBtLength], type = instr.arg[kBtSrcType];
  list.add(Buffer::L1, false, src, src + length * 16 * type_size(type));
  list.add(Buffer::BT, true, dst, dst + length * 64);
}

void fix_out(const Instr& instr, AccessList& list, bool nz2nd, int64_t quant) {
  using namespace field;
  const auto& arg = instr.arg;
  const CopyModeInfo& mode = copy_mode(arg[kFixMode]);
  const Buffer target = instr_info(instr.op).dst;
  const int64_t m = arg[kFixM], n1 = ceil_div(arg[kFixN], 16);
  if (m == 0 || n1 == 0) return;
  add_bursts(list, Buffer::L0C, false, arg[kFixSrc], n1, m * 64, arg[kFixSrcStride] * 2 * kFractalBytes);
  if (mode.table) list.add(Buffer::FB, false, quant, quant + n1 * 16 * kQuantBytes);
  if (nz2nd) add_bursts(list, target, true, arg[kFixDst], m, arg[kFixN] * mode.size, arg[kFixDstStride]);
  else if (mode.size == 1) add_bursts(list, target, true, arg[kFixDst], ceil_div(n1, 2), m * kBlockBytes, arg[kFixDstStride] * kBlockBytes);
  else add_bursts(list, target, true, arg[kFixDst], n1, m * 16 * mode.size, arg[kFixDstStride] * kBlockBytes);
}

void cc_to_gm(const Instr& instr, const IssueState& state, AccessList& list) {
  fix_out(instr, list, instr.arg[field::kFixNz2Nd] != 0, instr.arg[field::kFixQuant]);
  if (state.atomic == IssueState::None) return;
  for (int i = 0, count = list.count; i < count; ++i)
    if (const Access a = list.items[static_cast<size_t>(i)]; a.buffer == Buffer::GM && a.write)
      list.add_strided(Buffer::GM, false, a.begin, a.length, {a.outer, a.outer_pitch}, {a.inner, a.inner_pitch});
}

void cc_to_l1(const Instr& instr, const IssueState&, AccessList& list) { fix_out(instr, list, false, instr.arg[field::kFixL1Quant]); }

void l1_to_fb(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t length = arg[kCopyLength] * 64;
  add_bursts(list, Buffer::L1, false, arg[kCopySrc], arg[kCopyBursts], length, length + arg[kCopySrcGap] * 64);
  add_bursts(list, Buffer::FB, true, arg[kCopyDst], arg[kCopyBursts], length, length + arg[kCopyDstGap] * 64);
}

void binary(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kBiType]), lanes = repeat_lanes(size);
  const VectorOperand dst{arg[kBiDst], arg[kBiDstBlk], arg[kBiDstRep], size};
  add_vector(list, false, {arg[kBiSrc0], arg[kBiSrc0Blk], arg[kBiSrc0Rep], size}, state, lanes, arg[kBiRepeat]);
  add_vector(list, false, {arg[kBiSrc1], arg[kBiSrc1Blk], arg[kBiSrc1Rep], size}, state, lanes, arg[kBiRepeat]);
  if (instr.op == Opcode::Vmla || instr.op == Opcode::Vmadd || instr.op == Opcode::Vmaddrelu) add_vector(list, false, dst, state, lanes, arg[kBiRepeat]);
  add_vector(list, true, dst, state, lanes, arg[kBiRepeat]);
}

// Vector operations with a scalar have the fields of unary ones and one more.
void unary(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kUnType]), lanes = repeat_lanes(size);
  const VectorOperand dst{arg[kUnDst], arg[kUnDstBlk], arg[kUnDstRep], size};
  add_vector(list, false, {arg[kUnSrc], arg[kUnSrcBlk], arg[kUnSrcRep], size}, state, lanes, arg[kUnRepeat]);
  if (instr.op == Opcode::Vaxpy) add_vector(list, false, dst, state, lanes, arg[kUnRepeat]);
  add_vector(list, true, dst, state, lanes, arg[kUnRepeat]);
}

void convert(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto s4 = [](int64_t type) { return static_cast<VecType>(type) == VecType::S4; };
  if (s4(arg[kCvDstType]) || s4(arg[kCvSrcType])) {  // packed: whole blocks, whatever the mask
    const auto add = [&](bool write, int64_t base, int64_t blk, int64_t rep, int64_t blocks) {
      list.add_strided(Buffer::UB, write, base, kBlockBytes, {arg[kCvRepeat], rep * kBlockBytes}, {blocks, blk * kBlockBytes});
    };
    add(false, arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], s4(arg[kCvSrcType]) ? 2 : 8);
    return add(true, arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], s4(arg[kCvDstType]) ? 2 : 8);
  }
  const int dst_size = type_size(arg[kCvDstType]), src_size = type_size(arg[kCvSrcType]);
  const int lanes = repeat_lanes(std::max(dst_size, src_size));
  add_vector(list, false, {arg[kCvSrc], arg[kCvSrcBlk], arg[kCvSrcRep], src_size}, state, lanes, arg[kCvRepeat]);
  add_vector(list, true, {arg[kCvDst], arg[kCvDstBlk], arg[kCvDstRep], dst_size}, state, lanes, arg[kCvRepeat]);
}

void dequantise(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  add_vector(list, false, {arg[kDqSrc], arg[kDqSrcBlk], arg[kDqSrcRep], 4}, state, 64, arg[kDqRepeat]);
  add_vector(list, true, {arg[kDqDst], arg[kDqDstBlk], arg[kDqDstRep], 2}, state, 64, arg[kDqRepeat]);
}

void vector_dup(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kDupType]);
  add_vector(list, true, {arg[kDupDst], arg[kDupDstBlk], arg[kDupDstRep], size}, state, repeat_lanes(size), arg[kDupRepeat]);
}

void reduce(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kRdType]);
  const ReduceShape shape(instr);
  add_vector(list, false, {arg[kRdSrc], arg[kRdSrcBlk], arg[kRdSrcRep], size}, state, repeat_lanes(size), arg[kRdRepeat]);
  add_bursts(list, Buffer::UB, true, arg[kRdDst], arg[kRdRepeat], shape.results * size, arg[kRdDstRep] * shape.results * size);
}

void compare_scalar(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t bits = arg[kCsRepeat] * repeat_lanes(type_size(arg[kCsType]));
  list.add(Buffer::UB, false, arg[kCsSrc], arg[kCsSrc] + arg[kCsRepeat] * kRepeatBytes);
  list.add(Buffer::UB, true, arg[kCsDst], arg[kCsDst] + bits / 8);
}

void compare_to_mask(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kCmType]), lanes = repeat_lanes(size);
  add_vector(list, false, {arg[kCmSrc0], arg[kCmSrc0Blk], arg[kCmSrc0Rep], size}, state, lanes, arg[kCmRepeat]);
  add_vector(list, false, {arg[kCmSrc1], arg[kCmSrc1Blk], arg[kCmSrc1Rep], size}, state, lanes, arg[kCmRepeat]);
}

void set_compare_mask(const Instr& instr, const IssueState&, AccessList& list) { list.add(Buffer::UB, false, instr.arg[0], instr.arg[0] + 16); }
void get_compare_mask(const Instr& instr, const IssueState&, AccessList& list) { list.add(Buffer::UB, true, instr.arg[0], instr.arg[0] + 16); }

void select_scalar(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kSsType]), lanes = repeat_lanes(size);
  list.add(Buffer::UB, false, arg[kSsMask], arg[kSsMask] + arg[kSsRepeat] * lanes / 8);
  add_vector(list, false, {arg[kSsSrc0], 1, 8, size}, state, lanes, arg[kSsRepeat]);
  add_vector(list, true, {arg[kSsDst], 1, 8, size}, state, lanes, arg[kSsRepeat]);
}

void gather(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kGaType]), lanes = repeat_lanes(size);
  if (arg[kGaRepeat] == 0) return;
  list.add(Buffer::UB, false, arg[kGaSrc], arg[kGaSrc] + arg[kGaRepeat] * lanes * 4);
  list.add(Buffer::UB, false, arg[kGaTable], arg[kGaTable] + arg[kGaLength]);
  add_vector(list, true, {arg[kGaDst], 1, arg[kGaDstRep], size}, state, lanes, arg[kGaRepeat]);
}

void gather_blocks(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  if (arg[kGbRepeat] == 0) return;
  list.add(Buffer::UB, false, arg[kGbSrc], arg[kGbSrc] + arg[kGbRepeat] * 32);
  list.add(Buffer::UB, false, arg[kGbTable], arg[kGbTable] + arg[kGbLength]);
  list.add_strided(Buffer::UB, true, arg[kGbDst], kBlockBytes, {arg[kGbRepeat], arg[kGbDstRep] * kBlockBytes}, {8, arg[kGbDstBlk] * kBlockBytes});
}

void transpose_one(const Instr& instr, const IssueState&, AccessList& list) {
  list.add(Buffer::UB, false, instr.arg[1], instr.arg[1] + kFractalBytes);
  list.add(Buffer::UB, true, instr.arg[0], instr.arg[0] + kFractalBytes);
}

void sort(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  list.add(Buffer::UB, false, arg[kSoSrc0], arg[kSoSrc0] + arg[kSoRepeat] * 32 * type_size(arg[kSoType]));
  list.add(Buffer::UB, false, arg[kSoSrc1], arg[kSoSrc1] + arg[kSoRepeat] * 128);
  list.add(Buffer::UB, true, arg[kSoDst], arg[kSoDst] + arg[kSoRepeat] * kRepeatBytes);
}

// With `suspend` the hull of what may be written.
void merge(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  int64_t records = 0;
  for (int64_t i = 0; i < std::clamp<int64_t>(arg[kMeLists], 0, 4); ++i) {
    const int64_t src = arg[static_cast<size_t>(kMeSrc + i)], length = arg[static_cast<size_t>(kMeLength + i)];
    list.add(Buffer::UB, false, src, src + length * 8);
    records += length;
  }
  list.add(Buffer::UB, true, arg[kMeDst], arg[kMeDst] + records * 8);
}

void gather_mask(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kGmType]), lanes = repeat_lanes(size);
  const int64_t used = arg[kGmCount] == 0 ? lanes : std::min<int64_t>(arg[kGmCount], lanes), repeat = arg[kGmRepeat];
  if (arg[kGmPattern] == 0) add_bursts(list, Buffer::UB, false, arg[kGmSrc1], repeat, ceil_div(used, 8), arg[kGmSrc1Rep] * kBlockBytes);
  const int64_t blocks = ceil_div(used * size, kBlockBytes);
  list.add_strided(Buffer::UB, false, arg[kGmSrc0], kBlockBytes, {repeat, arg[kGmSrc0Rep] * kBlockBytes}, {blocks, arg[kGmSrc0Blk] * kBlockBytes});
  list.add(Buffer::UB, true, arg[kGmDst], arg[kGmDst] + repeat * used * size);
}

void compare(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t bytes = arg[kCmpRepeat] * kRepeatBytes, bits = arg[kCmpRepeat] * repeat_lanes(type_size(arg[kCmpType]));
  list.add(Buffer::UB, false, arg[kCmpSrc0], arg[kCmpSrc0] + bytes);
  list.add(Buffer::UB, false, arg[kCmpSrc1], arg[kCmpSrc1] + bytes);
  list.add(Buffer::UB, true, arg[kCmpDst], arg[kCmpDst] + bits / 8);
}

void select(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = type_size(arg[kSelType]), lanes = repeat_lanes(size);
  const int64_t repeat = arg[kSelRepeat];
  list.add(Buffer::UB, false, arg[kSelMask], arg[kSelMask] + repeat * lanes / 8);
  add_vector(list, false, {arg[kSelSrc0], 1, 8, size}, state, lanes, repeat);
  add_vector(list, false, {arg[kSelSrc1], 1, 8, size}, state, lanes, repeat);
  add_vector(list, true, {arg[kSelDst], 1, 8, size}, state, lanes, repeat);
}

void transpose_rows(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto add = [&](bool write, int64_t base, int64_t row, int64_t rep) {
    list.add_strided(Buffer::UB, write, base, kBlockBytes, {arg[kTrRepeat], rep * kBlockBytes}, {16, row * kBlockBytes});
  };
  add(false, arg[kTrSrc], arg[kTrSrcRow], arg[kTrSrcRep]);
  if (instr.op == Opcode::ScatterVnchwconvB8) add(false, arg[kTrDst], arg[kTrDstRow], arg[kTrDstRep]);  // the other halves stay
  add(true, arg[kTrDst], arg[kTrDstRow], arg[kTrDstRep]);
}

void broadcast_blocks(const Instr& instr, const IssueState&, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  list.add(Buffer::UB, false, arg[kBrSrc], arg[kBrSrc] + arg[kBrRepeat] * 8 * type_size(arg[kBrType]));
  list.add(Buffer::UB, true, arg[kBrDst], arg[kBrDst] + arg[kBrRepeat] * kRepeatBytes);
}

void load_image(const Instr& instr, const IssueState& state, AccessList& list) {
  using namespace field;
  const auto& arg = instr.arg;
  const AippConfig config(state);
  const ImageShape shape(instr, config);
  const int64_t stride = arg[kImgSrcHorSize], bytes = config.pixel_bytes();
  add_bursts(list, Buffer::GM, false, config.image + (arg[kImgVerStart] * stride + arg[kImgHorStart]) * bytes, shape.rows, config.row_bytes(shape.columns), stride * bytes);
  if (config.planar())
    add_bursts(list, Buffer::GM, false, config.uv + arg[kImgVerStart] / config.uv_rows() * stride + arg[kImgHorStart], ceil_div(shape.rows, config.uv_rows()), align_up(shape.columns, 2), stride);
  list.add(Buffer::L1, true, arg[kImgDst], arg[kImgDst] + shape.bytes());
}

// The scalar unit's loads and stores, after it has added the register to the address.
void scalar_load(const Instr& instr, const IssueState&, AccessList& list) {
  const int64_t address = instr.arg[field::kLdAddress];
  list.add(instr_info(instr.op).src, false, address, address + (int64_t{1} << instr.arg[field::kLdSize]));
}

void scalar_store(const Instr& instr, const IssueState&, AccessList& list) {
  const int64_t address = instr.arg[field::kStAddress];
  list.add(instr_info(instr.op).dst, true, address, address + (int64_t{1} << instr.arg[field::kStSize]));
}

constexpr auto kCollect = [] {
  std::array<Collect, kOpcodes> table{};
  const auto set = [&](Collect collect, std::initializer_list<Opcode> opcodes) {
    for (Opcode op : opcodes) table[static_cast<size_t>(op)] = collect;
  };
  using enum Opcode;
  set(nothing, {SetFlag, WaitFlag, PipeBarrier, SetVectorMask, SetFMatrix, SetPadding, SetQuantPre, SetAippSpr, FftsCrossCoreSync, WaitFlagDev, Loop, Jump,
                SetAtomicAdd, SetAtomicMax, SetAtomicMin, SetAtomicNone, SetMaskCount, SetMaskNorm});
  set(nothing, {
#define NPU_INSTR(id, ...) id,
#include "core/isa/isa_scalar.def"
#undef NPU_INSTR
               });
  set(scalar_load, {LdGm, LdUb});
  set(scalar_store, {StGm, StUb});
  set(copy_blocks, {CopyGmToCbuf, CopyGmToUbuf, CopyUbufToUbuf, CopyUbufToGm, CopyUbufToCbuf, CopyCbufToUbuf, CopyCbufToGm});
  set(copy_bytes_in, {CopyGmToUbufAlign});
  set(copy_bytes_out, {CopyUbufToGmAlign});
  set(load_image, {LoadImageToCbuf});
  set(copy_nd2nz, {CopyGmToCbufNd2Nz});
  set(load_2d, {LoadCbufToCa, LoadCbufToCb});
  set(load_gm, {LoadGmToCbuf, LoadGmToCa, LoadGmToCb});
  set(img2col, {Img2ColV2CbufToCa, Img2ColV2CbufToCb});
  set(img2col_v1, {Img2ColCbufToCa, Img2ColCbufToCb});
  set(mad, {Mad});
  set(cc_to_ub, {CopyMatrixCcToUbuf});
  set(ub_to_cc, {BroadcastUbToCc});
  set(l1_to_bt, {CopyCbufToBt});
  set(cc_to_gm, {CopyMatrixCcToGm});
  set(cc_to_l1, {CopyMatrixCcToCbuf});
  set(l1_to_fb, {CopyCbufToFbuf});
  set(binary, {Vadd, Vsub, Vmul, Vdiv, Vmax, Vmin, Vmla, Vand, Vor, Vmadd, Vmaddrelu, Vaddrelu, Vsubrelu, Vselr});
  set(unary, {Vadds, Vmuls, Vmaxs, Vmins, Vlrelu, Vaxpy, Vexp, Vln, Vabs, Vrelu, Vrec, Vsqrt, Vrsqrt, Vnot, Vshl, Vshr});
  set(convert, {Vconv});
  set(dequantise, {VconvDeq});
  set(vector_dup, {VectorDup});
  set(reduce, {Vcadd, Vcmax, Vcmin, Vcgadd, Vcgmax, Vcgmin, Vcpadd});
  set(compare, {Vcmpv});
  set(select, {Vsel});
  set(transpose_rows, {ScatterVnchwconvB16, ScatterVnchwconvB8, ScatterVnchwconvB32});
  set(compare_scalar, {Vcmpvs});
  set(compare_to_mask, {Vcmp});
  set(set_compare_mask, {SetCmpMask});
  set(get_compare_mask, {GetCmpMask});
  set(select_scalar, {Vsels});
  set(gather, {Vgather});
  set(gather_blocks, {Vgatherb});
  set(transpose_one, {Vtranspose});
  set(sort, {Vbitsort});
  set(merge, {Vmrgsort4});
  set(gather_mask, {Vreducev2});
  set(broadcast_blocks, {Vbrcb});
  return table;
}();

static_assert(std::find(kCollect.begin(), kCollect.end(), nullptr) == kCollect.end(), "an instruction has no access ranges");

}  // namespace

void AccessList::add_strided(Buffer buffer, bool write, int64_t begin, int64_t length, Stride outer, Stride inner) {
  if (length <= 0 || outer.count <= 0 || inner.count <= 0) return;
  // Runs that touch are one run; inside first.
  if (inner.count > 1 && inner.pitch <= length) length += std::exchange(inner.count, 1) * inner.pitch - inner.pitch;
  if (inner.count == 1) inner = std::exchange(outer, Stride{});
  if (inner.count > 1 && inner.pitch <= length) length += std::exchange(inner.count, 1) * inner.pitch - inner.pitch;
  const int64_t end = begin + (outer.count - 1) * outer.pitch + (inner.count - 1) * inner.pitch + length;
  if (count == kCapacity) {
    const auto same = std::ranges::find_if(items, [&](const Access& item) { return item.buffer == buffer && item.write == write; });
    assert(same != items.end());  // four operands of three ranges each is the most there is
    const int64_t first = std::min(begin, same->begin), last = std::max(end, same->end);
    *same = {buffer, write, 1, 1, first, last, last - first, 0, 0};
    return;
  }
  items[static_cast<size_t>(count++)] = {buffer, write, static_cast<int32_t>(outer.count), static_cast<int32_t>(inner.count), begin, end, length, outer.pitch, inner.pitch};
}

AccessList accesses(const Instr& instr, const IssueState& state) {
  AccessList list;
  kCollect[static_cast<size_t>(instr.op)](instr, state, list);
  return list;
}

}  // namespace npu
