// SPDX-License-Identifier: Apache-2.0
#include "ui/profile/trace_job.h"

#include <algorithm>
#include <condition_variable>

#include "tests/runtime/small_net.h"

using namespace npu;
using namespace npu::ui;

namespace {

// A job and who waits for it.
struct Waiting {
  std::mutex mutex;
  std::condition_variable wake;
  TraceJob job;

  std::shared_ptr<const TraceResult> trace(std::shared_ptr<const CompiledModel> model, const Tensor& input, const RangeSet& wanted, size_t end) {
    job.start(std::move(model), {input}, wanted, end, [this] {
      const std::lock_guard lock(mutex);
      wake.notify_all();
    });
    std::unique_lock lock(mutex);
    REQUIRE(wake.wait_for(lock, std::chrono::seconds(60), [&] { return !job.state().running; }));
    const TraceJob::State state = job.state();
    REQUIRE_MESSAGE(!state.error, (state.error ? state.error->message() : ""));
    return state.result;
  }
};

}  // namespace

TEST_CASE("followed from task to task, an element ends in the input and in weights, and each step is what the engine says") {
  auto compiled = compile(test::small_net(), test::options_for({{"x", {1, 3, 20, 20}}}, "Ascend310"));
  REQUIRE(compiled);
  const auto model = std::make_shared<const CompiledModel>(std::move(*compiled));
  const Tensor input = test::picture({1, 3, 20, 20}, 5);
  const auto element = element_bytes(model->outputs[1], 77);
  REQUIRE(element);
  auto replay = Replay::create(model, std::span(&input, 1));
  REQUIRE(replay);

  Waiting waiting;
  RangeSet wanted = *element;
  size_t end = model->tasks.size(), steps = 0;
  bool weights = false, inputs = false;
  for (;; ++steps) {
    REQUIRE(steps <= model->tasks.size());
    const auto result = waiting.trace(model, input, wanted, end);
    const auto expected = trace_task(**replay, *model, *last_writer(*model, wanted, end), wanted);
    REQUIRE(expected);
    CHECK(result->trace.sources == expected->sources);
    CHECK(result->trace.found == expected->found);
    REQUIRE(result->trace.steps.size() == expected->steps.size());
    for (size_t i = 0; i < expected->steps.size(); ++i) CHECK(result->trace.steps[i].write.values == expected->steps[i].write.values);
    // The sources are all of it, each byte once.
    RangeSet sum;
    int64_t size = 0;
    for (const TraceSource& source : result->sources) sum.add(source.bytes), size += source.bytes.size();
    CHECK(sum == expected->sources);
    CHECK(size == sum.size());
    const auto next = std::ranges::find(result->sources, TraceSource::Kind::Task, &TraceSource::kind);
    for (const TraceSource& source : result->sources) {
      weights |= source.kind == TraceSource::Kind::Weights;
      inputs |= source.kind == TraceSource::Kind::Input && source.name == "x";
      CHECK(source.kind != TraceSource::Kind::Unknown);
    }
    if (next == result->sources.end()) break;
    CHECK(next->task < result->trace.task);
    wanted = next->bytes, end = result->trace.task;
  }
  CHECK(steps >= 3);
  CHECK(weights);
  CHECK(inputs);
}

TEST_CASE("bytes that no task wrote are said to be so, and a job can be dropped while it runs") {
  auto compiled = compile(test::small_net(), test::options_for({{"x", {1, 3, 20, 20}}}, "Ascend310"));
  REQUIRE(compiled);
  const auto model = std::make_shared<const CompiledModel>(std::move(*compiled));
  const Tensor input = test::picture({1, 3, 20, 20}, 5);
  TraceJob job;
  job.start(model, {input}, RangeSet(0, 32), model->tasks.size(), {});
  CHECK_FALSE(job.state().running);
  CHECK(job.state().error);
  const auto element = element_bytes(model->outputs[0], 0);
  REQUIRE(element);
  for (int i = 0; i < 20; ++i) job.start(model, {input}, *element, model->tasks.size(), {});
  job.cancel();
}
