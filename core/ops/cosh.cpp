// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {

extern constinit const OpDef Cosh{
    .name = "Cosh",
    .since = 9,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_unary<detail::TypeClass::Float>,
    .reference = detail::reference_floats<fixed::cosh>,
    .doc = "Hyperbolic cosine",
};

}  // namespace npu::op
