// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    T minimum = std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
    for (const T value : values)
      if (value < minimum || value != value) minimum = value;
    return minimum;
  }
};

}  // namespace

extern constinit const OpDef ReduceMin{
    .name = "ReduceMin",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Any>,
    .reference = reference_reduce<TypeClass::Any, Reduction>,
    .doc = "Smallest value over axes; of an empty set the highest of the type",
};

}  // namespace npu::op
