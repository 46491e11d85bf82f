// SPDX-License-Identifier: Apache-2.0
// A graph as it is shown: nodes with their texts, tensors with types, and edges. Immutable once made, shared by threads.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace npu::ui {

// A tensor between nodes, a graph's input, or a constant.
struct GraphValue {
  std::string name;
  TensorType type;
  Format format = Format::ND;
  int producer = -1;                // node; -1: a constant
  std::optional<Tensor> constant;   // shares the graph's elements; empty where they are not kept

  bool is_constant() const { return producer < 0; }
};
// "1\u00d764\u00d7112\u00d7112", "scalar"; empty when the rank is not known.
std::string shape_text(const TensorType& type);

struct GraphAttr {
  std::string name;
  std::string value;
};

struct GraphNode {
  enum class Kind { Input, Operator, Output };

  Kind kind = Kind::Operator;
  std::string op;                   // empty for inputs and outputs
  std::string name;
  std::string detail;               // what tells it from others of its kind: "3\u00d73 s2 64"
  std::vector<GraphAttr> attrs;
  std::vector<int> inputs;          // values; -1: an optional one left out
  std::vector<int> outputs;
  Engine engine = Engine::Unassigned;
  int task = -1;                    // nodes with the same number run as one task
  std::vector<std::string> origin;  // names of the model's nodes it came from
  int hidden = 0;                   // operators it stands for, in a part of a graph; it is none itself then
};

// Invariant: from < to. One for each value and reader.
struct GraphEdge {
  int from = 0;
  int to = 0;
  int value = 0;
};

// Invariant: nodes are in topological order, inputs first and outputs last.
struct GraphModel {
  std::string name;
  std::vector<GraphValue> values;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;     // by reader
};
using GraphModelPtr = std::shared_ptr<const GraphModel>;

// "[3, 3]", "float32[64x3x7x7]": long lists are cut.
std::string attr_text(const Attr& attr);

// Constants share the graph's elements unless keep_constants is false: then they keep their types only.
GraphModel graph_model(const Graph& graph, bool keep_constants = true);

// Nodes whose name, operator, attribute, or tensor's name contains `text` (ASCII case ignored), in order. Empty: none.
std::vector<int> find_nodes(const GraphModel& model, std::string_view text);

}  // namespace npu::ui
