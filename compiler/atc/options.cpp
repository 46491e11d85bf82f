// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/options.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/atc/gear_options.h"
#include "compiler/atc/source.h"
#include "compiler/atc/text.h"
#include "compiler/passes/pass.h"
#include "core/soc/soc.h"

namespace npu::atc {
namespace {

constexpr bool Flag = true, Text = false;

#define NPU_ATC_OPTION(name, kind, fallback, values, help) OptionInfo{name, fallback, values, help, OptionEffect::Offered, kind},
#define NPU_ATC_IGNORED(name, values, why) OptionInfo{name, "", values, why, OptionEffect::Ignored},
#define NPU_ATC_REFUSED(name, why) OptionInfo{name, "", "", why, OptionEffect::Refused},
constexpr OptionInfo kTable[] = {
#include "compiler/atc/atc_options.def"
};
#undef NPU_ATC_OPTION
#undef NPU_ATC_IGNORED
#undef NPU_ATC_REFUSED
using Given = GivenOptions;

const OptionInfo* find_row(std::string_view name) {
  const auto* row = std::ranges::find(kTable, name, &OptionInfo::name);
  return row == std::end(kTable) ? nullptr : row;
}

const OptionInfo* find_option(std::string_view name) {
  const OptionInfo* row = find_row(name);
  return row == nullptr || row->effect == OptionEffect::Refused ? nullptr : row;
}

AtcError unknown_option(std::string_view name) {
  if (const OptionInfo* row = find_row(name)) return {"E10055", fmt::format("The option --{} is not offered: {}", name, row->help)};
  return {"E10001", fmt::format("There is no option --{}.", name)};
}

// Splits the arguments into names and values.
AtcResult<Given> collect(std::span<const std::string> arguments) {
  Given given;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (word == "-h") word = "--help";
    if (!word.starts_with("--"))
      return refuse("E10001", fmt::format("'{}' is no option: options begin with --.", word));
    word.remove_prefix(2);
    const size_t equals = word.find('=');
    const std::string name(word.substr(0, equals));
    const OptionInfo* row = find_option(name);
    if (!row) return std::unexpected(unknown_option(name));
    std::string value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (!row->is_flag) {
      if (i + 1 == arguments.size() || arguments[i + 1].starts_with("--"))
        return refuse("E10004", fmt::format("The option --{} needs a value.", name));
      value = arguments[++i];
    }
    if (!given.emplace(name, value).second)
      return refuse("E10001", fmt::format("The option --{} is given twice.", name));
  }
  return given;
}

std::string value_of(const Given& given, std::string_view name) {
  const auto found = given.find(name);
  return found != given.end() ? found->second : std::string(find_option(name)->fallback);
}

AtcError bad_value(std::string_view name, std::string_view value, std::string_view reason) {
  return {"E10001", fmt::format("The value '{}' of --{} is not valid: {}", value, name, reason)};
}

struct RefusedValue {
  std::string_view option, value, why;
};
constexpr RefusedValue kRefusedValues[] = {
    {"mode", "5", "dumped graphs of the vendor's compiler cannot be read."},
    {"mode", "30", "there are no chips here that run it."},
    {"buffer_optimize", "l1_optimize", "data does not stay in L1 between tasks."},
    {"precision_mode", "force_fp32", "the cubes here multiply float16 and 8-bit integers; must_keep_origin_dtype computes float32 on the AI CPU."},
    {"precision_mode", "cube_fp16in_fp32out", "results of the cube are stored as float16."},
    {"precision_mode", "allow_mix_precision_bf16", "models are compiled for float16."},
    {"precision_mode", "allow_fp32_to_bf16", "models are compiled for float16."},
    {"precision_mode_v2", "cube_fp16in_fp32out", "results of the cube are stored as float16."},
    {"precision_mode_v2", "mixed_bfloat16", "models are compiled for float16."},
    {"precision_mode_v2", "mixed_hif8", "the emulated chips have no 8-bit floats."},
    {"precision_mode_v2", "cube_hif8", "the emulated chips have no 8-bit floats."},
};

// Index of the value among the choices of the option's row.
AtcResult<size_t> choice(const Given& given, std::string_view name) {
  const std::string value = value_of(given, name);
  std::string_view rest = find_option(name)->values;
  for (size_t index = 0;; ++index) {
    const size_t bar = rest.find('|');
    if (rest.substr(0, bar) == value) return index;
    if (bar == std::string_view::npos) break;
    rest.remove_prefix(bar + 1);
  }
  const auto refused = std::ranges::find_if(kRefusedValues, [&](const RefusedValue& row) { return row.option == name && row.value == value; });
  if (refused != std::end(kRefusedValues)) return refuse("E10055", fmt::format("--{}={} is not offered: {}", name, value, refused->why));
  return std::unexpected(bad_value(name, value, fmt::format("it must be one of {}.", find_option(name)->values)));
}

AtcResult<std::string> required(const Given& given, std::string_view name, std::string_view mode) {
  std::string value = value_of(given, name);
  if (value.empty()) return refuse("E10004", fmt::format("The option --{} is missing: {} needs it.", name, mode));
  return value;
}

AtcResult<std::set<std::string, std::less<>>> parse_switches(const std::string& value) {
  std::set<std::string, std::less<>> disabled(std::begin(kPassesOnRequest), std::end(kPassesOnRequest));
  for (std::string_view part : split(value, ';')) {
    const size_t colon = part.find(':');
    const std::string_view name = part.substr(0, colon);
    const std::string_view state = colon == std::string_view::npos ? "" : part.substr(colon + 1);
    const Pass* pass = find_pass(name);
    if (!pass)
      return std::unexpected(bad_value("optimization_switch", value, fmt::format("there is no pass '{}'.", name)));
    if (state != "on" && state != "off")
      return std::unexpected(
          bad_value("optimization_switch", value, fmt::format("'{}' must end in :on or :off.", part)));
    if (state == "off" && !pass->optional)
      return std::unexpected(bad_value("optimization_switch", value, fmt::format("later passes rely on '{}'.", name)));
    if (state == "off") disabled.emplace(pass->name);
    else disabled.erase(std::string(pass->name));
  }
  return disabled;
}

AtcResult<std::string> check_soc(const std::string& name) {
  if (find_soc(name)) return name;
  std::vector<std::string_view> names;
  for (const Soc& soc : all_socs()) names.push_back(soc.name);
  return std::unexpected(bad_value("soc_version", name, fmt::format("the chips are {}.", fmt::join(names, ", "))));
}

// Writes the value into place, or returns the error from the enclosing function.
#define NPU_ATC_TAKE(place, expression)                           \
  do {                                                            \
    auto taken = (expression);                                    \
    if (!taken) return std::unexpected(std::move(taken).error()); \
    place = std::move(*taken);                                    \
  } while (false)

AtcResult<std::vector<std::string>> warnings_of(const Given& given) {
  std::vector<std::string> warnings;
  for (const OptionInfo& row : kTable) {
    const auto found = given.find(row.name);
    if (row.effect != OptionEffect::Ignored || found == given.end()) continue;
    const bool choices = row.values.find('|') != std::string_view::npos;
    if (auto chosen = choices ? choice(given, row.name) : AtcResult<size_t>(0); !chosen) return std::unexpected(chosen.error());
    warnings.push_back(fmt::format("--{}={} changes nothing here: {}", row.name, found->second, row.help));
  }
  return warnings;
}

AtcResult<void> read_precision(const Given& given, Options& options) {
  if (given.contains("precision_mode") && given.contains("precision_mode_v2")) return refuse("E10001", "--precision_mode and --precision_mode_v2 exclude each other.");
  for (const std::string_view name : {"precision_mode", "precision_mode_v2"})
    if (auto known = choice(given, name); !known) return std::unexpected(known.error());
  const std::string mode = value_of(given, given.contains("precision_mode_v2") ? "precision_mode_v2" : "precision_mode");
  if (mode == "must_keep_origin_dtype" || mode == "origin") options.disabled_passes.insert("assign-precision");
  options.mixed_precision = mode.starts_with("allow_mix_precision") || mode == "mixed_float16";
  options.keep_dtype = value_of(given, "keep_dtype");
  options.modify_mixlist = value_of(given, "modify_mixlist");
  if (!options.modify_mixlist.empty() && !options.mixed_precision) return refuse("E10001", "--modify_mixlist needs --precision_mode=allow_mix_precision.");
  return {};
}

AtcResult<void> read_cache(const Given& given, Options& options) {
  constexpr CacheMode kModes[] = {CacheMode::Off, CacheMode::Use, CacheMode::Renew};
  size_t index = 0;
  NPU_ATC_TAKE(index, choice(given, "op_compiler_cache_mode"));
  options.cache = kModes[index];
  options.cache_folder = value_of(given, "op_compiler_cache_dir");
  return {};
}

AtcResult<void> read_tuning(const Given& given, Options& options) {
  const std::string value = value_of(given, "auto_tune_mode");
  if (!value.empty())
    for (const std::string_view mode : split(value, ',')) {
      if (mode != "GA" && mode != "RL") return std::unexpected(bad_value("auto_tune_mode", value, fmt::format("'{}' is neither RL nor GA.", mode)));
      (mode == "GA" ? options.tune_cube : options.tune_vector) = true;
    }
  options.op_bank_path = value_of(given, "op_bank_path");
  return {};
}

AtcResult<void> read_source(const Given& given, Options& options, std::string_view mode) {
  NPU_ATC_TAKE(options.model, required(given, "model", mode));
  options.weight = value_of(given, "weight");
  NPU_ATC_TAKE(options.framework, find_framework(value_of(given, "framework"), options.model, options.weight));
  return {};
}

AtcResult<std::string> input_format(const Given& given, Framework framework) {
  if (auto known = choice(given, "input_format"); given.contains("input_format") && !known) return std::unexpected(known.error());
  std::string format = given.contains("input_format") ? value_of(given, "input_format") : std::string(default_input_format(framework));
  if (format == "NHWC" && framework != Framework::TensorFlow) return std::unexpected(bad_value("input_format", format, fmt::format("inputs of {} are NCHW or ND.", framework_name(framework))));
  return format;
}

AtcResult<void> read_compile_options(const Given& given, Options& options) {
  options.single_op = value_of(given, "singleop");
  if (!options.single_op.empty() && given.contains("model")) return refuse("E10001", "--singleop and --model exclude each other.");
  if (options.single_op.empty())
    if (auto source = read_source(given, options, "compiling"); !source) return source;
  NPU_ATC_TAKE(options.output, required(given, "output", "compiling"));
  std::string soc;
  NPU_ATC_TAKE(soc, required(given, "soc_version", "compiling"));
  NPU_ATC_TAKE(options.soc, check_soc(soc));
  if (given.contains("input_shape_range"))
    for (const std::string_view other : {"input_shape", "dynamic_batch_size", "dynamic_image_size", "dynamic_dims"})
      if (given.contains(other)) return refuse("E10009", fmt::format("--input_shape_range and --{} exclude each other.", other));
  const std::string_view shapes = given.contains("input_shape_range") ? "input_shape_range" : "input_shape";
  NPU_ATC_TAKE(options.input_shapes, parse_input_shapes(shapes, value_of(given, shapes)));
  NPU_ATC_TAKE(options.input_format, input_format(given, options.framework));
  Gears gears;
  NPU_ATC_TAKE(gears, parse_gears({value_of(given, "dynamic_batch_size"), value_of(given, "dynamic_image_size"),
                                   value_of(given, "dynamic_dims"), options.input_format},
                                  options.input_shapes));
  options.dynamic = gears.dynamic;
  options.gears = std::move(gears.shapes);
  NPU_ATC_TAKE(options.disabled_passes, parse_switches(value_of(given, "optimization_switch")));
  size_t index = 0;
  if (auto precision = read_precision(given, options); !precision) return precision;
  NPU_ATC_TAKE(index, choice(given, "enable_small_channel"));
  if (index == 1) options.disabled_passes.erase("assign-small-channels");
  NPU_ATC_TAKE(index, choice(given, "disable_reuse_memory"));
  options.disable_memory_reuse = index == 1;
  NPU_ATC_TAKE(index, choice(given, "display_model_info"));
  options.display_model_info = index == 1;
  NPU_ATC_TAKE(index, choice(given, "export_compile_stat"));
  options.write_fusion_result = index > 0;
  NPU_ATC_TAKE(index, choice(given, "oo_constant_folding"));
  if (index == 1) options.disabled_passes.insert("fold-constants");
  if (auto cache = read_cache(given, options); !cache) return cache;
  if (auto tuning = read_tuning(given, options); !tuning) return tuning;
  NPU_ATC_TAKE(options.warnings, warnings_of(given));
  options.dump_passes = value_of(given, "dump-passes");
  options.fusion_switch_file = value_of(given, "fusion_switch_file");
  options.insert_op_conf = value_of(given, "insert_op_conf");
  options.compression_optimize_conf = value_of(given, "compression_optimize_conf");
  if (!options.compression_optimize_conf.empty() && options.disabled_passes.contains("assign-precision"))
    return refuse("E10001", "--compression_optimize_conf makes 8-bit layers, --precision_mode=must_keep_origin_dtype keeps float32: they exclude each other.");
  options.out_nodes = value_of(given, "out_nodes");
  options.input_fp16_nodes = value_of(given, "input_fp16_nodes");
  options.output_type = value_of(given, "output_type");
  return {};
}

}  // namespace

