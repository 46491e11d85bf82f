// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0)}; }

}  // namespace

extern constinit const OpDef Identity{
    .name = "Identity",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_same,
    .reference = reference,
    .doc = "The input",
};

}  // namespace npu::op
