// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"

namespace npu::op {
namespace {

using namespace npu::detail;

// saturate and round_mode concern 8-bit floats only, which have no dtype here.
constexpr AttrDef kAttrs[] = {
    {"round_mode", AttrKind::String, "up"}, {"saturate", AttrKind::Int, "1"}, {"to", AttrKind::Int, "required"}};

TypesResult infer(const InferContext& ctx) {
  const int64_t code = ctx.node().int_attr("to", 0);
  const auto dtype = dtype_from_onnx(code >= 0 && code < 256 ? static_cast<int>(code) : 0);
  if (!dtype) return fail(ErrorKind::UnsupportedModel, ctx.where(), fmt::format("to={} is not an element type known here", code));
  TensorType type = ctx.input(0);
  type.dtype = *dtype;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0).cast(ctx.output_dtype(0))}; }

}  // namespace

extern constinit const OpDef Cast{
    .name = "Cast",
    .since = 6,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Numeric conversion to the type to; floats to integers truncate towards zero",
};

}  // namespace npu::op
