// SPDX-License-Identifier: Apache-2.0
#include "runtime/replay/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/om/package.h"
#include "runtime/session/device_tensors.h"
#include "runtime/session/dynamic_aipp.h"

namespace npu {

Result<std::unique_ptr<Replay>> Replay::create(std::shared_ptr<const CompiledModel> model, std::span<const Tensor> inputs, const ReplayOptions& options) {
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  NPU_CHECK(check_device_memory(*soc, model->name, model->weights ? static_cast<int64_t>(model->weights->size()) : 0, model->arena_bytes, INT64_MAX));
  std::unique_ptr<Replay> replay(new Replay(std::move(model), *soc, options));
  NPU_CHECK(store_inputs(*replay->model_, inputs, replay->memory_));
  NPU_TRY(const auto dynamic_aipp, find_dynamic_aipp(*replay->model_, *soc));
  NPU_CHECK(check_dynamic_aipp(*replay->model_, dynamic_aipp, inputs));
  replay->enter_next_work();
  replay->snapshots_.take(0, replay->place(), replay->memory_, nullptr);
  if (replay->snapshot_bytes() > options.budget_bytes)
    return fail(ErrorKind::InvalidArgument, "budget_bytes", fmt::format("{} do not hold the first state, which takes {}", options.budget_bytes, replay->snapshot_bytes()));
  return replay;
}

Replay::Replay(std::shared_ptr<const CompiledModel> model, const Soc& soc, const ReplayOptions& options)
    : model_(std::move(model)), memory_(model_->weights ? Bytes(*model_->weights) : Bytes(), model_->arena_bytes), core_(soc),
      snapshots_(options.budget_bytes, std::max<int64_t>(1, options.interval)) {
  // Pages that nothing ever wrote stay null in the snapshots.
  memory_.track_changes();
  memory_.clear_changes();
  if (options.keep_ended_block) ended_.emplace(soc);
}

Place Replay::place() const {
  Place place = place_;
  if (in_block()) place.instruction = core_.next_index();
  return place;
}

const Instr* Replay::next() const { return in_block() ? core_.next() : nullptr; }

AccessList Replay::next_accesses() const {
  const Instr* instr = next();
  return instr ? accesses(*instr, core_.issue_state()) : AccessList{};
}

void Replay::start_block() {
  const auto& blocks = model_->tasks[place_.task].blocks;
  core_.start(blocks[place_.block], memory_, {static_cast<int64_t>(place_.block), static_cast<int64_t>(blocks.size())});
}

// From the end of a block, or of a task, to the next one with something to do.
void Replay::enter_next_work() {
  for (; !at_end(); ++place_.task, place_.block = 0) {
    if (!in_block()) return;
    for (; place_.block < model_->tasks[place_.task].blocks.size(); ++place_.block) {
      start_block();
      if (!core_.done()) return;
    }
  }
}

Status Replay::step_once() {
  const Task& task = model_->tasks[place_.task];
  shows_ended_ = false;
  if (!in_block()) {
    NPU_CHECK(run_cpu_task(*model_, task, memory_));
    ++place_.task;
    enter_next_work();
  } else {
    if (Status status = core_.step(memory_); !status) {
      status.error().where = fmt::format("task '{}', block {}, {}", task.name, place_.block, status.error().where);
      return status;
    }
    in_midst_ = !core_.done();
    if (!in_midst_) {
      if (ended_) std::swap(core_, *ended_), shows_ended_ = true;
      ++place_.block;
      enter_next_work();
    }
  }
  ++position_;
  return {};
}

void Replay::take_snapshot_if_due() {
  if (snapshots_.wants(position_, !in_midst_)) snapshots_.take(position_, place(), memory_, in_midst_ ? &core_ : nullptr);
}

void Replay::restore(int64_t position) {
  const Snapshots::Snapshot& snapshot = snapshots_.restore(position, memory_);
  position_ = snapshot.position;
  place_ = {snapshot.place.task, snapshot.place.block, 0};
  in_midst_ = snapshot.core != nullptr;
  shows_ended_ = false;
  if (in_midst_) core_ = *snapshot.core;
  else if (in_block()) start_block();
}

Result<int64_t> Replay::step(int64_t count) {
  const int64_t from = position_;
  if (count < 0) {
    NPU_CHECK(seek(std::max<int64_t>(0, from + count)));
    return position_ - from;
  }
  while (position_ - from < count && !at_end()) {
    take_snapshot_if_due();
    NPU_CHECK(step_once());
  }
  return position_ - from;
}

Status Replay::seek(int64_t position) { return seek(position, nullptr); }

Status Replay::seek(int64_t position, const GoOn& go_on) {
  constexpr int64_t kBetweenQuestions = 1024;
  if (position < 0) return fail(ErrorKind::InvalidArgument, "position", fmt::format("{} is negative", position));
  if (position < position_ || snapshots_.position_before(position) > position_) restore(position);
  while (position_ < position && !at_end()) {
    NPU_CHECK(step(std::min(position - position_, kBetweenQuestions)));
    if (go_on && position_ < position && !go_on(position_)) return fail(ErrorKind::Cancelled, "seek", fmt::format("stopped at {} on the way to {}", position_, position));
  }
  if (position_ == position) return {};
  return fail(ErrorKind::InvalidArgument, "position", fmt::format("{} is after the end of the run, which is {}", position, position_));
}

Status Replay::seek(const Place& wanted) {
  // Blocks come in order; inside one, loops may come to an instruction many times.
  const int64_t start = snapshots_.position_before_block(wanted);
  const bool ahead = std::tie(place_.task, place_.block) < std::tie(wanted.task, wanted.block);
  if (!ahead || start > position_) restore(start);
  while (!at_end() && place() != wanted) {
    take_snapshot_if_due();
    NPU_CHECK(step_once());
  }
  if (place() == wanted) return {};
  return fail(ErrorKind::InvalidArgument, "place", fmt::format("the run never comes to task {}, block {}, instruction {}", wanted.task, wanted.block, wanted.instruction));
}

Status Replay::run_to_end() {
  NPU_CHECK(step(INT64_MAX));
  return {};
}

Result<std::vector<Tensor>> Replay::outputs() const {
  if (!at_end()) return fail(ErrorKind::InvalidArgument, model_->name, fmt::format("the run is at position {}, not at its end", position_));
  return fetch_outputs(*model_, memory_);
}

Result<std::vector<std::byte>> Replay::contents(Buffer buffer, int64_t begin, int64_t end) const {
  if (buffer != Buffer::GM) return core_.contents(buffer, begin, end);
  NPU_TRY(const auto bytes, memory_.peek(begin, end < begin ? -1 : end - begin));
  return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Result<std::vector<std::byte>> Replay::contents_left(Buffer buffer, int64_t begin, int64_t end) const {
  return buffer != Buffer::GM && shows_ended_ ? ended_->contents(buffer, begin, end) : contents(buffer, begin, end);
}

bool Replay::written(Buffer buffer, int64_t address) const { return buffer == Buffer::GM ? memory_.written(address) : core_.written(buffer, address); }

}  // namespace npu
