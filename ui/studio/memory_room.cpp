// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/memory_room.h"

#include <fmt/format.h>

namespace npu::ui {

namespace {

constexpr int64_t kMegabyte = 1 << 20;

int64_t megabytes(int64_t bytes) { return (bytes + kMegabyte - 1) / kMegabyte; }

}  // namespace

int64_t needed_bytes(int64_t file_bytes) { return file_bytes / 2 * 5; }

Status check_room(const std::string& name, int64_t file_bytes, int64_t available_bytes) {
  const int64_t needed = needed_bytes(file_bytes);
  if (needed <= available_bytes) return {};
  return fail(ErrorKind::InvalidArgument, name,
              fmt::format("has {} MB, which need about {} MB of memory here, and {} MB are left. The native programs (atc, npu) run it",
                          megabytes(file_bytes), megabytes(needed), available_bytes / kMegabyte));
}

}  // namespace npu::ui
