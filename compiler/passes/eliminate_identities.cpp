// SPDX-License-Identifier: Apache-2.0
// Needs: canonical spellings. Guarantees: no node computes what another one already does, and none only copies.
#include <algorithm>
#include <map>
#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

bool is_identity_perm(const std::vector<int64_t>& perm) {
  for (size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i)) return false;
  return true;
}

// A constant whose elements all equal `wanted`, and which does not make the result larger than the other operand.
bool is_neutral(const Graph& graph, const Node& node, size_t constant, double wanted) {
  const Tensor* tensor = constant_of(graph, node, constant);
  const ValueId other = input_of(node, 1 - constant);
  if (!tensor || tensor->elements() > 4096 || other == kNone) return false;
  if (graph.value(other).type != graph.value(node.outputs[0]).type) return false;
  return std::ranges::all_of(tensor->to_doubles(), [&](double v) { return v == wanted; });
}

// The value this node only copies, or kNone.
ValueId copied_value(const Graph& graph, const Node& node) {
  const ValueId in = input_of(node, 0);
  if (in == kNone) return kNone;
  const bool same_type = graph.value(in).type == graph.value(node.outputs[0]).type;
  if (is_op(node, "Transpose")) return is_identity_perm(node.ints_attr("perm")) && same_type ? in : kNone;
  if (is_op(node, "Reshape") || is_op(node, "Cast") || is_op(node, "Expand")) return same_type ? in : kNone;
  if (is_op(node, "Slice")) {
    const Tensor* steps = constant_of(graph, node, 4);
    const bool forward =
        input_of(node, 4) == kNone || (steps && std::ranges::all_of(steps->to_ints(), [](int64_t s) { return s > 0; }));
    return same_type && forward ? in : kNone;
  }
  if (is_op(node, "Pad")) {
    const Tensor* pads = constant_of(graph, node, 1);
    return pads && std::ranges::all_of(pads->to_ints(), [](int64_t p) { return p == 0; }) ? in : kNone;
  }
  if (is_op(node, "Concat") && node.inputs.size() == 1) return in;
  if (is_op(node, "Relu")) {
    const Node* before = producer_of(graph, in);
    return before && is_op(*before, "Relu") ? in : kNone;
  }
  if (is_op(node, "Mul") || is_op(node, "Div")) {
    if (is_neutral(graph, node, 1, 1)) return node.inputs[0];
    if (is_op(node, "Mul") && is_neutral(graph, node, 0, 1)) return node.inputs[1];
  }
  return kNone;
}

// Reshape of a Reshape and Transpose of a Transpose need the second only; so does a Cast of a Cast that loses nothing.
bool skip_first_of_two(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  const Node* first = producer_of(graph, input_of(node, 0));
  if (!first || first->op != node.op) return false;
  if (is_op(node, "Transpose")) {
    const auto inner = first->ints_attr("perm"), outer = node.ints_attr("perm");
    std::vector<int64_t> both;
    for (int64_t axis : outer) both.push_back(inner[static_cast<size_t>(axis)]);
    node.attrs["perm"] = both;
  } else if (is_op(node, "Cast")) {
    const DType from = graph.value(first->inputs[0]).type.dtype, middle = graph.value(node.inputs[0]).type.dtype;
    const bool lossless = from == DType::Bool ||
                          ((from == DType::Float16 || from == DType::BFloat16) &&
                           (middle == DType::Float32 || middle == DType::Float64)) ||
                          (from == DType::Float32 && middle == DType::Float64);
    if (!lossless) return false;
  } else if (!is_op(node, "Reshape")) {
    return false;
  }
  node.inputs[0] = first->inputs[0];
  return true;
}

// A transpose that moves dimensions of size 1 only changes the shape, not the order of elements.
bool transpose_to_reshape(Graph& graph, NodeId id, Names& names) {
  const Node& node = graph.node(id);
  if (!is_op(node, "Transpose")) return false;
  const auto shape = shape_of(graph, node.inputs[0]);
  if (!shape) return false;
  std::vector<int64_t> moved;
  for (int64_t axis : node.ints_attr("perm"))
    if ((*shape)[static_cast<size_t>(axis)] != 1) moved.push_back(axis);
  if (!std::ranges::is_sorted(moved)) return false;
  const Shape out = *shape_of(graph, node.outputs[0]);
  const ValueId dims = graph.add_constant(names.unique(node.name + "_shape"), ints_tensor(out));
  Node& changed = graph.node(id);
  changed.op = "Reshape";
  changed.inputs = {changed.inputs[0], dims};
  changed.attrs.clear();
  if (std::ranges::count(out, 0) > 0) changed.attrs["allowzero"] = int64_t{1};
  return true;
}

std::string attr_key(const Attr& attr) {
  return std::visit(
      [](const auto& value) -> std::string {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Tensor>)
          return fmt::format("{}", static_cast<const void*>(is_string(value.dtype()) ? static_cast<const void*>(&value.strings()) : value.bytes().data()));
        else if constexpr (std::is_same_v<T, Subgraph>)
          return fmt::format("{}", static_cast<const void*>(value.get()));
        else if constexpr (std::is_same_v<T, TensorType>)
          return to_string(value);
        else
          return fmt::format("{}", value);
      },
      attr);
}

// Equal for nodes that compute the same from the same inputs. Small constants count by their content.
std::string expression_key(const Graph& graph, const Node& node) {
  std::string key = node.op;
  for (ValueId input : node.inputs) {
    const Tensor* constant = input != kNone && graph.value(input).constant ? &*graph.value(input).constant : nullptr;
    if (constant && constant->byte_size() <= 256 && !is_string(constant->dtype())) {
      const auto bytes = constant->bytes();
      key += fmt::format(" {}{}:", to_string(constant->dtype()), to_string(constant->shape()));
      key.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    } else {
      key += fmt::format(" %{}", input);
    }
  }
  for (const auto& [name, attr] : node.attrs) key += fmt::format(" {}={}/{}", name, attr.index(), attr_key(attr));
  return key + fmt::format(" ->{}", node.outputs.size());
}

bool merge_with_equal(Graph& graph, NodeId id, std::map<std::string, NodeId>& seen) {
  if (const OpDef* def = find_op(graph.node(id).op); def && def->is_random) return false;
  const auto [found, fresh] = seen.try_emplace(expression_key(graph, graph.node(id)), id);
  if (fresh) return false;
  const Node& node = graph.node(id);
  const Node& earlier = graph.node(found->second);
  const bool plain = node.outputs.size() == 1 && earlier.outputs.size() == 1;
  if (!plain || graph.is_output(node.outputs[0])) return false;
  absorb_origin(graph.node(found->second), node);
  return bypass(graph, id, earlier.outputs[0]);
}

}  // namespace

Status eliminate_identities(Graph& graph, PassContext& context) {
  Names names(graph);
  std::map<std::string, NodeId> seen;
  const std::vector<NodeId> order = graph.order();
  for (NodeId id : order) {
    bool changed = skip_first_of_two(graph, id);
    changed |= transpose_to_reshape(graph, id, names);
    if (changed) skip_first_of_two(graph, id);
    const ValueId source = copied_value(graph, graph.node(id));
    const bool gone = (source != kNone && bypass(graph, id, source)) || merge_with_equal(graph, id, seen);
    if (changed || gone) context.count_rewrite();
  }
  graph.erase_dead();
  return {};
}

}  // namespace npu::pass
