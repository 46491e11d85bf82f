// SPDX-License-Identifier: Apache-2.0
// The states one can go back to.
#pragma once

#include <deque>
#include <optional>
#include <utility>

namespace npu::ui {

template <class State>
class History {
 public:
  explicit History(size_t most) : most_(most) {}

  // `before` is what the change that was just made replaced. What was undone is forgotten.
  void changed(State before) {
    undone_.clear();
    done_.push_back(std::move(before));
    if (done_.size() > most_) done_.pop_front();
  }
  // The state to return to, for the one there is now; empty when there is none.
  std::optional<State> undo(State now) { return step(done_, undone_, std::move(now)); }
  std::optional<State> redo(State now) { return step(undone_, done_, std::move(now)); }

  bool can_undo() const { return !done_.empty(); }
  bool can_redo() const { return !undone_.empty(); }

 private:
  static std::optional<State> step(std::deque<State>& from, std::deque<State>& to, State now) {
    if (from.empty()) return std::nullopt;
    State state = std::move(from.back());
    from.pop_back();
    to.push_back(std::move(now));
    return state;
  }

  size_t most_;
  std::deque<State> done_, undone_;
};

}  // namespace npu::ui
