// SPDX-License-Identifier: Apache-2.0
#include "core/tensorflow/graph_def.h"

#include <algorithm>

#include "core/tensorflow/fields.h"

namespace npu::tensorflow {
namespace {

// types.proto
constexpr std::pair<int64_t, DType> kTypes[] = {
    {1, DType::Float32}, {2, DType::Float64}, {3, DType::Int32},     {4, DType::UInt8},   {5, DType::Int16},   {6, DType::Int8},   {9, DType::Int64},
    {10, DType::Bool},   {14, DType::BFloat16}, {17, DType::UInt16}, {19, DType::Float16}, {22, DType::UInt32}, {23, DType::UInt64},
};

void read_attr_entry(data_view view, NodeDef& node) {
  std::string key;
  data_view value{"", 0};
  PbMessage<EntryField> entry(view);
  while (entry.next()) {
    switch (entry.tag_and_type()) {
      case pb_length(EntryField::Key): key = entry.get_string(); break;
      case pb_length(EntryField::Value): value = entry.get_view(); break;
      default: entry.skip();
    }
  }
  node.attrs[std::move(key)] = value;
}

NodeDef read_node(data_view view) {
  NodeDef node;
  PbMessage<NodeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(NodeField::Name): node.name = message.get_string(); break;
      case pb_length(NodeField::Op): node.op = message.get_string(); break;
      case pb_length(NodeField::Input): node.inputs.push_back(pb_string_view(message.get_view())); break;
      case pb_length(NodeField::Attr): read_attr_entry(message.get_view(), node); break;
      default: message.skip();
    }
  }
  return node;
}

std::vector<int64_t> read_list(data_view view) {
  std::vector<int64_t> values;
  PbMessage<ListField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_varint(ListField::I):
      case pb_length(ListField::I): pb_append_varints(message, values); break;
      default: message.skip();
    }
  }
  return values;
}

Dim read_dim(data_view view) {
  int64_t size = 0;  // what is not written is 0
  PbMessage<DimField> message(view);
  while (message.next()) {
    if (message.tag_and_type() == pb_varint(DimField::Size)) size = message.get_int64();
    else message.skip();
  }
  return size >= 0 ? Dim(size) : Dim();
}

}  // namespace

std::vector<NodeDef> read_graph_def(Bytes bytes) {
  std::vector<NodeDef> nodes;
  PbMessage<GraphField> message(bytes);
  while (message.next()) {
    if (message.tag_and_type() == pb_length(GraphField::Node)) nodes.push_back(read_node(message.get_view()));
    else message.skip();
  }
  return nodes;
}

AttrValue read_attr(data_view view) {
  AttrValue value;
  PbMessage<AttrField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(AttrField::List): value.ints = read_list(message.get_view()); break;
      case pb_length(AttrField::S): value.s = message.get_string(); break;
      case pb_varint(AttrField::I): value.i = message.get_int64(); break;
      case pb_fixed32(AttrField::F): value.f = message.get_float(); break;
      case pb_varint(AttrField::B): value.b = message.get_bool(); break;
      case pb_varint(AttrField::Type): value.type = message.get_int64(); break;
      case pb_length(AttrField::Shape): value.shape = message.get_view(); break;
      case pb_length(AttrField::Tensor): value.tensor = message.get_view(); break;
      default: message.skip();
    }
  }
  return value;
}

TensorType read_shape(data_view view) {
  TensorType type{DType::Undefined, true, {}};
  PbMessage<ShapeField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ShapeField::Dim): type.dims.push_back(read_dim(message.get_view())); break;
      case pb_varint(ShapeField::UnknownRank): type.has_rank = !message.get_bool(); break;
      default: message.skip();
    }
  }
  if (!type.has_rank) type.dims.clear();
  return type;
}

DType dtype_of(int64_t code) {
  const auto* found = std::ranges::find(kTypes, code, &std::pair<int64_t, DType>::first);
  return found == std::end(kTypes) ? DType::Undefined : found->second;
}

}  // namespace npu::tensorflow
