// SPDX-License-Identifier: Apache-2.0
#include "ui/strings.h"

#include <array>

namespace npu::ui {
namespace {

struct Row {
  const char* name;
  const char* en;
  const char* zh;
};

constexpr std::array<Row, kStrings> kRows{{
#define NPU_STR(id, en, zh) {#id, en, zh},
#include "ui/strings.def"
#undef NPU_STR
}};

}  // namespace

const char* tr(Language language, Str id) {
  const Row& row = kRows[static_cast<size_t>(id)];
  return language == Language::Chinese ? row.zh : row.en;
}

const char* name_of(Str id) { return kRows[static_cast<size_t>(id)].name; }

const std::string& pick(Language language, const Text& text) { return language == Language::Chinese && !text.zh.empty() ? text.zh : text.en; }

}  // namespace npu::ui
