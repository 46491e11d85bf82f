// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/atc.h"

#include <optional>

#include <fmt/format.h>

#include "compiler/atc/check_report.h"
#include "compiler/atc/compile_cache.h"
#include "compiler/atc/fusion_result.h"
#include "compiler/atc/gear_options.h"
#include "compiler/atc/model_json.h"
#include "compiler/atc/om_info.h"
#include "compiler/atc/options.h"
#include "compiler/atc/prepare.h"
#include "compiler/atc/single_op.h"
#include "compiler/atc/source.h"
#include "compiler/tune/report.h"
#include "core/base/program.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"

namespace npu::atc {
namespace {

// The vendor's lines.
constexpr std::string_view kStart = "ATC start working now, please wait for a moment.\n";
constexpr std::string_view kSuccess = "ATC run success, welcome to the next use.\n";
constexpr std::string_view kFailure =
    "ATC run failed, Please check the detail log, Try 'atc --help' for more information\n";

template <class T>
AtcResult<T> convert(Result<T> result) {
  if (!result) return std::unexpected(as_atc_error(result.error()));
  return std::move(*result);
}

AtcResult<void> write(FileSystem& files, const std::string& path, Bytes bytes) {
  if (auto written = files.write(path, bytes); !written)
    return refuse("E13004", fmt::format("The file '{}' {}", path, written.error().what));
  return {};
}

// The passes as a log, and each stage as a file.
class Stages {
 public:
  Stages(const Options& options, const Host& host, const Say& say) : options_(options), host_(host), say_(say) {}

  bool on_pass(const PassReport& report, const Graph& graph) {
    if (options_.log >= Log::Info)
      say_(fmt::format("[INFO] {:<22} {:>5} -> {:<5} nodes {:>5} rewrites {:>9.3f} ms{}\n", report.name,
                       report.nodes_before, report.nodes_after, report.rewrites, report.milliseconds,
                       report.disabled ? " (off)" : ""));
    if (options_.log >= Log::Debug)
      for (const MissedRewrite& miss : report.misses)
        say_(fmt::format("[DEBUG] {}: {}: {}\n", miss.pass, miss.node, miss.reason));
    result_.add(report);
    dump(report.name, graph);
    return !failed_ && !host_.cancelled();
  }

  void on_gear(size_t gear) {
    result_.begin_graph();
    if (options_.log >= Log::Info)
      say_(fmt::format("[INFO] gear {} of {}: {}\n", gear + 1, options_.gears.size(),
                       gears_text(options_.dynamic, std::span(&options_.gears[gear].values, 1))));
  }

  void dump(std::string_view stage, const Graph& graph) {
    if (options_.dump_passes.empty()) return;
    (void)host_.files.create_folders(options_.dump_passes);  // what fails is said when the file is written
    const std::string path = fmt::format("{}/{:02}_{}.txt", options_.dump_passes, count_++, stage);
    if (auto written = write(host_.files, path, as_byte_view(print_graph(graph))); !written) failed_ = written.error();
  }

  const std::optional<AtcError>& failed() const { return failed_; }
  const FusionResult& result() const { return result_; }

