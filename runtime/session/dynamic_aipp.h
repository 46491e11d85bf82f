// SPDX-License-Identifier: Apache-2.0
// Inputs of a compiled model that say how the chip reads another input's images (AscendCL: aclmdlGetAippType, aclmdlSetInputAIPP).
#pragma once

#include <span>
#include <vector>

#include "core/om/model.h"
#include "core/ops/aipp_parameters.h"
#include "core/soc/soc.h"

namespace npu {

// Numbers of model.inputs.
struct DynamicAipp {
  size_t image = 0, parameters = 0;
  AippTarget target;
};

// In the order of model.inputs. InvalidProgram when the graph and the inputs do not fit each other.
Result<std::vector<DynamicAipp>> find_dynamic_aipp(const CompiledModel& model, const Soc& soc);

// The tensor for the input: checked against what the model takes.
Result<Tensor> aipp_tensor(const AippParameters& parameters, const DynamicAipp& input);

// Tensors come from outside: decoded and checked before the chip reads them. InvalidArgument with the input's name in `where`.
Status check_dynamic_aipp(const CompiledModel& model, std::span<const DynamicAipp> dynamic, std::span<const Tensor> inputs);

}  // namespace npu
