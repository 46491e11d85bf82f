// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/atc_program.h"
#include "core/base/native_host.h"

int main(int argc, char** argv) { return npu::run_as_main(npu::atc_program, argc, argv); }
