// SPDX-License-Identifier: Apache-2.0
#include "core/ops/op.h"

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include <fmt/format.h>

namespace npu {

namespace op {
#define NPU_OP(name) extern const OpDef name;
#include "core/ops/ops.def"
#undef NPU_OP
}  // namespace op

namespace {

#define NPU_OP(name) &op::name,
constexpr const OpDef* kOps[] = {
#include "core/ops/ops.def"
};
#undef NPU_OP

#define NPU_OP(name) #name,
constexpr std::string_view kNames[] = {
#include "core/ops/ops.def"
};
#undef NPU_OP

static_assert(std::ranges::is_sorted(kNames) && std::ranges::adjacent_find(kNames) == std::end(kNames),
              "ops.def must be sorted by name, without duplicates");

constexpr std::array<std::string_view, 9> kAttrKindNames{"int",  "float",  "string", "ints",
                                                         "floats", "strings", "tensor", "graph", "type"};
static_assert(std::variant_size_v<Attr> == kAttrKindNames.size());

std::string where_of(const Node& node) { return node.op + " '" + node.name + "'"; }

Status check_count(const Node& node, std::string_view what, size_t count, int low, int high) {
  if (count >= static_cast<size_t>(low) && count <= static_cast<size_t>(high)) return {};
  const std::string range = high >= kVariadic ? fmt::format("at least {}", low)
                            : low == high     ? fmt::format("{}", low)
                                              : fmt::format("{} to {}", low, high);
  return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("has {} {}, needs {}", count, what, range));
}

Status check_body(const Node& node, const std::string& attr, const Subgraph& body) {
  if (!body) return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("attribute '{}' holds no graph", attr));
  if (body->captures <= body->inputs.size() && body->captures <= node.inputs.size()) {
    const auto captured = std::span(node.inputs).last(body->captures);
    if (std::ranges::find(captured, kNone) == captured.end()) return {};
    return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("a value that attribute '{}' captures is missing", attr));
  }
  return fail(ErrorKind::InvalidModel, where_of(node),
              fmt::format("attribute '{}' captures {} values, the graph has {} inputs and the node {}", attr, body->captures, body->inputs.size(), node.inputs.size()));
}

// Sizes up to this keep the sums and products that infer makes of them inside of 64 bits.
constexpr int64_t kMaxDimension = std::numeric_limits<int32_t>::max();

Status check_input(const OpDef& def, const InferContext& ctx, size_t i, const std::string& value_name) {
  const TensorType& type = ctx.input(i);
  if (!type.is_tensor() && !def.evaluate)
    return ctx.error(fmt::format("input {} ('{}') is {}, needs a tensor", i, value_name, to_string(type)));
  if (is_string(type.dtype) && type.is_tensor() && def.arrive == Arrive::Widened && !def.evaluate)
    return ctx.error(fmt::format("input {} ('{}') is of strings, which the operator does not take", i, value_name));
  if (type.dtype == DType::Undefined) return ctx.error(fmt::format("the type of input {} ('{}') is not known", i, value_name));
  if (type.has_rank && std::ranges::any_of(type.dims, [](const Dim& dim) { return dim.value() > kMaxDimension; }))
    return ctx.error(fmt::format("input {} ('{}') of shape {} is too large", i, value_name, to_string(type.dims)));
  return {};
}

// What inference leaves open stays as the model declares it.
TensorType merge(TensorType inferred, const TensorType& declared) {
  if (!declared.has_rank || declared.dtype != inferred.dtype || declared.kind != inferred.kind) return inferred;
  if (!inferred.has_rank) return declared;
  if (inferred.dims.size() != declared.dims.size()) return inferred;
  for (size_t i = 0; i < inferred.dims.size(); ++i)
    if (!inferred.dims[i].known() && inferred.dims[i].symbol().empty()) inferred.dims[i] = declared.dims[i];
  return inferred;
}

Status infer_into(Graph& graph, NodeId id, const KnownValues* known) {
  NPU_TRY(const OpDef* def, require_op(graph.node(id)));
  NPU_TRY(auto types, infer_types(*def, InferContext(graph, graph.node(id), known)));
  const auto& outputs = graph.node(id).outputs;
  for (size_t i = 0; i < outputs.size(); ++i)
    if (outputs[i] != kNone)
      graph.value(outputs[i]).type = merge(std::move(types[i]), graph.value(outputs[i]).type);
  return {};
}

// Values this small are worth following through inference: shapes, axes, sizes, scales.
constexpr int64_t kSmallValue = 1024;

bool is_small(const TensorType& type) {
  return type.is_static() && element_count(to_shape(type.dims)) <= kSmallValue;
}

