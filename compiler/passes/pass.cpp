// SPDX-License-Identifier: Apache-2.0
#include "compiler/passes/pass.h"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <fmt/format.h>

namespace npu {

namespace pass {
#define NPU_PASS(name, function, optional, vendor_names, doc, doc_zh) Status function(Graph&, PassContext&);
#include "compiler/passes/passes.def"
#undef NPU_PASS
}  // namespace pass

namespace {

#define NPU_PASS(name, function, optional, vendor_names, doc, doc_zh) Pass{name, pass::function, optional, vendor_names, doc, doc_zh},
constexpr Pass kPasses[] = {
#include "compiler/passes/passes.def"
};
#undef NPU_PASS

static_assert(std::ranges::none_of(kPasses, [](const Pass& p) { return p.doc.empty() || p.doc_zh.empty(); }));

Status check_disabled(const PassOptions& options) {
  for (const std::string& name : options.disabled) {
    const auto* row = std::ranges::find(kPasses, std::string_view(name), &Pass::name);
    if (row == std::end(kPasses))
      return fail(ErrorKind::InvalidArgument, "pass '" + name + "'", "there is no such pass");
    if (!row->optional)
      return fail(ErrorKind::InvalidArgument, "pass '" + name + "'", "cannot be switched off: later passes rely on it");
  }
  return {};
}

// Constants that nobody reads any more give their bytes back: the weights of a large model exist in several forms on
// the way through the passes, but not at the same time.
void release_unused_constants(Graph& graph) {
  std::vector<bool> used(graph.value_count());
  for (ValueId id : graph.used_constants()) used[static_cast<size_t>(id)] = true;
  for (size_t i = 0; i < used.size(); ++i)
    if (!used[i]) graph.value(static_cast<ValueId>(i)).constant.reset();
}

Status run_one(const Pass& pass, Graph& graph, PassContext& context) {
  NPU_CHECK(pass.run(graph, context));
  release_unused_constants(graph);
  auto sound = verify(graph);
  if (sound) return {};
  Error error = std::move(sound).error();
  error.where = fmt::format("after pass {}: {}", pass.name, error.where);
  return std::unexpected(std::move(error));
}

}  // namespace

std::span<const Pass> all_passes() {
  return kPasses;
}

const Pass* find_pass(std::string_view name) {
  const auto is_named = [&](const Pass& pass) {
    if (pass.name == name) return true;
    return std::ranges::any_of(std::views::split(pass.vendor_names, ' '), [&](auto word) { return std::string_view(word) == name; });
  };
  const auto* found = name.empty() ? std::end(kPasses) : std::ranges::find_if(kPasses, is_named);
  return found == std::end(kPasses) ? nullptr : found;
}

Status run_passes(Graph& graph, const Soc& soc, const PassOptions& options, const PassObserver& observer) {
  NPU_CHECK(check_disabled(options));
  for (const Pass& pass : kPasses) {
    PassReport report;
    report.name = pass.name;
    report.nodes_before = graph.order().size();
    report.disabled = options.disabled.contains(pass.name);
    PassContext context(soc, options);
    context.pass = pass.name;
    const auto start = std::chrono::steady_clock::now();
    if (!report.disabled) NPU_CHECK(run_one(pass, graph, context));
    report.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    report.nodes_after = graph.order().size();
    report.rewrites = context.rewrites;
    report.misses = std::move(context.misses);
    if (observer && !observer(report, graph))
      return fail(ErrorKind::Cancelled, fmt::format("pass {}", pass.name), "stopped on request");
  }
  return {};
}

}  // namespace npu
