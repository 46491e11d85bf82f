// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <map>
#include <set>

#include "compiler/tune/random.h"
#include "compiler/tune/search.h"

namespace npu {
namespace {

constexpr int kIdlePlays = 200;  // without a new trial: the space is used up, or the bandits have settled
constexpr double kSmallSpace = 1000;  // genomes: all are tried when the budget lasts
constexpr double kExploration = 0.02;  // rewards of good schedules differ by hundredths: the bound is scaled to that

// ln(n), from arithmetic alone: a library's logarithm may differ in the last bits from target to target.
class Logarithm {
 public:
  double of(int64_t n) {
    for (; at_ < n; ++at_) {
      const double z = 1 / static_cast<double>(2 * at_ + 1), z2 = z * z;
      value_ += 2 * z * (1 + z2 * (1.0 / 3 + z2 * (1.0 / 5 + z2 * (1.0 / 7 + z2 / 9))));
    }
    return value_;
  }

 private:
  int64_t at_ = 1;
  double value_ = 0;
};

struct Arm {
  int64_t plays = 0;
  double rewards = 0;
};

class Bandits {
 public:
  Bandits(const SearchSpace& space, uint64_t seed, Trials& trials) : space_(space), random_(seed), trials_(trials), arms_(space.knobs()) {
    for (size_t i = 0; i < arms_.size(); ++i) arms_[i].resize(static_cast<size_t>(space.options(i)));
  }

  void run() {
    const auto base = trials_.cycles(space_.fallback());
    if (!base) return;
    for (int idle = 0; idle < kIdlePlays && !trials_.over();) {
      const int64_t before = tries_;
      const Genome genome = choose();
      play(genome, *base);
      idle = tries_ == before ? idle + 1 : 0;
    }
    while (!trials_.over() && try_neighbours()) {
    }
    if (space_.size() <= kSmallSpace) try_rest();
  }

 private:
  // All that differ from the best one in one knob; whether one of them is better.
  bool try_neighbours() {
    const Trial best = *trials_.best();
    for (size_t i = 0; i < best.genome.size(); ++i)
      for (int32_t option = 0; option < space_.options(i); ++option) {
        Genome genome = best.genome;
        genome[i] = option;
        if (space_.estimate(genome)) (void)trials_.cycles(genome);
      }
    return trials_.best()->cycles < best.cycles;
  }

  // Whatever is legal, the most promising by the model first.
  void try_rest() {
    std::multimap<double, Genome> rest;
    Genome genome(space_.knobs(), 0);
    for (bool more = true; more;) {
      if (const auto cycles = space_.estimate(genome)) rest.emplace(*cycles, genome);
      more = false;
      for (size_t i = 0; i < genome.size() && !more; ++i) more = ++genome[i] < space_.options(i) || (genome[i] = 0);
    }
    for (const auto& [cycles, next] : rest) {
      if (trials_.over()) return;
      (void)trials_.cycles(next);
    }
  }

  // Each bandit's arm with the highest upper confidence bound; arms that were not played come first, by chance.
  Genome choose() {
    ++plays_;
    Genome genome;
    for (const std::vector<Arm>& bandit : arms_) {
      const size_t offset = random_.below(bandit.size());
      size_t best = offset;
      double highest = -1;
      for (size_t i = 0; i < bandit.size(); ++i) {
        const size_t arm = (offset + i) % bandit.size();
        const double bound = upper_bound(bandit[arm]);
        if (bound > highest) highest = bound, best = arm;
      }
      genome.push_back(static_cast<int32_t>(best));
    }
    return genome;
  }

  double upper_bound(const Arm& arm) {
    if (arm.plays == 0) return 1e9;
    const auto n = static_cast<double>(arm.plays);
    return arm.rewards / n + std::sqrt(2 * logarithm_.of(plays_) / n * kExploration);
  }

  void play(const Genome& genome, int64_t base) {
    double reward = 0;
    if (space_.estimate(genome)) {
      const int64_t done = trials_.done();
      if (seen_.insert(genome).second) ++tries_;
      if (const auto cycles = trials_.cycles(genome)) reward = static_cast<double>(base) / static_cast<double>(base + *cycles);
      else if (trials_.over() && trials_.done() == done) return;
    }
    for (size_t i = 0; i < genome.size(); ++i) {
      Arm& arm = arms_[i][static_cast<size_t>(genome[i])];
      ++arm.plays;
      arm.rewards += reward;
    }
  }

  const SearchSpace& space_;
  SplitMix random_;
  Trials& trials_;
  std::vector<std::vector<Arm>> arms_;
  std::set<Genome> seen_;
  Logarithm logarithm_;
  int64_t plays_ = 0;
  int64_t tries_ = 0;
};

}  // namespace

void search_bandit(const SearchSpace& space, uint64_t seed, Trials& trials) { Bandits(space, seed, trials).run(); }

}  // namespace npu
