// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/regex.h"
#include "core/ops/detail/strings.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"pattern", AttrKind::String, "required"}};

TypesResult infer(const InferContext& ctx) {
  NPU_CHECK(require_strings(ctx, 0));
  if (const auto regex = Regex::compile(ctx.node().string_attr("pattern", "")); !regex) return ctx.error(regex.error());
  TensorType type = ctx.input(0);
  type.dtype = DType::Bool;
  return std::vector{std::move(type)};
}

TensorsResult reference(const EvalContext& ctx) {
  const auto regex = Regex::compile(ctx.node().string_attr("pattern", ""));
  if (!regex) return ctx.error(regex.error());
  Tensor y(DType::Bool, ctx.input(0).shape());
  std::ranges::transform(ctx.input(0).strings(), y.mutable_data<bool>().begin(), [&](const std::string& text) { return regex->matches(text); });
  return std::vector{std::move(y)};
}

}  // namespace

extern constinit const OpDef RegexFullMatch{
    .name = "RegexFullMatch",
    .since = 20,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "Whether a whole string matches the regular expression (syntax of RE2: no look-around, no back references)",
    .arrive = Arrive::AsTheyAre,
};

}  // namespace npu::op
