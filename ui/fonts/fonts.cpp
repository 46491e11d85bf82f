// SPDX-License-Identifier: Apache-2.0
#include "ui/fonts/fonts.h"

#include <cstring>

#include "ui/fonts/font_data.h"

namespace npu::ui {
namespace {

constexpr float kReferenceSize = 15;  // the scale between fonts that are merged; drawing may use any size

ImFont* add(ImFontAtlas& atlas, Bytes latin, Bytes cjk) {
  ImFontConfig config;
  config.FontDataOwnedByAtlas = false;
  // The atlas does not write to it.
  ImFont* font = atlas.AddFontFromMemoryTTF(const_cast<std::byte*>(latin.data()), static_cast<int>(latin.size()), kReferenceSize, &config);
  if (cjk.empty()) return font;
  ImFontConfig merged;
  merged.MergeMode = true;
  merged.FontDataOwnedByAtlas = true;
  void* copy = ImGui::MemAlloc(cjk.size());
  std::memcpy(copy, cjk.data(), cjk.size());
  atlas.AddFontFromMemoryTTF(copy, static_cast<int>(cjk.size()), kReferenceSize, &merged);
  return font;
}

}  // namespace

FontSet load_fonts(ImFontAtlas& atlas, Bytes cjk) {
  if (!atlas.Fonts.empty()) atlas.Clear();
  FontSet fonts;
  fonts.body = add(atlas, font_data::body(), cjk);
  fonts.strong = add(atlas, font_data::strong(), cjk);
  fonts.mono = add(atlas, font_data::mono(), cjk);
  return fonts;
}

}  // namespace npu::ui
