// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/shell_parser.h"

#include <algorithm>
#include <cctype>

namespace npu::terminal {
namespace {

using Kind = Piece::Kind;
template <class T>
using Parsed = std::expected<T, ParseError>;

constexpr std::string_view kNoBreakSpace = "\u00a0";
constexpr std::string_view kTypographicQuotes[] = {"\u201c", "\u201d", "\u2018", "\u2019"};

std::unexpected<ParseError> refuse(std::string what) { return std::unexpected(ParseError{false, std::move(what)}); }
std::unexpected<ParseError> incomplete(std::string what) { return std::unexpected(ParseError{true, std::move(what)}); }

bool is_name(char c, bool first) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (!first && c >= '0' && c <= '9'); }

bool is_plain(const Word& word, std::string_view text) { return word.size() == 1 && word[0].kind == Kind::Plain && word[0].text == text; }

void append(Word& word, Kind kind, std::string_view text) {
  if (!word.empty() && word.back().kind == kind && kind != Kind::Variable) word.back().text += text;
  else word.push_back({kind, std::string(text)});
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Parsed<std::vector<Invocation>> parse() {
    auto after = Invocation::After::Always;
    for (;;) {
      skip_blanks(true);
      if (done()) break;
      Invocation command{after, {}, {}};
      if (auto read = read_command(command); !read) return std::unexpected(read.error());
      if (command.words.empty() && command.redirects.empty()) return refuse("syntax error near '" + std::string(1, text_[at_]) + "'");
      commands_.push_back(std::move(command));
      const auto next = separator();
      if (!next) return std::unexpected(next.error());
      after = *next;
    }
    if (after != Invocation::After::Always) return incomplete("a command is missing at the end");
    if (!open_texts_.empty()) return incomplete("the lines after << are missing");
    return std::move(commands_);
  }

 private:
  bool done() const { return at_ >= text_.size(); }
  bool next_is(std::string_view part) const { return text_.substr(at_).starts_with(part); }
  bool take(std::string_view part) {
    if (!next_is(part)) return false;
    at_ += part.size();
    return true;
  }

  bool take_continuation() { return take("\\\n") || take("\\\r\n"); }

  void skip_blanks(bool lines) {
    while (!done()) {
      if (take(" ") || take("\t") || take("\r") || take(kNoBreakSpace) || take_continuation()) continue;
      if (lines && take("\n")) continue;
      if (text_[at_] != '#') return;
      at_ = std::min(text_.find('\n', at_), text_.size());
    }
  }

  bool at_word_end() const { return done() || std::string_view(" \t\r\n;&|<>()").find(text_[at_]) != std::string_view::npos || next_is(kNoBreakSpace) || next_is("\\\n") || next_is("\\\r\n"); }

  Parsed<void> read_command(Invocation& command) {
    for (;;) {
      skip_blanks(false);
      if (done() || text_[at_] == '\n' || text_[at_] == ';' || text_[at_] == '|' || next_is("&&")) return {};
      if (next_is("(") || next_is(")")) return refuse("sub-shells ( ) are not offered here");
      if (next_is("<") || next_is(">") || next_is("&>")) {
        if (auto read = read_redirect(command, ""); !read) return read;
        continue;
      }
      if (next_is("&")) return refuse("background jobs (&) are not offered here");
      auto word = read_word();
      if (!word) return std::unexpected(word.error());
      const bool stream = (next_is(">") || next_is("<")) && (is_plain(*word, "0") || is_plain(*word, "1") || is_plain(*word, "2"));
      if (!stream) command.words.push_back(std::move(*word));
      else if (auto read = read_redirect(command, (*word)[0].text); !read) return read;
    }
  }

  Parsed<void> read_redirect(Invocation& command, const std::string& stream) {
    using RedirectKind = Redirect::Kind;
    Redirect redirect;
    if (stream == "2" && take(">&1")) return command.redirects.push_back({RedirectKind::ErrorsToOutput, false, true, {}}), Parsed<void>();
    redirect.errors = stream == "2" || next_is("&>");
    redirect.output = stream != "2";
    (void)take("&");
    if (take("<<")) redirect.kind = RedirectKind::Text;
    else if (take("<")) redirect.kind = RedirectKind::Input;
    else if (take(">>")) redirect.kind = RedirectKind::Append;
    else (void)take(">");
    skip_blanks(false);
    if (done() || text_[at_] == '\n') return refuse("a file is missing after > or <");
    auto word = at_word_end() ? Parsed<Word>(Word()) : read_word();
    if (!word) return std::unexpected(word.error());
    if (word->empty()) return refuse("a file is missing after > or <");
    if (redirect.kind == RedirectKind::Text) open_texts_.push_back({commands_.size(), command.redirects.size()});
    redirect.target = std::move(*word);
    command.redirects.push_back(std::move(redirect));
    return {};
  }

  // What ends a command, and with it how the next one depends on it.
  Parsed<Invocation::After> separator() {
    using After = Invocation::After;
    skip_blanks(false);
    if (take("&&")) return After::Success;
    if (take("||")) return After::Failure;
    if (take("|")) return After::Pipe;
    if (take(";") || !take("\n")) return After::Always;
    if (auto read = read_open_texts(); !read) return std::unexpected(read.error());
    return After::Always;
  }

  // The lines of each <<END of the line that just ended.
  Parsed<void> read_open_texts() {
    for (const auto& [command, redirect] : open_texts_) {
      Word& target = commands_[command].redirects[redirect].target;
      std::string end, body;
      for (const Piece& piece : target) end += piece.text;
      for (;;) {
        if (done()) return incomplete("the line '" + end + "' is missing");
        const size_t stop = std::min(text_.find('\n', at_), text_.size());
        std::string_view line = text_.substr(at_, stop - at_);
        at_ = std::min(stop + 1, text_.size());
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line == end) break;
        (body += line) += '\n';
      }
      target = {{Kind::Quoted, std::move(body)}};
    }
    open_texts_.clear();
    return {};
  }

