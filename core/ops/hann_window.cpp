// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/cosine_window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) { return reference_cosine_window(ctx, 0.5, 0.5, 0); }

}  // namespace

extern constinit const OpDef HannWindow{
    .name = "HannWindow",
    .since = 17,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kCosineWindowAttrs,
    .infer = infer_cosine_window,
    .reference = reference,
    .doc = "The Hann window of the given length, periodic or symmetric",
};

}  // namespace npu::op
