// SPDX-License-Identifier: Apache-2.0
// Which layers a network cannot afford on 8-bit integers.
#pragma once

#include "compiler/quantize/qdq.h"
#include "compiler/quantize/quantize.h"

namespace npu::quantize {

// A quantised network under test.
struct Trial {
  const Graph& prepared;
  const Plan& plan;
  std::span<const Batch> batches;
  const BatchOutputs& of_floats;
  const MakeRunner& make_runner;
};

Result<BatchOutputs> answers(const Trial& trial, const std::vector<bool>& chosen);
// Over all outputs and batches, as a share of the signal's power.
double noise_share(const BatchOutputs& outputs, const BatchOutputs& of_floats);

struct Search {
  std::vector<bool> chosen;                        // within the budget
  BatchOutputs outputs;                            // of the network with these
  std::vector<std::optional<double>> sensitivity;  // of each layer alone; not measured where all of them fit the budget
};

// Measures what each layer alone adds to the outputs' noise, then leaves out as few of the noisiest as the budget allows: 1, 2, 4 ...
// until it is kept, then halving.
Result<Search> search(const Trial& trial, std::vector<bool> chosen, const Budget& budget, const Progress& progress);

}  // namespace npu::quantize
