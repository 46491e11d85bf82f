// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    return static_cast<T>(std::sqrt(static_cast<double>(accumulate(values, [](auto x) { return x * x; }))));
  }
};

}  // namespace

extern constinit const OpDef ReduceL2{
    .name = "ReduceL2",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Root of the sum of squares over axes",
};

}  // namespace npu::op