std::span<const OptionInfo> all_options() { return kTable; }
AtcResult<GivenOptions> read_arguments(std::span<const std::string> arguments) { return collect(arguments); }
AtcResult<std::set<std::string, std::less<>>> read_switches(const std::string& value) { return parse_switches(value); }

AtcResult<Options> parse_options(std::span<const std::string> arguments) {
  Options options;
  Given given;
  NPU_ATC_TAKE(given, collect(arguments));
  options.help = given.contains("help") || arguments.empty();
  if (options.help) return options;
  constexpr Mode kModes[] = {Mode::Compile, Mode::ToJson, Mode::Check, Mode::ShowInfo};
  size_t index = 0;
  NPU_ATC_TAKE(index, choice(given, "mode"));
  options.mode = kModes[index];
  NPU_ATC_TAKE(index, choice(given, "log"));
  options.log = static_cast<Log>(index);
  if (options.mode == Mode::Compile) {
    if (auto read = read_compile_options(given, options); !read) return std::unexpected(read.error());
    return options;
  }
  if (options.mode == Mode::Check) {
    options.check_report = value_of(given, "check_report");
    if (auto source = read_source(given, options, "mode 3"); !source) return std::unexpected(source.error());
    return options;
  }
  NPU_ATC_TAKE(options.om, required(given, "om", fmt::format("mode {}", static_cast<int>(options.mode))));
  if (options.mode == Mode::ShowInfo) return options;
  NPU_ATC_TAKE(options.json, required(given, "json", "mode 1"));
  options.weight = value_of(given, "weight");
  if (given.contains("framework") || !options.om.ends_with(".om")) {
    // A file of another name may still be an .om; its content decides.
    auto found = find_framework(value_of(given, "framework"), options.om, options.weight);
    if (!found && (given.contains("framework") || found.error().code != "E10007")) return std::unexpected(found.error());
    options.framework = found.value_or(Framework::Onnx);
  }
  NPU_ATC_TAKE(index, choice(given, "dump_mode"));
  options.dump_shapes = index == 1;
  return options;
}

