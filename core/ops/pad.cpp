// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/strided_copy.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// pads and value are attributes before opset 11, inputs since; axes is an input since opset 18, wrap a mode since 19.
constexpr AttrDef kAttrs[] = {
    {"mode", AttrKind::String, "constant"}, {"pads", AttrKind::Ints, ""}, {"value", AttrKind::Float, "0"}};

// Of one axis; negative numbers crop.
struct AxisPads {
  int64_t begin = 0, end = 0;
};

constexpr std::string_view kModes[] = {"constant", "reflect", "edge", "wrap"};

// Nothing when pads or axes are not known at compile time.
template <class Context>
Result<std::optional<std::vector<AxisPads>>> pads_of(const Context& ctx, size_t rank) {
  constexpr int64_t kLimit = int64_t{1} << 40;
  const std::string mode = ctx.node().string_attr("mode", "constant");
  if (std::ranges::find(kModes, mode) == std::end(kModes)) return ctx.error(fmt::format("mode '{}' is not known", mode));
  NPU_TRY(const auto pads, ints_parameter(ctx, 1, "pads"));
  NPU_TRY(const auto axes, ints_parameter(ctx, 3, "axes"));
  if (pads.unknown() || axes.unknown()) return std::nullopt;
  const size_t count = axes.known() ? axes.values.size() : rank;
  if (pads.values.size() != 2 * count)
    return ctx.error(fmt::format("pads has {} values, {} axes need {}", pads.values.size(), count, 2 * count));
  std::vector<AxisPads> result(rank);
  std::vector<bool> seen(rank, false);
  for (size_t i = 0; i < count; ++i) {
    NPU_TRY(const size_t axis, normalize_axis(ctx, axes.known() ? axes.values[i] : static_cast<int64_t>(i), rank));
    if (seen[axis]) return ctx.error(fmt::format("axis {} is given twice", axis));
    seen[axis] = true;
    result[axis] = {pads.values[i], pads.values[count + i]};
    for (int64_t pad : {pads.values[i], pads.values[count + i]})
      if (pad < -kLimit || pad > kLimit) return ctx.error(fmt::format("pad {} at axis {}", pad, axis));
  }
  return result;
}

TypesResult infer(const InferContext& ctx) {
  TensorType output = ctx.input(0);
  if (ctx.has_input(2)) NPU_CHECK(require_same_dtype(ctx, 2));
  if (!output.has_rank) return std::vector{std::move(output)};
  NPU_TRY(const auto pads, pads_of(ctx, output.dims.size()));
  if (!pads) return std::vector{unknown_of_rank(output.dtype, output.dims.size())};
  const bool is_constant = ctx.node().string_attr("mode", "constant") == "constant";
  for (size_t i = 0; i < output.dims.size(); ++i) {
    Dim& dim = output.dims[i];
    const auto [begin, end] = (*pads)[i];
    if (!dim.known()) {
      if (begin != 0 || end != 0) dim = Dim();
      continue;
    }
    const int64_t core = dim.value() + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0);
    if (core < 0) return ctx.error(fmt::format("pads {} and {} crop more than the {} elements of axis {}", begin, end, dim.value(), i));
    if (core == 0 && !is_constant && (begin > 0 || end > 0))
      return ctx.error(fmt::format("axis {} has no elements to pad from", i));
    dim = Dim(dim.value() + begin + end);
  }
  return std::vector{std::move(output)};
}

void fill(const EvalContext& ctx, Tensor& output) {
  visit_dtype(output.dtype(), [&]<class T>() {
    if constexpr (std::is_arithmetic_v<T>) {
      const T value = ctx.has_input(2) && ctx.input(2).elements() == 1
                          ? ctx.input(2).data<T>()[0] : static_cast<T>(ctx.node().float_attr("value", 0));
      std::ranges::fill(output.mutable_data<T>(), value);
    }
  });
}

// Which of `length` elements stands at position i, counted from the first of them.
int64_t source_of(std::string_view mode, int64_t i, int64_t length) {
  const auto modulo = [](int64_t a, int64_t n) { return (a % n + n) % n; };
  if (mode == "edge") return std::clamp<int64_t>(i, 0, length - 1);
  if (mode == "wrap") return modulo(i, length);
  const int64_t period = std::max<int64_t>(2 * (length - 1), 1);
  const int64_t at = modulo(i, period);
  return at < length ? at : period - at;
}

// The input without what negative pads crop, at its place in the output.
void copy_core(const Tensor& input, Tensor& output, const std::vector<AxisPads>& pads, npu::Shape& core) {
  const npu::Shape from = row_major_strides(input.shape()), to = row_major_strides(output.shape());
  int64_t from_offset = 0, to_offset = 0;
  for (size_t i = 0; i < pads.size(); ++i) {
    core.push_back(input.shape()[i] + std::min<int64_t>(pads[i].begin, 0) + std::min<int64_t>(pads[i].end, 0));
    from_offset += std::max<int64_t>(-pads[i].begin, 0) * from[i];
    to_offset += std::max<int64_t>(pads[i].begin, 0) * to[i];
  }
  if (element_count(core) == 0) return;
  const auto size = static_cast<int64_t>(dtype_size(input.dtype()));
  strided_copy(core, static_cast<size_t>(size), {output.mutable_bytes().data() + to_offset * size, to},
               {input.bytes().data() + from_offset * size, from});
}

// Fills the borders from the core, last axis first, by whole slabs of the axes behind.
void copy_borders(Tensor& output, const std::vector<AxisPads>& pads, const npu::Shape& core, std::string_view mode) {
  const npu::Shape& shape = output.shape();
  const npu::Shape strides = row_major_strides(shape);
  std::byte* data = output.mutable_bytes().data();
  for (size_t axis = shape.size(); axis-- > 0;) {
    if (core[axis] == shape[axis]) continue;
    const auto slab = static_cast<size_t>(strides[axis]) * dtype_size(output.dtype());
    const int64_t begin = std::max<int64_t>(pads[axis].begin, 0);
    const int64_t outer = output.elements() / (strides[axis] * shape[axis]);
    for (int64_t o = 0; o < outer; ++o) {
      std::byte* plane = data + static_cast<size_t>(o * shape[axis]) * slab;
      for (int64_t i = 0; i < shape[axis]; ++i) {
        if (i >= begin && i < begin + core[axis]) continue;
        const auto source = static_cast<size_t>(begin + source_of(mode, i - begin, core[axis]));
        std::memcpy(plane + static_cast<size_t>(i) * slab, plane + source * slab, slab);
      }
    }
  }
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& input = ctx.input(0);
  NPU_TRY(const auto pads, pads_of(ctx, input.shape().size()));
  const std::string mode = ctx.node().string_attr("mode", "constant");
  Tensor output(input.dtype(), ctx.output_shape(0));
  if (output.elements() == 0) return std::vector{std::move(output)};
  if (mode == "constant") fill(ctx, output);
  npu::Shape core;
  copy_core(input, output, *pads, core);
  if (mode != "constant") copy_borders(output, *pads, core, mode);
  return std::vector{std::move(output)};
}

}  // namespace

extern constinit const OpDef Pad{
    .name = "Pad",
    .since = 2,
    .min_inputs = 1,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The input with elements added before and after each axis: a constant, or mirrored, repeated or wrapped ones",
    .arrive = Arrive::Ordered,
};

}  // namespace npu::op
