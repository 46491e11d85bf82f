// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/families.h"
#include "compiler/lower/operands.h"
#include "core/base/hash.h"

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
constexpr std::array<LowerFunction, 9> kLowerings{lower_conv, lower_matmul, lower_elementwise, lower_pool, lower_reduce,
                                                  lower_softmax, lower_move, lower_trans_data, nullptr};

// The vendor's operator types, where they differ from ONNX's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kVendorTypes{{
    {"Conv", "Conv2D"}, {"Gemm", "MatMulV2"}, {"MatMul", "MatMulV2"}, {"Clip", "ClipByValue"}, {"Softmax", "SoftmaxV2"},
    {"MaxPool", "MaxPoolV3"}, {"AveragePool", "AvgPoolV2"}, {"GlobalAveragePool", "ReduceMeanD"}, {"Concat", "ConcatD"},
    {"Transpose", "TransposeD"}, {"Pad", "PadV3"}, {"Slice", "StridedSliceD"},
}};

std::string vendor_type(const Graph& graph, const Node& node) {
  if (node.op == "Conv" && node.int_attr("group", 1) > 1 && node.int_attr("group", 1) == graph.value(node.inputs[0]).type.dims[1].value())
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

LowerContext::LowerContext(const Graph& of_graph, const Soc& for_soc)
    : graph(of_graph), soc(for_soc), address_(of_graph.value_count(), -1) {
  // Room for all at once: a vector that grows needs twice its size meanwhile.
  size_t bytes = 0;
  for (size_t id = 0; id < graph.value_count(); ++id)
    if (const auto& constant = graph.value(static_cast<ValueId>(id)).constant) bytes += constant->byte_size() + 2 * kTensorAlign;
  weights_.reserve(bytes + bytes / 8);  // padded channels
}

int64_t LowerContext::add_weights(Bytes bytes) {
  const uint64_t hash = hash_bytes(bytes);
  for (const auto& [known, place] : known_)
    if (known == hash && place.second == static_cast<int64_t>(bytes.size()) &&
        std::equal(bytes.begin(), bytes.end(), weights_.begin() + place.first))
      return place.first;
  const auto offset = static_cast<int64_t>(weights_.size());
  weights_.insert(weights_.end(), bytes.begin(), bytes.end());
  weights_.resize(static_cast<size_t>(align_up(static_cast<int64_t>(weights_.size()) + kTensorSlack, kTensorAlign)));
  known_.push_back({hash, {offset, static_cast<int64_t>(bytes.size())}});
  return offset;
}

std::optional<std::string> reject_fusion(const Graph& graph, const Soc& soc, const TaskSpec& task, const Node& next) {
  const Node& anchor = graph.node(task.nodes[0]);
  const LowerRule* rule = find_lower_rule(anchor.op);
  if (rule == nullptr) return "the producer runs on the AI CPU";
  if (!is_elementwise(next.op)) return next.op + " is not elementwise";
  const bool cube = rule->family == Family::Conv || rule->family == Family::MatMul;
  if (!cube && rule->family != Family::Elementwise) return anchor.op + " tasks have no vector epilogue";
  if (cube && soc.split && (next.op != "Relu" || task.nodes.size() > 1)) return fmt::format("{} has no path from the cube to the vector unit", soc.name);
  const Value& carried = graph.value(graph.node(task.nodes.back()).outputs[0]);
  const Value& output = graph.value(next.outputs[0]);
  if (carried.type.dims != output.type.dims) return fmt::format("shape changes from {} to {}", to_string(carried.type.dims), to_string(output.type.dims));
  if (carried.format != output.format) return "format changes";
  if (cube && output.type.dtype != DType::Float16) return "the result leaves as " + std::string(to_string(output.type.dtype));
  std::vector<NodeId> nodes(task.nodes.begin() + (cube ? 1 : 0), task.nodes.end());
  for (NodeId id : graph.order())
    if (&graph.node(id) == &next) nodes.push_back(id);
  const auto chain = VectorChain::build(graph, nodes, cube ? anchor.outputs[0] : kNone);
  if (!chain) return chain.error().what;
  constexpr int64_t kSmallestTile = 128 * 16;
  const int64_t need = 2 * chain->bytes_per_element() * kSmallestTile + 16384;
  if (need > soc.ub) return fmt::format("UB budget: {} bytes of tiles > {}", need, soc.ub);
  return std::nullopt;
}

Status attach_epilogue(LowerContext& context, const TaskSpec& spec, CubeTask& cube) {
  const Graph& graph = context.graph;
  size_t first = 1;
  ValueId carried = graph.node(spec.nodes[0]).outputs[0];
  if (spec.nodes.size() > 1 && graph.node(spec.nodes[1]).op == "Relu") {
    cube.relu = true;
    first = 2;
    carried = graph.node(spec.nodes[1]).outputs[0];
  }
  const ValueId result = graph.node(spec.nodes.back()).outputs[0];
  cube.result = context.address(result);
  const auto rest = std::span(spec.nodes).subspan(first);
  if (rest.empty()) return {};
  NPU_TRY(cube.chain, VectorChain::build(graph, rest, carried));
  if (cube.problem.matrix) cube.chain.rows_to_channels();
  const Value& value = graph.value(result);
  for (const ChainOperand& operand : cube.chain.operands()) {
    NPU_TRY(const int64_t address, operand_address(context, operand, value.format));
    cube.operand_address.push_back(address);
    cube.operand_batched.push_back(!cube.problem.matrix && is_batched(graph, operand, value.type.dims));
  }
  return {};
}

Status lower_task(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& anchor = context.graph.node(spec.nodes[0]);
  const LowerRule* rule = find_lower_rule(anchor.op);
  const std::string where = anchor.op + " '" + anchor.name + "'";
  const LowerFunction lower = rule == nullptr ? nullptr : kLowerings[static_cast<size_t>(rule->family)];
  if (lower == nullptr) return fail(ErrorKind::CompileLimit, where, "has no AI core lowering");
  task.op_type = vendor_type(context.graph, anchor);
  for (NodeId id : spec.nodes) task.fused.push_back(vendor_type(context.graph, context.graph.node(id)));
  auto status = lower(context, spec, task);
  if (!status && status.error().where.empty()) status.error().where = where;
  return status;
}

int64_t workspace_bytes(const Graph&, const Soc&, const TaskSpec&) { return 0; }

}  // namespace npu
