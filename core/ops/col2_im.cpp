// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/position.h"
#include "core/ops/detail/window.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"dilations", AttrKind::Ints, ""}, {"pads", AttrKind::Ints, ""}, {"strides", AttrKind::Ints, ""}};

// The window whose columns they are. Precondition: both shapes are known.
template <class Context>
Result<Window> window_of(const Context& ctx, const std::vector<int64_t>& image, const std::vector<int64_t>& block) {
  if (image.size() != block.size() || image.empty())
    return ctx.error(fmt::format("image_shape has {} values, block_shape {}", image.size(), block.size()));
  for (const int64_t size : image)
    if (size < 1 || size > INT32_MAX) return ctx.error(fmt::format("image_shape holds {}", size));
  return read_window(ctx.node(), ctx.where(), block, kMaxRank);
}

Result<std::vector<int64_t>> outputs_of(const Window& window, const std::vector<int64_t>& image, const std::string& where) {
  std::vector<int64_t> outputs;
  for (size_t i = 0; i < image.size(); ++i) {
    NPU_TRY(const Dim dim, window_output(window, i, Dim(image[i]), where));
    outputs.push_back(dim.value());
  }
  return outputs;
}

TypesResult infer(const InferContext& ctx) {
  const TensorType& x = ctx.input(0);
  for (size_t i : {1, 2})
    if (ctx.input(i).dtype != DType::Int64) return ctx.error(fmt::format("input {} is {}, needs int64", i, to_string(ctx.input(i).dtype)));
  const auto image = ints_input(ctx, 1), block = ints_input(ctx, 2);
  if (!image || !block) return std::vector{unranked(x.dtype)};
  NPU_TRY(const Window window, window_of(ctx, *image, *block));
  NPU_TRY(const auto outputs, outputs_of(window, *image, ctx.where()));
  NPU_TRY(const int64_t taps, checked_element_count(*block, ctx.where()));
  NPU_TRY(const int64_t columns, checked_element_count(outputs, ctx.where()));
  Dims dims(2);
  if (x.has_rank) {
    if (x.dims.size() != 3) return ctx.error(fmt::format("input 0 is of shape {}, needs rank 3", to_string(x.dims)));
    dims[0] = x.dims[0];
    NPU_CHECK(unify(ctx, x.dims[2], Dim(columns), "columns"));
    if (x.dims[1].known() && x.dims[1].value() % taps != 0) return ctx.error(fmt::format("{} rows for blocks of {}", x.dims[1].value(), taps));
    if (x.dims[1].known()) dims[1] = Dim(x.dims[1].value() / taps);
  }
  for (const int64_t size : *image) dims.push_back(Dim(size));
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto image = ctx.input(1).to_ints(), block = ctx.input(2).to_ints();
  NPU_TRY(const Window window, window_of(ctx, image, block));
  NPU_TRY(const auto outputs, outputs_of(window, image, ctx.where()));
  Tensor y(ctx.output_dtype(0), ctx.output_shape(0));
  const int64_t planes = y.shape()[0] * y.shape()[1], taps = element_count(block), columns = element_count(outputs), pixels = element_count(image);
  const npu::Shape strides = row_major_strides(image);
  return visit_class<TypeClass::Number>(y.dtype(), [&]<class T>() -> TensorsResult {
    const T* from = ctx.input(0).data<T>().data();
    const auto to = y.mutable_data<T>();
    Position tap(block);
    for (int64_t t = 0; t < taps; ++t, tap.next()) {
      Position column(outputs);
      for (int64_t c = 0; c < columns; ++c, column.next()) {
        int64_t offset = 0;
        bool inside = true;
        for (size_t i = 0; i < image.size(); ++i) {
          const WindowAxis& axis = window.axes[i];
          const int64_t at = column[i] * axis.stride + tap[i] * axis.dilation - axis.pad_begin;
          inside = inside && at >= 0 && at < image[i];
          offset += at * strides[i];
        }
        if (!inside) continue;
        for (int64_t plane = 0; plane < planes; ++plane) {
          T& target = to[static_cast<size_t>(plane * pixels + offset)];
          target = WrappingAdd()(target, from[(plane * taps + t) * columns + c]);
        }
      }
    }
    return std::vector{std::move(y)};
  });
}

}  // namespace

extern constinit const OpDef Col2Im{
    .name = "Col2Im",
    .since = 18,
    .min_inputs = 3,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Columns of blocks put back into images; where blocks overlap their values are added",
};

}  // namespace npu::op
