// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "core/base/text.h"
#include "core/isa/program.h"

namespace npu {
namespace {

Buffer buffer_of(const InstrInfo& info, const Field& field) {
  if (field.buffer) return *field.buffer;
  if (field.name == "dst" || field.name == "c") return info.dst;
  if (field.name == "quant") return info.dst == Buffer::UB ? Buffer::UB : Buffer::FB;
  return field.name == "b" ? Buffer::L0B : info.src;
}

// A million instructions are a table (instruction_csv).
void append_value(std::string& text, const InstrInfo& info, const Field& field, int64_t value) {
  const auto index = static_cast<size_t>(value);
  const auto name = [&](const auto& names, std::string_view otherwise) { text += index < names.size() ? names[index] : otherwise; };
  switch (field.kind) {
    case Field::Address:
      (text += kBufferNames[static_cast<size_t>(buffer_of(info, field))]) += '[';
      append_number(text += "0x", static_cast<uint64_t>(value), 16);
      text += ']';
      return;
    case Field::FloatBits: fmt::format_to(std::back_inserter(text), "{}", std::bit_cast<float>(static_cast<uint32_t>(value))); return;
    case Field::Type: return name(kVecTypeNames, "?");
    case Field::Mode: text += index < kCopyModes.size() ? kCopyModes[index].name : "?"; return;
    case Field::PipeId: return name(kPipeNames, index == kPipeAll ? "ALL" : "?");
    case Field::Register:
      if (value == kNoRegister) text += '0';
      else append_number(text += 'X', value);
      return;
    case Field::Signed: return append_number(text, value);
    default: return field.width == 64 ? append_number(text += "0x", static_cast<uint64_t>(value), 16) : append_number(text, value);
  }
}

}  // namespace

std::string disassemble(const Instr& instr) {
  if (static_cast<int>(instr.op) >= kOpcodes) return fmt::format("opcode_{}", static_cast<int>(instr.op));
  const InstrInfo& info = instr_info(instr.op);
  std::string text;
  text.reserve(256);
  text += info.name;
  for (int i = 0; i < field_count(info); ++i) {
    const Field& field = info.fields[i];
    text += ' ';
    if (field.name != "type") (text += field.name) += '=';
    append_value(text, info, field, instr.arg[static_cast<size_t>(i)]);
  }
  return text;
}

}  // namespace npu
