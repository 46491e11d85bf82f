// SPDX-License-Identifier: Apache-2.0
// --compression_optimize_conf: calibrates the model and makes its layers 8-bit.
#pragma once

#include <string_view>

#include "compiler/atc/atc.h"
#include "compiler/atc/options.h"
#include "core/graph/graph.h"

namespace npu::atc {

// config: the file's text. Says the report where options.log is info. E10032 with the line where the file, or the one it names, is not
// valid; E10001 where its shapes or the data do not fit the model; E13000 where a file is missing.
AtcResult<void> add_quantisation(Graph& graph, std::string_view config, const Options& options, const Host& host, const Say& say);

}  // namespace npu::atc
