// SPDX-License-Identifier: Apache-2.0
// The manual of the instruction set, made from isa.def.
#pragma once

#include <string>
#include <vector>

#include "core/isa/isa.h"

namespace npu {

struct ManualOperand {
  std::string name;
  int bits = 0;
  std::string legal;  // "0 to 255", "UB, multiples of 32", "f16 f32"
};

struct ManualEntry {
  Opcode op{};
  std::string name;
  std::string pipe;   // "V", "S"
  std::string chips;  // "all" or the list
  std::string cost;   // "head 10, 2 a repeat, tail 14"
  std::string doc;
  std::vector<ManualOperand> operands;
};

struct ManualSection {
  std::string id;                  // of the heading in the HTML
  std::string title_en, title_zh;
  std::vector<ManualEntry> entries;
};

// Every row once, in the order data passes through the pipes.
std::vector<ManualSection> make_manual();
// One page that needs no other file.
std::string manual_html();

}  // namespace npu
