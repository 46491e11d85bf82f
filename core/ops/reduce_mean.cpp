// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    const auto sum = accumulate(values, [](auto x) { return x; });
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(sum / static_cast<double>(values.size()));
    // Integers are divided as signed numbers, toward zero.
    return values.empty() ? T(0) : static_cast<T>(static_cast<int64_t>(sum) / static_cast<int64_t>(values.size()));
  }
};

}  // namespace

extern constinit const OpDef ReduceMean{
    .name = "ReduceMean",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Mean over axes",
};

}  // namespace npu::op
