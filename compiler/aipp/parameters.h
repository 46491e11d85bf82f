// SPDX-License-Identifier: Apache-2.0
// What a static aipp_op says, as the parameters of a dynamic one.
#pragma once

#include "compiler/aipp/aipp_config.h"
#include "core/ops/aipp_parameters.h"

namespace npu {

// Of all images of the batch; sizes that the file leaves out are the model's. InvalidArgument with "line N" in `where`: a dynamic
// aipp_op, and padding with another value than 0, which a dynamic AIPP does not have.
Result<AippParameters> aipp_parameters(const AippOp& op, const AippTarget& target);

}  // namespace npu
