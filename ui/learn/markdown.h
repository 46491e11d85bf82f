// SPDX-License-Identifier: Apache-2.0
// The part of Markdown that lessons are written in: headings, paragraphs, lists, tables, code, **strong**, *emphasis*, `code`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace npu::ui {

struct TextSpan {
  enum Kind { Plain, Strong, Emphasis, Code } kind = Plain;
  std::string text;

  friend bool operator==(const TextSpan&, const TextSpan&) = default;
};
using TextSpans = std::vector<TextSpan>;

struct TextBlock {
  enum Kind { Heading, Paragraph, Item, Code, Table } kind = Paragraph;
  int level = 0;                   // of a heading, 1..; of an item its depth, 0..
  std::string mark;                // of an item: "1." or a bullet
  TextSpans spans;                     // of Heading, Paragraph and Item
  std::string code;                // lines of Code
  std::vector<std::vector<TextSpans>> rows;  // of a Table, its headings first
};

// Never fails: what is no mark-up is text.
std::vector<TextBlock> parse_markdown(std::string_view text);
TextSpans parse_spans(std::string_view text);

}  // namespace npu::ui