  Parsed<Word> read_word() {
    Word word;
    while (!at_word_end()) {
      if (auto read = read_piece(word); !read) return std::unexpected(read.error());
    }
    return word;
  }

  Parsed<void> read_piece(Word& word) {
    for (const std::string_view quote : kTypographicQuotes)
      if (next_is(quote)) return refuse("'" + std::string(quote) + "' is a typographic quote; shells need ' or \"");
    const char c = text_[at_];
    if (c == '\'') return read_single_quoted(word);
    if (c == '"') return read_double_quoted(word);
    if (c == '$') return read_variable(word, Kind::Plain);
    if (c == '`') return refuse("command substitution (`...`) is not offered here");
    ++at_;
    if (c != '\\') return append(word, Kind::Plain, {&c, 1}), Parsed<void>();
    if (done()) return incomplete("a line is missing after \\");
    append(word, Kind::Quoted, text_.substr(at_++, 1));
    return {};
  }

  Parsed<void> read_single_quoted(Word& word) {
    const size_t end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return incomplete("a ' is missing");
    append(word, Kind::Quoted, text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return {};
  }

  Parsed<void> read_double_quoted(Word& word) {
    ++at_;
    append(word, Kind::Quoted, "");
    while (!done()) {
      if (take("\"")) return {};
      if (take_continuation()) continue;
      const char c = text_[at_];
      if (c == '$') {
        if (auto read = read_variable(word, Kind::Quoted); !read) return read;
        continue;
      }
      if (c == '`') return refuse("command substitution (`...`) is not offered here");
      const bool escape = c == '\\' && at_ + 1 < text_.size() && std::string_view("\"\\$`").find(text_[at_ + 1]) != std::string_view::npos;
      at_ += escape;
      append(word, Kind::Quoted, text_.substr(at_++, 1));
    }
    return incomplete("a \" is missing");
  }

  // $NAME, ${NAME}, $?; another $ stands for itself.
  Parsed<void> read_variable(Word& word, Kind around) {
    ++at_;
    if (next_is("(")) return refuse("command substitution $(...) is not offered here");
    if (take("?")) return word.push_back({Kind::Variable, "?"}), Parsed<void>();
    const bool braces = take("{");
    size_t end = at_;
    while (end < text_.size() && is_name(text_[end], end == at_)) ++end;
    const std::string_view name = text_.substr(at_, end - at_);
    at_ = end;
    if (braces && (name.empty() || !take("}"))) return done() ? incomplete("a } is missing") : refuse("only ${NAME} is offered of ${...}");
    if (name.empty()) append(word, around, "$");
    else word.push_back({Kind::Variable, std::string(name)});
    return {};
  }

  struct OpenText {
    size_t command, redirect;
  };

  std::string_view text_;
  size_t at_ = 0;
  std::vector<Invocation> commands_;
  std::vector<OpenText> open_texts_;
};

}  // namespace

std::expected<std::vector<Invocation>, ParseError> parse_input(std::string_view text) { return Parser(text).parse(); }

std::string shell_word(std::string_view text) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 || std::string_view("_-+=./,:%@").find(c) != std::string_view::npos; };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string word = "\"";
  for (const char c : text) word += std::string_view("\"\\$`").find(c) != std::string_view::npos ? std::string{'\\', c} : std::string(1, c);
  return word + "\"";
}

}  // namespace npu::terminal
