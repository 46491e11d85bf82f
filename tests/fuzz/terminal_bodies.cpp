// SPDX-License-Identifier: Apache-2.0
// Bodies of the terminal.
#include <stdexcept>

#include "core/base/memory_files.h"
#include "tests/fuzz/bodies.h"
#include "ui/terminal/expand.h"
#include "ui/terminal/scrollback.h"
#include "ui/terminal/shell_parser.h"

namespace npu::fuzz {

void shell_input(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto parsed = terminal::parse_input(text);
  if (!parsed) {
    if (parsed.error().what.empty()) throw std::logic_error("an error without words");
    return;
  }
  MemoryFiles files(1000);
  (void)files.create_folders("/a/b");
  for (const char* path : {"/a/x.om", "/a/b/y", "/z z"}) (void)files.write(path, {});
  const terminal::Variables variables{{"HOME", "/a"}, {"?", "0"}};
  for (const terminal::Invocation& invocation : *parsed) {
    if (invocation.words.empty() && invocation.redirects.empty()) throw std::logic_error("a command without anything");
    for (const terminal::Word& word : invocation.words) {
      if (word.empty()) throw std::logic_error("a word without pieces");
      if (terminal::expand_word(word, variables, files).empty()) throw std::logic_error("a word that becomes nothing");
    }
  }
}

// However the bytes are cut, the lines are the same and valid.
void terminal_output(Bytes bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  terminal::Scrollback whole, cut;
  whole.append(terminal::Style::Output, text);
  for (size_t at = 0; at < text.size(); at += 1 + at % 3) cut.append(terminal::Style::Output, text.substr(at, 1 + at % 3));
  if (whole.text() != cut.text()) throw std::logic_error("the lines depend on where the bytes were cut");
  for (const terminal::Line& line : whole.lines()) {
    std::vector<terminal::Row> rows;
    terminal::append_rows(line, 0, 7, rows);
    size_t end = 0;
    for (const terminal::Row& row : rows) {
      if (row.begin != end) throw std::logic_error("a row begins elsewhere than the one before it ends");
      end = row.end;
    }
    if (end != line.text.size()) throw std::logic_error("the rows are not the line");
    for (const char c : line.text)
      if (static_cast<unsigned char>(c) < 0x20) throw std::logic_error("a control character is shown");
  }
}

}  // namespace npu::fuzz
