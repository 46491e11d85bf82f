// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <utility>

#include "core/soc/soc.h"
#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

// Programs with more instructions are shown by tasks only: an event takes 60 bytes, twice.
constexpr int64_t kMostEvents = 4'000'000;

std::string operators_of(const Task& task) {
  std::string text;
  for (const std::string& op : task.fused) text += (text.empty() ? "" : " + ") + op;
  return text.empty() ? task.op_type : text;
}

int64_t count_instructions(const CompiledModel& model) {
  int64_t count = 0;
  for (const Task& task : model.tasks)
    for (const Program& block : task.blocks) count += static_cast<int64_t>(block.size());
  return count;
}

double busy_share(const TaskProfile& task, std::string_view pipe) {
  const auto found = std::ranges::find(kPipeNames, pipe);
  if (found == kPipeNames.end() || task.cycles <= 0) return 0;
  const auto& totals = task.timing.pipes[static_cast<size_t>(found - kPipeNames.begin())];
  return static_cast<double>(totals.busy) / static_cast<double>(task.cycles * std::max(task.cores, 1));
}

TaskRow describe_task(const Task& task, const TaskProfile& profile, const Soc& soc, double total_us) {
  TaskRow row;
  row.name = task.name;
  row.op = operators_of(task);
  row.engine = task.engine;
  row.macs = task.macs;
  row.start = static_cast<int64_t>(profile.start_us * soc.cube_mhz + 0.5);
  row.cycles = task.engine == Engine::AiCore ? profile.cycles : static_cast<int64_t>(profile.duration_us * soc.cube_mhz + 0.5);
  row.us = profile.duration_us;
  row.share = total_us > 0 ? profile.duration_us / total_us : 0;
  row.read_bytes = profile.timing.activity.gm_read_bytes;
  row.write_bytes = profile.timing.activity.gm_write_bytes;
  row.bound = task.engine == Engine::AiCore ? std::string(bound_pipe(profile, soc)) : "CPU";
  row.bound_share = task.engine == Engine::AiCore ? busy_share(profile, row.bound) : 1;
  return row;
}

// Collects the lanes of all tasks on one time axis.
class TimelineBuilder {
 public:
  explicit TimelineBuilder(double cycles_per_us) {
    timeline_.cycles_per_us = cycles_per_us;
    tasks_.kind = Lane::Kind::Tasks;
    ai_cpu_.kind = Lane::Kind::AiCpu;
  }

  void add(int32_t task, const TaskRow& row, const TaskProfile& profile, const std::vector<Program>& blocks) {
    const Event whole{row.start, row.start + row.cycles, task, -1, 0, false};
    tasks_.add(whole);
    if (row.engine == Engine::AiCpu) ai_cpu_.add(whole);
    timeline_.event_count += profile.timing.events.size();
    for (const TraceEvent& e : profile.timing.events) {
      Lane& lane = lanes_[{e.core, e.pipe}];
      lane.core = e.core;
      lane.pipe = e.pipe;
      // Setting a flag does not hold the pipe up, though the flag is there later.
      const Instr* instr = find_instr(blocks, e);
      const bool sets = instr && (instr->op == Opcode::SetFlag || instr->op == Opcode::FftsCrossCoreSync);
      const bool waits = instr && (instr->op == Opcode::WaitFlag || instr->op == Opcode::PipeBarrier);
      lane.add({row.start + e.start, row.start + (sets ? std::min(e.end, e.start + 1) : e.end), task, block_of(e), e.instr, waits});
    }
  }

  Timeline finish(int64_t end, bool truncated) && {
    timeline_.end = end;
    timeline_.truncated = truncated;
    timeline_.lanes.push_back(std::move(tasks_));
    if (!ai_cpu_.events().empty()) timeline_.lanes.push_back(std::move(ai_cpu_));
    for (auto& [key, lane] : lanes_) timeline_.lanes.push_back(std::move(lane));
    for (Lane& lane : timeline_.lanes) lane.finish();
    return std::move(timeline_);
  }

 private:
  // The compiler makes at most one block for each core.
  static int32_t block_of(const TraceEvent& event) { return event.core; }

  static const Instr* find_instr(const std::vector<Program>& blocks, const TraceEvent& event) {
    const auto block = static_cast<size_t>(block_of(event)), instr = static_cast<size_t>(event.instr);
    return block < blocks.size() && instr < blocks[block].size() ? &blocks[block][instr] : nullptr;
  }

  Timeline timeline_;
  Lane tasks_;
  Lane ai_cpu_;
  std::map<std::pair<int, Pipe>, Lane> lanes_;
};

}  // namespace

std::vector<int64_t> live_bytes(const CompiledModel& model) {
  std::vector<int64_t> change(model.tasks.size() + 1, 0);
  for (const BufferLife& life : model.lives) {
    if (life.first_task < 0 || life.last_task < life.first_task || static_cast<size_t>(life.last_task) >= model.tasks.size())
      continue;
    change[static_cast<size_t>(life.first_task)] += life.bytes;
    change[static_cast<size_t>(life.last_task) + 1] -= life.bytes;
  }
  std::vector<int64_t> live(model.tasks.size());
  int64_t sum = 0;
  for (size_t i = 0; i < live.size(); ++i) live[i] = sum += change[i];
  return live;
}

Result<ProfileInfo> profile_stage(const CompiledModel& model, const Progress& progress) {
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  if (!progress(0, 0, model.name)) return cancelled();
  ProfileInfo info;
  info.instructions = count_instructions(model);
  const bool events = info.instructions <= kMostEvents;
  NPU_TRY(ModelProfile profile, profile_model(model, events));
  if (!progress(1, 1, model.name)) return cancelled();
  info.total_us = profile.total_us;
  info.watts = profile.watts();
  info.tops_per_watt = profile.tops_per_watt;
  TimelineBuilder timeline(soc->cube_mhz);
  for (size_t i = 0; i < model.tasks.size() && i < profile.tasks.size(); ++i) {
    TaskRow row = describe_task(model.tasks[i], profile.tasks[i], *soc, profile.total_us);
    (row.engine == Engine::AiCore ? info.ai_core_us : info.ai_cpu_us) += row.us;
    timeline.add(static_cast<int32_t>(i), row, profile.tasks[i], model.tasks[i].blocks);
    info.tasks.push_back(std::move(row));
  }
  const auto live = live_bytes(model);
  info.peak_arena = live.empty() ? 0 : *std::ranges::max_element(live);
  const auto end = static_cast<int64_t>(profile.total_us * soc->cube_mhz + 0.5);
  info.timeline = std::make_shared<Timeline>(std::move(timeline).finish(end, !events));
  info.raw = std::make_shared<ModelProfile>(std::move(profile));
  return info;
}

}  // namespace npu::ui
