// SPDX-License-Identifier: Apache-2.0
#include "tests/compiler/tune/exhaustive.h"

#include <algorithm>
#include <set>

namespace npu::test {
namespace {

struct Bounded {
  double bound;
  Genome genome;
};

std::vector<Bounded> legal_genomes(const OpenTask& task, const SearchSpace& space) {
  std::vector<Bounded> found;
  std::set<std::vector<int64_t>> seen;
  Genome genome(space.knobs(), 0);
  for (bool more = true; more;) {
    if (const auto bound = task.site.lower_bound(space.decode(genome)); bound && seen.insert(fields_of(space.canonical(genome))).second) found.push_back({*bound, genome});
    more = false;
    for (size_t i = 0; i < genome.size() && !more; ++i) {
      if (++genome[i] < space.options(i)) more = true;
      else genome[i] = 0;
    }
  }
  return found;
}

}  // namespace

Exhaustive search_exhaustively(const OpenTask& task, int64_t better_than) {
  const SearchSpace space(task.site);
  std::vector<Bounded> all = legal_genomes(task, space);
  std::ranges::stable_sort(all, {}, &Bounded::bound);
  Exhaustive result{.cycles = better_than, .schedule = task.site.fallback, .legal = static_cast<int64_t>(all.size())};
  for (const Bounded& candidate : all) {
    if (candidate.bound >= static_cast<double>(result.cycles)) break;
    const Schedule schedule = space.decode(candidate.genome);
    const auto blocks = task.site.emit(schedule);
    if (!blocks) continue;
    const auto timing = task.before.fork().time(*blocks, task.vector_task);
    ++result.simulated;
    if (timing && timing->cycles < result.cycles) result.cycles = timing->cycles, result.schedule = schedule;
  }
  return result;
}

}  // namespace npu::test
