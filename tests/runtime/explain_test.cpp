// SPDX-License-Identifier: Apache-2.0
// What explains a profile, against sums done by hand and programs whose times are known.
#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "runtime/profile/bottleneck.h"
#include "runtime/profile/compare.h"
#include "runtime/profile/roofline.h"
#include "runtime/profile/usage.h"
#include "runtime/profile/what_if.h"
#include "tests/runtime/small_net.h"

namespace npu::test {
namespace {

constexpr const char* kChips[] = {"Ascend310", "Ascend310P3", "Ascend910B1"};

CompiledModel compiled(const char* soc, int64_t batch = 1, int64_t size = 56) {
  auto model = compile(small_net(), options_for({{"x", {batch, 3, size, size}}}, soc));
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  return std::move(*model);
}

// One task of one block.
CompiledModel model_of(Program program, const char* soc = "Ascend310") {
  CompiledModel model;
  model.soc = soc;
  Task task;
  task.name = task.op_type = "t";
  task.blocks = {std::move(program)};
  model.tasks.push_back(std::move(task));
  return model;
}

int64_t cycles_of(const CompiledModel& model, const Soc& soc) {
  const auto profile = profile_model(model, soc, false);
  REQUIRE(profile);
  return profile->tasks[0].cycles;
}

ChangeEffect effect_of(const CompiledModel& model, Change change) {
  const auto effects = what_if(model, **find_soc(model.soc), std::span(&change, 1));
  REQUIRE(effects);
  REQUIRE(effects->size() == 1);
  return (*effects)[0];
}

double cycles_after(const CompiledModel& model, Change change) {
  const Soc& soc = **find_soc(model.soc);
  return (effect_of(model, change).task_us[0] - soc.task_launch_us) * soc.cube_mhz;
}

}  // namespace

TEST_CASE("the table says what its file says, field by field") {
  const CompiledModel model = compiled("Ascend310");
  const auto profile = profile_model(model, false);
  REQUIRE(profile);
  const OpSummary table = op_summary(model, *profile);
  REQUIRE(table.rows.size() == model.tasks.size());
  // A reader of CSV that knows quotes.
  std::vector<std::vector<std::string>> lines(1, {""});
  bool quoted = false;
  for (const char c : op_summary_csv(model, *profile)) {
    if (c == '"') quoted = !quoted;
    else if (c == '\n' && !quoted) lines.push_back({""});
    else if (c == ',' && !quoted) lines.back().emplace_back();
    else lines.back().back() += c;
  }
  lines.pop_back();
  REQUIRE(lines.size() == table.rows.size() + 1);
  CHECK(std::ranges::equal(lines[0], table.headers));
  for (size_t i = 0; i < table.rows.size(); ++i) CHECK(lines[i + 1] == table.rows[i]);
  CHECK(std::ranges::find(table.headers, "mte2_ratio") != table.headers.end());
}

TEST_CASE("no task is above the chip's ceilings, and each is where its sums put it") {
  for (const char* chip : kChips) {
    CAPTURE(chip);
    const Soc& soc = **find_soc(chip);
    const CompiledModel model = compiled(chip, 4);
    const auto profile = profile_model(model, false);
    REQUIRE(profile);
    const Roofline roofline = make_roofline(model, *profile, soc);
    CHECK(roofline.gops[0] == doctest::Approx(8.192 * soc.cube_mhz * soc.ai_cores));
    CHECK(roofline.gbps[0] == doctest::Approx(soc.ddr_gbps * soc.ddr_efficiency));
    size_t core_tasks = 0;
    for (size_t i = 0; i < model.tasks.size(); ++i)
      core_tasks += model.tasks[i].engine != Engine::AiCpu && (model.tasks[i].macs > 0 || profile->tasks[i].timing.activity.vector_bytes > 0);
    CHECK(roofline.points.size() == core_tasks);
    for (const RooflinePoint& point : roofline.points) {
      const TaskProfile& task = profile->tasks[point.task];
      CAPTURE(model.tasks[point.task].name);
      if (point.roof == ComputeRoof::CubeF16) CHECK(point.gops == doctest::Approx(2.0 * static_cast<double>(model.tasks[point.task].macs) / task.duration_us / 1000));
      for (const MemoryLevel level : {MemoryLevel::Ddr, MemoryLevel::L2, MemoryLevel::L1}) {
        const auto intensity = point.intensity(level);
        if (!intensity) continue;
        CHECK(*intensity * point.bytes[static_cast<size_t>(level)] == doctest::Approx(point.operations));
        // Copies into and out of a level go at the same time, so its bytes may be twice those of one direction.
        CHECK(point.gops <= roofline.attainable(point.roof, level, *intensity) * 2.0001);
        if (level == MemoryLevel::Ddr) CHECK(point.gops <= roofline.attainable(point.roof, level, *intensity) * 1.0001);
      }
    }
  }
}

TEST_CASE("a change does to a program of one pipe what arithmetic says") {
  const Soc& soc = **find_soc("Ascend310");
  // 32 KB from memory to UB: the bytes go twice as fast, what every copy takes before them stays.
  const Program copy{make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase, 1, 1024, 0, 0})};
  const auto one_copy = static_cast<double>(cycles_of(model_of(copy), soc));
  const double rate = std::min<double>(soc.ddr_read, soc.ddr_gbps * soc.ddr_efficiency * 1e3 / soc.cube_mhz);
  CHECK(one_copy - cycles_after(model_of(copy), Change::Memory) == doctest::Approx(32768 / rate / 2).epsilon(0.02));
  CHECK(one_copy - cycles_after(model_of(copy), Change::CopyStart) == doctest::Approx(soc.copy_cycles / 2).epsilon(0.02));
  CHECK(cycles_after(model_of(copy), Change::Vector) == doctest::Approx(one_copy));
  CHECK(cycles_after(model_of(copy), Change::Cube) == doctest::Approx(one_copy));

  // 200 repeats of one cycle each.
  const Program vector{make_instr(Opcode::Vrelu, {0, 0, 0x10000, 200, 1, 1, 8, 8})};
  const auto one_vector = static_cast<double>(cycles_of(model_of(vector), soc));
  const Program half{make_instr(Opcode::Vrelu, {0, 0, 0x10000, 100, 1, 1, 8, 8})};
  CHECK(cycles_after(model_of(vector), Change::Vector) == doctest::Approx(static_cast<double>(cycles_of(model_of(half), soc))));
  CHECK(cycles_after(model_of(vector), Change::Vector) < one_vector);
  CHECK(cycles_after(model_of(vector), Change::Memory) == doctest::Approx(one_vector));

  // 4 x 8 x 2 steps become 4 x 4 x 2.
  const auto mad = [](int64_t k) { return Program{make_instr(Opcode::Mad, {0, 0, 0, 64, k, 32, 1, static_cast<int64_t>(VecType::F16), static_cast<int64_t>(VecType::F16), 0})}; };
  CHECK(cycles_of(model_of(mad(128)), soc) - cycles_after(model_of(mad(128)), Change::Cube) == doctest::Approx(32));
  CHECK(cycles_after(model_of(mad(16)), Change::Cube) == doctest::Approx(static_cast<double>(cycles_of(model_of(mad(16)), soc))));
}

