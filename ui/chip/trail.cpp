// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/trail.h"

#include <algorithm>

#include "core/base/math.h"

namespace npu::ui {

bool touches(const Access& access, int64_t begin, int64_t end) {
  if (access.begin >= end || begin >= access.end) return false;
  bool found = false;
  for_each_run(access, [&](int64_t from, int64_t bytes) { found = found || (from < end && begin < from + bytes); });
  return found;
}

Trail::Trail(const Soc& soc) {
  for (int b = 0; b < kBuffers; ++b)
    if (static_cast<Buffer>(b) != Buffer::GM) writers_[static_cast<size_t>(b)].resize(static_cast<size_t>(ceil_div(soc.buffer_bytes(static_cast<Buffer>(b)), int64_t{kBlockBytes})));
}

void Trail::start(const Task& task) {
  task_ = &task;
  steps_.clear();
  for (auto& list : writers_) std::ranges::fill(list, 0);
}

int32_t Trail::writer_at(Buffer buffer, int64_t address) const {
  const auto& list = writers_[static_cast<size_t>(buffer)];
  const auto granule = static_cast<size_t>(std::max<int64_t>(address, 0) / kBlockBytes);
  return granule < list.size() ? list[granule] - 1 : -1;
}

Origin Trail::origin(const Access& access) const {
  if (access.buffer == Buffer::GM) return origin_of(*task_, access.begin);
  // Neighbours mostly have one writer: its origin is asked for once.
  Origin origin = 0;
  int32_t last = -1;
  for_each_run(access, [&](int64_t begin, int64_t bytes) {
    for (int64_t at = begin / kBlockBytes * kBlockBytes; at < begin + bytes; at += kBlockBytes)
      if (const int32_t writer = writer_at(access.buffer, at); writer >= 0 && writer != last) origin |= steps_[static_cast<size_t>(last = writer)].origin;
  });
  return origin;
}

VecType Trail::type(const Access& access, const Instr& instr) const {
  if (const auto named = access.write ? type_written(instr) : type_read(instr, access.buffer)) return *named;
  if (access.buffer == Buffer::GM) {
    for (const auto* list : {&task_->inputs, &task_->outputs})
      for (const TensorDesc& tensor : *list)
        if (access.begin >= tensor.address && access.begin < tensor.address + tensor.bytes) return vec_type_of(tensor.dtype);
    return VecType::F16;
  }
  const int32_t writer = writer_at(access.buffer, access.begin);
  return writer < 0 ? VecType::F16 : steps_[static_cast<size_t>(writer)].type;
}

void Trail::add(const Instr& instr, int32_t instruction, std::span<const Access> accesses) {
  Step step{instruction, instr.op, VecType::F16, 0};
  bool typed = false;
  for (const Access& access : accesses) {
    if (access.write) continue;
    step.origin |= origin(access);
    if (!typed) step.type = type(access, instr), typed = true;
  }
  if (const auto named = type_written(instr)) step.type = *named;
  steps_.push_back(step);
  for (const Access& access : accesses) {
    if (!access.write || access.buffer == Buffer::GM) continue;
    auto& list = writers_[static_cast<size_t>(access.buffer)];
    for_each_run(access, [&](int64_t begin, int64_t bytes) {
      const int64_t first = begin / kBlockBytes, last = ceil_div(begin + bytes, int64_t{kBlockBytes});
      for (int64_t g = std::max<int64_t>(first, 0); g < std::min(last, static_cast<int64_t>(list.size())); ++g) list[static_cast<size_t>(g)] = static_cast<int32_t>(steps_.size());
    });
  }
}

std::vector<ChipTile> Trail::tiles(Buffer buffer) const {
  std::vector<ChipTile> tiles;
  const auto& list = writers_[static_cast<size_t>(buffer)];
  for (size_t g = 0; g < list.size();) {
    size_t end = g + 1;
    while (end < list.size() && list[end] == list[g]) ++end;
    if (list[g] > 0) {
      const Step& step = steps_[static_cast<size_t>(list[g] - 1)];
      tiles.push_back({static_cast<int64_t>(g) * kBlockBytes, static_cast<int64_t>(end) * kBlockBytes, list[g] - 1, step.instruction, step.op, step.type, step.origin});
    }
    g = end;
  }
  return tiles;
}

}  // namespace npu::ui
