// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/shell.h"

#include <algorithm>

#include "compiler/atc/atc_program.h"
#include "runtime/npu/npu_program.h"

namespace npu::terminal {
namespace {

constexpr int kSyntaxError = 2, kNotFound = 127;

constexpr ProgramRow kPrograms[] = {
    {"atc", atc_program, "compiles a model to .om (atc --help)", "把模型编译成 .om（atc --help）"},
    {"npu", npu_program, "runs, profiles, inspects, quantises and tunes models (npu --help)", "运行、剖析、查看、量化和调优模型（npu --help）"},
    {"npu-smi", npu_smi_program, "shows the emulated card (npu-smi info)", "查看模拟的加速卡（npu-smi info）"},
};

// "NAME=" at the start of a word that is not quoted.
std::optional<std::string> assigned_name(const Word& word) {
  if (word.empty() || word[0].kind != Piece::Kind::Plain) return std::nullopt;
  const std::string& text = word[0].text;
  const size_t equals = text.find('=');
  const auto is_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; };
  if (equals == std::string::npos || equals == 0 || (text[0] >= '0' && text[0] <= '9') || !std::ranges::all_of(text.substr(0, equals), is_name)) return std::nullopt;
  return text.substr(0, equals);
}

// Text of a command that goes to a file, which is written when the command has ended.
struct FileSink {
  std::string path;
  bool append = false;
  std::string text;
};

Status flush(const FileSink& sink, FileSystem& files) {
  std::string before;
  if (sink.append && files.is_file(sink.path)) {
    NPU_TRY(const SharedBytes bytes, files.read(sink.path));
    before.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  }
  return files.write(sink.path, as_byte_view(before + sink.text));
}

// Where the output of one command goes.
struct Plumbing {
  std::function<void(std::string_view)> out, err;
  std::vector<std::shared_ptr<FileSink>> sinks;
  std::string input;
};

Result<Plumbing> connect(const Invocation& invocation, const Variables& variables, FileSystem& files, std::string input, std::function<void(std::string_view)> out, std::function<void(std::string_view)> err) {
  Plumbing pipes{std::move(out), std::move(err), {}, std::move(input)};
  for (const Redirect& redirect : invocation.redirects) {
    const std::string target = expand_text(redirect.target, variables);
    switch (redirect.kind) {
      case Redirect::Kind::ErrorsToOutput: pipes.err = pipes.out; break;
      case Redirect::Kind::Text: pipes.input = target; break;
      case Redirect::Kind::Input: {
        NPU_TRY(const SharedBytes bytes, files.read(target));
        pipes.input.assign(reinterpret_cast<const char*>(bytes->data()), bytes->size());
        break;
      }
      case Redirect::Kind::Write:
      case Redirect::Kind::Append: {
        const bool append = redirect.kind == Redirect::Kind::Append;
        if (target == "/dev/null") {
          (redirect.output ? pipes.out : pipes.err) = [](std::string_view) {};
          if (redirect.errors) pipes.err = [](std::string_view) {};
          break;
        }
        const auto sink = std::make_shared<FileSink>(FileSink{target, append, {}});
        if (!append || !files.is_file(target)) NPU_CHECK(files.write(target, {}));  // a command that cannot write does not run
        pipes.sinks.push_back(sink);
        const auto write = [sink](std::string_view text) { sink->text += text; };
        if (redirect.output) pipes.out = write;
        if (redirect.errors) pipes.err = write;
        break;
      }
    }
  }
  return pipes;
}

const BuiltIn* find_built_in(std::string_view name) {
  const auto all = built_ins();
  const auto found = std::ranges::find(all, name, &BuiltIn::name);
  return found == all.end() ? nullptr : &*found;
}

const ProgramRow* find_program(std::string_view name) {
  const auto* found = std::ranges::find(kPrograms, name, &ProgramRow::name);
  return found == std::end(kPrograms) ? nullptr : found;
}

}  // namespace

std::span<const ProgramRow> programs() { return kPrograms; }

