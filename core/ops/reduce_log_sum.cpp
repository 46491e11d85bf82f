// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    double sum = 0;
    for (const T value : values) sum += static_cast<double>(value);
    return static_cast<T>(fixed::log(sum));
  }
};

}  // namespace

extern constinit const OpDef ReduceLogSum{
    .name = "ReduceLogSum",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Natural logarithm of the sum over axes; of an empty set minus infinity",
};

}  // namespace npu::op
