// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/math_functions.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/position.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {kDilationsAttr, {"group", AttrKind::Int, "1"}, kKernelShapeAttr, {"offset_group", AttrKind::Int, "1"}, kPadsAttr, kStridesAttr};

struct Plan {
  Window window;
  int64_t groups, offset_groups;
};

template <class Context>
Result<Plan> plan_of(const Context& ctx, const std::vector<int64_t>& kernel) {
  NPU_TRY(Window window, read_window(ctx.node(), ctx.where(), kernel, kMaxRank));
  const int64_t groups = ctx.node().int_attr("group", 1), offset_groups = ctx.node().int_attr("offset_group", 1);
  if (groups < 1 || offset_groups < 1) return ctx.error(fmt::format("group is {}, offset_group {}", groups, offset_groups));
  return Plan{std::move(window), groups, offset_groups};
}

TypesResult infer(const InferContext& ctx) {
  const TensorType &x = ctx.input(0), &w = ctx.input(1), &offset = ctx.input(2);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2, 3, 4})
    if (ctx.has_input(i)) NPU_CHECK(require_same_dtype(ctx, i));
  if (!x.has_rank || !w.has_rank) return std::vector{unranked(x.dtype)};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 3));
  if (w.dims.size() != rank) return ctx.error(fmt::format("X of shape {}, W of {}", to_string(x.dims), to_string(w.dims)));
  std::vector<int64_t> kernel;
  for (size_t i = 2; i < rank; ++i) kernel.push_back(w.dims[i].value());
  if (ctx.node().find_attr("kernel_shape")) {
    NPU_TRY(const auto given, read_kernel_shape(ctx.node(), ctx.where(), rank - 2));
    for (size_t i = 0; i < given.size(); ++i) NPU_CHECK(unify(ctx, Dim(given[i]), w.dims[i + 2], "kernel_shape"));
    kernel = given;
  }
  if (std::ranges::any_of(kernel, [](int64_t size) { return size < 0; })) return std::vector{unknown_of_rank(x.dtype, rank)};
  NPU_TRY(const Plan plan, plan_of(ctx, kernel));
  const Dim& channels = x.dims[1];
  if (channels.known() && (channels.value() % plan.groups != 0 || channels.value() % plan.offset_groups != 0))
    return ctx.error(fmt::format("{} channels in {} groups and {} offset groups", channels.value(), plan.groups, plan.offset_groups));
  if (channels.known()) NPU_CHECK(unify(ctx, w.dims[1], Dim(channels.value() / plan.groups), "channels of W"));
  if (w.dims[0].known() && w.dims[0].value() % plan.groups != 0) return ctx.error(fmt::format("{} output channels in {} groups", w.dims[0].value(), plan.groups));
  if (ctx.has_input(3)) NPU_CHECK(require_vector(ctx, 3, w.dims[0], "B"));
  Dims dims{x.dims[0], w.dims[0]};
  for (size_t i = 2; i < rank; ++i) {
    NPU_TRY(dims.emplace_back(), window_output(plan.window, i - 2, x.dims[i], ctx.where()));
  }
  const int64_t taps = element_count(kernel);
  for (size_t input : {2, 4}) {
    if (!ctx.has_input(input) || !ctx.input(input).has_rank) continue;
    const Dims& given = ctx.input(input).dims;
    if (given.size() != rank) return ctx.error(fmt::format("input {} is of shape {}, needs rank {}", input, to_string(given), rank));
    NPU_CHECK(unify(ctx, given[0], dims[0], "batch"));
    NPU_CHECK(unify(ctx, given[1], Dim(plan.offset_groups * taps * (input == 2 ? static_cast<int64_t>(rank) - 2 : 1)), "channels of the offsets or the mask"));
    for (size_t i = 2; i < rank; ++i) NPU_CHECK(unify(ctx, given[i], dims[i], "positions of the offsets or the mask"));
  }
  if (!offset.has_rank) return std::vector{TensorType::of(x.dtype, std::move(dims))};
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

// Multilinear, zeros outside.
double interpolated(const double* x, const double* at, const npu::Shape& shape, const npu::Shape& strides, size_t axis) {
  if (axis == shape.size()) return *x;
  const double base = fixed::floor(at[axis - 2]), part = at[axis - 2] - base;
  double sum = 0;
  for (int step = 0; step < 2; ++step) {
    const double index = base + step, weight = step == 0 ? 1 - part : part;
    if (weight == 0 || !(index >= 0 && index <= static_cast<double>(shape[axis] - 1))) continue;
    sum += weight * interpolated(x + static_cast<int64_t>(index) * strides[axis], at, shape, strides, axis + 1);
  }
  return sum;
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape &shape = ctx.input(0).shape(), &weights_shape = ctx.input(1).shape(), out = ctx.output_shape(0);
  const npu::Shape strides = row_major_strides(shape), kernel(weights_shape.begin() + 2, weights_shape.end());
  NPU_TRY(const Plan plan, plan_of(ctx, kernel));
  const size_t rank = kernel.size();
  const auto x = ctx.input(0).to_doubles(), w = ctx.input(1).to_doubles(), offsets = ctx.input(2).to_doubles();
  const auto bias = ctx.has_input(3) ? ctx.input(3).to_doubles() : std::vector<double>(static_cast<size_t>(out[1]), 0.0);
  const auto mask = ctx.has_input(4) ? ctx.input(4).to_doubles() : std::vector<double>();
  const int64_t taps = element_count(kernel), points = element_count({out.begin() + 2, out.end()}), plane = strides[1];
  const int64_t per_group = weights_shape[1], outputs_per_group = out[1] / plan.groups, per_offset = shape[1] / plan.offset_groups;
  Tensor y(DType::Float64, out);
  double* to = y.mutable_data<double>().data();
  std::vector<double> samples(static_cast<size_t>(shape[1] * taps)), at(rank);
  for (int64_t n = 0; n < out[0]; ++n) {
    Position point({out.begin() + 2, out.end()});
    for (int64_t p = 0; p < points; ++p, point.next()) {
      Position tap(kernel);
      for (int64_t t = 0; t < taps; ++t, tap.next())
        for (int64_t c = 0; c < shape[1]; ++c) {
          const int64_t group = c / per_offset, first = (n * plan.offset_groups + group) * taps + t;
          for (size_t i = 0; i < rank; ++i) {
            const WindowAxis& axis = plan.window.axes[i];
            const auto dimension = static_cast<int64_t>(rank);
            at[i] = static_cast<double>(point[i] * axis.stride + tap[i] * axis.dilation - axis.pad_begin) +
                    offsets[static_cast<size_t>((first * dimension + static_cast<int64_t>(i)) * points + p)];
          }
          const double factor = mask.empty() ? 1 : mask[static_cast<size_t>(first * points + p)];
          samples[static_cast<size_t>(c * taps + t)] = factor * interpolated(x.data() + (n * shape[1] + c) * plane, at.data(), shape, strides, 2);
        }
      for (int64_t o = 0; o < out[1]; ++o) {
        const double *row = w.data() + o * per_group * taps, *from = samples.data() + o / outputs_per_group * per_group * taps;
        double sum = bias[static_cast<size_t>(o)];
        for (int64_t i = 0; i < per_group * taps; ++i) sum += row[i] * from[i];
        to[(n * out[1] + o) * points + p] = sum;
      }
    }
  }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef DeformConv{
    .name = "DeformConv",
    .since = 19,
    .min_inputs = 3,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Convolution whose taps are moved by offsets, one for each position, and weighted by a mask",
};

}  // namespace npu::op
