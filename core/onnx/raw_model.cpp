// SPDX-License-Identifier: Apache-2.0
#include "core/onnx/raw_model.h"

#include "core/onnx/fields.h"
#include "core/onnx/tensor_proto.h"

namespace npu::onnx {

RawNode read_node(data_view view) {
  RawNode node;
  PbMessage<NodeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(NodeField::Input): node.inputs.push_back(pb_string_view(message.get_view())); break;
      case pb_length(NodeField::Output): node.outputs.push_back(pb_string_view(message.get_view())); break;
      case pb_length(NodeField::Name): node.name = message.get_string(); break;
      case pb_length(NodeField::OpType): node.op = message.get_string(); break;
      case pb_length(NodeField::Domain): node.domain = message.get_string(); break;
      case pb_length(NodeField::Attribute): node.attributes.push_back(message.get_view()); break;
      default: message.skip();
    }
  }
  return node;
}

RawAttribute read_attribute(data_view view) {
  RawAttribute attribute;
  PbMessage<AttributeField> message(view);
  AttributeType found = AttributeType::Undefined;  // by the field present, for writers that leave the type out
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(AttributeField::Name): attribute.name = message.get_string(); break;
      case pb_length(AttributeField::RefAttrName): attribute.is_reference = message.get_view().size() > 0; break;
      case pb_varint(AttributeField::Type): attribute.type = message.get_int64(); break;
      case pb_fixed32(AttributeField::F):
        attribute.value = message.get_float();
        found = AttributeType::Float;
        break;
      case pb_varint(AttributeField::I):
        attribute.value = message.get_int64();
        found = AttributeType::Int;
        break;
      case pb_length(AttributeField::S):
        attribute.value = message.get_string();
        found = AttributeType::String;
        break;
      case pb_length(AttributeField::T):
        attribute.tensor = message.get_view();
        found = AttributeType::Tensor;
        break;
      case pb_length(AttributeField::TypeProto):
        attribute.type_proto = message.get_view();
        found = AttributeType::TypeProto;
        break;
      case pb_length(AttributeField::G):
        attribute.graph = message.get_view();
        found = AttributeType::Graph;
        break;
      case pb_length(AttributeField::Graphs):
        message.skip();
        found = AttributeType::Graphs;
        break;
      case pb_length(AttributeField::Tensors):
        message.skip();
        found = AttributeType::Tensors;
        break;
      case pb_fixed32(AttributeField::Floats):
        attribute.floats.push_back(message.get_float());
        found = AttributeType::Floats;
        break;
      case pb_length(AttributeField::Floats):
        for (const float value : message.get_packed_float()) attribute.floats.push_back(value);
        found = AttributeType::Floats;
        break;
      case pb_varint(AttributeField::Ints):
      case pb_length(AttributeField::Ints):
        pb_append_varints(message, attribute.ints);
        found = AttributeType::Ints;
        break;
      case pb_length(AttributeField::Strings):
        attribute.strings.push_back(message.get_string());
        found = AttributeType::Strings;
        break;
      default: message.skip();
    }
  }
  if (attribute.type == 0) attribute.type = static_cast<int64_t>(found);
  return attribute;
}

namespace {

Dim read_dim(data_view view, std::string& problem) {
  Dim dim;
  PbMessage<DimField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(DimField::Value): {
        const int64_t value = message.get_int64();
        // Some exporters write -1 for 'not known'.
        if (value < -1) problem = "has a dimension of " + std::to_string(value);
        dim = value >= 0 ? Dim(value) : Dim();
        break;
      }
      case pb_length(DimField::Param): dim = Dim(message.get_string()); break;
      default: message.skip();
    }
  }
  return dim;
}

