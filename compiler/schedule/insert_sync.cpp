// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/insert_sync.h"

#include <algorithm>
#include <array>

namespace npu {
namespace {

constexpr int kBeforeAll = -1;

// Index of the last instruction of each pipe that is known to be complete.
using Clock = std::array<int, kPipes>;

void merge(Clock& into, const Clock& other) {
  for (size_t i = 0; i < into.size(); ++i) into[i] = std::max(into[i], other[i]);
}

// Pieces of `length` bytes at equal distances; one piece: pitch 0.
struct Pieces {
  int64_t begin, end, length, pitch;

  explicit Pieces(const Access& access) : begin(access.begin), end(access.end), length(end - begin), pitch(0) {
    if (access.buffer != Buffer::GM || (access.outer > 1 && access.inner > 1)) return;
    pitch = access.outer > 1 ? access.outer_pitch : access.inner > 1 ? access.inner_pitch : 0;
    if (pitch > 0) length = access.length;
  }

  // Tiles of one tensor lie between each other without touching.
  bool meets(const Pieces& other) const {
    if (begin >= other.end || other.begin >= end) return false;
    const int64_t step = pitch > 0 ? pitch : other.pitch;
    const bool like = (pitch == 0 || other.pitch == 0 || pitch == other.pitch) && length <= step && other.length <= step;
    return !like || way_to(other, step) < length || other.way_to(*this, step) < other.length;
  }
  bool covers(const Pieces& other) const {
    if (begin > other.begin || other.end > end) return false;
    return pitch == 0 || (pitch == other.pitch && way_to(other, pitch) + other.length <= length);
  }

 private:
  // From the begin of this one's pieces, which are `step` apart, to the next begin of the other's.
  int64_t way_to(const Pieces& other, int64_t step) const { return ((other.begin - begin) % step + step) % step; }
};

struct Touch {
  Pieces bytes;
  int pipe;
  int index;
  bool write;
};

// What instructions so far did to one buffer, pruned to what later ones can still conflict with.
class BufferHistory {
 public:
  template <class F>
  void for_each_conflict(const Access& access, F&& visit) const {
    if (!may_conflict(access)) return;
    const Pieces bytes(access);
    for (const Touch& touch : touches_)
      if ((touch.write || access.write) && touch.bytes.meets(bytes)) visit(touch);
  }

  void add(const Access& access, int pipe, int index) {
    const Pieces bytes(access);
    if (may_overlap(access))
      std::erase_if(touches_, [&](const Touch& old) { return (access.write || (!old.write && old.pipe == pipe)) && bytes.covers(old.bytes); });
    touches_.push_back({bytes, pipe, index, access.write});
    Hull& hull = hulls_[access.write];
    hull.begin = std::min(hull.begin, access.begin);
    hull.end = std::max(hull.end, access.end);
  }

 private:
  struct Hull {
    int64_t begin = INT64_MAX, end = INT64_MIN;
    bool overlaps(const Access& a) const { return begin < a.end && a.begin < end; }
  };
  bool may_conflict(const Access& a) const { return hulls_[1].overlaps(a) || (a.write && hulls_[0].overlaps(a)); }
  bool may_overlap(const Access& a) const { return hulls_[0].overlaps(a) || hulls_[1].overlaps(a); }

  std::vector<Touch> touches_;
  std::array<Hull, 2> hulls_;
};

class Synchroniser {
 public:
  Synchroniser(const Soc& soc, const Program& program)
      : program_(program), event_ids_(soc.event_ids), known_(program.size()) {
    for (Clock& clock : clocks_) clock.fill(kBeforeAll);
    last_.fill(kBeforeAll);
  }

  Program run() {
    IssueState state;
    for (int i = 0; i < static_cast<int>(program_.size()); ++i) {
      const Instr& instr = program_[static_cast<size_t>(i)];
      order(i, static_cast<int>(pipe_of(instr)), accesses(instr, state));
      state.apply(instr);
    }
    return materialise();
  }

 private:
  void order(int index, int pipe, const AccessList& list) {
    Clock need;
    need.fill(kBeforeAll);
    bool same_pipe = false;
    for (const Access& access : list.view())
      history_[static_cast<size_t>(access.buffer)].for_each_conflict(access, [&](const Touch& touch) {
        if (touch.pipe != pipe) {
          need[static_cast<size_t>(touch.pipe)] = std::max(need[static_cast<size_t>(touch.pipe)], touch.index);
        } else if (touch.write && touch.index > vector_barrier_) {
          same_pipe = true;
        }
      });
    if (pipe == static_cast<int>(Pipe::V) && same_pipe) {
      before(index, Opcode::PipeBarrier, {static_cast<int64_t>(Pipe::V)});
      vector_barrier_ = index - 1;
    }
    satisfy(need, index, pipe);
    Clock& clock = clocks_[static_cast<size_t>(pipe)];
    known_[static_cast<size_t>(index)] = clock;
    clock[static_cast<size_t>(pipe)] = index;
    last_[static_cast<size_t>(pipe)] = index;
    for (const Access& access : list.view()) history_[static_cast<size_t>(access.buffer)].add(access, pipe, index);
  }

