// SPDX-License-Identifier: Apache-2.0
// Searches, the bank, and what a compile makes of them.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>

#include "compiler/compile.h"
#include "compiler/tune/report.h"
#include "compiler/tune/tuner.h"
#include "runtime/profile/profile.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

namespace npu {
namespace {

constexpr const char* kModel = "Conv(@1x32x28x28, 64x32x3x3, 64) pads=1,1,1,1 ; Relu(@) ; MaxPool(@) kernel_shape=2,2 strides=2,2 ; Conv(@, 96x64x1x1) ; Sigmoid(@)";

struct Tuned {
  CompiledModel model;
  ScheduleBank bank;
  TuneResult result;
};

Tuned tune(const std::string& text, TuneOptions options, ScheduleBank bank = {}, const char* soc = "Ascend310") {
  const auto tuner = std::make_shared<Tuner>(std::move(bank), std::move(options));
  CompileOptions how{.soc = soc};
  how.scheduler = tuner;
  auto model = compile(parse_operator_case(text).graph, how);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  return {std::move(*model), tuner->bank(), tuner->result()};
}

TuneOptions both(int64_t trials, uint64_t seed = 1) { return {.cube = true, .vector = true, .trials = trials, .seed = seed}; }

double predicted_us(const CompiledModel& model) {
  const auto profile = profile_model(model, false);
  REQUIRE(profile);
  return profile->total_us;
}

CompiledModel plain(const std::string& text, const char* soc = "Ascend310") {
  auto model = compile(parse_operator_case(text).graph, {.soc = soc});
  REQUIRE_MESSAGE(model, text, (model ? "" : model.error().message()));
  return std::move(*model);
}

ScheduleBank parsed(const std::string& json) {
  auto bank = ScheduleBank::parse(json);
  REQUIRE_MESSAGE(bank, (bank ? "" : bank.error().message()));
  return std::move(*bank);
}

Bytes bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// A site whose cycles are a formula: four knobs of ten options, the best ones 7, 2, 9, 4.
ScheduleSite formula_site() {
  ScheduleSite site{.fallback = CubeSchedule{}, .knobs = {}, .estimate = [](const Schedule&) -> Result<double> { return 1.0; }, .lower_bound = {}, .canonical = [](const Schedule& s) { return s; }, .emit = {}};
  for (size_t field = 3; field < 7; ++field) {
    Knob knob{.name = "knob", .fields = {field}, .options = {}};
    for (int64_t value = 1; value <= 10; ++value) knob.options.push_back({value});
    site.knobs.push_back(std::move(knob));
  }
  return site;
}
int64_t formula(const Genome& g) { return 1000 + 20 * (std::abs(g[0] - 7) + std::abs(g[1] - 2)) + 10 * std::abs(g[2] - 9) + 5 * std::abs(g[3] - 4) + 3 * std::abs(g[0] - g[2] + 2); }

}  // namespace

TEST_CASE("both searches find the best of ten thousand in a few hundred trials") {
  const ScheduleSite site = formula_site();
  const SearchSpace space(site);
  REQUIRE(space.size() == 10000);
  for (uint64_t seed = 1; seed <= 5; ++seed)
    for (const auto search : {search_genetic, search_bandit}) {
      Trials trials({}, 500, [](const Genome& genome) { return formula(genome); }, [] { return true; });
      search(space, seed, trials);
      REQUIRE(trials.best());
      CHECK(trials.best()->cycles <= 1000 * 1.01);
      CHECK(trials.done() <= 500);
      CHECK(trials.all()[0].genome == space.fallback());
      std::set<Genome> different;
      for (const Trial& trial : trials.all()) different.insert(trial.genome);
      CHECK(std::ssize(different) == trials.done());
    }
}

TEST_CASE("what is not legal is no result, and is not tried twice") {
  const ScheduleSite site = formula_site();
  const SearchSpace space(site);
  for (const auto search : {search_genetic, search_bandit}) {
    std::set<Genome> asked;
    Trials trials({}, 300, [&](const Genome& genome) -> std::optional<int64_t> {
      CHECK(asked.insert(genome).second);
      if (genome[1] % 2 == 1) return std::nullopt;
      return formula(genome);
    }, [] { return true; });
    search(space, 3, trials);
    REQUIRE(trials.best());
    CHECK(trials.best()->genome[1] % 2 == 0);
  }
}

TEST_CASE("tuned models are never slower, and the same seed finds the same") {
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910B1"}) {
    const Tuned first = tune(kModel, both(40), {}, soc), again = tune(kModel, both(40), {}, soc);
    CHECK(first.bank.to_json() == again.bank.to_json());
    CHECK(predicted_us(first.model) <= predicted_us(plain(kModel, soc)));
    CHECK(first.result.cycles <= first.result.default_cycles);
    CHECK(first.result.trials > 40);
    CHECK(first.bank.size() >= 3);
    for (const ScheduleVerdict& verdict : first.result.tasks) CHECK(verdict.cycles <= verdict.default_cycles);
  }
}

