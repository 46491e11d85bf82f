// SPDX-License-Identifier: Apache-2.0
// Discrete Fourier transforms of any length, in double.
#pragma once

#include <vector>

namespace npu::detail {

struct Complex {
  double re = 0;
  double im = 0;
};

// sum over n of x[n] e^(-+ 2 pi i k n / N) for every k; the inverse has the other sign and is divided by N. Lengths that
// are powers of two take N log N steps, others are made of those (Bluestein).
std::vector<Complex> fourier_transform(std::vector<Complex> x, bool inverse);

}  // namespace npu::detail