// Adds the outputs of the node to `known` when they follow from types and small values.
void follow_values(Graph& graph, const Node& node, KnownValues& known) {
  const OpDef* def = find_op(node.op);
  const InferContext ctx(graph, node, &known);
  // Sub-graphs are not run here: a loop may be long.
  if (!def || def->evaluate || def->is_random) return;
  const bool small = std::ranges::all_of(node.outputs, [&](ValueId id) {
    return id == kNone || is_small(graph.value(id).type) || (def->from_values && graph.value(id).type.is_tensor());
  });
  if (!small) return;
  Result<std::vector<Tensor>> results;
  if (def->from_types) {
    results = def->from_types(ctx);
  } else {
    std::vector<Tensor> inputs(node.inputs.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!ctx.has_input(i)) continue;
      const Tensor* value = ctx.constant(i);
      if (!value || value->elements() > kSmallValue) return;
      inputs[i] = *value;
    }
    results = run_reference(node, graph.opset, inputs);
  }
  if (!results) return;  // whoever executes the node reports it
  for (size_t i = 0; i < node.outputs.size() && i < results->size(); ++i) {
    const ValueId id = node.outputs[i];
    const Tensor& result = (*results)[i];
    if (id == kNone || result.elements() > kSmallValue) continue;
    if (def->from_values) graph.value(id).type = TensorType::of(result.dtype(), result.shape());
    known[id] = result;
  }
}

}  // namespace

const TensorType& InferContext::input(size_t i) const { return graph_.value(node_.inputs[i]).type; }

const Tensor* InferContext::constant(size_t i) const {
  if (!has_input(i)) return nullptr;
  const Value& value = graph_.value(node_.inputs[i]);
  if (value.constant) return &*value.constant;
  if (!known_) return nullptr;
  const auto found = known_->find(node_.inputs[i]);
  return found == known_->end() ? nullptr : &found->second;
}

Result<std::vector<TensorType>> infer_types(const OpDef& def, const InferContext& ctx) {
  const Graph& graph = ctx.graph();
  const Node& node = ctx.node();
  NPU_CHECK(check_node(def, node, graph.opset));
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(check_input(def, ctx, i, graph.value(node.inputs[i]).name));
  NPU_TRY(auto types, def.infer(ctx));
  if (types.size() < node.outputs.size())
    return ctx.error(fmt::format("has {} outputs, {} are produced", node.outputs.size(), types.size()));
  types.resize(node.outputs.size());
  for (size_t i = 0; i < types.size(); ++i)
    if (types[i].is_static())
      NPU_CHECK(checked_element_count(to_shape(types[i].dims), fmt::format("{}: output {}", ctx.where(), i)));
  return types;
}

Result<const OpDef*> require_op(const Node& node) {
  if (const OpDef* def = find_op(node.op)) return def;
  return fail(ErrorKind::UnsupportedModel, where_of(node), fmt::format("operator {} is not known", node.op));
}

const OpDef* find_op(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kNames, name);
  return found != std::end(kNames) && *found == name ? kOps[found - std::begin(kNames)] : nullptr;
}

std::span<const OpDef* const> all_ops() { return kOps; }

Status check_node(const OpDef& def, const Node& node, int opset) {
  if (opset < def.since && def.domain.empty())
    return fail(ErrorKind::UnsupportedModel, where_of(node),
                fmt::format("opset {} is not supported, the first understood is {}", opset, def.since));
  NPU_CHECK(check_count(node, "inputs", node.inputs.size(), def.min_inputs, def.max_inputs));
  NPU_CHECK(check_count(node, "outputs", node.outputs.size(), def.min_outputs, def.max_outputs));
  for (int i = 0; i < def.min_inputs; ++i)
    if (node.inputs[static_cast<size_t>(i)] == kNone)
      return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("input {} is missing", i));
  for (const auto& [name, value] : node.attrs) {
    if (name == "consumed_inputs" && opset < 6) continue;  // says that buffers may be reused
    const auto row = std::ranges::find(def.attrs, std::string_view(name), &AttrDef::name);
    if (row == def.attrs.end())
      return fail(ErrorKind::UnsupportedModel, where_of(node), fmt::format("attribute '{}' is not known", name));
    if (value.index() != static_cast<size_t>(row->kind))
      return fail(ErrorKind::InvalidModel, where_of(node),
                  fmt::format("attribute '{}' is of kind {}, expected {}", name, kAttrKindNames[value.index()],
                              kAttrKindNames[static_cast<size_t>(row->kind)]));
    if (const auto* body = std::get_if<Subgraph>(&value)) NPU_CHECK(check_body(node, name, *body));
  }
  for (const AttrDef& row : def.attrs)
    if (row.fallback == "required" && !node.find_attr(row.name))
      return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("attribute '{}' is missing", row.name));
  return {};
}

Status infer_node(Graph& graph, NodeId id) { return infer_into(graph, id, nullptr); }

Status infer_shapes(Graph& graph) {
  KnownValues known;
  for (NodeId id : graph.order()) {
    NPU_CHECK(infer_into(graph, id, &known));
    follow_values(graph, graph.node(id), known);
  }
  return {};
}

}  // namespace npu
