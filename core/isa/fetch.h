// SPDX-License-Identifier: Apache-2.0
// The scalar unit: walks a Program in the order of execution, carries out its scalar rows and yields instructions whose
// operands depend on no register any more. Executor, timing and checks read programs through it.
#pragma once

#include <array>
#include <optional>

#include "core/isa/program.h"

namespace npu {

// What the scalar unit sees of a running core. A reader that does not compute has none; a branch, count or operand that
// depends on a loaded value is then an error.
class ScalarHost {
 public:
  virtual ~ScalarHost() = default;
  virtual Result<uint64_t> load(Buffer buffer, int64_t address, int bytes) = 0;
  virtual Status store(Buffer buffer, int64_t address, int bytes, uint64_t value) = 0;
  virtual uint64_t special(Special which) = 0;  // those that vector instructions set
};

// Which share of a task a program is.
struct BlockId {
  int64_t index = 0;
  int64_t count = 1;
  int64_t sub_block = 0;  // of a group of one cube and two vector cores: which vector core
};

// Instructions issued by loops and branches after which a program counts as endless.
inline constexpr int64_t kInstructionBudget = int64_t{1} << 24;

// Copying it is a snapshot.
class Fetch {
 public:
  explicit Fetch(const Program& program, ScalarHost* host = nullptr, BlockId block = {}, int64_t budget = kInstructionBudget);

  void set_host(ScalarHost* host) { host_ = host; }
  // For readers that ask how much moves and not from where: what a loaded value adds to an operand counts as 0.
  void guess_operands() { guess_ = true; }

  // The next instruction in execution order; prefixes are applied, not yielded. Valid until the next call.
  // Null at the end and after an error.
  const Instr* next() {
    if (pc_ < fence_ && !is_scalar((*program_)[pc_].op)) [[likely]] {
      index_ = pc_;
      return &(*program_)[pc_++];
    }
    return next_slowly();
  }
  // Of the instruction yielded last, in the Program.
  int32_t index() const { return static_cast<int32_t>(index_); }
  // Why next() gave null before the end; `where` names the instruction.
  const std::optional<Error>& error() const { return error_; }

  // For readers that recognise a steady state: the innermost loop, and its next iterations without yielding them.
  struct Loop {
    int64_t begin = 0, end = 0;  // instructions of the body
    int64_t left = 0;            // iterations not finished, the running one included
  };
  std::optional<Loop> innermost_loop();
  // At the start of an iteration (the next instruction is the body's first): carries out the scalar rows of up to `count`
  // whole iterations and yields nothing of them; at least one stays. How many were skipped.
  int64_t skip_iterations(int64_t count);

  static bool is_scalar(Opcode op);

 private:
  const Instr* next_slowly();
  bool leave_or_repeat_loops();
  const Instr* resolve(const Instr& instr);
  Result<bool> unroll(const Instr& instr);  // in the mask's counter mode: whether unrolled_ stands for the instruction
  Status run(Instr& instr);
  Status compute(const Instr& instr);
  Status move(Instr& instr);
  Status flow(const Instr& instr);
  Status jump(int64_t offset);
  Status require(int64_t xn, std::string_view use) const;
  int64_t value(int64_t xn) const { return xn == kNoRegister ? 0 : x_[static_cast<size_t>(xn)]; }
  bool known(int64_t xn) const { return xn == kNoRegister || !(unknown_ >> xn & 1); }
  void set(int64_t xd, int64_t value, bool known);
  void set_fence();
  bool spend();  // instructions since the last branch; false when the budget is used up
  std::unexpected<Error> fault(std::string what) const;

  const Program* program_;
  ScalarHost* host_;
  BlockId block_;
  int64_t budget_;
  int64_t pc_ = 0;
  int64_t index_ = 0;
  int64_t fence_ = 0;           // below it nothing but scalar rows needs attention
  int64_t segment_ = 0;         // where the run of instructions not yet paid for began
  std::array<int64_t, kRegisters> x_{};
  uint32_t unknown_ = 0;        // registers whose value depends on something loaded
  std::array<int32_t, kRegisters> origin_{};  // which instruction loaded it
  static constexpr int kLoopDepth = 8;
  static constexpr int kCallDepth = 16;
  std::array<Loop, kLoopDepth> loops_{};
  int loop_count_ = 0;
  struct Frame {
    int64_t back;
    int loops;                  // of the caller
  };
  std::array<Frame, kCallDepth> calls_{};
  int call_count_ = 0;
  bool guess_ = false;
  bool pending_ = false;        // a prefix waits for its instruction
  uint32_t pending_operands_ = 0;
  std::array<int64_t, kMaxFields> addend_{};
  bool counter_ = false;        // the mask's counter mode
  int64_t elements_ = 0;        // lanes in it
  Program unrolled_;            // what one instruction became in it
  size_t next_unrolled_ = 0;
  Instr resolved_{};
  std::optional<Error> error_;
};

// Nothing in it is the scalar unit's: it is issued as it stands.
bool is_straight(const Program& program);
// Straight, and what it reads and writes does not depend on data either: every run of it touches the same addresses.
bool is_fixed(const Program& program);

// The instructions as issued: the Program itself when nothing in it is scalar.
struct IssuedProgram {
  const Program& view() const { return straight ? *straight : instrs; }
  int32_t index(int32_t i) const { return straight ? i : indices[static_cast<size_t>(i)]; }  // in the Program

  const Program* straight = nullptr;
  Program instrs;
  std::vector<int32_t> indices;
};
inline constexpr int64_t kIssuedBudget = int64_t{1} << 20;
Result<IssuedProgram> issue_all(const Program& program, BlockId block = {}, int64_t budget = kIssuedBudget);

}  // namespace npu
