// SPDX-License-Identifier: Apache-2.0
// Whether a model fits the memory of a page, told before its bytes are copied.
#pragma once

#include <string>

#include "core/base/result.h"

namespace npu::ui {

// What is needed at the worst moment for a file of this size: its bytes and the graph's copy of the weights, or that copy with its
// float16 form and the prepared weights. (Measured: ResNet-50, 102 MB, takes 253 MB.)
int64_t needed_bytes(int64_t file_bytes);

// InvalidArgument with both numbers when less is available.
Status check_room(const std::string& name, int64_t file_bytes, int64_t available_bytes);

}  // namespace npu::ui
