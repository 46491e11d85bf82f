// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::detail {

Status require_nonzero(const EvalContext& ctx, size_t input) {
  const Tensor& divisor = ctx.input(input);
  if (!is_in(divisor.dtype(), TypeClass::Integer)) return {};
  return visit_dtype(divisor.dtype(), [&]<class T>() -> Status {
    if constexpr (std::is_integral_v<T>) {
      const auto values = divisor.data<T>();
      if (const auto found = std::ranges::find(values, T{0}); found != values.end())
        return ctx.error(fmt::format("integer division by zero at element {} of input {}", found - values.begin(), input));
    }
    return {};
  });
}

}  // namespace npu::detail
