// SPDX-License-Identifier: Apache-2.0
// What computes a graph: made once for a graph whose inputs have fixed shapes, then called for each set of inputs. Who needs
// results of graphs while working on them (calibration) is given one and does not know what computes.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/graph/graph.h"

namespace npu {

// Inputs and outputs in the graph's order, with its dtypes and shapes.
using RunGraph = std::function<Result<std::vector<Tensor>>(std::span<const Tensor> inputs)>;
using MakeRunner = std::function<Result<RunGraph>(Graph graph)>;

}  // namespace npu
