// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T x) const { return x < T{0} ? WrappingSubtract()(T{0}, x) : x == T{0} ? T{0} : x; }
};

}  // namespace

extern constinit const OpDef Abs{
    .name = "Abs",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Number>,
    .reference = reference_elements<TypeClass::Number, Function>,
    .doc = "|x|",
};

}  // namespace npu::op
