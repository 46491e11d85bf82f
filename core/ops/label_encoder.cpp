// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <map>

#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"default_float", AttrKind::Float, "-0.0"}, {"default_int64", AttrKind::Int, "-1"},  {"default_string", AttrKind::String, "_Unused"}, {"default_tensor", AttrKind::Tensor, ""},
    {"keys_floats", AttrKind::Floats, ""},      {"keys_int64s", AttrKind::Ints, ""},     {"keys_strings", AttrKind::Strings, ""},         {"keys_tensor", AttrKind::Tensor, ""},
    {"values_floats", AttrKind::Floats, ""},    {"values_int64s", AttrKind::Ints, ""},   {"values_strings", AttrKind::Strings, ""},       {"values_tensor", AttrKind::Tensor, ""},
};

// "keys_..." or "values_...", whichever is there, as a vector.
template <class Context>
Result<Tensor> list_of(const Context& ctx, const std::string& prefix) {
  if (const Attr* attr = ctx.node().find_attr(prefix + "_tensor")) return std::get<Tensor>(*attr);
  if (const Attr* attr = ctx.node().find_attr(prefix + "_strings")) {
    const auto& values = std::get<std::vector<std::string>>(*attr);
    return Tensor::of_strings({static_cast<int64_t>(values.size())}, values);
  }
  if (const Attr* attr = ctx.node().find_attr(prefix + "_int64s")) {
    const auto& values = std::get<std::vector<int64_t>>(*attr);
    return Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(values.size())}, values);
  }
  if (const Attr* attr = ctx.node().find_attr(prefix + "_floats")) {
    const auto& values = std::get<std::vector<float>>(*attr);
    return Tensor::from<float>(DType::Float32, {static_cast<int64_t>(values.size())}, values);
  }
  return ctx.error(fmt::format("there are no {}", prefix));
}

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(const Tensor keys, list_of(ctx, "keys"));
  NPU_TRY(const Tensor values, list_of(ctx, "values"));
  if (keys.dtype() != ctx.input(0).dtype) return ctx.error(fmt::format("keys of {} for an input of {}", to_string(keys.dtype()), to_string(ctx.input(0).dtype)));
  if (keys.elements() != values.elements()) return ctx.error(fmt::format("{} keys and {} values", keys.elements(), values.elements()));
  TensorType type = ctx.input(0);
  type.dtype = values.dtype();
  return std::vector{std::move(type)};
}

Result<Tensor> default_of(const EvalContext& ctx, DType dtype) {
  if (const Attr* attr = ctx.node().find_attr("default_tensor")) {
    const Tensor& given = std::get<Tensor>(*attr);
    if (given.elements() != 1 || given.dtype() != dtype) return ctx.error(fmt::format("default_tensor is {} of {} elements", to_string(given.dtype()), given.elements()));
    return given;
  }
  if (is_string(dtype)) return Tensor::of_strings({}, {ctx.node().string_attr("default_string", "_Unused")});
  const double value = is_float(dtype) ? ctx.node().float_attr("default_float", -0.0f) : static_cast<double>(ctx.node().int_attr("default_int64", -1));
  return Tensor::from<double>(DType::Float64, {}, std::span(&value, 1)).cast(dtype);
}

// Every element as text that is equal for equal ones; NaN equals NaN.
std::vector<std::string> words_of(const Tensor& tensor) {
  if (is_string(tensor.dtype())) return tensor.strings();
  std::vector<std::string> words;
  if (is_float(tensor.dtype())) {
    for (const double value : tensor.to_doubles()) words.push_back(value != value ? "nan" : fmt::format("{}", value + 0.0));
  } else {
    for (const int64_t value : tensor.to_ints()) words.push_back(fmt::format("{}", value));
  }
  return words;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Tensor keys, list_of(ctx, "keys"));
  NPU_TRY(const Tensor values, list_of(ctx, "values"));
  NPU_TRY(const Tensor fallback, default_of(ctx, values.dtype()));
  std::map<std::string, size_t> places;
  const auto key_words = words_of(keys);
  for (size_t i = 0; i < key_words.size(); ++i) places.emplace(key_words[i], i);
  std::vector<size_t> chosen;  // one past the last: the default
  for (const std::string& word : words_of(ctx.input(0))) {
    const auto found = places.find(word);
    chosen.push_back(found == places.end() ? key_words.size() : found->second);
  }
  if (is_string(values.dtype())) {
    std::vector<std::string> texts;
    for (const size_t place : chosen) texts.push_back(place < key_words.size() ? values.strings()[place] : fallback.strings()[0]);
    return std::vector{Tensor::of_strings(ctx.input(0).shape(), std::move(texts))};
  }
  Tensor y(values.dtype(), ctx.input(0).shape());
  const size_t size = dtype_size(values.dtype());
  std::byte* to = y.mutable_bytes().data();
  for (const size_t place : chosen) {
    std::memcpy(to, (place < key_words.size() ? values : fallback).bytes().data() + (place < key_words.size() ? place * size : 0), size);
    to += size;
  }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef LabelEncoder{
    .name = "LabelEncoder",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Each element replaced by the value that stands at its key, or by the default",
    .arrive = Arrive::AsTheyAre,
    .domain = "ai.onnx.ml",
};

}  // namespace npu::op
