// SPDX-License-Identifier: Apache-2.0
// A run looked at instruction by instruction, both ways, and searched for events. The work of the Chip room, without its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.h"
#include "core/isa/fetch.h"
#include "runtime/replay/replay.h"
#include "ui/chip/breakpoints.h"
#include "ui/chip/moment.h"
#include "ui/chip/trail.h"

namespace npu::ui {

// What a search looks for.
struct ChipGoal {
  enum class Kind { Mad, Flag, Copy, Pipe, Read, Write, Block, Task, Break } kind = Kind::Mad;
  Pipe pipe{};               // Pipe: the next instruction of this one
  Buffer buffer = Buffer::GM;  // Read, Write: an instruction that reads from, or writes into, [begin, end)
  int64_t begin = 0, end = 0;
};

class ChipRun {
 public:
  // (done, of how many); false: stop with ErrorKind::Cancelled.
  using Watch = std::function<bool(int64_t done, int64_t total)>;

  // InvalidArgument when `budget` bytes do not hold the first state.
  static Result<std::unique_ptr<ChipRun>> create(std::shared_ptr<const CompiledModel> model, std::span<const Tensor> inputs, size_t budget, const Watch& watch);

  int64_t steps() const { return steps_; }  // of the whole run
  // Of the step at the place; in a loop the one after `occurrence` others there. InvalidArgument when there is none.
  Result<int64_t> position_of(const Place& place, int64_t occurrence, const Watch& watch);

  // Goes to the step; moment() is about it then. After an error it stays what it was, but is_shown() is false.
  Status show(int64_t position, const Watch& watch);
  const ChipMoment& moment() const { return moment_; }
  bool is_shown() const { return replay_->position() == moment_.position + 1; }  // not: a move was stopped, or failed
  // Of a buffer after the step that is shown.
  Result<std::vector<std::byte>> contents(Buffer buffer, int64_t begin, int64_t end) const { return replay_->contents_left(buffer, begin, end); }

  // The nearest step after (forward) or before `from` that does it; none: empty. With Kind::Break: that a breakpoint stops.
  Result<std::optional<int64_t>> find(const ChipGoal& goal, int64_t from, bool forward, std::span<const Breakpoint> breakpoints, const Watch& watch);
  // The last step of (from, from + count]: sooner where a breakpoint stops.
  Result<int64_t> advance(int64_t from, int64_t count, std::span<const Breakpoint> breakpoints, bool& stopped, const Watch& watch);

  size_t bytes() const { return replay_->snapshot_bytes(); }

 private:
  struct Block {
    size_t task = 0, block = 0;
    int64_t first = 0;        // position of its first step
    int64_t steps = 0;
  };
  struct Step {
    int64_t position;
    Place place;
    const Instr* instr;       // null: AI CPU
    const IssueState& state;
    bool first;               // of its task
  };

  ChipRun(std::shared_ptr<const CompiledModel> model, const Soc& soc, std::unique_ptr<Replay> replay);

  Status measure(const Watch& watch);
  size_t block_at(int64_t position) const;
  // In order of execution; where that depends on data the block is run to find it. Valid until the next call.
  Result<const IssuedProgram*> issued(size_t block, const Watch& watch);
  Result<IssuedProgram> issue_by_running(const Block& block, const Watch& watch);
  bool reaches(const ChipGoal& goal, std::span<const Breakpoint> breakpoints, const Step& step) const;
  // Of the block's steps in [begin, end), the first (or last) that does.
  Result<std::optional<int64_t>> find_in_block(size_t block, int64_t begin, int64_t end, bool last, const std::function<bool(const Step&)>& wanted, const Watch& watch);
  std::optional<int64_t> find_border(const ChipGoal& goal, int64_t from, bool forward) const;
  std::array<int64_t, kBuffers> reach_of(const IssuedProgram& program) const;
  Status follow_trail(const Block& block, int64_t step, const Watch& watch);
  std::vector<ChipOperand> operands_of(const AccessList& list) const;
  AccessList cpu_accesses(const Task& task) const;
  Status keep_bytes(ChipOperand& operand, bool after, std::vector<std::byte>& all) const;

  std::shared_ptr<const CompiledModel> model_;
  std::unique_ptr<Replay> replay_;
  std::vector<Block> blocks_;  // those with steps
  int64_t steps_ = 0;
  size_t issued_block_ = SIZE_MAX;
  IssuedProgram issued_;
  Trail trail_;
  IssueState trail_state_;
  size_t trail_block_ = SIZE_MAX;
  std::array<int64_t, kBuffers> reach_{};
  ChipMoment moment_;
};

}  // namespace npu::ui
