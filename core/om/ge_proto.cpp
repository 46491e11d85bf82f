// SPDX-License-Identifier: Apache-2.0
#include "core/om/ge_proto.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/tensor/dtype.h"

namespace npu::ge {

namespace {

using protozero::data_view;
using protozero::pbf_writer;

enum class ModelField : protozero::pbf_tag_type { Name = 1, Version = 2, CustomVersion = 3, Graph = 7, Attr = 11 };
enum class GraphField : protozero::pbf_tag_type { Name = 1, Op = 6, Attr = 11 };
enum class OpField : protozero::pbf_tag_type {
  Name = 1,
  Type = 2,
  Input = 5,
  Attr = 10,
  Id = 21,
  SrcName = 24,
  SrcIndex = 25,
  InputOffsets = 28,
  OutputOffsets = 29,
  InputDesc = 33,
  OutputDesc = 34,
};
enum class DescField : protozero::pbf_tag_type {
  Name = 1,
  Dtype = 2,
  Shape = 3,
  Layout = 4,
  Attr = 5,
  Size = 10,
  DeviceType = 14,
  RealDimCount = 16,
  DataOffset = 18,
};
enum class ShapeField : protozero::pbf_tag_type { Dim = 1 };
enum class TensorField : protozero::pbf_tag_type { Desc = 1, Data = 2 };
enum class EntryField : protozero::pbf_tag_type { Key = 1, Value = 2 };
enum class AttrField : protozero::pbf_tag_type {
  List = 1,
  S = 2,
  I = 3,
  F = 4,
  B = 5,
  Bt = 7,
  Func = 10,
  Td = 11,
  T = 12,
  G = 13,
  ListListInt = 14,
  Dt = 15,
};
enum class ListField : protozero::pbf_tag_type { S = 2, I = 3, F = 4, B = 5, ValType = 20 };
enum class ListType : int32_t { None = 0, String = 1, Int = 2, Float = 3, Bool = 4 };

template <class Field>
requires std::is_enum_v<Field>
constexpr protozero::pbf_tag_type tag(Field field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

// --- Reading -------------------------------------------------------------------------------------------------

// Its descriptor's own attributes are skipped, which bounds the depth of nesting.
AttrTensor read_attr_tensor(data_view view) {
  AttrTensor tensor;
  PbMessage<TensorField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(TensorField::Data): tensor.data = message.get_byte_span(); break;
      case pb_length(TensorField::Desc): {
        PbMessage<DescField> desc(message.get_view());
        while (desc.next()) {
          switch (desc.tag_and_type()) {
            case pb_varint(DescField::Dtype): tensor.dtype = desc.get_int64(); break;
            case pb_length(DescField::Shape): tensor.shape = pb_read_varints(desc.get_view(), ShapeField::Dim); break;
            case pb_length(DescField::Layout): tensor.layout = desc.get_string(); break;
            default: desc.skip();
          }
        }
        break;
      }
      default: message.skip();
    }
  }
  return tensor;
}

Attr read_list(data_view view) {
  Attr attr;
  auto type = ListType::None;
  std::vector<int64_t> bools;
  PbMessage<ListField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ListField::S): attr.strs.push_back(message.get_string()); break;
      case pb_varint(ListField::I):
      case pb_length(ListField::I): pb_append_varints(message, attr.ints); break;
      case pb_fixed32(ListField::F): attr.floats.push_back(message.get_float()); break;
      case pb_length(ListField::F):
        for (const float value : message.get_packed_float()) attr.floats.push_back(value);
        break;
      case pb_varint(ListField::B):
      case pb_length(ListField::B): pb_append_varints(message, bools); break;
      case pb_varint(ListField::ValType): type = static_cast<ListType>(message.get_int32()); break;
      default: message.skip();
    }
  }
  switch (type) {
    case ListType::String: attr.kind = Attr::Kind::Strs; break;
    case ListType::Int: attr.kind = Attr::Kind::Ints; break;
    case ListType::Float: attr.kind = Attr::Kind::Floats; break;
    case ListType::Bool:
      attr.kind = Attr::Kind::Bools;
      attr.ints = std::move(bools);
      break;
    default: attr.kind = Attr::Kind::Other; attr.s = "list";
  }
  return attr;
}

