// SPDX-License-Identifier: Apache-2.0
// Why a task takes the time it takes, as one finding with the numbers it rests on.
#pragma once

#include "runtime/profile/profile.h"

namespace npu {

struct Bottleneck {
  enum class Kind {
    AiCpu,      // it runs on the AI CPU
    Launch,     // starting it takes longer than running it
    Waiting,    // no pipe works most of the time: they wait for one another
    Memory,     // copies, at what the memory gives
    CopyStart,  // copies so small that starting them is most of their time
    L2,         // copies, on the way between L2 and the cores
    L1,         // loads from L1 into the cube's inputs
    Cube,
    Vector,
    Scalar,
    FixPipe,    // results leaving L0C
  };
  Kind kind{};
  Pipe pipe{};                // the busiest
  double pipe_share = 0;      // of the task's time that it works, 0..1, mean of the cores
  double task_us = 0;
  double wait_us = 0;         // before it: launches
  double bytes = 0;           // that copies to and from GM move
  double gbps = 0, roof_gbps = 0;  // Memory: of DDR; L2, CopyStart: of L2 for the task's cores; L1: of MTE1
  double copies = 0;          // instructions of the busiest pipe
  double peak_share = 0;      // Cube: of the cube's peak that the model's multiply-adds reach
  double padding_share = 0;   // Cube: of the computed multiply-adds that are no part of the model
  double full_share = 0;      // Vector: mean bytes of an instruction's result / those of 255 repeats
};

// profile: of that task on that chip.
Bottleneck find_bottleneck(const Task& task, const TaskProfile& profile, const Soc& soc);

}  // namespace npu
