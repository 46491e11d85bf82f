// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/scatter.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "0"}};

}  // namespace

extern constinit const OpDef Scatter{
    .name = "Scatter",
    .since = 9,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_scatter_elements,
    .reference = reference_scatter_elements,
    .doc = "data with the updates put at the indices along axis (deprecated by ScatterElements)",
    .arrive = Arrive::Ordered,
};

}  // namespace npu::op
