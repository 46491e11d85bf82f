// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"sparse_value", AttrKind::Tensor, ""}, {"value", AttrKind::Tensor, ""},   {"value_float", AttrKind::Float, ""},
    {"value_floats", AttrKind::Floats, ""}, {"value_int", AttrKind::Int, ""},  {"value_ints", AttrKind::Ints, ""},
    {"value_string", AttrKind::String, ""}, {"value_strings", AttrKind::Strings, ""},
};

// One overload per kind of attribute value.
struct ToTensor {
  const std::string& where;

  template <class T>
  static Tensor list(DType dtype, Shape shape, std::span<const T> values) {
    return Tensor::from<T>(dtype, std::move(shape), values);
  }
  Result<Tensor> operator()(const Tensor& value) const { return value; }
  Result<Tensor> operator()(int64_t value) const { return list<int64_t>(DType::Int64, {}, {&value, 1}); }
  Result<Tensor> operator()(float value) const { return list<float>(DType::Float32, {}, {&value, 1}); }
  Result<Tensor> operator()(const std::vector<int64_t>& values) const {
    return list<int64_t>(DType::Int64, {static_cast<int64_t>(values.size())}, values);
  }
  Result<Tensor> operator()(const std::vector<float>& values) const {
    return list<float>(DType::Float32, {static_cast<int64_t>(values.size())}, values);
  }
  Result<Tensor> operator()(const std::string& value) const { return Tensor::of_strings({}, {value}); }
  Result<Tensor> operator()(const std::vector<std::string>& values) const {
    return Tensor::of_strings({static_cast<int64_t>(values.size())}, values);
  }
  Result<Tensor> operator()(const auto&) const { return fail(ErrorKind::InvalidModel, where, "the value is no tensor"); }
};

template <class Context>
Result<Tensor> value_of(const Context& ctx) {
  const auto& attrs = ctx.node().attrs;
  if (attrs.size() != 1) return ctx.error(fmt::format("needs exactly one of its value attributes, has {}", attrs.size()));
  if (attrs.begin()->first == "sparse_value")
    return fail(ErrorKind::UnsupportedModel, ctx.where(), "sparse_value is not supported");
  return std::visit(ToTensor{ctx.where()}, attrs.begin()->second);
}

TypesResult infer(const InferContext& ctx) {
  NPU_TRY(const Tensor value, value_of(ctx));
  return std::vector{TensorType::of(value.dtype(), value.shape())};
}

TensorsResult reference(const EvalContext& ctx) {
  NPU_TRY(Tensor value, value_of(ctx));
  return std::vector{std::move(value)};
}

}  // namespace

extern constinit const OpDef Constant{
    .name = "Constant",
    .since = 1,
    .min_inputs = 0,
    .max_inputs = 0,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The tensor, number, string or list of them of its attribute",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
