// SPDX-License-Identifier: Apache-2.0
// What is typed into the terminal, as commands: the part of the POSIX shell's grammar that tutorials use.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace npu::terminal {

// A part of a word. Quoted text is not matched against the names of files; of a variable the text is its name.
struct Piece {
  enum class Kind { Plain, Quoted, Variable };
  Kind kind = Kind::Plain;
  std::string text;
};
using Word = std::vector<Piece>;

struct Redirect {
  enum class Kind { Write, Append, Input, Text, ErrorsToOutput };
  Kind kind = Kind::Write;
  bool output = true, errors = false;  // which streams Write and Append take
  Word target;                         // the file; of Text ("<<END") the lines themselves
};

struct Invocation {
  enum class After { Always, Success, Failure, Pipe };  // ";", "&&", "||", "|"
  After after = After::Always;                          // the invocation before it
  std::vector<Word> words;                              // may be empty where there is a redirect
  std::vector<Redirect> redirects;
};

struct ParseError {
  bool incomplete = false;  // more lines can complete it: an open quote, a last backslash, a missing END
  std::string what;
};

// Commands separated by line ends, ";", "&&", "||" and "|"; '...', "...", \x and \ at a line's end; # comments; $NAME, ${NAME} and $?;
// > >> 2> &> 2>&1 < and <<END. Background jobs, sub-shells and command substitution are errors that say so. A no-break space, as
// copied from web pages, is a space.
std::expected<std::vector<Invocation>, ParseError> parse_input(std::string_view text);

// A word as it has to be typed: in quotes where it needs some. parse_input() takes it apart again, and so does any POSIX shell.
std::string shell_word(std::string_view text);

}  // namespace npu::terminal
