// SPDX-License-Identifier: Apache-2.0
#include "core/ops/detail/fourier.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "core/ops/detail/math_functions.h"

namespace npu::detail {

namespace {

constexpr double kPi = 3.141592653589793;

Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }

// e^(sign pi i numerator / denominator)
Complex turn(double numerator, double denominator, double sign) {
  const double angle = kPi * numerator / denominator;
  return {fixed::cos(angle), sign * fixed::sin(angle)};
}

// Decimation in time. Precondition: the length is a power of two.
void transform_power_of_two(std::vector<Complex>& x, double sign) {
  const size_t n = x.size();
  for (size_t i = 1, j = 0; i < n; ++i) {
    size_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j |= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t half = 1; half < n; half *= 2) {
    std::vector<Complex> turns(half);
    for (size_t k = 0; k < half; ++k) turns[k] = turn(static_cast<double>(k), static_cast<double>(half), sign);
    for (size_t start = 0; start < n; start += 2 * half)
      for (size_t k = 0; k < half; ++k) {
        const Complex even = x[start + k], odd = x[start + k + half] * turns[k];
        x[start + k] = even + odd;
        x[start + k + half] = even - odd;
      }
  }
}

// k n = (k^2 + n^2 - (k-n)^2) / 2 makes the sum a convolution.
std::vector<Complex> transform_any(const std::vector<Complex>& x, double sign) {
  const size_t n = x.size(), size = std::bit_ceil(2 * n - 1);
  std::vector<Complex> chirp(n), a(size), b(size);
  for (size_t i = 0; i < n; ++i) {
    const uint64_t square = static_cast<uint64_t>(i) * i % (2 * n);
    chirp[i] = turn(static_cast<double>(square), static_cast<double>(n), sign);
    a[i] = x[i] * chirp[i];
    const Complex back{chirp[i].re, -chirp[i].im};
    b[i] = back;
    if (i > 0) b[size - i] = back;
  }
  transform_power_of_two(a, -1);
  transform_power_of_two(b, -1);
  for (size_t i = 0; i < size; ++i) a[i] = a[i] * b[i];
  transform_power_of_two(a, 1);
  std::vector<Complex> result(n);
  const double scale = 1 / static_cast<double>(size);
  for (size_t i = 0; i < n; ++i) result[i] = Complex{a[i].re * scale, a[i].im * scale} * chirp[i];
  return result;
}

}  // namespace

std::vector<Complex> fourier_transform(std::vector<Complex> x, bool inverse) {
  if (x.empty()) return x;
  const double sign = inverse ? 1 : -1;
  if (std::has_single_bit(x.size())) {
    transform_power_of_two(x, sign);
  } else {
    x = transform_any(x, sign);
  }
  if (inverse)
    for (Complex& value : x) value = {value.re / static_cast<double>(x.size()), value.im / static_cast<double>(x.size())};
  return x;
}

}  // namespace npu::detail
