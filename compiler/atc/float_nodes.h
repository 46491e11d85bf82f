// SPDX-License-Identifier: Apache-2.0
// The files of --keep_dtype and --modify_mixlist: what stays float32.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/atc/options.h"
#include "compiler/passes/pass.h"

namespace npu::atc {

// Lines with the name of a node, or OpType::TYPE with an operator of the model's format or of the vendor's ("OpType::SoftmaxV2");
// # begins a remark.
FloatNodes parse_keep_dtype(std::string_view text);

// {"black-list": {"to-add": [TYPE, ...]}, ...}: types added to the black list stay float32. Other entries take operators from lists
// that are empty here, or let become float16 what does so anyway: only their form is checked. E10001 with the entry.
AtcResult<FloatNodes> parse_mixlist(std::string_view text);

// Names that no node of the graph has, and types that are no operators.
std::vector<std::string> unknown_in(const FloatNodes& nodes, const Graph& graph);

}  // namespace npu::atc
