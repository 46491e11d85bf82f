// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/markdown_view.h"

#include <algorithm>

#include "ui/learn/facts.h"

namespace npu::ui {
namespace {

constexpr float kIndent = 16;

size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return std::min(length, text.size());
}

bool is_cjk(std::string_view character) { return static_cast<unsigned char>(character.front()) >= 0xe3; }

// Characters that may not begin a line.
bool closes(std::string_view character) {
  static constexpr std::string_view kClosing[] = {"，", "。", "、", "；", "：", "？", "！", "）", "》", "”", "’", ",", ".", ";", ":", ")", "?", "!", "%"};
  return std::ranges::find(kClosing, character) != std::end(kClosing);
}
// And that may not end one.
bool opens(std::string_view character) {
  static constexpr std::string_view kOpening[] = {"（", "《", "“", "‘", "("};
  return std::ranges::find(kOpening, character) != std::end(kOpening);
}

// The next piece that a line is not broken in: a word with what it ends in, or one Chinese character with its punctuation.
size_t piece_length(std::string_view text) {
  size_t at = 0;
  while (at < text.size() && opens(text.substr(at, character_length(text.substr(at))))) at += character_length(text.substr(at));
  bool word = false;
  while (at < text.size()) {
    const std::string_view c = text.substr(at, character_length(text.substr(at)));
    if (c == " ") break;
    if (is_cjk(c) && !closes(c)) {
      if (word) return at;
      at += c.size();
      break;
    }
    word = true;
    at += c.size();
  }
  while (at < text.size()) {
    const std::string_view c = text.substr(at, character_length(text.substr(at)));
    if (!closes(c)) break;
    at += c.size();
  }
  while (at < text.size() && text[at] == ' ') ++at;
  return std::max<size_t>(at, 1);
}

// Places pieces from left to right and from line to line.
class Flow {
 public:
  explicit Flow(const View& view)
      : view_(view), from_(ImGui::GetCursorScreenPos()), at_(from_), width_(std::max(ImGui::GetContentRegionAvail().x, 40.0f)), line_(ImGui::GetTextLineHeight() * 1.35f) {}

  void add(const TextSpan& span) {
    strong_ = span.kind == TextSpan::Strong;
    const bool code = span.kind == TextSpan::Code;
    ImFont* font = code ? view_.theme.mono : span.kind == TextSpan::Plain ? view_.theme.body : view_.theme.strong;
    ImGui::PushFont(font, ImGui::GetFontSize() - (code ? 1.0f : 0.0f));
    std::string_view rest = span.text;
    while (!rest.empty()) {
      const size_t length = piece_length(rest);
      put(rest.substr(0, length), code);
      rest.remove_prefix(length);
    }
    ImGui::PopFont();
  }

  void finish() {
    ImGui::SetCursorScreenPos(from_);
    ImGui::Dummy({width_, at_.y + line_ - from_.y});
  }

 private:
  void put(std::string_view piece, bool code) {
    std::string_view shown = piece;
    while (shown.ends_with(' ')) shown.remove_suffix(1);
    const float visible = ImGui::CalcTextSize(shown.data(), shown.data() + shown.size()).x;
    if (at_.x > from_.x && at_.x + visible > from_.x + width_) at_ = {from_.x, at_.y + line_};
    auto* list = ImGui::GetWindowDrawList();
    const float down = (line_ - ImGui::GetFontSize()) / 2;
    if (code && !shown.empty())
      list->AddRectFilled({at_.x - 1, at_.y + down - 1}, {at_.x + visible + 2, at_.y + line_ - down + 2}, colour(view_.theme.raised), 3);
    list->AddText({at_.x, at_.y + down}, ImGui::GetColorU32(ImGuiCol_Text), shown.data(), shown.data() + shown.size());
    // The Chinese font has one weight: a second stroke beside the first.
    if (strong_ && !shown.empty() && is_cjk(shown)) list->AddText({at_.x + 0.7f, at_.y + down}, ImGui::GetColorU32(ImGuiCol_Text), shown.data(), shown.data() + shown.size());
    at_.x += ImGui::CalcTextSize(piece.data(), piece.data() + piece.size()).x;
  }

  const View& view_;
  ImVec2 from_, at_;
  float width_, line_;
  bool strong_ = false;
};

void draw_code(const View& view, const std::string& code) {
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.raised);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {10, 6});
  ImGui::BeginChild(ImGui::GetID(code.c_str()), {0, 0}, ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysUseWindowPadding, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  ImGui::TextUnformatted(code.data(), code.data() + code.size());
  ImGui::PopFont();
  ImGui::EndChild();
  ImGui::PopStyleVar();
  ImGui::PopStyleColor();
}

void draw_table(const View& view, const TextBlock& table, int index) {
  size_t columns = 0;
  for (const auto& row : table.rows) columns = std::max(columns, row.size());
  if (columns == 0 || columns > 16) return;
  ImGui::PushID(index);
  if (ImGui::BeginTable("table", static_cast<int>(columns), ImGuiTableFlags_BordersInnerH | ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_NoPadOuterX)) {
    for (size_t r = 0; r < table.rows.size(); ++r) {
      ImGui::TableNextRow(r == 0 ? ImGuiTableRowFlags_Headers : 0);
      for (size_t c = 0; c < table.rows[r].size(); ++c) {
        ImGui::TableSetColumnIndex(static_cast<int>(c));
        draw_spans(view, table.rows[r][c]);
      }
    }
    ImGui::EndTable();
  }
  ImGui::PopID();
}

}  // namespace

void draw_spans(const View& view, const TextSpans& spans) {
  Flow flow(view);
  for (const TextSpan& span : spans) flow.add(span);
  flow.finish();
}

void draw_markdown(const View& view, std::string_view text) {
  int index = 0;
  for (const TextBlock& block : parse_markdown(fill_in(text, {view.now, view.settings}))) {
    switch (block.kind) {
      case TextBlock::Heading:
        ImGui::PushFont(view.theme.strong, view.theme.text_size + (block.level <= 3 ? 1.0f : 0.0f));
        draw_spans(view, block.spans);
        ImGui::PopFont();
        break;
      case TextBlock::Paragraph: draw_spans(view, block.spans); break;
      case TextBlock::Item: {
        const float indent = kIndent * static_cast<float>(block.level) + 4;
        ImGui::Indent(indent);
        ImGui::AlignTextToFramePadding();
        const ImVec2 at = ImGui::GetCursorScreenPos();
        const float wide = std::max(kIndent, ImGui::CalcTextSize(block.mark.c_str()).x + 6);
        ImGui::GetWindowDrawList()->AddText({at.x, at.y + ImGui::GetTextLineHeight() * 0.175f}, ImGui::GetColorU32(ImGuiCol_Text), block.mark.c_str());
        ImGui::Indent(wide);
        draw_spans(view, block.spans);
        ImGui::Unindent(wide + indent);
        break;
      }
      case TextBlock::Code: draw_code(view, block.code); break;
      case TextBlock::Table: draw_table(view, block, index); break;
    }
    ++index;
    ImGui::Dummy({0, 2});
  }
}

}  // namespace npu::ui
