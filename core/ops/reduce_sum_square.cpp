// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/reduce.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Reduction {
  template <class T>
  T operator()(std::span<const T> values) const {
    return static_cast<T>(accumulate(values, [](auto x) { return x * x; }));
  }
};

}  // namespace

extern constinit const OpDef ReduceSumSquare{
    .name = "ReduceSumSquare",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kReduceAttrs,
    .infer = infer_reduce<TypeClass::Number>,
    .reference = reference_reduce<TypeClass::Number, Reduction>,
    .doc = "Sum of squares over axes",
};

}  // namespace npu::op
