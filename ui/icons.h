// SPDX-License-Identifier: Apache-2.0
// Icons are characters of the interface's fonts: icon::kRun as a text of its own or part of one.
#pragma once

namespace npu::ui::icon {

#define NPU_ICON(name, character) inline constexpr const char* k##name = character;
#include "ui/icons.def"
#undef NPU_ICON

}  // namespace npu::ui::icon
