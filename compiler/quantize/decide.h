// SPDX-License-Identifier: Apache-2.0
// From what was seen to scales, zero points and corrected biases.
#pragma once

#include "compiler/quantize/observe.h"
#include "compiler/quantize/qdq.h"

namespace npu::quantize {

// The options of this layer: by name, by type, or common.
const LayerOptions& options_of(const QuantizeOptions& options, const Node& node, const Layer& layer);

// For all layers without a fault, whether they will be chosen or not.
Plan decide(const Graph& prepared, std::vector<Layer> layers, const Observations& seen, const QuantizeOptions& options);

}  // namespace npu::quantize
