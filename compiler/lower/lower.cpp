// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/conv_pair.h"
#include "compiler/lower/families.h"
#include "compiler/lower/operands.h"

namespace npu {
namespace {

Layout image(const Graph&, const Node&) { return Layout::Image; }
Layout plain(const Graph&, const Node&) { return Layout::Plain; }

constexpr std::array kRules{
#define NPU_LOWER(op, family, layout, reject) LowerRule{op, Family::family, layout, reject},
#include "compiler/lower/lower.def"
#undef NPU_LOWER
};

using LowerFunction = Status (*)(LowerContext&, const TaskSpec&, Task&);

// In the order of Family; a View has no task.
constexpr std::array<LowerFunction, 21> kLowerings{lower_conv, lower_matmul, lower_attention, lower_elementwise, lower_pool, lower_reduce,
                                                  lower_softmax, lower_layer_norm, lower_move, lower_trans_data, lower_qconv, lower_qgemm,
                                                  lower_quantized, lower_select, lower_gather, lower_recurrent, lower_arg, lower_top_k, lower_rotary, lower_aipp, nullptr};

// The vendor's operator types, where they differ from ONNX's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 22> kVendorTypes{{
    {"Conv", "Conv2D"}, {"QLinearConv", "Conv2D"}, {"QGemm", "MatMulV2"}, {"QuantizeLinear", "AscendQuant"}, {"DequantizeLinear", "AscendDequant"},
    {"QLinearAdd", "Add"}, {"Gemm", "MatMulV2"}, {"MatMul", "MatMulV2"}, {"Clip", "ClipByValue"}, {"Softmax", "SoftmaxV2"},
    {"MaxPool", "MaxPoolV3"}, {"AveragePool", "AvgPoolV2"}, {"GlobalAveragePool", "ReduceMeanD"}, {"Concat", "ConcatD"},
    {"Transpose", "TransposeD"}, {"Pad", "PadV3"}, {"Slice", "StridedSliceD"}, {"LayerNormalization", "LayerNorm"},
    {"DynamicGRU", "DynamicGRUV2"}, {"DynamicLSTM", "DynamicRNN"}, {"ArgMax", "ArgMaxD"}, {"ArgMin", "ArgMinD"},
}};

std::string vendor_type(const Graph& graph, const Node& node) {
  if ((node.op == "Conv" || node.op == "QLinearConv") && node.int_attr("group", 1) > 1 && node.int_attr("group", 1) == graph.value(node.inputs[0]).type.dims[1].value())
    return "DepthwiseConv2D";
  const auto found = std::ranges::find(kVendorTypes, std::string_view(node.op), [](const auto& row) { return row.first; });
  return std::string(found == kVendorTypes.end() ? std::string_view(node.op) : found->second);
}

}  // namespace

std::span<const LowerRule> all_lower_rules() { return kRules; }

const LowerRule* find_lower_rule(std::string_view op) {
  const auto found = std::ranges::find(kRules, op, &LowerRule::op);
  return found == kRules.end() ? nullptr : found;
}

namespace {

// The convolution of the image, then what may follow the convolution.
std::optional<std::string> reject_behind_image(const Graph& graph, const Soc& soc, TaskSpec task, const Node& next) {
  if (task.nodes.size() == 1) return next.op == "Conv" ? reject_image_conv(graph, next, soc) : next.op + " does not read images on their way into L1";
  task.nodes.erase(task.nodes.begin());
  return reject_fusion(graph, soc, task, next);
}

}  // namespace

