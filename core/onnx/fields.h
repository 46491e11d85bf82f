// SPDX-License-Identifier: Apache-2.0
// Field numbers of onnx.proto (public interface definition of ONNX, IR version 12).
#pragma once

#include <protozero/types.hpp>

namespace npu::onnx {

enum class ModelField : protozero::pbf_tag_type {
  IrVersion = 1,
  ProducerName = 2,
  Graph = 7,
  OpsetImport = 8,
  Functions = 25,
};
enum class OpsetField : protozero::pbf_tag_type { Domain = 1, Version = 2 };
enum class FunctionField : protozero::pbf_tag_type { Name = 1, Domain = 10 };
enum class GraphField : protozero::pbf_tag_type {
  Node = 1,
  Name = 2,
  Initializer = 5,
  Input = 11,
  Output = 12,
  ValueInfo = 13,
  SparseInitializer = 15,
};
enum class NodeField : protozero::pbf_tag_type {
  Input = 1,
  Output = 2,
  Name = 3,
  OpType = 4,
  Attribute = 5,
  Domain = 7
};
enum class AttributeField : protozero::pbf_tag_type {
  Name = 1,
  F = 2,
  I = 3,
  S = 4,
  T = 5,
  G = 6,
  Floats = 7,
  Ints = 8,
  Strings = 9,
  Tensors = 10,
  Graphs = 11,
  TypeProto = 14,
  TypeProtos = 15,
  Type = 20,
  RefAttrName = 21,
  SparseTensor = 22,
  SparseTensors = 23,
};
enum class ValueInfoField : protozero::pbf_tag_type { Name = 1, Type = 2 };
enum class TypeField : protozero::pbf_tag_type { Tensor = 1, Sequence = 4, Map = 5, SparseTensor = 8, Optional = 9 };
enum class TensorTypeField : protozero::pbf_tag_type { ElemType = 1, Shape = 2 };
enum class ShapeField : protozero::pbf_tag_type { Dim = 1 };
enum class DimField : protozero::pbf_tag_type { Value = 1, Param = 2 };
enum class TensorField : protozero::pbf_tag_type {
  Dims = 1,
  DataType = 2,
  Segment = 3,
  FloatData = 4,
  Int32Data = 5,
  StringData = 6,
  Int64Data = 7,
  Name = 8,
  RawData = 9,
  DoubleData = 10,
  Uint64Data = 11,
  ExternalData = 13,
  DataLocation = 14,
};
enum class SequenceField : protozero::pbf_tag_type { Tensors = 3, SparseTensors = 4, Sequences = 5, Maps = 6 };
enum class OptionalField : protozero::pbf_tag_type { Tensor = 3, SparseTensor = 4, Sequence = 5, Map = 6 };
enum class ElementTypeField : protozero::pbf_tag_type { ElemType = 1 };  // of TypeProto.Sequence and TypeProto.Optional
enum class EntryField : protozero::pbf_tag_type { Key = 1, Value = 2 };

// AttributeProto.AttributeType
enum class AttributeType : int {
  Undefined,
  Float,
  Int,
  String,
  Tensor,
  Graph,
  Floats,
  Ints,
  Strings,
  Tensors,
  Graphs,
  SparseTensor,
  SparseTensors,
  TypeProto,
  TypeProtos,
};

}  // namespace npu::onnx
