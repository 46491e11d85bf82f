// SPDX-License-Identifier: Apache-2.0
// The commands of the shell itself.
#include <algorithm>
#include <charconv>

#include "compiler/atc/options.h"
#include "core/base/path.h"
#include "core/isa/manual.h"
#include "runtime/npu/npu_program.h"
#include "ui/terminal/shell.h"

namespace npu::terminal {
namespace {

using Context = CommandContext;

int fail_with(const Context& context, std::string_view name, const Error& error) {
  context.streams.print_error("{}: {}: {}\n", name, error.where, error.what);
  return 1;
}
int usage(const Context& context, std::string_view text) { return context.streams.print_error("usage: {}\n", text), 1; }

// Letters of the options in front ("-rf" gives "rf"), and what follows them; nothing for an unknown letter.
struct Split {
  std::string letters;
  std::vector<std::string> names;
};
std::optional<Split> split_options(const Context& context, std::string_view known) {
  Split split;
  for (const std::string& word : context.arguments) {
    if (word.size() < 2 || word[0] != '-') split.names.push_back(word);
    else if (word.find_first_not_of(known, 1) != std::string::npos) return std::nullopt;
    else split.letters += word.substr(1);
  }
  return split;
}

std::string string_of(const SharedBytes& bytes) { return {reinterpret_cast<const char*>(bytes->data()), bytes->size()}; }

// The files' text together, or what was piped when none is named.
Result<std::string> gather_text(const Context& context, std::span<const std::string> paths) {
  if (paths.empty()) return context.input;
  std::string text;
  for (const std::string& path : paths) {
    NPU_TRY(const SharedBytes bytes, context.files().read(path));
    const std::string part = string_of(bytes);
    if (part.find('\0') != std::string::npos)
      return fail(ErrorKind::InvalidArgument, "'" + path + "'", fmt::format("holds {} bytes that are no text ('npu info' shows an .om, 'download' saves the file)", part.size()));
    text += part;
  }
  return text;
}

int run_cat(const Context& context) {
  const auto text = gather_text(context, context.arguments);
  if (!text) return fail_with(context, "cat", text.error());
  context.streams.out(*text);
  return 0;
}

// The first or last lines; "-n 5" or "-5".
int run_part(const Context& context, std::string_view name, bool first) {
  size_t count = 10;
  std::vector<std::string> paths;
  for (size_t i = 0; i < context.arguments.size(); ++i) {
    const std::string& word = context.arguments[i];
    const bool option = word.size() > 1 && word[0] == '-';
    const std::string number = !option ? "" : word == "-n" && i + 1 < context.arguments.size() ? context.arguments[++i] : word.substr(word[1] == 'n' ? 2 : 1);
    if (!option) paths.push_back(word);
    else if (std::from_chars(number.data(), number.data() + number.size(), count).ptr != number.data() + number.size() || number.empty())
      return usage(context, fmt::format("{} [-n LINES] [FILE...]", name));
  }
  const auto text = gather_text(context, paths);
  if (!text) return fail_with(context, name, text.error());
  std::vector<size_t> starts{0};
  for (size_t at = 0; (at = text->find('\n', at)) != std::string::npos && ++at < text->size();) starts.push_back(at);
  if (first) context.streams.out(count < starts.size() ? text->substr(0, starts[count]) : *text);
  else context.streams.out(count == 0 ? "" : text->substr(starts[starts.size() - std::min(count, starts.size())]));
  return 0;
}
int run_head(const Context& context) { return run_part(context, "head", true); }
int run_tail(const Context& context) { return run_part(context, "tail", false); }

int run_grep(const Context& context) {
  const auto split = split_options(context, "iv");
  if (!split || split->names.empty()) return usage(context, "grep [-iv] TEXT [FILE...]");
  const auto text = gather_text(context, std::span(split->names).subspan(1));
  if (!text) return fail_with(context, "grep", text.error());
  const bool ignore_case = split->letters.find('i') != std::string::npos, inverted = split->letters.find('v') != std::string::npos;
  const auto folded = [&](std::string line) {
    if (ignore_case) std::ranges::transform(line, line.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return line;
  };
  const std::string wanted = folded(split->names[0]);
  int code = 1;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    const std::string line = text->substr(begin, end - begin);
    if ((folded(line).find(wanted) != std::string::npos) != inverted) context.streams.out(line + "\n"), code = 0;
    begin = end + 1;
  }
  return code;
}

int run_wc(const Context& context) {
  const auto text = gather_text(context, context.arguments);
  if (!text) return fail_with(context, "wc", text.error());
  const auto is_space = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; };
  size_t words = 0;
  for (size_t i = 0; i < text->size(); ++i) words += !is_space((*text)[i]) && (i == 0 || is_space((*text)[i - 1]));
  context.streams.print("{:7} {:7} {:7}\n", std::ranges::count(*text, '\n'), words, text->size());
  return 0;
}

int run_cd(const Context& context) {
  if (context.arguments.size() > 1) return usage(context, "cd [FOLDER]");
  Variables& variables = context.shell.variables();
  const std::string before = context.files().folder();
  std::string target = context.arguments.empty() ? variables["HOME"] : context.arguments[0];
  if (target == "-") target = variables.contains("OLDPWD") ? variables["OLDPWD"] : before;
  if (const Status moved = context.files().change_folder(target); !moved) return fail_with(context, "cd", moved.error());
  variables["OLDPWD"] = before;
  return 0;
}

int run_pwd(const Context& context) { return context.streams.out(context.files().folder() + "\n"), 0; }

int run_clear(const Context& context) { return context.host.wish({Wish::Kind::Clear, {}, {}}), 0; }

bool is_folder(const Context& context, const std::string& path) { return context.files().kind(path) == FileKind::Folder; }
std::string place_in(const Context& context, const std::string& target, const std::string& source) {
  if (!is_folder(context, target)) return target;
  std::string name = source;
  while (name.size() > 1 && name.ends_with('/')) name.pop_back();
  return target + (target.ends_with('/') ? "" : "/") + base_name(name);
}

Status copy_tree(MemoryFiles& files, const std::string& from, const std::string& to) {
  if (files.kind(from) != FileKind::Folder) {
    NPU_TRY(SharedBytes bytes, files.read(from));
    return files.put(to, std::move(bytes));
  }
  NPU_TRY(const std::string source, files.resolve(from));
  NPU_TRY(const std::string target, files.resolve(to));
  if ((target + "/").starts_with(source + "/")) return fail(ErrorKind::InvalidArgument, "'" + to + "'", "is inside of '" + from + "'");
  NPU_CHECK(files.create_folders(to));
  NPU_TRY(const auto entries, files.list(from));
  for (const FolderEntry& entry : entries) NPU_CHECK(copy_tree(files, from + "/" + entry.name, to + "/" + entry.name));
  return {};
}

// cp and mv: several sources need a folder as target.
int transfer(const Context& context, std::string_view name, std::string_view letters, Status (*move)(const Context&, const Split&, const std::string&, const std::string&)) {
  const auto split = split_options(context, letters);
  if (!split || split->names.size() < 2) return usage(context, fmt::format("{} SOURCE... TARGET", name));
  const std::string& target = split->names.back();
  if (split->names.size() > 2 && !is_folder(context, target)) return context.streams.print_error("{}: '{}' is no folder\n", name, target), 1;
  for (const std::string& source : std::span(split->names).first(split->names.size() - 1))
    if (const Status done = move(context, *split, source, place_in(context, target, source)); !done) return fail_with(context, name, done.error());
  return 0;
}

int run_cp(const Context& context) {
  return transfer(context, "cp", "rRaf", [](const Context& c, const Split& split, const std::string& from, const std::string& to) -> Status {
    if (is_folder(c, from) && split.letters.find_first_of("rRa") == std::string::npos) return fail(ErrorKind::InvalidArgument, "'" + from + "'", "is a folder: cp -r copies it");
    return copy_tree(c.files(), from, to);
  });
}

int run_mv(const Context& context) {
  return transfer(context, "mv", "f", [](const Context& c, const Split&, const std::string& from, const std::string& to) { return c.files().rename(from, to); });
}

int run_mkdir(const Context& context) {
  const auto split = split_options(context, "p");
  if (!split || split->names.empty()) return usage(context, "mkdir [-p] FOLDER...");
  for (const std::string& path : split->names)
    if (const Status made = split->letters.empty() ? context.files().create_folder(path) : context.files().create_folders(path); !made) return fail_with(context, "mkdir", made.error());
  return 0;
}

int run_rm(const Context& context) {
  const auto split = split_options(context, "rRf");
  if (!split || (split->names.empty() && split->letters.empty())) return usage(context, "rm [-rf] FILE...");
  const bool deep = split->letters.find_first_of("rR") != std::string::npos, force = split->letters.find('f') != std::string::npos;
  for (const std::string& path : split->names) {
    const FileKind kind = context.files().kind(path);
    if (kind == FileKind::None && force) continue;
    if (kind == FileKind::Folder && !deep) return context.streams.print_error("rm: '{}': is a folder: rm -r removes it\n", path), 1;
    if (const Status removed = context.files().remove(path, deep); !removed) return fail_with(context, "rm", removed.error());
  }
  return 0;
}

int run_touch(const Context& context) {
  if (context.arguments.empty()) return usage(context, "touch FILE...");
  for (const std::string& path : context.arguments)
    if (context.files().kind(path) == FileKind::None)
      if (const Status made = context.files().write(path, {}); !made) return fail_with(context, "touch", made.error());
  return 0;
}

std::string listing(const std::vector<FolderEntry>& entries, bool with_sizes) {
  std::string text;
  for (const FolderEntry& entry : entries) {
    if (with_sizes) text += fmt::format("{:>12}  ", entry.kind == FileKind::Folder ? "" : entry.bytes < 0 ? "?" : fmt::format("{}", entry.bytes));
    text += entry.name + (entry.kind == FileKind::Folder ? "/" : "") + (with_sizes ? "\n" : "  ");
  }
  if (!with_sizes && !text.empty()) text.replace(text.size() - 2, 2, "\n");
  return text;
}

int run_ls(const Context& context) {
  const auto split = split_options(context, "lah1");
  if (!split) return usage(context, "ls [-l] [FILE or FOLDER...]");
  const bool with_sizes = split->letters.find_first_of("l1") != std::string::npos;
  const std::vector<std::string> paths = split->names.empty() ? std::vector<std::string>{"."} : split->names;
  std::vector<FolderEntry> single;
  int code = 0;
  for (const std::string& path : paths)
    if (!is_folder(context, path)) {
      const std::string folder = path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
      const auto around = context.files().list(folder);
      const auto found = around ? std::ranges::find(*around, base_name(path), &FolderEntry::name) : std::vector<FolderEntry>::const_iterator();
      if (around && found != around->end()) single.push_back({path, found->kind, found->bytes});
      else context.streams.print_error("ls: '{}': there is no such file or folder\n", path), code = 1;
    }
  context.streams.out(listing(single, with_sizes));
  for (const std::string& path : paths) {
    if (!is_folder(context, path)) continue;
    if (paths.size() > 1) context.streams.print("{}:\n", path);
    if (const auto entries = context.files().list(path)) context.streams.out(listing(*entries, with_sizes));
  }
  return code;
}

// What \n and \t stand for with -e.
std::string unescape(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == 'n' || next == 't' || next == '\\') result += next == 'n' ? '\n' : next == 't' ? '\t' : '\\', ++i;
    else result += text[i];
  }
  return result;
}

