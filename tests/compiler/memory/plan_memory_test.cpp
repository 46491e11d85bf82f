// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory/plan_memory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "compiler/group_tasks.h"
#include "compiler/memory/place.h"
#include "tests/compiler/random_graph.h"

namespace npu {
namespace {

Node node(std::string op, std::string name, std::vector<ValueId> inputs, ValueId output, Engine engine) {
  Node made;
  made.op = std::move(op);
  made.name = std::move(name);
  made.inputs = std::move(inputs);
  made.outputs = {output};
  made.engine = engine;
  return made;
}

// x -> n elementwise tasks -> y
Graph chain(int n) {
  Graph graph;
  const TensorType type = TensorType::of(DType::Float16, Shape{1, 16, 32, 32});
  ValueId last = graph.add_value("x", type);
  graph.inputs = {last};
  for (int i = 0; i < n; ++i) {
    const ValueId next = graph.add_value("v" + std::to_string(i), type);
    graph.append(node("Relu", "relu" + std::to_string(i), {last}, next, Engine::AiCore));
    last = next;
  }
  graph.outputs = {last};
  return graph;
}

MemoryPlan plan(const Graph& graph, const std::vector<int64_t>& scratch = {}, const MemoryOptions& options = {}) {
  const auto tasks = group_tasks(graph);
  auto planned = plan_memory(graph, tasks, scratch, options);
  REQUIRE(planned);
  return std::move(*planned);
}

void check_disjoint(const MemoryPlan& plan) {
  for (size_t a = 0; a < plan.lives.size(); ++a) {
    const BufferLife& one = plan.lives[a];
    CHECK(one.offset % kTensorAlign == 0);
    CHECK(one.offset + one.bytes + kTensorSlack <= plan.arena_bytes);
    for (size_t b = a + 1; b < plan.lives.size(); ++b) {
      const BufferLife& two = plan.lives[b];
      const bool together = one.first_task <= two.last_task && two.first_task <= one.last_task;
      const bool apart =
          one.offset + one.bytes + kTensorSlack <= two.offset || two.offset + two.bytes + kTensorSlack <= one.offset;
      CHECK_MESSAGE((!together || apart), one.name, " and ", two.name);
    }
  }
}

// What lives at each task, counted for every task.
int64_t naive_peak(const std::vector<BufferLife>& lives) {
  int64_t most = 0;
  for (int32_t task = 0; task < 20000; ++task) {
    int64_t live = 0;
    for (const BufferLife& life : lives)
      if (life.first_task <= task && task <= life.last_task) live += (life.bytes + kTensorSlack + kTensorAlign - 1) / kTensorAlign * kTensorAlign;
    most = std::max(most, live);
  }
  return most;
}

}  // namespace

TEST_CASE("a chain in place needs two buffers, otherwise four, however long it is") {
  const Graph graph = chain(12);
  const MemoryPlan in_place = plan(graph);
  const MemoryPlan reused = plan(graph, {}, {.in_place = false});
  const MemoryPlan separate = plan(graph, {}, {.reuse = false});
  const int64_t buffer = 1 * 16 * 32 * 32 * 2 + 512;
  CHECK(separate.arena_bytes == 13 * buffer);
  // The input stays for the next run; the first result is written elsewhere, and the others over it.
  CHECK(in_place.arena_bytes == 2 * buffer);
  REQUIRE(in_place.lives.size() == 2);
  CHECK(in_place.lives[1].name == "v0 .. v11");
  CHECK(in_place.lives[1].first_task == 0);
  CHECK(in_place.lives[1].last_task == 11);
  check_disjoint(in_place);
  // The input stays, two buffers take turns, and the output may be a third.
  CHECK(reused.arena_bytes <= 4 * buffer);
  CHECK(reused.arena_bytes >= 3 * buffer);
  check_disjoint(reused);
  check_disjoint(separate);
}

TEST_CASE("views share the bytes of their source and keep them alive") {
  Graph graph = chain(2);
  const ValueId last = graph.outputs[0];
  const ValueId dims =
      graph.add_constant("dims", Tensor::from<int64_t>(DType::Int64, {2}, std::vector<int64_t>{1, 16384}));
  const ValueId flat = graph.add_value("flat", TensorType::of(DType::Float16, Shape{1, 16384}));
  const ValueId out = graph.add_value("out", TensorType::of(DType::Float16, Shape{1, 16384}));
  graph.append(node("Reshape", "flat", {last, dims}, flat, Engine::Host));
  graph.append(node("Relu", "out", {flat}, out, Engine::AiCore));
  graph.outputs = {out};
  const MemoryPlan planned = plan(graph, {}, {.in_place = false});
  CHECK(planned.offset[static_cast<size_t>(flat)] == planned.offset[static_cast<size_t>(last)]);
  // In place the result lies where the view's source did.
  const MemoryPlan in_place = plan(graph);
  CHECK(in_place.offset[static_cast<size_t>(out)] == in_place.offset[static_cast<size_t>(last)]);
  CHECK(planned.lives.size() == 4);
  const auto source = std::ranges::find(planned.lives, "v1", &BufferLife::name);
  REQUIRE(source != planned.lives.end());
  CHECK(source->first_task == 1);
  CHECK(source->last_task == 2);
  check_disjoint(planned);
}

TEST_CASE("a padded format takes its padded size, and scratch is not shared with what the task touches") {
  Graph graph = chain(2);
  graph.value(graph.node(graph.order()[0]).outputs[0]).type = TensorType::of(DType::Float16, Shape{1, 3, 8, 8});
  graph.value(graph.node(graph.order()[0]).outputs[0]).format = Format::NC1HWC0;
  CHECK(*physical_bytes(graph.value(graph.node(graph.order()[0]).outputs[0])) == 16 * 8 * 8 * 2);
  const MemoryPlan planned = plan(graph, {4096, 0});
  CHECK(planned.workspace[0] >= 0);
  CHECK(planned.workspace[1] == -1);
  CHECK(planned.lives.size() == 4);
  check_disjoint(planned);
}

TEST_CASE("random buffers take little more than what is needed at one time") {
  double worst = 0, total = 0;
  constexpr int kCases = 40;
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    std::mt19937 random(seed);
    std::vector<BufferLife> lives(60);
    for (int32_t i = 0; BufferLife& life : lives) {
      life.bytes = 1 + static_cast<int64_t>(random() % 100000);
      life.first_task = i++;
      life.last_task = life.first_task + static_cast<int32_t>(random() % 6) + (random() % 10 == 0 ? 30 : 0);
    }
    MemoryPlan planned;
    planned.arena_bytes = place_buffers(lives, true);
    planned.lives = lives;
    check_disjoint(planned);
    CHECK(peak_live_bytes(lives) == naive_peak(lives));
    const double ratio = static_cast<double>(planned.arena_bytes) / static_cast<double>(naive_peak(lives));
    CHECK(ratio >= 1);
    worst = std::max(worst, ratio), total += ratio;
  }
  MESSAGE("random buffers: ", total / kCases, " of the lower bound, at worst ", worst);
  CHECK(total / kCases < 1.05);
}

