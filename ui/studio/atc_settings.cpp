// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/atc_settings.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/atc/gear_options.h"
#include "compiler/passes/pass.h"
#include "core/base/path.h"
#include "ui/terminal/expand.h"
#include "ui/terminal/shell_parser.h"

namespace npu::ui {
namespace {

// Choices of the page itself.
constexpr std::string_view kOwnOptions[] = {"model", "weight", "framework", "output", "soc_version", "optimization_switch"};
// They make no program, or files that a page has no folder for.
constexpr std::string_view kOtherWork[] = {"help", "mode", "singleop", "om", "json", "dump_mode", "check_report", "dump-passes", "log", "display_model_info", "export_compile_stat", "op_compiler_cache_mode", "op_compiler_cache_dir"};
// Most used first, as the public tutorials have them.
constexpr std::string_view kFirstOptions[] = {"input_shape", "insert_op_conf", "precision_mode", "enable_small_channel", "dynamic_batch_size", "input_format", "output_type", "out_nodes", "fusion_switch_file", "op_select_implmode", "auto_tune_mode", "op_bank_path", "keep_dtype", "disable_reuse_memory"};

template <size_t N>
bool is_among(const std::string_view (&names)[N], std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

std::string stem_of(const std::string& name) { return name.substr(0, name.rfind('.')); }

std::string_view framework_number(ModelKind kind) {
  switch (kind) {
    case ModelKind::CaffeNetwork: return "0";
    case ModelKind::MindIr: return "1";
    case ModelKind::TensorFlow: return "3";
    default: return "5";
  }
}

// atc leaves some passes out unless they are asked for, so what a line does not say is off.
std::string switches_text(const PassNames& disabled) {
  std::string text;
  const auto add = [&](std::string_view name, std::string_view state) { text += fmt::format("{}{}:{}", text.empty() ? "" : ";", name, state); };
  for (const std::string_view name : atc::kPassesOnRequest)
    if (!disabled.contains(name)) add(name, "on");
  for (const std::string& name : disabled)
    if (!is_among(atc::kPassesOnRequest, name)) add(name, "off");
  return text;
}

std::string shape_text(const std::string& name, const Shape& shape) { return fmt::format("{}:{}", name, fmt::join(shape, ",")); }

bool is_given(std::string_view given, std::string_view name) {
  const auto shapes = atc::parse_input_shapes("input_shape", std::string(given));
  return shapes && std::ranges::find(*shapes, name, &InputShape::name) != shapes->end();
}

}  // namespace

std::string default_input_shape(const Graph& graph, std::string_view given, const std::map<std::string, Shape, std::less<>>& script) {
  std::string text;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    Shape shape;
    if (const auto found = script.find(value.name); found != script.end()) {
      shape = found->second;
    } else {
      if (!value.type.is_tensor() || !value.type.has_rank || value.type.is_static() || is_given(given, value.name)) continue;
      for (const Dim& dim : value.type.dims) shape.push_back(dim.known() ? dim.value() : 1);
    }
    text += (text.empty() ? "" : ";") + shape_text(value.name, shape);
  }
  return text;
}

std::vector<std::string> atc_arguments(const AtcSettings& settings, const std::string& chip, const PassNames& disabled, const AtcModel& model) {
  std::vector<std::string> words{"--model=" + model.name};
  if (!model.weights.empty()) words.push_back("--weight=" + model.weights);
  words.push_back(fmt::format("--framework={}", framework_number(model.kind)));
  words.push_back("--output=" + stem_of(model.name));
  words.push_back("--soc_version=" + chip);
  auto options = settings.options;
  const bool shaped_elsewhere = options.contains("input_shape_range");
  if (!model.input_shape.empty() && !shaped_elsewhere) {
    std::string& shapes = options["input_shape"];
    shapes += (shapes.empty() ? "" : ";") + model.input_shape;
  }
  for (const auto& [name, value] : options) words.push_back(fmt::format("--{}={}", name, value));
  if (const std::string switches = switches_text(disabled); !switches.empty()) words.push_back("--optimization_switch=" + switches);
  return words;
}

std::string command_text(std::span<const std::string> arguments, std::string_view between) {
  std::string line = "atc";
  for (const std::string& word : arguments) {
    const size_t value = word.starts_with("--") ? word.find('=') + 1 : 0;  // quotation marks stand around it alone
    line += fmt::format("{}{}{}", between, word.substr(0, value), value == word.size() && value > 0 ? "" : terminal::shell_word(word.substr(value)));
  }
  return line;
}

atc::AtcResult<std::vector<std::string>> shell_words(std::string_view text) {
  const auto parsed = terminal::parse_input(text);
  if (!parsed) return atc::refuse("E10001", parsed.error().what);
  std::vector<std::string> words;
  for (const terminal::Invocation& invocation : *parsed) {
    if (invocation.after != terminal::Invocation::After::Always || !invocation.redirects.empty()) return atc::refuse("E10001", "This is one command without pipes and redirects: use the terminal.");
    for (const terminal::Word& word : invocation.words) words.push_back(terminal::expand_text(word, {}));
  }
  return words;
}

atc::AtcResult<PastedCommand> parse_command(std::string_view text) {
  auto words = shell_words(text);
  if (!words) return std::unexpected(words.error());
  if (!words->empty() && base_name(words->front()) == "atc") words->erase(words->begin());
  auto given = atc::read_arguments(*words);
  if (!given) return std::unexpected(given.error());
  for (const auto& [name, value] : *given) {
    const bool compiles = name == "mode" && value == "0", quiet = name == "log" || name == "display_model_info" || name == "export_compile_stat";
    if (is_among(kOtherWork, name) && !compiles && !quiet) return atc::refuse("E10001", fmt::format("The option --{} is not for this form, which compiles the open model: use the terminal.", name));
  }
  PastedCommand command;
  command.model = (*given)["model"], command.chip = (*given)["soc_version"];
  auto disabled = atc::read_switches((*given)["optimization_switch"]);
  if (!disabled) return std::unexpected(disabled.error());
  command.disabled = std::move(*disabled);
  for (auto& [name, value] : *given)
    if (!is_among(kOwnOptions, name) && !is_among(kOtherWork, name)) command.settings.options.emplace(name, std::move(value));
  // All else that the tool would refuse of the values.
  const std::string chip = command.chip.empty() ? "Ascend310" : command.chip;
  AtcModel model;
  if (const auto framework = given->find("framework"); framework != given->end() && !framework->second.empty())
    for (const ModelKind kind : {ModelKind::CaffeNetwork, ModelKind::MindIr, ModelKind::TensorFlow})
      if (framework->second == framework_number(kind)) model.kind = kind;
  if (model.kind == ModelKind::CaffeNetwork) model.weights = "model.caffemodel";
  if (auto options = atc::parse_options(atc_arguments(command.settings, chip, command.disabled, model)); !options) return std::unexpected(options.error());
  return command;
}

std::string_view option_of_file(std::string_view text) {
  if (text.find("aipp_op") != std::string_view::npos && text.find('{') != std::string_view::npos) return "insert_op_conf";
  if (text.find("\"Switch\"") != std::string_view::npos) return "fusion_switch_file";
  if (text.find("\"black-list\"") != std::string_view::npos || text.find("\"white-list\"") != std::string_view::npos) return "modify_mixlist";
  if (text.find("OpType::") != std::string_view::npos) return "keep_dtype";
  const auto has_switch = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  return has_switch(":off") || has_switch(":on") ? "fusion_switch_file" : "";
}

std::vector<const atc::OptionInfo*> form_options() {
  std::vector<const atc::OptionInfo*> options;
  for (const atc::OptionInfo& option : atc::all_options())
    if (!option.is_flag && option.effect != atc::OptionEffect::Refused && !is_among(kOwnOptions, option.name) && !is_among(kOtherWork, option.name)) options.push_back(&option);
  const auto rank = [](const atc::OptionInfo* option) {
    const auto* first = std::ranges::find(kFirstOptions, option->name);
    return std::pair(first - std::begin(kFirstOptions), option->effect == atc::OptionEffect::Ignored);
  };
  std::ranges::stable_sort(options, {}, rank);
  return options;
}

}  // namespace npu::ui
