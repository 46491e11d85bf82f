// SPDX-License-Identifier: Apache-2.0
// Thirty layers: the default schedule is within 10 % of the best one, the tuned one within 3 %, in simulated cycles. The best one is
// that of the whole space where that can be looked at, else what much longer searches find.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>

#include "compiler/compile.h"
#include "compiler/tune/tuner.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/compiler/tune/exhaustive.h"
#include "tests/compiler/tune/layers.h"

namespace npu {
namespace {

constexpr int64_t kTrials = 400, kLongTrials = 3000;
constexpr double kDefaultLimit = 1.10, kTunedLimit = 1.03;
constexpr double kWholeSpace = 180000;  // genomes, legal or not

// Tunes the layer's own task, then looks at all of its schedules.
class Measure : public Tuner {
 public:
  explicit Measure(std::string op) : Tuner({}, {.cube = true, .vector = true, .trials = kTrials}), anchor_(std::move(op) + "(") {}

  std::optional<Schedule> propose(const OpenTask& task) override {
    if (by_default > 0 || !is_layer(task.key)) return std::nullopt;
    by_default = task.default_cycles;
    (void)Tuner::propose(task);
    const BankEntry* entry = bank().find(task.soc.name, task.key);
    tuned = entry == nullptr ? by_default : entry->after;
    whole = SearchSpace(task.site).size() <= kWholeSpace;
    best = whole ? test::search_exhaustively(task, tuned) : search_long(task);
    schedules = fmt::format("default {}\ntuned   {}\nbest    {}\n", to_string(task.site.fallback), entry == nullptr ? "" : to_string(entry->schedule), to_string(best.schedule));
    return std::nullopt;
  }

  int64_t by_default = 0, tuned = 0;
  bool whole = false;
  test::Exhaustive best;
  std::string schedules;

 private:
  // A MatMul and the addition of its bias are compiled as one Gemm.
  bool is_layer(std::string_view key) const { return key.find(anchor_) != std::string_view::npos || (anchor_ == "MatMul(" && key.starts_with("Gemm(")); }

  test::Exhaustive search_long(const OpenTask& task) const {
    const BankEntry* own = bank().find(task.soc.name, task.key);
    test::Exhaustive found{.cycles = tuned, .schedule = own == nullptr ? task.site.fallback : own->schedule};
    for (const uint64_t seed : {uint64_t{101}, uint64_t{102}}) {
      Tuner other({}, {.cube = true, .vector = true, .trials = kLongTrials, .seed = seed});
      (void)other.propose(task);
      found.simulated += other.result().trials;
      if (const BankEntry* entry = other.bank().find(task.soc.name, task.key); entry->after < found.cycles) found.cycles = entry->after, found.schedule = entry->schedule;
    }
    return found;
  }

  std::string anchor_;
};

struct Ratios {
  double by_default, tuned;
};

Ratios measure(const test::Layer& layer) {
  const std::string text(layer.text);
  CompileOptions options{.soc = std::string(layer.soc)};
  const auto measure = std::make_shared<Measure>(text.substr(0, text.find('(')));
  options.scheduler = measure;
  REQUIRE(compile(parse_operator_case(text).graph, options));
  REQUIRE(measure->best.simulated > 0);
  const auto best = static_cast<double>(measure->best.cycles);
  const Ratios ratios{static_cast<double>(measure->by_default) / best, static_cast<double>(measure->tuned) / best};
  fmt::print("{:<22} {:<12} {:>8} {:>8} {:>8} {:>7.3f} {:>7.3f} {:>8} {}\n", layer.name, layer.soc, measure->by_default, measure->tuned, measure->best.cycles, ratios.by_default, ratios.tuned,
             measure->best.simulated, measure->whole ? "all" : "searched");
  if (ratios.by_default > kDefaultLimit || ratios.tuned > kTunedLimit) fmt::print("{}", measure->schedules);
  std::fflush(stdout);
  return ratios;
}

// Prints the layers that are known to miss a limit.
void list_misses() {
  for (const test::Layer& layer : test::kLayers)
    if (!layer.beyond.empty() || layer.tuned_beyond) fmt::print("not met: {}: {}{}\n", layer.name, layer.beyond, layer.tuned_beyond ? "; tuned beyond 3 %" : "");
}

void check(const test::Layer& layer) {
  const Ratios ratios = measure(layer);
  // A layer that is known to be worse has its reason; when it is not any more, that goes.
  CHECK_MESSAGE((ratios.by_default <= kDefaultLimit) == layer.beyond.empty(), layer.name);
  CHECK_MESSAGE((ratios.tuned <= kTunedLimit) == !layer.tuned_beyond, layer.name);
}

constexpr const char* kHead = "layer                  chip          default    tuned     best d/best t/best   trials\n";

}  // namespace

TEST_CASE("default and tuned schedules of some layers against the best ones") {
  fmt::print("{}", kHead);
  for (const test::Layer& layer : test::kLayers)
    if (layer.quick) check(layer);
}

TEST_CASE("slow: default and tuned schedules of thirty layers against the best ones" * doctest::skip()) {
  fmt::print("{}", kHead);
  for (const test::Layer& layer : test::kLayers) check(layer);
  list_misses();
}

}  // namespace npu
