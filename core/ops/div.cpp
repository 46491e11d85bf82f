// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T>
  T operator()(T a, T b) const {
    // The only quotient that overflows is the smallest integer by -1; it wraps.
    if constexpr (std::is_integral_v<T> && std::is_signed_v<T>)
      if (b == T{-1}) return WrappingSubtract()(T{0}, a);
    return static_cast<T>(a / b);
  }
};

TensorsResult reference(const EvalContext& ctx) {
  NPU_CHECK(require_nonzero(ctx, 1));
  return reference_fold<TypeClass::Number, Function>(ctx);
}

}  // namespace

extern constinit const OpDef Div{
    .name = "Div",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_broadcast<TypeClass::Number>,
    .reference = reference,
    .doc = "A / B with broadcasting; integers truncate towards zero",
};

}  // namespace npu::op
