// SPDX-License-Identifier: Apache-2.0
// For libFuzzer: clang++ -fsanitize=fuzzer,address -DNPU_FUZZ_BODY=onnx this file, bodies.cpp and npu_core.
#include <cstdint>

#include "tests/fuzz/bodies.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  npu::fuzz::NPU_FUZZ_BODY(std::as_bytes(std::span(data, size)));
  return 0;
}
