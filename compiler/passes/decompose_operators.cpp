// SPDX-License-Identifier: Apache-2.0
// Needs: static types, canonical spellings, folded BatchNormalization and bias (they look for the operators that go
// here). Guarantees: nothing. Must run before fold-transposes, which takes some of the new Transposes away, and before
// assign-precision: constants are made from float32.
#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "compiler/passes/decompose.h"
#include "core/ops/op.h"

namespace npu::pass {

Status eliminate_identities(Graph& graph, PassContext& context);

ValueId Decompose::add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) {
  const std::string name = names_.unique(fmt::format("{}_{}", node().name.empty() ? node().op : node().name, op));
  Node made = make_node(op, name, std::move(inputs), {graph_.add_value(name, {})}, node().origin);
  if (made.origin.empty()) made.origin.push_back(node().name);
  made.attrs = std::move(attrs);
  const ValueId result = made.outputs[0];
  const NodeId at = graph_.insert_before(id_, std::move(made));
  if (status_) status_ = infer_node(graph_, at);
  return result;
}

ValueId Decompose::constant(std::string_view what, Tensor tensor) {
  return graph_.add_constant(names_.unique(fmt::format("{}_{}", node().name.empty() ? node().op : node().name, what)), std::move(tensor));
}

ValueId Decompose::reshape(ValueId from, const Shape& to) {
  return shape(from) == to ? from : add("Reshape", {from, ints("shape", to)});
}

ValueId Decompose::transpose(ValueId from, const std::vector<int64_t>& perm) {
  return std::ranges::is_sorted(perm) ? from : add("Transpose", {from}, {{"perm", perm}});
}

ValueId Decompose::slice(ValueId from, int64_t axis, int64_t start, int64_t count, int64_t step) {
  if (start == 0 && step == 1 && count == shape(from)[static_cast<size_t>(axis)]) return from;
  return add("Slice", {from, ints("starts", {start}), ints("ends", {start + (count - 1) * step + 1}), ints("axes", {axis}), ints("steps", {step})});
}

void Decompose::become(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) {
  Node& changed = graph_.node(id_);
  changed.op = op;
  changed.inputs = std::move(inputs);
  changed.attrs = std::move(attrs);
}

std::optional<int64_t> axis_of(const Node& node, int64_t fallback, size_t rank) {
  const auto axes = normalise_axes({node.int_attr("axis", fallback)}, static_cast<int64_t>(rank));
  return axes ? std::optional(axes->front()) : std::nullopt;
}

std::vector<int64_t> identity_perm(size_t rank) {
  std::vector<int64_t> perm(rank);
  std::iota(perm.begin(), perm.end(), 0);
  return perm;
}

