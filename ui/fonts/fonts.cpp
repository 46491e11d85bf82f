// SPDX-License-Identifier: Apache-2.0
#include "ui/fonts/fonts.h"

#include <cstring>

#include "ui/fonts/font_data.h"

namespace npu::ui {
namespace {

constexpr float kReferenceSize = 15;  // the scale between fonts that are merged; drawing may use any size
constexpr float kIconSize = 18;       // icons fill less of their square than letters do
constexpr float kIconDrop = 3.5f;     // and stand on another line

// The atlas does not write to static bytes; those that may go away it gets as its own copy.
void add_static(ImFontAtlas& atlas, Bytes bytes, bool merge) {
  ImFontConfig config;
  config.MergeMode = merge;
  config.FontDataOwnedByAtlas = false;
  atlas.AddFontFromMemoryTTF(const_cast<std::byte*>(bytes.data()), static_cast<int>(bytes.size()), kReferenceSize, &config);
}

ImFont* add(ImFontAtlas& atlas, Bytes latin, Bytes cjk) {
  add_static(atlas, latin, false);
  ImFontConfig icons;
  icons.MergeMode = true;
  icons.FontDataOwnedByAtlas = false;
  icons.GlyphOffset = {0, kIconDrop};
  const Bytes bytes = font_data::icons();
  atlas.AddFontFromMemoryTTF(const_cast<std::byte*>(bytes.data()), static_cast<int>(bytes.size()), kIconSize, &icons);
  if (cjk.empty()) {
    add_static(atlas, font_data::language(), true);
  } else {
    ImFontConfig config;
    config.MergeMode = true;
    void* copy = ImGui::MemAlloc(cjk.size());
    std::memcpy(copy, cjk.data(), cjk.size());
    atlas.AddFontFromMemoryTTF(copy, static_cast<int>(cjk.size()), kReferenceSize, &config);
  }
  return atlas.Fonts.back();
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