TEST_CASE("without waits two pipes take as long as the longer one") {
  const Soc& soc = **find_soc("Ascend310");
  const Instr copy = make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase, 1, 1024, 0, 0}), relu = make_instr(Opcode::Vrelu, {0, 0, 0x10000, 200, 1, 1, 8, 8});
  const auto first = static_cast<double>(cycles_of(model_of({copy}), soc)), second = static_cast<double>(cycles_of(model_of({relu}), soc));
  const Program ordered{copy, make_instr(Opcode::SetFlag, {static_cast<int64_t>(Pipe::MTE2), static_cast<int64_t>(Pipe::V), 0}),
                        make_instr(Opcode::WaitFlag, {static_cast<int64_t>(Pipe::MTE2), static_cast<int64_t>(Pipe::V), 0}), relu};
  CHECK(static_cast<double>(cycles_of(model_of(ordered), soc)) == doctest::Approx(first + second).epsilon(0.05));
  CHECK(cycles_after(model_of(ordered), Change::NoWaits) == doctest::Approx(std::max(first, second)).epsilon(0.05));
}

TEST_CASE("changes of the whole model: the launch, the order, the end") {
  for (const char* chip : kChips) {
    CAPTURE(chip);
    const Soc& soc = **find_soc(chip);
    const CompiledModel model = compiled(chip);
    const auto profile = profile_model(model, false);
    REQUIRE(profile);
    size_t calls = 0;
    const auto effects = what_if(model, soc, all_changes(), [&](size_t done, size_t total) {
      CHECK(done < total);
      return ++calls > 0;
    });
    REQUIRE(effects);
    CHECK(effects->size() == kChanges);
    CHECK(calls == kChanges * model.tasks.size());
    for (const ChangeEffect& effect : *effects) {
      CAPTURE(static_cast<int>(effect.change));
      const double launch = effect.change == Change::NoLaunch ? 0 : soc.model_launch_us;
      CHECK(std::accumulate(effect.task_us.begin(), effect.task_us.end(), launch) == doctest::Approx(effect.total_us));
      CHECK(effect.total_us <= profile->total_us * 1.0001);
    }
    double running = 0;
    for (const TaskProfile& task : profile->tasks) running += task.duration_us;
    CHECK(effects->back().total_us == doctest::Approx(running));
    CHECK(what_if(model, soc, all_changes(), [](size_t done, size_t) { return done < 3; }).error().kind == ErrorKind::Cancelled);
  }
}

