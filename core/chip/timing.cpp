// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "core/base/math.h"
#include "core/chip/chip.h"
#include "core/isa/operands.h"

namespace npu {
namespace {

// GM is read and written in lines of this many bytes (smallest public L2 transaction); shorter bursts waste the rest.
constexpr int64_t kGmLine = 64;
// UB -> UB copies: 1024 GiB/s at 1.85 GHz in the public a2a3 cost model.
constexpr double kUbToUbRate = 594;
// L0C -> GM through FIX: 70 GiB/s at 1.85 GHz in the same model.
constexpr double kFixRate = 40.6;
// L1 -> BT: 32 GiB/s at 1.85 GHz in the same model.
constexpr double kBtRate = 18.5;

struct Transfer {
  int64_t bursts = 1;
  int64_t bytes = 0;        // of one burst
  int64_t gm_address = -1;  // -1: does not touch GM
  int64_t gm_span = 0;      // from the first to the last byte in GM
  bool gm_write = false;
};

Transfer transfer_of(const Instr& instr) {
  using namespace field;
  const auto& a = instr.arg;
  const InstrInfo& info = instr_info(instr.op);
  const auto gm = [&](int64_t bursts, int64_t bytes, int64_t address, int64_t pitch) {
    return Transfer{bursts, bytes, address, bursts > 0 ? (bursts - 1) * pitch + bytes : 0, info.dst == Buffer::GM};
  };
  switch (instr.op) {
    case Opcode::CopyGmToCbuf:
    case Opcode::CopyGmToUbuf:
      return gm(a[kCopyBursts], a[kCopyLength] * 32, a[kCopySrc], (a[kCopyLength] + a[kCopySrcGap]) * 32);
    case Opcode::CopyUbufToGm: return gm(a[kCopyBursts], a[kCopyLength] * 32, a[kCopyDst], (a[kCopyLength] + a[kCopyDstGap]) * 32);
    case Opcode::CopyGmToUbufAlign: return gm(a[kAlignBursts], a[kAlignLength], a[kAlignSrc], a[kAlignLength] + a[kAlignSrcGap]);
    case Opcode::CopyUbufToGmAlign: return gm(a[kAlignBursts], a[kAlignLength], a[kAlignDst], a[kAlignLength] + a[kAlignDstGap]);
    case Opcode::CopyGmToCbufNd2Nz: return gm(a[kNdRows], a[kNdCols] * 2, a[kNdSrc], a[kNdSrcPitch] * 2);
    case Opcode::CopyMatrixCcToGm: {
      const int64_t size = kCopyModes[static_cast<size_t>(a[kFixMode])].size;
      if (a[kFixNz2Nd] != 0) return gm(a[kFixM], a[kFixN] * size, a[kFixDst], a[kFixDstStride]);
      return gm(ceil_div(a[kFixN], size == 1 ? 32 : 16), a[kFixM] * std::max<int64_t>(32, size * 16), a[kFixDst], a[kFixDstStride] * 32);
    }
    case Opcode::CopyMatrixCcToCbuf: return {ceil_div(a[kFixN], 16), a[kFixM] * 64};
    case Opcode::CopyCbufToFbuf: return {a[kCopyBursts], a[kCopyLength] * 64};
    case Opcode::LoadCbufToCa:
    case Opcode::LoadCbufToCb: return {a[kLoadRepeat], kFractalBytes};
    case Opcode::Img2ColV2CbufToCa: return {1, ceil_div(a[kImStepK], c0_of_type(a[kImType])) * align_up(a[kImStepM], 16) * 32};
    case Opcode::CopyMatrixCcToUbuf: return {a[kCcBursts], a[kCcLength] * 1024};
    case Opcode::BroadcastUbToCc: return {a[kBcBursts], a[kBcLength] * 1024};
    case Opcode::CopyCbufToBt: return {1, a[2] * 64};
    default: return {a[kCopyBursts], a[kCopyLength] * 32};
  }
}

// Seconds do not appear here: everything is in cycles of the cube's clock.
class Costs {
 public:
  Costs(const Soc& soc, int64_t active_cores, const TimingContext& context) : soc_(soc), context_(context) {
    const double share = soc.ddr_gbps * 1e3 / soc.cube_mhz / static_cast<double>(std::max<int64_t>(1, active_cores));
    ddr_read_ = std::min<double>(soc.ddr_read, share);
    ddr_write_ = std::min<double>(soc.ddr_write, share);
  }

