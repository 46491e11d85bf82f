// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) { return infer_same(ctx); }

DatumsResult evaluate(const DatumContext& ctx) { return std::vector{ctx.input(0)}; }

}  // namespace

extern constinit const OpDef Identity{
    .name = "Identity",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer,
    .reference = nullptr,
    .doc = "The input",
    .arrive = Arrive::AsBits,
    .evaluate = evaluate,
};

}  // namespace npu::op
