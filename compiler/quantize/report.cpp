// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/report.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace npu::quantize {
namespace {

using Json = nlohmann::ordered_json;

// Of a tensor that was looked at.
bool was_seen(const LayerReport& layer) { return layer.cosine != 0 || layer.sqnr_db != 0 || layer.int8; }

Json json_of(const QuantParams& params) {
  const FloatRange range = params.range();
  return {{"low", range.low}, {"high", range.high}, {"scale", params.scale}, {"zero_point", params.zero}, {"dtype", to_string(params.dtype)}};
}

Json json_of(const LayerReport& layer) {
  Json json{{"name", layer.name}, {"type", layer.op}, {"precision", layer.int8 ? "int8" : "fp16"}};
  if (!layer.reason.empty()) json["reason"] = layer.reason;
  if (was_seen(layer)) {
    json["input"] = json_of(layer.input);
    json["input"]["min"] = layer.seen.low;
    json["input"]["max"] = layer.seen.high;
    json["output"] = json_of(layer.output);
    json["sqnr_db"] = layer.sqnr_db;
    json["cosine"] = layer.cosine;
  }
  if (layer.sensitivity) json["sensitivity"] = *layer.sensitivity;
  return json;
}

}  // namespace

std::string report_text(const QuantizedModel& model) {
  size_t width = 5;
  for (const LayerReport& layer : model.layers) width = std::max(width, std::min<size_t>(layer.name.size(), 48));
  std::string text = fmt::format("{:<{}} {:<6} {:<4} {:>10} {:>10} {:>11} {:>4} {:>8} {:>8}\n", "layer", width, "type", "", "low", "high", "scale", "zero", "SQNR dB", "cosine");
  for (const LayerReport& layer : model.layers) {
    text += fmt::format("{:<{}.48} {:<6} {:<4}", layer.name, width, layer.op, layer.int8 ? "int8" : "fp16");
    if (was_seen(layer)) text += fmt::format(" {:>10.4g} {:>10.4g} {:>11.4e} {:>4} {:>8.2f} {:>8.5f}", layer.range.low, layer.range.high, layer.input.scale, layer.input.zero, layer.sqnr_db, layer.cosine);
    text += layer.reason.empty() ? "\n" : fmt::format("  {}\n", layer.reason);
  }
  text += fmt::format("{} of {} layers on int8; cosine of the outputs {:.5f}", model.int8_layers(), model.layers.size(), model.output_cosine);
  if (model.score) text += fmt::format("; score {:.2f} %, of floats {:.2f} %", 100 * *model.score, 100 * *model.float_score);
  return text + "\n";
}

std::string report_json(const QuantizedModel& model) {
  Json layers = Json::array();
  for (const LayerReport& layer : model.layers) layers.push_back(json_of(layer));
  Json json{{"layers", std::move(layers)}, {"int8_layers", model.int8_layers()}, {"output_cosine", model.output_cosine}};
  if (model.score) json["float_score"] = *model.float_score, json["score"] = *model.score;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace npu::quantize
