// SPDX-License-Identifier: Apache-2.0
// What flows through a network while it computes the calibration data.
#pragma once

#include <map>
#include <vector>

#include "compiler/quantize/layers.h"
#include "compiler/quantize/quantize.h"

namespace npu::quantize {

struct Seen {
  FloatRange range;
  Histogram histogram{FloatRange{}};
};

struct Observations {
  std::map<ValueId, Seen> values;
  std::vector<std::vector<double>> input_means;  // of each layer's input channels; empty for layers with a fault
  BatchOutputs outputs;                          // of the float model
};

// What the layers without a fault and their followers read and give. Reports 2 * batches.size() steps to progress.
Result<Observations> observe(const Graph& prepared, std::span<const Layer> layers, std::span<const Batch> batches, const MakeRunner& make_runner, const Progress& progress);

}  // namespace npu::quantize
