// SPDX-License-Identifier: Apache-2.0
// The command line of atc: --key=value and --key value, from the table atc_options.def.
#pragma once

#include <expected>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/compile.h"

namespace npu::atc {

// An error as the tool shows it: the vendor's code number and a text of our own.
struct AtcError {
  std::string_view code;  // "E10001"
  std::string text;
};

template <class T>
using AtcResult = std::expected<T, AtcError>;

inline std::unexpected<AtcError> refuse(std::string_view code, std::string text) {
  return std::unexpected(AtcError{code, std::move(text)});
}

// Passes that this atc leaves out unless a switch or an option asks for them, as the vendor's tool does or seems to: the published
// latencies, which predictions are compared with, show the copies that they save.
inline constexpr std::string_view kPassesOnRequest[] = {"assign-small-channels", "fuse-convs", "place-parts"};

enum class Mode { Compile = 0, ToJson = 1, Check = 3, ShowInfo = 6 };
enum class Framework { Caffe = 0, MindSpore = 1, TensorFlow = 3, Onnx = 5 };  // the vendor's numbers
enum class CacheMode { Off, Use, Renew };
enum class Log { Null, Error, Warning, Info, Debug };

struct Options {
  bool help = false;
  Mode mode = Mode::Compile;
  Framework framework = Framework::Onnx;
  std::string model, weight, output, soc, om, json, dump_passes, check_report, fusion_switch_file, insert_op_conf, single_op, compression_optimize_conf;
  std::string out_nodes, input_fp16_nodes, output_type, keep_dtype, modify_mixlist, input_format;
  std::vector<std::string> warnings;  // of options that change nothing here
  std::vector<InputShape> input_shapes;
  Dynamic dynamic = Dynamic::None;
  std::vector<GearShapes> gears;  // one for each size the dynamic option lists
  std::set<std::string, std::less<>> disabled_passes;
  bool disable_memory_reuse = false;
  bool display_model_info = false;
  bool dump_shapes = false;        // mode 1: of a model's tensors
  bool write_fusion_result = true;
  bool mixed_precision = false;    // --modify_mixlist has a meaning
  CacheMode cache = CacheMode::Off;
  std::string cache_folder;        // empty: the host's
  bool tune_cube = false, tune_vector = false;  // --auto_tune_mode
  std::string op_bank_path;
  Log log = Log::Null;
};

// One row of the table that --help shows.
enum class OptionEffect { Offered, Ignored, Refused };
struct OptionInfo {
  std::string_view name;
  std::string_view fallback;  // "": none
  std::string_view values;    // choices with | between them, or what kind of text
  std::string_view help;      // of an ignored or refused one: why
  OptionEffect effect = OptionEffect::Offered;
  bool is_flag = false;       // takes no value
};
std::span<const OptionInfo> all_options();

// Names and values as they are given, by name: E10001 for words and names that are none, E10004, E10055.
using GivenOptions = std::map<std::string, std::string, std::less<>>;
AtcResult<GivenOptions> read_arguments(std::span<const std::string> arguments);
// The passes that --optimization_switch=value leaves out, kPassesOnRequest among them unless it asks for them.
AtcResult<std::set<std::string, std::less<>>> read_switches(const std::string& value);

// arguments without the program's name. What a mode needs is present and plausible afterwards; files are not touched.
AtcResult<Options> parse_options(std::span<const std::string> arguments);

std::string help_text();

}  // namespace npu::atc
