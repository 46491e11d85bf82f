// SPDX-License-Identifier: Apache-2.0
#include "core/tensor/format.h"

#include <algorithm>

#include "core/base/math.h"

namespace npu {

namespace {

constexpr int64_t kN0 = 16;  // rows of a fractal

// One logical axis and where it goes: index i lies at (i / block) * outer + (i % block) * inner elements of the
// physical tensor. Every format is a list of these.
struct Axis {
  int64_t extent;
  int64_t logical;  // stride in the row-major tensor
  int64_t block;    // extent when the axis is not split
  int64_t outer;
  int64_t inner;
};

struct Layout {
  Shape physical;
  std::vector<Axis> axes;
};

Axis whole(int64_t extent, int64_t logical, int64_t stride) {
  return {extent, logical, std::max<int64_t>(extent, 1), 0, stride};
}

Layout row_major(const Shape& logical) {
  const int64_t count = element_count(logical);
  return {logical, {whole(count, 1, 1)}};
}

Layout nhwc(const Shape& s) {
  const int64_t n = s[0], c = s[1], hw = s[2] * s[3];
  return {{n, s[2], s[3], c}, {whole(n, c * hw, c * hw), whole(c, hw, 1), whole(hw, 1, c)}};
}

Layout nc1hwc0(const Shape& s, int64_t c0) {
  const int64_t n = s[0], c = s[1], hw = s[2] * s[3], c1 = ceil_div(c, c0);
  return {{n, c1, s[2], s[3], c0}, {whole(n, c * hw, c1 * hw * c0), {c, hw, c0, hw * c0, 1}, whole(hw, 1, c0)}};
}

// A convolution's weight: OIHW.
Layout fractal_z(const Shape& s, int64_t c0) {
  const int64_t n = s[0], c = s[1], k = s[2] * s[3], n1 = ceil_div(n, kN0), c1 = ceil_div(c, c0);
  const int64_t fractal = kN0 * c0;
  return {{c1 * k, n1, kN0, c0},
          {{n, c * k, kN0, fractal, c0}, {c, k, c0, k * n1 * fractal, 1}, whole(k, 1, n1 * fractal)}};
}

// A matrix product's weight: K x N.
Layout fractal_z_matrix(const Shape& s, int64_t c0) {
  const int64_t k = s[0], n = s[1], n1 = ceil_div(n, kN0), fractal = kN0 * c0;
  return {{ceil_div(k, c0), n1, kN0, c0}, {{k, n, c0, n1 * fractal, 1}, {n, 1, kN0, fractal, c0}}};
}

Layout fractal_nz(const Shape& s, int64_t c0) {
  const int64_t m = s[s.size() - 2], n = s.back(), m1 = ceil_div(m, kN0), n1 = ceil_div(n, c0);
  const int64_t fractal = kN0 * c0, batch = element_count(Shape(s.begin(), s.end() - 2));
  Shape physical(s.begin(), s.end() - 2);
  physical.insert(physical.end(), {n1, m1, kN0, c0});
  return {physical, {whole(batch, m * n, n1 * m1 * fractal), {m, n, kN0, fractal, c0}, {n, 1, c0, m1 * fractal, 1}}};
}

Result<Layout> unchecked_layout(const Shape& logical, DType dtype, Format format) {
  const std::string where(to_string(format));
  if (dtype == DType::Undefined) return fail(ErrorKind::InvalidArgument, where, "the tensor has no element type");
  NPU_CHECK(checked_element_count(logical, where));
  const bool is_image = logical.size() == 4;
  const auto wrong_rank = [&](std::string_view wanted) {
    return fail(
        ErrorKind::InvalidArgument, where,
        "shape " + to_string(logical) + " has rank " + std::to_string(logical.size()) + ", not " + std::string(wanted));
  };
  const int64_t c0 = c0_of(dtype);
  switch (format) {
    case Format::ND: return row_major(logical);
    case Format::NCHW: return is_image ? Result<Layout>(row_major(logical)) : wrong_rank("4");
    case Format::NHWC: return is_image ? Result<Layout>(nhwc(logical)) : wrong_rank("4");
    case Format::NC1HWC0_C04: return is_image ? Result<Layout>(nc1hwc0(logical, 4)) : wrong_rank("4");
    case Format::NC1HWC0: return is_image ? Result<Layout>(nc1hwc0(logical, c0)) : wrong_rank("4");
    case Format::FRACTAL_Z:
      if (logical.size() == 2) return fractal_z_matrix(logical, c0);
      return is_image ? Result<Layout>(fractal_z(logical, c0)) : wrong_rank("2 or 4");
    case Format::FRACTAL_NZ:
      return logical.size() >= 2 ? Result<Layout>(fractal_nz(logical, c0)) : wrong_rank("2 or more");
  }
  return fail(ErrorKind::InvalidArgument, where, "unknown format");
}

Result<Layout> layout_of(const Shape& logical, DType dtype, Format format) {
  NPU_TRY(Layout layout, unchecked_layout(logical, dtype, format));
  const std::string where(to_string(format));
  NPU_TRY(const int64_t count, checked_element_count(layout.physical, where));
  if (static_cast<uint64_t>(count) * dtype_size(dtype) > static_cast<uint64_t>(PTRDIFF_MAX))
    return fail(ErrorKind::InvalidArgument, where,
                "shape " + to_string(layout.physical) + " is larger than the memory");
  return layout;
}

// A loop of the copy. A split axis gives two loops; the inner one runs min(block, what the outer one left).
struct Loop {
  size_t axis;
  int64_t count;
  int64_t logical;
  int64_t physical;
  int64_t extent = 0;       // outer loop of a split axis: elements of the axis ...
  int64_t block = 0;        // ... in steps of this many ...
  size_t limits = kNoLoop;  // ... and the loop they limit
  static constexpr size_t kNoLoop = static_cast<size_t>(-1);
};

// Loops with the physically nearest elements innermost: one side of the copy is always sequential.
std::vector<Loop> loops_of(const std::vector<Axis>& axes) {
  std::vector<Loop> loops;
  for (size_t a = 0; a < axes.size(); ++a) {
    const Axis& axis = axes[a];
    if (axis.block < axis.extent)
      loops.push_back(
          {a, ceil_div(axis.extent, axis.block), axis.logical * axis.block, axis.outer, axis.extent, axis.block});
    loops.push_back({a, std::min(axis.extent, axis.block), axis.logical, axis.inner});
  }
  std::ranges::stable_sort(loops, [](const Loop& a, const Loop& b) { return a.physical > b.physical; });
  for (Loop& outer : loops)
    for (size_t i = 0; outer.block && i < loops.size(); ++i)
      if (loops[i].axis == outer.axis && !loops[i].block) outer.limits = i;
  return loops;
}

template <class T, bool kToPhysical>
class Copier {
 public:
  using Logical = std::conditional_t<kToPhysical, const T, T>;
  using Physical = std::conditional_t<kToPhysical, T, const T>;

