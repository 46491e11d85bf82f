// SPDX-License-Identifier: Apache-2.0
// The colour of every node of a scene, and what the colours mean.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/om/model.h"
#include "ui/graph/scene.h"

namespace npu::ui {

enum class ColourBy : uint8_t { Kind, Engine, Time, DType, Task };
inline constexpr int kColourings = 5;

// The tasks of a compiled model that do the work of each node of a graph.
struct TaskLinks {
  struct Info {
    std::string name;
    Engine engine = Engine::Unassigned;
    double us = -1;                           // predicted; negative: not known yet
  };
  std::vector<std::vector<int>> of_node;      // sorted; none: nothing is left of the node
  std::vector<Info> tasks;
};
// `model` is the compiled graph itself, or the one it was made from: then nodes are found by the names that the compiler keeps
// (Node::origin). `task_us`: predicted time of each task, may be empty.
TaskLinks link_tasks(const GraphModel& model, const CompiledModel& compiled, const std::vector<double>& task_us);

struct LegendEntry {
  std::string label;
  uint32_t rgb = 0;
  int nodes = 0;
};

struct Colouring {
  std::vector<uint32_t> of_node;              // 0xRRGGBB of each node of the scene
  std::vector<LegendEntry> legend;            // most frequent first; of Time: from short to long
  std::vector<double> us;                     // of Time: of each node of the scene; negative: not known
};

// `links` may be nullptr: then engines are those of the nodes, and times are not known. A folded group has the colour of most of its
// nodes (of its convolutions or products where operators are shown), or the time of all its tasks.
Colouring colour_scene(const Scene& scene, ColourBy by, const TaskLinks* links, Language language);

// Of the steps of Time; from cold (0) to hot (1); readable with any kind of colour blindness.
uint32_t heat_colour(double heat);

}  // namespace npu::ui
