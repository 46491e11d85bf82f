// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"fmod", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  if (is_float(ctx.input(0).dtype) && ctx.node().int_attr("fmod", 0) == 0)
    return ctx.error(fmt::format("floating-point inputs ({}) need fmod=1", to_string(ctx.input(0).dtype)));
  return infer_broadcast<TypeClass::Number>(ctx);
}

// C's remainder has the sign of the dividend, Python's that of the divisor. fmod is exact, so a libm may decide it.
template <bool like_c>
struct Function {
  template <class T>
  T operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      return std::fmod(a, b);
    } else {
      if (std::is_signed_v<T> && b == static_cast<T>(-1)) return T{0};
      const T rest = static_cast<T>(a % b);
      return !like_c && rest != T{0} && (rest < T{0}) != (b < T{0}) ? static_cast<T>(rest + b) : rest;
    }
  }
};

TensorsResult reference(const EvalContext& ctx) {
  NPU_CHECK(require_nonzero(ctx, 1));
  if (ctx.node().int_attr("fmod", 0)) return reference_fold<TypeClass::Number, Function<true>>(ctx);
  return reference_fold<TypeClass::Number, Function<false>>(ctx);
}

}  // namespace

extern constinit const OpDef Mod{
    .name = "Mod",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Remainder of A / B with broadcasting: sign of B, or of A with fmod=1",
};

}  // namespace npu::op
