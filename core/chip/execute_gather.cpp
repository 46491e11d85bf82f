// SPDX-License-Identifier: Apache-2.0
// Elements and blocks from places that data names, lanes chosen by patterns, transposes of 1- and 4-byte elements.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/base/math.h"
#include "core/chip/lanes.h"
#include "core/chip/strided.h"

namespace npu {
namespace {

Status check_offset(uint32_t offset, int64_t size, int64_t length, int64_t index) {
  if (offset % size != 0) return invalid(fmt::format("offset {} is {}, not a multiple of {}", index, offset, size));
  if (offset + size > length) return invalid(fmt::format("offset {} is {}, the table has {} bytes", index, offset, length));
  return {};
}

// Rows of `per_row` elements of T: what is at (i, j) goes to place(j, i).
template <class T, int kRows, int kColumns, class Place>
Status transpose(Machine& machine, const Instr& instr, int64_t first_column, Place place) {
  using namespace field;
  const auto& arg = instr.arg;
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  for (int64_t r = 0; r < arg[kTrRepeat]; ++r) {
    T values[kRows][kColumns];
    for (int64_t i = 0; i < kRows; ++i) {
      const int64_t row = arg[kTrSrc] + (i * arg[kTrSrcRow] + r * arg[kTrSrcRep]) * kBlockBytes;
      NPU_CHECK(ub.check_written(row, row + kBlockBytes));
      std::memcpy(values[i], ub.at(row + first_column * static_cast<int64_t>(sizeof(T))), sizeof(values[i]));
    }
    for (int64_t j = 0; j < kColumns; ++j)
      for (int64_t i = 0; i < kRows; ++i) {
        const auto [block, lane] = place(j, i);
        const int64_t row = arg[kTrDst] + (block * arg[kTrDstRow] + r * arg[kTrDstRep]) * kBlockBytes;
        store_lane(ub.at(row), lane, values[i][j]);
        ub.mark_written(row, row + kBlockBytes);
      }
  }
  return {};
}

struct Place {
  int64_t block, lane;
};

}  // namespace

Status execute_Vgather(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(arg[kGaType])), lanes = repeat_lanes(size);
  const int64_t repeat = arg[kGaRepeat];
  if (repeat == 0) return {};
  NPU_CHECK(check_alignment("table", Buffer::UB, arg[kGaTable], size));
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const VectorOperand dst{arg[kGaDst], 1, arg[kGaDstRep], size};
  const ActiveLanes active(machine.issue, lanes, size);
  for (int64_t r = 0; r < repeat; ++r) {
    alignas(64) std::byte result[kRepeatBytes] = {};
    for (int lane = 0; lane < lanes; ++lane) {
      if (!lane_active(machine.issue, lane)) continue;
      const int64_t index = r * lanes + lane, at = arg[kGaSrc] + index * 4;
      NPU_CHECK(ub.check_written(at, at + 4));
      const auto offset = load_lane<uint32_t>(ub.at(at), 0);
      NPU_CHECK(check_offset(offset, size, arg[kGaLength], index));
      const int64_t from = arg[kGaTable] + offset;
      NPU_CHECK(ub.check_written(from, from + size));
      std::memcpy(result + lane * size, ub.at(from), static_cast<size_t>(size));
    }
    scatter(ub, dst, active, r, result);
  }
  mark_written(ub, dst, active, lanes, repeat);
  return {};
}

Status execute_Vgatherb(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(ub.check_written(arg[kGbSrc], arg[kGbSrc] + arg[kGbRepeat] * 32));
  for (int64_t r = 0; r < arg[kGbRepeat]; ++r) {
    std::byte result[kRepeatBytes];
    for (int64_t b = 0; b < 8; ++b) {
      const auto offset = load_lane<uint32_t>(ub.at(arg[kGbSrc]), r * 8 + b);
      NPU_CHECK(check_offset(offset, kBlockBytes, arg[kGbLength], r * 8 + b));
      NPU_CHECK(ub.check_written(arg[kGbTable] + offset, arg[kGbTable] + offset + kBlockBytes));
      std::memcpy(result + b * kBlockBytes, ub.at(arg[kGbTable] + offset), kBlockBytes);
    }
    for (int64_t b = 0; b < 8; ++b) {
      const int64_t dst = arg[kGbDst] + (r * arg[kGbDstRep] + b * arg[kGbDstBlk]) * kBlockBytes;
      std::memcpy(ub.at(dst), result + b * kBlockBytes, kBlockBytes);
      ub.mark_written(dst, dst + kBlockBytes);
    }
  }
  return {};
}

