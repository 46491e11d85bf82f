// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {

extern constinit const OpDef Equal{
    .name = "Equal",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_broadcast<detail::TypeClass::Any, true>,
    .reference = detail::reference_compare<detail::TypeClass::Any, std::equal_to<>>,
    .doc = "A == B with broadcasting",
    .arrive = Arrive::Ordered,
};

}  // namespace npu::op
