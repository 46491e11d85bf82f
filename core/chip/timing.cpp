// SPDX-License-Identifier: Apache-2.0
#include "core/chip/timing.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/chip/core_timeline.h"
#include "core/chip/cross_core.h"
#include "core/chip/l2_cache.h"
#include "core/chip/timing_cost.h"
#include "core/isa/fetch.h"

namespace npu {
namespace {

struct GmStep {
  uint32_t index = 0;
  GmTransfer transfer;
  L2Cache::Outcome outcome;
};

// Iterations of a loop that are not followed one by one: they take as long as those before them.
struct Skip {
  size_t position = 0;     // before this step
  int64_t iterations = 0;
  size_t period = 0;       // steps of one iteration
  bool operator==(const Skip&) const = default;
};
constexpr int64_t kFollowed = 160;  // iterations of such a loop: the queues are full by then; the second half of them is measured

// One block's stream, ready for the event simulation once L2 and the shared memory have been asked.
struct Stream {
  std::vector<Step> steps;
  std::vector<GmStep> gm;
  std::vector<Skip> skips;
  Activity activity;

  int64_t missed() const {
    int64_t bytes = 0;
    for (const GmStep& step : gm) bytes += step.transfer.write ? step.outcome.evicted : step.outcome.miss;
    return bytes;
  }
};

Stream make_stream(const Soc& soc, const Program& program) {
  Stream stream;
  stream.steps.reserve(program.size());
  IssueState state;
  for (const Instr& instr : program) {
    const InstrInfo& info = instr_info(instr.op);
    if (info.pipe == Pipe::S) state.apply(instr);
    if (touches_gm(info)) {
      stream.gm.push_back({static_cast<uint32_t>(stream.steps.size()), gm_transfer(instr, state), {}});
      stream.steps.emplace_back();
      ++stream.activity.instructions;
      continue;
    }
    stream.steps.push_back(step_of(soc, instr, stream.activity));
  }
  return stream;
}

// As issue_all, but what depends on data is taken as the program has it, and a loop without GM copies in it is left out after its first iterations but for the last one.
Result<IssuedProgram> issue_samples(const Program& program, BlockId block, std::vector<Skip>& skips) {
  IssuedProgram issued;
  if (is_straight(program)) return issue_all(program, block);
  Fetch fetch(program, nullptr, block, int64_t{1} << 40);
  fetch.guess_operands();
  Fetch::Loop running;
  int64_t followed = 0;
  size_t iteration_start = 0;
  while (const Instr* instr = fetch.next()) {
    if (std::ssize(issued.instrs) > kIssuedBudget) return fail(ErrorKind::InvalidProgram, "", fmt::format("more than {} instructions are issued", kIssuedBudget));
    issued.instrs.push_back(*instr);
    issued.indices.push_back(fetch.index());
    const auto loop = fetch.innermost_loop();
    if (!loop || (loop->begin == running.begin && loop->left == running.left)) continue;
    const bool next_iteration = loop->begin == running.begin && loop->left == running.left - 1;
    running = *loop;
    followed = next_iteration ? followed + 1 : 0;
    const size_t period = issued.instrs.size() - std::exchange(iteration_start, issued.instrs.size());
    if (followed < kFollowed || loop->left < 3) continue;
    const auto body = std::span(program).subspan(static_cast<size_t>(loop->begin), static_cast<size_t>(loop->end - loop->begin));
    if (std::ranges::any_of(body, [](const Instr& i) { return touches_gm(instr_info(i.op)) || is_cross_core(i.op); })) continue;
    const int64_t skipped = fetch.skip_iterations(loop->left - 1);
    if (skipped > 0) skips.push_back({issued.instrs.size(), skipped, period});
    running.left -= skipped;
  }
  if (fetch.error()) return std::unexpected(*fetch.error());
  return issued;
}

uint64_t hash_of(const std::vector<Step>& steps) {
  uint64_t hash = steps.size();
  for (const Step& step : steps) {
    const uint64_t word = static_cast<uint64_t>(static_cast<uint32_t>(step.cycles)) << 32 | static_cast<uint64_t>(step.tail) << 16 | step.flag;
    const uint64_t rest = static_cast<uint64_t>(step.kind) << 16 | static_cast<uint64_t>(step.pipe) << 8 | step.head;
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    hash = (hash ^ hash >> 29 ^ rest) * 0xbf58476d1ce4e5b9u;
  }
  return hash;
}

struct BlockTiming {
  std::vector<Step> steps;
  std::vector<Skip> skips;
  int64_t cycles = 0;
  std::array<PipeTotals, kPipes> pipes{};
  std::vector<TraceEvent> events;
};

}  // namespace

struct ChipTimer::State {
  explicit State(const Soc& chip) : soc(chip), l2(chip.l2, chip.l2_managed) {}

