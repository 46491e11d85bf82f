// SPDX-License-Identifier: Apache-2.0
#include "tests/compiler/tune/schedule_bits.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "compiler/compile.h"
#include "compiler/schedule/scheduler.h"
#include "compiler/tune/random.h"
#include "compiler/tune/search.h"
#include "runtime/session/session.h"

namespace npu::test {
namespace {

struct Other {
  std::string schedule;
  std::vector<Program> blocks;
};

// Streams of random legal schedules of each task, and none of them taken while compiling.
class Collector : public Scheduler {
 public:
  Collector(int rounds, uint64_t seed) : rounds_(rounds), random_(seed) {}

  std::optional<Schedule> propose(const OpenTask& task) override {
    const SearchSpace space(task.site);
    std::vector<Other>& others = others_[std::string(task.name)];
    for (int tries = 0; tries < 4000 && std::ssize(others) < rounds_; ++tries) {
      Genome genome;
      for (size_t i = 0; i < space.knobs(); ++i) genome.push_back(static_cast<int32_t>(random_.below(static_cast<size_t>(space.options(i)))));
      const Schedule schedule = space.decode(genome);
      const auto estimate = task.site.estimate(schedule);
      if (!estimate || schedule == task.site.fallback) continue;
      auto blocks = task.site.emit(schedule);
      if (!blocks) continue;
      const auto timing = task.before.fork().time(*blocks, task.vector_task);
      REQUIRE_MESSAGE(timing, to_string(schedule));
      CHECK_MESSAGE(task.site.lower_bound(schedule).value_or(1e30) <= static_cast<double>(timing->cycles), to_string(schedule));
      // What stands for it has the same streams.
      const auto same = task.site.emit(task.site.canonical(schedule));
      REQUIRE_MESSAGE(same, to_string(task.site.canonical(schedule)));
      CHECK_MESSAGE(task.before.fork().time(*same, task.vector_task)->cycles == timing->cycles, to_string(schedule), "\n", to_string(task.site.canonical(schedule)));
      others.push_back({to_string(schedule), std::move(*blocks)});
    }
    return std::nullopt;
  }
  void on_verdict(const ScheduleVerdict& verdict) override { CHECK(verdict.chosen == verdict.fallback); }
  void on_program(int64_t default_cycles, int64_t cycles, bool withdrawn) override {
    CHECK(default_cycles == cycles);
    CHECK_FALSE(withdrawn);
  }

  const std::map<std::string, std::vector<Other>>& others() const { return others_; }

 private:
  int rounds_;
  SplitMix random_;
  std::map<std::string, std::vector<Other>> others_;
};

std::vector<Tensor> run(CompiledModel model, const std::vector<Tensor>& inputs) {
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(model)), 2);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  auto outputs = (*session)->run(inputs);
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  return std::move(*outputs);
}

}  // namespace

int check_schedule_bits(const Graph& graph, const std::vector<Tensor>& inputs, const std::string& soc, int rounds, uint64_t seed) {
  CompileOptions options{.soc = soc};
  const auto collector = std::make_shared<Collector>(rounds, seed);
  options.scheduler = collector;
  const auto model = compile(graph, options);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  const std::vector<Tensor> want = run(*model, inputs);
  int changed = 0;
  for (int round = 0; round < rounds; ++round) {
    CompiledModel other = *model;
    std::string schedules;
    for (Task& task : other.tasks) {
      const auto found = collector->others().find(task.name);
      if (found == collector->others().end() || std::ssize(found->second) <= round) continue;
      task.blocks = found->second[static_cast<size_t>(round)].blocks;
      schedules += task.name + ": " + found->second[static_cast<size_t>(round)].schedule + "\n";
      ++changed;
    }
    CAPTURE(graph.name);
    CAPTURE(soc);
    CAPTURE(schedules);
    const std::vector<Tensor> got = run(std::move(other), inputs);
    REQUIRE(got.size() == want.size());
    for (size_t i = 0; i < got.size(); ++i) CHECK(std::ranges::equal(got[i].bytes(), want[i].bytes()));
  }
  return changed;
}

}  // namespace npu::test