TEST_CASE("the bottleneck of programs that have one") {
  Soc soc = **find_soc("Ascend310");
  soc.task_launch_us = 0;
  const auto found = [&](const Program& program, int64_t macs = 0) {
    CompiledModel model = model_of(program);
    model.tasks[0].macs = macs;
    const auto profile = profile_model(model, soc, false);
    REQUIRE(profile);
    return find_bottleneck(model.tasks[0], profile->tasks[0], soc);
  };
  Program copies, small, vectors, mads;
  for (int64_t i = 0; i < 64; ++i) {
    copies.push_back(make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase + i * 65536, 1, 2048, 0, 0}));
    small.push_back(make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase + i * 32, 1, 1, 0, 0}));
    vectors.push_back(make_instr(Opcode::Vrelu, {0, 0, 0x10000, 255, 1, 1, 8, 8}));
    mads.push_back(make_instr(Opcode::Mad, {0, 0, 0, 128, 128, 120, 1, static_cast<int64_t>(VecType::F16), static_cast<int64_t>(VecType::F16), 0}));
  }
  CHECK(found(copies).kind == Bottleneck::Kind::Memory);
  CHECK(found(copies).gbps <= found(copies).roof_gbps * 1.01);
  CHECK(found(copies).bytes == 64 * 65536);
  CHECK(found(small).kind == Bottleneck::Kind::CopyStart);
  CHECK(found(vectors).kind == Bottleneck::Kind::Vector);
  CHECK(found(vectors).full_share == doctest::Approx(1));
  const Bottleneck cube = found(mads, 64 * 128 * 128 * 120);
  CHECK(cube.kind == Bottleneck::Kind::Cube);
  CHECK(cube.padding_share == doctest::Approx(8.0 / 128));
  CHECK(cube.peak_share > 0.4);  // one of two cores
  CHECK(cube.peak_share <= 0.5);

  soc.task_launch_us = 1e6;
  CHECK(found(copies).kind == Bottleneck::Kind::Launch);
}

