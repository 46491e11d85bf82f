// SPDX-License-Identifier: Apache-2.0
#include "core/caffe/params.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace npu::caffe {
namespace {

// They choose how Caffe computes or trains, not what.
constexpr std::string_view kWithoutMeaning[] = {"bias_filler", "engine", "filler", "force_nd_im2col", "moving_average_fraction", "stable_prod_grad", "weight_filler"};

std::optional<float> parse_number(const ProtoField& field) {
  std::string text = field.value;
  if (text.ends_with('f') && text.find_first_of("0123456789") != std::string::npos) text.pop_back();
  char* end = nullptr;
  const float value = std::strtof(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return value;
}

}  // namespace

std::optional<int64_t> parse_integer(const ProtoField& field) {
  int64_t value = 0;
  const char* const end = field.value.data() + field.value.size();
  const auto [stop, code] = std::from_chars(field.value.data(), end, value);
  if (code != std::errc() || stop != end || value != static_cast<int32_t>(value)) return std::nullopt;
  return value;
}

Params::Params(const ProtoMessage& parent, std::string_view name) : name_(name) {
  for (const ProtoField& field : parent.fields)
    if (field.name == name)
      for (const ProtoMessage& message : field.message)
        for (const ProtoField& inner : message.fields) fields_.push_back(&inner);
}

bool Params::has(std::string_view name) const { return std::ranges::any_of(fields_, [&](const ProtoField* field) { return field->name == name; }); }

std::vector<const ProtoField*> Params::all(std::string_view name) {
  asked_.emplace(name);
  std::vector<const ProtoField*> found;
  std::ranges::copy_if(fields_, std::back_inserter(found), [&](const ProtoField* field) { return field->name == name; });
  return found;
}

const ProtoField* Params::last(std::string_view name) {
  const auto found = all(name);
  return found.empty() ? nullptr : found.back();
}

void Params::bad(const ProtoField& field, std::string why) {
  if (status_) status_ = fail(ErrorKind::InvalidModel, fmt::format("line {}", field.line), fmt::format("{} is '{}': {}", field.name, field.value, why));
}

int64_t Params::integer(std::string_view name, int64_t fallback) {
  const auto values = integers(name);
  return values.empty() ? fallback : values.back();
}

std::vector<int64_t> Params::integers(std::string_view name) {
  std::vector<int64_t> values;
  for (const ProtoField* field : all(name)) {
    const auto value = parse_integer(*field);
    if (!value) bad(*field, "a whole number of 32 bits is needed");
    values.push_back(value.value_or(0));
  }
  return values;
}

std::vector<int64_t> Params::message_integers(std::string_view name, std::string_view inner) {
  std::vector<int64_t> values;
  for (const ProtoField* outer : all(name)) {
    if (outer->message.empty()) bad(*outer, "a message is needed");
    for (const ProtoMessage& message : outer->message)
      for (const ProtoField& field : message.fields) {
        const auto value = parse_integer(field);
        if (field.name != inner || !value) bad(field, fmt::format("{} takes whole numbers called {}", name, inner));
        values.push_back(value.value_or(0));
      }
  }
  return values;
}

float Params::number(std::string_view name, float fallback) {
  const auto values = numbers(name);
  return values.empty() ? fallback : values.back();
}

std::vector<float> Params::numbers(std::string_view name) {
  std::vector<float> values;
  for (const ProtoField* field : all(name)) {
    const auto value = parse_number(*field);
    if (!value) bad(*field, "a number is needed");
    values.push_back(value.value_or(0));
  }
  return values;
}

bool Params::flag(std::string_view name, bool fallback) {
  constexpr std::string_view kTrue[] = {"true", "True", "t", "1"}, kFalse[] = {"false", "False", "f", "0"};
  const ProtoField* field = last(name);
  if (!field) return fallback;
  if (std::ranges::find(kTrue, field->value) != std::end(kTrue)) return true;
  if (std::ranges::find(kFalse, field->value) == std::end(kFalse)) bad(*field, "true or false is needed");
  return false;
}

size_t Params::choice(std::string_view name, std::initializer_list<std::string_view> values, size_t fallback) {
  const ProtoField* field = last(name);
  if (!field) return fallback;
  for (size_t i = 0; i < values.size(); ++i)
    if (field->value == values.begin()[i] || field->value == std::to_string(i)) return i;
  bad(*field, fmt::format("it must be one of {}", fmt::join(values, ", ")));
  return fallback;
}

Status Params::check() const {
  if (!status_) return status_;
  for (const ProtoField* field : fields_)
    if (!asked_.contains(field->name) && std::ranges::find(kWithoutMeaning, field->name) == std::end(kWithoutMeaning))
      return fail(ErrorKind::UnsupportedModel, fmt::format("line {}", field->line), fmt::format("the field '{}' of {} is not offered", field->name, name_));
  return {};
}

}  // namespace npu::caffe
