// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/in_place.h"

#include <algorithm>

#include "compiler/lower/conv_pair.h"
#include "compiler/lower/families.h"
#include "compiler/lower/residual.h"

namespace npu {
namespace {

using Candidates = std::vector<ValueId> (*)(const Graph&, const TaskSpec&);

std::vector<ValueId> none(const Graph&, const TaskSpec&) { return {}; }

// Tiles of a chain are loaded element for element where the result is stored.
std::vector<ValueId> tile_operands(const Graph& graph, std::span<const NodeId> nodes, ValueId carried) {
  std::vector<ValueId> found;
  if (nodes.empty()) return found;
  const auto chain = VectorChain::build(graph, nodes, carried);
  if (!chain) return found;
  for (const ChainOperand& operand : chain->operands())
    if (operand.kind == OperandKind::Tile && vec_type_size(operand.type) == vec_type_size(chain->result_type())) found.push_back(operand.value);
  return found;
}

std::vector<ValueId> of_chain(const Graph& graph, const TaskSpec& task) { return tile_operands(graph, task.nodes, kNone); }

// A piece of the result has its residual loaded before it is stored. What the product itself reads has other tiles.
std::vector<ValueId> of_cube(const Graph& graph, const TaskSpec& task) {
  const size_t product = second_conv(graph, task.nodes).value_or(0);
  const auto nodes = std::span(task.nodes).subspan(product);
  const size_t first = cube_epilogue(graph, nodes).rest;
  auto found = tile_operands(graph, nodes.subspan(first), graph.node(nodes[first - 1]).outputs[0]);
  // Nor what the first of two convolutions adds to its own result.
  for (size_t i = 0; i <= product; ++i) std::erase_if(found, [&](ValueId value) { return std::ranges::count(graph.node(task.nodes[i]).inputs, value) > 0; });
  return found;
}

std::vector<ValueId> of_byte_residual(const Graph& graph, const TaskSpec& task) {
  if (task.nodes.size() < 2) return {};
  const Node& add = graph.node(task.nodes.back());
  const ValueId residual = add.inputs[residual_operand(add, graph.node(task.nodes[0]).outputs[0])];
  if (std::ranges::count(graph.node(task.nodes[0]).inputs, residual) > 0) return {};
  return {residual};
}

// Rows are computed one by one; one that does not fit UB is stored in the pieces of its last reading.
std::vector<ValueId> of_rows(const Graph& graph, const TaskSpec& task) { return {graph.node(task.nodes[0]).inputs[0]}; }

std::vector<ValueId> of_bytes(const Graph& graph, const TaskSpec& task) {
  const Node& node = graph.node(task.nodes[0]);
  if (node.op != "QLinearAdd") return {};
  return {node.inputs[0], node.inputs[3]};
}

Candidates candidates_of(Family family) {
  switch (family) {
    case Family::Elementwise: return of_chain;
    case Family::Conv:
    case Family::MatMul: return of_cube;
    case Family::QuantConv: return of_byte_residual;
    case Family::Softmax:
    case Family::LayerNorm:
    case Family::Rotary: return of_rows;
    case Family::Quantized: return of_bytes;
    default: return none;
  }
}

}  // namespace

std::vector<ValueId> in_place_inputs(const Graph& graph, const TaskSpec& task) {
  const Node& anchor = graph.node(task.nodes[0]);
  const LowerRule* rule = find_lower_rule(anchor.op);
  if (rule == nullptr || anchor.engine != Engine::AiCore || task.outputs.size() != 1) return {};
  const Value& result = graph.value(task.outputs[0]);
  auto found = candidates_of(rule->family)(graph, task);
  std::erase_if(found, [&](ValueId id) { return graph.is_constant(id) || graph.value(id).format != result.format; });
  return found;
}

}  // namespace npu