TEST_CASE("random layers are never slower than by default") {
  std::mt19937 random(11);
  const auto pick = [&](int low, int high) { return low + static_cast<int>(random() % static_cast<uint32_t>(high - low + 1)); };
  int faster = 0;
  for (int i = 0; i < 24; ++i) {
    const int batch = pick(1, 3), in = pick(3, 150), out = pick(8, 200), size = pick(7, 40), kernel = pick(0, 1) * 2 + 1;
    const std::string text = i % 3 == 2 ? fmt::format("MatMul(@{}x{}, {}x{}) ; Add(@, {})", pick(1, 200), in, in, out, out)
                                        : fmt::format("Conv(@{}x{}x{}x{}, {}x{}x{}x{}) pads={},{},{},{} ; {}", batch, in, size, size, out, in, kernel, kernel, kernel / 2, kernel / 2, kernel / 2, kernel / 2, i % 2 ? "Relu(@)" : "Sigmoid(@)");
    const char* soc = std::array{"Ascend310", "Ascend310P3", "Ascend910B1", "Ascend910A"}[static_cast<size_t>(i) % 4];
    CAPTURE(text);
    const Tuned tuned = tune(text, both(25, static_cast<uint64_t>(i)), {}, soc);
    const double before = predicted_us(plain(text, soc)), after = predicted_us(tuned.model);
    CHECK(after <= before);
    faster += after < before;
  }
  CHECK(faster >= 12);
}

TEST_CASE("a bank survives saving, and compiles use it") {
  const Tuned tuned = tune(kModel, both(60));
  const ScheduleBank bank = parsed(tuned.bank.to_json());
  CHECK(bank.to_json() == tuned.bank.to_json());
  const Tuned used = tune(kModel, TuneOptions{}, bank);
  CHECK(used.result.trials == 0);
  CHECK(used.result.warnings.empty());
  CHECK(used.result.cycles == tuned.result.cycles);
  REQUIRE(used.model.tasks.size() == tuned.model.tasks.size());
  for (size_t i = 0; i < used.model.tasks.size(); ++i) CHECK(used.model.tasks[i].blocks == tuned.model.tasks[i].blocks);
  // Of another chip nothing is known.
  CHECK(tune(kModel, TuneOptions{}, bank, "Ascend910B1").result.cycles == tune(kModel, TuneOptions{}, {}, "Ascend910B1").result.default_cycles);
}

TEST_CASE("a search goes on where the one before ended") {
  const Tuned short_run = tune(kModel, both(25)), long_run = tune(kModel, both(80));
  const Tuned resumed = tune(kModel, both(80), parsed(short_run.bank.to_json()));
  CHECK(resumed.bank.to_json() == long_run.bank.to_json());
  CHECK(resumed.result.trials == long_run.result.trials - short_run.result.trials);
  CHECK(tune(kModel, both(80), resumed.bank).result.trials == 0);
}

TEST_CASE("cancelled, or out of time: what was found is kept and the rest is as by default") {
  TuneOptions options = both(80);
  int64_t told = 0;
  options.on_progress = [&](const TuneOptions::Progress& progress) {
    CHECK(progress.trials == ++told);
    CHECK(progress.cycles <= progress.default_cycles);
    return told < 30;
  };
  const Tuned cancelled = tune(kModel, options);
  CHECK(cancelled.result.cancelled);
  CHECK(cancelled.result.trials == 30);
  CHECK(predicted_us(cancelled.model) <= predicted_us(plain(kModel)));
  const Tuned resumed = tune(kModel, both(80), parsed(cancelled.bank.to_json()));
  CHECK(resumed.bank.to_json() == tune(kModel, both(80)).bank.to_json());

  double time = 0;
  options = both(80);
  options.seconds = 20;
  options.clock = [&] { return time += 1; };
  const Tuned late = tune(kModel, options);
  CHECK(late.result.out_of_time);
  CHECK_FALSE(late.result.cancelled);
  CHECK(late.result.trials < 25);
  CHECK(parsed(late.bank.to_json()).size() >= 1);
}

