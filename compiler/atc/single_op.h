// SPDX-License-Identifier: Apache-2.0
// --singleop: operators described in JSON, each a model of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/atc/options.h"
#include "core/graph/graph.h"

namespace npu::atc {

// A graph for each description; its name is the file's: "name", or position, type, and data type, format and shape of every input and
// output. Inputs are called x0, x1, ... E10032 with position and field where the text is no such list, E10501 for an operator or an
// attribute that is not offered, E14002 for a described output that the operator does not give.
AtcResult<std::vector<Graph>> parse_single_ops(std::string_view text);

}  // namespace npu::atc
