// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T x) const { return x < T{0} ? T{0} : x; }
};

}  // namespace

extern constinit const OpDef Relu{
    .name = "Relu",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::SignedNumber>,
    .reference = reference_elements<TypeClass::SignedNumber, Function>,
    .doc = "max(x, 0)",
};

}  // namespace npu::op
