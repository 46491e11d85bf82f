// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/preprocess.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/parse_real.h"

namespace npu::ui {
namespace {

constexpr size_t kMostChannels = 4;

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view item = text.substr(0, text.find(end));
  text.remove_prefix(std::min(text.size(), item.size() + 1));
  return item;
}

std::optional<std::vector<float>> numbers(std::string_view text) {
  std::vector<float> values;
  while (!text.empty()) {
    const auto value = parse_real(take_until(text, ','));
    if (!value || !std::isfinite(static_cast<float>(*value))) return std::nullopt;
    values.push_back(static_cast<float>(*value));
  }
  return values;
}

}  // namespace

std::string to_text(const Preprocess& preprocess) {
  return fmt::format("{}:{}:{}", preprocess.grey ? "grey" : preprocess.bgr ? "bgr" : "rgb", fmt::join(preprocess.mean, ","),
                     fmt::join(preprocess.deviation, ","));
}

std::optional<Preprocess> preprocess_from_text(std::string_view text) {
  const std::string_view colours = take_until(text, ':');
  const auto mean = numbers(take_until(text, ':'));
  const auto deviation = numbers(text);
  if (colours != "rgb" && colours != "bgr" && colours != "grey") return std::nullopt;
  if (!mean || !deviation || mean->empty() || mean->size() > kMostChannels || mean->size() != deviation->size()) return std::nullopt;
  return Preprocess{*mean, *deviation, colours == "grey", colours == "bgr"};
}

std::string aipp_config(const Preprocess& preprocess) {
  const size_t channels = preprocess.grey ? 1 : 3;
  const auto at = [](const std::vector<float>& values, size_t c, float missing) { return values.empty() ? missing : values[std::min(c, values.size() - 1)]; };
  std::string text = fmt::format("aipp_op {{\n  aipp_mode: static\n  input_format: {}\n", preprocess.grey ? "YUV400_U8" : "RGB888_U8");
  if (preprocess.bgr && !preprocess.grey) text += "  rbuv_swap_switch: true\n";
  for (size_t c = 0; c < channels; ++c)
    text += fmt::format("  min_chn_{0}: {1}\n  var_reci_chn_{0}: {2}\n", c, at(preprocess.mean, c, 0) * 255, 1 / (at(preprocess.deviation, c, 1) * 255));
  return text + "}\n";
}

}  // namespace npu::ui
