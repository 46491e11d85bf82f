// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/chip_session.h"

#include <algorithm>
#include <chrono>

namespace npu::ui {

ChipSession::ChipSession(std::function<void()> changed, size_t budget) : changed_(std::move(changed)), budget_(budget), state_(std::make_shared<ChipState>()) {}

ChipStatePtr ChipSession::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

// What an older model's work publishes is lost.
void ChipSession::publish(uint64_t generation, const std::function<void(ChipState&)>& edit) {
  {
    const std::lock_guard lock(mutex_);
    if (generation != generation_) return;
    auto next = std::make_shared<ChipState>(*state_);
    edit(*next);
    state_ = std::move(next);
  }
  if (changed_) changed_();
}

void ChipSession::open(std::shared_ptr<const CompiledModel> model, std::shared_ptr<const std::vector<Tensor>> inputs, const std::optional<Place>& place) {
  {
    const std::lock_guard lock(mutex_);
    if (state_->model == model && inputs_ == inputs) return;
    inputs_ = inputs;
    target_ = 0;
    looks_ = {};
    ++generation_;
    auto next = std::make_shared<ChipState>();
    next->model = model;
    state_ = std::move(next);
  }
  post([this, model = std::move(model), inputs = std::move(inputs), place](ChipState&, const Watch& watch) -> Result<Position> {
    run_.reset();
    NPU_TRY(run_, ChipRun::create(model, *inputs, budget_, watch));
    return first_position(place, watch);
  });
}

// A link may be of another compile: then the block's or the task's beginning. Without one: where the first task with a product begins.
Result<ChipSession::Position> ChipSession::first_position(const std::optional<Place>& place, const Watch& watch) {
  if (place)
    for (const Place& near : {*place, Place{place->task, place->block, 0}, Place{place->task, 0, 0}})
      if (const auto position = run_->position_of(near, 0, watch)) return Position(*position);
  NPU_TRY(const auto product, run_->find({.kind = ChipGoal::Kind::Mad}, -1, true, {}, watch));
  if (!product) return Position(0);
  return run_->find({.kind = ChipGoal::Kind::Block}, *product + 1, false, {}, watch);
}

void ChipSession::close() {
  {
    const std::lock_guard lock(mutex_);
    if (!state_->model) return;
    inputs_.reset();
    ++generation_;
    state_ = std::make_shared<ChipState>();
  }
  worker_.post(this, [this](const std::atomic<bool>&) { run_.reset(); });
}

void ChipSession::go(int64_t position) {
  {
    const std::lock_guard lock(mutex_);
    if (state_->steps == 0) return;
    target_ = position = std::clamp<int64_t>(position, 0, state_->steps - 1);
  }
  post([position](ChipState&, const Watch&) -> Result<Position> { return Position(position); });
}

void ChipSession::go(const Place& place, int64_t occurrence) {
  post([this, place, occurrence](ChipState&, const Watch& watch) -> Result<Position> {
    if (!run_) return Position();
    NPU_TRY(const int64_t position, run_->position_of(place, occurrence, watch));
    return Position(position);
  });
}

void ChipSession::step(int64_t count) {
  int64_t from = 0;
  std::vector<Breakpoint> breakpoints;
  {
    const std::lock_guard lock(mutex_);
    if (state_->steps == 0) return;
    from = state_->busy ? target_ : state_->moment ? state_->moment->position : 0;
    target_ = std::clamp<int64_t>(from + count, 0, state_->steps - 1);
    breakpoints = breakpoints_;
  }
  post([this, from, count, breakpoints = std::move(breakpoints)](ChipState& state, const Watch& watch) -> Result<Position> {
    if (count < 0) return Position(std::max<int64_t>(from + count, 0));
    NPU_TRY(const int64_t to, run_->advance(from, count, breakpoints, state.stopped, watch));
    return Position(to);
  });
}

void ChipSession::run_to(const ChipGoal& goal, bool forward) {
  int64_t from = 0;
  std::vector<Breakpoint> breakpoints;
  {
    const std::lock_guard lock(mutex_);
    if (!state_->moment) return;
    from = target_ = state_->moment->position;
    breakpoints = breakpoints_;
  }
  post([this, goal, from, forward, breakpoints = std::move(breakpoints)](ChipState& state, const Watch& watch) -> Result<Position> {
    NPU_TRY(const auto found, run_->find(goal, from, forward, breakpoints, watch));
    state.nothing_found = !found;
    state.stopped = found && goal.kind == ChipGoal::Kind::Break;
    return found ? found : Position(from);
  });
}

void ChipSession::cancel() {
  const ChipStatePtr now = state();
  if (now->busy && now->moment) go(now->moment->position);
}

void ChipSession::set_breakpoints(std::vector<Breakpoint> list) {
  const std::lock_guard lock(mutex_);
  breakpoints_ = std::move(list);
}

void ChipSession::look(size_t which, ChipLook look) {
  uint64_t generation = 0;
  look.end = std::min(look.end, look.begin + kLookBytes);
  {
    const std::lock_guard lock(mutex_);
    if (looks_[which] == look) return;
    looks_[which] = look;
    generation = generation_;
  }
  worker_.post(&looks_, [this, generation](const std::atomic<bool>&) {
    publish(generation, [&](ChipState& s) { see(s); });
  });
}

// Called with the lock held, on the session's thread.
void ChipSession::see(ChipState& state) const {
  if (!run_ || !run_->is_shown()) return;
  state.looked = looks_;
  for (size_t i = 0; i < kLooks; ++i) {
    state.seen[i].clear();
    if (looks_[i].end <= looks_[i].begin) continue;
    if (auto bytes = run_->contents(looks_[i].buffer, looks_[i].begin, looks_[i].end)) state.seen[i] = std::move(*bytes);
  }
}

void ChipSession::post(Move move) {
  uint64_t generation = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!state_->model) return;
    auto next = std::make_shared<ChipState>(*state_);
    next->busy = true, next->done = next->total = 0;
    state_ = std::move(next);
    generation = generation_;
  }
  worker_.post(this, [this, generation, move = std::move(move)](const std::atomic<bool>& cancelled) { perform(move, generation, cancelled); });
}

