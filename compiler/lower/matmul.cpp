// SPDX-License-Identifier: Apache-2.0
// MatMul, Gemm and TransposeBatchMatMul on the cube, on matrices stored row by row: the copies into L1 make the
// fractals (Nd2Nz), whatever the distance between rows.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/cube.h"
#include "compiler/lower/families.h"
#include "compiler/lower/operands.h"
#include "compiler/lower/stack.h"

namespace npu {
namespace {

struct Product {
  Stack a, b, y;
  std::vector<int64_t> batch;  // sizes of the batch dimensions
  bool b_transposed = false;   // stored as [n, k]
  int64_t count = 1;           // of the batches

  int64_t m() const { return a.rows; }
  int64_t k() const { return a.columns; }
  int64_t n() const { return b.columns; }
};

// A shared right operand and rows that follow one another: one tall product.
void merge_batches(Product& p) {
  const bool shared = std::ranges::all_of(p.b.strides, [](int64_t stride) { return stride == 0; });
  if (!shared || p.a.row_stride != p.k() || p.y.row_stride != p.n()) return;
  int64_t a_expected = p.m() * p.k(), y_expected = p.m() * p.n();
  for (size_t i = p.batch.size(); i-- > 0;) {
    if (p.batch[i] == 1) continue;
    if (p.a.strides[i] != a_expected || p.y.strides[i] != y_expected) return;
    a_expected *= p.batch[i], y_expected *= p.batch[i];
  }
  p.a.rows *= p.count;
  p.batch.clear();
  p.count = 1;
}

std::optional<Product> product_of(const Graph& graph, const Node& node) {
  const Dims& a = graph.value(node.inputs[0]).type.dims;
  const Dims& b = graph.value(node.inputs[1]).type.dims;
  const Dims& y = graph.value(node.outputs[0]).type.dims;
  if (a.size() < 2 || b.size() < 2 || y.size() < 2) return std::nullopt;
  Product p{stack_of(a, node.ints_attr("perm_x1")), stack_of(b, node.ints_attr("perm_x2")), stack_of(y, inverse(node.ints_attr("perm_y"))), {}, false, 1};
  if (node.op == "Gemm" && node.int_attr("transB", 0) != 0) std::swap(p.b.rows, p.b.columns), std::swap(p.b.row_stride, p.b.column_stride);
  p.batch = p.y.sizes;
  for (Stack* stack : {&p.a, &p.b}) pad_batch(*stack, p.batch.size());
  for (size_t i = 0; i < p.batch.size(); ++i) {
    p.count *= p.batch[i];
    if (p.a.sizes[i] != p.batch[i]) return std::nullopt;
    if (p.b.sizes[i] != p.batch[i] && p.b.sizes[i] != 1) return std::nullopt;
  }
  if (p.b.row_stride == 1 && p.b.column_stride != 1) p.b_transposed = true;
  merge_batches(p);
  return p;
}

// Whole fractals [k1][n1][16 n][16 k] of a row-major [k, n], zeros in the padding.
void write_fractals(const uint16_t* from, int64_t k, int64_t n, uint16_t* to) {
  const int64_t n1 = ceil_div(n, 16);
  for (int64_t row = 0; row < k; row += 16)
    for (int64_t column = 0; column < n; column += 16) {
      uint16_t* fractal = to + (row * n1 + column) * 16;
      const int64_t rows = std::min<int64_t>(16, k - row), columns = std::min<int64_t>(16, n - column);
      const uint16_t* corner = from + row * n + column;
      if (rows == 16 && columns == 16) {
        for (int64_t j = 0; j < 16; ++j)
          for (int64_t i = 0; i < 16; ++i) fractal[j * 16 + i] = corner[i * n + j];
        continue;
      }
      for (int64_t i = 0; i < rows; ++i)
        for (int64_t j = 0; j < columns; ++j) fractal[j * 16 + i] = corner[i * n + j];
    }
}

// Device address of the constant B as the cube reads it; all its matrices.
int64_t add_fractals(LowerContext& context, const Tensor& b, const CubeProblem& p) {
  const Tensor half = b.cast(DType::Float16);
  const int64_t each = p.k1() * p.n1() * kFractalBytes, elements = p.k * p.n, count = half.elements() / elements;
  return context.add_weights(static_cast<size_t>(count * each), [&](std::span<std::byte> place) {
    for (int64_t i = 0; i < count; ++i)
      write_fractals(reinterpret_cast<const uint16_t*>(half.bytes().data()) + i * elements, p.k, p.n, reinterpret_cast<uint16_t*>(place.data() + i * each));
  });
}

std::vector<CubeItem> list_items(const Product& p, int64_t a, int64_t b, int64_t b_bytes) {
  std::vector<CubeItem> items;
  for (int64_t index = 0; index < p.count; ++index) {
    CubeItem item{.a = a, .b = b};
    int64_t rest = index, matrix = 0, matrices = 1;
    for (size_t i = p.batch.size(); i-- > 0; rest /= p.batch[i]) {
      const int64_t at = rest % p.batch[i];
      item.a += at * p.a.strides[i] * 2;
      item.result_offset += at * p.y.strides[i] * 2;
      item.b += b_bytes == 0 ? at * p.b.strides[i] * 2 : 0;
      matrix += p.b.sizes[i] == 1 ? 0 : at * matrices;
      matrices *= p.b.sizes[i];
      if (i == 0) item.batch = at;
    }
    item.b += matrix * b_bytes;
    items.push_back(item);
  }
  return items;
}

}  // namespace

std::optional<std::string> reject_matmul(const Graph& graph, const Node& node, const Soc& soc) {
  const Value& a = graph.value(node.inputs[0]);
  const bool b_constant = graph.is_constant(node.inputs[1]);
  if (a.type.dtype != DType::Float16) return fmt::format("{} data", to_string(a.type.dtype));
  if (a.constant) return "constant left operand";
  if (node.int_attr("transA", 0) != 0) return "transposed A";
  if (node.op == "Gemm") {
    if (b_constant && node.int_attr("transB", 0) != 0) return "transposed B";
    if (node.float_attr("alpha", 1) != 1 || node.float_attr("beta", 1) != 1) return "alpha or beta is not 1";
    if (node.inputs.size() > 2 && node.inputs[2] != kNone) {
      const Value& c = graph.value(node.inputs[2]);
      if (!c.constant || c.constant->elements() != graph.value(node.outputs[0]).type.dims.back().value()) return "C is not one constant a column";
    }
  }
  if (b_constant && node.find_attr("perm_x2")) return "transposed constant B";
  const auto p = product_of(graph, node);
  if (!p) return fmt::format("product of {} and {}", to_string(a.type.dims), to_string(graph.value(node.inputs[1]).type.dims));
  if (p->count * p->m() * p->k() * p->n() == 0) return "empty product";
  if (p->k() > 1 && p->a.column_stride != 1) return "the rows of A are not contiguous";
  if (p->n() > 1 && p->y.column_stride != 1) return "the rows of the result are not contiguous";
  if (p->n() > 1 && p->k() > 1 && p->b.column_stride != 1 && p->b.row_stride != 1) return "neither rows nor columns of B are contiguous";
  if (p->k() > 65535 * 16 || p->n() > 65535) return fmt::format("{} columns exceed one copy's 65535", std::max(p->k(), p->n()));
  if (soc.l1 == 0) return "no L1";
  return std::nullopt;
}

Status lower_matmul(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const Product product = *product_of(graph, node);
  const Value& b = graph.value(node.inputs[1]);
  CubeTask cube;
  CubeProblem& p = cube.problem;
  p.items = product.count;
  p.matrix = true;
  p.k = product.k(), p.n = product.n();
  p.c1 = ceil_div(p.k, 16);
  p.result_c1 = p.n1();
  p.w = p.wo = product.m();
  p.a_pitch = product.a.row_stride, p.y_pitch = product.y.row_stride;
  p.b_matrix = !b.constant;
  p.b_transposed = p.b_matrix && product.b_transposed;
  p.b_pitch = p.b_transposed ? product.b.column_stride : product.b.row_stride;
  int64_t b_address = context.address(node.inputs[1]);
  if (b.constant) b_address = add_fractals(context, *b.constant, p);
  else if ((p.b_transposed ? p.n : p.k) % 16 != 0) cube.zeros = context.add_weights(std::vector<std::byte>(512));
  if (node.inputs.size() > 2 && node.inputs[2] != kNone) cube.bias = add_channel_values(context, *graph.value(node.inputs[2]).constant);
  cube.items = list_items(product, context.address(node.inputs[0]), b_address, b.constant ? p.k1() * p.n1() * kFractalBytes : 0);
  NPU_CHECK(attach_epilogue(context, spec, cube));
  NPU_TRY(task.blocks, emit_cube(context, cube));
  task.macs = p.items * product.m() * p.k * p.n;
  return {};
}

}  // namespace npu
