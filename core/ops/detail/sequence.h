// SPDX-License-Identifier: Apache-2.0
// What the operators on sequences and optionals share.
#pragma once

#include "core/ops/detail/parameters.h"

namespace npu::detail {

inline Status require_sequence(const InferContext& ctx, size_t i) {
  if (ctx.input(i).kind == ValueKind::Sequence) return {};
  return ctx.error(fmt::format("input {} is {}, needs a sequence", i, to_string(ctx.input(i))));
}

inline Status require_tensor(const InferContext& ctx, size_t i) {
  if (ctx.input(i).is_tensor()) return {};
  return ctx.error(fmt::format("input {} is {}, needs a tensor", i, to_string(ctx.input(i))));
}

inline TensorType sequence_of(TensorType element) {
  element.kind = ValueKind::Sequence;
  return element;
}
inline TensorType element_of(TensorType sequence) {
  sequence.kind = ValueKind::Tensor;
  return sequence;
}

inline Tensor int64_scalar(int64_t value) { return Tensor::from<int64_t>(DType::Int64, {}, std::span(&value, 1)); }

// The position that input i names among `count`, which may be counted from the end.
inline Result<size_t> sequence_position(const DatumContext& ctx, size_t i, int64_t count) {
  const auto given = ctx.input(i).tensor().to_ints();
  if (given.size() != 1 || given[0] < -count || given[0] >= count)
    return ctx.error(fmt::format("position {} ({} values) in a sequence of {} places", given.empty() ? 0 : given[0], given.size(), count));
  return static_cast<size_t>(given[0] < 0 ? given[0] + count : given[0]);
}

}  // namespace npu::detail
