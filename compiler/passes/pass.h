// SPDX-License-Identifier: Apache-2.0
// Graph passes: a table of {name, function}; the runner times, counts, verifies and shows them.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/graph/graph.h"
#include "core/soc/soc.h"

namespace npu {

// A place where a pass could have rewritten and did not, and why.
struct MissedRewrite {
  std::string pass;
  std::string node;
  std::string reason;
};

// Nodes that compute in float32 where the chip could do it in float16 only: by name, or all of a type.
struct FloatNodes {
  std::set<std::string, std::less<>> names, types;
  bool contains(const Node& node) const { return names.contains(node.name) || types.contains(node.op); }
  bool empty() const { return names.empty() && types.empty(); }
  void merge(FloatNodes other) { names.merge(other.names), types.merge(other.types); }
};

struct PassOptions {
  std::set<std::string, std::less<>> disabled;          // pass names switched off
  std::map<std::string, Shape, std::less<>> input_shapes;  // fixes dynamic inputs
  FloatNodes keep_float;
  int64_t max_bytes = INT64_MAX;                           // of the compiled model: constants are not folded far beyond
};

class PassContext {
 public:
  PassContext(const Soc& for_soc, const PassOptions& with_options) : soc(for_soc), options(with_options) {}

  const Soc& soc;
  const PassOptions& options;

  void count_rewrite(int64_t n = 1) { rewrites += n; }
  void missed(const Node& node, std::string reason) { misses.push_back({pass, node.op + " '" + node.name + "'", std::move(reason)}); }

  // Set and read by the runner.
  std::string pass;
  int64_t rewrites = 0;
  std::vector<MissedRewrite> misses;
};

struct Pass {
  std::string_view name;        // "fold-batch-norm"
  Status (*run)(Graph&, PassContext&);
  bool optional;                // may be switched off
  std::string_view vendor_names;  // of the vendor's rules for such work, spaces between them
  std::string_view doc;         // one sentence: what it does and why
  std::string_view doc_zh;
};

std::span<const Pass> all_passes();  // in execution order

// By its name or one of the vendor's; nullptr where there is none.
const Pass* find_pass(std::string_view name);

struct PassReport {
  std::string name;
  double milliseconds = 0;
  size_t nodes_before = 0;
  size_t nodes_after = 0;
  int64_t rewrites = 0;
  bool disabled = false;
  std::vector<MissedRewrite> misses;
};

// Called after every pass with the graph as it is then; returning false cancels.
using PassObserver = std::function<bool(const PassReport&, const Graph&)>;

Status run_passes(Graph& graph, const Soc& soc, const PassOptions& options, const PassObserver& observer = {});

}  // namespace npu
