// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/roofline.h"

#include <algorithm>

namespace npu {
namespace {

constexpr double kCubeOperations = 2.0 * 16 * 16 * 16;  // of one step with fp16, one step a cycle
constexpr double kVectorLanes = kRepeatBytes / 2.0;     // results of 2 bytes a cycle at best

bool is_int8(const Task& task) {
  return std::ranges::any_of(task.inputs, [](const TensorDesc& desc) { return desc.dtype == DType::Int8 || desc.dtype == DType::UInt8; });
}

bool uses_cube(const TaskProfile& profile) { return profile.timing.activity.cube_steps > 0; }

RooflinePoint point_of(size_t index, const Task& task, const TaskProfile& profile) {
  const Activity& done = profile.timing.activity;
  RooflinePoint point{.task = index, .roof = ComputeRoof::Vector, .operations = static_cast<double>(done.vector_bytes) / 2};
  if (uses_cube(profile)) {
    point.roof = is_int8(task) ? ComputeRoof::CubeInt8 : ComputeRoof::CubeF16;
    point.operations = 2 * static_cast<double>(task.macs);
  }
  point.gops = profile.duration_us > 0 ? point.operations / profile.duration_us * 1e-3 : 0;
  point.bytes = {static_cast<double>(done.ddr_read_bytes + done.ddr_write_bytes), static_cast<double>(done.l2_bytes), static_cast<double>(done.l1_bytes)};
  return point;
}

}  // namespace

std::optional<double> RooflinePoint::intensity(MemoryLevel level) const {
  const double moved = bytes[static_cast<size_t>(level)];
  if (moved <= 0) return {};
  return operations / moved;
}

double Roofline::attainable(ComputeRoof roof, MemoryLevel level, double intensity) const {
  return std::min(gops[static_cast<size_t>(roof)], gbps[static_cast<size_t>(level)] * intensity);
}

Roofline ceilings_of(const Soc& soc) {
  const double cube = kCubeOperations * soc.cube_mhz * soc.cores_for(false) * 1e-3, ghz = soc.cube_mhz * 1e-3;
  Roofline roofline;
  roofline.gops = {cube, 2 * cube, kVectorLanes * ghz * soc.cores_for(true)};
  roofline.gbps = {soc.ddr_gbps * soc.ddr_efficiency, ghz * std::max(soc.l2_read, soc.l2_write) * std::max(soc.cores_for(false), soc.cores_for(true)),
                   ghz * std::max(soc.l1_to_l0a, soc.l1_to_l0b) * soc.cores_for(false)};
  return roofline;
}

Roofline make_roofline(const CompiledModel& model, const ModelProfile& profile, const Soc& soc) {
  Roofline roofline = ceilings_of(soc);
  for (size_t i = 0; i < model.tasks.size() && i < profile.tasks.size(); ++i) {
    if (model.tasks[i].engine == Engine::AiCpu) continue;
    const RooflinePoint point = point_of(i, model.tasks[i], profile.tasks[i]);
    if (point.operations > 0 && point.gops > 0) roofline.points.push_back(point);
  }
  return roofline;
}

}  // namespace npu
