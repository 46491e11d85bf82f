// SPDX-License-Identifier: Apache-2.0
// Defined in a source that embed_files.cmake generates from the made fonts.
#pragma once

#include "core/base/bytes.h"

namespace npu::ui::font_data {

Bytes body();
Bytes strong();
Bytes mono();
Bytes icons();
Bytes language();  // the characters of "Chinese" in Chinese

}  // namespace npu::ui::font_data