int run_echo(const Context& context) {
  std::string text;
  bool line_end = true, escapes = false;
  size_t first = 0;
  for (; first < context.arguments.size() && (context.arguments[first] == "-n" || context.arguments[first] == "-e"); ++first) (context.arguments[first] == "-n" ? line_end : escapes) = context.arguments[first] != "-n";
  for (size_t i = first; i < context.arguments.size(); ++i) text += (i > first ? " " : "") + context.arguments[i];
  context.streams.out((escapes ? unescape(text) : text) + (line_end ? "\n" : ""));
  return 0;
}

int run_export(const Context& context) {
  for (const std::string& word : context.arguments)
    if (const size_t equals = word.find('='); equals != std::string::npos) context.shell.variables()[word.substr(0, equals)] = word.substr(equals + 1);
  return 0;
}

// The vendor's environment needs no setting up here.
int run_source(const Context& context) {
  if (context.arguments.size() != 1) return usage(context, "source FILE");
  if (base_name(context.arguments[0]) == "set_env.sh" || base_name(context.arguments[0]) == "setenv.bash") return 0;
  const auto text = gather_text(context, context.arguments);
  if (!text) return fail_with(context, "source", text.error());
  const std::string depth = context.shell.variables()["NPU_SOURCE_DEPTH"];
  if (depth.size() > 8) return context.streams.print_error("source: '{}': files source each other more than {} deep\n", context.arguments[0], depth.size()), 1;
  context.shell.variables()["NPU_SOURCE_DEPTH"] = depth + "1";
  ShellHost host = context.host;
  host.out = context.streams.out, host.err = context.streams.err;
  const int code = context.shell.run(*text, host);
  context.shell.variables()["NPU_SOURCE_DEPTH"] = depth;
  return code;
}