TEST_CASE("ten thousand buffers are placed in less than a second") {
  std::mt19937 random(1);
  std::vector<BufferLife> lives(10000);
  for (int32_t i = 0; BufferLife& life : lives) {
    life.bytes = 1 + static_cast<int64_t>(random() % 1000000);
    life.first_task = i++;
    life.last_task = life.first_task + 1 + static_cast<int32_t>(random() % 4);
  }
  const auto start = std::chrono::steady_clock::now();
  place_buffers(lives, true);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  MESSAGE("10,000 buffers: ", seconds, " s");
  CHECK(seconds < 1);
}

TEST_CASE("random lifetimes never overlap in memory") {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    test::RandomGraph random(seed);
    Graph graph = random.make(10);
    for (NodeId id : graph.order())
      graph.node(id).engine =
          graph.node(id).op == "Flatten" || graph.node(id).op == "Identity" ? Engine::Host : Engine::AiCpu;
    std::vector<int64_t> scratch;
    for (size_t i = 0; i < graph.order().size(); ++i) scratch.push_back(i % 3 == 0 ? 1000 : 0);
    INFO("seed ", seed);
    const MemoryPlan reused = plan(graph, scratch);
    check_disjoint(reused);
    CHECK(reused.arena_bytes <= plan(graph, scratch, {.reuse = false}).arena_bytes);
  }
}

}  // namespace npu
