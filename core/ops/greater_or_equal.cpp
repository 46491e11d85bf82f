// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {

extern constinit const OpDef GreaterOrEqual{
    .name = "GreaterOrEqual",
    .since = 12,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_broadcast<detail::TypeClass::Number, true>,
    .reference = detail::reference_compare<detail::TypeClass::Number, std::greater_equal<>>,
    .doc = "A >= B with broadcasting",
};

}  // namespace npu::op
