// SPDX-License-Identifier: Apache-2.0
// A graph or a compiled model as JSON, with the names that the vendor's mode 1 gives things.
#pragma once

#include <string>

#include "core/om/om.h"

namespace npu::atc {

std::string graph_to_json(const Graph& graph);
// "graph" has one for each gear; tasks are under "task", of several gears under "gear".
std::string package_to_json(const ModelPackage& package);
std::string info_to_json(const OmInfo& info);

}  // namespace npu::atc
