// SPDX-License-Identifier: Apache-2.0
// Which instruction sets the kernels are compiled for. Every file of kernels includes this before Highway: all must agree.
#pragma once

// The build's own choice (cmake/Dependencies.cmake), and AVX-512 with VNNI, which doubles the rate of 8-bit products.
#undef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_ZEN4 | HWY_AVX3_SPR)
#define HWY_WANT_AVX3_DL
