// SPDX-License-Identifier: Apache-2.0
#include <optional>

#include "core/ops/detail/dim_math.h"
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// Attributes before opset 11, inputs since.
constexpr AttrDef kAttrs[] = {{"max", AttrKind::Float, ""}, {"min", AttrKind::Float, ""}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_type(ctx, 0, TypeClass::Number));
  for (size_t i : {1, 2}) {
    if (!ctx.has_input(i)) continue;
    NPU_CHECK(require_same_dtype(ctx, i));
    const TensorType& bound = ctx.input(i);
    if (bound.is_static() && product(bound.dims).value() != 1)
      return ctx.error(fmt::format("{} is of shape {}, needs a scalar", i == 1 ? "min" : "max", to_string(bound.dims)));
  }
  return std::vector{ctx.input(0)};
}

template <class T>
std::optional<T> bound_of(const EvalContext& ctx, size_t input, std::string_view attr) {
  if (ctx.has_input(input)) return ctx.input(input).data<T>()[0];
  if (ctx.node().find_attr(attr)) return static_cast<T>(ctx.node().float_attr(attr, 0));
  return std::nullopt;
}

TensorsResult reference(const EvalContext& ctx) {
  return visit_class<TypeClass::Number>(ctx.input(0).dtype(), [&]<class T>() {
    const auto low = bound_of<T>(ctx, 1, "min"), high = bound_of<T>(ctx, 2, "max");
    return map_elements<TypeClass::Number>(ctx, [=]<class U>(U x) {
      if (low && x < static_cast<U>(*low)) x = static_cast<U>(*low);
      if (high && x > static_cast<U>(*high)) x = static_cast<U>(*high);
      return x;
    });
  });
}

}  // namespace

extern constinit const OpDef Clip{
    .name = "Clip",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 3,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "min(max(x, min), max); a bound left out does not bind",
};

}  // namespace npu::op