void ChipSession::perform(const Move& move, uint64_t generation, const std::atomic<bool>& cancelled) {
  auto shown = std::chrono::steady_clock::now();
  const Watch watch = [&](int64_t done, int64_t total) {
    if (const auto now = std::chrono::steady_clock::now(); now - shown > std::chrono::milliseconds(50)) {
      shown = now;
      publish(generation, [&](ChipState& s) { s.done = done, s.total = total; });
    }
    return !cancelled.load(std::memory_order_relaxed);
  };
  ChipState made;
  const auto position = move(made, watch);
  Status status;
  if (!position) status = std::unexpected(position.error());
  else if (*position && run_ && !(run_->is_shown() && run_->moment().position == **position)) status = run_->show(**position, watch);
  const bool failed = !status && status.error().kind != ErrorKind::Cancelled;
  // An instruction that fails leaves the run in front of it: back to what was shown.
  if (failed && run_ && !run_->is_shown()) (void)run_->show(run_->moment().position, watch);
  publish(generation, [&](ChipState& s) {
    s.busy = cancelled.load(std::memory_order_relaxed);  // then a newer move is waiting
    s.stopped = made.stopped, s.nothing_found = made.nothing_found;
    s.error.reset();
    if (failed) s.error = status.error();
    if (!run_) return;
    s.steps = run_->steps();
    s.bytes = run_->bytes();
    if (!run_->is_shown()) return;
    s.moment = std::make_shared<const ChipMoment>(run_->moment());
    see(s);
  });
}

}  // namespace npu::ui
