// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>

#include "compiler/compile.h"
#include "compiler/quantize/amct_config.h"
#include "compiler/quantize/calibration_files.h"
#include "compiler/quantize/report.h"
#include "core/onnx/onnx.h"
#include "core/tensor/npy.h"
#include "runtime/npu/commands.h"
#include "runtime/profile/profile.h"
#include "runtime/session/graph_runner.h"

namespace npu {
namespace {

using namespace quantize;

struct QuantizeArguments {
  std::string model, data, out, report, config, labels, budget, method, score = "top1";
  std::string soc = "Ascend310P3";
  double percentile = RangeOptions{}.percentile;
  size_t batches = 0;
  int threads = 1;
  bool no_bias_correction = false;
};

// "0.3%" or "0.003".
Result<double> share_of(const std::string& text) {
  const bool percent = text.ends_with('%');
  double value = 0;
  if (!CLI::detail::lexical_cast(percent ? text.substr(0, text.size() - 1) : text, value) || !std::isfinite(value))
    return fail(ErrorKind::InvalidArgument, "--budget " + text, "it is a number or a percentage");
  return percent ? value / 100 : value;
}

struct Setup {
  QuantizeOptions options;
  size_t batches = 0;
};

Result<Setup> setup_of(const QuantizeArguments& arguments, FileSystem& files) {
  Setup setup{{}, arguments.batches};
  setup.options.soc = arguments.soc;
  if (!arguments.config.empty()) {
    NPU_TRY(const SharedBytes file, files.read(arguments.config));
    auto config = parse_amct_config({reinterpret_cast<const char*>(file->data()), file->size()}, setup.options);
    if (!config) return fail(ErrorKind::InvalidArgument, arguments.config + ": " + config.error().where, config.error().what);
    setup.options = std::move(config->options);
    if (setup.batches == 0) setup.batches = config->batches;
  }
  if (!arguments.method.empty()) {
    NPU_TRY(setup.options.common.activation.method, parse_method(arguments.method));
  }
  setup.options.common.activation.percentile = arguments.percentile;
  setup.options.bias_correction = !arguments.no_bias_correction;
  if (arguments.budget.empty()) return setup;
  Budget budget;
  NPU_TRY(budget.loss, share_of(arguments.budget));
  if (arguments.score == "cosine") budget.score = least_cosine();
  if (!arguments.labels.empty()) {
    NPU_TRY(const SharedBytes file, files.read(arguments.labels));
    NPU_TRY(const Tensor labels, load_npy(*file));
    budget.score = top1_accuracy(labels.to_ints());
  }
  setup.options.budget = std::move(budget);
  return setup;
}

// Of one inference with the batch's shapes.
Result<double> predicted_us(Graph graph, const Batch& batch, const std::string& soc) {
  CompileOptions how;
  how.soc = soc;
  for (size_t i = 0; i < batch.size(); ++i) how.passes.input_shapes[graph.value(graph.inputs[i]).name] = batch[i].shape();
  NPU_TRY(const CompiledModel model, compile(std::move(graph), how));
  NPU_TRY(const ModelProfile profile, profile_model(model, false));
  return profile.total_us;
}

void show_progress(const ProgramHost& host, size_t done, size_t total, const std::string& what) {
  if (host.watched) host.print_error("\r\x1b[K{}{}", what, total ? fmt::format(" {}/{}", done, total) : std::string());
}

Status run(const QuantizeArguments& arguments, const ProgramHost& host) {
  NPU_TRY(const Setup setup, setup_of(arguments, host.files));
  NPU_TRY(const Graph model, load_onnx_file(arguments.model, UINT64_MAX, host.files));
  NPU_TRY(const std::vector<Batch> batches, load_calibration(arguments.data, batch_inputs(model), setup.batches, host.files));
  const auto progress = [&](size_t done, size_t total, const std::string& what) {
    show_progress(host, done, total, what);
    return !host.cancelled();
  };
  auto made = quantize::quantize(model, batches, setup.options, emulated_runner(specialise_factory(), arguments.soc, arguments.threads), progress);
  if (host.watched) host.err("\r\x1b[K");
  if (!made) return std::unexpected(made.error());
  host.print("{}", report_text(*made));
  NPU_TRY(const auto bytes, save_onnx(made->graph));
  NPU_CHECK(host.files.write(arguments.out, bytes));
  if (!arguments.report.empty()) NPU_CHECK(host.files.write(arguments.report, as_byte_view(report_json(*made))));
  NPU_TRY(const double before, predicted_us(model, batches[0], arguments.soc));
  NPU_TRY(const double after, predicted_us(std::move(made->graph), batches[0], arguments.soc));
  host.print("{}, {}: fp16 {:.1f} us, int8 {:.1f} us (predicted), {:.2f} times as fast\n", arguments.soc, batches[0].empty() ? "" : to_string(batches[0][0].shape()), before, after, before / after);
  return {};
}

}  // namespace

Command add_quantize(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("quantize", "Make an 8-bit model (QDQ form) from a float one and some of its inputs");
  const auto arguments = std::make_shared<QuantizeArguments>();
  arguments->threads = host.threads;
  command->add_option("model", arguments->model, "The .onnx to quantise")->required();
  command->add_option("--data", arguments->data, "Calibration data: a folder of .npy or .bin files, or a file; one path an input, separated by ';'")->required();
  command->add_option("--out", arguments->out, "The .onnx to write")->required();
  command->add_option("--method", arguments->method, "Ranges of activations: minmax, percentile, entropy or ifmr (the default)");
  command->add_option("--percentile", arguments->percentile, "Share of the values inside the range that percentile finds")->capture_default_str();
  command->add_option("--budget", arguments->budget, "Largest loss of the score (0.3%): layers stay in fp16, the most sensitive first, until it is kept");
  command->add_option("--score", arguments->score, "What the budget is of: top1 (share of rows with the right class) or cosine (the least of the outputs with the float model's)")
      ->capture_default_str()
      ->check(CLI::IsMember({"top1", "cosine"}));
  command->add_option("--labels", arguments->labels, "For top1: .npy with the right class of every row; else the float model's answers are right");
  command->add_option("--config", arguments->config, "The vendor's file of post-training quantisation (AMCTConfig)");
  command->add_option("--batches", arguments->batches, "Use this many batches; 0: all")->capture_default_str();
  command->add_flag("--no-bias-correction", arguments->no_bias_correction, "Leave the biases as they are");
  command->add_option("--report", arguments->report, "Write the report as JSON");
  command->add_option("--soc", arguments->soc, "The chip that computes the calibration and whose times are predicted")->capture_default_str();
  command->add_option("--threads", arguments->threads, "Host threads")->capture_default_str();
  return [command, arguments, &host]() -> Status { return command->parsed() ? run(*arguments, host) : Status(); };
}

}  // namespace npu
