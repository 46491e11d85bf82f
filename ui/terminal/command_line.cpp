// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/command_line.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/atc/options.h"
#include "core/base/path.h"

namespace npu::terminal {
namespace {

struct Framework {
  std::string_view format;
  int number;
};
constexpr Framework kFrameworks[] = {{"Caffe", 0}, {"MindIR", 1}, {"TensorFlow", 3}, {"ONNX", 5}};

std::string without_ending(const std::string& name) { return name.substr(0, name.rfind('.')); }

// Where the terminal has the model.
std::string model_file(const ui::Snapshot& now) {
  return now.sample ? now.sample->name + ".onnx" : base_name(now.model->name);
}

std::string input_shapes(const CompiledModel& model) {
  std::string text;
  for (const TensorDesc& input : model.inputs) text += fmt::format("{}{}:{}", text.empty() ? "" : ";", input.name, fmt::join(input.shape, ","));
  return text;
}

// The page has all passes on that are not switched off; atc leaves some out unless asked.
std::string switches(const ui::Settings& settings) {
  std::string text;
  const auto add = [&](std::string_view name, bool on) { text += fmt::format("{}{}:{}", text.empty() ? "" : ";", name, on ? "on" : "off"); };
  for (const std::string_view name : atc::kPassesOnRequest)
    if (!settings.disabled_passes.contains(name)) add(name, true);
  for (const std::string& name : settings.disabled_passes)
    if (std::ranges::find(atc::kPassesOnRequest, name) == std::end(atc::kPassesOnRequest)) add(name, false);
  return text;
}

std::string atc_line(const ui::Settings& settings, const ui::Snapshot& now, const std::string& file) {
  std::string line = "atc --model=" + shell_word(file);
  for (const Framework& row : kFrameworks)
    if (now.model->format == row.format) line += fmt::format(" --framework={}", row.number);
  line += " --output=" + shell_word(without_ending(file)) + " --soc_version=" + now.compile->chip;
  if (const std::string shapes = input_shapes(*now.compile->model); !shapes.empty()) line += " --input_shape=" + shell_word(shapes);
  if (const std::string list = switches(settings); !list.empty()) line += " --optimization_switch=" + shell_word(list);
  return line;
}

bool takes_pictures(const TensorDesc& desc) { return desc.shape.size() == 4 && (desc.shape[1] == 1 || desc.shape[1] == 3) && desc.shape[2] > 1 && desc.shape[3] > 1; }

std::string picture_options(const ui::Snapshot& now) {
  const auto& inputs = now.compile->model->inputs;
  const auto taker = std::ranges::find_if(inputs, takes_pictures);
  if (!now.picture || taker == inputs.end()) return "";
  const std::string path = now.sample && now.picture->label >= 0 ? "images/" + now.sample->name + "/" + base_name(now.picture->name) : base_name(now.picture->name);
  const bool single = inputs.size() == 1;
  std::string text = " --input " + shell_word(single ? path : taker->name + "=" + path);
  auto mean = now.preprocess.mean, deviation = now.preprocess.deviation;
  const auto channels = static_cast<size_t>(taker->shape[1]);
  if (mean.size() > 1 && mean.size() != channels) mean.resize(1);
  if (deviation.size() > 1 && deviation.size() != channels) deviation.resize(1);
  if (!mean.empty()) text += fmt::format(" --mean {}", fmt::join(mean, ","));
  if (!deviation.empty()) text += fmt::format(" --std {}", fmt::join(deviation, ","));
  return text + (channels == 1 ? " --color GRAY" : now.preprocess.bgr ? " --color BGR" : "");
}

std::string run_line(const ui::Snapshot& now, const std::string& file) {
  std::string line = "npu run " + shell_word(without_ending(file) + ".om") + " --fill wave" + picture_options(now);
  if (!now.compile->gears.empty()) {
    const std::string& gear = now.compile->gears[now.compile->gear];
    line += " --gear " + shell_word(gear.substr(gear.find_first_of("0123456789")));
  }
  return line + " --outdir " + shell_word(without_ending(file) + "_out");
}

}  // namespace

std::string shell_word(std::string_view text) {
  const auto is_plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 || std::string_view("_-+=./,:%@").find(c) != std::string_view::npos; };
  if (!text.empty() && std::ranges::all_of(text, is_plain)) return std::string(text);
  std::string word = "\"";
  for (const char c : text) word += std::string_view("\"\\$`").find(c) != std::string_view::npos ? std::string{'\\', c} : std::string(1, c);
  return word + "\"";
}

std::string command_line_of(const ui::Settings& settings, const ui::Snapshot& now) {
  if (!now.model || !now.compile || !now.compile->model) return "";
  const std::string file = model_file(now);
  return (now.model->compiled ? "" : atc_line(settings, now, file) + "\n") + run_line(now, file) + "\n";
}

}  // namespace npu::terminal
