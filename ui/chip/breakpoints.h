// SPDX-License-Identifier: Apache-2.0
// Where a run is to stop.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/isa/program.h"
#include "ui/chip/moment.h"

namespace npu::ui {

struct Breakpoint {
  enum class Kind { Task, Instruction, Mnemonic, Address } kind = Kind::Task;
  Place place;               // Task: its task; Instruction
  Opcode op{};               // Mnemonic
  Buffer buffer = Buffer::GM;  // Address: an instruction that writes this byte
  int64_t address = 0;

  friend bool operator==(const Breakpoint&, const Breakpoint&) = default;
};

// "task:3", "3:0:17", "mad", "UB:0x100" (device memory: "GM:0x8000000000"). Also read: "task 3", "UB[0x100]", "UB 256", any case.
std::string to_text(const Breakpoint& breakpoint);
Result<Breakpoint> breakpoint_from_text(std::string_view text);  // InvalidArgument says what is understood

// Lists of them, with commas between. What is none is left out.
std::string to_text(const std::vector<Breakpoint>& list);
std::vector<Breakpoint> breakpoints_from_text(std::string_view text);

// Whether the run stops with this instruction. instr is null for a task of the AI CPU; `first`: of its task.
bool stops_at(const Breakpoint& breakpoint, const Place& place, bool first, const Instr* instr, const IssueState& state);

}  // namespace npu::ui
