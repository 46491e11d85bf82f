// SPDX-License-Identifier: Apache-2.0
// What an operator's rule sees: the node of the GraphDef, its inputs and the graph being made.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/ops/graph_builder.h"
#include "core/tensorflow/graph_def.h"

namespace npu::tensorflow {

// A tensor in the order TensorFlow has it, or an image of NHWC with its channels first (NCHW), or both; at least one is there.
struct TensorValue {
  ValueId plain = kNone;
  ValueId channels_first = kNone;

  bool is_turned() const { return plain == kNone && channels_first != kNone; }
};

ValueId make_plain(GraphBuilder& graph, TensorValue& value);
ValueId make_channels_first(GraphBuilder& graph, TensorValue& value);

// Where an axis of NHWC is in NCHW.
inline constexpr int64_t kTurnedAxis[] = {0, 2, 3, 1};

// Sizes that are known of an int tensor which is computed: -1 where not. Of a Pack, by its result.
using KnownInts = std::map<ValueId, std::vector<int64_t>>;

class Op {
 public:
  const NodeDef& node;
  std::vector<TensorValue*> inputs;
  GraphBuilder& graph;
  KnownInts& known;

  size_t count() const { return inputs.size(); }
  ValueId plain(size_t i) const { return make_plain(graph, *inputs[i]); }
  ValueId channels_first(size_t i) const { return make_channels_first(graph, *inputs[i]); }
  bool is_turned(size_t i) const { return inputs[i]->is_turned(); }
  // In the order TensorFlow has it, without making it: kNone when it is only there turned.
  const TensorType& plain_type(size_t i) const { return graph.type(inputs[i]->plain); }
  int64_t rank(size_t i) const;  // -1: not known
  ValueId any(size_t i) const { return is_turned(i) ? inputs[i]->channels_first : inputs[i]->plain; }
  // A result of the same order as any(i).
  TensorValue like(size_t i, ValueId result) const { return is_turned(i) ? TensorValue{kNone, result} : TensorValue{result, kNone}; }

  // Of attribute data_format (default NHWC): the image channels first, and the result of what was made of it.
  bool is_nhwc() const;
  ValueId image(size_t i) const { return is_nhwc() ? channels_first(i) : plain(i); }
  TensorValue image_result(ValueId result) const { return is_nhwc() ? TensorValue{kNone, result} : TensorValue{result, kNone}; }
  // The two spatial values of a list of four in the order of data_format, the others of which must be `rest`.
  std::vector<int64_t> spatial(std::string_view attr, int64_t rest) const;

  int64_t integer(std::string_view attr, int64_t fallback) const;
  float number(std::string_view attr, float fallback) const;
  bool flag(std::string_view attr, bool fallback) const;
  std::string text(std::string_view attr, std::string_view fallback) const;
  std::vector<int64_t> ints(std::string_view attr) const;
  DType dtype(std::string_view attr, DType fallback) const;
  std::optional<data_view> tensor(std::string_view attr) const;
  std::optional<TensorType> shape(std::string_view attr) const;

  // The values of an input that must be a constant; `what` names it. Nothing after an error.
  std::vector<int64_t> constant_ints(size_t i, std::string_view what) const;
  // The same with -1 for what is not known, as far as a Pack of constants tells.
  std::vector<int64_t> known_ints(size_t i, std::string_view what) const;
  // An axis that is a constant of one value, from 0 on.
  int64_t constant_axis(size_t i, int64_t rank) const;
  int64_t check_axis(int64_t axis, int64_t rank) const;
  ValueId as_int64(size_t i) const;
  // A number of the type of a value.
  ValueId number_like(std::string_view what, ValueId value, float number) const;

  void invalid(std::string what) const { graph.fail(ErrorKind::InvalidModel, std::move(what)); }
  void unsupported(std::string what) const { graph.fail(ErrorKind::UnsupportedModel, std::move(what)); }
  bool ok() const { return graph.ok(); }

 private:
  std::optional<AttrValue> attr(std::string_view name) const;
};

// Adds the nodes of the operator and returns its results. Errors are in op.graph.
using OpRule = std::vector<TensorValue> (*)(Op& op);

struct OpRow {
  std::string_view type;
  size_t min_inputs, max_inputs;
  OpRule rule;
};
std::span<const OpRow> op_rows();
const OpRow* find_op_row(std::string_view type);

#define NPU_TF_OP(type, min_inputs, max_inputs, rule) std::vector<TensorValue> rule(Op& op);
#include "core/tensorflow/tensorflow_ops.def"
#undef NPU_TF_OP

}  // namespace npu::tensorflow
