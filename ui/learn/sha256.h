// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace npu::ui {

// SHA-256 (FIPS 180-4).
std::array<uint8_t, 32> sha256(std::string_view text);

}  // namespace npu::ui
