// SPDX-License-Identifier: Apache-2.0
// What RNN, GRU and LSTM share: attributes, types, directions and activations. Everything is computed in double.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

inline constexpr AttrDef kActivationAlphaAttr{"activation_alpha", AttrKind::Floats, ""};
inline constexpr AttrDef kActivationBetaAttr{"activation_beta", AttrKind::Floats, ""};
inline constexpr AttrDef kActivationsAttr{"activations", AttrKind::Strings, ""};
inline constexpr AttrDef kClipAttr{"clip", AttrKind::Float, ""};
inline constexpr AttrDef kDirectionAttr{"direction", AttrKind::String, "forward"};
inline constexpr AttrDef kHiddenSizeAttr{"hidden_size", AttrKind::Int, ""};
inline constexpr AttrDef kLayoutAttr{"layout", AttrKind::Int, "0"};

// Inputs of all three: X, W [directions, gates * hidden, input], R [directions, gates * hidden, hidden],
// B [directions, 2 * gates * hidden], sequence_lens [batch], initial_h; LSTM has initial_c and P too.
// Types of Y, Y_h and (with_cell) Y_c.
TypesResult infer_recurrent(const InferContext& ctx, int64_t gates, bool with_cell);

struct Activation {
  double (*function)(double x, double alpha, double beta);
  double alpha, beta;
  double operator()(double x) const { return function(x, alpha, beta); }
};

// One direction: the parameters of its gates, and what it starts with.
struct RecurrentDirection {
  bool reversed;
  const double *w, *r, *b;  // b is nullptr when there is none
  std::vector<Activation> activations;
};

struct RecurrentRun {
  int64_t gates, steps, batch, input, hidden, directions;
  bool batch_first;
  double clip;  // infinite when not given
  std::vector<double> x, w, r, b, initial_h, initial_c;
  std::vector<int64_t> lengths;
  std::vector<RecurrentDirection> dirs;

  double clipped(double value) const { return value > clip ? clip : value < -clip ? -clip : value; }
  // Row `gate * hidden + i` of W times the input of a step, and of R times h; both with their part of the bias.
  double from_input(const RecurrentDirection& dir, int64_t row, const double* x_row) const;
  double from_hidden(const RecurrentDirection& dir, int64_t row, const double* h) const;
};

// `defaults`: the activations of one direction when the node names none.
Result<RecurrentRun> read_recurrent(const EvalContext& ctx, int64_t gates, std::span<const std::string_view> defaults, bool with_cell);

// Calls step(direction index, direction, input row, h, c) for every step of every sequence; it replaces h and c (hidden values
// each). Gives Y, Y_h and (with_cell) Y_c.
using RecurrentStep = void (*)(const RecurrentRun& run, const EvalContext& ctx, size_t direction, const double* x_row, double* h, double* c);
TensorsResult run_recurrent(const EvalContext& ctx, const RecurrentRun& run, RecurrentStep step, bool with_cell);

}  // namespace npu::detail
