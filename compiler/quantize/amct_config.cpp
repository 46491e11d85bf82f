// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/amct_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <set>
#include <span>

#include <fmt/format.h>

#include "core/protobuf/prototxt.h"

namespace npu::quantize {
namespace {

std::unexpected<Error> at_line(int line, std::string what) { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", line), std::move(what)); }

// One field of a message, and what reads it.
struct Row {
  std::string_view name;
  bool repeated;
  std::function<Status(const ProtoField&)> read;
};

Status read_message(std::string_view name, const ProtoMessage& message, std::span<const Row> rows) {
  std::set<std::string_view> seen;
  for (const ProtoField& field : message.fields) {
    const auto row = std::ranges::find(rows, field.name, &Row::name);
    if (row == rows.end()) return at_line(field.line, fmt::format("{} has no field '{}'", name, field.name));
    if (!seen.insert(row->name).second && !row->repeated) return at_line(field.line, fmt::format("{} is given twice", field.name));
    NPU_CHECK(row->read(field));
  }
  return {};
}

Result<const ProtoMessage*> message_of(const ProtoField& field) {
  if (field.message.empty()) return at_line(field.line, fmt::format("{} is a message, not a value", field.name));
  return &field.message[0];
}

Result<std::string> text_of(const ProtoField& field) {
  if (!field.message.empty()) return at_line(field.line, fmt::format("{} is a value, not a message", field.name));
  if (field.value.empty()) return at_line(field.line, fmt::format("{} is empty", field.name));
  return field.value;
}

Result<bool> flag_of(const ProtoField& field) {
  NPU_TRY(const std::string text, text_of(field));
  if (!field.quoted && (text == "true" || text == "1")) return true;
  if (!field.quoted && (text == "false" || text == "0")) return false;
  return at_line(field.line, fmt::format("{} is '{}': neither true nor false", field.name, text));
}

Result<double> number_of(const ProtoField& field) {
  NPU_TRY(const std::string text, text_of(field));
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (field.quoted || end != text.c_str() + text.size() || !std::isfinite(value)) return at_line(field.line, fmt::format("{} is '{}': no number", field.name, text));
  return value;
}

Result<int64_t> whole_of(const ProtoField& field, int64_t least) {
  NPU_TRY(const std::string text, text_of(field));
  int64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (field.quoted || failed != std::errc() || end != text.data() + text.size() || value < least) return at_line(field.line, fmt::format("{} is '{}': no whole number from {}", field.name, text, least));
  return value;
}

// --- what rows do ---

Row text_into(std::string_view name, std::set<std::string, std::less<>>& into) {
  return {name, true, [&into](const ProtoField& field) -> Status {
            NPU_TRY(std::string text, text_of(field));
            into.insert(std::move(text));
            return {};
          }};
}
Row flag_into(std::string_view name, std::function<void(bool)> put) {
  return {name, false, [put = std::move(put)](const ProtoField& field) -> Status {
            NPU_TRY(const bool value, flag_of(field));
            put(value);
            return {};
          }};
}
Row number_into(std::string_view name, double& into) {
  return {name, false, [&into](const ProtoField& field) -> Status {
            NPU_TRY(into, number_of(field));
            return {};
          }};
}
// Only the value that changes nothing.
Row only_false(std::string_view name, std::string_view why) {
  return {name, false, [why](const ProtoField& field) -> Status {
            NPU_TRY(const bool value, flag_of(field));
            if (value) return at_line(field.line, fmt::format("{} is not offered: {}", field.name, why));
            return {};
          }};
}
Row not_offered(std::string_view name, std::string_view why) {
  return {name, true, [why](const ProtoField& field) -> Status { return at_line(field.line, fmt::format("{} is not offered: {}", field.name, why)); }};
}

Row eight_bits() {
  return {"quant_bits", false, [](const ProtoField& field) -> Status {
            NPU_TRY(const int64_t bits, whole_of(field, 1));
            if (bits != 8) return at_line(field.line, fmt::format("quant_bits is {}: 8 is offered", bits));
            return {};
          }};
}

// --- messages ---

Status read_arq(const ProtoMessage& message, LayerOptions& into) {
  const Row rows[] = {flag_into("channel_wise", [&](bool value) { into.channel_wise = value; }), eight_bits(), only_false("asymmetric", "weights are symmetric")};
  return read_message("arq_quantize", message, rows);
}

Status read_ifmr(const ProtoField& field, LayerOptions& into) {
  NPU_TRY(const ProtoMessage* message, message_of(field));
  IfmrOptions& ifmr = into.activation.ifmr;
  const Row rows[] = {number_into("search_range_start", ifmr.search_start), number_into("search_range_end", ifmr.search_end), number_into("search_step", ifmr.search_step),
                      number_into("max_percentile", ifmr.max_percentile), number_into("min_percentile", ifmr.min_percentile),
                      flag_into("asymmetric", [&](bool value) { into.asymmetric = value; }), eight_bits()};
  NPU_CHECK(read_message("ifmr_quantize", *message, rows));
  into.activation.method = RangeMethod::Ifmr;
  if (const Status sound = check_options(into.activation); !sound) return at_line(field.line, fmt::format("ifmr_quantize: {}: {}", sound.error().where, sound.error().what));
  return {};
}

Status read_calibration(const ProtoField& field, LayerOptions& into) {
  NPU_TRY(const ProtoMessage* message, message_of(field));
  const Row rows[] = {{"arq_quantize", false,
                       [&](const ProtoField& inner) -> Status {
                         NPU_TRY(const ProtoMessage* arq, message_of(inner));
                         return read_arq(*arq, into);
                       }},
                      {"ifmr_quantize", false, [&](const ProtoField& inner) { return read_ifmr(inner, into); }},
                      not_offered("hfmg_quantize", "ranges come from ifmr_quantize"),
                      not_offered("nuq_quantize", "steps are equal"),
                      only_false("weight_compress_only", "activations are quantised too")};
  return read_message(field.name, *message, rows);
}

// A layer's name or a type, and its options, which begin as the common ones.
Status read_override(const ProtoField& field, std::string_view key, const LayerOptions& common, std::map<std::string, LayerOptions, std::less<>>& into) {
  NPU_TRY(const ProtoMessage* message, message_of(field));
  std::string name;
  LayerOptions own = common;
  bool given = false;
  const Row rows[] = {{key, false,
                       [&](const ProtoField& inner) -> Status {
                         NPU_TRY(name, text_of(inner));
                         return {};
                       }},
                      {"calibration_config", false, [&](const ProtoField& inner) { return given = true, read_calibration(inner, own); }}};
  NPU_CHECK(read_message(field.name, *message, rows));
  if (name.empty()) return at_line(field.line, fmt::format("{} has no {}", field.name, key));
  if (!given) return at_line(field.line, fmt::format("{} '{}' has no calibration_config", field.name, name));
  if (!into.emplace(name, own).second) return at_line(field.line, fmt::format("{} '{}' is given twice", field.name, name));
  return {};
}

}  // namespace

Result<AmctConfig> parse_amct_config(std::string_view text, QuantizeOptions defaults) {
  NPU_TRY(const ProtoMessage file, parse_prototxt(text));
  AmctConfig config{std::move(defaults), 0};
  QuantizeOptions& options = config.options;
  const auto later = [](const ProtoField&) { return Status{}; };
  // Overrides begin as common_config, wherever that stands.
  const Row first[] = {
      {"batch_num", false,
       [&](const ProtoField& field) -> Status {
         NPU_TRY(const int64_t count, whole_of(field, 1));
         config.batches = static_cast<size_t>(count);
         return {};
       }},
      flag_into("activation_offset", [&](bool value) { options.activation_offset = value; }),
      only_false("joint_quant", "each operand of an Add has a range of its own"),
      text_into("skip_layers", options.skip_layers),
      text_into("skip_layer_types", options.skip_types),
      {"version", false, [](const ProtoField& field) -> Status {
         NPU_TRY([[maybe_unused]] const int64_t number, whole_of(field, 0));
         return {};
       }},
      {"common_config", false, [&](const ProtoField& field) { return read_calibration(field, options.common); }},
      {"override_layer_types", true, later},
      {"override_layer_configs", true, later},
      flag_into("do_fusion", [&](bool value) { options.fold_batch_norm = value; }),
      text_into("skip_fusion_layers", options.skip_fusion_layers),
      not_offered("nuq_config", "steps are equal"),
      not_offered("tensor_quantize", "what pools and adds 8-bit results stays in 8 bits by itself"),
      not_offered("fakequant_precision_mode", "one model is written, in QDQ form"),
  };
  NPU_CHECK(read_message("AMCTConfig", file, first));
  for (const ProtoField& field : file.fields) {
    if (field.name == "override_layer_types") NPU_CHECK(read_override(field, "layer_type", options.common, options.by_type));
    if (field.name == "override_layer_configs") NPU_CHECK(read_override(field, "layer_name", options.common, options.by_name));
  }
  return config;
}

}  // namespace npu::quantize
