// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/quantize_settings.h"

#include <fmt/format.h>

#include "compiler/atc/text.h"
#include "core/base/parse_real.h"

namespace npu::ui {
namespace {

constexpr double kNoShare = -1;

// 0 to 1, or kNoShare.
double share_of(std::string_view text) {
  const double value = parse_real(text).value_or(kNoShare);
  return value >= 0 && value <= 1 ? value : kNoShare;
}

}  // namespace

std::string to_text(const QuantizeSettings& settings) {
  std::string text(quantize::to_string(settings.method));
  if (settings.method == quantize::RangeMethod::Percentile) text += fmt::format(":{}", settings.percentile);
  if (settings.budget > 0) text += fmt::format(",budget:{}", settings.budget);
  return text + (settings.own_pictures ? ",own" : "");
}

std::optional<QuantizeSettings> quantize_settings_from_text(std::string_view text) {
  QuantizeSettings settings;
  bool first = true;
  for (const std::string_view part : atc::split(text, ',')) {
    const size_t colon = part.find(':');
    const std::string_view name = part.substr(0, colon);
    const bool has_value = colon != std::string_view::npos;
    const double value = has_value ? share_of(part.substr(colon + 1)) : kNoShare;
    if (has_value && value == kNoShare) return std::nullopt;
    if (std::exchange(first, false)) {
      const auto method = quantize::parse_method(name);
      if (!method) return std::nullopt;
      settings.method = *method;
      if (has_value) settings.percentile = value;
    } else if (name == "budget" && has_value) {
      settings.budget = value;
    } else if (name == "own" && !has_value) {
      settings.own_pictures = true;
    } else {
      return std::nullopt;
    }
  }
  return first ? std::nullopt : std::optional(settings);
}

}  // namespace npu::ui
