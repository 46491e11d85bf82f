// SPDX-License-Identifier: Apache-2.0
// Needs: engines and formats. Guarantees: a Concat or Split of the host is one whose parts lie in a row in the whole
// (StorageMap agrees). Must run before fuse-tasks, which makes no task of a node of the host.
#include <ranges>

#include "compiler/memory/storage_map.h"
#include "compiler/passes/rewrite.h"

namespace npu::pass {

Status place_parts(Graph& graph, PassContext& context) {
  StorageMap storage(graph);
  for (const NodeId id : graph.order() | std::views::reverse) {
    Node& node = graph.node(id);
    if (node.engine != Engine::AiCore || !(is_op(node, "Concat") || is_op(node, "Split"))) continue;
    if (std::string reason = storage.place_parts(graph, node); !reason.empty()) {
      context.missed(node, std::move(reason));
      continue;
    }
    node.engine = Engine::Host;
    context.count_rewrite();
  }
  return {};
}

}  // namespace npu::pass
