// SPDX-License-Identifier: Apache-2.0
// The atc tool but for the process around it: reads and writes files, says its lines to an observer.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace npu::atc {

using Say = std::function<void(std::string_view)>;

// Returns the exit code: 0, or 1 after an error, which has been said.
int run_atc(std::span<const std::string> arguments, const Say& say);

}  // namespace npu::atc
