// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T x) const { return std::is_integral_v<T> ? WrappingSubtract()(T{0}, x) : -x; }
};

}  // namespace

extern constinit const OpDef Neg{
    .name = "Neg",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::SignedNumber>,
    .reference = reference_elements<TypeClass::SignedNumber, Function>,
    .doc = "-x",
};

}  // namespace npu::op