Attr read_attr(data_view view) {
  Attr attr;
  const auto other = [&](PbMessage<AttrField>& message, const char* what) {
    message.skip();
    attr.kind = Attr::Kind::Other;
    attr.s = what;
  };
  PbMessage<AttrField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(AttrField::List): attr = read_list(message.get_view()); break;
      case pb_length(AttrField::S): attr = Attr::of(message.get_string()); break;
      case pb_varint(AttrField::I): attr = Attr::of(message.get_int64()); break;
      case pb_fixed32(AttrField::F): attr = Attr::of(message.get_float()); break;
      case pb_varint(AttrField::B): attr = Attr::of(message.get_int64() != 0); break;
      case pb_varint(AttrField::Dt):
        attr.i = message.get_int64();
        attr.kind = Attr::Kind::DataType;
        break;
      case pb_length(AttrField::Bt):
        attr.bytes = message.get_byte_span();
        attr.kind = Attr::Kind::Bytes;
        break;
      case pb_length(AttrField::T):
        attr.tensor = read_attr_tensor(message.get_view());
        attr.kind = Attr::Kind::Tensor;
        break;
      case pb_length(AttrField::Func): other(message, "function"); break;
      case pb_length(AttrField::Td): other(message, "tensor descriptor"); break;
      case pb_length(AttrField::G): other(message, "graph"); break;
      case pb_length(AttrField::ListListInt): other(message, "list of lists"); break;
      default: other(message, "unknown");
    }
  }
  return attr;
}

void read_attr_entry(data_view view, Attrs& attrs) {
  PbMessage<EntryField> message(view);
  std::string key;
  Attr value;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(EntryField::Key): key = message.get_string(); break;
      case pb_length(EntryField::Value): value = read_attr(message.get_view()); break;
      default: message.skip();
    }
  }
  attrs[key] = std::move(value);
}

TensorDesc read_desc(data_view view) {
  TensorDesc desc;
  PbMessage<DescField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(DescField::Name): desc.name = message.get_string(); break;
      case pb_varint(DescField::Dtype): desc.dtype = message.get_int64(); break;
      case pb_length(DescField::Shape): desc.shape = pb_read_varints(message.get_view(), ShapeField::Dim); break;
      case pb_length(DescField::Layout): desc.layout = message.get_string(); break;
      case pb_length(DescField::Attr): read_attr_entry(message.get_view(), desc.attrs); break;
      case pb_varint(DescField::Size): desc.size = message.get_int64(); break;
      case pb_varint(DescField::DataOffset): desc.data_offset = message.get_int64(); break;
      default: message.skip();
    }
  }
  return desc;
}

Op read_op(data_view view) {
  Op op;
  PbMessage<OpField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(OpField::Name): op.name = message.get_string(); break;
      case pb_length(OpField::Type): op.type = message.get_string(); break;
      case pb_length(OpField::Input): op.inputs.push_back(message.get_string()); break;
      case pb_length(OpField::Attr): read_attr_entry(message.get_view(), op.attrs); break;
      case pb_varint(OpField::Id): op.id = message.get_int64(); break;
      case pb_varint(OpField::InputOffsets):
      case pb_length(OpField::InputOffsets): pb_append_varints(message, op.input_offsets); break;
      case pb_varint(OpField::OutputOffsets):
      case pb_length(OpField::OutputOffsets): pb_append_varints(message, op.output_offsets); break;
      case pb_length(OpField::InputDesc): op.input_descs.push_back(read_desc(message.get_view())); break;
      case pb_length(OpField::OutputDesc): op.output_descs.push_back(read_desc(message.get_view())); break;
      default: message.skip();
    }
  }
  return op;
}

void read_graph(data_view view, Model& model) {
  PbMessage<GraphField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(GraphField::Name): model.graph_name = message.get_string(); break;
      case pb_length(GraphField::Op): model.ops.push_back(read_op(message.get_view())); break;
      case pb_length(GraphField::Attr): read_attr_entry(message.get_view(), model.graph_attrs); break;
      default: message.skip();
    }
  }
}

// --- Writing -------------------------------------------------------------------------------------------------

std::string shape_message(const Shape& shape) {
  std::string buffer;
  pbf_writer(buffer).add_packed_int64(tag(ShapeField::Dim), shape.begin(), shape.end());
  return buffer;
}

