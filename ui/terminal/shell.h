// SPDX-License-Identifier: Apache-2.0
// Runs command lines: built-in commands and the project's own programs, on files in memory.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/memory_files.h"
#include "core/base/program.h"
#include "ui/studio/settings.h"
#include "ui/terminal/expand.h"

namespace npu::terminal {

// What a command asks of the page around the terminal.
struct Wish {
  enum class Kind { Open, Download, Clear };
  Kind kind = Kind::Clear;
  std::string name;   // of the file, without folders
  SharedBytes bytes;  // none for Clear
};

// The outside of a shell, for as long as one input runs.
struct ShellHost {
  std::function<void(std::string_view)> out, err;
  std::function<bool()> cancelled;
  std::function<void(Wish)> wish;
  std::function<std::vector<std::string>()> history;
  int threads = 1;
  std::string chip = "Ascend310";
  ui::Language language = ui::Language::English;
};

class Shell {
 public:
  // The current folder becomes `home`, which must be there.
  Shell(MemoryFiles& files, const std::string& home);

  // Returns the exit code of the last command: 0 is success, 127 for an unknown command, 130 when cancelled, 2 for a syntax error.
  int run(std::string_view input, const ShellHost& host);

  std::string prompt() const;  // "npu:~/images$ "
  MemoryFiles& files() { return files_; }
  Variables& variables() { return variables_; }

 private:
  int run_invocation(const Invocation& invocation, std::string& pipe, bool to_pipe, const ShellHost& host);
  std::optional<int> assign(const Invocation& invocation);
  int run_command(std::vector<std::string> arguments, const ProgramHost& program, const std::string& input, const ShellHost& host);

  MemoryFiles& files_;
  Variables variables_;
};

// What a built-in command is given.
struct CommandContext {
  Shell& shell;
  const ShellHost& host;
  const ProgramHost& streams;               // output and files
  std::span<const std::string> arguments;   // without its name
  const std::string& input;                 // what a pipe or < gave

  MemoryFiles& files() const { return shell.files(); }
};

struct BuiltIn {
  std::string_view name, usage;
  std::string_view en, zh;
  int (*run)(const CommandContext&);
};
std::span<const BuiltIn> built_ins();

struct ProgramRow {
  std::string_view name;
  ProgramFunction run;
  std::string_view en, zh;
};
std::span<const ProgramRow> programs();

}  // namespace npu::terminal
