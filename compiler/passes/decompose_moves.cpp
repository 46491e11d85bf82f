// SPDX-License-Identifier: Apache-2.0
// Interpolation as products with constant matrices; repetition as Expand.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "compiler/lower/vector_chain.h"
#include "compiler/passes/decompose.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

constexpr int64_t kLargestMatrix = 16 << 20;  // elements

// Sizes or scales as the operator gives them, for each axis of the input.
struct ResizeParameters {
  size_t input = 2;                 // 2: scales, 3: sizes
  std::vector<double> values;       // 1 and the input's size stand for axes that are not named
  std::vector<bool> named;
};

std::optional<ResizeParameters> resize_parameters(const Decompose& d) {
  const Shape x = d.input_shape(0);
  ResizeParameters p;
  const Tensor* given = d.constant(2);
  if (!given || given->elements() == 0) p.input = 3, given = d.constant(3);
  if (!given) return std::nullopt;
  auto axes = d.node().ints_attr("axes");
  if (axes.empty()) axes = identity_perm(x.size());
  const auto numbers = given->to_doubles();
  if (numbers.size() != axes.size()) return std::nullopt;
  p.values.assign(x.size(), 1), p.named.assign(x.size(), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(x.size()) : axes[i]);
    p.values[axis] = numbers[i], p.named[axis] = true;
  }
  return p;
}

// [in, out]: what the operator itself makes of the unit vectors along one axis.
Result<Tensor> interpolation(const Decompose& d, const ResizeParameters& p, size_t axis) {
  const int64_t in = d.input_shape(0)[axis];
  Tensor units(DType::Float32, {in, in});
  for (int64_t i = 0; i < in; ++i) units.mutable_data<float>()[static_cast<size_t>(i * in + i)] = 1;
  Node node = d.node();
  node.attrs["axes"] = std::vector<int64_t>{1};
  const auto value = static_cast<float>(p.values[axis]);
  std::vector<Tensor> inputs{units, Tensor(), Tensor(), Tensor()};
  if (p.input == 2) inputs[2] = Tensor::from<float>(DType::Float32, {1}, {&value, 1});
  else inputs[3] = ints_tensor({static_cast<int64_t>(p.values[axis])});
  inputs.resize(p.input + 1);
  node.inputs.assign(inputs.size(), kNone);
  node.inputs[0] = node.inputs[p.input] = 0;
  NPU_TRY(auto results, run_reference(node, d.graph().opset, inputs));
  return std::move(results[0]);
}

bool is_resized(const Decompose& d, const ResizeParameters& p, size_t axis) {
  return d.input_shape(0)[axis] != d.output_shape()[axis] || (p.input == 2 && p.named[axis] && static_cast<float>(p.values[axis]) != 1);
}

// The lowering for enlargement by whole numbers.
bool is_whole_nearest(const Decompose& d) {
  const Shape x = d.input_shape(0), y = d.output_shape();
  if (d.node().string_attr("mode", "nearest") != "nearest" || x.size() != 4 || x[0] != y[0] || x[1] != y[1]) return false;
  const std::string transform = d.node().string_attr("coordinate_transformation_mode", "half_pixel");
  const std::string nearest = d.node().string_attr("nearest_mode", "round_prefer_floor");
  const bool plain = (transform == "asymmetric" && nearest == "floor") || ((transform == "half_pixel" || transform == "pytorch_half_pixel") && nearest.starts_with("round"));
  return plain && y[2] % x[2] == 0 && y[3] % x[3] == 0;
}

}  // namespace

