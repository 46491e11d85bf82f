// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "core/onnx/onnx.h"
#include "core/onnx/tensor_proto.h"
#include "core/ops/op.h"

namespace npu {

namespace {

using namespace onnx;
using protozero::pbf_writer;

constexpr int kIrVersion = 8;
constexpr int kMlVersion = 5;  // of ai.onnx.ml; the previews have one version
// A protocol-buffer message is limited to 2 GiB.
constexpr uint64_t kMaxModelBytes = (uint64_t{1} << 31) - (uint64_t{1} << 20);

template <class Field>
requires std::is_enum_v<Field>
constexpr protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

void write_type(pbf_writer& parent, protozero::pbf_tag_type field, const TensorType& type);
// Names of values that a graph captures, as the graph around it calls them.
using Renamed = std::map<ValueId, std::string>;
void write_graph(pbf_writer& parent, protozero::pbf_tag_type field, const Graph& graph, const Renamed& renamed);

struct AttributeWriter {
  pbf_writer& message;
  const Renamed& captured;  // the last inputs of the node, by position
  size_t inputs;

  void operator()(const Subgraph& value) {
    Renamed renamed;
    for (size_t i = 0; i < value->captures; ++i)
      renamed[value->inputs[value->inputs.size() - value->captures + i]] = captured.at(static_cast<ValueId>(inputs - value->captures + i));
    write_graph(message, tag(AttributeField::G), *value, renamed);
    type(AttributeType::Graph);
  }
  void operator()(const TensorType& value) {
    write_type(message, tag(AttributeField::TypeProto), value);
    type(AttributeType::TypeProto);
  }

  void type(AttributeType kind) { message.add_enum(tag(AttributeField::Type), static_cast<int32_t>(kind)); }

