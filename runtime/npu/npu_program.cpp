// SPDX-License-Identifier: Apache-2.0
#include "runtime/npu/npu_program.h"

#include <sstream>

#include "core/om/om.h"
#include "runtime/npu/commands.h"

namespace npu {

std::shared_ptr<std::string> add_om_option(CLI::App& app) {
  const auto path = std::make_shared<std::string>();
  app.add_option("--om,OM", *path, "Compiled model")->required();
  return path;
}

CompileObserver cancel_observer(const ProgramHost& host) {
  return {.on_pass = [&host](const PassReport&, const Graph&) { return !host.cancelled(); }, .on_progress = [&host](size_t, size_t, const std::string&) { return !host.cancelled(); }, .on_gear = {}};
}

Result<ModelPackage> load_model(FileSystem& files, const std::string& path) {
  NPU_TRY(const SharedBytes file, files.read(path));
  return load_package(file);
}

std::shared_ptr<std::string> add_gear_option(CLI::App& app) {
  const auto gear = std::make_shared<std::string>();
  app.add_option("--gear", *gear, "Of a model with several: its batch, height,width or dims; the first when left out");
  return gear;
}

Result<size_t> chosen_gear(const ModelPackage& package, const std::string& gear) {
  if (package.open)
    return fail(ErrorKind::InvalidArgument, package.open->name, "has open shapes (" + inputs_text(package.open->inputs) + "): its programs are made by npu run");
  if (gear.empty()) return 0;
  std::vector<int64_t> values;
  for (const std::string& word : CLI::detail::split(gear, ',')) {
    int64_t value = 0;
    if (!CLI::detail::lexical_cast(word, value)) return fail(ErrorKind::InvalidArgument, "--gear " + gear, "'" + word + "' is no number");
    values.push_back(value);
  }
  return find_gear_by_values(package, values);
}

namespace {

struct Parser {
  explicit Parser(const ProgramHost& host) {
    app.require_subcommand(1);
    commands = {add_run(app, host, specialise_factory()), add_bench(app, host), add_profile(app, host), add_info(app, host),
                add_disasm(app, host), add_manual(app, host), add_quantize(app, host), add_tune(app, host)};
  }

  CLI::App app{"Runs and inspects models compiled for the emulated NPU", "npu"};
  std::vector<Command> commands;
};

// With those of its groups.
void add_options(const CLI::App& app, std::vector<std::string>& names) {
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* group : app.get_subcommands([](const CLI::App*) { return true; })) add_options(*group, names);
}

int explain(const CLI::App& app, const CLI::ParseError& error, const ProgramHost& host) {
  std::ostringstream out, err;
  const int code = app.exit(error, out, err);
  host.out(out.str());
  host.err(err.str());
  return code;
}

}  // namespace

int npu_program(std::span<const std::string> arguments, const ProgramHost& host) {
  Parser parser(host);
  try {
    parser.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return explain(parser.app, error, host);
  }
  for (const Command& command : parser.commands)
    if (const Status status = command(); !status) {
      if (host.cancelled()) return kCancelledExit;
      host.print_error("{}\n", status.error().message());
      return 1;
    }
  return 0;
}

std::vector<std::string> npu_subcommands() {
  const ProgramHost host{.files = disk()};
  const Parser parser(host);
  std::vector<std::string> names;
  for (const CLI::App* command : parser.app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> npu_options(const std::string& subcommand) {
  const ProgramHost host{.files = disk()};
  const Parser parser(host);
  std::vector<std::string> names;
  for (const CLI::App* command : parser.app.get_subcommands([&](const CLI::App* each) { return each->get_name() == subcommand; })) add_options(*command, names);
  return names;
}

}  // namespace npu
