// SPDX-License-Identifier: Apache-2.0
// How the page makes a model's layers 8-bit: small, so that a link holds it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/quantize/ranges.h"

namespace npu::ui {

struct QuantizeSettings {
  quantize::RangeMethod method = quantize::RangeMethod::Ifmr;
  double percentile = 0.99999;  // share of the values inside the range, of Percentile
  double budget = 0;            // largest loss of agreement with fp16; 0: every layer that can be is 8-bit
  bool own_pictures = false;    // those the user opened; else the sample's

  friend bool operator==(const QuantizeSettings&, const QuantizeSettings&) = default;
};

// "ifmr", "percentile:0.9999", "entropy,budget:0.003,own"; nullopt for anything else.
std::string to_text(const QuantizeSettings& settings);
std::optional<QuantizeSettings> quantize_settings_from_text(std::string_view text);

}  // namespace npu::ui
