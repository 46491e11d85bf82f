// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy files (format versions 1 to 3), the way tensors come in and go out of the tools.
#pragma once

#include <vector>

#include "core/tensor/tensor.h"

namespace npu {

// Little-endian arrays of the element types of DType; Fortran order is converted. InvalidArgument otherwise.
Result<Tensor> load_npy(Bytes bytes);

// Version 1, C order. NumPy has no bfloat16: such tensors are written as float32.
std::vector<std::byte> save_npy(const Tensor& tensor);

}  // namespace npu
