// SPDX-License-Identifier: Apache-2.0
// --insert_op_conf: inputs of the model that take images of bytes.
#pragma once

#include <string_view>

#include "compiler/atc/options.h"
#include "core/graph/graph.h"

namespace npu::atc {

// config: the file's text. The shapes of such inputs, also in the options, are the images' afterwards; their batch may be open.
// E10052 with the line where the file is not valid or does not fit the model, E10034 where --input_fp16_nodes names such an input,
// E10001 where more than the batch is left open, E10002 where a given shape contradicts the model.
AtcResult<void> add_aipp(Graph& graph, std::string_view config, Options& options);

}  // namespace npu::atc
