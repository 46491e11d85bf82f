// SPDX-License-Identifier: Apache-2.0
#include "core/isa/isa.h"

namespace npu {
namespace {

constexpr InstrInfo kTable[] = {
#define NPU_INSTR(id, ...) InstrInfo{__VA_ARGS__},
#include "core/isa/isa.def"
#undef NPU_INSTR
};

constexpr bool names_unique() {
  for (const InstrInfo& a : kTable)
    for (const InstrInfo& b : kTable)
      if (&a != &b && a.name == b.name) return false;
  return true;
}

constexpr bool rows_complete() {
  for (const InstrInfo& info : kTable)
    if (info.name.empty() || info.doc.empty()) return false;
  return true;
}

constexpr bool fields_fit() {
  for (const InstrInfo& info : kTable) {
    int bits = 8;
    for (int i = 0; i < field_count(info); ++i) {
      const Field& field = info.fields[i];
      if (field.name.empty() || field.width > 64) return false;
      for (int j = 0; j < i; ++j)
        if (info.fields[j].name == field.name) return false;
      bits += field.width;
    }
    if (bits > kInstrBytes * 8) return false;
  }
  return true;
}

static_assert(std::size(kTable) == kOpcodes);
static_assert(kOpcodes <= 256, "an opcode has 8 bits");
static_assert(names_unique(), "two instructions have the same name");
static_assert(rows_complete(), "an instruction has no name or no doc");
static_assert(fields_fit(), "an instruction's fields exceed its 248 bits, or two have the same name");

}  // namespace

const InstrInfo& instr_info(Opcode op) { return kTable[static_cast<size_t>(op)]; }

}  // namespace npu
