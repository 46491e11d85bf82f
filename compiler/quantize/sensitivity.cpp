// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/sensitivity.h"

#include <algorithm>

namespace npu::quantize {
namespace {

class Searcher {
 public:
  Searcher(const Trial& trial, const Budget& budget, const Progress& progress) : trial_(trial), budget_(budget), progress_(progress), least_(budget.score(trial.of_floats, trial.of_floats) - budget.loss) {}

  Result<Search> run(std::vector<bool> chosen) {
    Search found{chosen, {}, std::vector<std::optional<double>>(chosen.size())};
    NPU_TRY(const bool enough, fits(chosen, found.outputs));
    if (enough) return found;
    NPU_TRY(const std::vector<size_t> noisiest, measure(chosen, found.sensitivity));
    if (noisiest.empty()) return found;
    // without(fit) keeps the budget, without(less) does not.
    size_t less = 0, fit = 1;
    for (;; less = fit, fit = std::min(2 * fit, noisiest.size())) {
      NPU_TRY(const bool ok, fits(found.chosen = without(chosen, noisiest, fit), found.outputs));
      if (ok || fit == noisiest.size()) break;
    }
    while (fit - less > 1) {
      const size_t middle = less + (fit - less) / 2;
      BatchOutputs outputs;
      const std::vector<bool> tried = without(chosen, noisiest, middle);
      NPU_TRY(const bool ok, fits(tried, outputs));
      (ok ? fit : less) = middle;
      if (ok) found.chosen = tried, found.outputs = std::move(outputs);
    }
    return found;
  }

 private:
  static std::vector<bool> without(std::vector<bool> chosen, std::span<const size_t> layers, size_t count) {
    for (size_t layer : layers.first(count)) chosen[layer] = false;
    return chosen;
  }

  Result<bool> fits(const std::vector<bool>& chosen, BatchOutputs& outputs) {
    if (progress_ && !progress_(0, 0, "accuracy")) return fail(ErrorKind::Cancelled, "", "stopped");
    NPU_TRY(outputs, answers(trial_, chosen));
    // A loss that is exactly the budget's is within it, however scores round.
    return budget_.score(outputs, trial_.of_floats) >= least_ - 1e-9;
  }

  Result<std::vector<size_t>> measure(const std::vector<bool>& chosen, std::vector<std::optional<double>>& sensitivity) {
    std::vector<size_t> order;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!chosen[i]) continue;
      if (progress_ && !progress_(i, chosen.size(), "sensitivity of " + trial_.plan.layers[i].name)) return fail(ErrorKind::Cancelled, "", "stopped");
      std::vector<bool> alone(chosen.size(), false);
      alone[i] = true;
      NPU_TRY(const BatchOutputs outputs, answers(trial_, alone));
      sensitivity[i] = noise_share(outputs, trial_.of_floats);
      order.push_back(i);
    }
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](size_t i) { return *sensitivity[i]; });
    return order;
  }

  const Trial& trial_;
  const Budget& budget_;
  const Progress& progress_;
  double least_;  // score that is good enough
};

}  // namespace

Result<BatchOutputs> answers(const Trial& trial, const std::vector<bool>& chosen) {
  NPU_TRY(Graph graph, insert_qdq(trial.prepared, trial.plan, chosen));
  NPU_TRY(const RunGraph run, trial.make_runner(std::move(graph)));
  BatchOutputs outputs;
  for (const Batch& batch : trial.batches) {
    NPU_TRY(outputs.emplace_back(), run(batch));
  }
  return outputs;
}

double noise_share(const BatchOutputs& outputs, const BatchOutputs& of_floats) {
  Difference difference;
  for (size_t b = 0; b < outputs.size(); ++b)
    for (size_t i = 0; i < outputs[b].size(); ++i) difference.add(of_floats[b][i], outputs[b][i]);
  return difference.noise_share();
}

Result<Search> search(const Trial& trial, std::vector<bool> chosen, const Budget& budget, const Progress& progress) {
  return Searcher(trial, budget, progress).run(std::move(chosen));
}

}  // namespace npu::quantize
