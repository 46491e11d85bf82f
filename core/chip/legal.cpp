// SPDX-License-Identifier: Apache-2.0
#include "core/chip/legal.h"

#include <fmt/format.h>

namespace npu {
namespace {

// What every operand may be, laid out for one pass over them; the rest of the executor relies on it.
struct Limits {
  std::array<uint64_t, kMaxFields> low{}, span{}, unaligned{};
  std::array<uint8_t, 2> type_at{};  // operands that are types
  std::array<TypeSet, 2> allowed{~TypeSet{0}, ~TypeSet{0}};
  size_t count = 0;  // operands
};

Limits limits_of(const InstrInfo& info) {
  Limits limits;
  limits.span.fill(~uint64_t{0});
  limits.count = static_cast<size_t>(field_count(info));
  size_t found = 0;
  for (size_t i = 0; i < limits.count; ++i) {
    const Field& field = info.fields[i];
    limits.unaligned[i] = field.align - 1;
    if (field.width == 64 && field.high < field.low) continue;
    limits.low[i] = static_cast<uint64_t>(field.least());
    limits.span[i] = static_cast<uint64_t>(field.most()) - limits.low[i];
    if (field.kind == Field::Type && found < 2) limits.type_at[found] = static_cast<uint8_t>(i), limits.allowed[found++] = field.allowed;
  }
  return limits;
}

bool operands_legal(const Instr& instr) {
  static const auto table = [] {
    std::array<Limits, kOpcodes> all;
    for (int op = 0; op < kOpcodes; ++op) all[static_cast<size_t>(op)] = limits_of(instr_info(static_cast<Opcode>(op)));
    return all;
  }();
  const Limits& limits = table[static_cast<size_t>(instr.op)];
  uint64_t outside = 0, unaligned = 0;
  for (size_t i = 0; i < limits.count; ++i) {
    const auto value = static_cast<uint64_t>(instr.arg[i]);
    outside |= value - limits.low[i] > limits.span[i];
    unaligned |= value & limits.unaligned[i];
  }
  const auto allowed = [&](size_t i) { return limits.allowed[i] >> (instr.arg[limits.type_at[i]] & 31) & 1; };
  return outside == 0 && unaligned == 0 && (limits.allowed[0] == ~TypeSet{0} || allowed(0)) && (limits.allowed[1] == ~TypeSet{0} || allowed(1));
}

std::string arch_names(ArchSet set) {
  std::string text;
  for (size_t i = 0; i < kArchNames.size(); ++i)
    if (set >> i & 1) (text += text.empty() ? "" : ", ") += kArchNames[i];
  return text;
}

Status outside(const ChipLimits& limits, const Access& access) {
  const auto buffer = static_cast<size_t>(access.buffer);
  return fail(ErrorKind::InvalidProgram, "", fmt::format("{} {}[{:#x}, {:#x}), the buffer has {:#x} bytes", access.write ? "writes" : "reads", kBufferNames[buffer],
                                                         access.begin, access.end, limits.bytes[buffer]));
}

}  // namespace

ChipLimits::ChipLimits(const Soc& soc) : name(soc.name), arch(soc.arch) {
  for (int i = 0; i < kBuffers; ++i) bytes[static_cast<size_t>(i)] = soc.buffer_bytes(static_cast<Buffer>(i));
}

Status check_operands(const ChipLimits& limits, const Instr& instr) {
  if (static_cast<int>(instr.op) >= kOpcodes) return fail(ErrorKind::InvalidProgram, "", fmt::format("opcode {} is not one of {}", static_cast<int>(instr.op), kOpcodes));
  if (!operands_legal(instr)) return fail(ErrorKind::InvalidProgram, "", operand_fault(instr));
  const InstrInfo& info = instr_info(instr.op);
  if (info.archs & static_cast<ArchSet>(limits.arch)) return {};
  return fail(ErrorKind::InvalidProgram, "", fmt::format("{} has no {}: that is on {}", limits.name, info.name, arch_names(info.archs)));
}

Status check_ranges(const ChipLimits& limits, const AccessList& list) {
  for (const Access& access : list.view())
    if (access.buffer != Buffer::GM && (access.begin < 0 || access.end > limits.bytes[static_cast<size_t>(access.buffer)])) return outside(limits, access);
  return {};
}

}  // namespace npu
