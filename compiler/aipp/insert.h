// SPDX-License-Identifier: Apache-2.0
// Images of bytes as inputs of a model.
#pragma once

#include <span>

#include "compiler/aipp/aipp_config.h"
#include "core/graph/graph.h"
#include "core/soc/soc.h"

namespace npu {

// The input of the model that the message is about.
Result<ValueId> find_aipp_input(const Graph& graph, const AippOp& op);

// Each such input [N, C, H, W] keeps its name and becomes uint8 [N, rows, W, pixel] of the source image; an Aipp node (and a Cast,
// where the model computes with float32) makes of it what the input was. C, H and W must be known.
// InvalidArgument with "line N" in `where`, the fields and sizes in `what`.
Status insert_aipp(Graph& graph, std::span<const AippOp> ops, const Soc& soc);

}  // namespace npu
