// SPDX-License-Identifier: Apache-2.0
// Running references: how elements reach them, what comes back, and whole graphs.
#include <algorithm>
#include <new>
#include <stdexcept>

#include <fmt/format.h>

#include "core/ops/op.h"
#include "core/ops/stages.h"

namespace npu {

TensorType type_of(const Datum& datum) {
  if (datum.is_tensor()) return TensorType::of(datum.dtype(), datum.tensor().shape());
  TensorType type{datum.dtype(), false, {}};
  if (datum.is_empty_optional())
    type.kind = datum.holds_sequence() ? ValueKind::OptionalSequence : ValueKind::OptionalTensor;
  else
    type.kind = ValueKind::Sequence;
  return type;
}

namespace {

std::string where_of(const Node& node) { return node.op + " '" + node.name + "'"; }

// A few numbers in a file can ask for any amount of memory; this much is more than any layer that is meant seriously.
constexpr int64_t kMaxElements = int64_t{1} << 30;

Status check_memory(const Node& node, std::span<const TensorType> types, int64_t max_bytes) {
  int64_t left = max_bytes;
  for (const TensorType& type : types) {
    if (!type.is_static()) continue;
    const int64_t count = element_count(to_shape(type.dims));
    if (count > kMaxElements)
      return fail(ErrorKind::UnsupportedModel, where_of(node),
                  fmt::format("the result {} has more than {} elements", to_string(type), kMaxElements));
    left -= count * static_cast<int64_t>(dtype_size(type.dtype));
    if (left < 0) return fail(ErrorKind::CompileLimit, where_of(node), fmt::format("the result {} takes more than the {} bytes that are left", to_string(type), max_bytes));
  }
  return {};
}

// The strings of a node's inputs, each once, sorted: a string's number is its place.
class StringNumbers {
 public:
  explicit StringNumbers(std::span<const Tensor> inputs) : strings_{""} {
    for (const Tensor& tensor : inputs)
      if (is_string(tensor.dtype())) strings_.insert(strings_.end(), tensor.strings().begin(), tensor.strings().end());
    std::ranges::sort(strings_);
    strings_.erase(std::ranges::unique(strings_).begin(), strings_.end());
  }

  Tensor numbers(const Tensor& tensor) const {
    Tensor result(DType::Int64, tensor.shape());
    const auto to = result.mutable_data<int64_t>();
    for (size_t i = 0; i < to.size(); ++i) to[i] = std::ranges::lower_bound(strings_, tensor.strings()[i]) - strings_.begin();
    return result;
  }

  Tensor strings(const Tensor& numbers) const {
    std::vector<std::string> values;
    for (const int64_t number : numbers.data<int64_t>()) values.push_back(strings_[static_cast<size_t>(number)]);
    return Tensor::of_strings(numbers.shape(), std::move(values));
  }

