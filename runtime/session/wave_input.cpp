// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/wave_input.h"

namespace npu {

Tensor wave_input(const TensorDesc& desc) {
  Tensor wave(DType::Float32, desc.shape);
  auto values = wave.mutable_data<float>();
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<int>(i * 37 % 256) - 128) / 128.0f;
  return wave.cast(desc.dtype);
}

}  // namespace npu
