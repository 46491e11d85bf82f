// SPDX-License-Identifier: Apache-2.0
// A graph or a compiled model as JSON, with the names that the vendor's mode 1 gives things.
#pragma once

#include <string>

#include "core/om/om.h"

namespace npu::atc {

std::string graph_to_json(const Graph& graph);
std::string model_to_json(const CompiledModel& model);
std::string info_to_json(const OmInfo& info);

}  // namespace npu::atc
