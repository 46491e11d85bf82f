// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/arg.h"

namespace npu::op {

extern constinit const OpDef ArgMin{
    .name = "ArgMin",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = detail::kArgAttrs,
    .infer = detail::infer_arg,
    .reference = detail::reference_arg<std::less<>>,
    .doc = "Index of the smallest value along axis; of equal ones the first, or the last with select_last_index",
};

}  // namespace npu::op
