// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"to", AttrKind::Int, "required"}};

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(const DType to, dtype_attr(ctx, "to", 0));
  const DType from = ctx.input(0).dtype;
  const auto bits = [](DType d) { return dtype_info(d).file_bits ? static_cast<size_t>(dtype_info(d).file_bits) : 8 * dtype_size(d); };
  if (is_string(from) || is_string(to) || bits(from) != bits(to))
    return ctx.error(fmt::format("{} and {} are not of one size", to_string(from), to_string(to)));
  TensorType type = ctx.input(0);
  type.dtype = to;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  if (ctx.output_dtype(0) != DType::Bool) return std::vector{ctx.input(0).relabelled(ctx.output_dtype(0))};
  Tensor y(DType::Bool, ctx.input(0).shape());  // any byte but 0 and 1 is no bool to C++
  std::ranges::transform(ctx.input(0).bytes(), y.mutable_data<bool>().begin(), [](std::byte b) { return b != std::byte{0}; });
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef BitCast{
    .name = "BitCast",
    .since = 26,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The same bits as elements of the type to, which has the same size",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
