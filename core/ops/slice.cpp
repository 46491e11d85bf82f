// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// Attributes before opset 10, inputs 1 to 4 since.
constexpr AttrDef kAttrs[] = {
    {"axes", AttrKind::Ints, ""}, {"ends", AttrKind::Ints, ""}, {"starts", AttrKind::Ints, ""}};

struct Parameters {
  IntsParameter starts, ends, axes, steps;
  bool known() const { return starts.known() && ends.known() && !axes.unknown() && !steps.unknown(); }
};

template <class Context>
Result<Parameters> parameters_of(const Context& ctx) {
  Parameters p;
  NPU_TRY(p.starts, ints_parameter(ctx, 1, "starts"));
  NPU_TRY(p.ends, ints_parameter(ctx, 2, "ends"));
  NPU_TRY(p.axes, ints_parameter(ctx, 3, "axes"));
  NPU_TRY(p.steps, ints_parameter(ctx, 4, "steps"));
  using enum Knowledge;
  if (p.starts.knowledge == Absent || p.ends.knowledge == Absent) return ctx.error("starts or ends is missing");
  const size_t count = p.starts.values.size();
  if (p.known() && (p.ends.values.size() != count || (p.axes.known() && p.axes.values.size() != count) ||
                    (p.steps.known() && p.steps.values.size() != count)))
    return ctx.error(fmt::format("starts has {} values, ends {}, axes {}, steps {}", count, p.ends.values.size(),
                                 p.axes.values.size(), p.steps.values.size()));
  return p;
}

// The elements first, first + step, ... (count of them) of an axis.
struct Range {
  int64_t first, step, count;
};

Range resolve(int64_t start, int64_t end, int64_t step, int64_t length) {
  step = std::clamp(step, -length - 1, length + 1);  // longer steps reach nothing either
  if (start < 0) start += length;
  if (end < 0) end += length;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, length), end = std::clamp<int64_t>(end, 0, length);
    return {start, step, std::max<int64_t>(0, ceil_div(end - start, step))};
  }
  start = std::clamp<int64_t>(start, -1, length - 1), end = std::clamp<int64_t>(end, -1, length - 1);
  return {std::max<int64_t>(start, 0), step, std::max<int64_t>(0, ceil_div(start - end, -step))};
}

// Whether every length is taken whole: x[0:], as exporters write it.
bool takes_all(int64_t start, int64_t end, int64_t step) { return start == 0 && step == 1 && end >= INT32_MAX; }

template <class Context>
Result<std::vector<size_t>> axes_of(const Context& ctx, const Parameters& p, size_t rank) {
  std::vector<size_t> axes;
  for (size_t i = 0; i < p.starts.values.size(); ++i) {
    NPU_TRY(const size_t axis, normalize_axis(ctx, p.axes.known() ? p.axes.values[i] : static_cast<int64_t>(i), rank));
    if (std::ranges::find(axes, axis) != axes.end()) return ctx.error(fmt::format("axis {} is given twice", axis));
    if (p.steps.known() && p.steps.values[i] == 0) return ctx.error(fmt::format("step 0 at axis {}", axis));
    axes.push_back(axis);
  }
  return axes;
}

TypesResult infer_unknown(const InferContext& ctx, const Parameters& p) {
  TensorType output = ctx.input(0);
  std::vector<size_t> touched;
  if (p.axes.known()) {
    for (int64_t given : p.axes.values) {
      NPU_TRY(touched.emplace_back(), normalize_axis(ctx, given, output.dims.size()));
    }
  } else {
    for (size_t i = 0; i < output.dims.size(); ++i) touched.push_back(i);
  }
  for (size_t axis : touched) output.dims[axis] = Dim();
  return std::vector{std::move(output)};
}

TypesResult infer(const InferContext& ctx) {
  TensorType output = ctx.input(0);
  NPU_TRY(const auto p, parameters_of(ctx));
  if (!output.has_rank) return std::vector{std::move(output)};
  if (!p.known()) return infer_unknown(ctx, p);
  NPU_TRY(const auto axes, axes_of(ctx, p, output.dims.size()));
  for (size_t i = 0; i < axes.size(); ++i) {
    Dim& dim = output.dims[axes[i]];
    const int64_t start = p.starts.values[i], end = p.ends.values[i], step = p.steps.known() ? p.steps.values[i] : 1;
    if (dim.known())
      dim = Dim(resolve(start, end, step, dim.value()).count);
    else if (!takes_all(start, end, step))
      dim = Dim();
  }
  return std::vector{std::move(output)};
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  NPU_TRY(const auto p, parameters_of(ctx));
  NPU_TRY(const auto axes, axes_of(ctx, p, input.shape().size()));
  Tensor output(input.dtype(), ctx.output_shape(0));
  if (output.elements() == 0) return std::vector{std::move(output)};
  npu::Shape strides = row_major_strides(input.shape());
  int64_t offset = 0;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Range range = resolve(p.starts.values[i], p.ends.values[i], p.steps.known() ? p.steps.values[i] : 1,
                                input.shape()[axes[i]]);
    offset += range.first * strides[axes[i]];
    strides[axes[i]] *= range.step;
  }
  const size_t size = dtype_size(input.dtype());
  strided_copy(output.shape(), size, {output.mutable_bytes().data(), row_major_strides(output.shape())},
               {input.bytes().data() + offset * static_cast<int64_t>(size), strides});
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Slice{
    .name = "Slice",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "data[start:end:step] along the given axes; negative positions count from the end",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
