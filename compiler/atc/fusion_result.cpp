// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/fusion_result.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiler/atc/fusion_switch.h"

namespace npu::atc {

void FusionResult::add(const PassReport& report) {
  if (graphs_.empty()) begin_graph();
  if (report.rewrites == 0 && report.misses.empty()) return;
  graphs_.back()[report.name] = {report.rewrites + std::ssize(report.misses), report.rewrites};
}

// Counts are texts, as in the vendor's file.
std::string FusionResult::json() const {
  using Json = nlohmann::ordered_json;
  Json file = Json::object();
  for (size_t g = 0; g < graphs_.size(); ++g) {
    Json graph_fusion = Json::object(), buffer_fusion = Json::object();
    for (const auto& [name, counts] : graphs_[g]) {
      const std::string_view vendor_names = find_pass(name)->vendor_names;
      const std::string key(vendor_names.empty() ? std::string_view(name) : vendor_names.substr(0, vendor_names.find(' ')));
      const bool in_buffer = name == kBufferFusion;
      Json& entry = (in_buffer ? buffer_fusion : graph_fusion)[key];
      entry = {{"effect_times", std::to_string(counts.effective)}, {"match_times", std::to_string(counts.matched)}};
      if (in_buffer) entry["repository_hit_times"] = "0";
    }
    file[fmt::format("session_and_graph_id_0_{}", g)] = {{"graph_fusion", std::move(graph_fusion)}, {"ub_fusion", std::move(buffer_fusion)}};
  }
  return file.dump(4) + "\n";
}

}  // namespace npu::atc
