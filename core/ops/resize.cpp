// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/resize.h"

#include <cmath>
#include <numeric>

#include "core/ops/detail/infer_common.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"antialias", AttrKind::Int, "0"},
    {"axes", AttrKind::Ints, ""},
    {"coordinate_transformation_mode", AttrKind::String, "half_pixel"},
    {"cubic_coeff_a", AttrKind::Float, "-0.75"},
    {"exclude_outside", AttrKind::Int, "0"},
    {"extrapolation_value", AttrKind::Float, "0"},
    {"keep_aspect_ratio_policy", AttrKind::String, "stretch"},
    {"mode", AttrKind::String, "nearest"},
    {"nearest_mode", AttrKind::String, "round_prefer_floor"},
};

template <class T>
struct NameRow {
  std::string_view name;
  T value;
};

constexpr NameRow<ResizeMode> kModes[] = {
    {"nearest", ResizeMode::Nearest}, {"linear", ResizeMode::Linear}, {"cubic", ResizeMode::Cubic}};

constexpr NameRow<Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::HalfPixel},
    {"half_pixel_symmetric", Coordinates::HalfPixelSymmetric},
    {"pytorch_half_pixel", Coordinates::PytorchHalfPixel},
    {"align_corners", Coordinates::AlignCorners},
    {"asymmetric", Coordinates::Asymmetric},
    {"tf_half_pixel_for_nn", Coordinates::TfHalfPixelForNn},
    {"tf_crop_and_resize", Coordinates::TfCropAndResize},
};

constexpr NameRow<NearestMode> kNearestModes[] = {
    {"round_prefer_floor", NearestMode::RoundPreferFloor},
    {"round_prefer_ceil", NearestMode::RoundPreferCeil},
    {"floor", NearestMode::Floor},
    {"ceil", NearestMode::Ceil},
};

enum class Policy : uint8_t { Stretch, NotLarger, NotSmaller };
constexpr NameRow<Policy> kPolicies[] = {
    {"stretch", Policy::Stretch}, {"not_larger", Policy::NotLarger}, {"not_smaller", Policy::NotSmaller}};

template <class Context, class T, size_t N>
Result<T> parse(const Context& ctx, const NameRow<T> (&rows)[N], std::string_view attr) {
  const std::string text = ctx.node().string_attr(attr, rows[0].name);
  for (const auto& row : rows)
    if (row.name == text) return row.value;
  return ctx.error(fmt::format("{} '{}' is not known", attr, text));
}

// Where the parameters are: X, scales in opset 10, X, roi, scales, sizes since.
struct Layout {
  size_t roi, scales, sizes;
};
Layout layout_of(int opset) { return opset < 11 ? Layout{9, 1, 9} : Layout{1, 2, 3}; }

// An input given as an empty tensor counts as left out.
bool is_given(const InferContext& ctx, size_t i) {
  return ctx.has_input(i) && !(ctx.input(i).is_static() && element_count(to_shape(ctx.input(i).dims)) == 0);
}
bool is_given(const EvalContext& ctx, size_t i) { return ctx.has_input(i) && ctx.input(i).elements() > 0; }

template <class Context>
Result<std::vector<size_t>> resized_axes(const Context& ctx, size_t rank) {
  const auto axes = ctx.node().ints_attr("axes");
  std::vector<size_t> result(axes.empty() ? rank : 0);
  std::iota(result.begin(), result.end(), size_t{0});
  for (int64_t axis : axes) {
    NPU_TRY(result.emplace_back(), normalize_axis(ctx, axis, rank));
  }
  return result;
}

template <class Context, class T>
Status check_length(const Context& ctx, std::string_view what, const std::vector<T>& values, size_t wanted) {
  if (values.size() == wanted) return {};
  return ctx.error(fmt::format("{} has {} values, needs {}", what, values.size(), wanted));
}

// An input dimension as infer sees it: -1 when it is not known.
using Sizes = std::vector<int64_t>;