  // The latest need first: its flag often orders the earlier ones too.
  void satisfy(Clock need, int index, int pipe) {
    Clock& clock = clocks_[static_cast<size_t>(pipe)];
    for (;;) {
      const auto latest = std::ranges::max_element(need);
      const auto from = static_cast<size_t>(latest - need.begin());
      if (*latest == kBeforeAll) return;
      if (clock[from] < *latest) add_flag(static_cast<int>(from), *latest, pipe, index);
      *latest = kBeforeAll;
    }
  }

  void add_flag(int from, int producer, int pipe, int index) {
    // An id is free when the wait that used it last is known to be over where the new set happens. Setting right after
    // the producer is best; after the newest instruction of its pipe more is known.
    for (int set_after : {producer, last_[static_cast<size_t>(from)]}) {
      const Clock& known = known_[static_cast<size_t>(set_after)];
      for (int event = 0; event < event_ids_; ++event) {
        int& last_wait = last_wait_[static_cast<size_t>(from)][static_cast<size_t>(pipe)][static_cast<size_t>(event)];
        if (known[static_cast<size_t>(pipe)] < last_wait) continue;
        after(set_after, Opcode::SetFlag, {from, pipe, event});
        before(index, Opcode::WaitFlag, {from, pipe, event});
        last_wait = index;
        Clock& clock = clocks_[static_cast<size_t>(pipe)];
        merge(clock, known);
        clock[static_cast<size_t>(from)] = std::max(clock[static_cast<size_t>(from)], set_after);
        return;
      }
    }
    before(index, Opcode::PipeBarrier, {kPipeAll});
    for (Clock& clock : clocks_) merge(clock, last_);
    for (auto& by_pipe : last_wait_)
      for (auto& by_event : by_pipe) by_event.fill(kBeforeAll);
    vector_barrier_ = index - 1;
  }

  void before(int index, Opcode op, std::initializer_list<int64_t> args) { added_.push_back({2 * index, make_instr(op, args)}); }
  void after(int index, Opcode op, std::initializer_list<int64_t> args) { added_.push_back({2 * index + 1, make_instr(op, args)}); }

  Program materialise() {
    std::ranges::stable_sort(added_, {}, &Added::place);
    Program result;
    result.reserve(program_.size() + added_.size() + 1);
    auto next = added_.begin();
    const auto take = [&](int place) {
      for (; next != added_.end() && next->place == place; ++next) result.push_back(next->instr);
    };
    Program prefixes;  // stay beside the instruction they change
    for (int i = 0; i < static_cast<int>(program_.size()); ++i) {
      const Instr& instr = program_[static_cast<size_t>(i)];
      take(2 * i);
      if (instr.op == Opcode::AddXnToOperand) {
        prefixes.push_back(instr);
        take(2 * i + 1);
        continue;
      }
      result.insert(result.end(), prefixes.begin(), prefixes.end());
      prefixes.clear();
      result.push_back(instr);
      take(2 * i + 1);
    }
    result.push_back(make_instr(Opcode::PipeBarrier, {kPipeAll}));
    return result;
  }

  struct Added {
    int place;  // twice the index of the instruction it stands before, one more if it stands after it
    Instr instr;
  };

  static constexpr size_t kMaxEvents = 16;
  const Program& program_;
  int event_ids_;
  std::vector<Added> added_;
  std::vector<Clock> known_;             // the issuing pipe's clock at each instruction
  std::array<Clock, kPipes> clocks_;
  Clock last_;
  int vector_barrier_ = kBeforeAll;
  std::array<BufferHistory, kBuffers> history_;
  std::array<std::array<std::array<int, kMaxEvents>, kPipes>, kPipes> last_wait_ = [] {
    std::array<std::array<std::array<int, kMaxEvents>, kPipes>, kPipes> none;
    for (auto& by_pipe : none)
      for (auto& by_event : by_pipe) by_event.fill(kBeforeAll);
    return none;
  }();
};

}  // namespace

Program insert_sync(const Soc& soc, const Program& program) { return Synchroniser(soc, program).run(); }

}  // namespace npu