int run_history(const Context& context) {
  const auto lines = context.host.history();
  for (size_t i = 0; i < lines.size(); ++i) context.streams.print("{:5}  {}\n", i + 1, lines[i]);
  return 0;
}

int wish_for_files(const Context& context, std::string_view name, Wish::Kind kind) {
  if (context.arguments.empty()) return usage(context, fmt::format("{} FILE", name));
  for (const std::string& path : context.arguments) {
    auto bytes = context.files().read(path);
    if (!bytes) return fail_with(context, name, bytes.error());
    context.host.wish({kind, base_name(path), std::move(*bytes)});
  }
  return 0;
}
int run_download(const Context& context) { return wish_for_files(context, "download", Wish::Kind::Download); }
int run_open(const Context& context) { return wish_for_files(context, "open", Wish::Kind::Open); }

int run_which(const Context& context) {
  int code = 0;
  for (const std::string& name : context.arguments) {
    const bool program = std::ranges::any_of(programs(), [&](const ProgramRow& row) { return row.name == name; });
    const bool built_in = std::ranges::any_of(built_ins(), [&](const BuiltIn& row) { return row.name == name; });
    if (program) context.streams.print("/usr/local/bin/{}\n", name);
    else if (built_in) context.streams.print("{}: a command of this shell\n", name);
    else code = 1;
  }
  return code;
}

