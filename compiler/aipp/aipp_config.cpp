// SPDX-License-Identifier: Apache-2.0
#include "compiler/aipp/aipp_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/protobuf/prototxt.h"
#include "core/base/half.h"
#include "core/ops/aipp_parameters.h"

namespace npu {
namespace {

enum class Kind { Int, Flag, Real, Text, Mode, Format };

// A value as its kind understands it.
struct Parsed {
  int64_t integer = 0;
  double real = 0;
  std::string text;
  const AippFormat* format = nullptr;
};

void put(int64_t& place, const Parsed& value) { place = value.integer; }
void put(bool& place, const Parsed& value) { place = value.integer != 0; }
void put(double& place, const Parsed& value) { place = value.real; }
void put(std::string& place, const Parsed& value) { place = value.text; }
void put(const AippFormat*& place, const Parsed& value) { place = value.format; }

struct FieldRow {
  std::string_view name;
  Kind kind;
  double low, high;
  void (*store)(AippOp&, const Parsed&);   // nullptr: only the value below
  std::string_view only, why;
};

#define NPU_AIPP_FIELD(name, kind, member, low, high) FieldRow{name, Kind::kind, low, high, [](AippOp& op, const Parsed& value) { put(op.member, value); }, "", ""},
#define NPU_AIPP_ONLY(name, kind, value, why) FieldRow{name, Kind::kind, -1e9, 1e12, nullptr, value, why},
constexpr FieldRow kFields[] = {
#include "compiler/aipp/aipp_fields.def"
};
#undef NPU_AIPP_FIELD
#undef NPU_AIPP_ONLY

std::unexpected<Error> at_line(int line, std::string what) { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", line), std::move(what)); }
std::unexpected<Error> bad(const ProtoField& field, std::string_view why) { return at_line(field.line, fmt::format("{} is '{}': {}", field.name, field.value, why)); }

std::optional<int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  int64_t value{};
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> real_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || end != text.c_str() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

// The vendor's enumeration by name or number.
Result<Parsed> parse_format(const ProtoField& field) {
  const auto code = whole_number(field.value);
  for (const AippFormat& format : kAippFormats)
    if (format.name == field.value || (code && *code == format.number)) return Parsed{format.number, 0, {}, &format};
  std::string names;
  for (const AippFormat& format : kAippFormats) names += fmt::format("{}{}", names.empty() ? "" : ", ", format.name);
  return bad(field, "the formats offered are " + names);
}

Result<Parsed> parse_choice(const ProtoField& field, std::string_view zero, std::string_view one, std::string_view why, std::string_view code_of_one) {
  if (field.value == one || field.value == code_of_one) return Parsed{.integer = 1, .text = std::string(one)};
  if (field.value == zero || field.value == (code_of_one == "1" ? "0" : "1")) return Parsed{.integer = 0, .text = std::string(zero)};
  return bad(field, why);
}

Result<Parsed> parse_value(const FieldRow& row, const ProtoField& field) {
  if (!field.message.empty()) return at_line(field.line, fmt::format("{} is a value, not a message", field.name));
  if (field.quoted && row.kind != Kind::Text) return bad(field, "a text in quotes");
  switch (row.kind) {
    case Kind::Text:
      if (field.value.empty()) return bad(field, "no name");
      return Parsed{.text = field.value};
    case Kind::Flag: return parse_choice(field, "false", "true", "neither true nor false", "1");
    case Kind::Mode: return parse_choice(field, "static", "dynamic", "neither static nor dynamic", "2");
    case Kind::Format: return parse_format(field);
    case Kind::Int: {
      const auto value = whole_number(field.value);
      if (!value) return bad(field, "no whole number");
      if (static_cast<double>(*value) < row.low || static_cast<double>(*value) > row.high) return bad(field, fmt::format("it goes from {} to {}", row.low, row.high));
      return Parsed{.integer = *value};
    }
    case Kind::Real: {
      const auto value = real_number(field.value);
      if (!value) return bad(field, "no number");
      if (*value < row.low || *value > row.high) return bad(field, fmt::format("fp16 goes from {} to {}", row.low, row.high));
      return Parsed{.real = *value};
    }
  }
  return bad(field, "unknown");
}

struct Lines {
  std::map<std::string, int, std::less<>> of;   // where each field stands
  int at(std::string_view name, int message) const {
    const auto found = of.find(name);
    return found == of.end() ? message : found->second;
  }
};

Status read_field(const ProtoField& field, AippOp& op) {
  const auto* row = std::ranges::find(kFields, field.name, &FieldRow::name);
  if (row == std::end(kFields)) return at_line(field.line, fmt::format("aipp_op has no field '{}'", field.name));
  NPU_TRY(const Parsed value, parse_value(*row, field));
  if (row->store) row->store(op, value);
  else if (!row->only.empty() && value.text != row->only) return bad(field, row->why);
  return {};
}

Status check_normalisation(const AippOp& op, const Lines& lines) {
  const auto half = [](double value) { return static_cast<double>(static_cast<float>(Half(static_cast<float>(value)))); };
  for (size_t c = 0; c < 3; ++c) {
    const double largest = largest_aipp_value(op.mean[c], half(op.min[c]), half(op.var_reci[c]));
    if (largest > kMostAippValue)
      return at_line(lines.at(fmt::format("var_reci_chn_{}", c), op.line), fmt::format("(in - mean_chn_{0} - min_chn_{0}) * var_reci_chn_{0} reaches {1}, more than fp16 holds", c, largest));
  }
  return {};
}

Status check_even(const AippOp& op, const Lines& lines) {
  const auto even = [&](std::string_view name, int64_t value, int64_t step) -> Status {
    if (value % step == 0) return {};
    return at_line(lines.at(name, op.line), fmt::format("{} is {}: {} needs an even number", name, value, op.format->name));
  };
  NPU_CHECK(even("src_image_size_w", op.src_w, op.format->even_w));
  NPU_CHECK(even("src_image_size_h", op.src_h, op.format->even_h));
  if (!op.crop) return {};
  NPU_CHECK(even("load_start_pos_w", op.start_w, op.format->even_w));
  return even("load_start_pos_h", op.start_h, op.format->even_h);
}

Status check_crop(const AippOp& op, const Lines& lines) {
  const auto inside = [&](std::string_view start_name, std::string_view size_name, int64_t start, int64_t size, int64_t source) -> Status {
    if (source == 0) return {};  // the model's, known later
    if (start >= source) return at_line(lines.at(start_name, op.line), fmt::format("{} is {}, the image has {}", start_name, start, source));
    if (size > source - start) return at_line(lines.at(size_name, op.line), fmt::format("{} is {} from {} on, the image has {}", size_name, size, start, source));
    return {};
  };
  if (!op.crop) return {};
  NPU_CHECK(inside("load_start_pos_w", "crop_size_w", op.start_w, op.crop_w, op.src_w));
  return inside("load_start_pos_h", "crop_size_h", op.start_h, op.crop_h, op.src_h);
}

// What the run says is not said here.
Status check_dynamic(const AippOp& op, const Lines& lines) {
  if (op.max_src_image_size == 0) return at_line(lines.at("max_src_image_size", op.line), "dynamic AIPP needs max_src_image_size, the bytes of all images of a batch");
  for (const auto& [name, line] : lines.of)
    if (name != "aipp_mode" && name != "max_src_image_size" && !name.starts_with("related_input_")) return at_line(line, fmt::format("{}: of a dynamic AIPP it comes with each inference, not from this file", name));
  return {};
}

Result<AippOp> read_op(const ProtoField& message) {
  AippOp op;
  op.line = message.line;
  Lines lines;
  if (message.message.empty()) return at_line(message.line, "aipp_op is a message: aipp_op { ... }");
  for (const ProtoField& field : message.message[0].fields) {
    if (const auto [first, fresh] = lines.of.emplace(field.name, field.line); !fresh) return at_line(field.line, fmt::format("{} stands in line {} already", field.name, first->second));
    NPU_CHECK(read_field(field, op));
  }
  if (!lines.of.contains("aipp_mode")) return at_line(op.line, "aipp_op has no aipp_mode");
  if (!op.dynamic && !op.format) return at_line(op.line, "aipp_op has no input_format");
  if (lines.of.contains("related_input_name") && lines.of.contains("related_input_rank"))
    return at_line(lines.of["related_input_name"], "related_input_name and related_input_rank exclude each other");
  if (op.dynamic) {
    NPU_CHECK(check_dynamic(op, lines));
    return op;
  }
  NPU_CHECK(check_normalisation(op, lines));
  NPU_CHECK(check_even(op, lines));
  NPU_CHECK(check_crop(op, lines));
  return op;
}

}  // namespace

Result<std::vector<AippOp>> parse_aipp_config(std::string_view text) {
  NPU_TRY(const ProtoMessage file, parse_prototxt(text));
  std::vector<AippOp> ops;
  for (const ProtoField& field : file.fields) {
    if (field.name != "aipp_op") return at_line(field.line, fmt::format("'{}' where aipp_op is expected", field.name));
    NPU_TRY(AippOp op, read_op(field));
    ops.push_back(std::move(op));
  }
  if (ops.empty()) return at_line(1, "there is no aipp_op");
  return ops;
}

}  // namespace npu
