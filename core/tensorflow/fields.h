// SPDX-License-Identifier: Apache-2.0
// Field numbers of TensorFlow's public interface definitions (graph, node_def, attr_value, tensor, tensor_shape).
#pragma once

#include <protozero/types.hpp>

namespace npu::tensorflow {

enum class GraphField : protozero::pbf_tag_type { Node = 1 };
enum class NodeField : protozero::pbf_tag_type { Name = 1, Op = 2, Input = 3, Attr = 5 };
enum class EntryField : protozero::pbf_tag_type { Key = 1, Value = 2 };
enum class AttrField : protozero::pbf_tag_type { List = 1, S = 2, I = 3, F = 4, B = 5, Type = 6, Shape = 7, Tensor = 8 };
enum class ListField : protozero::pbf_tag_type { I = 3 };
enum class ShapeField : protozero::pbf_tag_type { Dim = 2, UnknownRank = 3 };
enum class DimField : protozero::pbf_tag_type { Size = 1 };
enum class TensorField : protozero::pbf_tag_type {
  DType = 1,
  Shape = 2,
  Content = 4,
  Float = 5,
  Double = 6,
  Int = 7,
  Int64 = 10,
  Bool = 11,
  Half = 13,
  UInt32 = 16,
  UInt64 = 17,
};

}  // namespace npu::tensorflow