  explicit Copier(std::vector<Loop> loops) : loops_(std::move(loops)) {
    for (const Loop& loop : loops_) counts_.push_back(loop.count);
  }

  void run(Logical* logical, Physical* physical, size_t depth = 0) {
    const Loop& loop = loops_[depth];
    if (depth + 2 == loops_.size() && loop.limits == Loop::kNoLoop) return copy_rows(logical, physical);
    if (depth + 1 == loops_.size()) return copy_row(logical, physical, counts_[depth]);
    for (int64_t i = 0; i < counts_[depth]; ++i) {
      if (loop.limits != Loop::kNoLoop) counts_[loop.limits] = std::min(loop.block, loop.extent - i * loop.block);
      run(logical + i * loop.logical, physical + i * loop.physical, depth + 1);
    }
  }

 private:
  void copy_row(Logical* logical, Physical* physical, int64_t count) {
    const int64_t ls = loops_.back().logical, ps = loops_.back().physical;
    if (ls == 1 && ps == 1) {
      if constexpr (kToPhysical)
        std::copy_n(logical, count, physical);
      else
        std::copy_n(physical, count, logical);
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      if constexpr (kToPhysical)
        physical[i * ps] = logical[i * ls];
      else
        logical[i * ls] = physical[i * ps];
    }
  }

  void copy_rows(Logical* logical, Physical* physical) {
    const Loop& rows = loops_[loops_.size() - 2];
    const int64_t count = counts_[loops_.size() - 2], row = counts_.back();
    for (int64_t i = 0; i < count; ++i) copy_row(logical + i * rows.logical, physical + i * rows.physical, row);
  }

  std::vector<Loop> loops_;
  std::vector<int64_t> counts_;
};

template <class T>
void rearrange(const Layout& layout, Tensor& to, const Tensor& from, bool to_physical) {
  for (const Axis& axis : layout.axes)
    if (axis.extent == 0) return;
  if (to_physical)
    Copier<T, true>(loops_of(layout.axes)).run(from.data<T>().data(), to.mutable_data<T>().data());
  else
    Copier<T, false>(loops_of(layout.axes)).run(to.mutable_data<T>().data(), from.data<T>().data());
}

void rearrange(const Layout& layout, Tensor& to, const Tensor& from, bool to_physical) {
  switch (dtype_size(from.dtype())) {
    case 1: return rearrange<uint8_t>(layout, to, from, to_physical);
    case 2: return rearrange<uint16_t>(layout, to, from, to_physical);
    case 4: return rearrange<uint32_t>(layout, to, from, to_physical);
    default: return rearrange<uint64_t>(layout, to, from, to_physical);
  }
}

}  // namespace

std::optional<Format> format_from_name(std::string_view name) {
  for (const FormatInfo& row : kFormats)
    if (row.name == name) return row.format;
  return std::nullopt;
}

Result<Shape> physical_shape(const Shape& logical, DType dtype, Format format) {
  NPU_TRY(const Layout layout, layout_of(logical, dtype, format));
  return layout.physical;
}

Result<Tensor> to_format(const Tensor& logical, Format format) {
  NPU_TRY(const Layout layout, layout_of(logical.shape(), logical.dtype(), format));
  if (layout.physical == logical.shape() && (format == Format::ND || format == Format::NCHW)) return logical;
  Tensor physical(logical.dtype(), layout.physical);
  rearrange(layout, physical, logical, true);
  return physical;
}

Result<Tensor> from_format(const Tensor& physical, const Shape& logical, Format format) {
  NPU_TRY(const Layout layout, layout_of(logical, physical.dtype(), format));
  if (element_count(layout.physical) != physical.elements())
    return fail(ErrorKind::InvalidArgument, std::string(to_string(format)),
                "a tensor of shape " + to_string(logical) + " has the physical shape " + to_string(layout.physical) +
                    ", not " + to_string(physical.shape()));
  if (format == Format::ND || format == Format::NCHW) return physical.reshaped(logical);
  Tensor result(physical.dtype(), logical);
  rearrange(layout, result, physical, false);
  return result;
}

}  // namespace npu
