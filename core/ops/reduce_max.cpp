// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    T maximum = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
    for (const T value : values)
      if (value > maximum || value != value) maximum = value;
    return maximum;
  }
};

}  // namespace

extern constinit const OpDef ReduceMax{
    .name = "ReduceMax",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Any>,
    .reference = reference_reduce<TypeClass::Any, Reduction>,
    .doc = "Largest value over axes; of an empty set the lowest of the type",
};

}  // namespace npu::op
