// SPDX-License-Identifier: Apache-2.0
// Graphs in QDQ form: QuantizeLinear and DequantizeLinear around what 8-bit integers compute, as ONNX tools exchange it.
#pragma once

#include <map>
#include <vector>

#include "compiler/quantize/layers.h"

namespace npu::quantize {

// What has been decided of a prepared graph; vectors are as `layers`.
struct Plan {
  std::vector<Layer> layers;
  std::map<ValueId, QuantParams> params;      // of every value that may become integers
  std::vector<bool> channel_wise;
  std::vector<std::vector<double>> bias_shift;  // taken off the bias, one a channel; empty: nothing
};

// chosen: the layers that compute on integers. Their results are 8-bit for all who read them; what other nodes give is rounded
// only for the chosen ones. Activations that rounding does as well go. The result needs opset 13 at least.
Result<Graph> insert_qdq(const Graph& prepared, const Plan& plan, const std::vector<bool>& chosen);

// The prepared graph with every chosen layer a second time on integers, reading what the float layer reads. Outputs: for each
// chosen layer its result in float and on integers.
Result<Graph> beside_floats(const Graph& prepared, const Plan& plan, const std::vector<bool>& chosen);

}  // namespace npu::quantize