std::string list_message(const Attr& attr) {
  std::string buffer;
  pbf_writer message(buffer);
  auto type = ListType::None;
  switch (attr.kind) {
    case Attr::Kind::Strs:
      type = ListType::String;
      for (const std::string& value : attr.strs) message.add_bytes(tag(ListField::S), value);
      break;
    case Attr::Kind::Ints:
      type = ListType::Int;
      message.add_packed_int64(tag(ListField::I), attr.ints.begin(), attr.ints.end());
      break;
    case Attr::Kind::Floats:
      type = ListType::Float;
      message.add_packed_float(tag(ListField::F), attr.floats.begin(), attr.floats.end());
      break;
    default: type = ListType::Bool; message.add_packed_int64(tag(ListField::B), attr.ints.begin(), attr.ints.end());
  }
  message.add_enum(tag(ListField::ValType), static_cast<int32_t>(type));
  return buffer;
}

std::string tensor_message(const AttrTensor& tensor) {
  std::string desc_buffer;
  pbf_writer desc(desc_buffer);
  desc.add_int64(tag(DescField::Dtype), tensor.dtype);
  desc.add_message(tag(DescField::Shape), shape_message(tensor.shape));
  desc.add_string(tag(DescField::Layout), tensor.layout);
  std::string buffer;
  pbf_writer message(buffer);
  message.add_message(tag(TensorField::Desc), desc_buffer);
  message.add_bytes(tag(TensorField::Data), reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  return buffer;
}

std::string attr_message(const Attr& attr) {
  std::string buffer;
  pbf_writer message(buffer);
  switch (attr.kind) {
    case Attr::Kind::Str: message.add_bytes(tag(AttrField::S), attr.s); break;
    case Attr::Kind::Int: message.add_int64(tag(AttrField::I), attr.i); break;
    case Attr::Kind::Float: message.add_float(tag(AttrField::F), attr.f); break;
    case Attr::Kind::Bool: message.add_bool(tag(AttrField::B), attr.i != 0); break;
    case Attr::Kind::DataType: message.add_int64(tag(AttrField::Dt), attr.i); break;
    case Attr::Kind::Bytes:
      message.add_bytes(tag(AttrField::Bt), reinterpret_cast<const char*>(attr.bytes.data()), attr.bytes.size());
      break;
    case Attr::Kind::Tensor: message.add_message(tag(AttrField::T), tensor_message(attr.tensor)); break;
    case Attr::Kind::None:
    case Attr::Kind::Other: break;
    default: message.add_message(tag(AttrField::List), list_message(attr));
  }
  return buffer;
}

template <class Field>
void write_attrs(pbf_writer& parent, Field field, const Attrs& attrs) {
  for (const auto& [key, value] : attrs) {
    pbf_writer entry(parent, tag(field));
    entry.add_string(tag(EntryField::Key), key);
    entry.add_message(tag(EntryField::Value), attr_message(value));
  }
}

void write_desc(pbf_writer& parent, OpField field, const TensorDesc& desc) {
  pbf_writer message(parent, tag(field));
  message.add_string(tag(DescField::Name), desc.name);
  message.add_int64(tag(DescField::Dtype), desc.dtype);
  message.add_message(tag(DescField::Shape), shape_message(desc.shape));
  message.add_string(tag(DescField::Layout), desc.layout);
  write_attrs(message, DescField::Attr, desc.attrs);
  message.add_int64(tag(DescField::Size), desc.size);
  message.add_string(tag(DescField::DeviceType), "NPU");
  message.add_int64(tag(DescField::RealDimCount), static_cast<int64_t>(desc.shape.size()));
  message.add_int64(tag(DescField::DataOffset), desc.data_offset);
}

void write_op(pbf_writer& graph, const Op& op) {
  pbf_writer message(graph, tag(GraphField::Op));
  message.add_string(tag(OpField::Name), op.name);
  message.add_string(tag(OpField::Type), op.type);
  std::vector<int64_t> source_indices;
  for (const std::string& input : op.inputs) message.add_string(tag(OpField::Input), input);
  write_attrs(message, OpField::Attr, op.attrs);
  message.add_int64(tag(OpField::Id), op.id);
  for (const std::string& input : op.inputs) {
    const size_t colon = input.rfind(':');
    if (colon == std::string::npos) continue;
    message.add_string(tag(OpField::SrcName), input.substr(0, colon));
    source_indices.push_back(std::strtoll(input.c_str() + colon + 1, nullptr, 10));
  }
  message.add_packed_int64(tag(OpField::SrcIndex), source_indices.begin(), source_indices.end());
  message.add_packed_int64(tag(OpField::InputOffsets), op.input_offsets.begin(), op.input_offsets.end());
  message.add_packed_int64(tag(OpField::OutputOffsets), op.output_offsets.begin(), op.output_offsets.end());
  for (const TensorDesc& desc : op.input_descs) write_desc(message, OpField::InputDesc, desc);
  for (const TensorDesc& desc : op.output_descs) write_desc(message, OpField::OutputDesc, desc);
}

}  // namespace

