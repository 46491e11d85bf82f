// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/model_json.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace npu::atc {
namespace {

// Keys in the order they are written.
using Json = nlohmann::ordered_json;

Json shape_json(const TensorType& type) {
  Json dims = Json::array();
  for (const Dim& dim : type.dims) dims.push_back(dim.known() ? dim.value() : -1);
  return {{"dim", dims}};
}

Json desc_json(const Value& value) {
  return {{"name", value.name},
          {"dtype", "DT_" + std::string(dtype_info(value.type.dtype).ge_name)},
          {"layout", to_string(value.format)},
          {"shape", shape_json(value.type)}};
}

// "producer:output", as ge.proto names the source of an input.
std::string source_of(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (value.producer == kNone) return value.name + ":0";
  const Node& producer = graph.node(value.producer);
  for (size_t i = 0; i < producer.outputs.size(); ++i)
    if (producer.outputs[i] == id) return fmt::format("{}:{}", producer.name, i);
  return value.name + ":0";
}

Json attr_value(const Attr& attr) {
  return std::visit(
      [](const auto& value) -> Json {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, int64_t>)
          return {{"i", value}};
        else if constexpr (std::is_same_v<T, float>)
          return {{"f", value}};
        else if constexpr (std::is_same_v<T, std::string>)
          return {{"s", value}};
        else if constexpr (std::is_same_v<T, std::vector<int64_t>>)
          return {{"list", {{"i", value}}}};
        else if constexpr (std::is_same_v<T, std::vector<float>>)
          return {{"list", {{"f", value}}}};
        else if constexpr (std::is_same_v<T, std::vector<std::string>>)
          return {{"list", {{"s", value}}}};
        else if constexpr (std::is_same_v<T, Subgraph>)
          return {{"g", {{"name", value->name}}}};
        else if constexpr (std::is_same_v<T, TensorType>)
          return {{"s", to_string(value)}};
        else
          return {{"t", {{"dtype", to_string(value.dtype())}, {"shape", {{"dim", value.shape()}}}}}};
      },
      attr);
}

Json value_op(const Graph& graph, ValueId id, const char* type) {
  return {{"name", graph.value(id).name}, {"type", type}, {"output_desc", Json::array({desc_json(graph.value(id))})}};
}

Json node_op(const Graph& graph, const Node& node) {
  Json op{{"name", node.name}, {"type", node.op}, {"input", Json::array()}};
  Json inputs = Json::array(), outputs = Json::array(), attrs = Json::array();
  for (ValueId id : node.inputs) {
    op["input"].push_back(id == kNone ? "" : source_of(graph, id));
    inputs.push_back(id == kNone ? Json::object() : desc_json(graph.value(id)));
  }
  for (ValueId id : node.outputs) outputs.push_back(id == kNone ? Json::object() : desc_json(graph.value(id)));
  for (const auto& [key, attr] : node.attrs) attrs.push_back({{"key", key}, {"value", attr_value(attr)}});
  if (node.engine != Engine::Unassigned)
    attrs.push_back({{"key", "_engine_type"}, {"value", {{"s", to_string(node.engine)}}}});
  if (node.task != kNone) attrs.push_back({{"key", "_task_id"}, {"value", {{"i", node.task}}}});
  op["input_desc"] = std::move(inputs);
  op["output_desc"] = std::move(outputs);
  op["attr"] = std::move(attrs);
  return op;
}

Json graph_json(const Graph& graph) {
  Json ops = Json::array();
  for (ValueId id : graph.inputs) ops.push_back(value_op(graph, id, "Data"));
  for (ValueId id : graph.used_constants()) ops.push_back(value_op(graph, id, "Const"));
  for (NodeId id : graph.order()) ops.push_back(node_op(graph, graph.node(id)));
  Json inputs = Json::array(), outputs = Json::array();
  for (ValueId id : graph.inputs) inputs.push_back(graph.value(id).name);
  for (ValueId id : graph.outputs) outputs.push_back(source_of(graph, id));
  return {{"name", graph.name}, {"input", inputs}, {"output", outputs}, {"op", ops}};
}

