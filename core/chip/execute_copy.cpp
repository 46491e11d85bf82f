// SPDX-License-Identifier: Apache-2.0
// MTE2 and MTE3: copies between GM and the on-chip buffers, and inside UB.
#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "core/chip/machine.h"

namespace npu {
namespace {

struct Bursts {
  int64_t dst, src;
  int64_t count, length;         // length in bytes
  int64_t dst_pitch, src_pitch;  // bytes from burst to burst
};

Bursts block_bursts(const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t length = arg[kCopyLength] * kBlockBytes;
  return {arg[kCopyDst], arg[kCopySrc], arg[kCopyBursts], length, length + arg[kCopyDstGap] * kBlockBytes, length + arg[kCopySrcGap] * kBlockBytes};
}

// Bursts without gaps are one; not where source and destination may overlap.
Bursts merged(Bursts bursts) {
  if (bursts.dst_pitch == bursts.length && bursts.src_pitch == bursts.length && bursts.count > 0) bursts.length *= std::exchange(bursts.count, 1);
  return bursts;
}

Status load(Machine& machine, OnChipBuffer& to, const Bursts& bursts) {
  for (int64_t i = 0; i < bursts.count && bursts.length > 0; ++i) {
    NPU_TRY(const std::span<const std::byte> from, machine.memory->read(bursts.src + i * bursts.src_pitch, bursts.length));
    const int64_t dst = bursts.dst + i * bursts.dst_pitch;
    std::memcpy(to.at(dst), from.data(), from.size());
    to.mark_written(dst, dst + bursts.length);
  }
  return {};
}

Status store(Machine& machine, OnChipBuffer& from, const Bursts& bursts) {
  for (int64_t i = 0; i < bursts.count && bursts.length > 0; ++i) {
    const int64_t src = bursts.src + i * bursts.src_pitch;
    NPU_CHECK(from.check_written(src, src + bursts.length));
    const int64_t dst = bursts.dst + i * bursts.dst_pitch;
    if (machine.issue.atomic != IssueState::None) NPU_CHECK(machine.memory->read(dst, bursts.length));
    NPU_TRY(const std::span<std::byte> to, machine.memory->write(dst, bursts.length));
    if (machine.issue.atomic == IssueState::None) std::memcpy(to.data(), from.at(src), to.size());
    else NPU_CHECK(update_atomically(machine, to, from.at(src)));
  }
  return {};
}

Status move(OnChipBuffer& to, OnChipBuffer& from, const Bursts& bursts) {
  for (int64_t i = 0; i < bursts.count && bursts.length > 0; ++i) {
    const int64_t src = bursts.src + i * bursts.src_pitch, dst = bursts.dst + i * bursts.dst_pitch;
    NPU_CHECK(from.check_written(src, src + bursts.length));
    std::memmove(to.at(dst), from.at(src), static_cast<size_t>(bursts.length));
    to.mark_written(dst, dst + bursts.length);
  }
  return {};
}

Status load_blocks(Machine& machine, const Instr& instr) {
  const Buffer to = instr_info(instr.op).dst;
  NPU_CHECK(check_alignment("dst", to, instr.arg[field::kCopyDst], kBlockBytes));
  return load(machine, machine.buffer(to), merged(block_bursts(instr)));
}

Status move_blocks(Machine& machine, const Instr& instr) {
  const InstrInfo& info = instr_info(instr.op);
  NPU_CHECK(check_alignment("dst", info.dst, instr.arg[field::kCopyDst], kBlockBytes));
  NPU_CHECK(check_alignment("src", info.src, instr.arg[field::kCopySrc], kBlockBytes));
  return move(machine.buffer(info.dst), machine.buffer(info.src), block_bursts(instr));
}

}  // namespace

Status execute_CopyGmToCbuf(Machine& machine, const Instr& instr) { return load_blocks(machine, instr); }
Status execute_CopyGmToUbuf(Machine& machine, const Instr& instr) { return load_blocks(machine, instr); }
Status execute_CopyUbufToUbuf(Machine& machine, const Instr& instr) { return move_blocks(machine, instr); }
Status execute_CopyUbufToCbuf(Machine& machine, const Instr& instr) { return move_blocks(machine, instr); }

Status execute_CopyCbufToUbuf(Machine& machine, const Instr& instr) { return move_blocks(machine, instr); }

Status execute_CopyCbufToGm(Machine& machine, const Instr& instr) { return store(machine, machine.buffer(Buffer::L1), merged(block_bursts(instr))); }

Status execute_LoadGmToCbuf(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  for (int64_t i = 0; i < arg[kLgRepeat]; ++i) {
    const int64_t step = i * arg[kLgSrcStride] * kFractalBytes, dst = arg[kLgDst] + i * (arg[kLgDstGap] + 1) * kFractalBytes;
    NPU_TRY(const auto from, machine.memory->read(arg[kLgSrc] + (arg[kLgDecrement] ? -step : step), kFractalBytes));
    std::memcpy(l1.at(dst), from.data(), from.size());
    l1.mark_written(dst, dst + kFractalBytes);
  }
  return {};
}

Status execute_CopyUbufToGm(Machine& machine, const Instr& instr) {
  NPU_CHECK(check_alignment("src", Buffer::UB, instr.arg[field::kCopySrc], kBlockBytes));
  return store(machine, machine.buffer(Buffer::UB), merged(block_bursts(instr)));
}

Status execute_CopyGmToUbufAlign(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kAlignDst], kBlockBytes));
  const int64_t length = arg[kAlignLength], stored = length + arg[kAlignRightPad];
  const Bursts bursts{arg[kAlignDst], arg[kAlignSrc], arg[kAlignBursts], length, align_up(stored, kBlockBytes) + arg[kAlignDstGap] * kBlockBytes,
                      length + arg[kAlignSrcGap]};
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  if (stored == 0) return {};
  for (int64_t i = 0; i < bursts.count; ++i) {
    const int64_t dst = bursts.dst + i * bursts.dst_pitch;
    std::memset(ub.at(dst + length), 0, static_cast<size_t>(arg[kAlignRightPad]));
    ub.mark_written(dst, dst + stored);
  }
  return load(machine, ub, bursts);
}

