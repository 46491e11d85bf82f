// SPDX-License-Identifier: Apache-2.0
#include <cstring>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"batch_axis", AttrKind::Int, "1"}, {"time_axis", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  if (ctx.input(1).dtype != DType::Int64) return ctx.error(fmt::format("sequence_lens is {}, needs int64", to_string(ctx.input(1).dtype)));
  const int64_t batch = ctx.node().int_attr("batch_axis", 1), time = ctx.node().int_attr("time_axis", 0);
  if (!(batch == 0 && time == 1) && !(batch == 1 && time == 0)) return ctx.error(fmt::format("batch_axis={} and time_axis={}, need 0 and 1", batch, time));
  if (ctx.input(0).has_rank) {
    NPU_CHECK(rank_of(ctx, 0, 2));
    NPU_CHECK(require_vector(ctx, 1, ctx.input(0).dims[static_cast<size_t>(batch)], "sequence_lens"));
  }
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) {
  const Tensor& x = ctx.input(0);
  const auto lengths = ctx.input(1).to_ints();
  const auto time_axis = static_cast<size_t>(ctx.node().int_attr("time_axis", 0));
  const int64_t times = x.shape()[time_axis], rows = x.shape()[0], columns = x.shape()[1];
  for (const int64_t length : lengths)
    if (length < 0 || length > times) return ctx.error(fmt::format("a sequence of length {} in an axis of {}", length, times));
  Tensor y(x.dtype(), x.shape());
  if (y.elements() == 0) return std::vector{std::move(y)};
  const size_t block = x.byte_size() / static_cast<size_t>(rows * columns);
  std::byte* to = y.mutable_bytes().data();
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t time = time_axis == 0 ? row : column;
      const int64_t length = lengths[static_cast<size_t>(time_axis == 0 ? column : row)];
      const int64_t from = time < length ? length - 1 - time : time;
      const int64_t source = time_axis == 0 ? from * columns + column : row * columns + from;
      std::memcpy(to + static_cast<size_t>(row * columns + column) * block, x.bytes().data() + static_cast<size_t>(source) * block, block);
    }
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef ReverseSequence{
    .name = "ReverseSequence",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Each sequence of the batch reversed over its own length, the rest as it is",
    .arrive = Arrive::AsBits,
};

}  // namespace npu::op
