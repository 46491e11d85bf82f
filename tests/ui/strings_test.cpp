// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "ui/strings.h"

using namespace npu::ui;

namespace {

// "{}", "{1}", "{:.2f}" -> the arguments' numbers with their formats.
std::multiset<std::string> placeholders(const std::string& text) {
  std::multiset<std::string> found;
  int next = 0;
  for (size_t i = text.find('{'); i != std::string::npos; i = text.find('{', i + 1)) {
    std::string inside = text.substr(i + 1, text.find('}', i) - i - 1);
    const size_t colon = inside.find(':');
    const std::string number = inside.substr(0, colon);
    const std::string spec = colon == std::string::npos ? "" : inside.substr(colon);
    found.insert((number.empty() ? std::to_string(next++) : number) + spec);
  }
  return found;
}

bool has_chinese(const std::string& text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xe4; });
}

}  // namespace

TEST_CASE("both languages have every text and take the same arguments") {
  for (int i = 0; i < kStrings; ++i) {
    const auto id = static_cast<Str>(i);
    const std::string en = tr(Language::English, id), zh = tr(Language::Chinese, id);
    INFO(name_of(id));
    CHECK_FALSE(en.empty());
    CHECK_FALSE(zh.empty());
    CHECK(placeholders(en) == placeholders(zh));
  }
}

TEST_CASE("English has no Chinese characters and sentences are translated") {
  for (int i = 0; i < kStrings; ++i) {
    const auto id = static_cast<Str>(i);
    const std::string en = tr(Language::English, id), zh = tr(Language::Chinese, id);
    INFO(name_of(id));
    if (id != Str::OtherLanguage) CHECK_FALSE(has_chinese(en));
    if (en.find(' ') != std::string::npos && en.size() > 12) CHECK(has_chinese(zh));
  }
}
