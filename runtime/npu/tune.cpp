// SPDX-License-Identifier: Apache-2.0
#include "compiler/tune/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "compiler/atc/gear_options.h"
#include "compiler/compile.h"
#include "compiler/tune/report.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "runtime/npu/commands.h"
#include "runtime/profile/profile.h"

namespace npu {
namespace {

struct TuneCommand {
  std::string model, soc, shapes, bank, output, report;
  int64_t trials = 200;
  double seconds = 0;
  uint64_t seed = 1;
  bool all = false;
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

Result<std::map<std::string, Shape, std::less<>>> input_shapes(const std::string& text) {
  if (text.empty()) return std::map<std::string, Shape, std::less<>>();
  const auto parsed = atc::parse_input_shapes("input-shape", text);
  if (!parsed) return fail(ErrorKind::InvalidArgument, "--input-shape", parsed.error().text);
  for (const InputShape& shape : *parsed)
    if (std::ranges::any_of(shape.dims, &DimRange::is_open)) return fail(ErrorKind::InvalidArgument, "--input-shape", "'" + shape.name + "' is open: only programs of fixed shapes are tuned");
  return atc::fixed_shapes(*parsed);
}

Result<ScheduleBank> load_bank(const std::string& path, const ProgramHost& host) {
  if (path.empty() || host.files.kind(path) == FileKind::None) return ScheduleBank();
  NPU_TRY(const SharedBytes bytes, host.files.read(path));
  std::vector<std::string> warnings;
  ScheduleBank bank = read_bank({reinterpret_cast<const char*>(bytes->data()), bytes->size()}, path, warnings);
  for (const std::string& warning : warnings) host.print_error("{}\n", warning);
  // A file that is no bank is not written over.
  if (!warnings.empty()) return fail(ErrorKind::InvalidArgument, path, "is no bank");
  return bank;
}

void show_progress(const ProgramHost& host, const Tuner::Progress& progress) {
  host.print_error("\r{} tasks, {} trials; {}: {} of {} cycles        ", progress.tasks, progress.trials, progress.task, progress.cycles, progress.default_cycles);
}

Status tune(const TuneCommand& command, const ProgramHost& host) {
  NPU_TRY(const Soc* soc, find_soc(command.soc));
  NPU_TRY(const Graph graph, load_onnx_file(command.model, UINT64_MAX, host.files));
  CompileOptions options{.soc = command.soc};
  NPU_TRY(options.passes.input_shapes, input_shapes(command.shapes));
  NPU_TRY(ScheduleBank bank, load_bank(command.bank, host));
  NPU_TRY(const CompiledModel plain, compile(graph, options, cancel_observer(host)));
  NPU_TRY(const ModelProfile before, profile_model(plain, false));
  const auto progress = [&](const Tuner::Progress& state) {
    show_progress(host, state);
    return !host.cancelled();
  };
  const double start = now();
  const auto tuner = std::make_shared<Tuner>(std::move(bank), TuneOptions{.cube = true, .vector = true, .trials = command.trials, .seconds = command.seconds, .clock = now, .seed = command.seed, .on_progress = progress});
  options.scheduler = tuner;
  NPU_TRY(CompiledModel tuned, compile(graph, options, cancel_observer(host)));
  const double seconds = now() - start;
  NPU_TRY(const ModelProfile after, profile_model(tuned, false));
  const TuneResult& result = tuner->result();
  host.print_error("\n");
  for (const std::string& warning : result.warnings) host.print_error("{}\n", warning);
  host.print("{}", tune_table(result, command.all));
  host.print("{} on {}: {:.1f} us before, {:.1f} us after ({:.2f}%), {} trials in {:.1f} s\n", tuned.name, tuned.soc, before.total_us, after.total_us,
             (before.total_us - after.total_us) / before.total_us * 100, result.trials, seconds);
  if (!command.bank.empty()) NPU_CHECK(host.files.write(command.bank, as_byte_view(tuner->bank().to_json())));
  if (!command.report.empty()) {
    const std::string json = aoe_result_json(*soc, result, {tuned.name, seconds, before.total_us / 1000, after.total_us / 1000});
    NPU_CHECK(host.files.write(command.report, as_byte_view(json)));
  }
  if (command.output.empty()) return {};
  NPU_TRY(const auto file, save_om(package_of(std::make_shared<const CompiledModel>(std::move(tuned)))));
  return host.files.write(command.output, file);
}

}  // namespace

Command add_tune(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("tune", "Search faster schedules for a model's tasks, as the vendor's aoe --job_type=2 does");
  const auto options = std::make_shared<TuneCommand>();
  command->add_option("MODEL", options->model, "An .onnx file")->required();
  command->add_option("--soc", options->soc, "The chip, for example Ascend310")->required();
  command->add_option("--input-shape", options->shapes, "NAME:N,C,H,W;... for inputs that the model leaves open");
  command->add_option("--trials", options->trials, "Simulated schedules of each different task, those in the bank included")->capture_default_str()->check(CLI::Range(1, 1000000));
  command->add_option("--seconds", options->seconds, "The most time to take; 0: no limit")->capture_default_str()->check(CLI::Range(0, 10000000));
  command->add_option("--seed", options->seed, "The same seed finds the same")->capture_default_str();
  command->add_option("--bank", options->bank, "JSON file to continue from and to write, also for atc --op_bank_path (FOLDER/CHIP.json)");
  command->add_option("--output", options->output, "The tuned .om");
  command->add_option("--report", options->report, "JSON file like the vendor's aoe_result_opat");
  command->add_flag("--all", options->all, "List also the tasks that stay as they are");
  return [command, options, &host]() -> Status { return command->parsed() ? tune(*options, host) : Status(); };
}

}  // namespace npu
