// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/check_report.h"

#include <nlohmann/json.hpp>

#include "core/ops/op.h"

namespace npu::atc {

CheckReport check_graph(const Graph& graph) {
  using Json = nlohmann::ordered_json;
  CheckReport report;
  Json ops = Json::array();
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Json causes = Json::array();
    if (find_op(node.op) == nullptr) causes.push_back({{"code", "E10501"}, {"message", "No operator of this type is known."}});
    report.failed += causes.empty() ? 0 : 1;
    Json op{{"name", node.name}, {"type", node.op}, {"result", causes.empty() ? "success" : "failed"}};
    if (!causes.empty()) op["cause"] = std::move(causes);
    ops.push_back(std::move(op));
  }
  const size_t total = graph.order().size();
  report.json = Json{{"name", graph.name}, {"result", report.failed == 0 ? "success" : "failed"}, {"total", total}, {"pass", total - report.failed}, {"fail", report.failed}, {"op", std::move(ops)}}.dump(2);
  report.json += '\n';
  return report;
}

}  // namespace npu::atc
