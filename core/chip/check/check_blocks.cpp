// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "core/chip/check/check.h"
#include "core/chip/check/check_cross_core.h"
#include "core/chip/check/memory_use.h"
#include "core/chip/check/stream_names.h"
#include "core/chip/cross_core.h"

namespace npu {
namespace {

struct Run {
  int64_t begin, end;
  int32_t block, instr;
};

constexpr size_t kMostRuns = size_t{1} << 22;  // 96 MB: programs have thousands

// Written runs of all blocks, sorted; runs of different blocks are apart.
class Writes {
 public:
  // The first two runs of different blocks that overlap.
  std::optional<std::pair<Run, Run>> assign(std::vector<Run> runs) {
    std::ranges::sort(runs, [](const Run& a, const Run& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });
    runs_.clear();
    for (const Run& run : runs) {
      if (runs_.empty() || runs_.back().end < run.begin || (runs_.back().end == run.begin && runs_.back().block != run.block)) {
        runs_.push_back(run);
        continue;
      }
      if (runs_.back().block != run.block) return std::pair(runs_.back(), run);
      runs_.back().end = std::max(runs_.back().end, run.end);
    }
    next_other_.resize(runs_.size());
    for (size_t i = runs_.size(); i-- > 0;)
      next_other_[i] = i + 1 == runs_.size() || runs_[i + 1].block != runs_[i].block ? i + 1 : next_other_[i + 1];
    return {};
  }

  // A run of another block that overlaps `read`, or nullptr.
  const Run* find_foreign(const Run& read) const {
    auto i = static_cast<size_t>(std::ranges::upper_bound(runs_, read.begin, {}, &Run::end) - runs_.begin());
    if (i < runs_.size() && runs_[i].block == read.block) i = next_other_[i];
    return i < runs_.size() && runs_[i].begin < read.end ? &runs_[i] : nullptr;
  }

 private:
  std::vector<Run> runs_;
  std::vector<size_t> next_other_;  // the next run of another block
};

class BlockChecker {
 public:
  BlockChecker(std::span<const IssuedProgram> blocks, size_t limit) : blocks_(blocks), limit_(limit) {}

  std::vector<Finding> run() {
    if (blocks_.size() < 2 || apart()) return {};
    std::vector<Run> writes;
    if (!collect_writes(writes)) return std::move(findings_);
    if (const auto overlap = writes_.assign(std::move(writes))) report(overlap->first, overlap->second, "writes");
    else reads_against_writes();
    return std::move(findings_);
  }

 private:
  template <class F>
  void for_each_memory_access(size_t block, bool write, F&& visit) const {
    IssueState state;
    const Program& program = blocks_[block].view();
    for (size_t i = 0; i < program.size(); ++i) {
      const InstrInfo& info = instr_info(program[i].op);
      if (info.dst == Buffer::GM || info.src == Buffer::GM) {
        const AccessList list = accesses(program[i], state);
        for (const Access& access : list.view())  // atomic updates are in order
          if (access.buffer == Buffer::GM && access.write == write && state.atomic == IssueState::None) visit(access, static_cast<int32_t>(i));
      }
      state.apply(program[i]);
    }
  }

  template <class F>
  static void for_each_run(const Access& access, F&& visit) {
    for (int64_t i = 0; i < access.outer; ++i)
      for (int64_t j = 0; j < access.inner; ++j) {
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
        if (!visit(begin, begin + access.length)) return;
      }
  }

  // The ordinary case, seen from rough ranges: every block writes its own part, and nobody reads any of them.
  bool apart() const {
    std::vector<Run> writes, reads;
    for (size_t b = 0; b < blocks_.size(); ++b) {
      const MemoryUse use = memory_use(blocks_[b].view());
      const auto take = [&](const auto& by_pipe, std::vector<Run>& to) {
        for (const CoarseRanges& ranges : by_pipe)
          for (const auto& range : ranges.view()) to.push_back({range.begin, range.end, static_cast<int32_t>(b), 0});
      };
      take(use.write, writes);
      take(use.read, reads);
    }
    Writes rough;
    if (rough.assign(std::move(writes))) return false;
    return std::ranges::none_of(reads, [&](const Run& read) { return rough.find_foreign(read); });
  }

  bool collect_writes(std::vector<Run>& writes) {
    for (size_t b = 0; b < blocks_.size(); ++b) {
      const size_t first = writes.size();
      for_each_memory_access(b, true, [&](const Access& access, int32_t instr) {
        for_each_run(access, [&](int64_t begin, int64_t end) {
          if (writes.size() > first && writes.back().end == begin) writes.back().end = end;
          else writes.push_back({begin, end, static_cast<int32_t>(b), instr});
          return writes.size() < kMostRuns;
        });
      });
      if (writes.size() >= kMostRuns) {
        findings_.push_back({Finding::Kind::Blocks, static_cast<int32_t>(b), -1, fmt::format("the blocks write {} separate pieces of memory: too many to compare", writes.size())});
        return false;
      }
    }
    return true;
  }

  std::string name(const Run& run) const {
    return fmt::format("block {} (instruction {})", run.block, instruction_name(blocks_[static_cast<size_t>(run.block)], run.instr));
  }

  void report(const Run& a, const Run& b, std::string_view other_does) {
    if (findings_.size() >= limit_) return;
    findings_.push_back({Finding::Kind::Blocks, a.block, b.block, fmt::format("{} writes {}, {} {} it: blocks run on different cores, nothing orders them", name(a),
                                                                              range_text(Buffer::GM, std::max(a.begin, b.begin), std::min(a.end, b.end)), name(b), other_does)});
  }

  void reads_against_writes() {
    for (size_t b = 0; b < blocks_.size(); ++b)
      for_each_memory_access(b, false, [&](const Access& access, int32_t instr) {
        if (findings_.size() >= limit_ || !writes_.find_foreign({access.begin, access.end, static_cast<int32_t>(b), instr})) return;
        for_each_run(access, [&](int64_t begin, int64_t end) {
          const Run read{begin, end, static_cast<int32_t>(b), instr};
          const Run* write = writes_.find_foreign(read);
          if (write) report(*write, read, "reads");
          return !write;
        });
      });
  }

  std::span<const IssuedProgram> blocks_;
  size_t limit_;
  Writes writes_;
  std::vector<Finding> findings_;
};

}  // namespace

MemoryUse memory_use(const Program& program) {
  MemoryUse use;
  IssueState state;
  for (const Instr& instr : program) {
    state.apply(instr);
    const InstrInfo& info = instr_info(instr.op);
    if (info.dst != Buffer::GM && info.src != Buffer::GM) continue;
    const AccessList list = accesses(instr, state);
    for (const Access& access : list.view()) use.add(access, pipe_of(instr));
  }
  return use;
}

std::vector<Finding> check_blocks(std::span<const Program> blocks, size_t limit) {
  std::vector<IssuedProgram> issued;
  for (size_t i = 0; i < blocks.size(); ++i) {
    auto block = issue_all(blocks[i], {static_cast<int64_t>(i), static_cast<int64_t>(blocks.size())});
    if (!block) return {{Finding::Kind::Flow, static_cast<int32_t>(i), -1, block.error().message()}};
    issued.push_back(std::move(*block));
  }
  return meets_other_blocks(blocks) ? check_cross_core(issued, limit) : BlockChecker(issued, limit).run();
}

}  // namespace npu
