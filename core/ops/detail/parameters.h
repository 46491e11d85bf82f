// SPDX-License-Identifier: Apache-2.0
// Parameters that are an attribute in older opsets and an input in newer ones, read the same way by infer and reference.
#pragma once

#include <optional>

#include "core/ops/detail/dim_math.h"
#include "core/ops/detail/infer_common.h"

namespace npu::detail {

// The value of input i, or nullptr when it is left out or not known at compile time.
inline const Tensor* value_of(const InferContext& ctx, size_t i) { return ctx.constant(i); }
inline const Tensor* value_of(const EvalContext& ctx, size_t i) { return ctx.has_input(i) ? &ctx.input(i) : nullptr; }

inline DType dtype_of(const InferContext& ctx, size_t i) { return ctx.input(i).dtype; }
inline DType dtype_of(const EvalContext& ctx, size_t i) { return ctx.input(i).dtype(); }

// A list of integers from input i; nothing when the input is left out or its value not known.
template <class Context>
std::optional<std::vector<int64_t>> ints_input(const Context& ctx, size_t i) {
  const Tensor* value = value_of(ctx, i);
  if (!value) return std::nullopt;
  return value->to_ints();
}

enum class Knowledge { Absent, Unknown, Known };

struct IntsParameter {
  Knowledge knowledge = Knowledge::Absent;
  std::vector<int64_t> values;

  bool known() const { return knowledge == Knowledge::Known; }
  bool unknown() const { return knowledge == Knowledge::Unknown; }
};

// Input i if it is there, else the attribute.
template <class Context>
Result<IntsParameter> ints_parameter(const Context& ctx, size_t i, std::string_view attr) {
  if (ctx.has_input(i)) {
    if (dtype_of(ctx, i) != DType::Int64 && dtype_of(ctx, i) != DType::Int32)
      return ctx.error(fmt::format("{} (input {}) is {}, needs int64 or int32", attr, i, to_string(dtype_of(ctx, i))));
    auto values = ints_input(ctx, i);
    if (!values) return IntsParameter{Knowledge::Unknown, {}};
    return IntsParameter{Knowledge::Known, std::move(*values)};
  }
  if (!ctx.node().find_attr(attr)) return IntsParameter{};
  return IntsParameter{Knowledge::Known, ctx.node().ints_attr(attr)};
}

// The length of a vector input as far as its type tells (a scalar counts as one), or nothing.
inline std::optional<size_t> vector_length(const InferContext& ctx, size_t i) {
  const TensorType& type = ctx.input(i);
  if (!type.is_static() || type.dims.size() > 1) return std::nullopt;
  return type.dims.empty() ? 1 : static_cast<size_t>(type.dims[0].value());
}

// An attribute that holds an element type as ONNX numbers them; `fallback` when it is left out.
template <class Context>
Result<DType> dtype_attr(const Context& ctx, std::string_view attr, int fallback) {
  const int64_t code = ctx.node().int_attr(attr, fallback);
  if (const auto dtype = dtype_from_onnx(code > 0 && code < 256 ? static_cast<int>(code) : 0)) return *dtype;
  return fail(ErrorKind::UnsupportedModel, ctx.where(), fmt::format("{}={} is not an element type known here", attr, code));
}

// An index in [-length, length) as one in [0, length).
template <class Context>
Result<int64_t> checked_index(const Context& ctx, int64_t index, int64_t length, size_t position) {
  if (index < -length || index >= length)
    return ctx.error(fmt::format("index {} (element {} of the indices) is outside of an axis of {}", index, position, length));
  return index < 0 ? index + length : index;
}

template <class Context>
Status require_index_type(const Context& ctx, size_t i) {
  const DType dtype = dtype_of(ctx, i);
  if (dtype == DType::Int64 || dtype == DType::Int32) return {};
  return ctx.error(fmt::format("input {} is {}, needs int64 or int32", i, to_string(dtype)));
}

// Calls f.template operator()<Element>() with an unsigned type of the size of an element, for operators that only move.
template <class F>
decltype(auto) visit_size(DType dtype, F&& f) {
  switch (dtype_size(dtype)) {
    case 1: return f.template operator()<uint8_t>();
    case 2: return f.template operator()<uint16_t>();
    case 4: return f.template operator()<uint32_t>();
    default: return f.template operator()<uint64_t>();
  }
}

// Ranks beyond this are refused, so that a file's numbers cannot ask for absurd memory.
inline constexpr size_t kMaxRank = 64;

}  // namespace npu::detail
