// SPDX-License-Identifier: Apache-2.0
// The fonts inside the program (made at build time by make_fonts.py) and the Chinese one, which is loaded when needed.
#pragma once

#include <imgui.h>

#include "core/base/bytes.h"

namespace npu::ui {

struct FontSet {
  ImFont* body = nullptr;
  ImFont* strong = nullptr;
  ImFont* mono = nullptr;
};

// Replaces the fonts of the atlas; call between frames. `cjk` may be empty; it is copied.
FontSet load_fonts(ImFontAtlas& atlas, Bytes cjk);

}  // namespace npu::ui
