// SPDX-License-Identifier: Apache-2.0
// The parts of a network that 8-bit integers can run: layers, and what only passes their results on.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/quantize/ranges.h"
#include "compiler/quantize/weights.h"
#include "core/graph/graph.h"
#include "core/soc/soc.h"

namespace npu::quantize {

// A convolution or a product with constant float weights.
struct Layer {
  NodeId node = kNone;
  std::string name;           // the model's, of the layer itself rather than of what was folded into it
  std::string op;             // "Conv", "Gemm", "MatMul"
  ValueId input = kNone;      // what it reads
  ValueId result = kNone;     // what it gives, behind its activation
  NodeId activation = kNone;  // Relu or Clip that alone reads it
  WeightLayout layout;
  std::string fault;          // why 8 bits cannot do it, else empty
};

// The network as the compiler's own passes leave it before they look for tasks: constants folded, BatchNormalization and biases
// in the layers. shapes: of the inputs, in their order.
struct PrepareOptions {
  bool fold_batch_norm = true;
  std::set<std::string, std::less<>> keep_batch_norm;  // layers (or BatchNormalizations) by name that stay apart
};
Result<Graph> prepare(const Graph& model, const std::vector<Shape>& shapes, const Soc& soc, const PrepareOptions& options);

std::vector<Layer> find_layers(const Graph& graph);

// Whether the node has this name, now or in the model.
bool is_called(const Node& node, std::string_view name);

// Relu or Clip behind a node that is its only reader, else kNone.
NodeId activation_of(const Graph& graph, NodeId id);
// What an activation lets through.
FloatRange bounds_of(const Graph& graph, const Node& activation);

// Nodes that run on 8-bit integers when these layers do (Add, pooling, Concat, moves ...), in the graph's order.
struct Follower {
  NodeId node = kNone;
  ValueId result = kNone;     // behind an Add's activation
  NodeId activation = kNone;
  bool moves = false;         // its operands and its result share one type
  std::vector<ValueId> operands;
};
std::vector<Follower> find_followers(const Graph& graph, std::span<const Layer> layers, const std::vector<bool>& chosen);

}  // namespace npu::quantize
