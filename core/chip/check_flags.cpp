// SPDX-License-Identifier: Apache-2.0
// Happens-before by vector clocks: each pipe is in order, a flag carries the setter's clock to the waiter.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <map>

#include "core/chip/chip.h"

namespace npu {
namespace {

using Clock = std::array<int32_t, kPipes>;  // last instruction of each pipe that surely happened before

struct Recorded {
  Access access;
  int pipe;
  int32_t index;
};

class FlagChecker {
 public:
  FlagChecker(const Soc& soc, const Program& program, size_t limit) : soc_(soc), program_(program), limit_(limit) {
    for (Clock& clock : clocks_) clock.fill(-1);
    IssueState state;
    for (size_t i = 0; i < program.size(); ++i) {
      ranges_.push_back(accesses(program[i], state));
      state.apply(program[i]);
    }
  }

  std::vector<std::string> run() {
    size_t next = 0;
    while (lines_.size() < limit_) {
      bool progress = issue(next);
      for (int p = 0; p < kPipes; ++p)
        while (!queues_[static_cast<size_t>(p)].empty() && step(p)) progress = true;
      if (!progress) break;
    }
    report_leftovers(next);
    if (lines_.size() > limit_) lines_.resize(limit_);
    return std::move(lines_);
  }

 private:
  struct FlagState {
    bool set = false;
    Clock clock{};
    int32_t setter = -1;
  };

  bool issue(size_t& next) {
    const size_t first = next;
    for (; next < program_.size(); ++next) {
      const Instr& instr = program_[next];
      const Pipe pipe = pipe_of(instr);
      if (pipe != Pipe::S) {
        // What the scalar unit knows when it issues is known to the instruction: a full barrier orders all that follows.
        queues_[static_cast<size_t>(pipe)].push_back({static_cast<int32_t>(next), issue_clock_});
        continue;
      }
      if (instr.op != Opcode::PipeBarrier || instr.arg[0] != kPipeAll) continue;
      if (!std::ranges::all_of(queues_, [](const auto& queue) { return queue.empty(); })) break;
      for (const Clock& clock : clocks_) merge(issue_clock_, clock);
    }
    return next != first;
  }

  static void merge(Clock& into, const Clock& other) {
    for (size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], other[i]);
  }

  std::string name(int32_t index) const {
    const Instr& instr = program_[static_cast<size_t>(index)];
    return fmt::format("{} ({}, {})", index, instr_info(instr.op).name, kPipeNames[static_cast<size_t>(pipe_of(instr))]);
  }

  bool step(int p) {
    auto& queue = queues_[static_cast<size_t>(p)];
    const auto [index, issued] = queue.front();
    const Instr& instr = program_[static_cast<size_t>(index)];
    Clock& clock = clocks_[static_cast<size_t>(p)];
    merge(clock, issued);
    if (instr.op == Opcode::SetFlag || instr.op == Opcode::WaitFlag) {
      if (!pass_flag(instr, index, clock, p)) return false;
    } else {
      check(index, p, clock);
    }
    clock[static_cast<size_t>(p)] = index;
    queue.pop_front();
    return true;
  }

  bool pass_flag(const Instr& instr, int32_t index, Clock& clock, int p) {
    const auto& a = instr.arg;
    if (a[field::kEvent] >= soc_.event_ids)
      lines_.push_back(fmt::format("instruction {}: event {} does not exist on {} ({} for each pair of pipes)", name(index), a[field::kEvent], soc_.name, soc_.event_ids));
    FlagState& state = flags_[{a[field::kSrcPipe], a[field::kDstPipe], a[field::kEvent]}];
    if (instr.op == Opcode::WaitFlag) {
      if (!state.set) return false;
      state.set = false;
      merge(clock, state.clock);
      return true;
    }
    if (state.set) lines_.push_back(fmt::format("instruction {} sets a flag that instruction {} set and nothing has waited for", name(index), name(state.setter)));
    state = {true, clock, index};
    state.clock[static_cast<size_t>(p)] = index;
    return true;
  }

  void check(int32_t index, int p, const Clock& clock) {
    for (const Access& access : ranges_[static_cast<size_t>(index)].view()) {
      auto& history = history_[static_cast<size_t>(access.buffer)];
      for (const Recorded& old : history) {
        const bool overlap = old.access.begin < access.end && access.begin < old.access.end;
        if (!overlap || !(old.access.write || access.write) || old.pipe == p || clock[static_cast<size_t>(old.pipe)] >= old.index) continue;
        lines_.push_back(fmt::format("instruction {} and {} conflict on {}[{:#x}, {:#x}): {} then {}, nothing orders them", name(old.index), name(index),
                                     kBufferNames[static_cast<size_t>(access.buffer)], std::max(old.access.begin, access.begin),
                                     std::min(old.access.end, access.end), old.access.write ? "write" : "read", access.write ? "write" : "read"));
        if (lines_.size() >= limit_) return;
      }
      prune(history, access, p, clock);
      history.push_back({access, p, index});
    }
  }

  // An access inside a later write that it is ordered before can only conflict where that write conflicts too.
  static void prune(std::vector<Recorded>& history, const Access& access, int p, const Clock& clock) {
    std::erase_if(history, [&](const Recorded& old) {
      const bool ordered = old.pipe == p || clock[static_cast<size_t>(old.pipe)] >= old.index;
      const bool covered = access.begin <= old.access.begin && old.access.end <= access.end;
      return ordered && covered && (access.write || (!old.access.write && old.pipe == p));
    });
  }

  void report_leftovers(size_t next) {
    for (const auto& queue : queues_)
      if (!queue.empty() && lines_.size() < limit_) lines_.push_back(fmt::format("instruction {} waits for a flag that is never set", name(queue.front().first)));
    if (next < program_.size()) return;
    for (const auto& [key, state] : flags_)
      if (state.set && lines_.size() < limit_) lines_.push_back(fmt::format("instruction {} sets a flag that nothing waits for", name(state.setter)));
  }

  const Soc& soc_;
  const Program& program_;
  size_t limit_;
  std::vector<AccessList> ranges_;
  std::array<std::deque<std::pair<int32_t, Clock>>, kPipes> queues_;
  std::array<Clock, kPipes> clocks_;
  Clock issue_clock_ = [] {
    Clock none;
    none.fill(-1);
    return none;
  }();
  std::map<std::array<int64_t, 3>, FlagState> flags_;
  std::array<std::vector<Recorded>, kBuffers> history_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> check_flags(const Soc& soc, const Program& program, size_t limit) { return FlagChecker(soc, program, limit).run(); }

}  // namespace npu
