// SPDX-License-Identifier: Apache-2.0
// The picture of a graph as a file of Scalable Vector Graphics 1.1.
#pragma once

#include <cstdint>
#include <string>

#include "ui/graph/colouring.h"
#include "ui/graph/scene.h"

namespace npu::ui {

// Colours 0xRRGGBB.
struct SvgTheme {
  uint32_t background = 0xFFFFFF;
  uint32_t node = 0xF7F9FB;
  uint32_t border = 0xB4BECB;
  uint32_t text = 0x1B2330;
  uint32_t faint = 0x5A6675;
  uint32_t edge = 0x7A8696;
};

std::string scene_svg(const Scene& scene, const Colouring& colouring, const SvgTheme& theme);

}  // namespace npu::ui
