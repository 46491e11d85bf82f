// SPDX-License-Identifier: Apache-2.0
// What passes share: an index of readers, fresh names, and the few ways to take a node out of a graph.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compiler/passes/pass.h"
#include "core/graph/graph.h"

namespace npu::pass {

// Who reads each value, as it was when the index was made.
class Uses {
 public:
  explicit Uses(const Graph& graph);

  std::span<const NodeId> of(ValueId id) const { return readers_[static_cast<size_t>(id)]; }
  bool is_output(ValueId id) const { return outputs_[static_cast<size_t>(id)]; }
  // The only reader of a value that is no graph output, else kNone.
  NodeId single(ValueId id) const { return !is_output(id) && of(id).size() == 1 ? of(id)[0] : kNone; }

 private:
  std::vector<std::vector<NodeId>> readers_;  // each node once, in topological order
  std::vector<bool> outputs_;
};

// Value names that are not taken yet.
class Names {
 public:
  explicit Names(const Graph& graph);
  std::string unique(std::string_view wish);

 private:
  std::unordered_set<std::string> taken_;
};

// A node without attributes; origin: the names of the model's nodes it comes from.
Node make_node(std::string_view op, std::string name, std::vector<ValueId> inputs, std::vector<ValueId> outputs,
               std::vector<std::string> origin = {});

bool is_op(const Node& node, std::string_view op);
// The input, or kNone when left out.
ValueId input_of(const Node& node, size_t i);
// The constant of an input, or nullptr.
const Tensor* constant_of(const Graph& graph, const Node& node, size_t i);
// The constant of an input when it is a single number, or nothing.
std::optional<double> number_of(const Graph& graph, const Node& node, size_t i);
// The static shape of a value, or nothing.
std::optional<Shape> shape_of(const Graph& graph, ValueId id);
// The node that produces the value, or nullptr.
const Node* producer_of(const Graph& graph, ValueId id);

Tensor ints_tensor(const std::vector<int64_t>& values);
// Normalised and sorted; nothing when one is out of range.
std::optional<std::vector<int64_t>> normalise_axes(std::vector<int64_t> axes, int64_t rank);

// Everybody who reads the first output of the node reads `replacement` instead, and the node goes. Names of graph
// outputs stay: false, with nothing done, when the replacement cannot take the name (it is a graph input, a constant
// or a graph output itself).
bool bypass(Graph& graph, NodeId id, ValueId replacement);
// Exchanges two values' names, so that a graph output keeps its own when something else produces it.
void swap_names(Graph& graph, ValueId a, ValueId b);
// Notes that `survivor` now also does what `absorbed` did.
void absorb_origin(Node& survivor, const Node& absorbed);

}  // namespace npu::pass
