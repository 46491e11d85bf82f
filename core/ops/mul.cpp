// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {

extern constinit const OpDef Mul{
    .name = "Mul",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_broadcast<detail::TypeClass::Number>,
    .reference = detail::reference_fold<detail::TypeClass::Number, detail::WrappingMultiply>,
    .doc = "A * B with broadcasting",
};

}  // namespace npu::op