 private:
  const Options& options_;
  const Host& host_;
  const Say& say_;
  int count_ = 0;
  FusionResult result_;
  std::optional<AtcError> failed_;
};

AtcResult<Graph> load(const Options& options, const std::string& path, FileSystem& files) {
  return load_source({.files = files, .model = path, .weight = options.weight, .framework = options.framework, .input_shapes = options.input_shapes, .out_nodes = options.out_nodes});
}

AtcError bad_om(const std::string& path, const Error& error) {
  return {"E13005", fmt::format("'{}' is no .om file that can be read: {}", path, text_of(error))};
}

AtcResult<void> show(Bytes om, const std::string& path, const Say& say) {
  auto info = inspect_om(om);
  if (!info) return std::unexpected(bad_om(path, info.error()));
  say(describe_om(*info));
  return {};
}

void warn(const Say& say, std::string_view text) { say(fmt::format("[WARNING] {}\n", text)); }

void write_fusion_result(const Options& options, const Stages& stages, FileSystem& files, const Say& say) {
  if (!options.write_fusion_result) return;
  if (auto written = write(files, "fusion_result.json", as_byte_view(stages.result().json())); !written) warn(say, written.error().text);
}

// Where the chip's schedules are kept, "" without --op_bank_path.
std::string bank_file(const Options& options) { return options.op_bank_path.empty() ? "" : fmt::format("{}/{}.json", options.op_bank_path, options.soc); }

// What proposes schedules; nothing when neither tuning nor a bank is asked for.
AtcResult<std::shared_ptr<Tuner>> make_tuner(Options& options, const Host& host, const Say& say) {
  if (!options.tune_cube && !options.tune_vector && options.op_bank_path.empty()) return nullptr;
  ScheduleBank bank;
  const std::string path = bank_file(options);
  if (!path.empty() && host.files.kind(path) != FileKind::None) {
    auto text = read_text(host.files, path);
    if (!text) return std::unexpected(text.error());
    std::vector<std::string> warnings;
    bank = read_bank(*text, path, warnings);
    for (const std::string& warning : warnings) warn(say, warning);
    if (!warnings.empty()) options.op_bank_path.clear();  // what is no bank is not written over
  }
  return std::make_shared<Tuner>(std::move(bank), TuneOptions{.cube = options.tune_cube, .vector = options.tune_vector, .on_progress = [&host](const Tuner::Progress&) { return !host.cancelled(); }});
}

AtcResult<void> keep_tuning(const Options& options, const Tuner& tuner, FileSystem& files, const Say& say) {
  const TuneResult& result = tuner.result();
  for (const std::string& text : result.warnings) warn(say, "A schedule of the bank is not used. " + text);
  if (options.log >= Log::Info) {
    say(tune_table(result, options.log >= Log::Debug));
    say(fmt::format("[INFO] schedules: {} cycles by default, {} now; {} trials\n", result.default_cycles, result.cycles, result.trials));
  }
  if (options.op_bank_path.empty() || (!options.tune_cube && !options.tune_vector)) return {};
  (void)files.create_folders(options.op_bank_path);
  return write(files, bank_file(options), as_byte_view(tuner.bank().to_json()));
}

AtcResult<std::vector<std::byte>> compile_to_om(AtcResult<Graph> graph, const Options& options, const std::string& command_line, const Host& host, const Say& say) {
  if (!graph) return std::unexpected(graph.error());
  auto prepared = prepare_compile(std::move(*graph), options, command_line, host, say);
  if (!prepared) return std::unexpected(prepared.error());
  say(".");

  auto tuner = make_tuner(prepared->options, host, say);
  if (!tuner) return std::unexpected(tuner.error());
  prepared->how.scheduler = *tuner;
  Stages stages(options, host, say);
  if (options.log >= Log::Info) say("\n");
  stages.dump("import", prepared->graph);
  CompileObserver observer{
      .on_pass = [&](const PassReport& report, const Graph& now) { return stages.on_pass(report, now); },
      .on_progress = [&](size_t, size_t, const std::string&) { return !host.cancelled(); },
      .on_gear = [&](size_t gear, size_t) { stages.on_gear(gear); }};
  const Options chosen = prepared->options;
  auto package = compile_prepared(std::move(*prepared), observer);
  if (stages.failed()) return std::unexpected(*stages.failed());
  if (!package) return std::unexpected(as_atc_error(package.error()));
  write_fusion_result(options, stages, host.files, say);
  if (*tuner && package->open) warn(say, "Programs of open shapes are made when the model runs, with the default schedules.");
  if (*tuner)
    if (auto written = keep_tuning(chosen, **tuner, host.files, say); !written) return std::unexpected(written.error());
  say(".");
  return convert(save_om(*package));
}

std::string join_command_line(std::span<const std::string> arguments) {
  std::string line = "atc";
  for (const std::string& argument : arguments) line += " " + argument;
  return line;
}

// Weights in files beside an ONNX model are none of the arguments.
bool is_self_contained(const Options& options, FileSystem& files) {
  if (options.framework != Framework::Onnx) return true;
  const auto file = files.map(options.model);
  return file && load_onnx(file->bytes, file->owner);
}

AtcResult<void> compile_model(const Options& options, std::span<const std::string> arguments, const Host& host, const Say& say) {
  for (const std::string& text : options.warnings) warn(say, text);
  const std::string output = options.output + ".om";
  const bool has_cache = options.cache != CacheMode::Off && host.build;
  const CompileCache cache(options.cache_folder.empty() ? host.cache_folder : options.cache_folder, has_cache ? host.build() : "");
  const auto place = cache.path_of(options, arguments);
  const auto found = place && options.cache == CacheMode::Use ? cache.find(*place) : std::nullopt;
  if (found) {
    if (options.log >= Log::Info) say(fmt::format("[INFO] compiled before: copied from '{}'\n", *place));
    if (auto written = write(host.files, output, found->bytes); !written) return written;
    say("...\n");
    return options.display_model_info ? show(found->bytes, output, say) : AtcResult<void>();
  }
  auto file = compile_to_om(load(options, options.model, host.files), options, join_command_line(arguments), host, say);
  if (!file) return std::unexpected(file.error());
  if (auto written = write(host.files, output, *file); !written) return written;
  say(".\n");
  if (place && is_self_contained(options, host.files)) cache.keep(*place, *file);
  return options.display_model_info ? show(*file, output, say) : AtcResult<void>();
}

AtcResult<void> compile_single_ops(const Options& options, std::span<const std::string> arguments, const Host& host, const Say& say) {
  for (const std::string& text : options.warnings) warn(say, text);
  auto text = read_text(host.files, options.single_op);
  if (!text) return std::unexpected(text.error());
  auto graphs = parse_single_ops(*text);
  if (!graphs) return std::unexpected(graphs.error());
  (void)host.files.create_folders(options.output);
  for (Graph& graph : *graphs) {
    const std::string path = fmt::format("{}/{}.om", options.output, graph.name);
    auto file = compile_to_om(std::move(graph), options, join_command_line(arguments), host, say);
    if (!file) return std::unexpected(file.error());
    if (auto written = write(host.files, path, *file); !written) return written;
    say(".\n");
  }
  return {};
}

AtcResult<void> show_info(const Options& options, FileSystem& files, const Say& say) {
  auto bytes = read(files, options.om);
  if (!bytes) return std::unexpected(bytes.error());
  return show(**bytes, options.om, say);
}

// A model of ours with its tasks; of another compiler's .om the part that can be read; of a framework's file the graph.
AtcResult<std::string> to_json(const Options& options, FileSystem& files) {
  auto bytes = read(files, options.om);
  if (!bytes) return std::unexpected(bytes.error());
  if (!is_om(**bytes)) {
    auto graph = load(options, options.om, files);
    if (!graph) return std::unexpected(graph.error());
    if (options.dump_shapes)
      if (auto inferred = infer_shapes(*graph); !inferred) return std::unexpected(as_atc_error(inferred.error()));
    return graph_to_json(*graph);
  }
  auto info = inspect_om(**bytes);
  if (!info) return std::unexpected(bad_om(options.om, info.error()));
  if (!info->runnable) return info_to_json(*info);
  auto package = load_package(*bytes);
  if (!package) return std::unexpected(bad_om(options.om, package.error()));
  if (package->open) return info_to_json(*info);
  return package_to_json(*package);
}

AtcResult<void> write_json(const Options& options, FileSystem& files) {
  auto text = to_json(options, files);
  if (!text) return std::unexpected(text.error());
  return write(files, options.json, as_byte_view(*text));
}

AtcResult<void> check_model(const Options& options, FileSystem& files) {
  auto graph = load(options, options.model, files);
  if (!graph) return std::unexpected(graph.error());
  const CheckReport report = check_graph(*graph);
  if (auto written = write(files, options.check_report, as_byte_view(report.json)); !written) return written;
  if (report.failed > 0) return refuse("E10501", fmt::format("{} of {} nodes cannot be compiled: see '{}'.", report.failed, graph->order().size(), options.check_report));
  return {};
}

}  // namespace

int run_atc(std::span<const std::string> arguments, const Say& say_to, const Host& host) {
  const auto options = parse_options(arguments);
  if (options && options->help) {
    say_to(help_text());
    return 0;
  }
  bool open_line = false;  // dots of progress stand without a line end
  const Say say = [&](std::string_view text) {
    open_line = !text.ends_with('\n');
    say_to(text);
  };
  say(kStart);
  AtcResult<void> done;
  if (!options) {
    done = std::unexpected(options.error());
  } else {
    switch (options->mode) {
      case Mode::Compile:
        done = options->single_op.empty() ? compile_model(*options, arguments, host, say) : compile_single_ops(*options, arguments, host, say);
        break;
      case Mode::ToJson:
        done = write_json(*options, host.files);
        break;
      case Mode::Check:
        done = check_model(*options, host.files);
        break;
      case Mode::ShowInfo:
        done = show_info(*options, host.files, say);
        break;
    }
  }
  if (open_line) say("\n");
  if (!done && host.cancelled()) return kCancelledExit;
  if (!done) {
    say(fmt::format("{}{}: {}\n", kFailure, done.error().code, done.error().text));
    return 1;
  }
  say(kSuccess);
  return 0;
}

}  // namespace npu::atc
