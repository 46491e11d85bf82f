// SPDX-License-Identifier: Apache-2.0
// MatMul and Gemm on the cube, on row-major matrices: the copies into L1 make the fractals (Nd2Nz).
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/cube.h"
#include "compiler/lower/families.h"
#include "compiler/lower/operands.h"
#include "core/tensor/format.h"

namespace npu {
namespace {

struct MatShape {
  int64_t batch = 1, m = 1, k = 1, n = 1;
  bool shared_b = true;  // one B for all batches
};

std::optional<MatShape> mat_shape(const Graph& graph, const Node& node) {
  const Dims& a = graph.value(node.inputs[0]).type.dims;
  const Dims& b = graph.value(node.inputs[1]).type.dims;
  if (a.size() < 2 || b.size() < 2) return std::nullopt;
  MatShape s;
  s.m = a[a.size() - 2].value(), s.k = a.back().value(), s.n = b.back().value();
  const Dims a_batch(a.begin(), a.end() - 2), b_batch(b.begin(), b.end() - 2);
  for (const Dim& dim : a_batch) s.batch *= dim.value();
  const bool b_single = std::ranges::all_of(b_batch, [](const Dim& dim) { return dim.value() == 1; });
  if (!b_single && a_batch != b_batch) return std::nullopt;
  s.shared_b = b_single;
  if (s.shared_b) s.m *= s.batch, s.batch = 1;  // one tall product
  return s;
}

}  // namespace

std::optional<std::string> reject_matmul(const Graph& graph, const Node& node, const Soc& soc) {
  const Value& a = graph.value(node.inputs[0]);
  if (a.type.dtype != DType::Float16) return fmt::format("{} data", to_string(a.type.dtype));
  if (a.constant) return "constant left operand";
  if (node.int_attr("transA", 0) != 0) return "transposed A";
  if (node.op == "Gemm") {
    if (node.int_attr("transB", 0) != 0) return "transposed B";
    if (node.float_attr("alpha", 1) != 1 || node.float_attr("beta", 1) != 1) return "alpha or beta is not 1";
    if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
      const Value& c = graph.value(node.inputs[2]);
      if (!c.constant || c.constant->elements() != graph.value(node.inputs[1]).type.dims.back().value()) return "C is not one constant a column";
    }
  }
  const auto s = mat_shape(graph, node);
  if (!s) return fmt::format("product of {} and {}", to_string(a.type.dims), to_string(graph.value(node.inputs[1]).type.dims));
  if (s->k > 65535 * 16 || s->n > 65535) return fmt::format("{} columns exceed one copy's 65535", std::max(s->k, s->n));
  if (soc.l1 == 0) return "no L1";
  return std::nullopt;
}

Status lower_matmul(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const MatShape s = *mat_shape(graph, node);
  const Value& b = graph.value(node.inputs[1]);
  CubeTask cube;
  CubeProblem& p = cube.problem;
  p.items = s.batch;
  p.matrix = true;
  p.k = s.k, p.n = s.n;
  p.c1 = ceil_div(s.k, 16);
  p.w = p.wo = s.m;
  p.b_matrix = !b.constant;
  int64_t b_address = context.address(node.inputs[1]), b_stride = s.k * s.n * 2;
  if (b.constant) {
    const Shape shape{s.shared_b ? 1 : s.batch, s.k, s.n};
    b_stride = p.k1() * p.n1() * kFractalBytes;
    std::vector<std::byte> fractals;
    const Tensor half = b.constant->cast(DType::Float16);
    for (int64_t i = 0; i < shape[0]; ++i) {
      Tensor prepared(DType::Float16, {p.k1(), p.n1(), 16, 16});
      const auto from = half.data<Half>().subspan(static_cast<size_t>(i * s.k * s.n));
      const auto to = prepared.mutable_data<Half>();
      for (int64_t k = 0; k < s.k; ++k)
        for (int64_t n = 0; n < s.n; ++n)
          to[static_cast<size_t>((((k / 16) * p.n1() + n / 16) * 16 + n % 16) * 16 + k % 16)] = from[static_cast<size_t>(k * s.n + n)];
      fractals.insert(fractals.end(), prepared.bytes().begin(), prepared.bytes().end());
    }
    b_address = context.add_weights(fractals);
  } else if (s.k % 16 != 0) {
    cube.zeros = context.add_weights(std::vector<std::byte>(512));
  }
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) cube.bias = add_channel_values(context, *graph.value(node.inputs[2]).constant);
  for (int64_t i = 0; i < s.batch; ++i)
    cube.items.push_back({context.address(node.inputs[0]) + i * s.m * s.k * 2, b_address + (s.shared_b ? 0 : i * b_stride), i * s.m * s.n * 2, 0, i});
  NPU_CHECK(attach_epilogue(context, spec, cube));
  NPU_TRY(task.blocks, emit_cube(context.soc, cube));
  task.macs = s.batch * s.m * s.k * s.n;
  return {};
}

}  // namespace npu
