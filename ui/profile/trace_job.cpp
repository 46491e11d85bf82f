// SPDX-License-Identifier: Apache-2.0
#include "ui/profile/trace_job.h"

#include <fmt/format.h>

#include <algorithm>

namespace npu::ui {
namespace {

constexpr int64_t kStepsBetweenQuestions = 20'000;
constexpr size_t kReplayBytes = size_t{32} << 20;

// The replay brought to the task's beginning in pieces, so that it can be stopped.
Status approach(Replay& replay, size_t task, const std::function<bool()>& keep_going) {
  while (!replay.at_end() && replay.place().task < task) {
    if (!keep_going()) return fail(ErrorKind::Cancelled, "trace", "stopped");
    NPU_TRY(const int64_t made, replay.step(kStepsBetweenQuestions));
    if (made == 0) break;
  }
  return {};
}

}  // namespace

std::vector<TraceSource> sources_of(const CompiledModel& model, const RangeSet& bytes, size_t end) {
  std::vector<TraceSource> sources;
  RangeSet left = bytes;
  const auto take = [&](const TensorDesc& desc) {
    RangeSet part = left.within(desc.address, desc.address + desc.bytes);
    if (part.empty()) return;
    left.remove(part);
    TraceSource& source = sources.emplace_back();
    source.name = desc.name, source.of_bytes = desc.bytes;
    const auto writer = desc.address >= kArenaBase ? last_writer(model, part, end) : std::nullopt;
    source.kind = desc.address < kArenaBase ? TraceSource::Kind::Weights : writer ? TraceSource::Kind::Task : TraceSource::Kind::Input;
    source.task = writer.value_or(0);
    source.bytes = std::move(part);
  };
  if (end < model.tasks.size())
    for (const TensorDesc& desc : model.tasks[end].inputs) take(desc);
  for (const TensorDesc& desc : model.inputs) take(desc);
  RangeSet weights = left.within(0, kArenaBase);
  left.remove(weights);
  if (!weights.empty()) sources.push_back({.name = {}, .kind = TraceSource::Kind::Weights, .bytes = std::move(weights)});
  if (left.empty()) return sources;
  const auto writer = last_writer(model, left, end);
  sources.push_back({.name = {}, .kind = writer ? TraceSource::Kind::Task : TraceSource::Kind::Unknown, .task = writer.value_or(0), .bytes = std::move(left)});
  return sources;
}

TraceJob::~TraceJob() { worker_.drop(this); }

TraceJob::State TraceJob::state() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->state;
}

void TraceJob::start(std::shared_ptr<const CompiledModel> model, std::vector<Tensor> inputs, RangeSet wanted, size_t end, std::function<void()> changed) {
  const auto task = last_writer(*model, wanted, end);
  if (!engine_ || engine_->model != model) engine_ = std::make_shared<Engine>(model);
  shared_ = std::make_shared<Shared>();
  shared_->state.running = task.has_value();
  if (!task) {
    shared_->state.error = Error{ErrorKind::InvalidArgument, model->name, "no task wrote these bytes"};
    return;
  }
  shared_->state.target = *task;
  worker_.post(this, [=, inputs = std::move(inputs), wanted = std::move(wanted), shared = shared_, engine = engine_](const std::atomic<bool>& cancelled) {
    const auto keep_going = [&] {
      bool moved = false;
      if (engine->replay) {
        const std::lock_guard lock(shared->mutex);
        const size_t now = engine->replay->place().task;
        moved = std::exchange(shared->state.task, now) != now;
      }
      if (moved && changed) changed();
      return !cancelled;
    };
    const auto trace = [&]() -> Result<TraceResult> {
      if (!engine->replay) {
        NPU_TRY(engine->replay, Replay::create(model, inputs, {.budget_bytes = kReplayBytes, .interval = 4096}));
      }
      NPU_CHECK(approach(*engine->replay, *task, keep_going));
      NPU_TRY(TaskTrace made, trace_task(*engine->replay, *model, *task, wanted, {.keep_going = keep_going}));
      auto sources = sources_of(*model, made.sources, *task);
      return TraceResult{std::move(made), std::move(sources)};
    };
    auto result = trace();
    {
      const std::lock_guard lock(shared->mutex);
      shared->state.running = false;
      if (result) shared->state.result = std::make_shared<const TraceResult>(std::move(*result));
      else shared->state.error = result.error();
    }
    if (changed) changed();
  });
}

}  // namespace npu::ui
