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

Result<std::span<const std::byte>> DeviceMemory::checked_read(int64_t address, int64_t bytes) const {
  const auto weight_bytes = static_cast<int64_t>(weights_.size());
  if (bytes >= 0 && address >= 0 && address <= weight_bytes && bytes <= weight_bytes - address)
    return weights_.subspan(static_cast<size_t>(address), static_cast<size_t>(bytes));
  const int64_t offset = address < kArenaBase ? -1 : address - kArenaBase;
  if (bytes < 0 || offset < 0 || offset > arena_bytes_ || bytes > arena_bytes_ - offset)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("read of {} is outside the weights ({:#x} bytes) and the arena GM[{:#x}, {:#x})",
                                                           range_text(address, bytes), weight_bytes, kArenaBase, kArenaBase + arena_bytes_));
  if (bytes > 0 && tracking_) {
    const auto first = written_.begin() + offset / kBlockBytes, last = written_.begin() + (offset + bytes - 1) / kBlockBytes + 1;
    const void* hole = std::memchr(&*first, 0, static_cast<size_t>(last - first));
    if (hole) {
      const int64_t at = kArenaBase + (static_cast<const uint8_t*>(hole) - written_.data()) * kBlockBytes;
      return fail(ErrorKind::UninitializedRead, "", fmt::format("read of {}: nothing wrote GM[{:#x}]", range_text(address, bytes), std::max(at, address)));
    }
  }
  return std::span<const std::byte>(arena_).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

Result<std::span<std::byte>> DeviceMemory::checked_write(int64_t address, int64_t bytes) {
  const int64_t offset = address < kArenaBase ? -1 : address - kArenaBase;
  if (bytes < 0 || offset < 0 || offset > arena_bytes_ || bytes > arena_bytes_ - offset)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("write of {} is outside the arena GM[{:#x}, {:#x})", range_text(address, bytes),
                                                           kArenaBase, kArenaBase + arena_bytes_));
  if (bytes > 0 && tracking_) {
    // (std::atomic_ref is not in libc++ 19.) Cores may share the first and the last block of a range, never one in between.
    const auto first = static_cast<size_t>(offset / kBlockBytes), last = static_cast<size_t>((offset + bytes - 1) / kBlockBytes);
    __atomic_store_n(&written_[first], uint8_t{1}, __ATOMIC_RELAXED);
    __atomic_store_n(&written_[last], uint8_t{1}, __ATOMIC_RELAXED);
    if (last > first + 1) std::memset(written_.data() + first + 1, 1, last - first - 1);
    if (!changed_.empty()) mark_changed(offset, bytes);
  }
  return std::span(arena_).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

void DeviceMemory::forget_arena() {
  if (!tracking_) return;
  std::fill(written_.begin(), written_.end(), uint8_t{0});
  std::fill(changed_.begin(), changed_.end(), uint8_t{1});
}

Result<std::span<const std::byte>> DeviceMemory::peek(int64_t address, int64_t bytes) const {
  if (address < kArenaBase) return read(address, bytes);
  const int64_t offset = address - kArenaBase;
  if (bytes < 0 || offset > arena_bytes_ || bytes > arena_bytes_ - offset)
    return fail(ErrorKind::InvalidArgument, "", fmt::format("{} is outside the arena GM[{:#x}, {:#x})", range_text(address, bytes), kArenaBase, kArenaBase + arena_bytes_));
  return std::span<const std::byte>(arena_).subspan(static_cast<size_t>(offset), static_cast<size_t>(bytes));
}

bool DeviceMemory::written(int64_t address) const {
  if (address < kArenaBase) return address >= 0 && address < static_cast<int64_t>(weights_.size());
  return address - kArenaBase < arena_bytes_ && written_[static_cast<size_t>((address - kArenaBase) / kBlockBytes)] != 0;
}

void DeviceMemory::track_changes() { changed_.assign(pages(), 1); }

void DeviceMemory::mark_changed(int64_t offset, int64_t bytes) {
  for (int64_t page = offset / kPageBytes; page <= (offset + bytes - 1) / kPageBytes; ++page) __atomic_store_n(&changed_[static_cast<size_t>(page)], uint8_t{1}, __ATOMIC_RELAXED);
}

void DeviceMemory::copy_page(size_t page, Page& to) const {
  const size_t first = page * kPageBytes, blocks = first / kBlockBytes;
  std::copy_n(arena_.begin() + static_cast<std::ptrdiff_t>(first), std::min<size_t>(kPageBytes, arena_.size() - first), to.bytes.begin());
  std::copy_n(written_.begin() + static_cast<std::ptrdiff_t>(blocks), std::min(to.written.size(), written_.size() - blocks), to.written.begin());
}

void DeviceMemory::set_page(size_t page, const Page& from) {
  const size_t first = page * kPageBytes, blocks = first / kBlockBytes;
  std::copy_n(from.bytes.begin(), std::min<size_t>(kPageBytes, arena_.size() - first), arena_.begin() + static_cast<std::ptrdiff_t>(first));
  std::copy_n(from.written.begin(), std::min(from.written.size(), written_.size() - blocks), written_.begin() + static_cast<std::ptrdiff_t>(blocks));
  if (!changed_.empty()) changed_[page] = 1;
}

}  // namespace npu
