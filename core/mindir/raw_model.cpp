// SPDX-License-Identifier: Apache-2.0
#include "core/mindir/raw_model.h"

#include <algorithm>

namespace npu::mindir {
namespace {

using protozero::pbf_tag_type;

enum class ModelField : pbf_tag_type { IrVersion = 1, Producer = 2, Graph = 7, Functions = 8, Primitives = 12 };
enum class GraphField : pbf_tag_type { Node = 1, Name = 2, Parameter = 3, Input = 5, Output = 6 };
enum class NodeField : pbf_tag_type { Input = 1, Output = 2, Name = 3, OpType = 4, Attribute = 5 };
enum class PrimitiveField : pbf_tag_type { Name = 1, OpType = 2, Attribute = 3 };
enum class ValueField : pbf_tag_type { Name = 1, Tensor = 2 };
enum class AttrField : pbf_tag_type { Name = 1, F = 2, I = 3, D = 4, S = 5, T = 6, Floats = 8, Doubles = 9, Ints = 10, Strings = 11, Tensors = 12, Reference = 15, Values = 17 };
enum class TensorField : pbf_tag_type { Dims = 1, DataType = 2, Name = 7, Raw = 9, External = 12, Compression = 16 };

// TensorProto.DataType
constexpr std::pair<int64_t, DType> kTypes[] = {
    {1, DType::Float32}, {2, DType::UInt8}, {3, DType::Int8}, {4, DType::UInt16}, {5, DType::Int16}, {6, DType::Int32}, {7, DType::Int64}, {9, DType::Bool}, {10, DType::Float16},
    {11, DType::Float64}, {12, DType::UInt32}, {13, DType::UInt64}, {16, DType::BFloat16}, {17, DType::Float64},
};

constexpr int kMaxDepth = 8;  // of tuples in tuples

void read_attr(data_view view, AttrValue& attr, int depth) {
  PbMessage<AttrField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(AttrField::Name): attr.name = message.get_string(); break;
      case pb_length(AttrField::Reference): attr.reference = message.get_string(); break;
      case pb_fixed32(AttrField::F): attr.floats.push_back(message.get_float()); break;
      case pb_fixed64(AttrField::D):
      case pb_fixed64(AttrField::Doubles): attr.floats.push_back(static_cast<float>(message.get_double())); break;
      case pb_fixed32(AttrField::Floats): attr.floats.push_back(message.get_float()); break;
      case pb_length(AttrField::Floats):
        for (const float value : message.get_packed_float()) attr.floats.push_back(value);
        break;
      case pb_varint(AttrField::I): attr.ints.push_back(message.get_int64()); break;
      case pb_varint(AttrField::Ints):
      case pb_length(AttrField::Ints): pb_append_varints(message, attr.ints); break;
      case pb_length(AttrField::S):
      case pb_length(AttrField::Strings): attr.text = message.get_string(); break;
      case pb_length(AttrField::T):
      case pb_length(AttrField::Tensors): attr.tensors.push_back(read_tensor(message.get_view())); break;
      case pb_length(AttrField::Values): {
        const data_view inner = message.get_view();
        const std::string name = attr.name;
        if (depth < kMaxDepth) read_attr(inner, attr, depth + 1);
        attr.name = name;
        break;
      }
      default: message.skip();
    }
  }
}

template <class Field>
RawNode read_operator(data_view view) {
  RawNode node;
  PbMessage<Field> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(Field::Name): node.name = message.get_string(); break;
      case pb_length(Field::OpType): node.op = message.get_string(); break;
      case pb_length(Field::Attribute): {
        AttrValue attr;
        read_attr(message.get_view(), attr, 0);
        node.attrs.emplace(attr.name, attr);
        break;
      }
      default: message.skip();
    }
  }
  return node;
}

RawNode read_node(data_view view) {
  RawNode node = read_operator<NodeField>(view);
  PbMessage<NodeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(NodeField::Input): node.inputs.push_back(message.get_string()); break;
      case pb_length(NodeField::Output): node.outputs.push_back(message.get_string()); break;
      default: message.skip();
    }
  }
  return node;
}

RawInput read_value(data_view view) {
  RawInput value;
  PbMessage<ValueField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ValueField::Name): value.name = message.get_string(); break;
      case pb_length(ValueField::Tensor): value.tensors.push_back(read_tensor(message.get_view())); break;
      default: message.skip();
    }
  }
  return value;
}

void read_graph(data_view view, RawModel& model) {
  PbMessage<GraphField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(GraphField::Node): model.nodes.push_back(read_node(message.get_view())); break;
      case pb_length(GraphField::Name): model.graph_name = message.get_string(); break;
      case pb_length(GraphField::Parameter): model.parameters.push_back(message.get_view()); break;
      case pb_length(GraphField::Input): model.inputs.push_back(read_value(message.get_view())); break;
      case pb_length(GraphField::Output): model.outputs.push_back(read_value(message.get_view())); break;
      default: message.skip();
    }
  }
}

}  // namespace

RawTensor read_tensor(data_view view) {
  RawTensor tensor;
  PbMessage<TensorField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(TensorField::Dims):
      case pb_length(TensorField::Dims): pb_append_varints(message, tensor.dims); break;
      case pb_varint(TensorField::DataType): tensor.dtype = message.get_int64(); break;
      case pb_length(TensorField::Name): tensor.name = message.get_string(); break;
      case pb_length(TensorField::Raw): tensor.raw = message.get_byte_span(); break;
      case pb_length(TensorField::External):
        tensor.outside = true;
        message.skip();
        break;
      case pb_varint(TensorField::Compression): tensor.compressed = message.get_int64() != 0; break;
      default: message.skip();
    }
  }
  return tensor;
}

RawModel read_model(Bytes bytes) {
  RawModel model;
  PbMessage<ModelField> message(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ModelField::Producer): model.recognised |= message.get_string() == "MindSpore"; break;
      case pb_length(ModelField::Graph): read_graph(message.get_view(), model); break;
      case pb_length(ModelField::Functions):
        model.has_functions = true;
        message.skip();
        break;
      case pb_length(ModelField::Primitives): {
        RawNode primitive = read_operator<PrimitiveField>(message.get_view());
        model.primitives.emplace(primitive.name, primitive);
        break;
      }
      default: message.skip();
    }
  }
  return model;
}

DType dtype_of(int64_t code) {
  const auto* found = std::ranges::find(kTypes, code, &std::pair<int64_t, DType>::first);
  return found == std::end(kTypes) ? DType::Undefined : found->second;
}

}  // namespace npu::mindir
