// SPDX-License-Identifier: Apache-2.0
#include "compiler/group_tasks.h"

#include <algorithm>
#include <map>

namespace npu {

void add_to_task(const Graph& graph, TaskSpec& task, NodeId id) {
  const Node& node = graph.node(id);
  for (ValueId input : node.inputs) {
    if (input == kNone || std::ranges::count(task.inputs, input) > 0) continue;
    const NodeId producer = graph.value(input).producer;
    if (producer == kNone || std::ranges::count(task.nodes, producer) == 0) task.inputs.push_back(input);
  }
  task.nodes.push_back(id);
  task.outputs.clear();
  for (ValueId output : node.outputs)
    if (output != kNone) task.outputs.push_back(output);
}

void sort_tasks(const Graph& graph, std::vector<TaskSpec>& tasks) {
  std::vector<size_t> position(graph.node_capacity());
  for (size_t i = 0; i < graph.order().size(); ++i) position[static_cast<size_t>(graph.order()[i])] = i;
  std::ranges::sort(tasks, {}, [&](const TaskSpec& task) { return position[static_cast<size_t>(task.nodes.back())]; });
}

std::vector<TaskSpec> group_tasks(const Graph& graph) {
  std::vector<TaskSpec> tasks;
  std::map<int32_t, size_t> numbered;
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.engine == Engine::Host) continue;
    size_t index = tasks.size();
    if (node.task != kNone) index = numbered.try_emplace(node.task, tasks.size()).first->second;
    if (index == tasks.size()) tasks.emplace_back();
    add_to_task(graph, tasks[index], id);
  }
  sort_tasks(graph, tasks);
  return tasks;
}

}  // namespace npu
