// SPDX-License-Identifier: Apache-2.0
// What an input gets that nobody gave.
#pragma once

#include "core/om/package.h"

namespace npu {

// A wave between -1 and 127/128, so that nothing is constant and every run is the same.
Tensor wave_input(const TensorDesc& desc);

}  // namespace npu
