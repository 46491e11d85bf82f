// SPDX-License-Identifier: Apache-2.0
// Wherever and in whatever order a replay goes, every buffer holds what a straight run has there.
#include <doctest/doctest.h>

#include <cstring>
#include <random>

#include "core/base/hash.h"
#include "runtime/replay/replay.h"
#include "runtime/session/session.h"
#include "tests/compiled_digits.h"

namespace npu {
namespace {

using test::compiled_digits;

std::vector<Tensor> input_of(const CompiledModel& model) {
  if (model.inputs.empty()) return {};
  Tensor tensor(DType::Float32, model.inputs[0].shape);
  uint32_t state = 5;
  for (float& value : tensor.mutable_data<float>()) value = static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 8388608.0f - 1.0f;
  return {tensor.cast(model.inputs[0].dtype)};
}

std::unique_ptr<Replay> make_replay(const std::shared_ptr<const CompiledModel>& model, const ReplayOptions& options = {}) {
  auto replay = Replay::create(model, input_of(*model), options);
  if (!replay) FAIL(replay.error().message());
  return std::move(*replay);
}

// Everything there is to see: all buffers, what was written in them, where the run stands.
uint64_t fingerprint(const Replay& replay, const CompiledModel& model) {
  const Soc& soc = **find_soc(model.soc);
  std::vector<uint64_t> hashes{replay.place().task, replay.place().block, static_cast<uint64_t>(replay.place().instruction)};
  for (int b = 0; b < kBuffers; ++b) {
    const auto buffer = static_cast<Buffer>(b);
    const int64_t begin = buffer == Buffer::GM ? kArenaBase : 0, bytes = buffer == Buffer::GM ? model.arena_bytes : soc.buffer_bytes(buffer);
    const auto contents = replay.contents(buffer, begin, begin + bytes);
    REQUIRE(contents);
    hashes.push_back(hash_bytes(*contents));
    for (int64_t at = begin; at < begin + bytes; at += kBlockBytes) hashes.push_back(replay.written(buffer, at));
  }
  return hash_bytes(std::as_bytes(std::span(hashes)));
}

// Of every `every`-th position of a run without snapshots but the first.
std::vector<uint64_t> straight_run(const std::shared_ptr<const CompiledModel>& model, int64_t every) {
  const auto replay = make_replay(model, {.interval = INT64_MAX});
  std::vector<uint64_t> prints{fingerprint(*replay, *model)};
  while (!replay->at_end()) {
    REQUIRE(replay->step(every));
    prints.push_back(fingerprint(*replay, *model));
  }
  return prints;
}

Status outcome(const Result<int64_t>& result) { return result ? Status() : Status(std::unexpect, result.error()); }

}  // namespace

TEST_CASE("a replay ends with the outputs of a session, also after it was moved about") {
  for (const char* soc : {"Ascend310", "Ascend910B3"}) {
    const auto model = compiled_digits(soc);
    auto session = Session::create(model, 1);
    REQUIRE(session);
    const auto inputs = input_of(*model);
    const auto wanted = (*session)->run(inputs);
    REQUIRE(wanted);
    const auto replay = make_replay(model, {.interval = 100});
    REQUIRE(replay->step(700));
    REQUIRE(replay->seek(123));
    REQUIRE(replay->step(-23));
    CHECK(replay->position() == 100);
    CHECK(!replay->outputs());
    REQUIRE(replay->run_to_end());
    const auto outputs = replay->outputs();
    REQUIRE(outputs);
    REQUIRE(outputs->size() == wanted->size());
    CHECK(std::ranges::equal((*outputs)[0].bytes(), (*wanted)[0].bytes()));
    // Once more from the middle.
    REQUIRE(replay->seek(replay->position() / 2));
    REQUIRE(replay->run_to_end());
    CHECK(std::ranges::equal((*replay->outputs())[0].bytes(), (*wanted)[0].bytes()));
  }
}

TEST_CASE("seeking back and forward gives the buffers of a straight run") {
  constexpr int64_t kEvery = 23;
  const auto model = compiled_digits("Ascend310");
  const std::vector<uint64_t> prints = straight_run(model, kEvery);
  REQUIRE(prints.size() > 20);
  std::mt19937 random(2);
  for (size_t budget : {size_t{64} << 20, size_t{9} << 20, size_t{600} << 10}) {
    const auto replay = make_replay(model, {.budget_bytes = budget, .interval = 50});
    for (int round = 0; round < 40; ++round) {
      const size_t i = random() % (prints.size() - 1);
      REQUIRE(replay->seek(static_cast<int64_t>(i) * kEvery));
      CAPTURE(i);
      CHECK(fingerprint(*replay, *model) == prints[i]);
      CHECK(replay->snapshot_bytes() <= budget);
    }
    REQUIRE(replay->run_to_end());
    CHECK(fingerprint(*replay, *model) == prints.back());
    CHECK(replay->snapshot_bytes() <= budget);
  }
}

TEST_CASE("the budget decides how many states are kept") {
  const auto model = compiled_digits("Ascend310");
  const auto wide = make_replay(model, {.budget_bytes = size_t{256} << 20, .interval = 50});
  REQUIRE(wide->run_to_end());
  const size_t third = wide->snapshot_bytes() / 3;
  const auto narrow = make_replay(model, {.budget_bytes = third, .interval = 50});
  REQUIRE(narrow->run_to_end());
  CHECK(narrow->snapshot_bytes() <= third);
  CHECK(wide->snapshot_count() > narrow->snapshot_count());
  CHECK(narrow->snapshot_count() > 1);
  const auto none = Replay::create(model, input_of(*model), {.budget_bytes = 1000});
  REQUIRE(!none);
  CHECK(none.error().kind == ErrorKind::InvalidArgument);
  CHECK(none.error().where == "budget_bytes");
}

TEST_CASE("places: from the next instruction to its position and back") {
  const auto model = compiled_digits("Ascend310");
  const auto replay = make_replay(model, {.interval = 64});
  std::vector<Place> places;
  while (!replay->at_end()) {
    places.push_back(replay->place());
    if (const Instr* next = replay->next())
      CHECK(*next == model->tasks[places.back().task].blocks[places.back().block][static_cast<size_t>(places.back().instruction)]);
    REQUIRE(replay->step(1));
  }
  size_t instructions = 0;
  for (const Task& task : model->tasks)
    for (const Program& block : task.blocks) instructions += block.size();
  CHECK(places.size() >= instructions);
  for (size_t i : {places.size() - 1, size_t{3}, places.size() / 2, places.size() / 2 + 5, size_t{0}}) {
    REQUIRE(replay->seek(places[i]));
    CHECK(replay->position() == static_cast<int64_t>(i));
  }
  CHECK(replay->seek(Place{places.back().task, 9999, 0}).error().kind == ErrorKind::InvalidArgument);
  CHECK(replay->seek(-1).error().kind == ErrorKind::InvalidArgument);
  const Status beyond = replay->seek(static_cast<int64_t>(places.size()) + 1);
  REQUIRE(!beyond);
  CHECK(replay->at_end());
  CHECK(*replay->step(5) == 0);
  CHECK(*replay->step(-5) == -5);
}

TEST_CASE("recorded operands: copies carry what their source held; the budget ends a recording") {
  const auto model = compiled_digits("Ascend310");
  const auto replay = make_replay(model);
  const auto recording = replay->record(0, 400, {.operand_values = true});
  REQUIRE(recording);
  CHECK(recording->complete);
  REQUIRE(recording->steps.size() == 400);
  int copies = 0, fractals = 0;
  for (const RecordedStep& step : recording->steps) {
    if (step.instr.op == Opcode::CopyGmToCbuf || step.instr.op == Opcode::CopyGmToUbuf || step.instr.op == Opcode::CopyUbufToGm) {
      REQUIRE(step.operands.size() == 2);
      CHECK(step.operands[0].bytes == step.operands[1].bytes);
      ++copies;
    }
    // L0 keeps its contents unpacked; what is shown is packed again.
    const bool loads = step.instr.op == Opcode::LoadCbufToCa || step.instr.op == Opcode::LoadCbufToCb;
    if (loads && step.instr.arg[field::kLoadTranspose] == 0) {
      REQUIRE(step.operands.size() == 2);
      CHECK(step.operands[0].bytes == step.operands[1].bytes);
      ++fractals;
    }
  }
  CHECK(copies > 3);
  CHECK(fractals > 0);
  const auto plain = replay->record(100, 200);
  REQUIRE(plain);
  CHECK(plain->steps.size() == 100);
  CHECK(plain->steps[0].position == 100);
  CHECK(plain->steps[0].operands.empty());
  const auto small = replay->record(0, 400, {.operand_values = true, .budget_bytes = 20000});
  REQUIRE(small);
  CHECK(!small->complete);
  CHECK(small->steps.size() < 400);
  CHECK(replay->position() == static_cast<int64_t>(small->steps.size()));
}

TEST_CASE("an instruction that fails stops the replay in front of it, and going back works") {
  CompiledModel model;
  model.soc = "Ascend310";
  model.arena_bytes = 4096;
  Task task;
  task.name = "broken";
  task.engine = Engine::AiCore;
  task.blocks = {{make_instr(Opcode::VectorDup, {0, 0, 0x3f800000, 1, 1, 8}), make_instr(Opcode::Vrelu, {0, 256, 0, 1, 1, 1, 8, 8}),
                  make_instr(Opcode::Vrelu, {0, 0, 512, 1, 1, 1, 8, 8})}};
  model.tasks.push_back(std::move(task));
  auto replay = Replay::create(std::make_shared<const CompiledModel>(std::move(model)), {});
  REQUIRE(replay);
  const Status status = outcome((*replay)->step(10));
  REQUIRE(!status);
  CHECK(status.error().kind == ErrorKind::UninitializedRead);
  CHECK(status.error().where.starts_with("task 'broken', block 0, instruction 2: vrelu"));
  CHECK((*replay)->position() == 2);
  const auto ones = (*replay)->contents(Buffer::UB, 256, 258);
  REQUIRE(ones);
  CHECK((*ones)[1] == std::byte{0x3c});
  CHECK((*replay)->written(Buffer::UB, 256));
  CHECK(!(*replay)->written(Buffer::UB, 512));
  CHECK(!(*replay)->contents(Buffer::UB, 0, 1 << 30));
  REQUIRE((*replay)->step(-1));
  CHECK(!(*replay)->written(Buffer::UB, 256));
}

TEST_CASE("loops and scalar stores: each iteration is a step, registers come back when seeking") {
  CompiledModel model;
  model.soc = "Ascend310";
  model.arena_bytes = 4096;
  Task task;
  task.name = "loop";
  task.engine = Engine::AiCore;
  // Each round writes 1 to the next 256 bytes of UB and its own address to memory.
  task.blocks = {{make_instr(Opcode::Loop, {4, kNoRegister, 5}), make_instr(Opcode::AddXnToOperand, {1, 1}), make_instr(Opcode::VectorDup, {0, 0, 0x3f800000, 1, 1, 8}),
                  make_instr(Opcode::Add, {1, 1, kNoRegister, 256}), make_instr(Opcode::StGm, {1, kArenaBase, kNoRegister, 3}), make_instr(Opcode::SetVectorMask, {-1, -1})}};
  model.tasks.push_back(std::move(task));
  const auto shared = std::make_shared<const CompiledModel>(std::move(model));
  const std::vector<uint64_t> prints = straight_run(shared, 1);
  REQUIRE(prints.size() > 6);
  auto replay = Replay::create(shared, {}, {.interval = 2});
  REQUIRE(replay);
  REQUIRE((*replay)->run_to_end());
  CHECK((*replay)->position() + 1 == static_cast<int64_t>(prints.size()));
  for (size_t i : {size_t{4}, prints.size() - 1, size_t{1}, prints.size() / 2, size_t{0}, prints.size() - 2}) {
    REQUIRE((*replay)->seek(static_cast<int64_t>(i)));
    CAPTURE(i);
    CHECK(fingerprint(**replay, *shared) == prints[i]);
  }
  REQUIRE((*replay)->run_to_end());
  int64_t stored = 0;
  const auto bytes = (*replay)->contents(Buffer::GM, kArenaBase, kArenaBase + 8);
  REQUIRE(bytes);
  std::memcpy(&stored, bytes->data(), 8);
  CHECK(stored == 5 * 256);
  CHECK((*replay)->written(Buffer::UB, 4 * 256));
  CHECK(!(*replay)->written(Buffer::UB, 5 * 256));
}

TEST_CASE("a snapshot of a core is a copy") {
  const Soc& soc = **find_soc("Ascend310");
  DeviceMemory memory({}, 4096);
  const Program program{make_instr(Opcode::VectorDup, {0, 0, 0x3f800000, 1, 1, 8}), make_instr(Opcode::Vadd, {0, 0, 0, 0, 1, 1, 1, 1, 8, 8, 8})};
  Core core(soc);
  core.start(program, memory);
  REQUIRE(core.step(memory));
  const Core snapshot = core;
  REQUIRE(core.step(memory));
  CHECK(core.next() == nullptr);
  CHECK(core.done());
  CHECK((*core.contents(Buffer::UB, 0, 2))[1] == std::byte{0x40});      // 2
  CHECK((*snapshot.contents(Buffer::UB, 0, 2))[1] == std::byte{0x3c});  // 1
  core = snapshot;
  CHECK(core.next_index() == 1);
  REQUIRE(core.step(memory));
  CHECK((*core.contents(Buffer::UB, 0, 2))[1] == std::byte{0x40});
}

}  // namespace npu
