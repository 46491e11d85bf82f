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

constexpr std::array<std::string_view, 7> kAttrKindNames{"int",  "float",  "string", "ints",
                                                         "floats", "strings", "tensor"};
static_assert(std::variant_size_v<Attr> == kAttrKindNames.size());

bool is_small_float(DType dtype) { return dtype == DType::Float16 || dtype == DType::BFloat16; }

std::string where_of(const Node& node) { return node.op + " '" + node.name + "'"; }

Status check_count(const Node& node, std::string_view what, size_t count, int low, int high) {
  if (count >= static_cast<size_t>(low) && count <= static_cast<size_t>(high)) return {};
  const std::string range = high >= kVariadic ? fmt::format("at least {}", low)
                            : low == high     ? fmt::format("{}", low)
                                              : fmt::format("{} to {}", low, high);
  return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("has {} {}, needs {}", count, what, range));
}

Result<const OpDef*> require_op(const Node& node) {
  if (const OpDef* def = find_op(node.op)) return def;
  return fail(ErrorKind::UnsupportedModel, where_of(node), fmt::format("operator {} is not known", node.op));
}

// Sizes up to this keep the sums and products that infer makes of them inside of 64 bits.
constexpr int64_t kMaxDimension = std::numeric_limits<int32_t>::max();

Status check_input(const InferContext& ctx, size_t i, const std::string& value_name) {
  const TensorType& type = ctx.input(i);
  if (type.dtype == DType::Undefined) return ctx.error(fmt::format("the type of input {} ('{}') is not known", i, value_name));
  if (type.has_rank && std::ranges::any_of(type.dims, [](const Dim& dim) { return dim.value() > kMaxDimension; }))
    return ctx.error(fmt::format("input {} ('{}') of shape {} is too large", i, value_name, to_string(type.dims)));
  return {};
}

// Runs infer and makes the number of types that of the outputs.
Result<std::vector<TensorType>> infer_types(const OpDef& def, const InferContext& ctx, const Graph& graph) {
  const Node& node = ctx.node();
  NPU_CHECK(check_node(def, node, graph.opset));
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (ctx.has_input(i)) NPU_CHECK(check_input(ctx, i, graph.value(node.inputs[i]).name));
  NPU_TRY(auto types, def.infer(ctx));
  if (types.size() < node.outputs.size())
    return ctx.error(fmt::format("has {} outputs, {} are produced", node.outputs.size(), types.size()));
  types.resize(node.outputs.size());
  for (size_t i = 0; i < types.size(); ++i)
    if (types[i].is_static())
      NPU_CHECK(checked_element_count(to_shape(types[i].dims), fmt::format("{}: output {}", ctx.where(), i)));
  return types;
}

// What inference leaves open stays as the model declares it.
TensorType merge(TensorType inferred, const TensorType& declared) {
  if (!declared.has_rank || declared.dtype != inferred.dtype) return inferred;
  if (!inferred.has_rank) return declared;
  if (inferred.dims.size() != declared.dims.size()) return inferred;
  for (size_t i = 0; i < inferred.dims.size(); ++i)
    if (!inferred.dims[i].known() && inferred.dims[i].symbol().empty()) inferred.dims[i] = declared.dims[i];
  return inferred;
}

