// SPDX-License-Identifier: Apache-2.0
// usage: tune_layers [TRIALS] [NAME...]: cycles of thirty layers by default, tuned and at best.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <span>

#include "compiler/compile.h"
#include "compiler/tune/tuner.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/compiler/tune/exhaustive.h"
#include "tests/compiler/tune/layers.h"

namespace npu {
namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

class Compare : public Tuner {
 public:
  Compare(TuneOptions options, bool exhaustive) : Tuner({}, std::move(options)), exhaustive_(exhaustive) {}
  std::optional<Schedule> propose(const OpenTask& task) override {
    const double start = now();
    auto found = Tuner::propose(task);
    const BankEntry* entry = bank().find(task.soc.name, task.key);
    if (entry == nullptr) return found;
    const double tuned = now();
    fmt::print("{:<24} {:<12} default {:>8} tuned {:>8} ({:.3f}) trials {} {:.1f} s, space {:.0f}\n", task.name, task.soc.name, entry->before, entry->after, 1.0 * static_cast<double>(entry->before) / static_cast<double>(entry->after), entry->trials.size(), tuned - start, SearchSpace(task.site).size());
    fmt::print("   default {}\n   tuned   {}\n", to_string(task.site.fallback), to_string(entry->schedule));
    if (exhaustive_) {
      const auto best = test::search_exhaustively(task, entry->after);
      fmt::print("   best    {}\n   RATIO default/best {:.4f} tuned/best {:.4f}; legal {} simulated {} {:.1f} s\n", to_string(best.schedule), static_cast<double>(entry->before) / static_cast<double>(best.cycles), static_cast<double>(entry->after) / static_cast<double>(best.cycles), best.legal, best.simulated, now() - tuned);
    }
    std::fflush(stdout);
    return found;
  }

 private:
  bool exhaustive_;
};

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  using namespace npu;
  const int64_t trials = argc > 1 ? std::atoll(argv[1]) : 200;
  const bool exhaustive = argc > 2 && argv[2] == std::string_view("all");
  for (const test::Layer& layer : test::kLayers) {
    if (argc > 3 && layer.name.find(argv[3]) == std::string_view::npos) continue;
    fmt::print("== {}\n", layer.name);
    const OperatorCase operators = parse_operator_case(std::string(layer.text));
    CompileOptions options{.soc = std::string(layer.soc)};
    options.scheduler = std::make_shared<Compare>(TuneOptions{.cube = true, .vector = true, .trials = trials}, exhaustive);
    if (auto model = compile(operators.graph, options); !model) fmt::print("{}\n", model.error().message());
  }
}