namespace {

struct Row {
  std::string_view op;
  DecomposeRule rule;
};

constexpr Row kRows[] = {
    {"Add", broadcast_to_expand},
    {"And", select_operands_to_tiles},
    {"ArgMax", arg_axis_to_last},
    {"ArgMin", arg_axis_to_last},
    {"Attention", attention_to_products},
    {"AveragePool", window_to_image},
    {"Cast", bool_to_float_as_choice},
    {"Clip", clip_to_extremes},
    {"Conv", window_to_image},
    {"ConvTranspose", conv_transpose_to_conv},
    {"CumSum", cum_sum_to_product},
    {"Div", broadcast_to_expand},
    {"Einsum", einsum_to_product},
    {"Equal", select_operands_to_tiles},
    {"Gemm", gemm_to_product},
    {"Greater", select_operands_to_tiles},
    {"GreaterOrEqual", select_operands_to_tiles},
    {"GroupNormalization", group_norm_to_rows},
    {"GRU", gru_to_steps},
    {"InstanceNormalization", instance_norm_to_rows},
    {"IsInf", is_inf_to_equal},
    {"IsNaN", is_nan_to_equal},
    {"LRN", lrn_to_conv},
    {"Less", select_operands_to_tiles},
    {"LessOrEqual", select_operands_to_tiles},
    {"LSTM", lstm_to_steps},
    {"LogSoftmax", axis_to_last},
    {"LpNormalization", lp_normalization_to_quotient},
    {"MatMul", product_to_batches},
    {"Max", broadcast_to_expand},
    {"MaxPool", window_to_image},
    {"Mean", mean_to_sum},
    {"Min", broadcast_to_expand},
    {"Mul", broadcast_to_expand},
    {"Or", select_operands_to_tiles},
    {"PRelu", broadcast_to_expand},
    {"ReduceL1", reduced_axes_to_last},
    {"ReduceL2", reduced_axes_to_last},
    {"ReduceLogSum", reduce_log_sum_to_log},
    {"ReduceLogSumExp", reduce_log_sum_exp_to_log},
    {"ReduceMax", reduced_axes_to_last},
    {"ReduceMean", reduced_axes_to_last},
    {"ReduceMin", reduced_axes_to_last},
    {"ReduceSum", reduced_axes_to_last},
    {"ReduceSumSquare", reduced_axes_to_last},
    {"Resize", resize_to_products},
    {"Softmax", axis_to_last},
    {"Sub", broadcast_to_expand},
    {"SwiGLU", gated_to_product},
    {"Tile", tile_to_expand},
    {"Trilu", trilu_to_choice},
    {"Where", select_operands_to_tiles},
    {"Xor", xor_to_equal},
};

// What the AI core will compute with (and give indices into): bools, float16, and float32 unless assign-precision is switched off. The AI CPU runs the
// operators as they are.
bool will_be_half(const Graph& graph, const PassContext& context, const Node& node) {
  const bool lowers = !context.options.disabled.contains("assign-precision");
  const auto given = std::ranges::find_if(node.outputs, [](ValueId id) { return id != kNone; });
  const ValueId x = input_of(node, 0), y = given == node.outputs.end() ? kNone : *given;
  if (x == kNone || y == kNone || !graph.value(x).type.is_static() || !graph.value(y).type.is_static()) return false;
  const auto fits = [&](ValueId id) {
    const DType dtype = graph.value(id).type.dtype;
    return dtype == DType::Float16 || dtype == DType::Bool || (lowers && dtype == DType::Float32);
  };
  const bool gives_indices = graph.value(y).type.dtype == DType::Int64 && node.op.starts_with("Arg");
  return fits(x) && (fits(y) || gives_indices) && element_count(to_shape(graph.value(y).type.dims)) > 0 && element_count(to_shape(graph.value(x).type.dims)) > 0;
}

const Row* find_row(std::string_view op) {
  const auto* row = std::ranges::find(kRows, op, &Row::op);
  return row == std::end(kRows) ? nullptr : row;
}

}  // namespace

bool decomposes(std::string_view op) { return find_row(op) != nullptr; }

Status decompose_operators(Graph& graph, PassContext& context) {
  Names names(graph);
  std::vector<NodeId> pending = graph.order();  // and what the rewrites add or turn into something else
  for (size_t i = 0; i < pending.size(); ++i) {
    const NodeId id = pending[i];
    const Row* row = find_row(graph.node(id).op);
    if (row == nullptr || !will_be_half(graph, context, graph.node(id))) continue;
    const size_t known = graph.node_capacity();
    const std::string before = graph.node(id).op;
    Decompose decompose(graph, names, id);
    const auto left = row->rule(decompose);
    NPU_CHECK(decompose.status());
    if (graph.node(id).op != before) pending.push_back(id);
    for (size_t fresh = known; fresh < graph.node_capacity(); ++fresh) pending.push_back(static_cast<NodeId>(fresh));
    if (!left) context.count_rewrite();
    else if (!left->reason.empty()) context.missed(graph.node(id), left->reason);
  }
  if (context.rewrites == 0) return {};
  graph.erase_dead();
  return eliminate_identities(graph, context);
}

}  // namespace npu::pass
