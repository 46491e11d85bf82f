// SPDX-License-Identifier: Apache-2.0
// The elementary functions that decide results: only IEEE + - * / sqrt and bit operations in a written order, so the
// bits are the same on every target, which no libm promises. Special values (NaN, infinities, zeros, domain and range
// edges) follow C Annex F, without floating-point exceptions.
#pragma once

namespace npu::fixed {

// Largest error in units of the last place of the (normal) result, against an extended-precision libm on 4 million
// random arguments each: see tests/core/ops/math_functions_test.cpp, which holds them to these bounds.
double exp(double x);            // 0.65
double expm1(double x);          // 0.98
double log(double x);            // 0.98
double log1p(double x);          // 0.98
double tanh(double x);           // 0.80
double erf(double x);            // 0.80
double pow(double x, double y);  // 0.65

// Any finite argument, reduced exactly.
double sin(double x);            // 1.0
double cos(double x);            // 1.0
double tan(double x);            // 2.5
double atan(double x);           // 2.0
double asin(double x);           // 3.5
double acos(double x);           // 4
double sinh(double x);           // 3
double cosh(double x);           // 2.5
double asinh(double x);          // 4
double acosh(double x);          // 4
double atanh(double x);          // 4

// Built from the above; the error is at most the sum of their roundings.
double sigmoid(double x);   // 1 / (1 + e^-x)
double softplus(double x);  // ln(1 + e^x) without overflow
double round_half_even(double x);
double floor(double x);
double ceil(double x);

}  // namespace npu::fixed