template <class Context>
Status apply_scales(const Context& ctx, const std::vector<size_t>& axes, const Tensor& scales, ResizePlan& plan) {
  const auto values = scales.to_doubles();
  NPU_CHECK(check_length(ctx, "scales", values, axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = plan.axes[axes[i]];
    if (!(values[i] > 0 && values[i] < 1e6)) return ctx.error(fmt::format("scale {} at axis {}", values[i], axes[i]));
    axis.scale = static_cast<float>(values[i]);
    axis.from_scale = true;
    axis.keeps = axis.scale == 1;
    if (axis.keeps) continue;
    axis.out = axis.in < 0 ? -1 : static_cast<int64_t>(std::floor(static_cast<float>(axis.in) * axis.scale));
    if (axis.in < 0) continue;
    if (axis.out < 1) return ctx.error(fmt::format("output size {} at axis {} (input {}, scale {})", axis.out, axes[i], axis.in, axis.scale));
  }
  return {};
}

template <class Context>
Status apply_sizes(const Context& ctx, const std::vector<size_t>& axes, const Tensor& sizes, ResizePlan& plan) {
  const auto values = sizes.to_ints();
  NPU_CHECK(check_length(ctx, "sizes", values, axes.size()));
  NPU_TRY(const Policy policy, parse(ctx, kPolicies, "keep_aspect_ratio_policy"));
  float common = 0;
  bool known = true;
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizeAxis& axis = plan.axes[axes[i]];
    if (values[i] < 1 || values[i] > (int64_t{1} << 31)) return ctx.error(fmt::format("size {} at axis {}", values[i], axes[i]));
    axis.keeps = false;
    axis.out = values[i];
    axis.scale = static_cast<float>(axis.out) / static_cast<float>(axis.in);
    known = known && axis.in > 0;
    common = i == 0 ? axis.scale : policy == Policy::NotLarger ? std::min(common, axis.scale) : std::max(common, axis.scale);
  }
  if (policy == Policy::Stretch) return {};
  for (size_t i : axes) {
    ResizeAxis& axis = plan.axes[i];
    axis.scale = common;
    axis.out = known ? static_cast<int64_t>(std::floor(common * static_cast<float>(axis.in) + 0.5f)) : -1;
    if (known && axis.out < 1) return ctx.error(fmt::format("output size {} at axis {} (input {}, scale {})", axis.out, i, axis.in, common));
  }
  return {};
}

template <class Context>
Status apply_roi(const Context& ctx, const std::vector<size_t>& axes, size_t input, ResizePlan& plan) {
  if (plan.coordinates != Coordinates::TfCropAndResize) return {};
  if (!is_given(ctx, input)) return ctx.error("tf_crop_and_resize needs roi");
  const Tensor* value = value_of(ctx, input);
  if (!value) return {};
  const auto roi = value->to_doubles();
  NPU_CHECK(check_length(ctx, "roi", roi, 2 * axes.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    plan.axes[axes[i]].roi_start = static_cast<float>(roi[i]);
    plan.axes[axes[i]].roi_end = static_cast<float>(roi[axes.size() + i]);
  }
  return {};
}

template <class Context>
Status read_modes(const Context& ctx, ResizePlan& plan) {
  NPU_TRY(plan.mode, parse(ctx, kModes, "mode"));
  if (ctx.opset() < 11) {
    plan.coordinates = Coordinates::Asymmetric;
    plan.nearest = NearestMode::Simple;
    return {};
  }
  NPU_TRY(plan.coordinates, parse(ctx, kCoordinates, "coordinate_transformation_mode"));
  NPU_TRY(plan.nearest, parse(ctx, kNearestModes, "nearest_mode"));
  plan.cubic_a = ctx.node().float_attr("cubic_coeff_a", -0.75f);
  plan.exclude_outside = ctx.node().int_attr("exclude_outside", 0) != 0;
  plan.antialias = ctx.node().int_attr("antialias", 0) != 0;
  plan.extrapolation = ctx.node().float_attr("extrapolation_value", 0);
  return {};
}

// Unknown sizes are -1, in and out.
template <class Context>
Result<ResizePlan> make_plan(const Context& ctx, const Sizes& input) {
  ResizePlan plan;
  NPU_CHECK(read_modes(ctx, plan));
  for (size_t i = 0; i < input.size(); ++i) {
    if (input[i] == 0) return ctx.error(fmt::format("the input is empty at axis {}", i));
    plan.axes.push_back({.in = input[i], .out = input[i]});
  }
  const Layout layout = layout_of(ctx.opset());
  NPU_TRY(const auto axes, resized_axes(ctx, input.size()));
  const bool has_scales = is_given(ctx, layout.scales);
  const bool has_sizes = is_given(ctx, layout.sizes);
  if (has_scales == has_sizes) return ctx.error(has_scales ? "both scales and sizes are given" : "neither scales nor sizes are given");
  NPU_CHECK(apply_roi(ctx, axes, layout.roi, plan));
  const Tensor* parameter = value_of(ctx, has_scales ? layout.scales : layout.sizes);
  if (parameter) {
    NPU_CHECK(has_scales ? apply_scales(ctx, axes, *parameter, plan) : apply_sizes(ctx, axes, *parameter, plan));
  } else {
    for (size_t i : axes) {
      plan.axes[i].keeps = false;
      plan.axes[i].out = -1;
    }
  }
  return plan;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  if (!x.has_rank) return std::vector{x};
  NPU_TRY(const auto plan, make_plan(ctx, to_shape(x.dims)));
  Dims dims;
  for (size_t i = 0; i < plan.axes.size(); ++i) {
    const ResizeAxis& axis = plan.axes[i];
    dims.push_back(axis.keeps ? x.dims[i] : axis.out >= 0 ? Dim(axis.out) : Dim());
  }
  return std::vector{TensorType::of(x.dtype, dims)};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const auto plan, make_plan(ctx, ctx.input(0).shape()));
  return std::vector{resize(ctx.input(0), plan)};
}

}  // namespace

extern constinit const OpDef Resize{
    .name = "Resize",
    .since = 10,
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "X resampled to scales or sizes by nearest, linear or cubic interpolation",
};

}  // namespace npu::op
