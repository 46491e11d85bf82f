// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/elementwise.h"

namespace npu::op {
namespace {

using namespace npu::detail;

struct Function {
  template <class T> T operator()(T a, T b) const { return static_cast<T>(std::bit_xor<>()(a, b)); }
};

}  // namespace

extern constinit const OpDef BitwiseXor{
    .name = "BitwiseXor",
    .since = 18,
    .min_inputs = 2,
    .max_inputs = 2,
    .min_outputs = 1,
    .max_outputs = 1,
    .attrs = {},
    .infer = infer_broadcast<TypeClass::Integer>,
    .reference = reference_fold<TypeClass::Integer, Function>,
    .doc = "A ^ B, bit by bit, with broadcasting",
};

}  // namespace npu::op
