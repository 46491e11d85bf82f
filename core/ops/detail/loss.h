// SPDX-License-Identifier: Apache-2.0
// The losses over classes: X[N,C,d...], labels[N,d...], a weight a class, labels to ignore, and a reduction.
#pragma once

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

namespace npu::detail {

inline constexpr AttrDef kLossAttrs[] = {{"ignore_index", AttrKind::Int, ""}, {"reduction", AttrKind::String, "mean"}};

// The loss' type; checks labels (input 1) and weights (input 2) against X.
Result<TensorType> infer_loss(const InferContext& ctx);

// -weight[label] * log_prob[n, label, d...], reduced. log_prob is of X's shape, in Float32 or Float64.
Result<Tensor> negative_log_likelihood(const EvalContext& ctx, const Tensor& log_prob);

}  // namespace npu::detail
