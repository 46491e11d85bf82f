// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    Accumulator<T> product = 1;
    for (const T value : values) product *= static_cast<Accumulator<T>>(value);
    return static_cast<T>(product);
  }
};

}  // namespace

extern constinit const OpDef ReduceProd{
    .name = "ReduceProd",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Product over axes",
};

}  // namespace npu::op
