// SPDX-License-Identifier: Apache-2.0
// Bytes of a buffer as numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "core/isa/isa.h"

namespace npu::ui {

// Whole elements in so many bytes; two s4 share one.
int64_t element_count(int64_t bytes, VecType type);
// Precondition: index < element_count(bytes.size(), type).
double element_at(std::span<const std::byte> bytes, int64_t index, VecType type);
// As short as a cell of a table wants it: "0.1234", "-3.2e-05", "17", "inf".
std::string element_text(double value, VecType type);
// Elements in a row of 32 bytes (a block; C0 of a fractal).
int64_t elements_in_block(VecType type);

}  // namespace npu::ui