Json descs_json(const std::vector<TensorDesc>& descs) {
  Json list = Json::array();
  for (const TensorDesc& desc : descs)
    list.push_back({{"name", desc.name},
                    {"dtype", to_string(desc.dtype)},
                    {"layout", to_string(desc.format)},
                    {"shape", desc.shape},
                    {"address", desc.address},
                    {"size", desc.bytes}});
  return list;
}

Json task_json(const Task& task) {
  size_t instructions = 0;
  for (const Program& block : task.blocks) instructions += block.size();
  return {{"name", task.name},
          {"op_type", task.op_type},
          {"fused", task.fused},
          {"engine", to_string(task.engine)},
          {"block_dim", task.blocks.size()},
          {"instructions", instructions},
          {"macs", task.macs},
          {"input", descs_json(task.inputs)},
          {"output", descs_json(task.outputs)}};
}

Json tasks_json(const CompiledModel& model) {
  Json tasks = Json::array();
  for (const Task& task : model.tasks) tasks.push_back(task_json(task));
  return tasks;
}

// Names in a file may be any bytes: what is no UTF-8 is replaced.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string graph_to_json(const Graph& graph) {
  return text_of({{"name", graph.name}, {"version", 1}, {"graph", Json::array({graph_json(graph)})}});
}

std::string package_to_json(const ModelPackage& package) {
  const CompiledModel& model = package.first();
  const auto attr = [](const char* key, Json value) { return Json{{"key", key}, {"value", std::move(value)}}; };
  Json attrs =
      Json::array({attr("soc_version", {{"s", model.soc}}), attr("framework_type", {{"s", model.framework}}),
                   attr("atc_cmdline", {{"s", model.command_line}}), attr("memory_size", {{"i", package.arena_bytes()}}),
                   attr("weight_size", {{"i", model.weights ? model.weights->size() : 0}})});
  if (package.dynamic == Dynamic::None)
    return text_of({{"name", model.name},
                    {"version", 1},
                    {"attr", attrs},
                    {"graph", Json::array({graph_json(model.graph)})},
                    {"task", tasks_json(model)}});
  attrs.push_back(attr("gears", {{"s", gears_text(package)}}));
  Json graphs = Json::array(), gears = Json::array();
  for (const Gear& gear : package.gears) {
    graphs.push_back(graph_json(gear.program->graph));
    gears.push_back({{"values", gear.values}, {"memory_size", gear.program->arena_bytes}, {"task", tasks_json(*gear.program)}});
  }
  return text_of({{"name", model.name}, {"version", 1}, {"attr", attrs}, {"graph", graphs}, {"gear", gears}});
}

std::string info_to_json(const OmInfo& info) {
  const auto attrs_json = [](const OmInfo::Attrs& attrs) {
    Json list = Json::array();
    for (const auto& [key, value] : attrs) list.push_back({{"key", key}, {"value", {{"s", value}}}});
    return list;
  };
  const auto tensors_json = [](const std::vector<OmInfo::Tensor>& tensors) {
    Json list = Json::array();
    for (const auto& t : tensors)
      list.push_back({{"name", t.name},
                      {"dtype", t.dtype},
                      {"layout", t.format},
                      {"shape", {{"dim", t.shape}}},
                      {"size", t.size}});
    return list;
  };
  Json ops = Json::array();
  for (const auto& op : info.ops)
    ops.push_back({{"name", op.name},
                   {"type", op.type},
                   {"input", op.inputs},
                   {"input_desc", tensors_json(op.input_tensors)},
                   {"output_desc", tensors_json(op.output_tensors)},
                   {"attr", attrs_json(op.attrs)}});
  return text_of({{"name", info.name},
                  {"version", info.version},
                  {"attr", attrs_json(info.attrs)},
                  {"graph", Json::array({Json{{"name", info.name}, {"op", ops}}})}});
}

}  // namespace npu::atc
