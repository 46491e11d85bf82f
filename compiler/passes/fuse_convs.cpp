// SPDX-License-Identifier: Apache-2.0
// Needs: tasks (fuse-tasks). Guarantees: a task has at most two convolutions, the second a 1x1 one of the first one's result.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "compiler/group_tasks.h"
#include "compiler/lower/conv_pair.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

bool is_conv(const Graph& graph, const TaskSpec& task) {
  const Node& node = graph.node(task.nodes.front());
  return is_op(node, "Conv") && node.engine == Engine::AiCore;
}

bool is_pointwise(const Graph& graph, const Node& conv) {
  const auto weights = shape_of(graph, conv.inputs[1]);
  return weights && weights->size() == 4 && (*weights)[2] == 1 && (*weights)[3] == 1;
}

}  // namespace

Status fuse_convs(Graph& graph, PassContext& context) {
  const Uses uses(graph);
  std::vector<TaskSpec> tasks = group_tasks(graph);
  std::map<ValueId, size_t> maker;
  for (size_t i = 0; i < tasks.size(); ++i)
    if (tasks[i].outputs.size() == 1) maker[tasks[i].outputs[0]] = i;
  for (TaskSpec& second : tasks) {
    const Node& conv = graph.node(second.nodes.front());
    if (!is_conv(graph, second) || !is_pointwise(graph, conv) || second_conv(graph, second.nodes)) continue;
    const auto made = maker.find(conv.inputs[0]);
    if (made == maker.end() || !is_conv(graph, tasks[made->second])) continue;
    TaskSpec& first = tasks[made->second];
    std::optional<std::string> why;
    if (uses.single(conv.inputs[0]) == kNone) why = fmt::format("'{}' is read elsewhere too", graph.value(conv.inputs[0]).name);
    else why = reject_conv_pair(graph, context.soc, first, second);
    if (why) {
      context.missed(conv, fmt::format("not fused with Conv '{}': {}", graph.node(first.nodes.front()).name, *why));
      continue;
    }
    for (const NodeId id : first.nodes) graph.node(id).task = graph.node(second.nodes.front()).task;
    second.nodes.insert(second.nodes.begin(), first.nodes.begin(), first.nodes.end());
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
