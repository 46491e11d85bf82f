// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/bottleneck.h"

#include <algorithm>

#include "runtime/profile/roofline.h"

namespace npu {
namespace {

constexpr double kMostlyWorks = 0.5;    // a pipe that works less of the time does not explain it
constexpr double kNearMemory = 0.6;     // of what memory gives: it is the memory
constexpr double kMostlyStarting = 0.4; // of the copies' time
constexpr double kStepMacs = 16.0 * 16 * 16;

double gbps_of(double bytes, double us) { return us > 0 ? bytes / us * 1e-3 : 0; }

// Which part of the way to and from GM the copies are held up by.
void explain_copies(const Activity& done, const Soc& soc, const PipeTotals& pipe, int cores, Bottleneck& found) {
  const Roofline roofs = ceilings_of(soc);
  const double ddr = gbps_of(static_cast<double>(done.ddr_read_bytes + done.ddr_write_bytes), found.task_us);
  found.gbps = ddr, found.roof_gbps = roofs.gbps[static_cast<size_t>(MemoryLevel::Ddr)];
  if (ddr >= kNearMemory * found.roof_gbps) return void(found.kind = Bottleneck::Kind::Memory);
  found.gbps = gbps_of(static_cast<double>(done.l2_bytes), found.task_us), found.roof_gbps = std::max(soc.l2_read, soc.l2_write) * soc.cube_mhz * 1e-3 * cores;
  const double starting = static_cast<double>(pipe.instructions) * soc.copy_cycles;
  found.kind = starting >= kMostlyStarting * static_cast<double>(pipe.busy) ? Bottleneck::Kind::CopyStart : Bottleneck::Kind::L2;
}

void explain_cube(const Task& task, const Activity& done, const Soc& soc, const TaskProfile& profile, Bottleneck& found) {
  const double steps = static_cast<double>(done.cube_steps), cycles = static_cast<double>(profile.cycles) * std::max(1, soc.cores_for(false));
  // A step of 8-bit values does twice as many.
  const bool wide = static_cast<double>(task.macs) > steps * kStepMacs;
  const double in_step = wide ? 2 * kStepMacs : kStepMacs;
  found.kind = Bottleneck::Kind::Cube;
  found.peak_share = cycles > 0 ? static_cast<double>(task.macs) / (cycles * in_step) : 0;
  found.padding_share = steps > 0 ? std::clamp(1 - static_cast<double>(task.macs) / (steps * in_step), 0.0, 1.0) : 0;
}

}  // namespace

Bottleneck find_bottleneck(const Task& task, const TaskProfile& profile, const Soc& soc) {
  using Kind = Bottleneck::Kind;
  const Activity& done = profile.timing.activity;
  Bottleneck found{.task_us = profile.duration_us, .wait_us = profile.wait_us};
  found.bytes = static_cast<double>(done.gm_read_bytes + done.gm_write_bytes);
  if (task.engine == Engine::AiCpu) return found.kind = Kind::AiCpu, found;
  const auto& pipes = profile.timing.pipes;
  const auto busiest = std::ranges::max_element(pipes, {}, &PipeTotals::busy);
  found.pipe = static_cast<Pipe>(busiest - pipes.begin());
  const double available = static_cast<double>(profile.cycles) * std::max(1, profile.cores);
  found.pipe_share = available > 0 ? static_cast<double>(busiest->busy) / available : 0;
  found.copies = static_cast<double>(busiest->instructions);
  if (profile.duration_us < soc.task_launch_us) return found.kind = Kind::Launch, found;
  if (found.pipe_share < kMostlyWorks) return found.kind = Kind::Waiting, found;
  switch (found.pipe) {
    case Pipe::MTE2:
    case Pipe::MTE3: explain_copies(done, soc, *busiest, std::max(1, profile.cores), found); break;
    case Pipe::MTE1:
      found.kind = Kind::L1;
      found.gbps = gbps_of(static_cast<double>(done.l1_bytes), found.task_us);
      found.roof_gbps = ceilings_of(soc).gbps[static_cast<size_t>(MemoryLevel::L1)];
      break;
    case Pipe::M: explain_cube(task, done, soc, profile, found); break;
    case Pipe::V:
      found.kind = Kind::Vector;
      found.full_share = busiest->instructions > 0 ? static_cast<double>(done.vector_bytes) / (static_cast<double>(busiest->instructions) * 255 * kRepeatBytes) : 0;
      break;
    case Pipe::FIX: found.kind = Kind::FixPipe; break;
    case Pipe::S: found.kind = Kind::Scalar; break;
  }
  return found;
}

}  // namespace npu
