// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/strided_copy.h"

#include <algorithm>

namespace npu::detail {

namespace {

struct Axis {
  int64_t extent;
  int64_t to;
  int64_t from;
};

// Axes of extent 1 dropped, neighbours that step as one merged; never empty.
std::vector<Axis> merged_axes(const Shape& extents, const Shape& to, const Shape& from) {
  std::vector<Axis> axes;
  for (size_t i = 0; i < extents.size(); ++i) {
    const Axis axis{extents[i], to[i], from[i]};
    if (axis.extent == 1) continue;
    if (!axes.empty() && axes.back().to == axis.to * axis.extent && axes.back().from == axis.from * axis.extent)
      axes.back() = {axes.back().extent * axis.extent, axis.to, axis.from};
    else
      axes.push_back(axis);
  }
  if (axes.empty()) axes.push_back({1, 1, 1});
  return axes;
}

template <class Element>
void copy_run(const Axis& run, Element* to, const Element* from) {
  if (run.to == 1 && run.from == 1) {
    std::memcpy(to, from, static_cast<size_t>(run.extent) * sizeof(Element));
  } else if (run.to == 1 && run.from == 0) {
    std::fill_n(to, run.extent, *from);
  } else {
    for (int64_t i = 0; i < run.extent; ++i) to[i * run.to] = from[i * run.from];
  }
}

// Both sides walk within a few cache lines while a block is done.
template <class Element>
void copy_plane(const Axis& outer, const Axis& inner, Element* to, const Element* from) {
  constexpr int64_t kBlock = 64 / sizeof(Element) * 2;
  for (int64_t i0 = 0; i0 < outer.extent; i0 += kBlock)
    for (int64_t j0 = 0; j0 < inner.extent; j0 += kBlock) {
      const int64_t i1 = std::min(i0 + kBlock, outer.extent), j1 = std::min(j0 + kBlock, inner.extent);
      for (int64_t i = i0; i < i1; ++i)
        for (int64_t j = j0; j < j1; ++j) to[i * outer.to + j * inner.to] = from[i * outer.from + j * inner.from];
    }
}

// Calls body(to, from) at every index of the axes before the last `kept`.
template <class Element, class Body>
void for_each_outer(const std::vector<Axis>& axes, size_t kept, Element* to, const Element* from, Body&& body) {
  const size_t outer = axes.size() - kept;
  Shape index(outer, 0);
  // Offsets, not pointers, are stepped: between steps they may lie outside of the arrays.
  int64_t to_offset = 0, from_offset = 0;
  for (;;) {
    body(to + to_offset, from + from_offset);
    size_t i = outer;
    for (; i-- > 0;) {
      to_offset += axes[i].to, from_offset += axes[i].from;
      if (++index[i] < axes[i].extent) break;
      to_offset -= axes[i].to * axes[i].extent, from_offset -= axes[i].from * axes[i].extent;
      index[i] = 0;
    }
    if (i == static_cast<size_t>(-1)) return;
  }
}

template <class Element>
void copy_elements(std::vector<Axis> axes, Element* to, const Element* from) {
  // A source whose unit step is on another axis than the last is a transpose: those two axes go innermost, together.
  const auto unit = std::ranges::find_if(axes, [](const Axis& axis) { return axis.from == 1; });
  if (axes.back().from != 1 && axes.back().from != 0 && unit != axes.end() && unit + 1 != axes.end()) {
    std::rotate(unit, unit + 1, axes.end() - 1);
    return for_each_outer(axes, 2, to, from, [&](Element* t, const Element* f) { copy_plane(*(axes.end() - 2), axes.back(), t, f); });
  }
  for_each_outer(axes, 1, to, from, [&](Element* t, const Element* f) { copy_run(axes.back(), t, f); });
}

}  // namespace

void strided_copy(const Shape& extents, size_t element_size, StridedView<std::byte> to, StridedView<const std::byte> from) {
  if (std::ranges::find(extents, 0) != extents.end()) return;
  const auto axes = merged_axes(extents, to.strides, from.strides);
  const auto copy = [&]<class Element>() {
    copy_elements(axes, reinterpret_cast<Element*>(to.data), reinterpret_cast<const Element*>(from.data));
  };
  switch (element_size) {
    case 1: return copy.template operator()<uint8_t>();
    case 2: return copy.template operator()<uint16_t>();
    case 4: return copy.template operator()<uint32_t>();
    default: return copy.template operator()<uint64_t>();
  }
}

Tensor transposed(const Tensor& tensor, const std::vector<size_t>& permutation) {
  const Shape strides = row_major_strides(tensor.shape());
  Shape shape, from;
  for (size_t axis : permutation) shape.push_back(tensor.shape()[axis]), from.push_back(strides[axis]);
  Tensor output(tensor.dtype(), shape);
  strided_copy(shape, dtype_size(tensor.dtype()), {output.mutable_bytes().data(), row_major_strides(shape)},
               {tensor.bytes().data(), from});
  return output;
}

}  // namespace npu::detail
