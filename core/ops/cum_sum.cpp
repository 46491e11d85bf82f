// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/cumulative.h"

namespace npu::op {
namespace {

using namespace npu::detail;

constexpr AttrDef kAttrs[] = {{"exclusive", AttrKind::Int, "0"}, {"reverse", AttrKind::Int, "0"}};

struct Function {
  static constexpr int kStart = 0;
  template <class Sum, class T> Sum operator()(Sum sum, T value) const { return sum + static_cast<Sum>(value); }
};

}  // namespace

extern constinit const OpDef CumSum{
    .name = "CumSum",
    .since = 11,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = kAttrs,
    .infer = infer_cumulative,
    .reference = reference_cumulative<Function>,
    .doc = "Running sums along axis; exclusive leaves the element itself out, reverse runs from the end",
};

}  // namespace npu::op
