// SPDX-License-Identifier: Apache-2.0
// Constants in the layout the instructions read them in.
#pragma once

#include "compiler/lower/rule.h"
#include "compiler/lower/vector_chain.h"

namespace npu {

// Values padded with zeros to whole blocks of 16, as fp16, in the weights.
int64_t add_channel_values(LowerContext& context, const Tensor& values);

// The device address of a chain's operand: the activation's own, or that of the prepared constant. `format` is the
// result's; count: values a Channel operand needs.
Result<int64_t> operand_address(LowerContext& context, const ChainOperand& operand, Format format);

// True when a Channel operand has its own values for each batch of the result.
bool is_batched(const Graph& graph, const ChainOperand& operand, const Dims& result);

}  // namespace npu
