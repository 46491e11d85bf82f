// SPDX-License-Identifier: Apache-2.0
// The nodes of a GraphDef as they lie in the file; the views point into its bytes. Readers throw protozero::exception on damaged data.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/protobuf.h"
#include "core/graph/graph.h"

namespace npu::tensorflow {

using protozero::data_view;

struct NodeDef {
  std::string name, op;
  std::vector<std::string_view> inputs;  // "node", "node:1", "^node" for order only
  std::map<std::string, data_view, std::less<>> attrs;
};

struct AttrValue {
  std::optional<std::string> s;
  std::optional<int64_t> i, type;
  std::optional<float> f;
  std::optional<bool> b;
  std::optional<data_view> shape, tensor;
  std::optional<std::vector<int64_t>> ints;
};

std::vector<NodeDef> read_graph_def(Bytes bytes);
AttrValue read_attr(data_view view);
// has_rank false where the graph does not know it.
TensorType read_shape(data_view view);
// Undefined for types that DType lacks.
DType dtype_of(int64_t code);

}  // namespace npu::tensorflow
