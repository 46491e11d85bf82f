// SPDX-License-Identifier: Apache-2.0
// Every text of the interface, in both languages: strings.def.
#pragma once

#include <string>

#include <fmt/format.h>

#include "samples/catalog.h"
#include "ui/studio/settings.h"

namespace npu::ui {

enum class Str {
#define NPU_STR(id, en, zh) id,
#include "ui/strings.def"
#undef NPU_STR
};

inline constexpr int kStrings = 0
#define NPU_STR(id, en, zh) +1
#include "ui/strings.def"
#undef NPU_STR
    ;

const char* tr(Language language, Str id);
const char* name_of(Str id);
// A text of a sample or lesson; the English one where there is no Chinese one.
const std::string& pick(Language language, const Text& text);

// The text with its {} filled in. A test proves that both languages take the same arguments.
template <class... Args>
std::string format(Language language, Str id, const Args&... args) {
  return fmt::format(fmt::runtime(tr(language, id)), args...);
}

}  // namespace npu::ui