namespace {

RunTask task(std::string name, std::vector<std::string> nodes, double us, double vector_us) {
  RunTask t{.name = std::move(name), .op = "Op", .nodes = std::move(nodes), .us = us};
  t.pipe_us[static_cast<size_t>(Pipe::V)] = vector_us;
  return t;
}

}  // namespace

TEST_CASE("tasks stand beside what does their nodes' work in the other run") {
  const RunSummary before{.chip = "a", .total_us = 60, .tasks = {task("c1", {"c1"}, 10, 1), task("r1", {"r1"}, 20, 2), task("gone", {"x"}, 5, 0), task("c2", {"c2", "r2"}, 25, 3)}};
  const RunSummary after{.chip = "b", .total_us = 40, .tasks = {task("new", {"n"}, 1, 0), task("r1", {"c1", "r1"}, 15, 2), task("c2", {"c2"}, 14, 1), task("r2", {"r2"}, 10, 1)}};
  const Comparison c = compare_runs(before, after);
  REQUIRE(c.rows.size() == 4);
  CHECK(c.rows[0].before.empty());
  CHECK(c.rows[1].before == std::vector<size_t>{0, 1});
  CHECK(c.rows[1].after == std::vector<size_t>{1});
  CHECK(c.rows[1].delta_us() == doctest::Approx(-15));
  CHECK(c.rows[2].before == std::vector<size_t>{2});
  CHECK(c.rows[2].after.empty());
  CHECK(c.rows[3].after == std::vector<size_t>{2, 3});
  CHECK(c.rows[3].delta_us() == doctest::Approx(-1));
  CHECK(c.after_pipe_us[static_cast<size_t>(Pipe::V)] == doctest::Approx(4));
}

TEST_CASE("alignment agrees with growing sets until nothing changes") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    RunSummary runs[2];
    std::vector<std::set<std::string>> sets;  // of all tasks, the run's before first
    for (RunSummary& run : runs) {
      const size_t count = 1 + random() % 8;
      for (size_t i = 0; i < count; ++i) {
        std::vector<std::string> nodes;
        for (size_t n = random() % 3; n > 0; --n) nodes.push_back("n" + std::to_string(random() % 12));
        const std::string name = "n" + std::to_string(random() % 12);
        run.tasks.push_back(task(name, nodes, static_cast<double>(random() % 100), static_cast<double>(random() % 9)));
        nodes.push_back(name);
        sets.emplace_back(nodes.begin(), nodes.end());
      }
    }
    std::vector<size_t> label(sets.size());
    std::iota(label.begin(), label.end(), size_t{0});
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < sets.size(); ++i)
        for (size_t j = 0; j < sets.size(); ++j)
          if (label[i] > label[j] && std::ranges::any_of(sets[i], [&](const auto& n) { return sets[j].contains(n); })) label[i] = label[j], changed = true;
    }
    const Comparison c = compare_runs(runs[0], runs[1]);
    CHECK(c.rows.size() == std::set(label.begin(), label.end()).size());
    double before = 0, after = 0, delta = 0;
    size_t seen = 0;
    for (const AlignedTasks& row : c.rows) {
      std::set<size_t> labels;
      for (const size_t i : row.before) labels.insert(label[i]);
      for (const size_t i : row.after) labels.insert(label[runs[0].tasks.size() + i]);
      CHECK(labels.size() == 1);
      seen += row.before.size() + row.after.size();
      delta += row.delta_us();
    }
    CHECK(seen == sets.size());
    for (const RunTask& t : runs[0].tasks) before += t.us;
    for (const RunTask& t : runs[1].tasks) after += t.us;
    CHECK(delta == doctest::Approx(after - before));
  }
}

