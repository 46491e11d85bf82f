// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace npu::detail {

namespace {

float input_coordinate(const ResizePlan& plan, const ResizeAxis& axis, int64_t output) {
  const auto x = static_cast<float>(output);
  const auto in = static_cast<float>(axis.in);
  const auto out = static_cast<float>(axis.out);
  switch (plan.coordinates) {
    case Coordinates::HalfPixel: return (x + 0.5f) / axis.scale - 0.5f;
    case Coordinates::HalfPixelSymmetric: {
      const float adjustment = out / (axis.scale * in);
      return in / 2 * (1 - adjustment) + (x + 0.5f) / axis.scale - 0.5f;
    }
    case Coordinates::PytorchHalfPixel: return axis.out > 1 ? (x + 0.5f) / axis.scale - 0.5f : 0.0f;
    case Coordinates::AlignCorners: {
      // Given scales, the length is scale * in even when that is no integer (as in ONNX's reference implementation).
      const float length = axis.from_scale ? axis.scale * in : out;
      return length == 1 || axis.out <= 1 ? 0.0f : x * (in - 1) / (length - 1);
    }
    case Coordinates::Asymmetric: return x / axis.scale;
    case Coordinates::TfHalfPixelForNn: return (x + 0.5f) / axis.scale;
    case Coordinates::TfCropAndResize:
      if (axis.out == 1) return 0.5f * (axis.roi_start + axis.roi_end) * (in - 1);
      return axis.roi_start * (in - 1) + x * (axis.roi_end - axis.roi_start) * (in - 1) / (out - 1);
  }
  return x;
}

// Into the input, whatever the coordinate (a NaN counts as 0).
int64_t clamp_index(double index, int64_t size) {
  if (!(index > 0)) return 0;
  return index >= static_cast<double>(size - 1) ? size - 1 : static_cast<int64_t>(index);
}

int64_t nearest_index(const ResizePlan& plan, const ResizeAxis& axis, float x) {
  float rounded = x;
  switch (plan.nearest) {
    case NearestMode::RoundPreferFloor: rounded = std::ceil(x - 0.5f); break;
    case NearestMode::RoundPreferCeil: rounded = std::floor(x + 0.5f); break;
    case NearestMode::Floor: rounded = std::floor(x); break;
    case NearestMode::Ceil: rounded = std::ceil(x); break;
    case NearestMode::Simple: rounded = axis.scale < 1 ? std::ceil(x) : std::floor(x); break;
  }
  return clamp_index(rounded, axis.in);
}

double filter(const ResizePlan& plan, double distance) {
  const double x = std::abs(distance);
  if (plan.mode == ResizeMode::Linear) return std::max(0.0, 1 - x);
  const double a = plan.cubic_a;
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

struct Tap {
  int64_t index;
  double weight;
};

// The inputs one output is made of.
std::vector<Tap> taps_of(const ResizePlan& plan, const ResizeAxis& axis, float x) {
  if (plan.mode == ResizeMode::Nearest) return {{nearest_index(plan, axis, x), 1}};
  const double stretch = plan.antialias ? std::min(static_cast<double>(axis.scale), 1.0) : 1.0;
  const double support = (plan.mode == ResizeMode::Linear ? 1 : 2) / stretch;
  // Nothing beyond the support of the filter around the input matters; this also bounds the loop below.
  const double centre = std::clamp(static_cast<double>(x), -2 * support - 1, static_cast<double>(axis.in) + 2 * support);
  const double base = std::ceil(centre) - 1;  // the input to the left
  const double fraction = centre - base;      // in (0, 1]
  const auto start = static_cast<int64_t>(std::floor(-support)) + 1;
  std::vector<Tap> taps;
  double sum = 0;
  for (int64_t i = start; i < 2 - start; ++i) {
    const double position = base + static_cast<double>(i);
    const bool outside = position < 0 || position > static_cast<double>(axis.in - 1);
    if (outside && plan.exclude_outside) continue;
    const double weight = filter(plan, stretch * (static_cast<double>(i) - fraction));
    if (weight == 0) continue;
    taps.push_back({clamp_index(position, axis.in), weight});
    sum += weight;
  }
  if ((plan.exclude_outside || plan.antialias) && sum != 0)
    for (Tap& tap : taps) tap.weight /= sum;
  return taps;
}

// How one dimension is made: taps per output, and which outputs lie outside of the input.
struct AxisMap {
  std::vector<std::vector<Tap>> taps;
  std::vector<bool> extrapolated;
  bool identity = true;
};

AxisMap map_axis(const ResizePlan& plan, const ResizeAxis& axis) {
  AxisMap map;
  map.identity = axis.in == axis.out;
  for (int64_t output = 0; output < axis.out; ++output) {
    const float x = input_coordinate(plan, axis, output);
    map.taps.push_back(taps_of(plan, axis, x));
    map.extrapolated.push_back(plan.coordinates == Coordinates::TfCropAndResize &&
                               !(x >= 0 && x <= static_cast<float>(axis.in - 1)));
    const auto& taps = map.taps.back();
    map.identity = map.identity && taps.size() == 1 && taps[0].index == output && taps[0].weight == 1;
  }
  return map;
}

// Sizes before, along and after a dimension.
struct Split {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
};

Split split_at(const Shape& shape, size_t axis) {
  Split split;
  for (size_t i = 0; i < shape.size(); ++i) (i < axis ? split.outer : i == axis ? split.size : split.inner) *= shape[i];
  return split;
}

Tensor gather_axis(const Tensor& input, size_t axis, const AxisMap& map) {
  Shape shape = input.shape();
  const Split from = split_at(shape, axis);
  shape[axis] = static_cast<int64_t>(map.taps.size());
  Tensor output(input.dtype(), shape);
  const size_t block = static_cast<size_t>(from.inner) * dtype_size(input.dtype());
  const std::byte* source = input.bytes().data();
  std::byte* target = output.mutable_bytes().data();
  for (int64_t outer = 0; outer < from.outer; ++outer, source += static_cast<size_t>(from.size) * block)
    for (const auto& taps : map.taps) {
      const std::byte* from_here = source + static_cast<size_t>(taps[0].index) * block;
      if (block == sizeof(float))  // a size the compiler knows: no call for every element of the last dimension
        std::memcpy(target, from_here, sizeof(float));
      else
        std::memcpy(target, from_here, block);
      target += block;
    }
  return output;
}

template <class T>
Tensor interpolate_axis(const Tensor& input, size_t axis, const AxisMap& map) {
  Shape shape = input.shape();
  const Split from = split_at(shape, axis);
  shape[axis] = static_cast<int64_t>(map.taps.size());
  Tensor output(input.dtype(), shape);
  const T* source = input.data<T>().data();
  T* target = output.mutable_data<T>().data();
  std::vector<double> sums(static_cast<size_t>(from.inner));
  for (int64_t outer = 0; outer < from.outer; ++outer, source += from.size * from.inner)
    for (const auto& taps : map.taps) {
      if (from.inner == 1) {  // the last dimension: a register instead of a row of sums
        double sum = 0;
        for (const Tap& tap : taps) sum += tap.weight * static_cast<double>(source[tap.index]);
        *target++ = static_cast<T>(sum);
        continue;
      }
      std::ranges::fill(sums, 0.0);
      for (const Tap& tap : taps) {
        const T* row = source + tap.index * from.inner;
        for (size_t i = 0; i < sums.size(); ++i) sums[i] += tap.weight * static_cast<double>(row[i]);
      }
      for (double sum : sums) *target++ = static_cast<T>(sum);
    }
  return output;
}

// Sets the slices whose coordinate lies outside of the input.
template <class T>
void extrapolate(Tensor& tensor, size_t axis, const AxisMap& map, T value) {
  const Split split = split_at(tensor.shape(), axis);
  T* data = tensor.mutable_data<T>().data();
  for (int64_t outer = 0; outer < split.outer; ++outer)
    for (int64_t i = 0; i < split.size; ++i, data += split.inner)
      if (map.extrapolated[static_cast<size_t>(i)]) std::fill_n(data, split.inner, value);
}

}  // namespace

Tensor resize(const Tensor& input, const ResizePlan& plan) {
  std::vector<AxisMap> maps;
  for (const ResizeAxis& axis : plan.axes) maps.push_back(map_axis(plan, axis));
  const bool nearest = plan.mode == ResizeMode::Nearest;
  // Interpolated integers are computed in double and truncated at the end.
  const bool is_float = input.dtype() == DType::Float32 || input.dtype() == DType::Float64;
  Tensor tensor = nearest || is_float ? input : input.cast(DType::Float64);
  for (size_t axis = maps.size(); axis-- > 0;) {
    if (maps[axis].identity) continue;
    if (nearest)
      tensor = gather_axis(tensor, axis, maps[axis]);
    else if (tensor.dtype() == DType::Float32)
      tensor = interpolate_axis<float>(tensor, axis, maps[axis]);
    else
      tensor = interpolate_axis<double>(tensor, axis, maps[axis]);
  }
  for (size_t axis = 0; axis < maps.size(); ++axis) {
    if (std::ranges::find(maps[axis].extrapolated, true) == maps[axis].extrapolated.end()) continue;
    const Tensor value = Tensor::from<double>(DType::Float64, {1}, std::span(&plan.extrapolation, 1)).cast(tensor.dtype());
    visit_dtype(tensor.dtype(), [&]<class T>() { extrapolate<T>(tensor, axis, maps[axis], value.data<T>()[0]); });
  }
  return tensor.cast(input.dtype());
}

}  // namespace npu::detail
