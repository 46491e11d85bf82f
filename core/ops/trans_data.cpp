// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/infer_common.h"
#include "core/tensor/format.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {
    {"dst_format", AttrKind::String, "required"},
    {"src_format", AttrKind::String, "required"},
};

TypesResult infer(const InferContext& ctx) {
  for (const AttrDef& attr : kAttrs) {
    const std::string name = ctx.node().string_attr(attr.name, "");
    if (!format_from_name(name)) return ctx.error(fmt::format("{} '{}' is not known", attr.name, name));
  }
  return infer_same(ctx);
}

TensorsResult reference(const EvalContext& ctx) { return std::vector{ctx.input(0)}; }

}  // namespace

extern constinit const OpDef TransData{
    .name = "TransData",
    .since = 1,
    .min_inputs = 1,
    .max_inputs = 1,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer,
    .reference = reference,
    .doc = "The same values in another memory format",
};

}  // namespace npu::op
