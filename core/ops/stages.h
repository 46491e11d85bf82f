// SPDX-License-Identifier: Apache-2.0
// A graph in stages: what can be compiled because all its shapes are known, then what has to run before more is known.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/graph/graph.h"
#include "core/tensor/datum.h"

namespace npu {

TensorType type_of(const Datum& datum);

// run_node, refused with CompileLimit before it allocates when its results are known to take more than max_bytes.
Result<std::vector<Datum>> run_node_within(const Node& node, int opset, std::span<const Datum> inputs, int64_t max_bytes);

// A value that is there when a stage is planned: tensors have fixed shapes.
struct Available {
  TensorType type;
  std::optional<Tensor> value;  // small, and the same whenever the types of all available values are the same
};

// The next stage of a graph some of whose values are there already. Node and value ids are those of the whole graph.
struct StagePlan {
  // For the compiler: inputs and outputs of fixed shapes, every node of a kind that compiled models have. Without nodes when
  // there are none of that kind.
  Graph program;
  std::vector<ValueId> inputs;   // which values the program's inputs are
  std::vector<ValueId> outputs;
  std::vector<NodeId> compiled;  // nodes that the program stands for
  // To run one by one afterwards: the shapes of their results follow from data, something is empty, or they work on what
  // compiled models do not hold (sub-graphs, sequences, strings).
  // When such nodes need nothing of the program they make a stage of their own, so that the next program is larger.
  std::vector<NodeId> host;
};

// done: by node id. available: the graph's inputs among them; known values become constants of the program. Errors are those of
// inference; InvalidModel when nothing can go on.
Result<StagePlan> plan_stage(const Graph& graph, const std::vector<bool>& done, const std::map<ValueId, Available>& available);

// Whether the node's results follow from the types of its inputs and from values for which is_known holds.
bool follows_from_known(const Graph& graph, const Node& node, const std::function<bool(ValueId)>& is_known);

// Whether the graph, its inputs of fixed shapes, needs more than one program.
Result<bool> needs_stages(const Graph& graph);

}  // namespace npu
