// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>

#include "core/graph/graph.h"
#include "core/ops/op.h"

namespace npu {

namespace {

class Verifier {
 public:
  explicit Verifier(const Graph& graph, bool is_inner = false) : graph_(graph), is_inner_(is_inner), defined_(graph.value_count(), 0) {}

  Status run() {
    NPU_CHECK(check_inputs());
    std::vector<char> listed(graph_.node_capacity(), 0);
    for (const NodeId id : graph_.order()) {
      if (id < 0 || static_cast<size_t>(id) >= listed.size())
        return invalid("graph '" + graph_.name + "'", "lists node " + std::to_string(id) + ", which does not exist");
      if (listed[static_cast<size_t>(id)]++) return invalid(where(graph_.node(id)), "is listed twice");
      NPU_CHECK(check_node_at(id));
    }
    return check_outputs();
  }

 private:
  static std::unexpected<Error> invalid(std::string place, std::string what) {
    return fail(ErrorKind::InvalidModel, std::move(place), std::move(what));
  }
  static std::string where(const Node& node) { return node.op + " '" + node.name + "'"; }

  bool exists(ValueId id) const { return id >= 0 && static_cast<size_t>(id) < graph_.value_count(); }

  Status check_inputs() {
    for (const ValueId id : graph_.inputs) {
      if (!exists(id)) return invalid("graph inputs", "value " + std::to_string(id) + " does not exist");
      const Value& value = graph_.value(id);
      const std::string place = "input '" + value.name + "'";
      if (defined_[static_cast<size_t>(id)]) return invalid(place, "is listed twice");
      if (value.producer != kNone) return invalid(place, "is the output of a node");
      if (value.constant) return invalid(place, "is a constant");
      NPU_CHECK(define(id));
    }
    return {};
  }

  // A value enters: its name is free, its type and format fit together.
  Status define(ValueId id) {
    defined_[static_cast<size_t>(id)] = 1;
    const Value& value = graph_.value(id);
    const std::string place = "value '" + value.name + "'";
    if (value.name.empty()) return invalid("value " + std::to_string(id), "has no name");
    if (!names_.emplace(value.name, id).second) return invalid(place, "the name is given twice");
    if (value.format != Format::ND && value.type.is_static()) {
      const auto physical = physical_shape(to_shape(value.type.dims), value.type.dtype, value.format);
      if (!physical) return invalid(place, physical.error().message());
    }
    return {};
  }

  Status check_constant(ValueId id) {
    if (defined_[static_cast<size_t>(id)]) return {};
    const Value& value = graph_.value(id);
    const TensorType actual = TensorType::of(value.constant->dtype(), value.constant->shape());
    if (!(value.type == actual))
      return invalid("constant '" + value.name + "'",
                     "has type " + to_string(value.type) + ", its tensor is " + to_string(actual));
    return define(id);
  }

  Status check_node_at(NodeId id) {
    const Node& node = graph_.node(id);
    const OpDef* def = find_op(node.op);
    if (node.op.empty()) return invalid("node '" + node.name + "'", "has no operator type");
    if (!def) return fail(ErrorKind::UnsupportedModel, where(node), "operator " + node.op + " is not supported");
    NPU_CHECK(check_node(*def, node, graph_.opset));
    for (const auto& [key, attr] : node.attrs)
      if (const auto* body = std::get_if<Subgraph>(&attr)) NPU_CHECK(Verifier(**body, true).run());
    for (size_t i = 0; i < node.inputs.size(); ++i) NPU_CHECK(check_input(node, i));
    for (const ValueId output : node.outputs) {
      if (output == kNone) continue;
      if (!exists(output)) return invalid(where(node), "output value " + std::to_string(output) + " does not exist");
      const Value& value = graph_.value(output);
      if (defined_[static_cast<size_t>(output)])
        return invalid(where(node), "output '" + value.name + "' is already defined");
      if (value.constant) return invalid(where(node), "output '" + value.name + "' is a constant");
      if (value.producer != id) return invalid(where(node), "is not the recorded producer of '" + value.name + "'");
      NPU_CHECK(define(output));
    }
    return {};
  }

  Status check_input(const Node& node, size_t index) {
    const ValueId id = node.inputs[index];
    if (id == kNone) return {};
    const auto about = [&](std::string what) {
      return invalid(where(node), "input " + std::to_string(index) + " " + std::move(what));
    };
    if (!exists(id)) return about("(value " + std::to_string(id) + ") does not exist");
    const Value& value = graph_.value(id);
    if (value.constant) return check_constant(id);
    if (!defined_[static_cast<size_t>(id)])
      return about(
          "'" + value.name + "' " +
          (value.producer == kNone ? "is produced by nothing" : "is produced later: the order is not topological"));
    return {};
  }

  Status check_outputs() {
    if (graph_.outputs.empty() && !is_inner_) return invalid("graph '" + graph_.name + "'", "has no outputs");
    for (const ValueId id : graph_.outputs) {
      if (!exists(id)) return invalid("graph outputs", "value " + std::to_string(id) + " does not exist");
      if (graph_.is_constant(id)) NPU_CHECK(check_constant(id));
      if (!defined_[static_cast<size_t>(id)])
        return invalid("output '" + graph_.value(id).name + "'", "is produced by nothing");
    }
    return {};
  }

  const Graph& graph_;
  bool is_inner_;
  std::vector<char> defined_;
  std::unordered_map<std::string_view, ValueId> names_;
};

}  // namespace

Status verify(const Graph& graph) {
  return Verifier(graph).run();
}

}  // namespace npu