TEST_CASE("a run compared with itself, and with the same model without fusion") {
  const CompiledModel model = compiled("Ascend310");
  const auto profile = profile_model(model, false);
  REQUIRE(profile);
  const RunSummary run = summarise(model, *profile);
  const Comparison same = compare_runs(run, run);
  CHECK(same.rows.size() == run.tasks.size());
  for (const AlignedTasks& row : same.rows) {
    CHECK(row.before == row.after);
    CHECK(row.delta_us() == 0);
  }
  CompileOptions options = options_for({{"x", {1, 3, 56, 56}}}, "Ascend310");
  options.passes.disabled = {"fuse-tasks"};
  const auto apart = compile(small_net(), options);
  REQUIRE(apart);
  const auto other = profile_model(*apart, false);
  REQUIRE(other);
  REQUIRE(apart->tasks.size() > model.tasks.size());
  const Comparison fused = compare_runs(summarise(*apart, *other), run);
  double sum = 0;
  for (const AlignedTasks& row : fused.rows) {
    sum += row.delta_us();
    CHECK_FALSE(row.after.empty());  // all that is done apart is done in some fused task
    CHECK_FALSE(row.before.empty());
  }
  CHECK(sum == doctest::Approx(profile->total_us - other->total_us));
  CHECK(std::ranges::any_of(fused.rows, [](const AlignedTasks& row) { return row.before.size() > row.after.size(); }));
}

TEST_CASE("buffers: what a program touches by its operands, and no less than a run writes") {
  const Soc& soc = **find_soc("Ascend310");
  // 32 KB into UB at 0; 200 repeats from 64 KB on over them; half of UB again.
  const CompiledModel model = model_of({make_instr(Opcode::CopyGmToUbuf, {0, kArenaBase, 1, 1024, 0, 0}), make_instr(Opcode::Vrelu, {0, 0, 0x10000, 200, 1, 1, 8, 8}),
                                        make_instr(Opcode::CopyGmToCbuf, {64, kArenaBase, 3, 2, 0, 5})});
  const auto use = buffer_use(model, soc);
  REQUIRE(use);
  REQUIRE(use->size() == 1);
  CHECK((*use)[0][static_cast<size_t>(Buffer::UB)] == 200 * 256 * 2);  // the copy is inside what the repeats write
  CHECK((*use)[0][static_cast<size_t>(Buffer::L1)] == 3 * 2 * 32);
  CHECK((*use)[0][static_cast<size_t>(Buffer::L0A)] == 0);
  CHECK(buffer_use(model, soc, [] { return false; }).error().kind == ErrorKind::Cancelled);

  const auto net = std::make_shared<const CompiledModel>(compiled("Ascend310"));
  const auto all = buffer_use(*net, soc);
  REQUIRE(all);
  const Tensor input = picture({1, 3, 56, 56}, 3);
  DeviceMemory memory(*net->weights, net->arena_bytes);
  memory.track(false);
  Core core(soc);
  for (size_t t = 0; t < net->tasks.size(); ++t) {
    const Task& task = net->tasks[t];
    if (task.blocks.empty()) continue;
    const auto longest = std::ranges::max_element(task.blocks, {}, [](const Program& program) { return program.size(); });
    core.reset();
    REQUIRE(core.execute(*longest, memory, {longest - task.blocks.begin(), std::ssize(task.blocks)}));
    for (const Buffer buffer : {Buffer::L1, Buffer::L0A, Buffer::L0B, Buffer::L0C, Buffer::UB}) {
      int64_t written = 0;
      for (int64_t at = 0; at < soc.buffer_bytes(buffer); at += kBlockBytes) written += core.written(buffer, at) ? kBlockBytes : 0;
      CAPTURE(task.name);
      const int64_t used = (*all)[t][static_cast<size_t>(buffer)];
      CHECK(used <= soc.buffer_bytes(buffer));
      // Nothing is read that was not written; L0's marks are as wide as a fractal.
      if (buffer == Buffer::UB || buffer == Buffer::L1) CHECK(used == written);
      else CHECK(used <= written);
    }
  }
}

}  // namespace npu::test
