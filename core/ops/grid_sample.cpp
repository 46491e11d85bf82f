// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/math_functions.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"align_corners", AttrKind::Int, "0"}, {"mode", AttrKind::String, "linear"}, {"padding_mode", AttrKind::String, "zeros"}};

enum class Mode : uint8_t { Linear, Nearest, Cubic };
enum class Padding : uint8_t { Zeros, Border, Reflection };

struct Sampling {
  Mode mode;
  Padding padding;
  bool align;
};

template <class Context>
Result<Sampling> sampling_of(const Context& ctx) {
  static constexpr std::pair<std::string_view, Mode> kModes[] = {  // names before and since opset 20
      {"linear", Mode::Linear}, {"bilinear", Mode::Linear}, {"nearest", Mode::Nearest}, {"cubic", Mode::Cubic}, {"bicubic", Mode::Cubic}};
  static constexpr std::pair<std::string_view, Padding> kPaddings[] = {
      {"zeros", Padding::Zeros}, {"border", Padding::Border}, {"reflection", Padding::Reflection}};
  const std::string mode = ctx.node().string_attr("mode", "linear"), padding = ctx.node().string_attr("padding_mode", "zeros");
  const auto* found = std::ranges::find(kModes, std::string_view(mode), &std::pair<std::string_view, Mode>::first);
  const auto* outside = std::ranges::find(kPaddings, std::string_view(padding), &std::pair<std::string_view, Padding>::first);
  if (found == std::end(kModes)) return ctx.error(fmt::format("mode '{}' is not known", mode));
  if (outside == std::end(kPaddings)) return ctx.error(fmt::format("padding_mode '{}' is not known", padding));
  return Sampling{found->second, outside->second, ctx.node().int_attr("align_corners", 0) != 0};
}

