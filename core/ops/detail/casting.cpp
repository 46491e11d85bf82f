// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/casting.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace npu::detail {

namespace {

// As Python and NumPy write it: the shortest digits that give the number back, with a point or an exponent.
std::string text_of(double value, DType dtype) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = dtype == DType::Float64 ? fmt::format("{}", value) : fmt::format("{}", static_cast<float>(value));
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

Tensor to_text(const Tensor& from) {
  std::vector<std::string> texts;
  if (is_float(from.dtype()) || is_narrow_float(from.dtype())) {
    for (const double value : from.to_doubles()) texts.push_back(text_of(value, from.dtype()));
  } else if (from.dtype() == DType::UInt64) {
    for (const uint64_t value : from.data<uint64_t>()) texts.push_back(fmt::format("{}", value));
  } else {
    for (const int64_t value : from.to_ints()) texts.push_back(fmt::format("{}", value));
  }
  return Tensor::of_strings(from.shape(), std::move(texts));
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

// Both C libraries used here round correctly; libc++ has no from_chars for floats yet.
std::optional<double> number_in(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
  const std::string word = lower(digits);
  double value = 0;
  if (word == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (word == "inf" || word == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else {
    if (digits.empty() || digits.find_first_not_of("0123456789.eE+-") != digits.npos) return std::nullopt;
    const std::string copy(digits);
    char* end = nullptr;
    value = std::strtod(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size()) return std::nullopt;
  }
  return negative ? -value : value;
}

Result<Tensor> from_text(const EvalContext& ctx, const Tensor& from, DType to) {
  if (is_float(to) || is_narrow_float(to)) {
    Tensor values(DType::Float64, from.shape());
    for (size_t i = 0; i < from.strings().size(); ++i) {
      const auto value = number_in(from.strings()[i]);
      if (!value) return ctx.error(fmt::format("'{}' (element {}) is no number", from.strings()[i], i));
      values.mutable_data<double>()[i] = *value;
    }
    return values.cast(to);
  }
  Tensor values(DType::Int64, from.shape());
  for (size_t i = 0; i < from.strings().size(); ++i) {
    const std::string& text = from.strings()[i];
    int64_t value = 0;
    const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
    const auto [end, code] = std::from_chars(first, text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) {
      const auto number = number_in(text);
      if (!number || !(std::abs(*number) < 0x1.0p63)) return ctx.error(fmt::format("'{}' (element {}) is no integer", text, i));
      value = static_cast<int64_t>(*number);
    }
    values.mutable_data<int64_t>()[i] = value;
  }
  return values.cast(to);
}

}  // namespace

TensorsResult cast_to(const EvalContext& ctx, DType to) {
  const Tensor& from = ctx.input(0);
  if (is_string(to)) return std::vector{is_string(from.dtype()) ? from : to_text(from)};
  if (is_string(from.dtype())) {
    NPU_TRY(Tensor result, from_text(ctx, from, to));
    return std::vector{std::move(result)};
  }
  const bool saturate = ctx.node().int_attr("saturate", 1) != 0;
  if (to != DType::Float8E8M0) return std::vector{from.cast(to, saturate)};
  NPU_TRY(const PowerRounding rounding, power_rounding(ctx));
  const Tensor values = from.cast(DType::Float32);
  Tensor result(to, from.shape());
  std::ranges::transform(values.data<float>(), result.mutable_data<uint8_t>().begin(), [&](float x) { return float_to_e8m0(x, saturate, rounding); });
  return std::vector{std::move(result)};
}

}  // namespace npu::detail