Shell::Shell(MemoryFiles& files, const std::string& home) : files_(files), variables_{{"HOME", home}, {"?", "0"}} { (void)files_.change_folder(home); }

std::string Shell::prompt() const {
  std::string folder = files_.folder();
  const std::string& home = variables_.find("HOME")->second;
  if (folder == home || folder.starts_with(home + "/")) folder = "~" + folder.substr(home.size());
  return "npu:" + folder + "$ ";
}

int Shell::run(std::string_view input, const ShellHost& host) {
  const auto parsed = parse_input(input);
  if (!parsed) {
    host.err("syntax: " + parsed.error().what + "\n");
    variables_["?"] = std::to_string(kSyntaxError);
    return kSyntaxError;
  }
  int code = 0;
  std::string pipe;
  for (size_t i = 0; i < parsed->size(); ++i) {
    using After = Invocation::After;
    const Invocation& invocation = (*parsed)[i];
    if (host.cancelled()) code = kCancelledExit;
    if (code == kCancelledExit) break;
    if ((invocation.after == After::Success && code != 0) || (invocation.after == After::Failure && code == 0)) continue;
    if (invocation.after != After::Pipe) pipe.clear();
    const bool to_pipe = i + 1 < parsed->size() && (*parsed)[i + 1].after == After::Pipe;
    code = run_invocation(invocation, pipe, to_pipe, host);
    variables_["?"] = std::to_string(code);
  }
  return code;
}

// NAME=VALUE words alone.
std::optional<int> Shell::assign(const Invocation& invocation) {
  for (const Word& word : invocation.words)
    if (!assigned_name(word)) return std::nullopt;
  for (const Word& word : invocation.words) {
    const std::string name = *assigned_name(word);
    variables_[name] = expand_text(word, variables_).substr(name.size() + 1);
  }
  return 0;
}

int Shell::run_invocation(const Invocation& invocation, std::string& pipe, bool to_pipe, const ShellHost& host) {
  std::string piped;
  auto out = to_pipe ? [&piped](std::string_view text) { piped += text; } : host.out;
  auto pipes = connect(invocation, variables_, files_, std::move(pipe), std::move(out), host.err);
  if (!pipes) return host.err(pipes.error().message() + "\n"), 1;
  std::vector<std::string> arguments;
  int code = 0;
  if (const auto assigned = assign(invocation); assigned && !invocation.words.empty()) {
    code = *assigned;
  } else {
    for (const Word& word : invocation.words) std::ranges::move(expand_word(word, variables_, files_), std::back_inserter(arguments));
    ProgramHost program{.files = files_};
    program.out = pipes->out, program.err = pipes->err;
    program.cancelled = host.cancelled;
    program.watched = pipes->sinks.empty() && !to_pipe;
    program.threads = host.threads;
    program.chip = host.chip;
    program.home = variables_["HOME"];
    code = run_command(std::move(arguments), program, pipes->input, host);
  }
  for (const auto& sink : pipes->sinks)
    if (const Status written = flush(*sink, files_); !written) host.err(written.error().message() + "\n"), code = 1;
  pipe = std::move(piped);
  return code;
}

int Shell::run_command(std::vector<std::string> arguments, const ProgramHost& program, const std::string& input, const ShellHost& host) {
  // A copied prompt, and what needs no meaning here.
  while (!arguments.empty() && (arguments[0] == "$" || arguments[0] == "sudo")) arguments.erase(arguments.begin());
  if (arguments.empty()) return 0;
  const std::string name = arguments[0].substr(arguments[0].rfind('/') + 1);
  const auto rest = std::span(arguments).subspan(1);
  if (const ProgramRow* row = find_program(name)) return row->run(rest, program);
  if (const BuiltIn* row = find_built_in(arguments[0])) return row->run({*this, host, program, rest, input});
  program.print_error("{}: there is no such command here; 'help' lists them\n", arguments[0]);
  return kNotFound;
}

}  // namespace npu::terminal
