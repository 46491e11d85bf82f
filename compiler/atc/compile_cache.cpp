// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/compile_cache.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/hash.h"
#include "core/om/om.h"

namespace npu::atc {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEnding = ".om";

// Without those about the cache.
std::vector<std::string> arguments_of_model(std::span<const std::string> arguments) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--op_compiler_cache_")) kept.push_back(arguments[i]);
    else if (arguments[i].find('=') == std::string::npos) ++i;  // its value is the next word
  }
  return kept;
}

// What a bank and calibration files hold is none of the arguments; tuning and dumps are asked for to write files.
bool is_by_arguments(const Options& options) {
  return !options.tune_cube && !options.tune_vector && options.op_bank_path.empty() && options.compression_optimize_conf.empty() && options.dump_passes.empty();
}

// Every argument, and the contents of files among their values.
std::optional<uint64_t> hash_arguments(std::string text, std::span<const std::string> arguments) {
  for (const std::string& argument : arguments_of_model(arguments)) {
    text += '\0' + argument;
    const size_t equals = argument.find('=');
    const std::string value = argument.starts_with("--") && equals != std::string::npos ? argument.substr(equals + 1) : argument;
    std::error_code code;
    if (fs::is_directory(value, code)) return std::nullopt;
    if (!fs::is_regular_file(value, code)) continue;
    const auto file = map_file(value);
    if (!file) return std::nullopt;
    text += fmt::format("{:016x}", hash_bytes(file->bytes));
  }
  return hash_bytes(as_byte_view(text));
}

void remove_oldest(const std::string& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> entries;
  std::error_code code;
  uintmax_t total = 0;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.path().extension() != kEnding) continue;
    entries.emplace_back(entry.last_write_time(code), entry.path());
    total += entry.file_size(code);
  }
  std::ranges::sort(entries);
  for (const auto& [time, path] : entries) {
    if (total <= CompileCache::kMostBytes) return;
    total -= fs::file_size(path, code);
    fs::remove(path, code);
  }
}

}  // namespace

std::optional<std::string> CompileCache::path_of(const Options& options, std::span<const std::string> arguments) const {
  if (folder_.empty() || build_.empty() || !is_by_arguments(options)) return std::nullopt;
  const auto hash = hash_arguments(build_, arguments);
  if (!hash) return std::nullopt;
  return fmt::format("{}/npu_sandbox/{:016x}{}", folder_, *hash, kEnding);
}

std::optional<MappedFile> CompileCache::find(const std::string& path) const {
  auto file = map_file(path);
  if (!file || !inspect_om(file->bytes)) return std::nullopt;
  return std::move(*file);
}

void CompileCache::keep(const std::string& path, Bytes om) const {
  std::error_code code;
  const fs::path folder = fs::path(path).parent_path();
  fs::create_directories(folder, code);
  if (code || !write_file(path, om)) return;
  remove_oldest(folder.string());
}

}  // namespace npu::atc
