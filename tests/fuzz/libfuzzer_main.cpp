// SPDX-License-Identifier: Apache-2.0
// libFuzzer's entry: hands its bytes to the body of bodies.h that NPU_FUZZ_BODY names.
#include <cstdint>

#include "tests/fuzz/bodies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  npu::fuzz::NPU_FUZZ_BODY(std::as_bytes(std::span(data, size)));
  return 0;
}
