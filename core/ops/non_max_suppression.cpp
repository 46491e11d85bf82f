// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"center_point_box", AttrKind::Int, "0"}};

TypesResult infer(const InferContext& ctx) {
  const TensorType &boxes = ctx.input(0), &scores = ctx.input(1);
  for (size_t i : {0, 1, 3, 4})
    if (ctx.has_input(i) && ctx.input(i).dtype != DType::Float32) return ctx.error(fmt::format("input {} is {}, needs float32", i, to_string(ctx.input(i).dtype)));
  if (ctx.has_input(2) && ctx.input(2).dtype != DType::Int64) return ctx.error(fmt::format("max_output_boxes_per_class is {}, needs int64", to_string(ctx.input(2).dtype)));
  for (size_t i : {0, 1})
    if (ctx.input(i).has_rank && ctx.input(i).dims.size() != 3) return ctx.error(fmt::format("input {} is of shape {}, needs rank 3", i, to_string(ctx.input(i).dims)));
  if (boxes.has_rank) NPU_CHECK(unify(ctx, boxes.dims[2], Dim(4), "values of a box"));
  if (boxes.has_rank && scores.has_rank) {
    NPU_CHECK(unify(ctx, boxes.dims[0], scores.dims[0], "batch"));
    NPU_CHECK(unify(ctx, boxes.dims[1], scores.dims[2], "boxes"));
  }
  return std::vector{TensorType::of(DType::Int64, Dims{Dim(), Dim(3)})};
}

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

// y1, x1, y2, x2 of any two opposite corners, or the centre x, y, width and height.
Box box_of(const float* v, bool centred) {
  const double a = v[0], b = v[1], c = v[2], d = v[3];
  if (centred) return {b - d / 2, a - c / 2, b + d / 2, a + c / 2};
  return {std::min(a, c), std::min(b, d), std::max(a, c), std::max(b, d)};
}

double overlap(const Box& a, const Box& b) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top), width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0) || a.area() <= 0 || b.area() <= 0) return 0;
  return height * width / (a.area() + b.area() - height * width);
}

double scalar_of(const EvalContext& ctx, size_t i, double fallback) {
  return ctx.has_input(i) && ctx.input(i).elements() > 0 ? ctx.input(i).to_doubles()[0] : fallback;
}

TensorsResult reference(const EvalContext& ctx) {
  const npu::Shape& shape = ctx.input(1).shape();
  const bool centred = ctx.node().int_attr("center_point_box", 0) != 0;
  const double most = scalar_of(ctx, 2, 0), limit = scalar_of(ctx, 3, 0), least = scalar_of(ctx, 4, -std::numeric_limits<double>::infinity());
  if (!(limit >= 0 && limit <= 1)) return ctx.error(fmt::format("iou_threshold is {}", limit));
  const auto boxes = ctx.input(0).data<float>(), scores = ctx.input(1).data<float>();
  const auto count = static_cast<size_t>(shape[2]);
  std::vector<int64_t> selected;
  for (int64_t batch = 0; batch < shape[0]; ++batch)
    for (int64_t c = 0; c < shape[1]; ++c) {
      const float* score = scores.data() + static_cast<size_t>(batch * shape[1] + c) * count;
      std::vector<size_t> order;
      for (size_t i = 0; i < count; ++i)
        if (static_cast<double>(score[i]) > least) order.push_back(i);
      std::ranges::stable_sort(order, [&](size_t a, size_t b) { return score[a] > score[b]; });
      std::vector<Box> kept;
      for (const size_t i : order) {
        if (static_cast<double>(kept.size()) >= most) break;
        const Box box = box_of(boxes.data() + (static_cast<size_t>(batch) * count + i) * 4, centred);
        if (std::ranges::any_of(kept, [&](const Box& other) { return overlap(box, other) > limit; })) continue;
        kept.push_back(box);
        selected.insert(selected.end(), {batch, c, static_cast<int64_t>(i)});
      }
    }
  return std::vector{Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(selected.size() / 3), 3}, selected)};
}

}  // namespace

extern constinit const OpDef NonMaxSuppression{
    .name = "NonMaxSuppression",
    .since = 10,
    .min_inputs = 2,
    .max_inputs = 5,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Boxes of each class in descending score that overlap no better one by more than the threshold: (batch, class, box)",
    .from_values = true,
};

}  // namespace npu::op