int run_help(const Context& context) {
  const bool zh = context.host.language == ui::Language::Chinese;
  for (const ProgramRow& row : programs()) context.streams.print("  {:<22} {}\n", row.name, zh ? row.zh : row.en);
  for (const BuiltIn& row : built_ins()) context.streams.print("  {:<22} {}\n", row.usage, zh ? row.zh : row.en);
  context.streams.out(zh ? "  Tab 补全，上下键翻历史，Ctrl+R 搜索历史，Ctrl+C 中止；支持 > >> < | && || ; $NAME 和行末的 \\。\n"
                         : "  Tab completes, up and down go through the history, Ctrl+R searches it, Ctrl+C stops; > >> < | && || ; $NAME and \\ at a line's end work.\n");
  return 0;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string instruction_page(const ManualEntry& entry) {
  std::string text = fmt::format("{}   pipe {}, chips: {}\n  {}\n  cost: {}\n", entry.name, entry.pipe, entry.chips, entry.doc, entry.cost);
  for (const ManualOperand& operand : entry.operands) text += fmt::format("    {:<16} {:>2} bits  {}\n", operand.name, operand.bits, operand.legal);
  return text;
}

int run_man(const Context& context) {
  if (context.arguments.size() != 1) return usage(context, "man INSTRUCTION, --OPTION of atc, or COMMAND");
  const std::string& name = context.arguments[0];
  for (const BuiltIn& row : built_ins())
    if (row.name == name) return context.streams.print("{}\n  {}\n", row.usage, context.host.language == ui::Language::Chinese ? row.zh : row.en), 0;
  for (const ProgramRow& row : programs())
    if (row.name == name) return row.run(std::vector<std::string>{row.name == "npu-smi" ? "-h" : "--help"}, context.streams);
  for (const atc::OptionInfo& option : atc::all_options())
    if (name == option.name || name == fmt::format("--{}", option.name))
      return context.streams.print("atc --{}{}\n  {}\n", option.name, option.values.empty() ? "" : fmt::format("={}", option.values), option.help), 0;
  for (const ManualSection& section : make_manual())
    for (const ManualEntry& entry : section.entries)
      if (lower(entry.name) == lower(name)) return context.streams.out(instruction_page(entry)), 0;
  context.streams.print_error("man: '{}' is no instruction, no option of atc and no command\n", name);
  return 1;
}

constexpr BuiltIn kBuiltIns[] = {
    {"cat", "cat FILE...", "shows files", "显示文件内容", run_cat},
    {"cd", "cd [FOLDER]", "changes the current folder", "切换当前目录", run_cd},
    {"clear", "clear", "empties the screen", "清屏", run_clear},
    {"cp", "cp [-r] FROM... TO", "copies files", "复制文件", run_cp},
    {"download", "download FILE...", "saves files on your computer", "把文件保存到本机", run_download},
    {"echo", "echo [-n] [-e] TEXT", "prints its arguments", "输出参数", run_echo},
    {"export", "export NAME=VALUE", "sets a variable", "设置变量", run_export},
    {"grep", "grep [-iv] TEXT FILE...", "shows the lines that hold a text", "显示包含指定文字的行", run_grep},
    {"head", "head [-n N] FILE", "shows the first lines", "显示开头几行", run_head},
    {"help", "help", "shows this list", "显示本列表", run_help},
    {"history", "history", "shows what was typed", "显示历史命令", run_history},
    {"ls", "ls [-l] [FOLDER]", "lists files", "列出文件", run_ls},
    {"man", "man NAME", "explains an instruction, an option of atc or a command", "查看指令、atc 选项或命令的说明", run_man},
    {"mkdir", "mkdir [-p] FOLDER...", "makes folders", "新建目录", run_mkdir},
    {"mv", "mv FROM... TO", "moves or renames files", "移动或重命名文件", run_mv},
    {"open", "open FILE", "opens a model or picture in the playground", "在页面中打开模型或图片", run_open},
    {"pwd", "pwd", "shows the current folder", "显示当前目录", run_pwd},
    {"rm", "rm [-rf] FILE...", "removes files", "删除文件", run_rm},
    {"source", "source FILE", "runs the commands of a file; set_env.sh of the vendor is not needed", "执行文件中的命令；无需厂商的 set_env.sh", run_source},
    {"tail", "tail [-n N] FILE", "shows the last lines", "显示末尾几行", run_tail},
    {"touch", "touch FILE...", "makes empty files", "新建空文件", run_touch},
    {"wc", "wc FILE...", "counts lines, words and bytes", "统计行数、词数和字节数", run_wc},
    {"which", "which NAME...", "tells whether a command is there", "查看命令是否存在", run_which},
};

}  // namespace

std::span<const BuiltIn> built_ins() { return kBuiltIns; }

}  // namespace npu::terminal
