// SPDX-License-Identifier: Apache-2.0
// Happens-before by vector clocks: each pipe is in order, a flag carries the setter's clock to the waiter. The scalar unit
// is a pipe too: what it knows when it issues an instruction is known to the instruction.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/chip/check/byte_history.h"
#include "core/chip/check/check.h"
#include "core/chip/check/memory_use.h"
#include "core/chip/check/stream_names.h"
#include "core/chip/legal.h"

namespace npu {
namespace {

using Clock = std::array<int32_t, kPipes>;  // last instruction of each pipe that is surely complete

constexpr Clock kNothing = [] {
  Clock clock{};
  clock.fill(-1);
  return clock;
}();
constexpr auto kScalar = static_cast<size_t>(Pipe::S), kVector = static_cast<size_t>(Pipe::V);

void merge(Clock& into, const Clock& other) {
  for (size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], other[i]);
}

bool is_flag(const Instr& instr) { return instr.op == Opcode::SetFlag || instr.op == Opcode::WaitFlag; }

struct FlagKey {
  explicit FlagKey(const Instr& instr) : index(static_cast<size_t>((instr.arg[0] & 7) << 7 | (instr.arg[1] & 7) << 4 | (instr.arg[2] & 15))) {}
  static constexpr size_t kCount = 1024;
  size_t index;
};

class StreamChecker {
 public:
  StreamChecker(const Soc& soc, const IssuedProgram& issued, size_t limit)
      : soc_(soc), limits_(soc), issued_(issued), program_(issued.view()), limit_(limit), flags_(FlagKey::kCount) {
    clocks_.fill(kNothing);
    collect();
  }

  std::vector<Finding> run() {
    for (bool moved = true; moved && findings_.size() < limit_;) {
      moved = issue();
      for (size_t p = 0; p < kPipes; ++p)
        if (p != kScalar) moved |= advance(p);
    }
    if (findings_.size() < limit_) report_end();
    if (findings_.size() > limit_) findings_.resize(limit_);
    for (Finding& finding : findings_)
      for (int32_t* index : {&finding.first, &finding.second})
        if (*index >= 0) *index = issued_.index(*index);
    return std::move(findings_);
  }

 private:
  struct Flag {
    int32_t setter = -1;     // of a set nobody has waited for yet; -1: the flag is 0
    int32_t last_wait = -1;
    Clock clock = kNothing;  // the setter's
  };
  struct Queue {
    std::vector<int32_t> items;  // all instructions of the pipe
    size_t issued = 0, done = 0;
    size_t scalar_seen = 0;      // entries of scalar_clocks_ that are known to the pipe
    bool empty() const { return issued == done; }
  };
  // The scalar unit's knowledge from an instruction on.
  struct ScalarClock {
    int32_t from;
    Clock clock;
  };

  const Instr& instr(int32_t index) const { return program_[static_cast<size_t>(index)]; }
  std::span<const Access> accesses_of(int32_t index) const {
    const auto i = static_cast<size_t>(index);
    return std::span(accesses_).subspan(first_access_[i], first_access_[i + 1] - first_access_[i]);
  }
  void report(Finding::Kind kind, int32_t first, int32_t second, std::string text) {
    if (findings_.size() < limit_) findings_.push_back({kind, first, second, std::move(text)});
  }
  std::string name(int32_t index) const { return instruction_name(issued_, index); }

  // What every instruction touches.
  void collect() {
    IssueState state;
    first_access_.reserve(program_.size() + 1);
    for (size_t i = 0; i < program_.size(); ++i) {
      first_access_.push_back(accesses_.size());
      const auto pipe = static_cast<size_t>(pipe_of(program_[i]));
      if (pipe != kScalar) queues_[pipe].items.push_back(static_cast<int32_t>(i));
      const AccessList list = accesses(program_[i], state);
      Status legal = check_operands(limits_, program_[i]);
      if (legal) legal = check_ranges(limits_, list);
      if (legal) accesses_.insert(accesses_.end(), list.view().begin(), list.view().end());
      else report(Finding::Kind::Operand, static_cast<int32_t>(i), -1, fmt::format("instruction {}: {}", name(static_cast<int32_t>(i)), legal.error().what));
      check_overlap(list, static_cast<int32_t>(i));
      state.apply(program_[i]);
    }
    first_access_.push_back(accesses_.size());
    skip_memory_ = !memory_use(program_).may_conflict();
  }

