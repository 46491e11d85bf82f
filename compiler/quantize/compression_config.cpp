// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/compression_config.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <vector>

#include <fmt/format.h>

namespace npu::quantize {
namespace {

std::unexpected<Error> at_line(int line, std::string what) { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", line), std::move(what)); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

struct Entry {
  int line;
  std::string name, value;
};

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<CompressionConfig> run() {
    while (next_line()) NPU_CHECK(top(rest_));
    if (depth_ != 0) return at_line(config_.calibration->line, "the '{' of calibration is never closed");
    if (config_.calibration) NPU_CHECK(check(*config_.calibration));
    return std::move(config_);
  }

 private:
  bool next_line() {
    if (done_) return false;
    const size_t end = std::min(text_.find('\n'), text_.size());
    done_ = end == text_.size();
    rest_ = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    rest_ = trimmed(rest_.substr(0, rest_.find('#')));
    ++line_;
    return true;
  }

  // What stands on one line: braces, and at most one entry between them.
  Status top(std::string_view rest) {
    while (!(rest = trimmed(rest)).empty()) {
      if (rest[0] == '{') {
        if (!awaits_ || depth_ != 0) return at_line(line_, "'{' opens nothing");
        awaits_ = false, depth_ = 1;
        rest.remove_prefix(1);
      } else if (rest[0] == '}') {
        if (depth_ == 0) return at_line(line_, "'}' closes nothing");
        depth_ = 0;
        rest.remove_prefix(1);
      } else if (awaits_) {
        return at_line(line_, "calibration is followed by '{'");
      } else {
        NPU_TRY(rest, entry(rest));
      }
    }
    return {};
  }

  // Returns what is left of the line.
  Result<std::string_view> entry(std::string_view rest) {
    const size_t end = std::min(rest.find_first_of(":{} \t"), rest.size());
    const std::string name(rest.substr(0, end));
    rest = trimmed(rest.substr(end));
    const bool colon = rest.starts_with(':');
    if (colon) rest = trimmed(rest.substr(1));
    if (depth_ == 0 && name == "calibration") {
      if (config_.calibration) return at_line(line_, "calibration is given twice");
      config_.calibration.emplace().line = line_;
      awaits_ = true;
      return rest;
    }
    if (!colon) return at_line(line_, fmt::format("'{}' needs ':' and a value", name));
    std::string_view value = rest;
    if (rest.ends_with('}')) value = trimmed(rest.substr(0, rest.size() - 1));
    rest.remove_prefix(value.size());
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) value = value.substr(1, value.size() - 2);
    if (value.empty()) return at_line(line_, fmt::format("{} has no value", name));
    if (!given_.insert(fmt::format("{}{}", depth_, name)).second) return at_line(line_, fmt::format("{} is given twice", name));
    NPU_CHECK(store({line_, name, std::string(value)}));
    return rest;
  }

  Status store(const Entry& entry) {
    if (depth_ == 1) return store_calibration(entry);
    if (entry.name != "enable_first_layer_quantization") return at_line(entry.line, fmt::format("there is no field '{}'", entry.name));
    if (entry.value != "true" && entry.value != "false") return at_line(entry.line, fmt::format("{} is '{}': neither true nor false", entry.name, entry.value));
    config_.first_layer = entry.value == "true";
    return {};
  }

  Status store_calibration(const Entry& entry) {
    CalibrationConfig& calibration = *config_.calibration;
    const auto choice = [&](std::initializer_list<std::string_view> values) -> Status {
      if (std::ranges::count(values, std::string_view(entry.value)) > 0) return {};
      return at_line(entry.line, fmt::format("{} is '{}': it is debug, info, warning or error", entry.name, entry.value));
    };
    if (entry.name == "input_data_dir") calibration.input_data_dir = entry.value;
    else if (entry.name == "input_shape") calibration.input_shape = entry.value;
    else if (entry.name == "config_file") calibration.config_file = entry.value;
    else if (entry.name == "infer_soc") calibration.infer_soc = entry.value;
    else if (entry.name == "log") return choice({"debug", "info", "warning", "error"});
    else if (entry.name == "infer_aicore_num" || entry.name == "infer_device_id") return number(entry);
    else if (entry.name == "infer_ip" || entry.name == "infer_port") return at_line(entry.line, fmt::format("{}: the calibration is computed here, by the emulated chip", entry.name));
    else return at_line(entry.line, fmt::format("calibration has no field '{}'", entry.name));
    return {};
  }

  // Which device and how many cores: results do not depend on it.
  Status number(const Entry& entry) const {
    if (std::ranges::all_of(entry.value, [](unsigned char c) { return std::isdigit(c); })) return {};
    return at_line(entry.line, fmt::format("{} is '{}': no number", entry.name, entry.value));
  }

  static Status check(const CalibrationConfig& calibration) {
    if (calibration.input_data_dir.empty()) return at_line(calibration.line, "calibration has no input_data_dir");
    if (calibration.input_shape.empty()) return at_line(calibration.line, "calibration has no input_shape");
    return {};
  }

  std::string_view text_, rest_;
  bool done_ = false, awaits_ = false;
  int line_ = 0, depth_ = 0;
  std::set<std::string> given_;
  CompressionConfig config_;
};

}  // namespace

Result<CompressionConfig> parse_compression_config(std::string_view text) { return Reader(text).run(); }

}  // namespace npu::quantize
