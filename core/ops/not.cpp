// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T x) const { return !x; }
};

}  // namespace

extern constinit const OpDef Not{
    .name = "Not",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_unary<TypeClass::Bool>,
    .reference = reference_elements<TypeClass::Bool, Function>,
    .doc = "Logical negation",
};

}  // namespace npu::op
