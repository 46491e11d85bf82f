// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <bit>

#include "core/isa/program.h"

namespace npu {
namespace {

Buffer buffer_of(const InstrInfo& info, const Field& field) {
  if (field.buffer) return *field.buffer;
  if (field.name == "dst" || field.name == "c") return info.dst;
  if (field.name == "quant") return info.dst == Buffer::UB ? Buffer::UB : Buffer::FB;
  return field.name == "b" ? Buffer::L0B : info.src;
}

std::string format_value(const InstrInfo& info, const Field& field, int64_t value) {
  const auto index = static_cast<size_t>(value);
  switch (field.kind) {
    case Field::Address: return fmt::format("{}[{:#x}]", kBufferNames[static_cast<size_t>(buffer_of(info, field))], value);
    case Field::FloatBits: return fmt::format("{}", std::bit_cast<float>(static_cast<uint32_t>(value)));
    case Field::Type: return std::string(index < kVecTypeNames.size() ? kVecTypeNames[index] : "?");
    case Field::Mode: return std::string(index < kCopyModes.size() ? kCopyModes[index].name : "?");
    case Field::PipeId: return std::string(index < kPipeNames.size() ? kPipeNames[index] : index == kPipeAll ? "ALL" : "?");
    case Field::Register: return value == kNoRegister ? "0" : fmt::format("X{}", value);
    case Field::Signed: return fmt::format("{}", value);
    default: return field.width == 64 ? fmt::format("{:#x}", static_cast<uint64_t>(value)) : fmt::format("{}", value);
  }
}

}  // namespace

std::string disassemble(const Instr& instr) {
  if (static_cast<int>(instr.op) >= kOpcodes) return fmt::format("opcode_{}", static_cast<int>(instr.op));
  const InstrInfo& info = instr_info(instr.op);
  std::string text(info.name);
  for (int i = 0; i < field_count(info); ++i) {
    const Field& field = info.fields[i];
    text += ' ';
    if (field.name != "type") (text += field.name) += '=';
    text += format_value(info, field, instr.arg[static_cast<size_t>(i)]);
  }
  return text;
}

}  // namespace npu
