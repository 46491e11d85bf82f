// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <span>

#include "compiler/atc/source.h"
#include "compiler/compile.h"
#include "core/base/memory_files.h"
#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

PassInfo describe_pass(const PassReport& report, std::shared_ptr<const TextDiff> diff, std::shared_ptr<const GraphChange> change) {
  PassInfo info;
  info.report = report;
  info.diff = std::move(diff);
  info.change = std::move(change);
  const auto passes = all_passes();
  const auto found = std::ranges::find(passes, report.name, [](const Pass& pass) { return std::string(pass.name); });
  if (found == passes.end()) return info;
  info.optional = found->optional;
  info.doc = {std::string(found->doc), std::string(found->doc_zh)};
  return info;
}

void count_work(CompileInfo& info) {
  info.macs = info.instructions = 0;
  for (const Task& task : info.model->tasks) {
    info.macs += task.macs;
    for (const Program& block : task.blocks) info.instructions += static_cast<int64_t>(block.size());
  }
}

constexpr int64_t kMostFileBytes = 16 << 20;

// The files that options name.
Status put_files(const AtcSettings& settings, MemoryFiles& files) {
  for (const auto& [name, text] : settings.files) {
    if (const size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0) NPU_CHECK(files.create_folders(name.substr(0, slash)));
    NPU_CHECK(files.write(name, as_byte_view(text)));
  }
  return {};
}

// Schedules that were found before, and the search for others that --auto_tune_mode asks for.
std::shared_ptr<Tuner> make_tuner(const atc::Options& options, const CompileRequest& request, const Progress& progress) {
  if (!options.tune_cube && !options.tune_vector && options.op_bank_path.empty()) return nullptr;
  const bool known = !options.op_bank_path.empty() && request.bank;
  TuneOptions how{.cube = options.tune_cube, .vector = options.tune_vector};
  how.on_progress = [&progress](const Tuner::Progress& now) { return progress(now.tasks, 0, std::string(now.task)); };
  return std::make_shared<Tuner>(known ? *request.bank : ScheduleBank(), std::move(how));
}

}  // namespace

Result<CompileInfo> compile_stage(const Graph& graph, const CompileRequest& request, const Progress& progress,
                                  const std::function<void(const CompileInfo&)>& step) {
  const auto start = Clock::now();
  NPU_TRY(PreparedCompile made, prepare_stage(graph, request));
  CompileInfo info;
  info.chip = request.chip;
  info.arguments = std::move(made.arguments);
  info.warnings = std::move(made.warnings);
  const auto tuner = make_tuner(made.prepared.options, request, progress);
  made.prepared.how.scheduler = tuner;

  std::string text = request.explain ? print_graph(made.prepared.graph) : "";
  GraphModel drawn = request.explain ? graph_model(made.prepared.graph, false) : GraphModel();
  const size_t total = all_passes().size();
  CompileObserver observer;
  observer.on_pass = [&](const PassReport& report, const Graph& after) {
    if (request.explain) {
      std::string next = print_graph(after);
      GraphModel next_drawn = graph_model(after, false);
      info.passes.push_back(describe_pass(report, std::make_shared<TextDiff>(diff_lines(text, next)), std::make_shared<GraphChange>(find_change(drawn, next_drawn))));
      text = std::move(next), drawn = std::move(next_drawn);
      step(info);
    } else {
      info.passes.push_back(describe_pass(report, std::make_shared<TextDiff>(), std::make_shared<GraphChange>()));
    }
    return progress(info.passes.size(), total, report.name);
  };
  observer.on_progress = [&](size_t done, size_t tasks, const std::string& what) { return progress(done, tasks, what); };
  auto package = atc::compile_prepared(std::move(made.prepared), observer);
  if (!package) return std::unexpected(with_code(package.error()));
  if (package->open) return fail(ErrorKind::UnsupportedModel, "E10501", "The shapes " + inputs_text(package->open->inputs) + " are open, which the page does not run yet; npu run does.");
  if (tuner)
    for (const std::string& warning : tuner->result().warnings) info.warnings.push_back("A schedule of the bank is not used. " + warning);
  info = with_gear(std::move(info), *package, 0);
  if (package->dynamic != Dynamic::None) info.package = std::make_shared<const ModelPackage>(std::move(*package));
  info.milliseconds = milliseconds_since(start);
  return info;
}

Error error_of(const atc::AtcError& error) { return {ErrorKind::InvalidArgument, std::string(error.code), error.text}; }

Error with_code(const Error& error) {
  if (error.kind == ErrorKind::Cancelled) return error;
  const atc::AtcError coded = atc::as_atc_error(error);
  return {error.kind, std::string(coded.code), coded.text};
}

Result<PreparedCompile> prepare_stage(const Graph& graph, const CompileRequest& request) {
  PreparedCompile made;
  AtcModel model = request.model;
  const auto given = request.atc.options.find("input_shape");
  model.input_shape = default_input_shape(graph, given == request.atc.options.end() ? "" : given->second, request.input_shapes);
  made.arguments = atc_arguments(request.atc, request.chip, request.disabled, model);
  auto options = atc::parse_options(made.arguments);
  if (!options) return std::unexpected(error_of(options.error()));
  if (options->framework == atc::Framework::TensorFlow && !options->out_nodes.empty())
    return std::unexpected(error_of({"E10016", "--out_nodes chooses outputs of a TensorFlow graph while its file is read, which the page has done: use the terminal's atc."}));
  made.warnings = options->warnings;
  const auto say = [&](std::string_view text) {
    if (!text.empty()) made.warnings.emplace_back(text.substr(0, text.find_last_not_of('\n') + 1));
  };
  MemoryFiles files(kMostFileBytes);
  NPU_CHECK(put_files(request.atc, files));
  auto prepared = atc::prepare_compile(graph, std::move(*options), command_text(made.arguments), {.files = files}, say);
  if (!prepared) return std::unexpected(error_of(prepared.error()));
  made.prepared = std::move(*prepared);
  return made;
}

CompileInfo with_gear(CompileInfo info, const ModelPackage& package, size_t gear) {
  info.model = package.gears[gear].program;
  info.chip = info.model->soc;
  info.gear = gear;
  info.gears.clear();
  if (package.dynamic != Dynamic::None)
    for (const Gear& each : package.gears) info.gears.push_back(gears_text(package.dynamic, std::span(&each.values, 1)));
  count_work(info);
  return info;
}

Result<size_t> choose_gear(const ModelPackage& package, size_t wished, const std::map<std::string, Tensor>& inputs) {
  wished = std::min(wished, package.gears.size() - 1);
  if (package.dynamic == Dynamic::None || inputs.empty()) return wished;
  const auto takes_all = [&](const Gear& gear) {
    return std::ranges::all_of(gear.program->inputs, [&](const TensorDesc& desc) {
      const auto given = inputs.find(desc.name);
      return given == inputs.end() || given->second.shape() == desc.shape;
    });
  };
  if (takes_all(package.gears[wished])) return wished;
  for (size_t i = 0; i < package.gears.size(); ++i)
    if (takes_all(package.gears[i])) return i;
  std::vector<Shape> shapes;
  for (const TensorDesc& desc : package.first().inputs) {
    const auto given = inputs.find(desc.name);
    shapes.push_back(given == inputs.end() ? desc.shape : given->second.shape());
  }
  return find_gear(package, shapes);  // says which gears there are
}

}  // namespace npu::ui
