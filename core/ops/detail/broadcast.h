// SPDX-License-Identifier: Apache-2.0
// Multidirectional broadcasting: shapes with symbolic dimensions, and loops over concrete ones.
#pragma once

#include <array>

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

// Joins two dimensions into the first; false when they cannot meet. A known dimension other than 1 decides against an
// unknown one.
bool broadcast_dim(Dim& into, const Dim& dim);

// The broadcast of the types of the given inputs; unranked when one of them is.
Result<TensorType> broadcast_inputs(const InferContext& ctx, DType dtype, std::span<const size_t> inputs);
inline Result<TensorType> broadcast_inputs(const InferContext& ctx, DType dtype, std::initializer_list<size_t> inputs) {
  return broadcast_inputs(ctx, dtype, std::span(inputs.begin(), inputs.size()));
}

// Broadcasts dims into `into`; false when they do not fit together.
bool broadcast_into(Dims& into, const Dims& dims);

// Broadcast of two concrete shapes. Precondition: infer has accepted them.
Shape broadcast_shapes(const Shape& a, const Shape& b);

// A loop nest over an output with N operands that are broadcast to it. Adjacent axes that step alike are merged, so
// equal shapes become one run, and a bias over the channels of NCHW a run per channel.
template <size_t N>
struct BroadcastLoops {
  Shape extents;                               // outer loops, outermost first
  std::array<Shape, N> strides;                // of the operands in those loops, in elements
  int64_t run = 1;                             // innermost loop; the output steps by 1
  std::array<int64_t, N> run_strides{};        // 0 or 1
};

// Strides of an operand in the axes of the output: 0 where it is broadcast.
Shape broadcast_strides(const Shape& operand, const Shape& output);

template <size_t N>
BroadcastLoops<N> broadcast_loops(const Shape& output, const std::array<const Shape*, N>& operands) {
  std::array<Shape, N> strides;
  for (size_t n = 0; n < N; ++n) strides[n] = broadcast_strides(*operands[n], output);
  // Merged axes, innermost first.
  BroadcastLoops<N> loops;
  Shape extents;
  std::array<Shape, N> merged;
  for (size_t axis = output.size(); axis-- > 0;) {
    if (output[axis] == 1) continue;
    bool joins = !extents.empty();
    for (size_t n = 0; joins && n < N; ++n) joins = strides[n][axis] == merged[n].back() * extents.back();
    if (joins) {
      extents.back() *= output[axis];
      continue;
    }
    extents.push_back(output[axis]);
    for (size_t n = 0; n < N; ++n) merged[n].push_back(strides[n][axis]);
  }
  if (!extents.empty()) {
    loops.run = extents[0];
    for (size_t n = 0; n < N; ++n) loops.run_strides[n] = merged[n][0];
    loops.extents.assign(extents.rbegin(), extents.rend() - 1);
    for (size_t n = 0; n < N; ++n) loops.strides[n].assign(merged[n].rbegin(), merged[n].rend() - 1);
  }
  return loops;
}

// Calls body(output offset, operand offsets) once per run.
template <size_t N, class Body>
void for_each_run(const BroadcastLoops<N>& loops, Body&& body) {
  if (loops.run == 0 || std::ranges::find(loops.extents, 0) != loops.extents.end()) return;
  Shape index(loops.extents.size(), 0);
  std::array<int64_t, N> offsets{};
  for (int64_t output = 0;; output += loops.run) {
    body(output, offsets);
    size_t axis = index.size();
    for (; axis-- > 0;) {
      for (size_t n = 0; n < N; ++n) offsets[n] += loops.strides[n][axis];
      if (++index[axis] < loops.extents[axis]) break;
      for (size_t n = 0; n < N; ++n) offsets[n] -= loops.strides[n][axis] * loops.extents[axis];
      index[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

// output[i] = f(a[i], b[i]) with a and b broadcast to the output's shape.
template <class Out, class A, class B, class F>
void broadcast_binary(std::span<Out> output, const Shape& shape, std::span<const A> a, const Shape& a_shape,
                      std::span<const B> b, const Shape& b_shape, F f) {
  const auto loops = broadcast_loops<2>(shape, {&a_shape, &b_shape});
  const auto [a_step, b_step] = loops.run_strides;
  for_each_run(loops, [&](int64_t at, const std::array<int64_t, 2>& offsets) {
    Out* out = output.data() + at;
    const A* left = a.data() + offsets[0];
    const B* right = b.data() + offsets[1];
    // Separate loops, so that each vectorises.
    if (a_step && b_step) {
      for (int64_t i = 0; i < loops.run; ++i) out[i] = f(left[i], right[i]);
    } else if (a_step) {
      for (int64_t i = 0; i < loops.run; ++i) out[i] = f(left[i], *right);
    } else if (b_step) {
      for (int64_t i = 0; i < loops.run; ++i) out[i] = f(*left, right[i]);
    } else {
      std::fill_n(out, loops.run, f(*left, *right));
    }
  });
}

}  // namespace npu::detail
