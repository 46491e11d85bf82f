// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T a, T b) const {
    if (a != a || b != b) return static_cast<T>(a + b);  // NaN stays
    return a < b ? b : a;
  }
};

}  // namespace

extern constinit const OpDef Max{
    .name = "Max",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_broadcast<TypeClass::Number>,
    .reference = reference_fold<TypeClass::Number, Function>,
    .doc = "Largest of all inputs, element by element, with broadcasting",
};

}  // namespace npu::op
