// SPDX-License-Identifier: Apache-2.0
// tensorflow.TensorProto to Tensor.
#pragma once

#include <memory>

#include "core/ops/graph_builder.h"
#include "core/tensorflow/graph_def.h"

namespace npu::tensorflow {

// Values that are fewer than the shape has end with one that is repeated. Errors, and an empty Tensor, go to the builder, which counts
// the bytes too. Throws protozero::exception.
Tensor read_tensor(data_view view, const std::shared_ptr<const void>& owner, GraphBuilder& graph);

}  // namespace npu::tensorflow
