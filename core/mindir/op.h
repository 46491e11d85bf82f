// SPDX-License-Identifier: Apache-2.0
// What an operator's rule sees: the node, its inputs and the graph being made.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/mindir/raw_model.h"
#include "core/ops/graph_builder.h"

namespace npu::mindir {

struct Item;
using Tuple = std::shared_ptr<const std::vector<Item>>;

// What an edge carries: a tensor, a tuple, or a value written into the model (numbers, a type, an order of side effects).
struct Item {
  ValueId value = kNone;
  Tuple parts;
  const AttrValue* literal = nullptr;
};

inline Item tuple_of(const std::vector<ValueId>& values) {
  std::vector<Item> parts;
  for (const ValueId value : values) parts.push_back({value, nullptr, nullptr});
  return {kNone, std::make_shared<const std::vector<Item>>(std::move(parts)), nullptr};
}

class Op {
 public:
  const RawNode& node;
  const RawNode& primitive;  // with the operator and its attributes; may be the node
  std::vector<Item> inputs;
  GraphBuilder& graph;

  size_t count() const { return inputs.size(); }
  // A tensor; numbers of the model become a constant of the type of the first input that is one.
  ValueId value(size_t i) const;
  std::vector<ValueId> values() const;         // of all inputs
  std::vector<ValueId> tuple(size_t i) const;  // of the parts of a tuple
  const TensorType& type(size_t i) const { return graph.type(value(i)); }
  int64_t rank(size_t i) const;                // an error, and 1, when it is not known

  bool has(std::string_view attr) const;
  std::vector<int64_t> ints(std::string_view attr) const;
  int64_t integer(std::string_view attr, int64_t fallback) const;
  float number(std::string_view attr, float fallback) const;
  bool flag(std::string_view attr, bool fallback) const { return integer(attr, fallback) != 0; }
  std::string text(std::string_view attr) const;
  // Numbers that are an attribute in older versions and an input in newer ones. Nothing where there are none.
  std::optional<std::vector<int64_t>> given(std::string_view attr, size_t input) const;
  std::vector<int64_t> required(std::string_view attr, size_t input) const;
  int64_t axis(std::string_view attr, size_t input, int64_t fallback, int64_t rank) const;
  DType dtype(std::string_view attr, size_t input) const;
  void need_nchw() const;

  void invalid(std::string what) const { graph.fail(ErrorKind::InvalidModel, std::move(what)); }
  void unsupported(std::string what) const { graph.fail(ErrorKind::UnsupportedModel, std::move(what)); }
  bool ok() const { return graph.ok(); }

 private:
  const AttrValue* find(std::string_view attr) const;
  const AttrValue* literal(size_t i) const { return i < inputs.size() ? inputs[i].literal : nullptr; }
};

using OpRule = Item (*)(Op& op);

struct OpRow {
  std::string_view type;
  size_t min_inputs, max_inputs;
  OpRule rule;             // or nullptr:
  std::string_view plain;  // the ONNX operator that is the same
};
std::span<const OpRow> op_rows();
const OpRow* find_op_row(std::string_view type);

#define NPU_MINDIR_OP(type, min_inputs, max_inputs, rule) Item rule(Op& op);
#define NPU_MINDIR_PLAIN(type, inputs, plain)
#include "core/mindir/mindir_ops.def"
#undef NPU_MINDIR_OP
#undef NPU_MINDIR_PLAIN

}  // namespace npu::mindir
