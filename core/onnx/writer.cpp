// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/onnx.h"
#include "core/onnx/tensor_proto.h"

namespace npu {

namespace {

using namespace onnx;
using protozero::pbf_writer;

constexpr int kIrVersion = 8;
// A protocol-buffer message is limited to 2 GiB.
constexpr uint64_t kMaxModelBytes = (uint64_t{1} << 31) - (uint64_t{1} << 20);

template <class Field>
requires std::is_enum_v<Field>
constexpr protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

struct AttributeWriter {
  pbf_writer& message;

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

void write_value_info(pbf_writer& graph, GraphField field, const Value& value) {
  pbf_writer info(graph, tag(field));
  info.add_string(tag(ValueInfoField::Name), value.name);
  if (value.type.dtype == DType::Undefined) return;
  pbf_writer type(info, tag(ValueInfoField::Type));
  pbf_writer tensor(type, tag(TypeField::Tensor));
  tensor.add_int32(tag(TensorTypeField::ElemType), dtype_info(value.type.dtype).onnx);
  if (!value.type.has_rank) return;
  // An empty message is written as such: a scalar's shape, an unknown dimension. (pbf_writer drops empty sub-messages.)
  if (value.type.dims.empty()) tensor.add_message(tag(TensorTypeField::Shape), std::string());
  pbf_writer shape(tensor, tag(TensorTypeField::Shape));
  for (const Dim& dim : value.type.dims) {
    std::string buffer;
    pbf_writer message(buffer);
    if (dim.known())
      message.add_int64(tag(DimField::Value), dim.value());
    else if (!dim.symbol().empty())
      message.add_string(tag(DimField::Param), dim.symbol());
    shape.add_message(tag(ShapeField::Dim), buffer);
  }
}

void write_node(pbf_writer& parent, const Graph& graph, const Node& node) {
  pbf_writer message(parent, tag(GraphField::Node));
  const auto name_of = [&](ValueId id) { return id == kNone ? std::string() : graph.value(id).name; };
  for (const ValueId id : node.inputs) message.add_string(tag(NodeField::Input), name_of(id));
  for (const ValueId id : node.outputs) message.add_string(tag(NodeField::Output), name_of(id));
  message.add_string(tag(NodeField::Name), node.name);
  message.add_string(tag(NodeField::OpType), node.op);
  for (const auto& [key, value] : node.attrs) {
    pbf_writer attribute(message, tag(NodeField::Attribute));
    attribute.add_string(tag(AttributeField::Name), key);
    std::visit(AttributeWriter{attribute}, value);
  }
}

void write_graph(pbf_writer& model, const Graph& graph, const std::vector<ValueId>& constants) {
  pbf_writer message(model, tag(ModelField::Graph));
  for (const NodeId id : graph.order()) write_node(message, graph, graph.node(id));
  message.add_string(tag(GraphField::Name), graph.name);
  for (const ValueId id : constants)
    write_tensor(message, tag(GraphField::Initializer), graph.value(id).name, *graph.value(id).constant);
  for (const ValueId id : graph.inputs) write_value_info(message, GraphField::Input, graph.value(id));
  for (const ValueId id : graph.outputs) write_value_info(message, GraphField::Output, graph.value(id));
  for (const NodeId id : graph.order())
    for (const ValueId output : graph.node(id).outputs)
      if (output != kNone && !graph.is_output(output) && graph.value(output).type.dtype != DType::Undefined)
        write_value_info(message, GraphField::ValueInfo, graph.value(output));
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
  write_graph(model, graph, constants);
  {
    pbf_writer opset(model, tag(ModelField::OpsetImport));
    opset.add_string(tag(OpsetField::Domain), "");
    opset.add_int64(tag(OpsetField::Version), graph.opset);
  }
  const Bytes bytes = as_byte_view(buffer);
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace npu
