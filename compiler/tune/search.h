// SPDX-License-Identifier: Apache-2.0
// Searching a task's schedules: a genome has an option for each knob; the simulation says what it takes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/schedule.h"

namespace npu {

using Genome = std::vector<int32_t>;  // for each knob the index of its option

struct Trial {
  Genome genome;
  int64_t cycles = 0;  // kIllegal: refused when it was emitted
  static constexpr int64_t kIllegal = -1;
};

// The knobs of one task as a space of genomes.
class SearchSpace {
 public:
  explicit SearchSpace(const ScheduleSite& site) : site_(&site), base_(fields_of(site.fallback)) {}

  size_t knobs() const { return site_->knobs.size(); }
  int32_t options(size_t knob) const { return static_cast<int32_t>(site_->knobs[knob].options.size()); }
  double size() const;              // genomes, illegal ones included
  Genome fallback() const;
  bool contains(const Genome& genome) const;
  Schedule decode(const Genome& genome) const;   // precondition: contains(genome)
  // The genome of a schedule, when its values are among the options.
  std::optional<Genome> encode(const Schedule& schedule) const;
  std::optional<double> estimate(const Genome& genome) const;  // nullopt: not legal
  Schedule canonical(const Genome& genome) const;  // ScheduleSite::canonical; precondition: legal
  uint64_t fingerprint() const;     // of the knobs and their options

 private:
  const ScheduleSite* site_;
  std::vector<int64_t> base_;
};

// Counts and remembers trials. Those of an earlier run are known: a search with the same seed that is run again makes the same
// steps for nothing, and goes on where the budget had ended it.
class Trials {
 public:
  // run: cycles of a legal genome by simulation, nullopt when it cannot be emitted. go_on: asked before each of them.
  Trials(std::vector<Trial> known, int64_t budget, std::function<std::optional<int64_t>(const Genome&)> run, std::function<bool()> go_on);

  // nullopt: not legal, or over() is true now.
  std::optional<int64_t> cycles(const Genome& genome);
  bool over() const { return over_; }
  int64_t done() const { return static_cast<int64_t>(order_.size()); }
  const std::optional<Trial>& best() const { return best_; }
  // In the order in which they were made, those that were known first.
  const std::vector<Trial>& all() const { return order_; }

 private:
  std::vector<Trial> order_;
  std::map<Genome, size_t> known_;
  int64_t budget_;
  std::function<std::optional<int64_t>(const Genome&)> run_;
  std::function<bool()> go_on_;
  std::optional<Trial> best_;
  bool over_ = false;
};

// Both begin with the fallback, end when `trials` is over or nothing new is found, and make the same trials from the same seed.

// A genetic algorithm: tournaments of three, uniform crossover, mutation of about one knob a child; the children that the fast
// model ranks first are simulated, and between generations the neighbours of the best one. For cube tasks: its knobs depend on
// each other, and good parts of two schedules combine.
void search_genetic(const SearchSpace& space, uint64_t seed, Trials& trials);

// A multi-armed bandit for each knob, its options the arms, played together by UCB1 (Auer, Cesa-Bianchi, Fischer: Finite-time
// analysis of the multiarmed bandit problem, Machine Learning 47, 2002). The reward of a play is d / (d + c) for the
// default's cycles d and its own c, 0 when it is not legal; when the bandits have settled, the neighbours of the best play are
// tried. For vector tasks: few knobs that hardly depend on each other.
void search_bandit(const SearchSpace& space, uint64_t seed, Trials& trials);

}  // namespace npu
