// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/markdown.h"

#include <algorithm>
#include <utility>

namespace npu::ui {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t length = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

// "- text", "12. text": the length of the mark with its space, 0: no item.
size_t item_mark(std::string_view line) {
  if (line.starts_with("- ")) return 2;
  size_t digits = 0;
  while (digits < line.size() && line[digits] >= '0' && line[digits] <= '9') ++digits;
  return digits > 0 && digits < 4 && line.substr(digits).starts_with(". ") ? digits + 2 : 0;
}

bool is_table_line(std::string_view line) { return line.starts_with('|') && line.size() > 1; }
bool is_table_rule(std::string_view line) { return line.find_first_not_of("|-: ") == std::string_view::npos; }

std::vector<TextSpans> cells_of(std::string_view line) {
  line = trim(line).substr(1);
  if (line.ends_with('|')) line.remove_suffix(1);
  std::vector<TextSpans> cells;
  for (;;) {
    const size_t bar = line.find('|');
    cells.push_back(parse_spans(trim(line.substr(0, bar))));
    if (bar == std::string_view::npos) return cells;
    line.remove_prefix(bar + 1);
  }
}

bool is_wide(std::string_view text, bool last) {
  return !text.empty() && (static_cast<unsigned char>(last ? text.back() : text.front()) & 0x80) != 0;
}

// Lines of a paragraph are joined by a space, except between Chinese characters.
void join(std::string& text, std::string_view line) {
  if (!text.empty() && !(is_wide(text, true) && is_wide(line, false))) text += ' ';
  text += line;
}

}  // namespace

TextSpans parse_spans(std::string_view text) {
  struct Mark {
    std::string_view mark;
    TextSpan::Kind kind;
  };
  static constexpr Mark kMarks[] = {{"`", TextSpan::Code}, {"**", TextSpan::Strong}, {"*", TextSpan::Emphasis}};
  TextSpans spans;
  std::string plain;
  const auto flush = [&] {
    if (!plain.empty()) spans.push_back({TextSpan::Plain, std::exchange(plain, {})});
  };
  while (!text.empty()) {
    bool taken = false;
    for (const auto& [mark, kind] : kMarks) {
      if (!text.starts_with(mark)) continue;
      const size_t end = text.find(mark, mark.size());
      // A star between spaces or digits is a multiplication.
      const bool marks = end != std::string_view::npos && end > mark.size() && (kind == TextSpan::Code || (text[mark.size()] != ' ' && text[end - 1] != ' '));
      if (!marks) continue;
      flush();
      spans.push_back({kind, std::string(text.substr(mark.size(), end - mark.size()))});
      text.remove_prefix(end + mark.size());
      taken = true;
      break;
    }
    if (taken) continue;
    plain += text.front();
    text.remove_prefix(1);
  }
  flush();
  return spans;
}

std::vector<TextBlock> parse_markdown(std::string_view text) {
  std::vector<TextBlock> blocks;
  std::string paragraph;
  TextBlock::Kind kind = TextBlock::Paragraph;  // of `paragraph`
  TextBlock item;
  const auto flush = [&] {
    if (!paragraph.empty()) {
      item.kind = kind;
      item.spans = parse_spans(paragraph);
      blocks.push_back(std::move(item));
    }
    paragraph.clear();
    item = {};
    kind = TextBlock::Paragraph;
  };
  const auto lines = lines_of(text);
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i], words = trim(line);
    if (words.starts_with("```")) {
      flush();
      TextBlock code{.kind = TextBlock::Code};
      for (++i; i < lines.size() && !trim(lines[i]).starts_with("```"); ++i) code.code += (code.code.empty() ? "" : "\n") + std::string(lines[i]);
      blocks.push_back(std::move(code));
    } else if (words.empty()) {
      flush();
    } else if (words.starts_with("### ") || words.starts_with("#### ")) {
      flush();
      const size_t level = words.find(' ');
      blocks.push_back({.kind = TextBlock::Heading, .level = static_cast<int>(level), .spans = parse_spans(trim(words.substr(level)))});
    } else if (is_table_line(words)) {
      flush();
      TextBlock table{.kind = TextBlock::Table};
      for (; i < lines.size() && is_table_line(trim(lines[i])); ++i)
        if (!is_table_rule(trim(lines[i]))) table.rows.push_back(cells_of(lines[i]));
      --i;
      if (!table.rows.empty()) blocks.push_back(std::move(table));
    } else if (const size_t mark = item_mark(words)) {
      flush();
      kind = TextBlock::Item;
      item.level = static_cast<int>(line.find_first_not_of(' ') / 2);
      item.mark = words.starts_with('-') ? "\xe2\x80\xa2" : std::string(words.substr(0, mark - 1));
      paragraph = trim(words.substr(mark));
    } else {
      join(paragraph, words);
    }
  }
  flush();
  return blocks;
}

}  // namespace npu::ui
