// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    // Signed integers keep their sign through the accumulator's wrap-around.
    return static_cast<T>(accumulate(values, [](auto x) {
      if constexpr (std::is_floating_point_v<T>) return std::abs(x);
      else return std::is_signed_v<T> && static_cast<int64_t>(x) < 0 ? -x : x;
    }));
  }
};

}  // namespace

extern constinit const OpDef ReduceL1{
    .name = "ReduceL1",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Sum of absolute values over axes",
};

}  // namespace npu::op
