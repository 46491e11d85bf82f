// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/command_line.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/path.h"
#include "ui/studio/stages.h"
#include "ui/terminal/shell_parser.h"

namespace npu::terminal {
namespace {

using Words = std::vector<std::string>;

constexpr std::string_view kModel = "--model=", kBank = "--op_bank_path=";
constexpr const char* kEnd = "END_OF_FILE";

std::string without_ending(const std::string& name) { return name.substr(0, name.rfind('.')); }

// Where the terminal has the model.
std::string model_file(const ui::Snapshot& now) {
  return now.sample ? now.sample->name + ".onnx" : base_name(now.model->name);
}

// The files that options name, written where they name them.
std::string file_lines(const ui::AtcSettings& atc) {
  std::string lines;
  for (const auto& [name, text] : atc.files) {
    if (!std::ranges::any_of(atc.options, [&](const auto& option) { return option.second == name; })) continue;
    if (const size_t slash = name.rfind('/'); slash != std::string::npos && slash > 0) lines += "mkdir -p " + shell_word(name.substr(0, slash)) + "\n";
    lines += fmt::format("cat > {} <<{}\n{}{}{}\n", shell_word(name), kEnd, text, text.ends_with('\n') ? "" : "\n", kEnd);
  }
  return lines;
}

// 8-bit layers are a model of their own; `words` are about it from then on.
std::string quantize_line(const ui::QuantizeSettings& settings, const ui::Snapshot& now, const std::string& file, Words& words) {
  const std::string made = without_ending(file) + "_int8.onnx";
  const bool arrays = now.sample && !settings.own_pictures;
  std::string line = fmt::format("npu quantize {} --data {} --out {} --method {}", shell_word(file), arrays ? "data/" + now.sample->name : "data", shell_word(made), quantize::to_string(settings.method));
  if (settings.method == quantize::RangeMethod::Percentile) line += fmt::format(" --percentile {}", settings.percentile);
  if (settings.budget > 0) line += fmt::format(" --budget {}", settings.budget);
  if (arrays && now.quantize && now.quantize->pictures > 0) line += fmt::format(" --batches {}", now.quantize->pictures);
  for (std::string& word : words)
    if (word.starts_with(kModel)) word = std::string(kModel) + made;
  const std::string where = arrays ? "" : "# data: a folder with calibration batches as .npy files\n";
  return where + line + " --soc " + now.compile->chip + "\n";
}

std::string compile_lines(const ui::Settings& settings, const ui::Snapshot& now, const std::string& file) {
  Words words = now.compile->arguments;
  std::string lines = file_lines(settings.atc);
  if (settings.quantize) lines += quantize_line(*settings.quantize, now, file, words);
  // What a search found is a file once it was saved.
  if (std::erase_if(words, [](const std::string& word) { return word.starts_with(kBank); }) > 0) lines += fmt::format("# {}FOLDER: for the schedules of the search, saved from the page\n", kBank);
  return lines + ui::command_text(words) + "\n";
}

std::string picture_words(const ui::Snapshot& now) {
  const auto& inputs = now.compile->model->inputs;
  const auto taker = std::ranges::find_if(inputs, [&](const TensorDesc& desc) { return ui::picture_options(now.preprocess, desc).has_value(); });
  if (!now.picture || taker == inputs.end()) return "";
  const std::string path = now.sample && now.picture->label >= 0 ? "images/" + now.sample->name + "/" + base_name(now.picture->name) : base_name(now.picture->name);
  const bool single = inputs.size() == 1;
  const ImageInputOptions options = *ui::picture_options(now.preprocess, *taker);
  std::string text = " --input " + shell_word(single ? path : taker->name + "=" + path);
  if (!options.mean.empty()) text += fmt::format(" --mean {}", fmt::join(options.mean, ","));
  if (!options.std.empty()) text += fmt::format(" --std {}", fmt::join(options.std, ","));
  if (options.layout != "NCHW") text += " --layout " + options.layout;
  return text + (options.color == "RGB" ? "" : " --color " + options.color);
}

std::string run_line(const ui::Snapshot& now, const std::string& file) {
  std::string line = "npu run " + shell_word(without_ending(file) + ".om") + " --fill wave" + picture_words(now);
  if (!now.compile->gears.empty()) {
    const std::string& gear = now.compile->gears[now.compile->gear];
    line += " --gear " + shell_word(gear.substr(gear.find_first_of("0123456789")));
  }
  return line + " --outdir " + shell_word(without_ending(file) + "_out");
}

}  // namespace

std::string command_line_of(const ui::Settings& settings, const ui::Snapshot& now) {
  if (!now.model || !now.compile || !now.compile->model) return "";
  const std::string file = model_file(now);
  return (now.compile->arguments.empty() ? "" : compile_lines(settings, now, file)) + run_line(now, file) + "\n";
}

}  // namespace npu::terminal
