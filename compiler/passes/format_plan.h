// SPDX-License-Identifier: Apache-2.0
// The memory format of each node's activations, and the TransData nodes that follow from a choice.
#pragma once

#include "compiler/lower/rule.h"
#include "compiler/passes/rewrite.h"
#include "core/soc/soc.h"

namespace npu::pass {

// Formats by node id. A value has the format of its producer; inputs and outputs of the graph are ND.
using FormatPlan = std::vector<Format>;

// What the node wants: its rule's answer, or Plain where a blocked layout is impossible.
Layout wish_of(const Graph& graph, const Node& node);

// The value before the TransData nodes in front of it.
ValueId behind_trans_data(const Graph& graph, ValueId id);

// The format a value has as its producer leaves it.
Format natural_format(const Graph& graph, const FormatPlan& plan, ValueId id);

// The plan that the graph's values follow now.
FormatPlan current_plan(const Graph& graph);

// True when the same bytes are right in both formats, so that converting costs nothing.
bool same_bytes(const Graph& graph, ValueId id, Format from, Format to);

// Makes the graph follow the plan: sets Value::format, and adds, keeps and removes TransData nodes.
Status apply_plan(Graph& graph, const FormatPlan& plan, PassContext& context);

}  // namespace npu::pass