TensorType read_tensor_type(data_view view, std::string& problem) {
  TensorType type;
  PbMessage<TensorTypeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(TensorTypeField::ElemType): {
        const int64_t code = message.get_int64();
        const auto dtype = code > 0 && code < 1000 ? dtype_from_onnx(static_cast<int>(code)) : std::nullopt;
        if (dtype)
          type.dtype = *dtype;
        else
          problem = "has element type " + element_type_name(code);
        break;
      }
      case pb_length(TensorTypeField::Shape): {
        type.has_rank = true;
        PbMessage<ShapeField> shape(message.get_view());
        while (shape.next()) {
          if (shape.tag_and_type() == pb_length(ShapeField::Dim))
            type.dims.push_back(read_dim(shape.get_view(), problem));
          else
            shape.skip();
        }
        break;
      }
      default: message.skip();
    }
  }
  if (type.dtype == DType::Undefined && problem.empty()) problem = "has no element type";
  return type;
}

}  // namespace

namespace {

constexpr int kMaxTypeDepth = 8;

// TypeProto.Sequence and TypeProto.Optional hold one type.
TensorType read_element_type(data_view view, std::string& problem, int depth) {
  TensorType type;
  problem = "has no element type";
  PbMessage<ElementTypeField> message(view);
  while (message.next()) {
    if (message.tag_and_type() == pb_length(ElementTypeField::ElemType)) {
      problem.clear();
      type = read_type(message.get_view(), problem, depth + 1);
    } else {
      message.skip();
    }
  }
  return type;
}

}  // namespace

TensorType read_type(data_view view, std::string& problem, int depth) {
  TensorType type;
  problem = depth > kMaxTypeDepth ? "is nested too deeply" : "has no type";
  if (depth > kMaxTypeDepth) return type;
  PbMessage<TypeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(TypeField::Tensor):
        problem.clear();
        type = read_tensor_type(message.get_view(), problem);
        break;
      case pb_length(TypeField::Sequence):
        problem.clear();
        type = read_element_type(message.get_view(), problem, depth);
        if (problem.empty() && !type.is_tensor()) problem = "is a sequence of " + to_string(type);
        type.kind = ValueKind::Sequence;
        break;
      case pb_length(TypeField::Map):
        problem = "is a map";
        message.skip();
        break;
      case pb_length(TypeField::SparseTensor):
        problem = "is a sparse tensor";
        message.skip();
        break;
      case pb_length(TypeField::Optional):
        problem.clear();
        type = read_element_type(message.get_view(), problem, depth);
        if (problem.empty() && type.kind != ValueKind::Tensor && type.kind != ValueKind::Sequence) problem = "is an optional of " + to_string(type);
        type.kind = type.kind == ValueKind::Sequence ? ValueKind::OptionalSequence : ValueKind::OptionalTensor;
        break;
      default: message.skip();
    }
  }
  return type;
}

RawValue read_value_info(data_view view) {
  RawValue value;
  value.problem = "has no type";
  PbMessage<ValueInfoField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ValueInfoField::Name): value.name = message.get_string(); break;
      case pb_length(ValueInfoField::Type): value.type = read_type(message.get_view(), value.problem); break;
      default: message.skip();
    }
  }
  if (!value.problem.empty()) value.type = {};
  return value;
}

RawGraph read_graph(data_view view) {
  RawGraph graph;
  PbMessage<GraphField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(GraphField::Name): graph.name = message.get_string(); break;
      case pb_length(GraphField::Node): graph.nodes.push_back(message.get_view()); break;
      case pb_length(GraphField::Initializer): graph.initializers.push_back(message.get_view()); break;
      case pb_length(GraphField::Input): graph.inputs.push_back(message.get_view()); break;
      case pb_length(GraphField::Output): graph.outputs.push_back(message.get_view()); break;
      case pb_length(GraphField::ValueInfo): graph.value_infos.push_back(message.get_view()); break;
      case pb_length(GraphField::SparseInitializer):
        graph.has_sparse = true;
        message.skip();
        break;
      default: message.skip();
    }
  }
  return graph;
}

}  // namespace npu::onnx
