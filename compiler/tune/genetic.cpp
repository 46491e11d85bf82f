// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "compiler/tune/random.h"
#include "compiler/tune/search.h"

namespace npu {
namespace {

constexpr size_t kPopulation = 24;
constexpr int kSamples = 2000;       // random genomes that the fast model ranks for the first generation
constexpr int kRandomOnes = 6;       // of them taken whatever it says
constexpr int kChildren = 60;        // bred each generation,
constexpr size_t kChildrenKept = 10; // the first ones by the model are simulated,
constexpr size_t kWildKept = 3;      // and some of the others
constexpr size_t kNeighbours = 6;    // of the best one, each generation
constexpr int kIdleGenerations = 8;  // without a new trial: the space is used up

struct Individual {
  Genome genome;
  int64_t cycles = 0;
};

struct Candidate {
  Genome genome;
  double estimate = 0;
};

class Genetic {
 public:
  Genetic(const SearchSpace& space, uint64_t seed, Trials& trials) : space_(space), random_(seed), trials_(trials) {}

  void run() {
    first_generation();
    int idle = 0;
    while (!trials_.over() && !population_.empty() && idle < kIdleGenerations) {
      const size_t before = seen_.size();
      breed();
      improve_best();
      std::ranges::stable_sort(population_, {}, &Individual::cycles);
      if (population_.size() > kPopulation) population_.resize(kPopulation);
      idle = seen_.size() == before ? idle + 1 : 0;
    }
  }

 private:
  void simulate(const Genome& genome) {
    if (trials_.over() || !seen_.insert(fields_of(space_.canonical(genome))).second) return;
    if (const auto cycles = trials_.cycles(genome)) population_.push_back({genome, *cycles});
  }

  Genome random_genome() {
    Genome genome(space_.knobs());
    for (size_t i = 0; i < genome.size(); ++i) genome[i] = option(i);
    return genome;
  }
  int32_t option(size_t knob) { return static_cast<int32_t>(random_.below(static_cast<size_t>(space_.options(knob)))); }

  void add_candidate(std::vector<Candidate>& to, Genome genome) {
    const auto estimate = space_.estimate(genome);
    if (!estimate || seen_.contains(fields_of(space_.canonical(genome)))) return;
    to.push_back({std::move(genome), *estimate});
  }

  // Simulates the `best` first ones by the model, and some of those behind.
  void simulate_ranked(std::vector<Candidate> candidates, size_t best, size_t wild) {
    std::ranges::stable_sort(candidates, {}, &Candidate::estimate);
    for (size_t i = 0; i < std::min(best, candidates.size()); ++i) simulate(candidates[i].genome);
    for (size_t i = 0; i < wild && candidates.size() > best; ++i) simulate(candidates[best + random_.below(candidates.size() - best)].genome);
  }

  void first_generation() {
    simulate(space_.fallback());
    std::vector<Candidate> candidates;
    for (int i = 0; i < kSamples; ++i) add_candidate(candidates, random_genome());
    simulate_ranked(std::move(candidates), kPopulation - kRandomOnes, kRandomOnes);
    improve_best();
  }

  const Individual& tournament() {
    size_t best = random_.below(population_.size());
    for (int i = 0; i < 2; ++i) {
      const size_t other = random_.below(population_.size());
      if (population_[other].cycles < population_[best].cycles) best = other;
    }
    return population_[best];
  }

  Genome child() {
    const Genome& a = tournament().genome;
    const Genome& b = tournament().genome;
    Genome genome(a.size());
    for (size_t i = 0; i < genome.size(); ++i) {
      genome[i] = random_.below(2) == 0 ? a[i] : b[i];
      if (random_.below(genome.size()) == 0) genome[i] = option(i);
    }
    return genome;
  }

  void breed() {
    std::vector<Candidate> children;
    for (int i = 0; i < kChildren; ++i) add_candidate(children, child());
    simulate_ranked(std::move(children), kChildrenKept, kWildKept);
  }

  // Genomes that differ from the best one in one knob.
  void improve_best() {
    if (!trials_.best()) return;
    const Genome best = trials_.best()->genome;
    std::vector<Candidate> neighbours;
    for (size_t i = 0; i < best.size(); ++i)
      for (int32_t o = 0; o < space_.options(i); ++o) {
        Genome genome = best;
        genome[i] = o;
        add_candidate(neighbours, std::move(genome));
      }
    simulate_ranked(std::move(neighbours), kNeighbours / 2, kNeighbours / 2);
  }

  const SearchSpace& space_;
  SplitMix random_;
  Trials& trials_;
  std::vector<Individual> population_;
  std::set<std::vector<int64_t>> seen_;  // canonical schedules that were simulated
};

}  // namespace

void search_genetic(const SearchSpace& space, uint64_t seed, Trials& trials) { Genetic(space, seed, trials).run(); }

}  // namespace npu
