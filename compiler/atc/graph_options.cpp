// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/graph_options.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "compiler/atc/text.h"
#include "compiler/passes/rewrite.h"

namespace npu::atc {
namespace {

constexpr std::pair<std::string_view, DType> kTypes[] = {
    {"FP32", DType::Float32}, {"FP16", DType::Float16}, {"DOUBLE", DType::Float64}, {"INT8", DType::Int8}, {"INT16", DType::Int16}, {"INT32", DType::Int32},
    {"INT64", DType::Int64}, {"UINT8", DType::UInt8}, {"UINT16", DType::UInt16}, {"UINT32", DType::UInt32}, {"UINT64", DType::UInt64}};

AtcResult<DType> type_named(std::string_view option, std::string_view name) {
  const auto* found = std::ranges::find(kTypes, name, &std::pair<std::string_view, DType>::first);
  if (found == std::end(kTypes)) return refuse("E10001", fmt::format("The value '{}' of --{} is not valid: there is no type of this name.", name, option));
  return found->second;
}

// "node:0": an output of a node, or of the node that makes the value of this name.
AtcResult<ValueId> output_named(const Graph& graph, std::string_view option, std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto index = colon == std::string_view::npos ? std::nullopt : parse_int(text.substr(colon + 1));
  if (!index || *index < 0) return refuse("E10001", fmt::format("The value '{}' of --{} is not valid: it is no node:output.", text, option));
  const std::string_view name = text.substr(0, colon);
  const auto id = std::ranges::find(graph.order(), name, [&](NodeId at) { return std::string_view(graph.node(at).name); });
  const ValueId value = graph.find_value(name);
  if (id == graph.order().end() && value == kNone) return refuse("E10016", fmt::format("The model has no node '{}', which --{} names.", name, option));
  if (id == graph.order().end()) {
    if (*index != 0) return refuse("E10001", fmt::format("The value '{}' of --{} is not valid: '{}' is one tensor.", text, option, name));
    return value;
  }
  const auto& outputs = graph.node(*id).outputs;
  if (*index >= std::ssize(outputs) || outputs[static_cast<size_t>(*index)] == kNone)
    return refuse("E10001", fmt::format("The value '{}' of --{} is not valid: '{}' has {} outputs.", text, option, name, outputs.size()));
  return outputs[static_cast<size_t>(*index)];
}

Node cast_node(const Graph& graph, ValueId from, ValueId to, DType dtype) {
  Node node = pass::make_node("Cast", graph.value(to).name + "_cast", {from}, {to});
  node.attrs["to"] = static_cast<int64_t>(dtype_info(dtype).onnx);
  return node;
}

AtcResult<void> choose_outputs(Graph& graph, const std::string& text) {
  std::vector<ValueId> chosen;
  for (const std::string_view part : split(text, ';')) {
    auto value = output_named(graph, "out_nodes", part);
    if (!value) return std::unexpected(value.error());
    if (std::ranges::find(chosen, *value) != chosen.end()) return refuse("E10001", fmt::format("The value '{}' of --out_nodes is not valid: '{}' stands there twice.", text, part));
    chosen.push_back(*value);
  }
  if (chosen.empty()) return {};
  graph.outputs = std::move(chosen);
  graph.erase_dead();
  return {};
}

// The readers go on with a float32 copy; the compiler takes the detour away again where it computes with float16.
AtcResult<void> take_half(Graph& graph, const std::string& text) {
  for (const std::string_view name : split(text, ';')) {
    const auto input = std::ranges::find(graph.inputs, name, [&](ValueId id) { return std::string_view(graph.value(id).name); });
    if (input == graph.inputs.end()) return refuse("E10016", fmt::format("The model has no input '{}', which --input_fp16_nodes names.", name));
    const ValueId wide = *input;
    TensorType type = graph.value(wide).type;
    if (type.dtype == DType::Float16) continue;
    if (type.dtype != DType::Float32)
      return refuse("E10001", fmt::format("The value '{}' of --input_fp16_nodes is not valid: '{}' is {}.", text, name, to_string(type.dtype)));
    type.dtype = DType::Float16;
    graph.value(wide).name = graph.unique_value_name(fmt::format("{}_float32", name));
    const ValueId half = graph.add_value(std::string(name), std::move(type));
    *input = half;
    Node cast = cast_node(graph, half, wide, DType::Float32);
    if (graph.order().empty()) graph.append(std::move(cast));
    else graph.insert_before(graph.order().front(), std::move(cast));
  }
  return {};
}

void give_as(Graph& graph, size_t output, DType dtype) {
  const ValueId plain = graph.outputs[output];
  if (graph.value(plain).type.dtype == dtype) return;
  TensorType type = graph.value(plain).type;
  type.dtype = dtype;
  const std::string name = graph.value(plain).name;
  graph.value(plain).name = graph.unique_value_name(name + "_plain");
  const ValueId given = graph.add_value(name, std::move(type));
  graph.append(cast_node(graph, plain, given, dtype));
  graph.outputs[output] = given;
}

AtcResult<void> choose_output_types(Graph& graph, const std::string& text) {
  const auto parts = split(text, ';');
  if (parts.size() == 1 && parts[0].find(':') == std::string_view::npos) {
    auto dtype = type_named("output_type", parts[0]);
    if (!dtype) return std::unexpected(dtype.error());
    for (size_t i = 0; i < graph.outputs.size(); ++i) give_as(graph, i, *dtype);
    return {};
  }
  for (const std::string_view part : parts) {
    const size_t colon = part.rfind(':');
    auto dtype = type_named("output_type", colon == std::string_view::npos ? part : part.substr(colon + 1));
    if (!dtype) return std::unexpected(dtype.error());
    auto value = output_named(graph, "output_type", part.substr(0, colon));
    if (!value) return std::unexpected(value.error());
    const auto output = std::ranges::find(graph.outputs, *value);
    if (output == graph.outputs.end()) return refuse("E10001", fmt::format("The value '{}' of --output_type is not valid: '{}' is no output of the model.", text, part.substr(0, colon)));
    give_as(graph, static_cast<size_t>(output - graph.outputs.begin()), *dtype);
  }
  return {};
}

}  // namespace

AtcResult<void> change_boundary(Graph& graph, const BoundaryOptions& options) {
  if (auto chosen = choose_outputs(graph, options.out_nodes); !chosen) return chosen;
  if (auto taken = take_half(graph, options.input_fp16_nodes); !taken) return taken;
  return choose_output_types(graph, options.output_type);
}

}  // namespace npu::atc