  // Cycles without head and tail.
  int64_t work(const Instr& instr, TaskTiming& totals) const {
    const InstrInfo& info = instr_info(instr.op);
    switch (info.work) {
      case Work::One: return info.cost.slope;
      case Work::Repeat: return info.cost.slope * repeats(instr);
      case Work::Fractals:
        return info.cost.slope * MadShape(instr).steps(instr);
      case Work::Transfer: break;
    }
    return move(instr, info, totals);
  }

 private:
  static int64_t repeats(const Instr& instr) {
    const InstrInfo& info = instr_info(instr.op);
    for (int i = 0; i < field_count(info); ++i)
      if (info.fields[i].name == "repeat") return instr.arg[static_cast<size_t>(i)];
    return 1;
  }

  int64_t move(const Instr& instr, const InstrInfo& info, TaskTiming& totals) const {
    const Transfer t = transfer_of(instr);
    const int64_t bytes = t.bursts * t.bytes;
    if (t.gm_address < 0) return rounded(static_cast<double>(bytes) / on_chip_rate(instr.op, info));
    (t.gm_write ? totals.gm_write_bytes : totals.gm_read_bytes) += bytes;
    const double hit = context_.l2_hit ? context_.l2_hit(t.gm_address, t.gm_span, t.gm_write) : 0.0;
    const double moved = static_cast<double>(t.bursts * align_up(t.bytes, kGmLine));
    const double l2 = t.gm_write ? soc_.l2_write : soc_.l2_read;
    double cycles = moved * hit / l2 + moved * (1 - hit) / std::min(l2, t.gm_write ? ddr_write_ : ddr_read_);
    if (info.pipe == Pipe::FIX) cycles = std::max(cycles, static_cast<double>(bytes) / kFixRate);
    return rounded(cycles);
  }

  double on_chip_rate(Opcode op, const InstrInfo& info) const {
    if (op == Opcode::CopyUbufToUbuf) return kUbToUbRate;
    if (info.dst == Buffer::L0A) return soc_.l1_to_l0a;
    if (info.dst == Buffer::L0B) return soc_.l1_to_l0b;
    if (info.dst == Buffer::BT || info.dst == Buffer::FB) return kBtRate;
    if (op == Opcode::CopyMatrixCcToCbuf) return kFixRate;
    if (info.dst == Buffer::L1) return soc_.ub_to_l1;
    return soc_.l0c_to_ub;
  }

  static int64_t rounded(double cycles) { return std::max<int64_t>(1, static_cast<int64_t>(cycles + 0.999)); }

  const Soc& soc_;
  const TimingContext& context_;
  double ddr_read_, ddr_write_;
};

// One core's pipes running one block. The result does not depend on the order in which pipes are advanced: each is a
// queue, and they only meet in flags and queue slots, whose times are known when they are passed.
class CoreTimeline {
 public:
  CoreTimeline(const Soc& soc, const Costs& costs, int core, int block, int64_t start, const Program& program, TaskTiming& result, bool events)
      : soc_(soc), costs_(costs), core_(core), block_(block), program_(program), result_(result), events_(events), issue_time_(start) {
    for (PipeState& pipe : pipes_) pipe.free = start;
  }

  Result<int64_t> run() {
    for (;;) {
      const bool issued = issue();
      bool advanced = false;
      for (int p = 0; p < kPipes; ++p) advanced |= advance(p);
      if (next_ == program_.size() && queues_empty()) return drained();
      if (!issued && !advanced) return stuck();
    }
  }

 private:
  struct Queued {
    int32_t index;
    int64_t issued;
  };
  struct PipeState {
    std::deque<Queued> queue;
    std::deque<int64_t> started;  // start times of the last queue_depth instructions: when their slots became free
    int64_t free = 0;
    int64_t tail = 0;
  };

  bool queues_empty() const {
    return std::ranges::all_of(pipes_, [](const PipeState& pipe) { return pipe.queue.empty(); });
  }
  int64_t drained() const {
    int64_t end = issue_time_;
    for (const PipeState& pipe : pipes_) end = std::max(end, pipe.free + pipe.tail);
    return end;
  }

  std::unexpected<Error> stuck() const {
    for (const PipeState& pipe : pipes_)
      if (!pipe.queue.empty()) {
        const int32_t index = pipe.queue.front().index;
        return fail(ErrorKind::InvalidProgram, fmt::format("instruction {}: {}", index, disassemble(program_[static_cast<size_t>(index)])),
                    "waits for a flag that is never set");
      }
    return fail(ErrorKind::InvalidProgram, fmt::format("instruction {}", next_), "cannot be issued");
  }

