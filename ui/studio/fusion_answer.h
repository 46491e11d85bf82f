// SPDX-License-Identifier: Apache-2.0
// Why the two ends of an edge are, or are not, one task on the chip: from what the passes kept of the last compile.
#pragma once

#include <string>
#include <vector>

#include "ui/graph/colouring.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

struct FusionAnswer {
  enum class Verdict {
    OneTask,   // they run as one
    Absorbed,  // an end has no task of its own any more
    Boundary,  // an end is an input or output of the model: that lies in memory
    Apart,     // two tasks
  };
  struct Reason {
    std::string pass;
    std::string node;  // "Relu 'r'" as the pass calls it; empty: it is of the edge
    std::string text;
  };

  Verdict verdict = Verdict::Apart;
  std::string task;                  // OneTask: its name
  std::string by;                    // pass that made it so, where one can be named
  std::vector<Reason> reasons;       // Apart: what was left alone and why, of the edge itself first
  std::vector<std::string> looked;   // passes that fuse, ran, and say nothing about either end
  std::vector<std::string> off;      // passes that fuse and are switched off
};

// `links` are of `model`, which is the compiled graph or the one it was made from. Precondition: compile.model is there.
FusionAnswer answer_fusion(const GraphModel& model, const GraphEdge& edge, const TaskLinks& links, const CompileInfo& compile);

}  // namespace npu::ui
