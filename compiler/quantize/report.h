// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "compiler/quantize/quantize.h"

namespace npu::quantize {

// A table with one line a layer, and a line about the whole model.
std::string report_text(const QuantizedModel& model);
// {"layers": [{"name", "type", "precision", "reason", "input": {"min", "max", "low", "high", "scale", "zero_point", "dtype"}, "output":
// {...}, "sqnr_db", "cosine", "sensitivity"}], "int8_layers", "output_cosine", "float_score", "score"}
std::string report_json(const QuantizedModel& model);

}  // namespace npu::quantize