Status execute_CopyUbufToGmAlign(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_CHECK(check_alignment("src", Buffer::UB, arg[kAlignSrc], kBlockBytes));
  const int64_t length = arg[kAlignLength];
  return store(machine, machine.buffer(Buffer::UB),
               {arg[kAlignDst], arg[kAlignSrc], arg[kAlignBursts], length, length + arg[kAlignDstGap],
                align_up(length, kBlockBytes) + arg[kAlignSrcGap] * kBlockBytes});
}

Status execute_CopyGmToCbufNd2Nz(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t size = vec_type_size(static_cast<VecType>(arg[kNdType]));
  const int64_t rows = arg[kNdRows], row_bytes = arg[kNdCols] * size, c1 = ceil_div(row_bytes, kBlockBytes);
  NPU_CHECK(check_alignment("dst", Buffer::L1, arg[kNdDst], kBlockBytes));
  if (row_bytes == 0) return {};
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  for (int64_t matrix = 0; matrix <= arg[kNdMore]; ++matrix) {
    const int64_t base = arg[kNdDst] + matrix * arg[kNdDstStride] * size;
    if (base % kBlockBytes != 0) return invalid(fmt::format("dst_nd_stride is {} elements, not a multiple of 32 bytes", arg[kNdDstStride]));
    const auto copy = [&](int64_t first_c1, int64_t last_c1) -> Status {
      for (int64_t r = 0; r < rows; ++r) {
        NPU_TRY(const std::span<const std::byte> row, machine.memory->read(arg[kNdSrc] + (matrix * arg[kNdSrcStride] + r * arg[kNdSrcPitch]) * size, row_bytes));
        const std::byte* from = row.data() + first_c1 * kBlockBytes;
        std::byte* to = l1.at(base + (first_c1 * arg[kNdDstC0Stride] + r) * kBlockBytes);
        const int64_t whole = std::min(last_c1, row_bytes / kBlockBytes);
        for (int64_t i = first_c1; i < whole; ++i, from += kBlockBytes, to += arg[kNdDstC0Stride] * kBlockBytes) std::memcpy(to, from, kBlockBytes);
        if (const auto rest = static_cast<size_t>(row_bytes % kBlockBytes); rest != 0 && last_c1 == c1) {
          std::memcpy(to, from, rest);
          std::memset(to + rest, 0, kBlockBytes - rest);
        }
      }
      return {};
    };
    // Column blocks that overlap show their order.
    const bool apart = arg[kNdDstC0Stride] >= rows;
    for (int64_t i = 0; i < (apart ? 1 : c1); ++i) NPU_CHECK(copy(i, apart ? c1 : i + 1));
    for (int64_t i = 0; i < c1; ++i) {
      const int64_t dst = base + i * arg[kNdDstC0Stride] * kBlockBytes;
      l1.mark_written(dst, dst + rows * kBlockBytes);
    }
  }
  return {};
}

}  // namespace npu
