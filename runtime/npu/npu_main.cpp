// SPDX-License-Identifier: Apache-2.0
#include "core/base/native_host.h"
#include "runtime/npu/npu_program.h"

int main(int argc, char** argv) { return npu::run_as_main(npu::npu_program, argc, argv); }
