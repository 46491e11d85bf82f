// SPDX-License-Identifier: Apache-2.0
#include "core/chip/check/check_cross_core.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/chip/check/stream_names.h"
#include "core/chip/cross_core.h"

namespace npu {
namespace {

constexpr size_t kMostRuns = size_t{1} << 20;
constexpr size_t kMostPairs = size_t{1} << 26;

using Counts = std::array<int32_t, kCrossCoreFlags>;

// Where an instruction stands between the flags: which settings of each flag it has waited for, and which ones (this and
// all later) wait for it.
struct Epoch {
  Counts behind{};  // waited for the first `behind` settings
  Counts ahead{};   // settings from number `ahead` on, counted from 0, come after it
  bool before(const Epoch& later) const {
    for (size_t f = 0; f < kCrossCoreFlags; ++f)
      if (ahead[f] < later.behind[f]) return true;
    return false;
  }
};

struct Run {
  int64_t begin, end;
  int32_t block, instr;
  bool write;
  Epoch epoch;
};

// What each pipe knows to be complete, of every pipe: the last instruction.
using Clock = std::array<int32_t, kPipes>;

void merge(Clock& to, const Clock& from) {
  for (size_t p = 0; p < kPipes; ++p) to[p] = std::max(to[p], from[p]);
}

// One block: its runs of device memory with their epochs.
class BlockRuns {
 public:
  BlockRuns(const IssuedProgram& issued, int32_t block) : program_(issued.view()), block_(block) {
    for (Clock& clock : clocks_) clock.fill(-1);
  }

  // False when there are too many.
  bool collect(std::vector<Run>& runs) {
    const size_t first = runs.size();
    IssueState state;
    Counts behind{};
    for (size_t i = 0; i < program_.size(); ++i) {
      const Instr& instr = program_[i];
      const auto index = static_cast<int32_t>(i);
      follow(instr, index);
      if (instr.op == Opcode::WaitFlagDev) ++behind[static_cast<size_t>(instr.arg[0])];
      const AccessList list = accesses(instr, state);
      for (const Access& access : list.view())
        if (access.buffer == Buffer::GM && state.atomic == IssueState::None && !add(access, index, behind, runs)) return false;
      state.apply(instr);
    }
    for (size_t r = first; r < runs.size(); ++r) runs[r].epoch.ahead = settings_after(runs[r].instr);
    return true;
  }

 private:
  struct Arrival {
    size_t flag;
    Clock complete;
  };

  // Flags in program order: one that is set later than it is waited for orders nothing here.
  void follow(const Instr& instr, int32_t index) {
    const auto p = static_cast<size_t>(pipe_of(instr));
    Clock& clock = clocks_[p];
    merge(clock, clocks_[0]);
    if (instr.op == Opcode::PipeBarrier && instr.arg[0] == kPipeAll) {
      for (size_t q = 0; q < kPipes; ++q) clocks_[0][q] = index - 1;
    } else if (instr.op == Opcode::WaitFlag) {
      if (const auto set = flags_.find({instr.arg[0], instr.arg[1], instr.arg[2]}); set != flags_.end()) merge(clock, set->second);
    } else if (instr.op == Opcode::SetFlag || instr.op == Opcode::FftsCrossCoreSync) {
      Clock complete = clock;
      complete[p] = index - 1;
      if (instr.op == Opcode::SetFlag) flags_[{instr.arg[0], instr.arg[1], instr.arg[2]}] = complete;
      else arrivals_.push_back({static_cast<size_t>(instr.arg[field::kSyncFlag]), complete});
    }
  }

  bool add(const Access& access, int32_t index, const Counts& behind, std::vector<Run>& runs) const {
    for (int64_t i = 0; i < access.outer; ++i)
      for (int64_t j = 0; j < access.inner; ++j) {
        if (runs.size() >= kMostRuns) return false;
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
        runs.push_back({begin, begin + access.length, block_, index, access.write, {behind, {}}});
      }
    return true;
  }

  Counts settings_after(int32_t index) const {
    Counts after, seen{};
    after.fill(INT32_MAX);
    const auto p = static_cast<size_t>(pipe_of(program_[static_cast<size_t>(index)]));
    for (const Arrival& arrival : arrivals_) {
      const int32_t number = seen[arrival.flag]++;
      if (arrival.complete[p] >= index) after[arrival.flag] = std::min(after[arrival.flag], number);
    }
    return after;
  }

