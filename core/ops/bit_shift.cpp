// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"direction", AttrKind::String, "required"}};

TypesResult infer(const InferContext& ctx) {
  const std::string direction = ctx.node().string_attr("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") return ctx.error(fmt::format("direction '{}' is neither LEFT nor RIGHT", direction));
  const DType dtype = ctx.input(0).dtype;
  if (dtype != DType::UInt8 && dtype != DType::UInt16 && dtype != DType::UInt32 && dtype != DType::UInt64)
    return ctx.error(fmt::format("input 0 is {}, needs an unsigned integer type", to_string(dtype)));
  return infer_broadcast<TypeClass::Integer>(ctx);
}

// Shifts by the width or more give 0.
template <bool left>
struct Function {
  template <class T>
  T operator()(T x, T count) const {
    const auto bits = static_cast<uint64_t>(count);
    if (bits >= 8 * sizeof(T)) return T{0};
    return static_cast<T>(left ? static_cast<uint64_t>(x) << bits : static_cast<uint64_t>(x) >> bits);
  }
};

TensorsResult reference(const EvalContext& ctx) {
  if (ctx.node().string_attr("direction", "") == "LEFT") return reference_fold<TypeClass::Integer, Function<true>>(ctx);
  return reference_fold<TypeClass::Integer, Function<false>>(ctx);
}

}  // namespace

extern constinit const OpDef BitShift{
    .name = "BitShift",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "X shifted by Y bits in the direction given, with broadcasting",
};

}  // namespace npu::op
