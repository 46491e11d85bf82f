// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "compiler/quantize/ranges.h"

namespace npu::quantize {

// The value below which this share of all values lies, evenly spread within a bin.
double value_at(const Histogram& histogram, double share);

}  // namespace npu::quantize