  // The scalar unit: one instruction a cycle, in order, until a queue is full or a full barrier waits.
  bool issue() {
    const size_t first = next_;
    for (; next_ < program_.size(); ++next_) {
      const Instr& instr = program_[next_];
      const Pipe pipe = pipe_of(instr);
      if (pipe == Pipe::S) {
        if (instr.op == Opcode::PipeBarrier && instr.arg[0] == kPipeAll) {
          if (!queues_empty()) break;
          issue_time_ = drained();
          for (PipeState& state : pipes_) state.free = issue_time_, state.tail = 0;
        }
        record(static_cast<int32_t>(next_), Pipe::S, issue_time_, issue_time_ + 1);
        ++issue_time_;
        continue;
      }
      PipeState& state = pipes_[static_cast<size_t>(pipe)];
      const auto depth = static_cast<size_t>(soc_.queue_depth);
      if (state.queue.size() >= depth) break;
      if (state.queue.size() + state.started.size() >= depth) {
        issue_time_ = std::max(issue_time_, state.started.front());
        state.started.pop_front();
      }
      state.queue.push_back({static_cast<int32_t>(next_), issue_time_++});
    }
    return next_ != first;
  }

  bool advance(int p) {
    PipeState& pipe = pipes_[static_cast<size_t>(p)];
    bool moved = false;
    while (!pipe.queue.empty() && execute(p, pipe)) {
      pipe.queue.pop_front();
      moved = true;
    }
    return moved;
  }

  std::vector<int64_t>& flag(const Instr& instr) {
    const auto& a = instr.arg;
    return flags_[static_cast<size_t>((a[field::kSrcPipe] * 8 + a[field::kDstPipe]) * 16 + a[field::kEvent]) % flags_.size()];
  }

  bool execute(int p, PipeState& pipe) {
    const Queued head = pipe.queue.front();
    const Instr& instr = program_[static_cast<size_t>(head.index)];
    const int64_t ready = std::max(head.issued, pipe.free);
    int64_t start = ready, end = ready + 1;
    if (instr.op == Opcode::WaitFlag) {
      auto& waiting = flag(instr);
      if (waiting.empty()) return false;
      end = std::max(ready, waiting.front()) + 1;
      waiting.erase(waiting.begin());
    } else if (instr.op == Opcode::SetFlag) {
      flag(instr).push_back(std::max(end, pipe.free + pipe.tail));
    } else if (instr.op == Opcode::PipeBarrier) {
      end = std::max(end, pipe.free + pipe.tail);
      pipe.tail = 0;
    } else {
      const Cost& cost = instr_info(instr.op).cost;
      const bool idle = head.issued >= pipe.free || after_sync_[static_cast<size_t>(p)];
      end = ready + costs_.work(instr, result_) + (idle ? cost.head : 0);
      pipe.tail = cost.tail;
      PipeTotals& totals = result_.pipes[static_cast<size_t>(p)];
      totals.busy += end - start;
      ++totals.instructions;
    }
    after_sync_[static_cast<size_t>(p)] = instr_info(instr.op).work == Work::One;
    pipe.free = end;
    pipe.started.push_back(start);
    if (pipe.started.size() > static_cast<size_t>(soc_.queue_depth)) pipe.started.pop_front();
    record(head.index, static_cast<Pipe>(p), start, end);
    return true;
  }

  void record(int32_t index, Pipe pipe, int64_t start, int64_t end) {
    if (events_) result_.events.push_back({core_, block_, index, pipe, start, end});
  }

  const Soc& soc_;
  const Costs& costs_;
  int core_, block_;
  const Program& program_;
  TaskTiming& result_;
  bool events_;
  size_t next_ = 0;
  int64_t issue_time_;
  std::array<PipeState, kPipes> pipes_;
  std::array<bool, kPipes> after_sync_{};
  std::array<std::vector<int64_t>, 8 * 8 * 16> flags_;  // times at which a flag was set and not yet waited for
};

}  // namespace

Result<TaskTiming> time_task(const Soc& soc, std::span<const Program> blocks, bool vector_task, const TimingContext& context) {
  const auto cores = static_cast<size_t>(soc.cores_for(vector_task));
  const Costs costs(soc, static_cast<int64_t>(std::min(blocks.size(), cores)), context);
  TaskTiming timing;
  std::vector<int64_t> core_end(cores, 0);
  for (size_t i = 0; i < blocks.size(); ++i) {
    const size_t core = i % cores;
    CoreTimeline timeline(soc, costs, static_cast<int>(core), static_cast<int>(i), core_end[core], blocks[i], timing, context.want_events);
    auto end = timeline.run();
    if (!end) {
      end.error().where = fmt::format("block {}, {}", i, end.error().where);
      return std::unexpected(end.error());
    }
    core_end[core] = *end;
  }
  timing.cycles = core_end.empty() ? 0 : *std::ranges::max_element(core_end);
  return timing;
}

}  // namespace npu
