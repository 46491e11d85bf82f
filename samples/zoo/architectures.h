// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/graph/graph.h"

namespace npu {

Graph build_resnet18(uint64_t seed);
Graph build_resnet50(uint64_t seed);
Graph build_mobilenet_v2(uint64_t seed);
Graph build_squeezenet1_1(uint64_t seed);

}  // namespace npu
