// SPDX-License-Identifier: Apache-2.0
#include "compiler/tune/tuner.h"

#include <fmt/format.h>

#include <algorithm>

namespace npu {
namespace {

constexpr std::string_view kGenetic = "GA", kBandit = "RL";

bool is_cube(const Schedule& schedule) { return std::holds_alternative<CubeSchedule>(schedule); }

// The trials of an earlier run, when they were made in the same space, from the same seed and for a task that takes as long by
// default: what was learnt on a chip whose L2 held other things says nothing here.
std::vector<Trial> known_trials(const BankEntry* entry, const SearchSpace& space, const OpenTask& task, uint64_t seed, std::string_view algorithm) {
  if (entry == nullptr || entry->space != space.fingerprint() || entry->seed != seed || entry->before != task.default_cycles || entry->algorithm != algorithm) return {};
  if (!std::ranges::all_of(entry->trials, [&](const Trial& trial) { return space.contains(trial.genome); })) return {};
  return entry->trials;
}

}  // namespace

Tuner::Tuner(ScheduleBank bank, TuneOptions options) : bank_(std::move(bank)), options_(std::move(options)) {
  if (options_.seconds > 0 && options_.clock) deadline_ = options_.clock() + options_.seconds;
}

bool Tuner::go_on() {
  if (deadline_ > 0 && options_.clock() >= deadline_) result_.out_of_time = true;
  return !result_.cancelled && !result_.out_of_time;
}

void Tuner::search(const OpenTask& task) {
  const bool cube = is_cube(task.site.fallback);
  const std::string_view algorithm = cube ? kGenetic : kBandit;
  const SearchSpace space(task.site);
  if (space.knobs() == 0 || !go_on()) return;
  const BankEntry* entry = bank_.find(task.soc.name, task.key);
  int64_t best = task.default_cycles;
  const auto report = [&] {
    if (options_.on_progress && !options_.on_progress({searched_, result_.trials, task.name, task.default_cycles, best})) result_.cancelled = true;
  };
  const auto run = [&](const Genome& genome) -> std::optional<int64_t> {
    ++result_.trials;
    const Schedule schedule = space.decode(genome);
    const auto blocks = task.site.emit(schedule);
    if (!blocks) return std::nullopt;
    const auto timing = task.before.fork().time(*blocks, task.vector_task);
    if (!timing) return std::nullopt;
    best = std::min(best, timing->cycles);
    report();
    return timing->cycles;
  };
  Trials trials(known_trials(entry, space, task, options_.seed, algorithm), options_.trials, run, [this] { return go_on(); });
  if (cube) search_genetic(space, options_.seed, trials);
  else search_bandit(space, options_.seed, trials);
  ++searched_;
  if (!trials.best()) return;
  BankEntry found{.schedule = space.decode(trials.best()->genome), .before = task.default_cycles, .after = trials.best()->cycles, .algorithm = std::string(algorithm), .seed = options_.seed, .space = space.fingerprint(), .trials = trials.all()};
  // What an earlier run found in another way stays when it is better for this very task.
  if (entry != nullptr && entry->schedule.index() == found.schedule.index()) {
    const auto blocks = task.site.emit(entry->schedule);
    const auto timing = blocks ? task.before.fork().time(*blocks, task.vector_task) : Result<TaskTiming>(std::unexpected(blocks.error()));
    if (timing && timing->cycles < found.after) found.schedule = entry->schedule, found.after = timing->cycles;
  }
  bank_.put(task.soc.name, task.key, std::move(found));
}

std::optional<Schedule> Tuner::propose(const OpenTask& task) {
  const bool wanted = is_cube(task.site.fallback) ? options_.cube : options_.vector;
  const bool again = std::ranges::any_of(std::span(result_.tasks).subspan(first_of_program_), [&](const ScheduleVerdict& verdict) { return verdict.key == task.key; });
  if (wanted && !again) search(task);
  const BankEntry* entry = bank_.find(task.soc.name, task.key);
  if (entry == nullptr) return std::nullopt;
  return entry->schedule;
}

void Tuner::on_verdict(const ScheduleVerdict& verdict) {
  if (!verdict.rejected.empty()) result_.warnings.push_back(fmt::format("{} '{}': {}", verdict.op_type, verdict.name, verdict.rejected));
  result_.tasks.push_back(verdict);
}

void Tuner::on_program(int64_t default_cycles, int64_t cycles, bool withdrawn) {
  result_.default_cycles += default_cycles;
  result_.cycles += withdrawn ? default_cycles : cycles;
  if (withdrawn) {
    result_.warnings.push_back(fmt::format("all schedules together take {} cycles, the default ones {}: those are kept", cycles, default_cycles));
    for (ScheduleVerdict& verdict : std::span(result_.tasks).subspan(first_of_program_)) verdict.chosen = verdict.fallback, verdict.cycles = verdict.default_cycles;
  }
  first_of_program_ = result_.tasks.size();
}

std::shared_ptr<Tuner> use_bank(ScheduleBank bank) { return std::make_shared<Tuner>(std::move(bank), TuneOptions{}); }

}  // namespace npu
