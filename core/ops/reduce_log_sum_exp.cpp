// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    double maximum = -std::numeric_limits<double>::infinity();
    for (const T value : values) maximum = std::max(maximum, static_cast<double>(value));
    if (!(std::abs(maximum) < std::numeric_limits<double>::infinity())) return static_cast<T>(maximum);
    double sum = 0;
    for (const T value : values) sum += fixed::exp(static_cast<double>(value) - maximum);
    return static_cast<T>(maximum + fixed::log(sum));
  }
};

}  // namespace

extern constinit const OpDef ReduceLogSumExp{
    .name = "ReduceLogSumExp",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Float>,
    .reference = reference_reduce<TypeClass::Float, Reduction>,
    .doc = "Natural logarithm of the sum of e^x over axes; of an empty set minus infinity",
};

}  // namespace npu::op
