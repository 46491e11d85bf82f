// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/base/math.h"
#include "core/chip/chip.h"
#include "core/om/model.h"

namespace npu {
namespace {

std::string range_text(int64_t address, int64_t bytes) {
  return fmt::format("GM[{:#x}, {:#x})", address, static_cast<uint64_t>(address) + static_cast<uint64_t>(bytes));
}

}  // namespace

DeviceMemory::DeviceMemory(Bytes weights, int64_t arena_bytes)
    : weights_(weights), arena_bytes_(arena_bytes), arena_(static_cast<size_t>(arena_bytes)),
      written_(static_cast<size_t>(ceil_div(arena_bytes, kBlockBytes))) {}

Result<std::span<const std::byte>> DeviceMemory::read(int64_t address, int64_t bytes) const {
  const auto weight_bytes = static_cast<int64_t>(weights_.size());
  if (bytes >= 0 && address >= 0 && address <= weight_bytes && bytes <= weight_bytes - address)
    return weights_.subspan(static_cast<size_t>(address), static_cast<size_t>(bytes));
  const int64_t offset = address < kArenaBase ? -1 : address - kArenaBase;
  if (bytes < 0 || offset < 0 || offset > arena_bytes_ || bytes > arena_bytes_ - offset)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("read of {} is outside the weights ({:#x} bytes) and the arena GM[{:#x}, {:#x})",
                                                           range_text(address, bytes), weight_bytes, kArenaBase, kArenaBase + arena_bytes_));
  if (bytes > 0) {
    const auto first = written_.begin() + offset / kBlockBytes, last = written_.begin() + (offset + bytes - 1) / kBlockBytes + 1;
    const void* hole = std::memchr(&*first, 0, static_cast<size_t>(last - first));
    if (hole) {
      const int64_t at = kArenaBase + (static_cast<const uint8_t*>(hole) - written_.data()) * kBlockBytes;
      return fail(ErrorKind::UninitializedRead, "", fmt::format("read of {}: nothing wrote GM[{:#x}]", range_text(address, bytes), std::max(at, address)));
    }
  }
  return std::span<const std::byte>(arena_).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

Result<std::span<std::byte>> DeviceMemory::write(int64_t address, int64_t bytes) {
  const int64_t offset = address < kArenaBase ? -1 : address - kArenaBase;
  if (bytes < 0 || offset < 0 || offset > arena_bytes_ || bytes > arena_bytes_ - offset)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("write of {} is outside the arena GM[{:#x}, {:#x})", range_text(address, bytes),
                                                           kArenaBase, kArenaBase + arena_bytes_));
  if (bytes > 0) {
    // (std::atomic_ref is not in libc++ 19.) Cores may share the first and the last block of a range, never one in between.
    const auto first = static_cast<size_t>(offset / kBlockBytes), last = static_cast<size_t>((offset + bytes - 1) / kBlockBytes);
    __atomic_store_n(&written_[first], uint8_t{1}, __ATOMIC_RELAXED);
    __atomic_store_n(&written_[last], uint8_t{1}, __ATOMIC_RELAXED);
    if (last > first + 1) std::memset(written_.data() + first + 1, 1, last - first - 1);
  }
  return std::span(arena_).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

void DeviceMemory::forget_arena() { std::fill(written_.begin(), written_.end(), uint8_t{0}); }

}  // namespace npu