  void operator()(int64_t value) {
    message.add_int64(tag(AttributeField::I), value);
    type(AttributeType::Int);
  }
  void operator()(float value) {
    message.add_float(tag(AttributeField::F), value);
    type(AttributeType::Float);
  }
  void operator()(const std::string& value) {
    message.add_string(tag(AttributeField::S), value);
    type(AttributeType::String);
  }
  void operator()(const std::vector<int64_t>& values) {
    for (const int64_t value : values) message.add_int64(tag(AttributeField::Ints), value);
    type(AttributeType::Ints);
  }
  void operator()(const std::vector<float>& values) {
    for (const float value : values) message.add_float(tag(AttributeField::Floats), value);
    type(AttributeType::Floats);
  }
  void operator()(const std::vector<std::string>& values) {
    for (const std::string& value : values) message.add_string(tag(AttributeField::Strings), value);
    type(AttributeType::Strings);
  }
  void operator()(const Tensor& value) {
    write_tensor(message, tag(AttributeField::T), "", value);
    type(AttributeType::Tensor);
  }
};

void write_tensor_type(pbf_writer& parent, const TensorType& type) {
  pbf_writer tensor(parent, tag(TypeField::Tensor));
  tensor.add_int32(tag(TensorTypeField::ElemType), dtype_info(type.dtype).onnx);
  if (!type.has_rank) return;
  // An empty message is written as such: a scalar's shape, an unknown dimension. (pbf_writer drops empty sub-messages.)
  if (type.dims.empty()) tensor.add_message(tag(TensorTypeField::Shape), std::string());
  pbf_writer shape(tensor, tag(TensorTypeField::Shape));
  for (const Dim& dim : type.dims) {
    std::string buffer;
    pbf_writer message(buffer);
    if (dim.known())
      message.add_int64(tag(DimField::Value), dim.value());
    else if (!dim.symbol().empty())
      message.add_string(tag(DimField::Param), dim.symbol());
    shape.add_message(tag(ShapeField::Dim), buffer);
  }
}

void write_type(pbf_writer& parent, protozero::pbf_tag_type field, const TensorType& type) {
  pbf_writer message(parent, field);
  TensorType element = type;
  switch (type.kind) {
    case ValueKind::Tensor: return write_tensor_type(message, type);
    case ValueKind::Sequence:
    case ValueKind::OptionalTensor: element.kind = ValueKind::Tensor; break;
    case ValueKind::OptionalSequence: element.kind = ValueKind::Sequence; break;
  }
  pbf_writer holder(message, tag(type.kind == ValueKind::Sequence ? TypeField::Sequence : TypeField::Optional));
  write_type(holder, tag(ElementTypeField::ElemType), element);
}

void write_value_info(pbf_writer& graph, GraphField field, const Value& value) {
  pbf_writer info(graph, tag(field));
  info.add_string(tag(ValueInfoField::Name), value.name);
  if (value.type.dtype != DType::Undefined) write_type(info, tag(ValueInfoField::Type), value.type);
}

void write_node(pbf_writer& parent, const Graph& graph, const Node& node, const Renamed& renamed) {
  pbf_writer message(parent, tag(GraphField::Node));
  const auto name_of = [&](ValueId id) {
    const auto other = renamed.find(id);
    return id == kNone ? std::string() : other != renamed.end() ? other->second : graph.value(id).name;
  };
  size_t captures = 0;
  for (const auto& [key, value] : node.attrs)
    if (const auto* body = std::get_if<Subgraph>(&value)) captures = std::max(captures, (*body)->captures);
  Renamed inputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    inputs[static_cast<ValueId>(i)] = name_of(node.inputs[i]);
    if (i + captures < node.inputs.size()) message.add_string(tag(NodeField::Input), name_of(node.inputs[i]));
  }
  for (const ValueId id : node.outputs) message.add_string(tag(NodeField::Output), name_of(id));
  message.add_string(tag(NodeField::Name), node.name);
  message.add_string(tag(NodeField::OpType), node.op);
  const OpDef* def = find_op(node.op);
  if (def && !def->domain.empty()) message.add_string(tag(NodeField::Domain), std::string(def->domain));
  for (const auto& [key, value] : node.attrs) {
    pbf_writer attribute(message, tag(NodeField::Attribute));
    attribute.add_string(tag(AttributeField::Name), key);
    std::visit(AttributeWriter{attribute, inputs, node.inputs.size()}, value);
  }
}

// An output may be a captured value under the name it has further out.
void write_graph(pbf_writer& parent, protozero::pbf_tag_type field, const Graph& graph, const Renamed& renamed) {
  pbf_writer message(parent, field);
  const auto renamed_value = [&](ValueId id) {
    Value value = graph.value(id);
    value.constant.reset();
    if (const auto other = renamed.find(id); other != renamed.end()) value.name = other->second;
    return value;
  };
  for (const NodeId id : graph.order()) write_node(message, graph, graph.node(id), renamed);
  message.add_string(tag(GraphField::Name), graph.name);
  for (const ValueId id : graph.used_constants())
    write_tensor(message, tag(GraphField::Initializer), graph.value(id).name, *graph.value(id).constant);
  for (size_t i = 0; i + graph.captures < graph.inputs.size(); ++i) write_value_info(message, GraphField::Input, graph.value(graph.inputs[i]));
  for (const ValueId id : graph.outputs) write_value_info(message, GraphField::Output, renamed_value(id));
  for (const NodeId id : graph.order())
    for (const ValueId output : graph.node(id).outputs)
      if (output != kNone && !graph.is_output(output) && graph.value(output).type.dtype != DType::Undefined)
        write_value_info(message, GraphField::ValueInfo, graph.value(output));
}

// The other domains that the graph and its sub-graphs use.
void collect_domains(const Graph& graph, std::set<std::string_view>& domains) {
  for (const NodeId id : graph.order()) {
    const OpDef* def = find_op(graph.node(id).op);
    if (def && !def->domain.empty()) domains.insert(def->domain);
    for (const auto& [key, value] : graph.node(id).attrs)
      if (const auto* body = std::get_if<Subgraph>(&value)) collect_domains(**body, domains);
  }
}

void write_opset(pbf_writer& model, std::string_view domain, int version) {
  pbf_writer opset(model, tag(ModelField::OpsetImport));
  opset.add_string(tag(OpsetField::Domain), std::string(domain));
  opset.add_int64(tag(OpsetField::Version), version);
}

}  // namespace

Result<std::vector<std::byte>> save_onnx(const Graph& graph) {
  const std::vector<ValueId> constants = graph.used_constants();
  if (const auto sources = graph.used_sources(); sources.size() != constants.size())
    for (const ValueId id : sources)
      if (!graph.is_constant(id))
        return fail(ErrorKind::InvalidArgument, "constant '" + graph.value(id).name + "'",
                    "has no elements: they were dropped");
  uint64_t weights = 0;
  for (const ValueId id : constants) weights += graph.value(id).constant->byte_size();
  if (weights > kMaxModelBytes)
    return fail(ErrorKind::InvalidArgument, graph.name,
                std::to_string(weights) + " bytes of weights do not fit an ONNX file (2 GiB)");
  std::string buffer;
  buffer.reserve(static_cast<size_t>(weights) + (size_t{1} << 16));
  pbf_writer model(buffer);
  model.add_int64(tag(ModelField::IrVersion), kIrVersion);
  model.add_string(tag(ModelField::ProducerName), "npu-sandbox");
  write_graph(model, tag(ModelField::Graph), graph, {});
  write_opset(model, "", graph.opset);
  std::set<std::string_view> domains;
  collect_domains(graph, domains);
  for (const std::string_view domain : domains) write_opset(model, domain, domain == "ai.onnx.ml" ? kMlVersion : 1);
  const Bytes bytes = as_byte_view(buffer);
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace npu