  // Repeats are pipelined: what one of them reads after another wrote it is only known where each stays at its own place.
  void check_overlap(const AccessList& list, int32_t index) {
    if (instr_info(instr(index).op).pipe != Pipe::V || repeats(instr(index)) < 2) return;
    for (const Access& write : list.view())
      for (const Access& read : list.view()) {
        if (!write.write || read.write || read.buffer != write.buffer || read.begin == write.begin) continue;
        if (read.begin >= write.end || write.begin >= read.end || !overlap(read, write)) continue;
        report(Finding::Kind::Overlap, index, -1, fmt::format("instruction {} reads {} and writes {}: they overlap, and not at the same place", name(index),
                                                              range_text(read.buffer, read.begin, read.end), range_text(write.buffer, write.begin, write.end)));
        return;
      }
  }

  static int64_t repeats(const Instr& instr) {
    const InstrInfo& info = instr_info(instr.op);
    for (int i = 0; i < field_count(info); ++i)
      if (info.fields[i].name == "repeat" || info.fields[i].name == "n_burst") return instr.arg[static_cast<size_t>(i)];
    return 1;
  }

  // Runs of one instruction, few hundred: compared in pairs, outer dimension first.
  static bool overlap(const Access& a, const Access& b) {
    for (int64_t i = 0; i < a.outer; ++i)
      for (int64_t j = 0; j < a.inner; ++j) {
        const int64_t begin = a.begin + i * a.outer_pitch + j * a.inner_pitch, end = begin + a.length;
        if (touches(b, begin, end)) return true;
      }
    return false;
  }
  static bool touches(const Access& b, int64_t begin, int64_t end) {
    const int64_t span = (b.inner - 1) * b.inner_pitch + b.length;
    for (int64_t i = first_ending_after(b.begin + span, b.outer_pitch, begin); i < b.outer && b.begin + i * b.outer_pitch < end; ++i) {
      const int64_t row = b.begin + i * b.outer_pitch, j = first_ending_after(row + b.length, b.inner_pitch, begin);
      if (j < b.inner && row + j * b.inner_pitch < end) return true;
    }
    return false;
  }
  // The smallest i >= 0 with end + i*pitch > place; a far one when there is none.
  static int64_t first_ending_after(int64_t end, int64_t pitch, int64_t place) {
    if (end > place) return 0;
    return pitch > 0 ? (place - end) / pitch + 1 : INT32_MAX;
  }

  // The scalar unit: in program order until a queue is full, a full barrier has to wait or a flag is missing.
  bool issue() {
    const int32_t first = next_;
    for (; next_ < static_cast<int32_t>(program_.size()); ++next_) {
      const auto pipe = static_cast<size_t>(pipe_of(instr(next_)));
      if (pipe == kScalar) {
        if (!execute(next_, kScalar)) break;
        continue;
      }
      Queue& queue = queues_[pipe];
      if (queue.issued - queue.done >= static_cast<size_t>(soc_.queue_depth)) break;
      ++queue.issued;
    }
    return next_ != first;
  }

  bool advance(size_t p) {
    Queue& queue = queues_[p];
    const size_t before = queue.done;
    while (queue.done < queue.issued && execute(queue.items[queue.done], p)) ++queue.done;
    return queue.done != before;
  }

  bool execute(int32_t index, size_t p) {
    const Instr& current = instr(index);
    Clock& clock = clocks_[p];
    if (p != kScalar) {
      size_t& seen = queues_[p].scalar_seen;
      for (; seen < scalar_clocks_.size() && scalar_clocks_[seen].from < index; ++seen) merge(clock, scalar_clocks_[seen].clock);
    }
    if (current.op == Opcode::PipeBarrier) {
      if (current.arg[0] == kPipeAll && !drain()) return false;
      clock[p] = index;
    } else if (is_flag(current)) {
      if (!pass_flag(current, index, p)) return false;
    } else {
      for (const Access& access : accesses_of(index))
        if (!skip_memory_ || access.buffer != Buffer::GM) touch(access, index, p);
      report_races(index, p);
    }
    // A vector instruction may start before the one ahead of it has written its result.
    if (p != kVector) clock[p] = index;
    if (p == kScalar && (is_flag(current) || current.op == Opcode::PipeBarrier)) scalar_clocks_.push_back({index, clock});
    return true;
  }

  bool drain() {
    if (!std::ranges::all_of(queues_, &Queue::empty)) return false;
    for (size_t p = 0; p < kPipes; ++p) {
      merge(clocks_[kScalar], clocks_[p]);
      const Queue& queue = queues_[p];
      if (queue.done > 0) clocks_[kScalar][p] = std::max(clocks_[kScalar][p], queue.items[queue.done - 1]);
    }
    return true;
  }

