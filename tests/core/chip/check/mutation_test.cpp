// SPDX-License-Identifier: Apache-2.0
// Compiled programs are clean, and lose that when a flag is dropped or moved: each mutant whose conflicting accesses are no
// longer ordered as before (by the oracle) must be reported.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/chip/check/check.h"
#include "core/onnx/onnx.h"
#include "samples/catalog.h"
#include "samples/zoo/zoo.h"
#include "tests/core/chip/check/order_oracle.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

Result<OwnedBytes> read_sample_file(const std::string& file) {
  NPU_TRY(SharedBytes bytes, read_file((test::source_dir() / "samples" / file).string()));
  return OwnedBytes{*bytes, bytes};
}

CompiledModel compile_sample(const Sample& sample, const char* soc) {
  const auto info = load_sample_info(sample, read_sample_file);
  REQUIRE(info);
  auto graph = load_sample_graph(sample, *info, read_sample_file);
  REQUIRE(graph);
  CompileOptions options;
  options.soc = soc;
  options.passes.input_shapes[info->input_name] = {1, info->channels, info->height, info->width};
  auto model = compile(std::move(*graph), options);
  if (!model) FAIL(model.error().message());
  return std::move(*model);
}

// Compiled in less than a second.
bool is_quick(const Sample& sample) { return !sample.build || sample.name == "squeezenet1_1"; }

struct Stream {
  std::string name;
  const Soc* soc;
  Program program;
  std::vector<std::pair<int, int>> ordered;  // conflicting instructions that are ordered: all of them
};

// Streams of different kinds of tasks, each small enough for the oracle.
std::vector<Stream> streams(size_t count, size_t longest, bool everything) {
  std::vector<Stream> found;
  for (const char* soc : {"Ascend310", "Ascend910B3"})
    for (const Sample& sample : samples()) {
      if (!everything && !is_quick(sample)) continue;
      if (sample.name == "defects_int8") continue;  // the oracle lists the bytes of the rows that fp16 tasks have
      const CompiledModel model = compile_sample(sample, soc);
      std::map<std::string, int> of_type;
      for (const Task& task : model.tasks) {
        if (task.blocks.empty() || task.blocks[0].size() > longest || ++of_type[task.op_type] > (everything ? 4 : 2)) continue;
        const bool known = std::ranges::any_of(found, [&](const Stream& s) { return s.program.size() == task.blocks[0].size() && s.program.back() == task.blocks[0].back() && s.name.ends_with(task.op_type); });
        if (!known) found.push_back({fmt::format("{} {} {}", sample.name, soc, task.op_type), *find_soc(soc), task.blocks[0], {}});
      }
    }
  if (found.size() > count) found.resize(count);
  for (Stream& stream : found) stream.ordered = test::conflicts_of(stream.program);
  return found;
}

struct Mutant {
  Program program;
  std::vector<int> origin;  // of each instruction
};

Mutant copy_of(const Program& program) {
  Mutant mutant{program, std::vector<int>(program.size())};
  for (size_t i = 0; i < program.size(); ++i) mutant.origin[i] = static_cast<int>(i);
  return mutant;
}

// way 0: without instruction i; 1 and 2: it changes places with its successor, its predecessor.
Mutant mutate(const Program& program, size_t i, int way) {
  Mutant mutant = copy_of(program);
  const auto at = static_cast<std::ptrdiff_t>(i);
  if (way == 0) {
    mutant.program.erase(mutant.program.begin() + at);
    mutant.origin.erase(mutant.origin.begin() + at);
    return mutant;
  }
  const size_t other = way == 1 ? i + 1 : i - 1;
  if (other >= program.size()) return mutant;
  std::swap(mutant.program[i], mutant.program[other]);
  std::swap(mutant.origin[i], mutant.origin[other]);
  return mutant;
}

bool order_changed(const Stream& stream, const Mutant& mutant) {
  const test::Order order = test::order_of(mutant.program);
  if (order.hangs || order.undefined) return true;
  std::vector<size_t> place(stream.program.size());
  for (size_t i = 0; i < mutant.origin.size(); ++i) place[static_cast<size_t>(mutant.origin[i])] = i;
  return std::ranges::any_of(stream.ordered, [&](const auto& pair) { return !order.before(place[static_cast<size_t>(pair.first)], place[static_cast<size_t>(pair.second)]); });
}

struct Score {
  int mutants = 0, changed = 0, reported = 0;
};

// Every `every`-th mutant of each stream.
Score test_mutants(const std::vector<Stream>& all, int every) {
  Score score;
  int number = 0;
  for (const Stream& stream : all) {
    const Program& program = stream.program;
    for (size_t i = 0; i < program.size(); ++i)
      for (int way = 0; way < 3; ++way) {
        if ((program[i].op != Opcode::SetFlag && program[i].op != Opcode::WaitFlag) || number++ % every != 0) continue;
        const Mutant mutant = mutate(program, i, way);
        ++score.mutants;
        if (!order_changed(stream, mutant)) continue;
        ++score.changed;
        const bool reported = !check_stream(*stream.soc, mutant.program, 1).empty();
        score.reported += reported;
        if (!reported) MESSAGE(stream.name, ": not reported: ", i, " ", disassemble(program[i]), ", way ", way);
      }
  }
  return score;
}

void check_originals(const std::vector<Stream>& all) {
  for (const Stream& stream : all) {
    CAPTURE(stream.name);
    for (const Finding& finding : check_stream(*stream.soc, stream.program)) FAIL_CHECK(finding.text);
    CHECK_FALSE(order_changed(stream, copy_of(stream.program)));
  }
}

void run_mutations(const std::vector<Stream>& all, int every, int at_least) {
  check_originals(all);
  const Score score = test_mutants(all, every);
  MESSAGE(all.size(), " streams, ", score.mutants, " mutants, ", score.changed, " change the order of conflicting accesses, ", score.reported, " of them are reported");
  CHECK(score.changed > at_least);
  CHECK(score.reported * 100 >= score.changed * 99);
}

void check_sample(const Sample& sample, const char* soc, ThreadPool& pool) {
  const Status status = check_model(**find_soc(soc), compile_sample(sample, soc), pool);
  CHECK_MESSAGE(status, sample.name, " on ", soc, ": ", (status ? "" : status.error().message()));
}

}  // namespace

TEST_CASE("compiled programs of the small samples are clean") {
  ThreadPool pool(1);
  for (const char* soc : {"Ascend310", "Ascend910B3"})
    for (const Sample& sample : samples())
      if (is_quick(sample)) check_sample(sample, soc, pool);
}

TEST_CASE("slow: compiled programs of all samples are clean on every chip" * doctest::skip()) {
  ThreadPool pool(1);
  for (const Soc& soc : all_socs())
    for (const Sample& sample : samples()) check_sample(sample, soc.name.data(), pool);
}

TEST_CASE("every mutant of the streams of the small samples") { run_mutations(streams(50, 500, false), 1, 1000); }

TEST_CASE("slow: every mutant of fifty streams" * doctest::skip()) {
  const auto all = streams(50, 900, true);
  CHECK(all.size() == 50);
  run_mutations(all, 1, 5000);
}

}  // namespace npu