Attr Attr::of(int64_t value) {
  Attr a;
  a.kind = Kind::Int;
  a.i = value;
  return a;
}
Attr Attr::of(float value) {
  Attr a;
  a.kind = Kind::Float;
  a.f = value;
  return a;
}
Attr Attr::of(bool value) {
  Attr a;
  a.kind = Kind::Bool;
  a.i = value;
  return a;
}
Attr Attr::of(std::string value) {
  Attr a;
  a.kind = Kind::Str;
  a.s = std::move(value);
  return a;
}
Attr Attr::of(std::vector<int64_t> value) {
  Attr a;
  a.kind = Kind::Ints;
  a.ints = std::move(value);
  return a;
}
Attr Attr::of(std::vector<float> value) {
  Attr a;
  a.kind = Kind::Floats;
  a.floats = std::move(value);
  return a;
}
Attr Attr::of(std::vector<std::string> value) {
  Attr a;
  a.kind = Kind::Strs;
  a.strs = std::move(value);
  return a;
}

std::string to_text(const Attr& attr) {
  switch (attr.kind) {
    case Attr::Kind::None: return "";
    case Attr::Kind::Str: return attr.s;
    case Attr::Kind::Int: return std::to_string(attr.i);
    case Attr::Kind::Float: return fmt::format("{}", attr.f);
    case Attr::Kind::Bool: return attr.i ? "true" : "false";
    case Attr::Kind::Bytes: return fmt::format("({} bytes)", attr.bytes.size());
    case Attr::Kind::DataType: return fmt::format("data type {}", attr.i);
    case Attr::Kind::Strs: return fmt::format("[{}]", fmt::join(attr.strs, ", "));
    case Attr::Kind::Ints:
    case Attr::Kind::Bools: return fmt::format("[{}]", fmt::join(attr.ints, ", "));
    case Attr::Kind::Floats: return fmt::format("[{}]", fmt::join(attr.floats, ", "));
    case Attr::Kind::Tensor:
      return fmt::format("tensor {} {} of {} bytes", attr.tensor.layout, to_string(attr.tensor.shape),
                         attr.tensor.data.size());
    case Attr::Kind::Other: break;
  }
  return "(" + attr.s + ")";
}

Model read_model(Bytes bytes) {
  Model model;
  PbMessage<ModelField> message(bytes);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(ModelField::Name): model.name = message.get_string(); break;
      case pb_varint(ModelField::Version): model.version = message.get_int64(); break;
      case pb_length(ModelField::CustomVersion): model.custom_version = message.get_string(); break;
      case pb_length(ModelField::Graph): read_graph(message.get_view(), model); break;
      case pb_length(ModelField::Attr): read_attr_entry(message.get_view(), model.attrs); break;
      default: message.skip();
    }
  }
  return model;
}

std::string write_model(const Model& model) {
  std::string buffer;
  pbf_writer message(buffer);
  message.add_string(tag(ModelField::Name), model.name);
  message.add_int64(tag(ModelField::Version), model.version);
  message.add_string(tag(ModelField::CustomVersion), model.custom_version);
  {
    pbf_writer graph(message, tag(ModelField::Graph));
    graph.add_string(tag(GraphField::Name), model.graph_name);
    for (const Op& op : model.ops) write_op(graph, op);
    write_attrs(graph, GraphField::Attr, model.graph_attrs);
  }
  write_attrs(message, ModelField::Attr, model.attrs);
  return buffer;
}

}  // namespace npu::ge
