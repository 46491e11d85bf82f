// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T x) const { return static_cast<T>(~x); }
};

}  // namespace

extern constinit const OpDef BitwiseNot{
    .name = "BitwiseNot",
    .since = 18,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Integer>,
    .reference = reference_elements<TypeClass::Integer, Function>,
    .doc = "Every bit inverted",
};

}  // namespace npu::op
