// SPDX-License-Identifier: Apache-2.0
// The intermediate representation: a list of nodes in topological order over named values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/tensor/format.h"
#include "core/tensor/tensor.h"

namespace npu {

// A dimension: a number, a symbol ("batch"), or unknown (no symbol).
class Dim {
 public:
  Dim() = default;
  Dim(int64_t value) : value_(value) {}
  explicit Dim(std::string symbol) : symbol_(std::move(symbol)) {}

  bool known() const { return value_ >= 0; }
  int64_t value() const { return value_; }  // -1 when not known
  const std::string& symbol() const { return symbol_; }
  // True only when both are surely the same: equal numbers or equal symbols.
  friend bool operator==(const Dim& a, const Dim& b) {
    return a.known() ? a.value_ == b.value_ : !b.known() && !a.symbol_.empty() && a.symbol_ == b.symbol_;
  }

 private:
  int64_t value_ = -1;
  std::string symbol_;
};

using Dims = std::vector<Dim>;
std::string to_string(const Dims& dims);           // "1x3xbatchx?"
bool all_known(const Dims& dims);
Shape to_shape(const Dims& dims);                  // precondition: all_known
Dims to_dims(const Shape& shape);

// What a value is; sequences and optionals exist for the reference only.
enum class ValueKind : uint8_t { Tensor, Sequence, OptionalTensor, OptionalSequence };

struct TensorType {
  DType dtype = DType::Undefined;
  bool has_rank = false;  // dims are meaningful (a scalar has rank 0)
  Dims dims;
  ValueKind kind = ValueKind::Tensor;  // dtype and dims are those of the tensors in it

  static TensorType of(DType dtype, Dims dims) { return {dtype, true, std::move(dims)}; }
  static TensorType of(DType dtype, const Shape& shape) { return {dtype, true, to_dims(shape)}; }
  bool is_tensor() const { return kind == ValueKind::Tensor; }
  bool is_static() const { return is_tensor() && has_rank && all_known(dims); }
  friend bool operator==(const TensorType&, const TensorType&) = default;
};
std::string to_string(const TensorType& type);     // "float32[1,3,224,224]"

class Graph;
using Subgraph = std::shared_ptr<const Graph>;

using Attr = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                          std::vector<std::string>, Tensor, Subgraph, TensorType>;

using ValueId = int32_t;
using NodeId = int32_t;
inline constexpr int32_t kNone = -1;

// Where a node runs.
enum class Engine : uint8_t { Unassigned, AiCore, AiCpu, Host };
std::string_view to_string(Engine engine);

struct Value {
  std::string name;
  TensorType type;
  Format format = Format::ND;       // layout in device memory; type stays logical
  std::optional<Tensor> constant;   // initialisers and folded values (always in the logical layout)
  NodeId producer = kNone;          // kNone for graph inputs and constants
};

struct Node {
  std::string op;                   // ONNX operator name, or one of ours (TransData)
  std::string name;
  std::vector<ValueId> inputs;      // kNone: optional input left out
  std::vector<ValueId> outputs;
  std::map<std::string, Attr, std::less<>> attrs;
  Engine engine = Engine::Unassigned;
  int32_t task = kNone;             // nodes with the same number run as one task
  std::vector<std::string> origin;  // names of the model's nodes this one came from

  // The attribute or the default. An attribute of another kind counts as missing; the verifier reports it.
  int64_t int_attr(std::string_view key, int64_t fallback) const;
  float float_attr(std::string_view key, float fallback) const;
  std::string string_attr(std::string_view key, std::string_view fallback) const;
  std::vector<int64_t> ints_attr(std::string_view key, std::vector<int64_t> fallback = {}) const;
  std::vector<float> floats_attr(std::string_view key, std::vector<float> fallback = {}) const;
  const Attr* find_attr(std::string_view key) const;
  const Graph* graph_attr(std::string_view key) const;  // nullptr when absent
};

class Graph {
 public:
  std::string name;
  int opset = 17;  // of the default domain
  // Of a sub-graph (an attribute): its last inputs are values of the graph around it, and the last inputs of the node.
  size_t captures = 0;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  // Node ids in topological order; erased nodes are not listed.
  const std::vector<NodeId>& order() const { return order_; }
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
  const Value& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
  Value& value(ValueId id) { return values_[static_cast<size_t>(id)]; }
  size_t value_count() const { return values_.size(); }
  size_t node_capacity() const { return nodes_.size(); }  // ids are below this, erased ones included

  ValueId add_value(std::string value_name, TensorType type);
  ValueId add_constant(std::string value_name, Tensor tensor);
  ValueId find_value(std::string_view value_name) const;  // kNone when absent; linear
  std::string unique_value_name(std::string_view wish) const;

  // Appends the node (or puts it before / after another) and makes it the producer of its outputs.
  NodeId append(Node node);
  NodeId insert_before(NodeId position, Node node);
  NodeId insert_after(NodeId position, Node node);

  // Consumers of a value, in topological order, each node once; graph outputs are not nodes.
  std::vector<NodeId> consumers(ValueId id) const;
  bool is_output(ValueId id) const;
  bool is_constant(ValueId id) const { return id != kNone && value(id).constant.has_value(); }
  std::vector<ValueId> used_constants() const;  // those that a node or output reads, in value order
  // The same with constants whose elements were dropped (after loading an .om): values that something reads, that
  // nothing produces and that are no inputs.
  std::vector<ValueId> used_sources() const;
  // The only consumer of a value that is no graph output, else kNone.
  NodeId single_consumer(ValueId id) const;

  // Every reader of `from` (graph outputs included) reads `to` afterwards.
  void replace_uses(ValueId from, ValueId to);
  void erase(NodeId id);            // precondition: nothing reads its outputs
  size_t erase_dead();              // nodes without a live reader; returns how many
  Status sort();                    // restores topological order; InvalidModel on a cycle

 private:
  void attach(NodeId id);

  std::vector<Node> nodes_;
  std::vector<Value> values_;
  std::vector<NodeId> order_;
};

// Structure, names, types, arity and attribute kinds; run after every pass.
Status verify(const Graph& graph);

// The text form: print_graph and parse_graph are inverse, except that constants above kInlineConstant elements
// are printed as their hash; parse_graph takes those from `constants` (by name) or leaves them zero.
inline constexpr int64_t kInlineConstant = 16;
std::string print_graph(const Graph& graph);
Result<Graph> parse_graph(std::string_view text, const Graph* constants = nullptr);

}  // namespace npu
