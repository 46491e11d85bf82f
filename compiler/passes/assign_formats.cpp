// SPDX-License-Identifier: Apache-2.0
// Needs: engines and final types. Guarantees: Value::format is right for every value, and where producer and reader
// differ a TransData stands between them. Constants stay logical: lowering lays them out. Inputs and outputs of the
// graph are ND.
#include <algorithm>

#include "compiler/passes/format_plan.h"

namespace npu::pass {
namespace {

// A node that takes any layout follows its inputs: blocked when one of them is.
Format follow_inputs(const Graph& graph, const FormatPlan& plan, const Node& node) {
  const bool blocked = std::ranges::any_of(node.inputs, [&](ValueId id) {
    return id != kNone && !graph.is_constant(id) &&
           natural_format(graph, plan, behind_trans_data(graph, id)) == Format::NC1HWC0;
  });
  return blocked ? Format::NC1HWC0 : Format::ND;
}

}  // namespace

Status assign_formats(Graph& graph, PassContext& context) {
  FormatPlan plan(graph.node_capacity(), Format::ND);
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    if (node.op == "TransData") continue;
    switch (wish_of(graph, node)) {
      case Layout::Image:
      case Layout::Blocks:
        plan[static_cast<size_t>(id)] = Format::NC1HWC0;
        break;
      case Layout::Any:
        plan[static_cast<size_t>(id)] = follow_inputs(graph, plan, node);
        break;
      case Layout::Plain:
        break;
    }
  }
  return apply_plan(graph, plan, context);
}

}  // namespace npu::pass
