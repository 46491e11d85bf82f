// SPDX-License-Identifier: Apache-2.0
// Operator cases as strings, e.g. "Conv(@1x3x17x19, 8x3x3x3, 8) strides=2,2 pads=1,1,1,1 alpha=f:0.1 mode=s:DCR":
// @ marks activations, the other inputs are constants; `=[1,2]` gives an int64 constant,
// `=0.5` a float scalar; `_` leaves an input out.
#pragma once

#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace npu {

struct OperatorCase {
  Graph graph;                 // one or more nodes; steps are separated by " ; " and read the step before as @
  std::vector<Tensor> inputs;  // seeded values that fp16 holds exactly
};

OperatorCase parse_operator_case(const std::string& text);

}  // namespace npu