  bool pass_flag(const Instr& current, int32_t index, size_t p) {
    const auto& a = current.arg;
    Flag& flag = flags_[FlagKey(current).index];
    if (current.op == Opcode::WaitFlag) {
      if (flag.setter < 0) return false;
      flag.setter = -1;
      flag.last_wait = index;
      merge(clocks_[p], flag.clock);
      return true;
    }
    if (a[field::kEvent] >= soc_.event_ids)
      report(Finding::Kind::Flag, index, -1, fmt::format("instruction {}: event {} does not exist on {} ({} for each pair of pipes)", name(index), a[field::kEvent],
                                                         soc_.name, soc_.event_ids));
    const auto waiter = static_cast<size_t>(a[field::kDstPipe]);
    if (flag.setter >= 0)
      report(Finding::Kind::Flag, flag.setter, index, fmt::format("instruction {} sets a flag that instruction {} set and nothing has waited for", name(index), name(flag.setter)));
    else if (flag.last_wait >= 0 && waiter < kPipes && waiter != p && clocks_[p][waiter] < flag.last_wait)
      report(Finding::Kind::Flag, flag.last_wait, index, fmt::format("instruction {} may set its flag again before instruction {} has waited for the one before", name(index), name(flag.last_wait)));
    flag.setter = index;
    flag.clock = clocks_[p];
    flag.clock[p] = index;
    return true;
  }

  struct Conflict {
    int32_t old;
    bool old_write, write;
    Buffer buffer;
    int64_t begin, end;
  };

  void touch(const Access& access, int32_t index, size_t p) {
    ByteHistory& history = history_[static_cast<size_t>(access.buffer)];
    const Clock& clock = clocks_[p];
    const auto late = [&](size_t pipe, int32_t old) { return old >= 0 && clock[pipe] < old && (pipe != p || p == kVector); };
    const auto conflict = [&](int32_t old, bool old_write, int64_t begin, int64_t end) {
      if (old == index) return;
      const auto same = std::ranges::find_if(conflicts_, [&](const Conflict& c) { return c.old == old && c.old_write == old_write && c.write == access.write && c.buffer == access.buffer; });
      if (same == conflicts_.end()) conflicts_.push_back({old, old_write, access.write, access.buffer, begin, end});
      else same->begin = std::min(same->begin, begin), same->end = std::max(same->end, end);
    };
    const auto visit = [&](Touches& past, int64_t begin, int64_t end) {
      if (late(static_cast<size_t>(past.write_pipe), past.write)) conflict(past.write, true, begin, end);
      if (!access.write) {
        past.read[p] = index;
        return;
      }
      for (size_t q = 0; q < kPipes; ++q)
        if (q != p && late(q, past.read[q])) conflict(past.read[q], false, begin, end);
      past = Touches{};
      past.write = index;
      past.write_pipe = static_cast<int32_t>(p);
    };
    for (int64_t i = 0; i < access.outer; ++i)
      for (int64_t j = 0; j < access.inner; ++j) {
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
        history.for_each(begin, begin + access.length, visit);
      }
  }

  void report_races(int32_t index, size_t p) {
    for (const Conflict& c : conflicts_) {
      // In program order; a pipe may have run ahead of it.
      const bool swapped = c.old > index;
      const int32_t first = swapped ? index : c.old, second = swapped ? c.old : index;
      const bool writes_first = swapped ? c.write : c.old_write, writes_second = swapped ? c.old_write : c.write;
      const std::string place = range_text(c.buffer, c.begin, c.end);
      if (static_cast<size_t>(pipe_of(instr(c.old))) == p)
        report(Finding::Kind::Barrier, first, second, fmt::format("instruction {} and {} both use {}: the pipe is pipelined, pipe_barrier({}) must be between them", name(first), name(second), place, kPipeNames[p]));
      else
        report(Finding::Kind::Race, first, second, fmt::format("instruction {} and {} conflict on {}: {} then {}, nothing orders them", name(first), name(second), place,
                                                               writes_first ? "write" : "read", writes_second ? "write" : "read"));
    }
    conflicts_.clear();
  }

  void report_end() {
    if (next_ < static_cast<int32_t>(program_.size()) || !std::ranges::all_of(queues_, &Queue::empty)) return report_stuck();
    for (const Flag& flag : flags_)
      if (flag.setter >= 0) report(Finding::Kind::Flag, flag.setter, -1, fmt::format("instruction {} sets a flag that nothing waits for", name(flag.setter)));
  }

  // Whom a pipe waits for, and a text that says why; kPipes: for nobody.
  struct Wait {
    size_t for_pipe = kPipes;
    int32_t at = -1;
    std::string text;
  };