// Resampling works along one axis after the other, and along one it is linear: a product with a matrix.
std::optional<Left> resize_to_products(Decompose& d) {
  if (is_whole_nearest(d)) return Left{};
  if (d.node().string_attr("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize") return Left{"tf_crop_and_resize"};
  if (d.node().string_attr("keep_aspect_ratio_policy", "stretch") != "stretch") return Left{"keep_aspect_ratio_policy"};
  const auto p = resize_parameters(d);
  if (!p) return Left{"sizes computed at run time"};
  const Shape x = d.input_shape(0), y = d.output_shape();
  const DType dtype = d.graph().value(d.node().inputs[0]).type.dtype;
  for (size_t axis = 0; axis < x.size(); ++axis)
    if (is_resized(d, *p, axis) && x[axis] * std::max(x[axis], y[axis]) > kLargestMatrix) return Left{fmt::format("{} to {} positions", x[axis], y[axis])};
  ValueId result = d.node().inputs[0];
  for (size_t axis = 0; axis < x.size(); ++axis) {
    if (!is_resized(d, *p, axis)) continue;
    const auto matrix = interpolation(d, *p, axis);
    if (!matrix) return Left{matrix.error().what};
    std::vector<int64_t> perm = identity_perm(x.size());
    std::swap(perm[axis], perm.back());
    const ValueId turned = d.transpose(result, perm);
    result = d.transpose(d.add("MatMul", {turned, d.constant("weights", matrix->cast(dtype))}), perm);
  }
  d.become_reshape(result);
  return std::nullopt;
}

// [d0, d1 ...] -> [r0, d0, r1, d1 ...], with the repeats only where there are some
std::optional<Left> tile_to_expand(Decompose& d) {
  const Shape x = d.input_shape(0), y = d.output_shape();
  Shape apart, repeated;
  for (size_t i = 0; i < x.size(); ++i) {
    const int64_t times = y[i] / x[i];
    if (times != 1) apart.push_back(1), repeated.push_back(times);
    apart.push_back(x[i]), repeated.push_back(x[i]);
  }
  const ValueId source = d.reshape(d.node().inputs[0], apart);
  d.become_reshape(apart == repeated ? source : d.add("Expand", {source, d.ints("repeats", repeated)}));
  return std::nullopt;
}

namespace {

constexpr int64_t kLargestConstant = 1 << 20;  // elements

// Writes out the operands for which `fits` does not hold in the shape of the result.
template <class Fits>
std::optional<Left> write_out(Decompose& d, Fits&& fits) {
  std::vector<ValueId> inputs = d.node().inputs;
  const Shape target = d.output_shape();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (fits(inputs[i])) continue;
    if (!d.graph().is_constant(inputs[i])) {
      inputs[i] = d.add("Expand", {inputs[i], d.ints("shape", target)});
      continue;
    }
    if (element_count(target) > kLargestConstant) return Left{fmt::format("a constant of {} elements would become one of {}", d.constant(i)->elements(), element_count(target))};
    const Node expand = make_node("Expand", "expand", {0, 1}, {2});
    const auto whole = run_reference(expand, d.graph().opset, std::array{*d.constant(i), ints_tensor(target)});
    if (!whole) return Left{whole.error().what};
    inputs[i] = d.constant("expanded", (*whole)[0]);
  }
  d.become(d.node().op, inputs, d.node().attrs);
  return std::nullopt;
}

bool inputs_static(const Decompose& d) {
  return std::ranges::all_of(d.node().inputs, [&](ValueId id) { return id != kNone && d.graph().value(id).type.is_static(); });
}

// Computed operands of an operation on images get its rank: only then do they have its format.
std::optional<Left> operands_to_images(Decompose& d) {
  std::vector<ValueId> inputs = d.node().inputs;
  const size_t rank = d.output_shape().size();
  for (ValueId& input : inputs) {
    Shape shape = d.shape(input);
    if (shape.size() == rank || d.graph().is_constant(input)) continue;
    shape.insert(shape.begin(), rank - shape.size(), 1);
    input = d.reshape(input, shape);
  }
  if (inputs == d.node().inputs) return Left{};
  d.become(d.node().op, inputs, d.node().attrs);
  return std::nullopt;
}

}  // namespace

// An operand that no instruction can read broadcast is written out.
std::optional<Left> broadcast_to_expand(Decompose& d) {
  const Graph& graph = d.graph();
  const Dims result = graph.value(d.node().outputs[0]).type.dims;
  const std::vector<ValueId> inputs = d.node().inputs;
  if (inputs.size() != 2 || !inputs_static(d)) return Left{};
  const auto kind = [&](ValueId input, bool image) { return operand_kind(graph, input, result, image); };
  const auto any_tile = [&](bool image) { return std::ranges::any_of(inputs, [&](ValueId id) { return kind(id, image) == OperandKind::Tile; }); };
  const auto fits = [&](bool image) { return any_tile(image) && std::ranges::all_of(inputs, [&](ValueId id) { return kind(id, image).has_value(); }); };
  if (fits(false)) return Left{};
  if (result.size() == 4 && fits(true)) return operands_to_images(d);
  bool tile = any_tile(false);
  return write_out(d, [&](ValueId input) { return std::exchange(tile, true) && kind(input, false); });
}

// Comparisons and choices read whole tiles or one constant number.
std::optional<Left> select_operands_to_tiles(Decompose& d) {
  if (!inputs_static(d)) return Left{};
  const Graph& graph = d.graph();
  const Dims result = graph.value(d.node().outputs[0]).type.dims;
  const auto fits = [&](ValueId input) {
    const auto kind = operand_kind(graph, input, result, false);
    return kind == OperandKind::Tile || kind == OperandKind::Scalar;
  };
  const std::vector<ValueId>& inputs = d.node().inputs;
  if (std::ranges::all_of(inputs, fits) || std::ranges::all_of(inputs, [&](ValueId id) { return graph.is_constant(id); })) return Left{};
  return write_out(d, fits);
}

// A bool as a number: 1 where it holds, else 0.
std::optional<Left> bool_to_float_as_choice(Decompose& d) {
  const DType from = d.graph().value(d.node().inputs[0]).type.dtype, to = d.graph().value(d.node().outputs[0]).type.dtype;
  if (from != DType::Bool || to == DType::Bool || d.graph().is_constant(d.node().inputs[0])) return Left{};
  const auto number = [&](const char* what, float value) { return d.constant(what, Tensor::from<float>(DType::Float32, {}, {&value, 1}).cast(to)); };
  const ValueId one = number("one", 1), zero = number("zero", 0);
  d.become("Where", {d.node().inputs[0], one, zero});
  return std::nullopt;
}

}  // namespace npu::pass
