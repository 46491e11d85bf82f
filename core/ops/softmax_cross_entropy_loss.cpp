// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/loss.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(TensorType loss, infer_loss(ctx));
  return std::vector{std::move(loss), ctx.input(0)};
}

template <class T>
Tensor log_softmax(const Tensor& x) {
  Tensor y(x.dtype(), x.shape());
  const T* from = x.data<T>().data();
  T* to = y.mutable_data<T>().data();
  const int64_t classes = x.shape()[1], inner = row_major_strides(x.shape())[1];
  const int64_t lanes = classes == 0 ? 0 : x.elements() / classes;
  for (int64_t lane = 0; lane < lanes; ++lane) {
    const int64_t at = lane / inner * classes * inner + lane % inner;
    double maximum = static_cast<double>(from[at]), sum = 0;
    for (int64_t i = 1; i < classes; ++i) maximum = std::max(maximum, static_cast<double>(from[at + i * inner]));
    for (int64_t i = 0; i < classes; ++i) sum += fixed::exp(static_cast<double>(from[at + i * inner]) - maximum);
    const double shift = maximum + fixed::log(sum);
    for (int64_t i = 0; i < classes; ++i) to[at + i * inner] = static_cast<T>(static_cast<double>(from[at + i * inner]) - shift);
  }
  return y;
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  Tensor log_prob = x.dtype() == DType::Float64 ? log_softmax<double>(x) : log_softmax<float>(x);
  NPU_TRY(Tensor loss, negative_log_likelihood(ctx, log_prob));
  return std::vector{std::move(loss), std::move(log_prob)};
}

}  // namespace

extern constinit const OpDef SoftmaxCrossEntropyLoss{
    .name = "SoftmaxCrossEntropyLoss",
    .since = 12,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 2,
    .attrs = kLossAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Negative log likelihood of the softmax over the classes of the scores; the second output is its logarithm",
};

}  // namespace npu::op
