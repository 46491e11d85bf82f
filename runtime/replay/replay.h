// SPDX-License-Identifier: Apache-2.0
// A run that can be stepped, seeked both ways, looked into and resumed: what a debugger is built on.
//
// Function runs in program order, so a run is a line of positions: task after task, block after block, instruction after
// instruction; a task of the AI CPU is one step. Seeking goes to the last snapshot before the position and runs from there.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/om/model.h"
#include "runtime/replay/snapshots.h"

namespace npu {

struct ReplayOptions {
  size_t budget_bytes = size_t{64} << 20;  // of all snapshots together
  int64_t interval = 2048;                 // instructions between snapshots; grows when the budget is short
  bool keep_ended_block = false;           // contents_left() shows on-chip buffers also after a block's last instruction; takes a second core
};

// Bytes that an instruction read (before) or wrote (after).
struct OperandValue {
  Access access;
  std::vector<std::byte> bytes;  // run after run of the access
};

struct RecordedStep {
  int64_t position = 0;
  Place place;
  Instr instr;                        // of an AI CPU task: none, `cpu` is set
  bool cpu = false;
  std::vector<OperandValue> operands;  // reads, then writes; empty unless asked for
};

struct RecordOptions {
  bool operand_values = false;
  size_t budget_bytes = size_t{16} << 20;
};

struct Recording {
  std::vector<RecordedStep> steps;
  bool complete = true;  // false: the budget ended it early
};

class Replay {
 public:
  // The state before the first instruction, inputs stored. InvalidArgument when the budget cannot hold that state.
  static Result<std::unique_ptr<Replay>> create(std::shared_ptr<const CompiledModel> model, std::span<const Tensor> inputs, const ReplayOptions& options = {});

  int64_t position() const { return position_; }  // steps made
  Place place() const;                            // of the next step
  bool at_end() const { return place_.task == model_->tasks.size(); }
  const Instr* next() const;                      // null at the end and before a task of the AI CPU
  AccessList next_accesses() const;               // of next(); none without it

  // Steps made: fewer than asked for at either end of the run. An instruction that fails is an error that names task, block
  // and instruction; the position is then before it, and going back works.
  Result<int64_t> step(int64_t count);
  // InvalidArgument when the run ends before `position`; it is then at its end.
  Status seek(int64_t position);
  // The same, asking every so often whether to go on: Cancelled when not, somewhere on the way.
  using GoOn = std::function<bool(int64_t position)>;
  Status seek(int64_t position, const GoOn& go_on);
  Status seek(const Place& place);                // to the first time the run comes there
  Status run_to_end();
  Result<std::vector<Tensor>> outputs() const;    // at the end

  // What a buffer holds: on-chip ones of the core that runs the current block, GM by device address (weights too).
  Result<std::vector<std::byte>> contents(Buffer buffer, int64_t begin, int64_t end) const;
  bool written(Buffer buffer, int64_t address) const;
  // What the last step left behind: where it was its block's last one and keep_ended_block is set, on-chip buffers are that block's still.
  Result<std::vector<std::byte>> contents_left(Buffer buffer, int64_t begin, int64_t end) const;

  // Runs from `first` (to which it seeks) up to before `last`, or the end, and keeps what was done.
  Result<Recording> record(int64_t first, int64_t last, const RecordOptions& options = {});

  size_t snapshot_bytes() const { return snapshots_.bytes(); }
  size_t snapshot_count() const { return snapshots_.count(); }

 private:
  Replay(std::shared_ptr<const CompiledModel> model, const Soc& soc, const ReplayOptions& options);

  Status step_once();
  void start_block();
  void enter_next_work();
  void take_snapshot_if_due();
  void restore(int64_t position);
  bool in_block() const { return !at_end() && model_->tasks[place_.task].engine != Engine::AiCpu; }
  std::vector<OperandValue> operand_values(const AccessList& list, bool writes) const;

  std::shared_ptr<const CompiledModel> model_;
  DeviceMemory memory_;
  Core core_;
  Snapshots snapshots_;
  int64_t position_ = 0;
  Place place_;             // without the instruction, which the core knows
  bool in_midst_ = false;   // of a block: the core holds something
  std::optional<Core> ended_;      // of the block that ended last, when it is kept
  bool shows_ended_ = false;       // the last step was its last one
};

}  // namespace npu