Status execute_Vreducev2(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(arg[kGmType])), lanes = repeat_lanes(size);
  const int64_t used = arg[kGmCount] == 0 ? lanes : std::min<int64_t>(arg[kGmCount], lanes), pattern = arg[kGmPattern];
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  int64_t kept = 0;
  for (int64_t r = 0; r < arg[kGmRepeat]; ++r) {
    const int64_t bits = arg[kGmSrc1] + r * arg[kGmSrc1Rep] * kBlockBytes;
    if (pattern == 0) NPU_CHECK(ub.check_written(bits, bits + ceil_div(used, 8)));
    std::vector<std::byte> chosen;
    for (int64_t lane = 0; lane < used; ++lane) {
      const int64_t from = arg[kGmSrc0] + (r * arg[kGmSrc0Rep] + lane * size / kBlockBytes * arg[kGmSrc0Blk]) * kBlockBytes + lane * size % kBlockBytes;
      NPU_CHECK(ub.check_written(from, from + size));
      const bool bit = pattern == 0 && load_lane<uint8_t>(ub.at(bits), lane / 8) >> lane % 8 & 1;
      const bool chooses = pattern == 0 ? bit : pattern <= 2 ? lane % 2 == pattern - 1 : pattern == 7 || lane % 4 == pattern - 3;
      if (chooses) chosen.insert(chosen.end(), ub.at(from), ub.at(from) + size);
    }
    const int64_t dst = arg[kGmDst] + kept * size;
    if (!chosen.empty()) std::memcpy(ub.at(dst), chosen.data(), chosen.size());
    ub.mark_written(dst, dst + static_cast<int64_t>(chosen.size()));
    kept += static_cast<int64_t>(chosen.size()) / size;
  }
  machine.special[static_cast<size_t>(Special::RsvdCount)] = static_cast<uint64_t>(kept);
  return {};
}

Status execute_Vtranspose(Machine& machine, const Instr& instr) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  NPU_CHECK(ub.check_written(instr.arg[1], instr.arg[1] + kFractalBytes));
  uint16_t in[256], out[256];
  std::memcpy(in, ub.at(instr.arg[1]), sizeof(in));
  kernels::vector_kernels().transpose(in, 16, out, 16);
  std::memcpy(ub.at(instr.arg[0]), out, sizeof(out));
  ub.mark_written(instr.arg[0], instr.arg[0] + kFractalBytes);
  return {};
}

Status execute_ScatterVnchwconvB8(Machine& machine, const Instr& instr) {
  using namespace field;
  const int64_t to = instr.arg[kTrDstHigh] * 16;
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  // The other halves of the blocks stay: they count as read.
  for (int64_t r = 0; r < instr.arg[kTrRepeat]; ++r)
    for (int64_t j = 0; j < 16; ++j) {
      const int64_t row = instr.arg[kTrDst] + (j * instr.arg[kTrDstRow] + r * instr.arg[kTrDstRep]) * kBlockBytes;
      NPU_CHECK(ub.check_written(row, row + kBlockBytes));
    }
  return transpose<uint8_t, 16, 16>(machine, instr, instr.arg[kTrSrcHigh] * 16, [to](int64_t j, int64_t i) { return Place{j, to + i}; });
}

Status execute_ScatterVnchwconvB32(Machine& machine, const Instr& instr) {
  return transpose<uint32_t, 16, 8>(machine, instr, 0, [](int64_t j, int64_t i) { return Place{2 * j + i / 8, i % 8}; });
}

}  // namespace npu
