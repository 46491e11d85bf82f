// SPDX-License-Identifier: Apache-2.0
// Sessions of tasks written by hand.
#include <doctest/doctest.h>

#include "runtime/session/session.h"

namespace npu {
namespace {

using enum Opcode;

// Each of `count` blocks stores its number's float, all meet, then each copies its right neighbour's to the output.
std::shared_ptr<const CompiledModel> ring(int64_t count, bool meet) {
  auto model = std::make_shared<CompiledModel>();
  model->name = "ring";
  model->soc = "Ascend910B3";
  model->weights = std::make_shared<const std::vector<std::byte>>();
  model->arena_bytes = 65536;
  model->outputs.push_back({"y", DType::Float32, {count, 8}, Format::ND, kArenaBase + 32768, count * 32});
  Task task;
  task.name = "ring", task.vector_task = true;
  const auto mte3 = static_cast<int64_t>(Pipe::MTE3);
  for (int64_t b = 0; b < count; ++b) {
    Program block{make_instr(VectorDup, {static_cast<int64_t>(VecType::F32), 0, std::bit_cast<int32_t>(static_cast<float>(b)), 1, 1, 8}), make_instr(PipeBarrier, {kPipeAll}),
                  make_instr(CopyUbufToGm, {kArenaBase + b * 32, 0, 1, 1, 0, 0})};
    if (meet) block.insert(block.end(), {make_instr(FftsCrossCoreSync, {mte3, 0, 5}), make_instr(WaitFlagDev, {5})});
    block.insert(block.end(), {make_instr(CopyGmToUbuf, {1024, kArenaBase + (b + 1) % count * 32, 1, 1, 0, 0}), make_instr(PipeBarrier, {kPipeAll}),
                               make_instr(CopyUbufToGm, {kArenaBase + 32768 + b * 32, 1024, 1, 1, 0, 0})});
    task.blocks.push_back(std::move(block));
  }
  model->tasks.push_back(std::move(task));
  return model;
}

}  // namespace

TEST_CASE("blocks that meet at flags run together, with any number of threads") {
  for (const int threads : {1, 3}) {
    auto session = Session::create(ring(7, true), threads);
    REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
    for (int run = 0; run < 2; ++run) {
      const auto outputs = (*session)->run({});
      REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
      const auto values = (*outputs)[0].to_doubles();
      for (size_t i = 0; i < values.size(); ++i) CHECK(values[i] == static_cast<double>((i / 8 + 1) % 7));
    }
  }
}

TEST_CASE("without flags, or with more blocks than cores, a session is refused") {
  const auto racing = Session::create(ring(7, false), 1);
  REQUIRE(!racing);
  CHECK(racing.error().where == "task 'ring'");
  CHECK(racing.error().what.find("blocks run on different cores, nothing orders them") != std::string::npos);
  const auto many = Session::create(ring(100, true), 1, {.check_streams = false});
  REQUIRE(!many);
  CHECK(many.error().message() == "InvalidProgram: task 'ring': 100 blocks wait for each other, Ascend910B3 has 40 cores for them");
}

}  // namespace npu
