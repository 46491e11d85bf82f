// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {

extern constinit const OpDef Sum{
    .name = "Sum",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = kVariadic,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_broadcast<detail::TypeClass::Float>,
    .reference = detail::reference_fold<detail::TypeClass::Float, detail::WrappingAdd>,
    .doc = "Sum of all inputs with broadcasting, from the left",
};

}  // namespace npu::op
