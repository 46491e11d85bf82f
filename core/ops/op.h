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

namespace npu {

enum class AttrKind : uint8_t { Int, Float, String, Ints, Floats, Strings, Tensor };

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
// Float16 and BFloat16 inputs arrive as Float32, and Float32 is what reference returns for such outputs: run_reference
// converts, and rounds the results once to the inferred dtype. infer has accepted the node with these very inputs as
// constants, so what infer checks need not be checked again, and output_shape(i) is known.
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
  // The inferred shape and dtype of output i; the dtype is Float32 where reference has to return Float32.
  Shape output_shape(size_t i) const { return to_shape(outputs_[i].dims); }
  DType output_dtype(size_t i) const;
  std::string where() const { return node_.op + " '" + node_.name + "'"; }
  std::unexpected<Error> error(std::string what) const { return fail(ErrorKind::InvalidModel, where(), std::move(what)); }

 private:
  const Node& node_;
  int opset_;
  std::span<const Tensor> inputs_;
  std::span<const TensorType> outputs_;
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
  // Results are elements of the inputs as they are: reference gets and gives 16-bit floats unwidened.
  bool moves_only = false;
};

// The operator, or nullptr. all_ops is sorted by name.
const OpDef* find_op(std::string_view name);
std::span<const OpDef* const> all_ops();

// Arity, attribute kinds and presence.
Status check_node(const OpDef& def, const Node& node, int opset);

// check_node, then infer; writes the output types into the graph. infer_shapes does so for all nodes and follows
// shape arithmetic (Shape, Gather, Concat, Reshape ...) through small values as far as the input types are known.
Status infer_node(Graph& graph, NodeId id);
Status infer_shapes(Graph& graph);

// Runs reference on one node / a whole graph (inputs and outputs in graph order): the meaning the chip is compared with.
Result<std::vector<Tensor>> run_reference(const Node& node, int opset, std::span<const Tensor> inputs);
Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs);

}  // namespace npu
