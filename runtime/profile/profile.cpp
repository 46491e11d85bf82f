// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/profile.h"

#include <algorithm>

#include "core/ops/op.h"

namespace npu {
namespace {

// Operations of a node that the AI CPU runs, roughly: one for each element read or written, or the multiply-adds. What only
// moves elements (Gather) reads no more of a tensor than it writes.
double cpu_gflop(const Task& task) {
  const OpDef* op = find_op(task.op_type);
  int64_t written = 0, elements = 2 * task.macs;
  for (const TensorDesc& desc : task.outputs) written += element_count(desc.shape);
  for (const TensorDesc& desc : task.inputs) {
    const int64_t count = element_count(desc.shape);
    elements += op && op->arrive == Arrive::AsBits ? std::min(count, written) : count;
  }
  return static_cast<double>(elements + written) * 1e-9;
}

std::vector<Program> changed(std::vector<Program> blocks, void (*change)(Instr&)) {
  for (Program& block : blocks)
    for (Instr& instr : block) change(instr);
  return blocks;
}

}  // namespace

Result<ModelProfile> profile_model(const CompiledModel& model, bool events) {
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  return profile_model(model, *soc, events);
}

Result<ModelProfile> profile_model(const CompiledModel& model, const Soc& soc, bool events) {
  return profile_model(model, soc, {.events = events, .change = nullptr, .on_progress = {}});
}

Result<ModelProfile> profile_model(const CompiledModel& model, const Soc& soc, const ProfileOptions& options) {
  ModelProfile profile;
  ChipTimer timer(soc);
  double now = soc.model_launch_us;
  double macs = 0;
  for (const Task& task : model.tasks) {
    if (options.on_progress && !options.on_progress(profile.tasks.size(), model.tasks.size())) return fail(ErrorKind::Cancelled, model.name, "stopped");
    TaskProfile row;
    macs += static_cast<double>(task.macs);
    row.wait_us = soc.task_launch_us + (task.engine == Engine::AiCpu ? soc.ai_cpu_launch_us : 0);
    now += row.wait_us;
    row.start_us = now;
    if (task.engine == Engine::AiCpu) {
      row.estimated_gflop = cpu_gflop(task);
      row.duration_us = row.estimated_gflop / (soc.ai_cpu_gflops * soc.ai_cpus) * 1e6;
      row.cores = soc.ai_cpus;
      for (const TensorDesc& desc : task.inputs) row.timing.activity += timer.touch(desc.address, desc.bytes, false);
      for (const TensorDesc& desc : task.outputs) row.timing.activity += timer.touch(desc.address, desc.bytes, true);
    } else {
      const std::vector<Program> other = options.change ? changed(task.blocks, options.change) : std::vector<Program>();
      NPU_TRY(row.timing, timer.time(options.change ? other : task.blocks, task.vector_task, options.events));
      row.cycles = row.timing.cycles;
      row.duration_us = soc.cycles_to_us(static_cast<double>(row.cycles));
      row.cores = std::min(static_cast<int>(task.blocks.size()), soc.cores_for(task.vector_task));
    }
    now += row.duration_us;
    profile.energy += energy_of(soc, row.timing.activity, row.wait_us + row.duration_us);
    profile.tasks.push_back(std::move(row));
  }
  profile.total_us = now;
  profile.energy.idle += soc.idle_watts * soc.model_launch_us * 1e-6;
  profile.tops_per_watt = profile.energy.total() > 0 ? 2 * macs * 1e-12 / profile.energy.total() : 0;
  return profile;
}

std::string_view bound_pipe(const TaskProfile& task, const Soc& soc) {
  if (task.timing.cycles == 0) return "AI_CPU";
  if (task.duration_us < soc.task_launch_us) return "launch";
  const auto& pipes = task.timing.pipes;
  const auto busiest = std::ranges::max_element(pipes, {}, &PipeTotals::busy);
  return kPipeNames[static_cast<size_t>(busiest - pipes.begin())];
}

}  // namespace npu