  L2Cache::Outcome access(int64_t address, int64_t bytes, bool write);
  void ask_l2(std::span<Stream> wave);
  Activity finish_wave(std::span<Stream> wave, std::span<const IssuedProgram> programs);
  Result<std::vector<BlockTiming>> time_together(std::span<const Stream> wave, bool events, std::span<const IssuedProgram> programs);
  Result<const BlockTiming*> time_block(Stream& stream, bool events, const IssuedProgram& program, size_t block);

  const Soc& soc;
  L2Cache l2;
  std::vector<std::pair<int64_t, int64_t>> passing;  // address ranges without L2
  int64_t simulated = 0;
  std::unordered_multimap<uint64_t, BlockTiming> known;
};

L2Cache::Outcome ChipTimer::State::access(int64_t address, int64_t bytes, bool write) {
  for (const auto& [begin, end] : passing)
    if (address >= begin && address < end) {
      L2Cache::Outcome outcome = l2.bypass(address, bytes);
      if (write) outcome.evicted = std::exchange(outcome.miss, 0);
      return outcome;
    }
  return l2.access(address, bytes, write);
}

// Blocks that run side by side reach L2 in turns. Who comes first changes from turn to turn: what all of them read is
// fetched by each for its part.
void ChipTimer::State::ask_l2(std::span<Stream> wave) {
  size_t most = 0;
  for (const Stream& stream : wave) most = std::max(most, stream.gm.size());
  const int64_t largest = std::max(soc.l1, soc.ub);
  for (size_t turn = 0; turn < most; ++turn)
    for (size_t i = 0; i < wave.size(); ++i) {
      Stream& stream = wave[(i + turn) % wave.size()];
      if (turn >= stream.gm.size()) continue;
      GmStep& step = stream.gm[turn];
      const GmTransfer& t = step.transfer;
      if (t.pitch == t.bytes || t.bursts == 1) {
        step.outcome = access(t.address, std::min(t.total(), largest), t.write);
        continue;
      }
      // No legal copy moves more than its buffer holds: a bound for streams from damaged files.
      const int64_t bursts = std::min(t.bursts, largest);
      for (int64_t b = 0; b < bursts; ++b) step.outcome += access(t.address + b * t.pitch, std::min(t.bytes, largest), t.write);
    }
}

// The cycles of all GM transfers, now that everybody's demand is known.
Activity ChipTimer::State::finish_wave(std::span<Stream> wave, std::span<const IssuedProgram> programs) {
  int64_t total = 0, most = 0;
  for (const Stream& stream : wave) {
    const int64_t missed = stream.missed();
    total += missed;
    most = std::max(most, missed);
  }
  // How many cores compete for memory: all when they miss alike, one when only one misses.
  const DdrRate rate = ddr_rate(soc, most > 0 ? static_cast<double>(total) / static_cast<double>(most) : 1);
  Activity sum;
  for (size_t i = 0; i < wave.size(); ++i) {
    Activity& activity = wave[i].activity;
    for (const GmStep& gm : wave[i].gm) {
      const Instr& instr = programs[i].view()[gm.index];
      wave[i].steps[gm.index] = gm_step(soc, instr, gm.transfer, gm.outcome, rate);
      const InstrInfo& info = instr_info(instr.op);
      const int64_t bytes = gm.transfer.total();
      (gm.transfer.write ? activity.gm_write_bytes : activity.gm_read_bytes) += bytes;
      activity.l2_bytes += gm.outcome.hit + gm.outcome.miss;
      if (!gm.transfer.write) activity.ddr_read_bytes += gm.outcome.miss;
      activity.ddr_write_bytes += gm.outcome.evicted;
      const Buffer inner = gm.transfer.write ? info.src : info.dst;
      (inner == Buffer::UB ? activity.ub_bytes : inner == Buffer::L1 ? activity.l1_bytes : activity.l0_bytes) += bytes;
    }
    sum += activity;
  }
  return sum;
}

Result<const BlockTiming*> ChipTimer::State::time_block(Stream& stream, bool events, const IssuedProgram& program, size_t block) {
  const uint64_t hash = hash_of(stream.steps);
  for (auto [it, end] = known.equal_range(hash); it != end; ++it)
    if (it->second.steps == stream.steps && it->second.skips == stream.skips && (!events || !it->second.events.empty())) return &it->second;
  ++simulated;
  BlockTiming timing;
  CoreTimeline timeline(soc.queue_depth, events ? &timing.events : nullptr);
  const auto where = [&](size_t index) {
    return fmt::format("block {}, instruction {}: {}", block, program.index(static_cast<int32_t>(index)), disassemble(program.view()[index]));
  };
  const char* const never = "waits for a flag that is never set";
  std::vector<CoreTimeline::Mark> marks;
  if (!stream.skips.empty()) marks.resize(stream.steps.size() + 1);
  size_t skip = 0;
  for (size_t i = 0; i < stream.steps.size(); ++i) {
    if (!marks.empty()) marks[i] = timeline.mark();
    if (skip < stream.skips.size() && stream.skips[skip].position == i) {
      const Skip& s = stream.skips[skip++];
      timeline.repeat(marks[i - s.period * (kFollowed / 2)], s.iterations, kFollowed / 2);
    }
    if (!timeline.issue(stream.steps[i], static_cast<int32_t>(i))) {
      const auto stuck = timeline.finish();
      return fail(ErrorKind::InvalidProgram, where(stuck ? i : static_cast<size_t>(stuck.error())), never);
    }
  }
  const auto end = timeline.finish();
  if (!end) return fail(ErrorKind::InvalidProgram, where(static_cast<size_t>(end.error())), never);
  timing.cycles = *end;
  timing.pipes = timeline.totals();
  timing.steps = std::move(stream.steps);
  timing.skips = std::move(stream.skips);
  return &known.emplace(hash, std::move(timing))->second;
}

// Blocks that wait for each other: each goes on until it needs a flag whose time is not known yet. A setting is seen by
// every block an L2 access later (a guess).
Result<std::vector<BlockTiming>> ChipTimer::State::time_together(std::span<const Stream> wave, bool events, std::span<const IssuedProgram> programs) {
  std::vector<BlockTiming> timings(wave.size());
  std::vector<CoreTimeline> timelines;
  for (BlockTiming& timing : timings) timelines.emplace_back(soc.queue_depth, events ? &timing.events : nullptr);
  const auto stuck = [&](size_t b, size_t index) {
    return fail(ErrorKind::InvalidProgram, fmt::format("block {}, instruction {}: {}", b, programs[b].index(static_cast<int32_t>(index)), disassemble(programs[b].view()[index])), "waits for a flag that is never set");
  };
  std::vector<size_t> next(wave.size(), 0);
  std::vector<bool> waits(wave.size());
  CrossCoreFlags flags(wave.size());
  NPU_CHECK(run_in_turns(wave.size(), flags, [&](size_t b) -> Result<const Instr*> {
    const std::vector<Step>& steps = wave[b].steps;
    if (waits[b]) {  // its flag was taken: set when the last block was there
      const Step& wait = steps[next[b]];
      const auto number = static_cast<size_t>(flags.taken(b, wait.flag)) - 1;
      int64_t time = 0;
      for (const CoreTimeline& other : timelines) {
        if (other.arrivals(wait.flag).size() <= number) return stuck(b, next[b]);
        time = std::max(time, other.arrivals(wait.flag)[number]);
      }
      timelines[b].wait_until(time + soc.l2_hit_cycles, static_cast<int32_t>(next[b]++));
      waits[b] = false;
    }
    for (; next[b] < steps.size(); ++next[b]) {
      const Instr& instr = programs[b].view()[next[b]];
      if (steps[next[b]].kind == Step::CrossCoreWait) return waits[b] = true, &instr;
      if (!timelines[b].issue(steps[next[b]], static_cast<int32_t>(next[b]))) return stuck(b, next[b]);
      if (steps[next[b]].kind == Step::CrossCoreSet) return ++next[b], &instr;
    }
    return nullptr;
  }));
  for (size_t b = 0; b < wave.size(); ++b) {
    const auto end = timelines[b].finish();
    if (!end) return stuck(b, static_cast<size_t>(end.error()));
    timings[b].cycles = *end;
    timings[b].pipes = timelines[b].totals();
  }
  return timings;
}

ChipTimer::ChipTimer(const Soc& soc) : state_(std::make_unique<State>(soc)) {}
ChipTimer::~ChipTimer() = default;
ChipTimer::ChipTimer(ChipTimer&&) noexcept = default;

ChipTimer ChipTimer::fork() const {
  ChipTimer other(state_->soc);
  other.state_->l2 = state_->l2;
  other.state_->passing = state_->passing;
  return other;
}

int64_t ChipTimer::simulated_blocks() const { return state_->simulated; }

void ChipTimer::bypass_l2(int64_t address, int64_t bytes) { state_->passing.emplace_back(address, address + bytes); }

Activity ChipTimer::touch(int64_t address, int64_t bytes, bool write) {
  const L2Cache::Outcome outcome = state_->l2.access(address, bytes, write);
  Activity activity;
  activity.l2_bytes = outcome.hit + outcome.miss;
  activity.ddr_read_bytes = write ? 0 : outcome.miss;
  activity.ddr_write_bytes = outcome.evicted;
  return activity;
}

Result<TaskTiming> ChipTimer::time(std::span<const Program> blocks, bool vector_task, bool events) {
  const Soc& soc = state_->soc;
  const auto cores = static_cast<size_t>(std::max(1, soc.cores_for(vector_task)));
  TaskTiming timing;
  std::vector<int64_t> core_end(cores, 0);
  const bool together = meets_other_blocks(blocks);
  NPU_CHECK(check_enough_cores(soc, vector_task, blocks));
  state_->l2.begin_task();
  for (size_t first = 0; first < blocks.size(); first += cores) {
    std::vector<IssuedProgram> programs;
    std::vector<Stream> wave;
    for (size_t i = first; i < std::min(first + cores, blocks.size()); ++i) {
      std::vector<Skip> skips;
      auto issued = issue_samples(blocks[i], {static_cast<int64_t>(i), static_cast<int64_t>(blocks.size())}, skips);
      if (!issued) return fail(issued.error().kind, fmt::format("block {}, {}", i, issued.error().where), issued.error().what);
      wave.push_back(make_stream(soc, issued->view()));
      wave.back().skips = std::move(skips);
      programs.push_back(std::move(*issued));
    }
    state_->ask_l2(wave);
    timing.activity += state_->finish_wave(wave, programs);
    std::vector<BlockTiming> joined;
    if (together) {
      NPU_TRY(joined, state_->time_together(wave, events, programs));
    }
    for (size_t core = 0; core < wave.size(); ++core) {
      const BlockTiming* block = together ? &joined[core] : nullptr;
      if (!together) {
        NPU_TRY(block, state_->time_block(wave[core], events, programs[core], first + core));
      }
      for (int p = 0; p < kPipes; ++p) {
        timing.pipes[static_cast<size_t>(p)].busy += block->pipes[static_cast<size_t>(p)].busy;
        timing.pipes[static_cast<size_t>(p)].instructions += block->pipes[static_cast<size_t>(p)].instructions;
      }
      if (events)
        for (TraceEvent event : block->events) {
          event.instr = programs[core].index(event.instr);
          event.core = static_cast<int32_t>(core), event.block = static_cast<int32_t>(first + core);
          event.start += core_end[core], event.end += core_end[core];
          timing.events.push_back(event);
        }
      core_end[core] += block->cycles;
    }
  }
  timing.cycles = *std::ranges::max_element(core_end);
  // Whatever the cores overlap, memory has to move its bytes.
  const double ddr_bytes = static_cast<double>(timing.activity.ddr_read_bytes + timing.activity.ddr_write_bytes);
  const double ddr_cycles = ddr_bytes * soc.cube_mhz / (soc.ddr_gbps * soc.ddr_efficiency * 1e3);
  timing.cycles = std::max(timing.cycles, static_cast<int64_t>(ddr_cycles));
  return timing;
}

Result<TaskTiming> time_task(const Soc& soc, std::span<const Program> blocks, bool vector_task, bool events) {
  return ChipTimer(soc).time(blocks, vector_task, events);
}

}  // namespace npu
