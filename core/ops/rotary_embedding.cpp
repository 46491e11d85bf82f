// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"interleaved", AttrKind::Int, "0"}, {"num_heads", AttrKind::Int, "0"}, {"rotary_embedding_dim", AttrKind::Int, "0"}};

struct Layout {
  int64_t batch, heads, steps, size, rotated;
  bool heads_inside;  // X is [batch, steps, heads * size], else [batch, heads, steps, size]
};

template <class Context>
Result<Layout> layout_of(const Context& ctx, const npu::Shape& x) {
  const int64_t heads = ctx.node().int_attr("num_heads", 0);
  Layout layout{};
  if (x.size() == 3) {
    if (heads < 1 || x[2] % heads != 0) return ctx.error(fmt::format("num_heads is {} for a hidden size of {}", heads, x[2]));
    layout = {x[0], heads, x[1], x[2] / heads, 0, true};
  } else if (x.size() == 4) {
    layout = {x[0], x[1], x[2], x[3], 0, false};
  } else {
    return ctx.error(fmt::format("X is of shape {}, needs rank 3 or 4", to_string(x)));
  }
  const int64_t wanted = ctx.node().int_attr("rotary_embedding_dim", 0);
  layout.rotated = wanted == 0 ? layout.size : wanted;
  if (layout.rotated < 0 || layout.rotated > layout.size || layout.rotated % 2 != 0)
    return ctx.error(fmt::format("{} elements of a head of {} are to be rotated", layout.rotated, layout.size));
  return layout;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  NPU_CHECK(require_float(ctx, 0));
  for (size_t i : {1, 2}) NPU_CHECK(require_same_dtype(ctx, i));
  if (ctx.has_input(3)) NPU_CHECK(require_index_type(ctx, 3));
  if (x.is_static()) NPU_CHECK(layout_of(ctx, to_shape(x.dims)));
  return infer_same(ctx);
}

// The row of the tables that belongs to each step of each batch.
Result<std::vector<int64_t>> rows_of(const EvalContext& ctx, const Layout& layout) {
  const npu::Shape& table = ctx.input(1).shape();
  const int64_t half = layout.rotated / 2;
  std::vector<int64_t> rows;
  if (ctx.has_input(3)) {
    rows = ctx.input(3).to_ints();
    if (table.size() != 2 || static_cast<int64_t>(rows.size()) != layout.batch * layout.steps)
      return ctx.error(fmt::format("tables of shape {} and {} position ids for {} x {} steps", to_string(table), rows.size(), layout.batch, layout.steps));
    for (const int64_t row : rows)
      if (row < 0 || row >= table[0]) return ctx.error(fmt::format("position id {} is outside of tables of shape {}", row, to_string(table)));
  } else {
    if (table.size() != 3 || table[0] != layout.batch || table[1] != layout.steps)
      return ctx.error(fmt::format("tables of shape {} for {} x {} steps", to_string(table), layout.batch, layout.steps));
    for (int64_t i = 0; i < layout.batch * layout.steps; ++i) rows.push_back(i);
  }
  if (table.back() != half || ctx.input(2).shape() != table)
    return ctx.error(fmt::format("tables of shape {} and {} for {} rotated elements", to_string(table), to_string(ctx.input(2).shape()), layout.rotated));
  return rows;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Layout layout, layout_of(ctx, ctx.input(0).shape()));
  NPU_TRY(const auto rows, rows_of(ctx, layout));
  const bool interleaved = ctx.node().int_attr("interleaved", 0) != 0;
  const int64_t half = layout.rotated / 2;
  return visit_class<TypeClass::Float>(ctx.input(0).dtype(), [&]<class T>() -> TensorsResult {
    Tensor y = ctx.input(0);
    T* values = y.mutable_data<T>().data();
    const T *cosines = ctx.input(1).data<T>().data(), *sines = ctx.input(2).data<T>().data();
    for (int64_t b = 0; b < layout.batch; ++b)
      for (int64_t h = 0; h < layout.heads; ++h)
        for (int64_t s = 0; s < layout.steps; ++s) {
          T* head = values + (layout.heads_inside ? (b * layout.steps + s) * layout.heads + h : (b * layout.heads + h) * layout.steps + s) * layout.size;
          const int64_t row = rows[static_cast<size_t>(b * layout.steps + s)] * half;
          for (int64_t i = 0; i < half; ++i) {
            T& first = head[interleaved ? 2 * i : i];
            T& second = head[interleaved ? 2 * i + 1 : i + half];
            const auto re = static_cast<double>(first), im = static_cast<double>(second);
            const auto c = static_cast<double>(cosines[row + i]), si = static_cast<double>(sines[row + i]);
            first = static_cast<T>(c * re - si * im);
            second = static_cast<T>(si * re + c * im);
          }
        }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef RotaryEmbedding{
    .name = "RotaryEmbedding",
    .since = 23,
    .min_inputs = 3,
    .max_inputs = 4,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Pairs of elements of each head turned by the angle whose cosine and sine the tables hold for the position",
};

}  // namespace npu::op