TEST_CASE("of hostile and stale banks nothing is taken, with a reason, and the default schedules stay") {
  const Tuned tuned = tune(kModel, both(60));
  const CompiledModel by_default = plain(kModel);
  const auto check_ignored = [&](const ScheduleBank& bank) {
    const Tuned used = tune(kModel, TuneOptions{}, bank);
    CHECK(used.result.cycles <= used.result.default_cycles);
    return used;
  };
  size_t entries = 0;
  tuned.bank.for_each([&](const std::string& soc, const std::string& key, const BankEntry& entry) {
    const std::vector<int64_t> fields = fields_of(entry.schedule);
    for (size_t field = 0; field < fields.size(); ++field)
      for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{1} << 20, INT64_MAX, INT64_MIN}) {
        BankEntry hostile = entry;
        std::vector<int64_t> changed = fields;
        changed[field] = value;
        REQUIRE(set_fields(hostile.schedule, changed));
        ScheduleBank bank;
        bank.put(soc, key, hostile);
        (void)check_ignored(bank);
      }
    BankEntry other_kind = entry;
    if (std::holds_alternative<CubeSchedule>(entry.schedule)) other_kind.schedule = VectorSchedule{};
    else other_kind.schedule = CubeSchedule{};
    ScheduleBank bank;
    bank.put(soc, key, other_kind);
    const Tuned used = check_ignored(bank);
    REQUIRE(used.result.warnings.size() == 1);
    CHECK(used.result.warnings[0].find("a schedule of another kind of task") != std::string::npos);
    for (size_t i = 0; i < used.model.tasks.size(); ++i) CHECK(used.model.tasks[i].blocks == by_default.tasks[i].blocks);
    ++entries;
  });
  CHECK(entries >= 4);
}

TEST_CASE("what is no bank is refused with words") {
  struct Bad {
    const char* json;
    const char* says;
  };
  const std::string head = R"({"format": "npu-schedule-bank", "version": 1, "entries": [)";
  const std::string entry = R"({"soc": "Ascend310", "key": "k", "kind": "vector", "schedule": {"parts": 1, "tile": 8, "slots": 2}, "before": 9, "after": 8, "algorithm": "RL", "seed": "1", "space": "a")";
  CHECK(ScheduleBank::parse(head + entry + "}]}"));
  for (const auto& [json, says] : {std::pair<std::string, std::string>{"", "is no JSON"}, {"[]", "is no object"}, {R"({"format": "x", "version": 1, "entries": []})", "'format' is 'x'"},
                                   {R"({"format": "npu-schedule-bank", "version": 2, "entries": []})", "'version' is 2, not 1"}, {R"({"format": "npu-schedule-bank", "version": 1})", "'entries' is no list"},
                                   {head + "7]}", "is no object"}, {head + entry + "}, " + entry + "}]}", "is there twice"}, {head + entry + R"(, "trials": [[1, -2]]}]})", "trial 0 took -2 cycles"},
                                   {head + entry + R"(, "trials": [[-1, 5]]}]})", "trial 0 has option -1"}, {head + entry + R"(, "trials": [[1, 99999999999999999999]]}]})", "trial 0 is no list"},
                                   {head + R"({"soc": "Ascend310", "key": "k", "kind": "cloud"}]})", "'kind' is 'cloud'"}, {head + R"({"soc": "Ascend310"}]})", "'key' is no text"},
                                   {head + R"({"soc": "s", "key": "k", "kind": "vector", "schedule": {"parts": 1.5, "tile": 8, "slots": 2}}]})", "'parts' is no whole number"},
                                   {head + R"({"soc": "s", "key": "k", "kind": "vector", "schedule": {"parts": -1, "tile": 8, "slots": 2}}]})", "'parts' is -1, which is below 0"}}) {
    const auto bank = ScheduleBank::parse(json);
    REQUIRE_MESSAGE(!bank, json);
    CHECK_MESSAGE(bank.error().message().find(says) != std::string::npos, bank.error().message());
  }
  std::vector<std::string> warnings;
  CHECK(read_bank("{", "a.json", warnings).size() == 0);
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0] == "The bank 'a.json' is not used: is no JSON");
}

TEST_CASE("damaged banks are banks or refused") {
  const std::string json = tune(kModel, both(12)).bank.to_json();
  for (size_t length = 0; length < json.size(); ++length) fuzz::schedule_bank(bytes_of(json).first(length));
  for (uint64_t seed = 0; seed < 3000; ++seed) fuzz::schedule_bank(fuzz::Mutator(seed)(bytes_of(json)));
}

TEST_CASE("the report is the vendor's file, the table has what changed") {
  const Tuned tuned = tune(kModel, both(60));
  const std::string json = aoe_result_json(**find_soc("Ascend310"), tuned.result, {"net", 2.5, 4, 3});
  for (const char* field : {"\"tuning_name\": \"net\"", "\"tuning_time(s)\": 2.5", "\"model_baseline_performance(ms)\": 4.0", "\"model_performance_improvement\": \"25.00%\"", "\"op_type\": \"Conv2D\"", "performance_before_tune(us)"})
    CHECK_MESSAGE(json.find(field) != std::string::npos, field);
  const std::string some = tune_table(tuned.result, false), all = tune_table(tuned.result, true);
  CHECK(std::ranges::count(all, '\n') == std::ssize(tuned.result.tasks) + 1);
  CHECK(std::ranges::count(some, '\n') > 1);
}

}  // namespace npu
