// SPDX-License-Identifier: Apache-2.0
// The Chip room without its drawing: a run on a thread of its own that is told where to go, and what it shows.
// Every call comes from one thread and returns at once; a newer one takes the place of what an older one asked for.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "ui/chip/chip_run.h"
#include "ui/graph/graph_worker.h"

namespace npu::ui {

// Bytes of a buffer that the page looks at.
struct ChipLook {
  Buffer buffer{};
  int64_t begin = 0, end = 0;

  friend bool operator==(const ChipLook&, const ChipLook&) = default;
};
inline constexpr size_t kLooks = 2;           // the tile under the pointer, the chosen one
inline constexpr int64_t kLookBytes = 65536;  // of one, at most

struct ChipState {
  std::shared_ptr<const CompiledModel> model;  // empty: nothing is looked at
  std::shared_ptr<const ChipMoment> moment;    // empty until the first step is shown
  int64_t steps = 0;
  bool busy = false;
  int64_t done = 0, total = 0;                 // of what it is busy with; total 0: not known
  bool stopped = false;                        // the last move ended at a breakpoint
  bool nothing_found = false;                  // the last search came to the end of the run
  std::optional<Error> error;
  size_t bytes = 0;                            // of the states kept for going back
  std::array<ChipLook, kLooks> looked;         // what `seen` holds
  std::array<std::vector<std::byte>, kLooks> seen;
};
using ChipStatePtr = std::shared_ptr<const ChipState>;

class ChipSession {
 public:
  static constexpr size_t kBudget = size_t{32} << 20;  // bytes of states for going back

  // `changed` is called from the session's thread whenever there is a new state.
  explicit ChipSession(std::function<void()> changed, size_t budget = kBudget);

  // The run of this model with these inputs (as Session::run takes them), at `place`; without one where the first product's block begins. The same ones again: nothing happens.
  void open(std::shared_ptr<const CompiledModel> model, std::shared_ptr<const std::vector<Tensor>> inputs, const std::optional<Place>& place);
  void close();  // and gives its memory back

  void go(int64_t position);
  void go(const Place& place, int64_t occurrence = 0);
  // Forward it stops at breakpoints; counted from where the last call goes.
  void step(int64_t count);
  void run_to(const ChipGoal& goal, bool forward);
  void cancel();
  void set_breakpoints(std::vector<Breakpoint> list);
  void look(size_t which, ChipLook look);

  ChipStatePtr state() const;

 private:
  using Watch = ChipRun::Watch;
  using Position = std::optional<int64_t>;
  // Where to go, on the session's thread; empty: nowhere.
  using Move = std::function<Result<Position>(ChipState&, const Watch&)>;

  Result<Position> first_position(const std::optional<Place>& place, const Watch& watch);
  void post(Move move);
  void perform(const Move& move, uint64_t generation, const std::atomic<bool>& cancelled);
  void see(ChipState& state) const;
  void publish(uint64_t generation, const std::function<void(ChipState&)>& edit);

  std::function<void()> changed_;
  size_t budget_;
  mutable std::mutex mutex_;                 // of everything up to run_
  ChipStatePtr state_;
  uint64_t generation_ = 0;                  // of what is open
  std::shared_ptr<const std::vector<Tensor>> inputs_;
  std::vector<Breakpoint> breakpoints_;
  std::array<ChipLook, kLooks> looks_;
  int64_t target_ = 0;                       // where the last call goes, as far as it is known
  std::unique_ptr<ChipRun> run_;             // the session's thread's
  GraphWorker worker_;
};

}  // namespace npu::ui
