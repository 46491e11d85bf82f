// SPDX-License-Identifier: Apache-2.0
// A moment of the chip in words.
#pragma once

#include <string>
#include <vector>

#include "ui/chip/moment.h"
#include "ui/strings.h"

namespace npu::ui {

// "task 3 block 0 instruction 17 (conv1): mad c=L0C[0x0] ...; reads L0A 2 KB, L0B 8 KB; writes L0C 16 KB, 3988 bytes changed".
std::string moment_text(const CompiledModel& model, const ChipMoment& moment, Language language);

// An operand of an instruction: what the row calls it, its value as the disassembler shows it, what that means, what is legal.
struct FieldText {
  std::string name, value, legal;
  const char* meaning = "";
};
std::vector<FieldText> field_texts(const Instr& instr, Language language);

// Where the elements of a tile lie: "fractals of 16 x 16 ..., [m1][k1][16][16]". Empty for plain vectors.
std::string layout_text(Buffer buffer, VecType type, Language language);

// "UB[0x100..0x300)".
std::string range_text(Buffer buffer, int64_t begin, int64_t end);
// The tensors in words: "input, weights".
std::string origin_text(const Task& task, Origin origin, Language language);

}  // namespace npu::ui
