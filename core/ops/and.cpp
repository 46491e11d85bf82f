// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {

extern constinit const OpDef And{
    .name = "And",
    .since = 7,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = detail::infer_broadcast<detail::TypeClass::Bool>,
    .reference = detail::reference_fold<detail::TypeClass::Bool, std::logical_and<>>,
    .doc = "A and B with broadcasting",
};

}  // namespace npu::op
