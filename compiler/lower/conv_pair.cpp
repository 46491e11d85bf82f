// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/conv_pair.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/conv_shape.h"
#include "compiler/lower/families.h"

namespace npu {
namespace {

struct PairPlan {
  CubeSchedule first, second;
  double cycles = -1;  // of both
};

Result<double> estimate(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule) {
  NPU_TRY(const CubePlan plan, plan_schedule(soc, demand, schedule));
  return estimate_cycles(soc, demand, schedule, plan);
}

// Both with the same shares of images and pixels, and all channels on each core.
Result<PairPlan> plan_pair(const Soc& soc, const CubeDemand& first, const CubeDemand& second) {
  const int64_t cores = soc.cores_for(false), images = second.problem.items;
  PairPlan best;
  for (int64_t items = 1; items <= std::min(cores, images); ++items)
    for (int64_t units = 1; units <= std::min(cores / items, first.problem.units()); ++units) {
      const CubeSchedule split{.items = items, .units = units};
      CubeSchedule rows = split;
      rows.by_rows = first.problem.flat() ? 0 : 1;  // pixels are shared as the first convolution shares them
      const auto a = schedule_split(soc, first, split), b = schedule_split(soc, second, rows);
      if (!a || !b) continue;
      NPU_TRY(const double of_first, estimate(soc, first, *a));
      NPU_TRY(const double of_second, estimate(soc, second, *b));
      if (best.cycles < 0 || of_first + of_second < best.cycles) best = {*a, *b, of_first + of_second};
    }
  if (best.cycles < 0) return fail(ErrorKind::CompileLimit, "", "no tiling of both fits the chip's buffers with all channels on one core");
  return best;
}

Result<double> cycles_apart(const Soc& soc, const CubeDemand& first, const CubeDemand& second) {
  double cycles = soc.task_launch_us * soc.cube_mhz;
  for (const CubeDemand* demand : {&first, &second}) {
    NPU_TRY(const CubeSchedule schedule, default_schedule(soc, *demand));
    NPU_TRY(const double of_one, estimate(soc, *demand, schedule));
    cycles += of_one;
  }
  return cycles;
}

// What the estimate needs to know, without addresses.
Result<CubeDemand> demand_of_nodes(const Graph& graph, std::span<const NodeId> nodes) {
  const Node& conv = graph.node(nodes[0]);
  const ConvShape shape = conv_shape(graph, conv);
  CubeTask cube;
  cube.problem = conv_problem(graph, conv);
  cube.bias = conv.inputs.size() > 2 && conv.inputs[2] != kNone ? 0 : -1;
  for (int64_t pack = 0; pack < shape.packs(); ++pack) cube.items.push_back({.b = pack});
  const size_t rest = cube_epilogue(graph, nodes).rest;
  if (rest < nodes.size()) {
    NPU_TRY(cube.chain, VectorChain::build(graph, nodes.subspan(rest), graph.node(nodes[rest - 1]).outputs[0]));
  }
  return demand_of(cube);
}

std::optional<std::string> reject_second(const Graph& graph, const Node& conv) {
  const ConvShape s = conv_shape(graph, conv);
  if (s.sh != 1 || s.sw != 1) return fmt::format("the 1x1 convolution has strides {}x{}", s.sh, s.sw);
  if (s.pt + s.pl + s.pb + s.pr != 0) return "the 1x1 convolution pads";
  if (s.groups != 1) return fmt::format("the 1x1 convolution has {} groups", s.groups);
  return std::nullopt;
}

}  // namespace

std::optional<size_t> second_conv(const Graph& graph, std::span<const NodeId> nodes) {
  for (size_t i = 1; i < nodes.size(); ++i)
    if (graph.node(nodes[0]).op == "Conv" && graph.node(nodes[i]).op == "Conv") return i;
  return std::nullopt;
}

int64_t between_bytes(const Graph& graph, const TaskSpec& task) {
  const Value& between = graph.value(graph.node(task.nodes[*second_conv(graph, task.nodes) - 1]).outputs[0]);
  return element_count(physical_shape(to_shape(between.type.dims), between.type.dtype, between.format).value_or(Shape{})) * static_cast<int64_t>(dtype_size(between.type.dtype));
}

std::optional<std::string> reject_conv_pair(const Graph& graph, const Soc& soc, const TaskSpec& first, const TaskSpec& second) {
  const Node &conv = graph.node(first.nodes[0]), &pointwise = graph.node(second.nodes[0]);
  if (auto why = reject_second(graph, pointwise)) return why;
  if (second_conv(graph, first.nodes)) return fmt::format("'{}' is the second convolution of its task", graph.node(first.nodes.back()).name);
  if (auto why = reject_single_part(graph, conv)) return why;
  const auto a = demand_of_nodes(graph, first.nodes), b = demand_of_nodes(graph, second.nodes);
  if (!a || !b) return (a ? b : a).error().what;
  const auto together = plan_pair(soc, *a, *b);
  if (!together) return together.error().what;
  const auto apart = cycles_apart(soc, *a, *b);
  if (!apart) return apart.error().what;
  if (together->cycles >= *apart) return fmt::format("predicted {:.1f} us > {:.1f} us", together->cycles / soc.cube_mhz, *apart / soc.cube_mhz);
  return std::nullopt;
}

Status lower_conv_pair(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const size_t at = *second_conv(graph, spec.nodes);
  TaskSpec first{.nodes = {spec.nodes.begin(), spec.nodes.begin() + static_cast<std::ptrdiff_t>(at)}, .inputs = {}, .outputs = {}};
  TaskSpec second{.nodes = {spec.nodes.begin() + static_cast<std::ptrdiff_t>(at), spec.nodes.end()}, .inputs = {}, .outputs = {}};
  context.set_address(graph.node(first.nodes.back()).outputs[0], task.workspace_address);
  NPU_TRY(const CubeTask a, conv_task(context, first));
  NPU_TRY(const CubeTask b, conv_task(context, second));
  NPU_TRY(const PairPlan plan, plan_pair(context.soc, demand_of(a), demand_of(b)));
  NPU_TRY(task.blocks, emit_cube_pair(context.soc, a, plan.first, b, plan.second));
  for (const TaskSpec* part : {&first, &second}) task.macs += conv_macs(conv_shape(graph, graph.node(part->nodes[0])));
  return {};
}

}  // namespace npu