 private:
  std::vector<std::string> strings_;
};

// The dtype in which elements of a type are handed to reference and come back.
DType arriving(Arrive arrive, DType dtype) {
  if (arrive == Arrive::AsTheyAre) return dtype;
  if (is_string(dtype)) return DType::Int64;
  if (arrive == Arrive::AsBits) return is_narrow(dtype) ? DType::UInt8 : dtype;
  return widened(dtype);
}

Tensor arrived(Arrive arrive, const Tensor& tensor, const StringNumbers& strings) {
  const DType dtype = arriving(arrive, tensor.dtype());
  if (tensor.empty() || dtype == tensor.dtype()) return tensor;
  if (is_string(tensor.dtype())) return strings.numbers(tensor);
  return arrive == Arrive::AsBits ? tensor.relabelled(dtype) : tensor.cast(dtype);
}

// The inverse of `arrived`.
Tensor departed(Arrive arrive, const Tensor& tensor, DType dtype, const StringNumbers& strings) {
  if (tensor.empty() || tensor.dtype() == dtype) return tensor;
  if (is_string(dtype)) return strings.strings(tensor);
  return arrive == Arrive::AsBits && is_narrow(dtype) ? tensor.relabelled(dtype) : tensor.cast(dtype);
}

// The node alone, its inputs constants: infer checks it and says what comes out.
Result<std::vector<TensorType>> types_of_results(const OpDef& def, const Node& node, int opset, std::span<const Datum> inputs, int64_t max_bytes) {
  Graph graph;
  graph.opset = opset;
  Node alone = node;
  alone.inputs.clear();
  for (const Datum& input : inputs) {
    if (input.absent()) {
      alone.inputs.push_back(kNone);
    } else if (input.is_tensor()) {
      alone.inputs.push_back(graph.add_constant("", input.tensor()));
    } else {
      alone.inputs.push_back(graph.add_value("", type_of(input)));
    }
  }
  NPU_TRY(auto types, infer_types(def, InferContext(graph, alone)));
  if (!def.from_values && !def.evaluate)
    for (size_t i = 0; i < types.size(); ++i)
      if (!types[i].is_static())
        return fail(ErrorKind::UnsupportedModel, where_of(node),
                    fmt::format("the shape of output {} cannot be told from the inputs", i));
  NPU_CHECK(check_memory(node, types, max_bytes));
  return types;
}

DatumsResult run_on_tensors(const OpDef& def, const Node& node, int opset, std::span<const Datum> inputs,
                            std::vector<TensorType> types) {
  std::vector<Tensor> tensors;
  for (const Datum& input : inputs) tensors.push_back(input.tensor());
  const StringNumbers strings(def.arrive == Arrive::AsTheyAre ? std::span<const Tensor>() : tensors);
  for (Tensor& tensor : tensors) tensor = arrived(def.arrive, tensor, strings);
  std::vector<DType> dtypes;
  for (TensorType& type : types) {
    dtypes.push_back(type.dtype);
    type.dtype = arriving(def.arrive, type.dtype);
  }
  NPU_TRY(auto results, def.reference(EvalContext(node, opset, tensors, types)));
  if (results.size() < types.size())
    return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("output {} is not produced", results.size()));
  std::vector<Datum> outputs;
  for (size_t i = 0; i < types.size(); ++i) outputs.emplace_back(departed(def.arrive, results[i], dtypes[i], strings));
  return outputs;
}

Status check_graph_input(const Value& value, const Datum& datum) {
  const TensorType& type = value.type;
  bool fits = type.dtype == DType::Undefined || type.dtype == datum.dtype();
  if (fits && type.has_rank && type.is_tensor() && datum.is_tensor()) {
    const Shape& shape = datum.tensor().shape();
    fits = type.dims.size() == shape.size();
    for (size_t i = 0; fits && i < type.dims.size(); ++i) fits = !type.dims[i].known() || type.dims[i].value() == shape[i];
  }
  if (fits && type.is_tensor() && type.dtype != DType::Undefined) fits = datum.is_tensor();
  if (fits) return {};
  return fail(ErrorKind::InvalidArgument, "input '" + value.name + "'",
              fmt::format("expects {}, got {}", to_string(type), to_string(type_of(datum))));
}

// The values of a graph while it runs; one is dropped when its last reader has it.
class GraphRun {
 public:
  explicit GraphRun(const Graph& graph) : graph_(graph), values_(graph.value_count()), readers_(graph.value_count(), 0) {
    for (ValueId id : graph.outputs) ++readers_[static_cast<size_t>(id)];
    for (NodeId id : graph.order())
      for (ValueId input : graph.node(id).inputs)
        if (input != kNone) ++readers_[static_cast<size_t>(input)];
  }

  void set(ValueId id, Datum datum) {
    if (id != kNone && readers_[static_cast<size_t>(id)] > 0) values_[static_cast<size_t>(id)] = std::move(datum);
  }

