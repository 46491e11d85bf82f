// SPDX-License-Identifier: Apache-2.0
// Needs: final formats (eliminate-transdata plans one blocked format for a value, so it comes before). Guarantees: a TransData
// into NC1HWC0 that only convolutions able to work on small channels read goes into NC1HWC0_C04; so does what an Aipp makes for the
// one convolution whose task it will be part of (fuse-tasks): of a task of its own it could not be.
#include <fmt/format.h>

#include "compiler/lower/families.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {
namespace {

bool makes_small_image(const Graph& graph, const Node& node) {
  if (!is_op(node, "TransData")) return false;
  const Value& from = graph.value(node.inputs[0]);
  const Value& to = graph.value(node.outputs[0]);
  return from.format == Format::ND && to.format == Format::NC1HWC0 && (to.type.dtype == DType::Float16 || dtype_size(to.type.dtype) == 1) && to_shape(to.type.dims)[1] <= 4;
}

// Why a reader of the image needs NC1HWC0.
std::optional<std::string> reject_reader(const Graph& graph, const Node& reader, const Soc& soc) {
  if ((!is_op(reader, "Conv") && !is_op(reader, "QLinearConv")) || reader.engine != Engine::AiCore) return "reads NC1HWC0";
  return reject_small_channels(graph, reader, soc);
}

void assign_to_image(Graph& graph, const Uses& uses, NodeId id, PassContext& context) {
  const ValueId map = graph.node(id).outputs[0];
  const NodeId reader = uses.single(map);
  if (graph.node(id).engine != Engine::AiCore || graph.value(map).format != Format::NC1HWC0 || reader == kNone || context.options.disabled.contains("fuse-tasks")) return;
  auto why = reject_reader(graph, graph.node(reader), context.soc);
  graph.value(map).format = Format::NC1HWC0_C04;
  if (!why) why = reject_fusion(graph, context.soc, {.nodes = {id}}, graph.node(reader));
  if (!why) return context.count_rewrite();
  context.missed(graph.node(reader), *why);
  graph.value(map).format = Format::NC1HWC0;
}

}  // namespace

Status assign_small_channels(Graph& graph, PassContext& context) {
  const Uses uses(graph);
  Names names(graph);
  for (NodeId id : graph.order()) {
    Node& node = graph.node(id);
    if (is_op(node, "Aipp")) assign_to_image(graph, uses, id, context);
    if (!makes_small_image(graph, node)) continue;
    const ValueId image = node.outputs[0];
    bool small = !uses.is_output(image);
    for (NodeId reader : uses.of(image))
      if (const auto why = reject_reader(graph, graph.node(reader), context.soc)) context.missed(graph.node(reader), *why), small = false;
    if (!small) continue;
    Value& value = graph.value(image);
    value.format = Format::NC1HWC0_C04;
    value.name = names.unique(fmt::format("{}_{}", graph.value(node.inputs[0]).name, to_string(value.format)));
    node.name = "trans_" + value.name;
    node.attrs["dst_format"] = std::string(to_string(value.format));
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