Status infer_into(Graph& graph, NodeId id, const KnownValues* known) {
  NPU_TRY(const OpDef* def, require_op(graph.node(id)));
  NPU_TRY(auto types, infer_types(*def, InferContext(graph, graph.node(id), known), graph));
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
void follow_values(const Graph& graph, const Node& node, KnownValues& known) {
  const OpDef* def = find_op(node.op);
  const InferContext ctx(graph, node, &known);
  const bool small = std::ranges::all_of(node.outputs, [&](ValueId id) { return id == kNone || is_small(graph.value(id).type); });
  if (!def || !small) return;
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
  for (size_t i = 0; i < node.outputs.size() && i < results->size(); ++i)
    if (node.outputs[i] != kNone) known[node.outputs[i]] = std::move((*results)[i]);
}

// A few numbers in a file can ask for any amount of memory; this much is more than any layer that is meant seriously.
constexpr int64_t kMaxElements = int64_t{1} << 30;

Status check_memory(const Node& node, std::span<const TensorType> types) {
  for (const TensorType& type : types)
    if (element_count(to_shape(type.dims)) > kMaxElements)
      return fail(ErrorKind::UnsupportedModel, where_of(node),
                  fmt::format("the result {} has more than {} elements", to_string(type), kMaxElements));
  return {};
}

Status check_graph_input(const Value& value, const Tensor& tensor) {
  const TensorType& type = value.type;
  bool fits = type.dtype == DType::Undefined || type.dtype == tensor.dtype();
  if (fits && type.has_rank) {
    fits = type.dims.size() == tensor.shape().size();
    for (size_t i = 0; fits && i < type.dims.size(); ++i)
      fits = !type.dims[i].known() || type.dims[i].value() == tensor.shape()[i];
  }
  if (fits) return {};
  return fail(ErrorKind::InvalidArgument, "input '" + value.name + "'",
              fmt::format("expects {}, got {}", to_string(type),
                          to_string(TensorType::of(tensor.dtype(), tensor.shape()))));
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

DType EvalContext::output_dtype(size_t i) const {
  const DType dtype = outputs_[i].dtype;
  return is_small_float(dtype) ? DType::Float32 : dtype;
}

const OpDef* find_op(std::string_view name) {
  const auto* found = std::ranges::lower_bound(kNames, name);
  return found != std::end(kNames) && *found == name ? kOps[found - std::begin(kNames)] : nullptr;
}

std::span<const OpDef* const> all_ops() { return kOps; }

Status check_node(const OpDef& def, const Node& node, int opset) {
  if (opset < def.since)
    return fail(ErrorKind::UnsupportedModel, where_of(node),
                fmt::format("opset {} is not supported, the first understood is {}", opset, def.since));
  NPU_CHECK(check_count(node, "inputs", node.inputs.size(), def.min_inputs, def.max_inputs));
  NPU_CHECK(check_count(node, "outputs", node.outputs.size(), def.min_outputs, def.max_outputs));
  for (int i = 0; i < def.min_inputs; ++i)
    if (node.inputs[static_cast<size_t>(i)] == kNone)
      return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("input {} is missing", i));
  for (const auto& [name, value] : node.attrs) {
    const auto row = std::ranges::find(def.attrs, std::string_view(name), &AttrDef::name);
    if (row == def.attrs.end())
      return fail(ErrorKind::UnsupportedModel, where_of(node), fmt::format("attribute '{}' is not known", name));
    if (value.index() != static_cast<size_t>(row->kind))
      return fail(ErrorKind::InvalidModel, where_of(node),
                  fmt::format("attribute '{}' is of kind {}, expected {}", name, kAttrKindNames[value.index()],
                              kAttrKindNames[static_cast<size_t>(row->kind)]));
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

Result<std::vector<Tensor>> run_reference(const Node& node, int opset, std::span<const Tensor> inputs) {
  NPU_TRY(const OpDef* def, require_op(node));
  // The node alone, its inputs constants: infer checks it and says what comes out.
  Graph graph;
  graph.opset = opset;
  Node alone = node;
  alone.inputs.clear();
  std::vector<Tensor> widened(inputs.begin(), inputs.end());
  for (Tensor& tensor : widened) {
    alone.inputs.push_back(tensor.empty() ? kNone : graph.add_constant("", tensor));
    if (is_small_float(tensor.dtype()) && !def->moves_only) tensor = tensor.cast(DType::Float32);
  }
  NPU_TRY(const auto types, infer_types(*def, InferContext(graph, alone), graph));
  for (size_t i = 0; i < types.size(); ++i)
    if (!types[i].is_static())
      return fail(ErrorKind::UnsupportedModel, where_of(node),
                  fmt::format("the shape of output {} cannot be told from the inputs", i));
  NPU_CHECK(check_memory(node, types));
  Result<std::vector<Tensor>> evaluated;
  try {
    evaluated = def->reference(EvalContext(node, opset, widened, types));
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::DeviceFault, where_of(node), "out of memory");
  }
  NPU_TRY(auto results, std::move(evaluated));
  if (results.size() < types.size())
    return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("output {} is not produced", results.size()));
  results.resize(types.size());
  for (size_t i = 0; i < types.size(); ++i)
    if (is_small_float(types[i].dtype) && !results[i].empty()) results[i] = results[i].cast(types[i].dtype);
  return results;
}

Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs) {
  if (inputs.size() != graph.inputs.size())
    return fail(ErrorKind::InvalidArgument, "run_reference",
                fmt::format("{} inputs given, the graph has {}", inputs.size(), graph.inputs.size()));
  std::vector<Tensor> values(graph.value_count());
  std::vector<size_t> readers(graph.value_count(), 0);  // how many uses are still to come
  for (size_t i = 0; i < inputs.size(); ++i) {
    NPU_CHECK(check_graph_input(graph.value(graph.inputs[i]), inputs[i]));
    values[static_cast<size_t>(graph.inputs[i])] = inputs[i];
  }
  for (ValueId id : graph.outputs) ++readers[static_cast<size_t>(id)];
  for (NodeId id : graph.order())
    for (ValueId input : graph.node(id).inputs)
      if (input != kNone) ++readers[static_cast<size_t>(input)];

  const auto get = [&](ValueId id) {
    if (id == kNone) return Tensor();
    Tensor& stored = values[static_cast<size_t>(id)];
    Tensor tensor = stored.empty() && graph.value(id).constant ? *graph.value(id).constant : stored;
    if (--readers[static_cast<size_t>(id)] == 0) stored = Tensor();
    return tensor;
  };
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    std::vector<Tensor> node_inputs;
    for (ValueId input : node.inputs) node_inputs.push_back(get(input));
    NPU_TRY(auto results, run_reference(node, graph.opset, node_inputs));
    for (size_t i = 0; i < node.outputs.size(); ++i)
      if (node.outputs[i] != kNone && readers[static_cast<size_t>(node.outputs[i])] > 0)
        values[static_cast<size_t>(node.outputs[i])] = std::move(results[i]);
  }
  std::vector<Tensor> outputs;
  for (ValueId id : graph.outputs) {
    outputs.push_back(get(id));
    if (outputs.back().empty())
      return fail(ErrorKind::InvalidModel, "output '" + graph.value(id).name + "'", "nothing produces it");
  }
  return outputs;
}

}  // namespace npu
