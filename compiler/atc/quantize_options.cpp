// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/quantize_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/atc/gear_options.h"
#include "compiler/quantize/amct_config.h"
#include "compiler/quantize/calibration_files.h"
#include "compiler/quantize/compression_config.h"
#include "compiler/quantize/report.h"

namespace npu::atc {
namespace {

AtcError bad_file(std::string_view path, const Error& error) { return {"E10032", fmt::format("The file {} is not valid: {}: {}", path, error.where, error.what)}; }

// What config_file says, over the defaults.
AtcResult<quantize::AmctConfig> read_simple_config(FileSystem& files, const std::string& path, quantize::QuantizeOptions defaults) {
  if (path.empty()) return quantize::AmctConfig{std::move(defaults), 0};
  if (!files.is_file(path)) return refuse("E13000", fmt::format("There is no file '{}', which config_file names.", path));
  const auto bytes = files.read(path);
  if (!bytes) return refuse("E13001", fmt::format("The file '{}' {}", path, bytes.error().what));
  auto config = quantize::parse_amct_config({reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size()}, std::move(defaults));
  if (!config) return std::unexpected(bad_file("'" + path + "'", config.error()));
  return std::move(*config);
}

// The model's inputs in the shapes of input_shape.
AtcResult<std::vector<quantize::BatchInput>> shaped_inputs(const Graph& graph, const std::string& text) {
  auto shapes = parse_input_shapes("input_shape", text);
  if (!shapes) return std::unexpected(shapes.error());
  auto inputs = quantize::batch_inputs(graph);
  for (const InputShape& given : *shapes) {
    const auto input = std::ranges::find(inputs, given.name, &quantize::BatchInput::name);
    if (input == inputs.end()) return refuse("E10016", fmt::format("The model has no input '{}', which input_shape of calibration names.", given.name));
    input->shape.clear();
    for (const DimRange& dim : given.dims) {
      if (dim.is_open()) return refuse("E10001", fmt::format("calibration: input_shape of '{}' must be fixed, {} is not.", given.name, to_string(dim)));
      input->shape.push_back(dim.low);
    }
  }
  return inputs;
}

}  // namespace

AtcResult<void> add_quantisation(Graph& graph, std::string_view text, const Options& options, const Host& host, const Say& say) {
  const auto config = quantize::parse_compression_config(text);
  if (!config) return std::unexpected(bad_file("of --compression_optimize_conf", config.error()));
  if (!config->calibration) return {};
  const quantize::CalibrationConfig& calibration = *config->calibration;
  quantize::QuantizeOptions defaults;
  defaults.soc = calibration.infer_soc.empty() ? options.soc : calibration.infer_soc;
  if (auto soc = find_soc(defaults.soc); !soc) return refuse("E10001", fmt::format("calibration: infer_soc: {}", soc.error().what));
  // The first layer takes an image of bytes and its normalisation only in fp16.
  defaults.first_layer = options.insert_op_conf.empty() || config->first_layer;
  auto simple = read_simple_config(host.files, calibration.config_file, defaults);
  if (!simple) return std::unexpected(simple.error());
  auto inputs = shaped_inputs(graph, calibration.input_shape);
  if (!inputs) return std::unexpected(inputs.error());
  const auto batches = quantize::load_calibration(calibration.input_data_dir, *inputs, simple->batches, host.files);
  if (!batches) return refuse("E10001", fmt::format("calibration: {}: {}", batches.error().where, batches.error().what));
  if (batches->size() < simple->batches) return refuse("E10001", fmt::format("calibration: batch_num is {}, the data has {} batches.", simple->batches, batches->size()));
  const MakeRunner runner = host.runner ? host.runner(defaults.soc) : quantize::reference_runner();
  auto made = quantize::quantize(graph, *batches, simple->options, runner, [&](size_t, size_t, const std::string&) { return !host.cancelled(); });
  if (!made) return refuse("E10001", fmt::format("calibration: {}: {}", made.error().where, made.error().what));
  if (options.log >= Log::Info) say("\n" + quantize::report_text(*made));
  graph = std::move(made->graph);
  return {};
}

}  // namespace npu::atc
