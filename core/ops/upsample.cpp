// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/resize.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"mode", AttrKind::String, "nearest"},
    {"scales", AttrKind::Floats, ""},  // an input from opset 9
};

// Nothing when the scales are not known at compile time. Unknown sizes are -1, in and out.
template <class Context>
Result<std::optional<ResizePlan>> make_plan(const Context& ctx, const std::vector<int64_t>& input) {
  ResizePlan plan;
  plan.coordinates = Coordinates::Asymmetric;
  plan.nearest = NearestMode::Simple;
  const std::string mode = ctx.node().string_attr("mode", "nearest");
  if (mode != "nearest" && mode != "linear") return ctx.error(fmt::format("mode '{}' is not known", mode));
  plan.mode = mode == "linear" ? ResizeMode::Linear : ResizeMode::Nearest;
  std::vector<double> scales;
  if (ctx.has_input(1)) {
    const Tensor* value = value_of(ctx, 1);
    if (!value) return std::nullopt;
    scales = value->to_doubles();
  } else {
    for (float scale : ctx.node().floats_attr("scales")) scales.push_back(scale);
  }
  if (scales.size() != input.size())
    return ctx.error(fmt::format("scales has {} values, the input is of rank {}", scales.size(), input.size()));
  for (size_t i = 0; i < input.size(); ++i) {
    if (!(scales[i] >= 1 && scales[i] < 1e6)) return ctx.error(fmt::format("scale {} at axis {}", scales[i], i));
    if (input[i] == 0) return ctx.error(fmt::format("the input is empty at axis {}", i));
    const auto scale = static_cast<float>(scales[i]);
    const bool keeps = scale == 1 || input[i] < 0;
    const auto size = keeps ? input[i] : static_cast<int64_t>(std::floor(static_cast<float>(input[i]) * scale));
    plan.axes.push_back({.in = input[i], .out = size, .scale = scale, .keeps = scale == 1});
  }
  return plan;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{x};
  NPU_TRY(const auto plan, make_plan(ctx, to_shape(x.dims)));
  if (!plan) return std::vector{unknown_of_rank(x.dtype, x.dims.size())};
  Dims dims;
  for (size_t i = 0; i < plan->axes.size(); ++i) {
    const ResizeAxis& axis = plan->axes[i];
    dims.push_back(axis.keeps ? x.dims[i] : axis.out >= 0 ? Dim(axis.out) : Dim());
  }
  return std::vector{TensorType::of(x.dtype, dims)};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto plan, make_plan(ctx, ctx.input(0).shape()));
  if (!plan) return ctx.error("scales are missing");
  return std::vector{resize(ctx.input(0), *plan)};
}

}  // namespace

extern constinit const OpDef Upsample{
    .name = "Upsample",
    .since = 7,
    .min_inputs = 1,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "X enlarged by scales, nearest or linear (deprecated by Resize)",
};

}  // namespace npu::op
