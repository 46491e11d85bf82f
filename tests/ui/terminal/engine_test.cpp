// SPDX-License-Identifier: Apache-2.0
// The parser, the words, the history and the lines on the screen.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/memory_files.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"
#include "ui/terminal/expand.h"
#include "ui/terminal/history.h"
#include "ui/terminal/scrollback.h"
#include "ui/terminal/shell_parser.h"

using namespace npu;
using namespace npu::terminal;

namespace {

const Variables kVariables{{"HOME", "/home/npu"}, {"NAME", "two words"}, {"?", "3"}};

// Commands as "word|word; word", redirects as " >file"; errors as "error: ..." and "more: ...".
std::string shown(std::string_view input) {
  const auto parsed = parse_input(input);
  if (!parsed) return (parsed.error().incomplete ? "more: " : "error: ") + parsed.error().what;
  std::string text;
  for (const Invocation& invocation : *parsed) {
    static constexpr const char* kAfter[] = {"; ", " && ", " || ", " pipe "};
    if (&invocation != parsed->data()) text += kAfter[static_cast<size_t>(invocation.after)];
    for (size_t i = 0; i < invocation.words.size(); ++i) text += (i ? "|" : "") + expand_text(invocation.words[i], kVariables);
    for (const Redirect& redirect : invocation.redirects) {
      static constexpr const char* kKinds[] = {">", ">>", "<", "<<", "2>&1"};
      text += std::string(" ") + (redirect.errors && redirect.kind != Redirect::Kind::ErrorsToOutput ? redirect.output ? "&" : "2" : "") + kKinds[static_cast<size_t>(redirect.kind)] + expand_text(redirect.target, kVariables);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("shell parser: words, quotes, continuation and comments as in POSIX") {
  CHECK(shown("atc --model=a.onnx  --output=b") == "atc|--model=a.onnx|--output=b");
  CHECK(shown("atc --model=a.onnx \\\n    --framework=5 \\\r\n  --output=b\n") == "atc|--model=a.onnx|--framework=5|--output=b");
  CHECK(shown("echo 'a b' \"c d\" e\\ f ''") == "echo|a b|c d|e f|");
  CHECK(shown("echo a'b'\"c\"d") == "echo|abcd");
  CHECK(shown("echo \"a\\\"b\\\\c\\d$NAME\"") == "echo|a\"b\\c\\dtwo words");
  CHECK(shown("echo '$NAME' $NAME ${NAME}x $? $ a$ \\$NAME") == "echo|$NAME|two words|two wordsx|3|$|a$|$NAME");
  CHECK(shown("echo $NONE.") == "echo|.");
  CHECK(shown("cd ~ ~/x '~' a~") == "cd|/home/npu|/home/npu/x|~|a~");
  CHECK(shown("# nothing\n\n ls # -l\npwd") == "ls; pwd");
  CHECK(shown("echo a#b") == "echo|a#b");
  CHECK(shown("echo --input_shape=\"x:1,3;y:2\"") == "echo|--input_shape=x:1,3;y:2");
  CHECK(shown("echo --input_shape=x:1;y:2") == "echo|--input_shape=x:1; y:2");
  CHECK(shown("") == "");
  CHECK(shown("npu-smi\u00a0info") == "npu-smi|info");
}

TEST_CASE("shell parser: lists, pipes and redirects") {
  CHECK(shown("a; b && c || d\ne | f") == "a; b && c || d; e pipe f");
  CHECK(shown("a &&\n b |\n c") == "a && b pipe c");
  CHECK(shown("echo x > a.txt") == "echo|x >a.txt");
  CHECK(shown("echo x>a>>b") == "echo|x >a >>b");
  CHECK(shown("atc 2> err >out") == "atc 2>err >out");
  CHECK(shown("atc > log 2>&1") == "atc >log 2>&1");
  CHECK(shown("atc &>log") == "atc &>log");
  CHECK(shown("echo 2 >a; echo x2>a") == "echo|2 >a; echo|x2 >a");
  CHECK(shown("wc < $NAME") == "wc <two words");
  CHECK(shown("cat > a <<EOF\nx $NAME\n  'y'\nEOF\nls") == "cat >a <<x $NAME\n  'y'\n; ls");
  CHECK(shown("> a") == " >a");
}

TEST_CASE("shell parser: what is open asks for more, what is wrong says why") {
  for (const char* input : {"echo 'a", "echo \"a", "echo a \\", "a &&", "a |", "cat <<EOF\nx", "cat <<EOF", "echo ${A"}) CHECK_MESSAGE(shown(input).starts_with("more: "), input);
  CHECK(shown("; ls").starts_with("error: syntax"));
  CHECK(shown("a && && b").starts_with("error: syntax"));
  CHECK(shown("a || | b").starts_with("error: syntax"));
  CHECK(shown("echo >").starts_with("error: a file is missing"));
  CHECK(shown("echo > ; ls").starts_with("error: a file is missing"));
  CHECK(shown("sleep 1 &").find("background") != std::string::npos);
  CHECK(shown("(ls)").find("sub-shells") != std::string::npos);
  CHECK(shown("echo $(ls)").find("substitution") != std::string::npos);
  CHECK(shown("echo `ls`").find("substitution") != std::string::npos);
  CHECK(shown("echo ${A:-b}").find("${NAME}") != std::string::npos);
  CHECK(shown("atc --input_shape=\u201cx:1\u201d").find("typographic") != std::string::npos);
}

TEST_CASE("words: * and ? match the names of files") {
  MemoryFiles files(1000);
  REQUIRE(files.create_folders("/home/npu/out/deep"));
  for (const char* path : {"/home/npu/a.om", "/home/npu/b.om", "/home/npu/c.onnx", "/home/npu/.hidden.om", "/home/npu/out/x.npy", "/home/npu/out/deep/y.npy"}) REQUIRE(files.write(path, {}));
  REQUIRE(files.change_folder("/home/npu"));
  const auto expanded = [&](std::string_view word) {
    std::string text;
    const auto parsed = parse_input(word).value();
    for (const std::string& path : expand_word(parsed[0].words[0], kVariables, files)) text += path + " ";
    return text;
  };
  CHECK(expanded("*.om") == "a.om b.om ");
  CHECK(expanded("?.*") == "a.om b.om c.onnx ");
  CHECK(expanded(".h*") == ".hidden.om ");
  CHECK(expanded("'*'.om") == "*.om ");
  CHECK(expanded("*.none") == "*.none ");
  CHECK(expanded("o*/*.npy") == "out/x.npy ");
  CHECK(expanded("/home/*/out/*/*") == "/home/npu/out/deep/y.npy ");
  CHECK(expanded("~/c*") == "/home/npu/c.onnx ");
  CHECK(expanded("$NAME") == "two words ");
  CHECK(matches("a*b*c", std::vector<bool>(5), "a-b-b-c"));
  CHECK(!matches("a*b*c", std::vector<bool>(5), "a-c-b"));
  CHECK(matches("**", std::vector<bool>(2), ""));
}

TEST_CASE("history: up and down keep what was being typed") {
  History history;
  for (const char* input : {"ls", "pwd", "pwd", "  ", "cd x"}) history.add(input);
  CHECK(history.inputs() == std::vector<std::string>{"ls", "pwd", "cd x"});
  CHECK(history.older("dra").value() == "cd x");
  CHECK(history.older("cd x").value() == "pwd");
  CHECK(history.older("pwd").value() == "ls");
  CHECK(!history.older("ls"));
  CHECK(history.newer().value() == "pwd");
  CHECK(history.newer().value() == "cd x");
  CHECK(history.newer().value() == "dra");
  CHECK(!history.newer());
  CHECK(history.search("d").value() == 2);
  CHECK(history.search("d", 2).value() == 1);
  CHECK(!history.search("d", 1));
  history.add("a \\\n  b\\n");
  History again;
  again.load(history.save());
  CHECK(again.inputs() == history.inputs());
  for (size_t i = 0; i < History::kMost + 5; ++i) history.add(std::to_string(i));
  CHECK(history.inputs().size() == History::kMost);
  CHECK(history.inputs().front() == "5");
}

TEST_CASE("scrollback: lines, progress over its own line, styles") {
  Scrollback screen;
  screen.append(Style::Output, "one\ntw");
  screen.append(Style::Output, "o\n");
  screen.append(Style::Output, "10%");
  screen.append(Style::Output, "\r\x1b[K20%");
  CHECK(screen.text() == "one\ntwo\n20%");
  screen.append(Style::Output, "\r\x1b[K");
  screen.append(Style::Error, "bad\r\n");
  screen.append(Style::Output, "a\tb\x1b[31mred\x07");
  CHECK(screen.text() == "one\ntwo\nbad\na       bred");
  CHECK(screen.lines()[2].spans.size() == 1);
  CHECK(screen.lines()[2].spans[0].style == Style::Error);
  screen.end_line();
  screen.end_line();
  CHECK(screen.lines().size() == 4);
  screen.clear();
  CHECK(screen.lines().empty());
  CHECK(screen.first_number() == 4);
  for (size_t i = 0; i < Scrollback::kMostLines + 7; ++i) screen.append(Style::Output, std::to_string(i) + "\n");
  CHECK(screen.lines().size() == Scrollback::kMostLines);
  CHECK(screen.lines().front().text == "7");
  CHECK(screen.first_number() == 11);
}

TEST_CASE("scrollback: only whole characters are shown") {
  Scrollback screen;
  const std::string text = "模型";
  for (const char c : text) screen.append(Style::Output, std::string_view(&c, 1));
  screen.append(Style::Output, "\n\xff\xc3(\xe6\xa8|\xed\xa0\x80|\xc0\xaf|\xf4\x90\x80\x80\n");
  CHECK(screen.lines()[0].text == text);
  CHECK(screen.lines()[1].text == "?\?(??|???|??|????");
  CHECK(cells_of("模型a") == 5);
  screen.clear();
  screen.append(Style::Output, std::string(Scrollback::kMostLineBytes - 1, 'x') + text);
  CHECK(screen.lines()[0].text.size() <= Scrollback::kMostLineBytes);
}

TEST_CASE("scrollback: long lines are folded, tables are not") {
  const auto rows_of = [](const std::string& text, int columns) {
    std::vector<Row> rows;
    append_rows(Line{text, {}}, 3, columns, rows);
    std::vector<std::string> parts;
    for (const Row& row : rows) parts.push_back(text.substr(row.begin, row.end - row.begin));
    return parts;
  };
  using Parts = std::vector<std::string>;
  CHECK(rows_of("abcdefg", 3) == Parts{"abc", "def", "g"});
  CHECK(rows_of("abc", 3) == Parts{"abc"});
  CHECK(rows_of("", 3) == Parts{""});
  CHECK(rows_of("a模型b", 3) == Parts{"a模", "型b"});
  CHECK(rows_of("模型", 1) == Parts{"模", "型"});
  CHECK(rows_of("| 0     310 |", 4) == Parts{"| 0     310 |"});
}

TEST_CASE("fuzz: inputs and outputs of the terminal") {
  const std::string seeds[] = {"atc --model=a.onnx \\\n --input_shape=\"x:1,3;y:$NAME\" > log 2>&1 && ls *.om | head -n 3 # c\n", "cat <<EOF >'a b'\nx\nEOF\necho ${A}$? ~/x ?.o* &>z || pwd; cd 'q'",
                               "\r10%\x1b[K\t模型\n|+\x1b[31mred\x1b[0m\r\nabc defghijklmnop\n"};
  for (const std::string& seed : seeds)
    for (uint64_t i = 0; i < 3000; ++i) {
      const auto bytes = fuzz::Mutator(i)(as_byte_view(seed));
      fuzz::shell_input(bytes);
      fuzz::terminal_output(bytes);
    }
}
