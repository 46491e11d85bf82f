// SPDX-License-Identifier: Apache-2.0
// Makes a graph node by node, for readers of formats whose operators are not ONNX's: names become unique, types are inferred at
// once. The first error stays and makes everything after it do nothing, so that rules read like formulas.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/graph/graph.h"

namespace npu {

class GraphBuilder {
 public:
  using Attrs = std::map<std::string, Attr, std::less<>>;

  static constexpr int kOpset = 18;  // whose forms of the operators add takes

  // max_bytes: of all constants together.
  GraphBuilder(std::string name, uint64_t max_bytes);

  // What is added from here on belongs to this node of the model; `where` is how errors call it.
  void begin(std::string node, std::string where);
  // Gives the results of the model's node their names, and its own to the nodes that made them. A name that is taken gets a number.
  void finish(std::span<const ValueId> results, std::span<const std::string> names);

  ValueId input(const std::string& name, TensorType type);
  ValueId constant(std::string_view what, Tensor tensor);
  ValueId ints(std::string_view what, const std::vector<int64_t>& values);
  ValueId number(std::string_view what, float value);
  // The outputs' shapes are known afterwards, as far as they follow from types and constants.
  ValueId add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs = {});
  std::vector<ValueId> add_many(std::string_view op, std::vector<ValueId> inputs, size_t outputs, Attrs attrs = {});

  // The input itself where nothing changes. 0 copies a dimension, -1 is what is left.
  ValueId reshape(ValueId from, const std::vector<int64_t>& shape);
  ValueId transpose(ValueId from, const std::vector<int64_t>& perm);

  const TensorType& type(ValueId id) const;  // of kNone: nothing known
  const Tensor* constant_of(ValueId id) const;
  const Graph& graph() const { return graph_; }

  // Notes that a tensor of this many bytes will be made: CompileLimit when it is one too many.
  bool account(uint64_t bytes);
  // The first error wins. Without a place of its own it gets that of `begin`.
  ValueId fail(ErrorKind kind, std::string what, std::string where = "");
  bool ok() const { return status_.has_value(); }
  const Status& status() const { return status_; }

  // The graph with these outputs; types of inner values are forgotten, as the inputs' may still be changed.
  Result<Graph> take(std::span<const ValueId> outputs, std::span<const std::string> names);

 private:
  std::string unique(std::unordered_set<std::string>& taken, const std::string& wish);
  void rename_value(ValueId id, const std::string& wish);

  Graph graph_;
  Status status_;
  uint64_t bytes_left_, max_bytes_;
  std::string node_, where_;
  NodeId first_ = 0;  // of the model's node that is being read
  std::unordered_set<std::string> value_names_, node_names_;
};

}  // namespace npu
