// SPDX-License-Identifier: Apache-2.0
#include "core/mindir/op.h"

#include <algorithm>

#include <fmt/format.h>

namespace npu::mindir {
namespace {

#define NPU_MINDIR_OP(type, least, most, rule) {type, least, most, rule, ""},
#define NPU_MINDIR_PLAIN(type, count, plain) {type, count, count, nullptr, plain},
constexpr OpRow kRows[] = {
#include "core/mindir/mindir_ops.def"
};
#undef NPU_MINDIR_OP
#undef NPU_MINDIR_PLAIN
static_assert(std::ranges::is_sorted(kRows, {}, &OpRow::type));

// TypeId of newer versions, where a type is a number.
constexpr std::pair<int64_t, DType> kTypeIds[] = {{30, DType::Bool}, {32, DType::Int8}, {33, DType::Int16}, {34, DType::Int32}, {35, DType::Int64}, {37, DType::UInt8}, {42, DType::Float16}, {43, DType::Float32}, {44, DType::Float64}};

}  // namespace

std::span<const OpRow> op_rows() { return kRows; }

const OpRow* find_op_row(std::string_view type) {
  const auto* row = std::ranges::lower_bound(kRows, type, {}, &OpRow::type);
  return row != std::end(kRows) && row->type == type ? row : nullptr;
}

ValueId Op::value(size_t i) const {
  const Item& item = inputs[i];
  if (item.value != kNone || !ok()) return item.value;
  const bool is_number = item.literal && item.literal->ints.size() + item.literal->floats.size() == 1;
  if (!is_number) return graph.fail(ErrorKind::UnsupportedModel, fmt::format("input {} is {}, where a tensor is needed", i, item.parts ? "a tuple" : "no tensor"));
  DType dtype = item.literal->ints.empty() ? DType::Float32 : DType::Int64;
  for (const Item& other : inputs)
    if (other.value != kNone) {
      dtype = graph.type(other.value).dtype;
      break;
    }
  const float number = item.literal->ints.empty() ? item.literal->floats[0] : static_cast<float>(item.literal->ints[0]);
  const Tensor single = Tensor::from<float>(DType::Float32, {}, std::span(&number, 1));
  return graph.constant("number", dtype == DType::Undefined || dtype == DType::String ? single : single.cast(dtype));
}

std::vector<ValueId> Op::values() const {
  std::vector<ValueId> all;
  for (size_t i = 0; i < count(); ++i) all.push_back(value(i));
  return all;
}

std::vector<ValueId> Op::tuple(size_t i) const {
  std::vector<ValueId> all;
  if (!inputs[i].parts) invalid(fmt::format("input {} is no tuple", i));
  else
    for (const Item& part : *inputs[i].parts) all.push_back(part.value);
  if (ok() && (all.empty() || std::ranges::find(all, kNone) != all.end())) unsupported(fmt::format("input {} is no tuple of tensors", i));
  return all;
}

int64_t Op::rank(size_t i) const {
  const ValueId id = value(i);
  const TensorType& found = graph.type(id);
  if (found.has_rank || !ok()) return static_cast<int64_t>(found.dims.size());
  unsupported(fmt::format("the number of dimensions of input {} is not known", i));
  return 1;
}

const AttrValue* Op::find(std::string_view attr) const {
  for (const RawNode* from : {&primitive, &node})
    if (const auto found = from->attrs.find(attr); found != from->attrs.end()) return &found->second;
  return nullptr;
}

bool Op::has(std::string_view attr) const { return find(attr) != nullptr; }

std::vector<int64_t> Op::ints(std::string_view attr) const {
  const AttrValue* found = find(attr);
  return found ? found->ints : std::vector<int64_t>{};
}

int64_t Op::integer(std::string_view attr, int64_t fallback) const {
  const AttrValue* found = find(attr);
  return found && !found->ints.empty() ? found->ints[0] : fallback;
}

float Op::number(std::string_view attr, float fallback) const {
  const AttrValue* found = find(attr);
  return found && !found->floats.empty() ? found->floats[0] : fallback;
}

std::string Op::text(std::string_view attr) const {
  const AttrValue* found = find(attr);
  return found ? found->text : "";
}

std::optional<std::vector<int64_t>> Op::given(std::string_view attr, size_t input) const {
  if (const AttrValue* written = literal(input)) return written->ints;
  if (input < count() && inputs[input].value != kNone) {
    if (const Tensor* values = graph.constant_of(inputs[input].value)) return values->to_ints();
    unsupported(fmt::format("{} is computed when the model runs, which is not offered: only a constant is", attr));
    return std::nullopt;
  }
  if (const AttrValue* found = find(attr)) return found->ints;
  return std::nullopt;
}

std::vector<int64_t> Op::required(std::string_view attr, size_t input) const {
  auto found = given(attr, input);
  if (!found && ok()) invalid(fmt::format("has no {}", attr));
  return found.value_or(std::vector<int64_t>{});
}

int64_t Op::axis(std::string_view attr, size_t input, int64_t fallback, int64_t rank) const {
  const auto values = given(attr, input).value_or(std::vector{fallback});
  if (values.size() != 1) invalid(fmt::format("{} has {} values, 1 is needed", attr, values.size()));
  else if (const int64_t found = values[0] < 0 ? values[0] + rank : values[0]; found >= 0 && found < rank) return found;
  else invalid(fmt::format("{} is {}, of {} dimensions", attr, values[0], rank));
  return 0;
}

DType Op::dtype(std::string_view attr, size_t input) const {
  const AttrValue* found = literal(input) ? literal(input) : find(attr);
  DType type = DType::Undefined;
  if (found && !found->tensors.empty()) type = dtype_of(found->tensors[0].dtype);
  if (const auto* id = found && found->ints.size() == 1 ? std::ranges::find(kTypeIds, found->ints[0], &std::pair<int64_t, DType>::first) : std::end(kTypeIds); id != std::end(kTypeIds)) type = id->second;
  if (type == DType::Undefined) unsupported(fmt::format("{} is no type that is offered", attr));
  return type;
}

void Op::need_nchw() const {
  for (const std::string_view attr : {"format", "data_format"})
    if (const AttrValue* found = find(attr); found && ((!found->text.empty() && found->text != "NCHW" && found->text != "DefaultFormat") || (found->text.empty() && !found->ints.empty() && found->ints[0] != 0)))
      unsupported(fmt::format("{} '{}' is not offered; offered: NCHW", attr, found->text.empty() ? std::to_string(found->ints[0]) : found->text));
}

}  // namespace npu::mindir