std::optional<std::string> reject_fusion(const Graph& graph, const Soc& soc, const TaskSpec& task, const Node& next) {
  const Node& anchor = graph.node(task.nodes[0]);
  const LowerRule* rule = find_lower_rule(anchor.op);
  if (rule == nullptr) return "the producer runs on the AI CPU";
  if (rule->family == Family::QuantConv) return reject_conv_residual(graph, soc, task, next);
  if (rule->family == Family::Aipp) return reject_behind_image(graph, soc, task, next);
  if (next.op == "TransData") return reject_quantized_image(graph, soc, task, next);
  if (!is_elementwise(next.op)) return next.op + " is not elementwise";
  const bool cube = rule->family == Family::Conv || rule->family == Family::MatMul;
  if (!cube && rule->family != Family::Elementwise) return anchor.op + " tasks have no vector epilogue";
  const Value& carried = graph.value(graph.node(task.nodes.back()).outputs[0]);
  const Value& output = graph.value(next.outputs[0]);
  if (carried.type.dims != output.type.dims) return fmt::format("shape changes from {} to {}", to_string(carried.type.dims), to_string(output.type.dims));
  if (carried.format != output.format) return "format changes";
  if (cube && output.type.dtype != DType::Float16) return "the result leaves as " + std::string(to_string(output.type.dtype));
  std::vector<NodeId> nodes = task.nodes;
  for (NodeId id : graph.order())
    if (&graph.node(id) == &next) nodes.push_back(id);
  const size_t first = cube ? cube_epilogue(graph, nodes).rest : 0;
  if (cube && first == nodes.size()) return std::nullopt;
  if (cube && soc.split) return fmt::format("{} has no path from the cube to the vector unit", soc.name);
  const auto chain = VectorChain::build(graph, std::span(nodes).subspan(first), cube ? graph.node(nodes[first - 1]).outputs[0] : kNone);
  if (!chain) return chain.error().what;
  // Only a stack of products keeps its batches apart; others may be one tall product.
  if (cube && chain->uses(OperandKind::BatchRow) && anchor.op != "TransposeBatchMatMul") return "a row of its own for each batch";
  constexpr int64_t kSmallestTile = 128 * 16;
  const int64_t need = 2 * chain->bytes_per_element() * kSmallestTile + 16384;
  if (need > soc.ub) return fmt::format("UB budget: {} bytes of tiles > {}", need, soc.ub);
  return std::nullopt;
}

CubeEpilogue cube_epilogue(const Graph& graph, std::span<const NodeId> nodes) {
  CubeEpilogue found;
  const Node& anchor = graph.node(nodes[0]);
  const bool product = anchor.op == "MatMul" || anchor.op == "TransposeBatchMatMul";
  if (product && nodes.size() > 1 && graph.node(nodes[1]).op == "Add") {
    const Node& add = graph.node(nodes[1]);
    const ValueId row = add.inputs[add.inputs[0] == anchor.outputs[0] ? 1 : 0];
    if (graph.is_constant(row) && operand_kind(graph, row, graph.value(add.outputs[0]).type.dims, false) == OperandKind::Row) {
      found.bias = row;
      found.rest = 2;
    }
  }
  if (nodes.size() > found.rest && graph.node(nodes[found.rest]).op == "Relu") {
    found.relu = true;
    ++found.rest;
  }
  return found;
}

Status attach_epilogue(LowerContext& context, const TaskSpec& spec, CubeTask& cube) {
  const Graph& graph = context.graph;
  const CubeEpilogue epilogue = cube_epilogue(graph, spec.nodes);
  cube.relu = epilogue.relu;
  if (epilogue.bias != kNone) cube.bias = add_channel_values(context, *graph.value(epilogue.bias).constant);
  const ValueId carried = graph.node(spec.nodes[epilogue.rest - 1]).outputs[0];
  const ValueId result = graph.node(spec.nodes.back()).outputs[0];
  cube.result = context.address(result);
  const auto rest = std::span(spec.nodes).subspan(epilogue.rest);
  if (rest.empty()) return {};
  NPU_TRY(cube.chain, VectorChain::build(graph, rest, carried));
  if (cube.problem.matrix) cube.chain.rows_to_channels();
  const Value& value = graph.value(result);
  for (const ChainOperand& operand : cube.chain.operands()) {
    NPU_TRY(const int64_t address, operand_address(context, operand, value.format));
    cube.operand_address.push_back(address);
    cube.operand_batched.push_back(is_batched(graph, operand, value.type.dims));
  }
  return {};
}

Status lower_task(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& anchor = context.graph.node(spec.nodes[0]);
  const LowerRule* rule = find_lower_rule(anchor.op);
  const std::string where = anchor.op + " '" + anchor.name + "'";
  const LowerFunction lower = rule == nullptr ? nullptr : kLowerings[static_cast<size_t>(rule->family)];
  if (lower == nullptr) return fail(ErrorKind::CompileLimit, where, "has no AI core lowering");
  // A convolution that makes its feature map of an image is one all the same.
  const bool conv_of_image = rule->family == Family::Aipp && spec.nodes.size() > 1;
  task.op_type = vendor_type(context.graph, conv_of_image ? context.graph.node(spec.nodes[1]) : anchor);
  for (NodeId id : spec.nodes) task.fused.push_back(vendor_type(context.graph, context.graph.node(id)));
  auto status = lower(context, spec, task);
  if (!status && status.error().where.empty()) status.error().where = where;
  return status;
}

int64_t workspace_bytes(const Graph& graph, const Soc&, const TaskSpec& spec) { return second_conv(graph, spec.nodes) ? between_bytes(graph, spec) : 0; }

}  // namespace npu
