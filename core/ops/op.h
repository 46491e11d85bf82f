// SPDX-License-Identifier: Apache-2.0
// What an operator means: attributes, arity, type inference and reference semantics. One operator, one file;
// ops.def lists them.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/graph/graph.h"
#include "core/tensor/datum.h"

namespace npu {

enum class AttrKind : uint8_t { Int, Float, String, Ints, Floats, Strings, Tensor, Graph, Type };

struct AttrDef {
  std::string_view name;
  AttrKind kind;
  std::string_view fallback;  // default as text, "" when none, "required" when it must be there
};

inline constexpr int kVariadic = 1 << 20;

// Small values that are not constants of the graph but follow from its types (a Shape and what is computed from it).
using KnownValues = std::map<ValueId, Tensor>;

// What infer sees. Inputs left out have no type and no constant. Before infer is called, arity and attributes have
// been checked and every input that is present has a dtype.
class InferContext {
 public:
  InferContext(const Graph& graph, const Node& node, const KnownValues* known = nullptr)
      : graph_(graph), node_(node), known_(known) {}

  const Node& node() const { return node_; }
  const Graph& graph() const { return graph_; }
  int opset() const { return graph_.opset; }
  size_t input_count() const { return node_.inputs.size(); }
  size_t output_count() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return i < node_.inputs.size() && node_.inputs[i] != kNone; }
  const TensorType& input(size_t i) const;            // precondition: has_input(i)
  const Tensor* constant(size_t i) const;             // the value when known at compile time, else nullptr
  // "Conv 'conv1'"
  std::string where() const { return node_.op + " '" + node_.name + "'"; }
  std::unexpected<Error> error(std::string what) const { return fail(ErrorKind::InvalidModel, where(), std::move(what)); }

 private:
  const Graph& graph_;
  const Node& node_;
  const KnownValues* known_;
};

// What reference sees: tensors in the logical row-major layout; an absent optional input is an empty Tensor.
// Floats below 32 bits arrive as Float32, integers below 8 as Int8 or UInt8, and that is what reference returns for such
// outputs (output_dtype): run_reference converts, and rounds the results once to the inferred dtype; a result that already
// has it stays. OpDef::arrive says otherwise for some operators. infer has accepted the node with these very inputs as
// constants, so what infer checks need not be checked again, and output_shape(i) is known, unless the operator's shapes
// follow from_values.
class EvalContext {
 public:
  EvalContext(const Node& node, int opset, std::span<const Tensor> inputs, std::span<const TensorType> outputs)
      : node_(node), opset_(opset), inputs_(inputs), outputs_(outputs) {}

  const Node& node() const { return node_; }
  int opset() const { return opset_; }
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && !inputs_[i].empty(); }
  const Tensor& input(size_t i) const { return inputs_[i]; }
  // The inferred shape and the dtype that reference has to return of output i.
  Shape output_shape(size_t i) const { return to_shape(outputs_[i].dims); }
  DType output_dtype(size_t i) const { return outputs_[i].dtype; }
  std::string where() const { return node_.op + " '" + node_.name + "'"; }
  std::unexpected<Error> error(std::string what) const { return fail(ErrorKind::InvalidModel, where(), std::move(what)); }

 private:
  const Node& node_;
  int opset_;
  std::span<const Tensor> inputs_;
  std::span<const TensorType> outputs_;
};

// What the reference of an operator with sequences, optionals or sub-graphs sees; inputs arrive as they are.
class DatumContext {
 public:
  DatumContext(const Node& node, int opset, std::span<const Datum> inputs, std::span<const TensorType> outputs)
      : node_(node), opset_(opset), inputs_(inputs), outputs_(outputs) {}

  const Node& node() const { return node_; }
  int opset() const { return opset_; }
  size_t input_count() const { return inputs_.size(); }
  size_t output_count() const { return node_.outputs.size(); }
  bool has_input(size_t i) const { return i < inputs_.size() && !inputs_[i].absent(); }
  const Datum& input(size_t i) const { return inputs_[i]; }
  const TensorType& output_type(size_t i) const { return outputs_[i]; }
  std::string where() const { return node_.op + " '" + node_.name + "'"; }
  std::unexpected<Error> error(std::string what) const { return fail(ErrorKind::InvalidModel, where(), std::move(what)); }

 private:
  const Node& node_;
  int opset_;
  std::span<const Datum> inputs_;
  std::span<const TensorType> outputs_;
};

using DatumsResult = Result<std::vector<Datum>>;

// How elements of types that have no arithmetic here reach reference.
enum class Arrive : uint8_t {
  Widened,   // narrow numbers as EvalContext says; strings are refused
  Ordered,   // the same, and strings as Int64 numbers that compare as the strings do, 0 being ""
  AsBits,    // 16-bit floats as they are, narrower numbers as UInt8 bits, strings as with Ordered: for operators that only move
  AsTheyAre,
};

struct OpDef {
  std::string_view name;
  int since;                          // first opset whose form is understood
  int min_inputs, max_inputs;         // kVariadic for no limit
  int min_outputs, max_outputs;
  std::span<const AttrDef> attrs;
  // One type / tensor per output; trailing ones the node does not have may be given, and are dropped.
  Result<std::vector<TensorType>> (*infer)(const InferContext&);
  Result<std::vector<Tensor>> (*reference)(const EvalContext&);
  std::string_view doc;
  // For an operator whose results follow from the types of its inputs (Shape): the results, or an error when the
  // types are not known well enough.
  Result<std::vector<Tensor>> (*from_types)(const InferContext&) = nullptr;
  Arrive arrive = Arrive::Widened;
  // The shapes of results follow from the values of inputs: infer may leave them open even when all inputs are constants.
  bool from_values = false;
  bool is_random = false;  // two equal nodes need not give equal results
  // Instead of reference, for operators with sequences, optionals and sub-graphs.
  DatumsResult (*evaluate)(const DatumContext&) = nullptr;
  std::string_view domain = "";
};

// The operator, or nullptr / an error. all_ops is sorted by name.
const OpDef* find_op(std::string_view name);
Result<const OpDef*> require_op(const Node& node);
std::span<const OpDef* const> all_ops();

// Arity, attribute kinds and presence.
Status check_node(const OpDef& def, const Node& node, int opset);

// check_node, then infer; writes the output types into the graph. infer_shapes does so for all nodes and follows
// shape arithmetic (Shape, Gather, Concat, Reshape ...) through small values as far as the input types are known.
Status infer_node(Graph& graph, NodeId id);
// One type per output of the node, without writing them.
Result<std::vector<TensorType>> infer_types(const OpDef& def, const InferContext& ctx);
Status infer_shapes(Graph& graph);

// The same for values of any kind.
Result<std::vector<Datum>> run_node(const Node& node, int opset, std::span<const Datum> inputs);
Result<std::vector<Datum>> run_graph(const Graph& graph, std::span<const Datum> inputs);

// Runs reference on one node / a whole graph (inputs and outputs in graph order): the meaning the chip is compared with.
Result<std::vector<Tensor>> run_reference(const Node& node, int opset, std::span<const Tensor> inputs);
Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs);

}  // namespace npu
