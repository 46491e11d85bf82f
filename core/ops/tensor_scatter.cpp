// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"axis", AttrKind::Int, "-2"}, {"mode", AttrKind::String, "linear"}};

template <class Context>
Result<size_t> axis_of(const Context& ctx, size_t rank) {
  NPU_TRY(const size_t axis, normalize_axis(ctx, ctx.node().int_attr("axis", -2), rank));
  if (axis == 0) return ctx.error("axis 0 is that of the batch");
  return axis;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType &cache = ctx.input(0), &update = ctx.input(1);
  NPU_CHECK(require_same_dtype(ctx, 1));
  const std::string mode = ctx.node().string_attr("mode", "linear");
  if (mode != "linear" && mode != "circular") return ctx.error(fmt::format("mode '{}' is not known", mode));
  if (ctx.has_input(2)) NPU_CHECK(require_index_type(ctx, 2));
  if (!cache.has_rank) return infer_same(ctx);
  NPU_TRY(const size_t axis, axis_of(ctx, cache.dims.size()));
  if (ctx.has_input(2)) NPU_CHECK(require_vector(ctx, 2, cache.dims[0], "write_indices"));
  if (update.has_rank && update.dims.size() != cache.dims.size())
    return ctx.error(fmt::format("an update of shape {} for a cache of {}", to_string(update.dims), to_string(cache.dims)));
  for (size_t i = 0; update.has_rank && i < cache.dims.size(); ++i)
    if (i != axis) NPU_CHECK(unify(ctx, update.dims[i], cache.dims[i], "update"));
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  Tensor y = ctx.input(0);
  const Tensor& update = ctx.input(1);
  NPU_TRY(const size_t axis, axis_of(ctx, y.shape().size()));
  const bool circular = ctx.node().string_attr("mode", "linear") == "circular";
  const int64_t length = y.shape()[axis], steps = update.shape()[axis];
  const auto starts = ctx.has_input(2) ? ctx.input(2).to_ints() : std::vector<int64_t>(static_cast<size_t>(y.shape()[0]), 0);
  if (steps > length) return ctx.error(fmt::format("an update of {} steps in a cache of {}", steps, length));
  if (update.elements() == 0) return std::vector{std::move(y)};
  const size_t block = static_cast<size_t>(row_major_strides(y.shape())[axis]) * dtype_size(y.dtype());
  const int64_t outer = element_count({y.shape().begin(), y.shape().begin() + static_cast<std::ptrdiff_t>(axis)});
  std::byte* to = y.mutable_bytes().data();
  for (int64_t o = 0; o < outer; ++o) {
    const int64_t start = starts[static_cast<size_t>(o / (outer / y.shape()[0]))];
    if (start < 0 || start >= length || (!circular && start + steps > length))
      return ctx.error(fmt::format("{} steps from index {} on in a cache of {}", steps, start, length));
    for (int64_t i = 0; i < steps; ++i)
      std::memcpy(to + static_cast<size_t>(o * length + (start + i) % length) * block,
                  update.bytes().data() + static_cast<size_t>(o * steps + i) * block, block);
  }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef TensorScatter{
    .name = "TensorScatter",
    .since = 24,
    .min_inputs = 2,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The cache with the update written along axis from each batch entry's index on, or around its end (circular)",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