#undef NPU_ATC_TAKE

std::string help_text() {
  std::string text =
      "atc: compiles a model for the (emulated) NPU\n"
      "\n"
      "  atc --model=net.onnx --output=net --soc_version=Ascend310 --input_shape=\"x:1,3,224,224\"\n"
      "\n"
      "Options are written --key=value or --key value.\n"
      "\n";
  for (const OptionInfo& row : kTable) {
    if (row.effect != OptionEffect::Offered) continue;
    text += fmt::format("  --{}{}{}\n", row.name, row.values.empty() ? "" : "=", row.values);
    text +=
        fmt::format("      {}{}\n", row.help, row.fallback.empty() ? "" : fmt::format(" Default: {}.", row.fallback));
  }
  text += "\nTaken, but without effect here:\n";
  for (const OptionInfo& row : kTable)
    if (row.effect == OptionEffect::Ignored) text += fmt::format("  --{}={}: {}\n", row.name, row.values, row.help);
  text += "\nNot offered:\n";
  for (const OptionInfo& row : kTable)
    if (row.effect == OptionEffect::Refused) text += fmt::format("  --{}: {}\n", row.name, row.help);
  std::vector<std::string_view> chips;
  for (const Soc& soc : all_socs()) chips.push_back(soc.name);
  text += fmt::format("\nChips: {}\n", fmt::join(chips, ", "));
  return text;
}

}  // namespace npu::atc