  Wait wait_of(size_t p) const {
    if (p == kScalar && next_ == static_cast<int32_t>(program_.size())) return {};
    if (p != kScalar && queues_[p].empty()) return {};
    const int32_t head = p == kScalar ? next_ : queues_[p].items[queues_[p].done];
    if (instr(head).op == Opcode::WaitFlag) return wait_for_flag(p, head);
    // Only the scalar unit stands at anything else: at a full barrier or at a full queue.
    size_t busy = static_cast<size_t>(pipe_of(instr(head)));
    if (busy == kScalar) busy = static_cast<size_t>(std::ranges::find_if(queues_, [](const Queue& queue) { return !queue.empty(); }) - queues_.begin());
    const bool barrier = instr(head).op == Opcode::PipeBarrier && instr(head).arg[0] == kPipeAll;
    return {busy, head, fmt::format("{} waits for {} ({} {})", kPipeNames[p], kPipeNames[busy], barrier ? "to drain it at instruction" : "whose queue is full at instruction", name(head))};
  }

  // The set that is still to come decides: it stands in its pipe's queue, or the scalar unit has not issued it.
  Wait wait_for_flag(size_t p, int32_t head) const {
    const size_t key = FlagKey(instr(head)).index;
    const auto sets = [&](int32_t i) { return instr(i).op == Opcode::SetFlag && FlagKey(instr(i)).index == key; };
    const size_t source = static_cast<size_t>(instr(head).arg[field::kSrcPipe]);
    if (source < kPipes && source != kScalar) {
      const Queue& queue = queues_[source];
      for (size_t i = queue.done; i < queue.issued; ++i)
        if (sets(queue.items[i])) return flag_wait(p, source, head, queue.items[i]);
    }
    for (int32_t i = next_; i < static_cast<int32_t>(program_.size()); ++i)
      if (sets(i)) return flag_wait(p, kScalar, head, i);
    return {kPipes, head, fmt::format("instruction {} waits for a flag that is never set", name(head))};
  }

  Wait flag_wait(size_t p, size_t for_pipe, int32_t head, int32_t set) const {
    return {for_pipe, head, fmt::format("{} waits for {} (instruction {} for the flag of {}{})", kPipeNames[p], kPipeNames[for_pipe], name(head), name(set),
                                        for_pipe == kScalar ? ", not issued yet" : "")};
  }

  void report_stuck() {
    std::array<Wait, kPipes> waits;
    for (size_t p = 0; p < kPipes; ++p) waits[p] = wait_of(p);
    for (size_t p = 0; p < kPipes; ++p)
      if (waits[p].at >= 0 && waits[p].for_pipe == kPipes) report(Finding::Kind::Deadlock, waits[p].at, -1, waits[p].text);
    std::array<bool, kPipes> reported{};
    for (size_t p = 0; p < kPipes; ++p) report_cycle(waits, p, reported);
  }

  // Follows who waits for whom from `start`; a cycle that comes back to it is one finding.
  void report_cycle(const std::array<Wait, kPipes>& waits, size_t start, std::array<bool, kPipes>& reported) {
    if (reported[start]) return;
    size_t p = start;
    std::string text = "deadlock: ";
    for (int steps = 0; steps < kPipes && waits[p].for_pipe < kPipes; ++steps) {
      text += (p == start ? "" : ", ") + waits[p].text;
      p = waits[p].for_pipe;
      if (p != start) continue;
      for (size_t q = start; !reported[q]; q = waits[q].for_pipe) reported[q] = true;
      return report(Finding::Kind::Deadlock, waits[start].at, waits[waits[start].for_pipe].at, std::move(text));
    }
  }

  const Soc& soc_;
  ChipLimits limits_;
  const IssuedProgram& issued_;
  const Program& program_;  // in order of issue
  size_t limit_;
  std::vector<Access> accesses_;  // of all instructions, in program order
  std::vector<size_t> first_access_;
  bool skip_memory_ = false;
  int32_t next_ = 0;
  std::array<Queue, kPipes> queues_;
  std::array<Clock, kPipes> clocks_;
  std::vector<ScalarClock> scalar_clocks_;
  std::vector<Flag> flags_;
  std::array<ByteHistory, kBuffers> history_;
  std::vector<Conflict> conflicts_;  // of the instruction at hand
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_stream(const Soc& soc, const Program& program, size_t limit, BlockId block) {
  const auto issued = issue_all(program, block);
  if (!issued) return {{Finding::Kind::Flow, -1, -1, issued.error().message()}};
  return StreamChecker(soc, *issued, limit).run();
}

}  // namespace npu