  const Program& program_;
  int32_t block_;
  std::array<Clock, kPipes> clocks_;
  std::map<std::array<int64_t, 3>, Clock> flags_;
  std::vector<Arrival> arrivals_;
};

class Checker {
 public:
  Checker(std::span<const IssuedProgram> blocks, size_t limit) : blocks_(blocks), limit_(limit) {}

  std::vector<Finding> run() {
    if (follow_flags()) compare();
    return std::move(findings_);
  }

 private:
  void report(Finding::Kind kind, int32_t first, int32_t second, std::string text) {
    if (findings_.size() < limit_) findings_.push_back({kind, first, second, std::move(text)});
  }

  // The counters alone: no order of the blocks changes what they do.
  bool follow_flags() {
    CrossCoreFlags flags(blocks_.size());
    std::vector<size_t> next(blocks_.size(), 0);
    const Status status = run_in_turns(blocks_.size(), flags, [&](size_t b) -> Result<const Instr*> {
      const Program& program = blocks_[b].view();
      while (next[b] < program.size() && !is_cross_core(program[next[b]].op)) ++next[b];
      if (next[b] == program.size()) return nullptr;
      const Instr& at = program[next[b]++];
      if (const std::string fault = operand_fault(at); !fault.empty()) return fail(ErrorKind::InvalidProgram, fmt::format("block {}", b), fault);
      return &at;
    });
    if (!status) return report(Finding::Kind::Deadlock, -1, -1, status.error().where.empty() ? status.error().what : status.error().where + ": " + status.error().what), false;
    for (size_t b = 0; b < blocks_.size(); ++b)
      for (int64_t flag = 0; flag < kCrossCoreFlags; ++flag) {
        const int32_t left = flags.arrived(b, flag) - flags.taken(b, flag);
        if (left > 0) report(Finding::Kind::Flag, static_cast<int32_t>(b), -1, fmt::format("block {} sets flag {} {} times more than it waits for it: the next task would find it set", b, flag, left));
      }
    return true;
  }

  void compare() {
    std::vector<Run> runs;
    for (size_t b = 0; b < blocks_.size(); ++b)
      if (!BlockRuns(blocks_[b], static_cast<int32_t>(b)).collect(runs))
        return report(Finding::Kind::Blocks, static_cast<int32_t>(b), -1, fmt::format("the blocks use more than {} pieces of memory: too many to compare", kMostRuns));
    std::ranges::stable_sort(runs, {}, &Run::begin);
    std::vector<const Run*> open;  // that may reach into the next one
    size_t pairs = 0;
    for (const Run& run : runs) {
      std::erase_if(open, [&](const Run* other) { return other->end <= run.begin; });
      for (const Run* other : open) {
        if (++pairs > kMostPairs) return report(Finding::Kind::Blocks, -1, -1, fmt::format("the blocks share memory in more than {} ways: too many to compare", kMostPairs));
        if (other->block != run.block && (other->write || run.write)) conflict(*other, run);
      }
      open.push_back(&run);
    }
  }

  std::string name(const Run& run) const {
    return fmt::format("block {} (instruction {}) {}", run.block, instruction_name(blocks_[static_cast<size_t>(run.block)], run.instr), run.write ? "writes" : "reads");
  }

  void conflict(const Run& a, const Run& b) {
    if (a.epoch.before(b.epoch) || b.epoch.before(a.epoch)) return;
    const bool known = std::ranges::any_of(findings_, [&](const Finding& f) { return f.first == a.block && f.second == b.block; });
    if (!known) report(Finding::Kind::Blocks, a.block, b.block, fmt::format("{} and {} {}: no flag is between them", name(a), name(b), range_text(Buffer::GM, std::max(a.begin, b.begin), std::min(a.end, b.end))));
  }

  std::span<const IssuedProgram> blocks_;
  size_t limit_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_cross_core(std::span<const IssuedProgram> blocks, size_t limit) { return Checker(blocks, limit).run(); }

}  // namespace npu