TypesResult infer(const InferContext& ctx) {
  const TensorType &x = ctx.input(0), &grid = ctx.input(1);
  NPU_TRY(const Sampling sampling, sampling_of(ctx));
  NPU_CHECK(require_float(ctx, 1));
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  if (!x.has_rank || !grid.has_rank) return std::vector{unranked(x.dtype)};
  NPU_TRY(const size_t rank, rank_of(ctx, 0, 3));
  if (rank > 66 || grid.dims.size() != rank) return ctx.error(fmt::format("X of shape {} and grid of {}", to_string(x.dims), to_string(grid.dims)));
  if (sampling.mode == Mode::Cubic && rank != 4) return ctx.error(fmt::format("cubic sampling of X of shape {}, needs rank 4", to_string(x.dims)));
  NPU_CHECK(unify(ctx, grid.dims.back(), Dim(static_cast<int64_t>(rank) - 2), "coordinates of a position"));
  NPU_TRY(const Dim batch, unify(ctx, x.dims[0], grid.dims[0], "batch"));
  Dims dims{batch, x.dims[1]};
  dims.insert(dims.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  return std::vector{TensorType::of(x.dtype, std::move(dims))};
}

// From [-1, 1] to elements.
double element_of(double x, int64_t size, bool align) {
  const auto n = static_cast<double>(size);
  return align ? (x + 1) / 2 * (n - 1) : ((x + 1) * n - 1) / 2;
}

double reflected(double x, double low, double high) {
  const double range = high - low;
  if (!(range > 0)) return low;
  double distance = x < low ? low - x : x - low;
  const double turns = fixed::floor(distance / range);
  distance -= turns * range;
  const bool even = fixed::floor(turns / 2) * 2 == turns;
  const bool from_low = x < low || x > high ? even : true;
  return from_low ? low + distance : high - distance;
}

// The index an integer position reads along an axis, or -1 for a zero.
int64_t index_of(const Sampling& sampling, double position, int64_t size) {
  const auto last = static_cast<double>(size - 1);
  if (position >= 0 && position <= last) return static_cast<int64_t>(position);
  if (sampling.padding == Padding::Zeros) return -1;
  if (sampling.padding == Padding::Border) return position < 0 ? 0 : size - 1;
  const double back = sampling.align ? reflected(position, 0, last) : fixed::round_half_even(reflected(position, -0.5, last + 0.5));
  return static_cast<int64_t>(std::clamp(back, 0.0, last));
}

// Keys' cubic with a = -0.75 at the distances 1 + t, t, 1 - t and 2 - t.
std::array<double, 4> cubic_weights(double t) {
  constexpr double a = -0.75;
  const auto near = [](double x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

struct Tap {
  int64_t index;  // along the axis, -1 for a zero
  double weight;
};

std::vector<Tap> taps_of(const Sampling& sampling, double coordinate, int64_t size) {
  double x = element_of(coordinate, size, sampling.align);
  const double low = sampling.align ? 0 : -0.5, high = static_cast<double>(size) - (sampling.align ? 1 : 0.5);
  if (sampling.mode == Mode::Nearest) x = fixed::round_half_even(x);
  if (x < low || x > high) {
    if (sampling.padding == Padding::Border) x = std::clamp(x, 0.0, static_cast<double>(size - 1));
    if (sampling.padding == Padding::Reflection) x = reflected(x, low, high);
  }
  if (!(x > -1e15 && x < 1e15)) return {{-1, 0}};
  if (sampling.mode == Mode::Nearest) return {{index_of(sampling, fixed::round_half_even(x), size), 1}};
  const double base = fixed::floor(x), t = x - base;
  if (sampling.mode == Mode::Linear) return {{index_of(sampling, base, size), 1 - t}, {index_of(sampling, base + 1, size), t}};
  const auto weights = cubic_weights(t);
  std::vector<Tap> taps;
  for (int i = 0; i < 4; ++i) taps.push_back({index_of(sampling, base - 1 + i, size), weights[static_cast<size_t>(i)]});
  return taps;
}

// The weighted sum over the box of taps, outermost axis first.
double sampled(const double* x, const std::vector<std::vector<Tap>>& taps, const npu::Shape& strides, size_t axis) {
  if (axis == taps.size()) return *x;
  double sum = 0;
  for (const Tap& tap : taps[axis])
    if (tap.index >= 0 && tap.weight != 0) sum += tap.weight * sampled(x + tap.index * strides[axis + 2], taps, strides, axis + 1);
  return sum;
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(const Sampling sampling, sampling_of(ctx));
  const npu::Shape &shape = ctx.input(0).shape(), out = ctx.output_shape(0), strides = row_major_strides(shape);
  const size_t rank = shape.size() - 2;
  const auto x = ctx.input(0).to_doubles(), grid = ctx.input(1).to_doubles();
  Tensor y(DType::Float64, out);
  if (x.empty()) return std::vector{y.cast(ctx.output_dtype(0))};
  const int64_t points = element_count({out.begin() + 2, out.end()}), channels = out[1];
  double* to = y.mutable_data<double>().data();
  for (int64_t n = 0; n < out[0]; ++n)
    for (int64_t p = 0; p < points; ++p) {
      const double* coordinates = grid.data() + static_cast<size_t>(n * points + p) * rank;
      std::vector<std::vector<Tap>> taps;
      for (size_t axis = 0; axis < rank; ++axis) taps.push_back(taps_of(sampling, coordinates[rank - 1 - axis], shape[axis + 2]));
      for (int64_t c = 0; c < channels; ++c)
        to[(n * channels + c) * points + p] = sampled(x.data() + (n * channels + c) * strides[1], taps, strides, 0);
    }
  return std::vector{y.cast(ctx.output_dtype(0))};
}

}  // namespace

extern constinit const OpDef GridSample{
    .name = "GridSample",
    .since = 16,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "X sampled at the positions of the grid, from -1 to 1 along each axis, by nearest, linear or cubic interpolation",
};

}  // namespace npu::op