  Datum take(ValueId id) {
    if (id == kNone) return {};
    Datum& stored = values_[static_cast<size_t>(id)];
    Datum datum = stored.absent() && graph_.value(id).constant ? Datum(*graph_.value(id).constant) : stored;
    if (--readers_[static_cast<size_t>(id)] == 0) stored = {};
    return datum;
  }

 private:
  const Graph& graph_;
  std::vector<Datum> values_;
  std::vector<size_t> readers_;  // how many uses are still to come
};

}  // namespace

Result<std::vector<Datum>> run_node(const Node& node, int opset, std::span<const Datum> inputs) {
  return run_node_within(node, opset, inputs, INT64_MAX);
}

Result<std::vector<Datum>> run_node_within(const Node& node, int opset, std::span<const Datum> inputs, int64_t max_bytes) {
  NPU_TRY(const OpDef* def, require_op(node));
  NPU_TRY(auto types, types_of_results(*def, node, opset, inputs, max_bytes));
  try {
    if (!def->evaluate) return run_on_tensors(*def, node, opset, inputs, std::move(types));
    NPU_TRY(auto results, def->evaluate(DatumContext(node, opset, inputs, types)));
    if (results.size() < types.size())
      return fail(ErrorKind::InvalidModel, where_of(node), fmt::format("output {} is not produced", results.size()));
    results.resize(types.size());
    return results;
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::DeviceFault, where_of(node), "out of memory");
  } catch (const std::length_error&) {  // more elements than a vector can have
    return fail(ErrorKind::DeviceFault, where_of(node), "out of memory");
  }
}

Result<std::vector<Tensor>> run_reference(const Node& node, int opset, std::span<const Tensor> inputs) {
  NPU_TRY(const auto results, run_node(node, opset, std::vector<Datum>(inputs.begin(), inputs.end())));
  std::vector<Tensor> tensors;
  for (const Datum& result : results) {
    if (!result.is_tensor() && !result.absent())
      return fail(ErrorKind::UnsupportedModel, where_of(node), fmt::format("output {} is {}, no tensor", tensors.size(), to_string(type_of(result))));
    tensors.push_back(result.tensor());
  }
  return tensors;
}

Result<std::vector<Datum>> run_graph(const Graph& graph, std::span<const Datum> inputs) {
  if (inputs.size() != graph.inputs.size())
    return fail(ErrorKind::InvalidArgument, "run_reference",
                fmt::format("{} inputs given, the graph has {}", inputs.size(), graph.inputs.size()));
  GraphRun run(graph);
  for (size_t i = 0; i < inputs.size(); ++i) {
    NPU_CHECK(check_graph_input(graph.value(graph.inputs[i]), inputs[i]));
    run.set(graph.inputs[i], inputs[i]);
  }
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    std::vector<Datum> node_inputs;
    for (ValueId input : node.inputs) node_inputs.push_back(run.take(input));
    NPU_TRY(auto results, run_node(node, graph.opset, node_inputs));
    for (size_t i = 0; i < node.outputs.size(); ++i) run.set(node.outputs[i], std::move(results[i]));
  }
  std::vector<Datum> outputs;
  for (ValueId id : graph.outputs) {
    outputs.push_back(run.take(id));
    if (outputs.back().absent())
      return fail(ErrorKind::InvalidModel, "output '" + graph.value(id).name + "'", "nothing produces it");
  }
  return outputs;
}

Result<std::vector<Tensor>> run_reference(const Graph& graph, std::span<const Tensor> inputs) {
  NPU_TRY(const auto results, run_graph(graph, std::vector<Datum>(inputs.begin(), inputs.end())));
  std::vector<Tensor> tensors;
  for (size_t i = 0; i < results.size(); ++i) {
    if (!results[i].is_tensor())
      return fail(ErrorKind::UnsupportedModel, "output '" + graph.value(graph.outputs[i]).name + "'",
                  to_string(type_of(results[i])) + " is no tensor");
    tensors.push_back(results[i].tensor());
  }
  return tensors;
}

}  // namespace npu
