// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/softmax.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TensorsResult reference(const EvalContext& ctx) {
  return softmax(ctx, [](double shifted, double sum) { return shifted - fixed::log(sum); });
}

}  // namespace

extern constinit const OpDef LogSoftmax{
    .name = "LogSoftmax",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kSoftmaxAttrs,
    .infer = infer_softmax,
    .reference = reference,
    .doc = "x - ln(sum of e^x) along axis; before opset 13 over all dimensions from axis on",
};

}  // namespace npu::op
