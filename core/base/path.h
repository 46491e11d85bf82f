// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace npu {

// What follows the last '/' or '\\'.
inline std::string base_name(std::string_view path) { return std::string(path.substr(path.find_last_of("/\\") + 1)); }

}  // namespace npu
