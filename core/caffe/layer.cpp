// SPDX-License-Identifier: Apache-2.0
#include "core/caffe/layer.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::caffe {
namespace {

#define NPU_CAFFE_LAYER(...) {__VA_ARGS__},
constexpr LayerRow kRows[] = {
#include "core/caffe/caffe_layers.def"
};
#undef NPU_CAFFE_LAYER
static_assert(std::ranges::is_sorted(kRows, {}, &LayerRow::type));

Shape without_ones(Shape shape) {
  std::erase(shape, 1);
  return shape;
}

}  // namespace

std::span<const LayerRow> layer_rows() { return kRows; }

int64_t Layer::dim(size_t axis, size_t bottom) {
  const Dims& dims = graph.type(bottoms[bottom]).dims;
  if (axis < dims.size() && dims[axis].known()) return dims[axis].value();
  invalid(axis < dims.size() ? fmt::format("dimension {} of its input is open, which this layer needs to know", axis)
                                  : fmt::format("its input {} has no axis {}", to_string(dims), axis));
  return 1;
}

size_t Layer::axis(std::string_view field, int64_t fallback, bool may_end) {
  const int64_t asked = params.integer(field, fallback), dims = static_cast<int64_t>(rank());
  const int64_t found = asked < 0 ? asked + dims + (may_end ? 1 : 0) : asked;
  if (found >= 0 && (found < dims || (may_end && found == dims))) return static_cast<size_t>(found);
  invalid(fmt::format("{} is {}, its input {} has {} dimensions", field, asked, to_string(bottom_type().dims), dims));
  return 0;
}

Tensor Layer::blob(size_t index, const Shape& shape) {
  if (!ok()) return {};
  if (index >= blob_count()) {
    bad_weights(blob_count() == 0 ? "has no weights for this layer" : fmt::format("has {} blobs for this layer, {} are needed", blob_count(), index + 1));
    return {};
  }
  const auto count = checked_element_count(shape, "");
  Blob found = weights_.blob(name, index);
  if (!count || static_cast<uint64_t>(*count) != found.count()) {
    bad_weights(fmt::format("blob {} has {} values, the layer needs {}", index, found.count(), to_string(shape)));
    return {};
  }
  if (!found.shape.empty() && without_ones(found.shape) != without_ones(shape)) {
    bad_weights(fmt::format("blob {} is {}, the layer needs {}", index, to_string(found.shape), to_string(shape)));
    return {};
  }
  if (!graph.account(found.count() * sizeof(float))) return {};
  return weights_.tensor(std::move(found), shape);
}

}  // namespace npu::caffe
