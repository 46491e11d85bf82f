// SPDX-License-Identifier: Apache-2.0
// Lane by lane vector instructions: operands in contiguous lanes, one kernel, results back under the mask.
#pragma once

#include "core/chip/strided.h"

namespace npu {

struct ElementWise {
  kernels::VectorKernel kernel = nullptr;
  VecType type{};
  VectorOperand dst = {};
  VectorOperand src[2] = {};
  int sources = 0;
  bool reads_dst = false;
  uint32_t scalar = 0;
  int64_t repeat = 0;
};
Status run_element_wise(Machine& machine, const ElementWise& work);

}  // namespace npu
