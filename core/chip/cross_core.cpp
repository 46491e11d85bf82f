// SPDX-License-Identifier: Apache-2.0
#include "core/chip/cross_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace npu {
namespace {

constexpr int32_t kMostCounts = 15;
constexpr size_t kMostNamed = 8;  // blocks in a message

}  // namespace

bool meets_other_blocks(std::span<const Program> blocks) {
  return std::ranges::any_of(blocks, [](const Program& block) { return std::ranges::any_of(block, [](const Instr& instr) { return is_cross_core(instr.op); }); });
}

Status check_enough_cores(const Soc& soc, bool vector_task, std::span<const Program> blocks) {
  const int cores = soc.cores_for(vector_task);
  if (std::ssize(blocks) <= cores || !meets_other_blocks(blocks)) return {};
  return fail(ErrorKind::InvalidProgram, "", fmt::format("{} blocks wait for each other, {} has {} cores for them", blocks.size(), soc.name, cores));
}

int32_t CrossCoreFlags::complete(int64_t flag) const {
  int32_t least = INT32_MAX;
  for (const Counts& counts : arrived_) least = std::min(least, counts[static_cast<size_t>(flag)]);
  return least;
}

Status CrossCoreFlags::arrive(size_t block, int64_t flag) {
  ++arrived_[block][static_cast<size_t>(flag)];
  for (size_t b = 0; b < taken_.size(); ++b)
    if (counter(b, flag) > kMostCounts)
      return fail(ErrorKind::InvalidProgram, fmt::format("block {}", b), fmt::format("flag {} is set {} times and not waited for, its counter goes to {}", flag, counter(b, flag), kMostCounts));
  return {};
}

bool CrossCoreFlags::take(size_t block, int64_t flag) {
  if (counter(block, flag) <= 0) return false;
  ++taken_[block][static_cast<size_t>(flag)];
  return true;
}

std::string CrossCoreFlags::missing(size_t block, int64_t flag) const {
  std::vector<size_t> late;
  for (size_t b = 0; b < arrived_.size(); ++b)
    if (arrived(b, flag) <= taken(block, flag)) late.push_back(b);
  std::string text = late.size() == 1 ? "block " : "blocks ";
  for (size_t i = 0; i < std::min(late.size(), kMostNamed); ++i) text += fmt::format("{}{}", i == 0 ? "" : ", ", late[i]);
  return late.size() > kMostNamed ? text + fmt::format(" and {} more", late.size() - kMostNamed) : text;
}

Error cross_core_deadlock(const CrossCoreFlags& flags, std::span<const int64_t> waits) {
  std::string text = "deadlock: ";
  size_t named = 0;
  for (size_t b = 0; b < waits.size(); ++b) {
    if (waits[b] < 0 || ++named > kMostNamed) continue;
    text += fmt::format("{}block {} waits for flag {}, which {} did not set", named == 1 ? "" : "; ", b, waits[b], flags.missing(b, waits[b]));
  }
  if (named > kMostNamed) text += fmt::format("; {} blocks more wait", named - kMostNamed);
  return {ErrorKind::InvalidProgram, "", std::move(text)};
}

Status execute_together(std::span<Core> cores, std::span<const Program> blocks, DeviceMemory& memory) {
  assert(cores.size() == blocks.size());
  for (size_t b = 0; b < blocks.size(); ++b) cores[b].start(blocks[b], memory, {static_cast<int64_t>(b), static_cast<int64_t>(blocks.size())});
  CrossCoreFlags flags(blocks.size());
  return run_in_turns(blocks.size(), flags, [&](size_t b) -> Result<const Instr*> {
    auto at = cores[b].resume(memory);
    if (!at) at.error().where = fmt::format("block {}, {}", b, at.error().where);
    return at;
  });
}

}  // namespace npu
