// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace npu::ui {

// Text between the tags of HTML, SVG and XML, or in their attributes. Control characters, which XML does not allow, become spaces.
std::string escape_markup(std::string_view text);

}  // namespace npu::ui
