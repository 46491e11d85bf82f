// SPDX-License-Identifier: Apache-2.0
#include "core/tensorflow/op.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::tensorflow {
namespace {

#define NPU_TF_OP(...) {__VA_ARGS__},
constexpr OpRow kRows[] = {
#include "core/tensorflow/tensorflow_ops.def"
};
#undef NPU_TF_OP
static_assert(std::ranges::is_sorted(kRows, {}, &OpRow::type));

// An image of one pixel is the same bytes in both orders.
bool is_pixel(const TensorType& type, size_t height) { return type.dims.size() == 4 && type.dims[height] == Dim(1) && type.dims[height + 1] == Dim(1); }

}  // namespace

std::span<const OpRow> op_rows() { return kRows; }

const OpRow* find_op_row(std::string_view type) {
  const auto* row = std::ranges::lower_bound(kRows, type, {}, &OpRow::type);
  return row != std::end(kRows) && row->type == type ? row : nullptr;
}

ValueId make_plain(GraphBuilder& graph, TensorValue& value) {
  if (value.is_turned()) value.plain = is_pixel(graph.type(value.channels_first), 2) ? graph.reshape(value.channels_first, {0, 1, 1, -1}) : graph.transpose(value.channels_first, {0, 2, 3, 1});
  return value.plain;
}

ValueId make_channels_first(GraphBuilder& graph, TensorValue& value) {
  if (value.channels_first != kNone) return value.channels_first;
  if (const TensorType& type = graph.type(value.plain); type.has_rank && type.dims.size() != 4) return graph.fail(ErrorKind::InvalidModel, fmt::format("{} is no image of four dimensions", to_string(type.dims)));
  return value.channels_first = is_pixel(graph.type(value.plain), 1) ? graph.reshape(value.plain, {0, -1, 1, 1}) : graph.transpose(value.plain, {0, 3, 1, 2});
}

int64_t Op::rank(size_t i) const {
  const TensorType& type = graph.type(any(i));
  return type.has_rank ? static_cast<int64_t>(type.dims.size()) : -1;
}

bool Op::is_nhwc() const {
  const std::string format = text("data_format", "NHWC");
  if (format != "NHWC" && format != "NCHW") unsupported(fmt::format("data_format '{}' is not offered; offered: NHWC, NCHW", format));
  return format == "NHWC";
}

std::vector<int64_t> Op::spatial(std::string_view attr, int64_t rest) const {
  std::vector<int64_t> all = ints(attr);
  if (all.empty()) all.assign(4, rest);
  const size_t first = is_nhwc() ? 1 : 2;
  if (all.size() != 4 || all[0] != rest || all[is_nhwc() ? 3 : 1] != rest) {
    unsupported(fmt::format("{} of other than two spatial dimensions is not offered", attr));
    return {rest, rest};
  }
  return {all[first], all[first + 1]};
}

std::optional<AttrValue> Op::attr(std::string_view name) const {
  const auto found = node.attrs.find(name);
  if (found == node.attrs.end()) return std::nullopt;
  return read_attr(found->second);
}

// An attribute that is not there, or of another kind, has its default; what is 0 or false is not always written.
int64_t Op::integer(std::string_view name, int64_t fallback) const {
  const auto value = attr(name);
  return value ? value->i.value_or(0) : fallback;
}
float Op::number(std::string_view name, float fallback) const {
  const auto value = attr(name);
  return value ? value->f.value_or(0) : fallback;
}
bool Op::flag(std::string_view name, bool fallback) const {
  const auto value = attr(name);
  return value ? value->b.value_or(false) : fallback;
}
std::string Op::text(std::string_view name, std::string_view fallback) const {
  const auto value = attr(name);
  return value && value->s ? *value->s : std::string(fallback);
}
std::vector<int64_t> Op::ints(std::string_view name) const {
  const auto value = attr(name);
  return value ? value->ints.value_or(std::vector<int64_t>{}) : std::vector<int64_t>{};
}
std::optional<data_view> Op::tensor(std::string_view name) const {
  const auto value = attr(name);
  return value ? value->tensor : std::nullopt;
}
std::optional<TensorType> Op::shape(std::string_view name) const {
  const auto value = attr(name);
  if (!value || !value->shape) return std::nullopt;
  return read_shape(*value->shape);
}

DType Op::dtype(std::string_view name, DType fallback) const {
  const auto value = attr(name);
  if (!value || !value->type) return fallback;
  const DType found = dtype_of(*value->type);
  if (found == DType::Undefined) unsupported(fmt::format("element type {} is not offered", *value->type));
  return found;
}

std::vector<int64_t> Op::constant_ints(size_t i, std::string_view what) const {
  const Tensor* values = graph.constant_of(inputs[i]->plain);
  if (values) return values->to_ints();
  unsupported(fmt::format("{} is computed when the model runs, which is not offered: only a constant is", what));
  return {};
}

std::vector<int64_t> Op::known_ints(size_t i, std::string_view what) const {
  const auto found = known.find(inputs[i]->plain);
  return found != known.end() ? found->second : constant_ints(i, what);
}

int64_t Op::check_axis(int64_t axis, int64_t rank) const {
  const int64_t found = axis < 0 ? axis + rank : axis;
  if (found >= 0 && (rank < 0 || found < rank)) return found;
  if (rank < 0) unsupported(fmt::format("axis {} of an input whose number of dimensions is not known", axis));
  else invalid(fmt::format("axis {} of {} dimensions", axis, rank));
  return 0;
}

int64_t Op::constant_axis(size_t i, int64_t rank) const {
  const auto values = constant_ints(i, "the axis");
  if (ok() && values.size() != 1) invalid(fmt::format("{} axes, 1 is needed", values.size()));
  return ok() ? check_axis(values[0], rank) : 0;
}

ValueId Op::as_int64(size_t i) const {
  const ValueId value = plain(i);
  if (const Tensor* values = graph.constant_of(value)) return values->dtype() == DType::Int64 ? value : graph.constant("ints", values->cast(DType::Int64));
  return graph.type(value).dtype == DType::Int64 ? value : graph.add("Cast", {value}, {{"to", static_cast<int64_t>(dtype_info(DType::Int64).onnx)}});
}

ValueId Op::number_like(std::string_view what, ValueId value, float number) const {
  const DType dtype = graph.type(value).dtype;
  const Tensor single = Tensor::from<float>(DType::Float32, {}, std::span(&number, 1));
  return graph.constant(what, ok() && dtype != DType::Undefined && dtype != DType::String ? single.cast(dtype) : single);
}

}  // namespace npu::tensorflow
