// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/describe.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/isa/manual.h"
#include "ui/chip/elements.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

struct Meaning {
  std::string_view name;
  const char *en, *zh;
};
constexpr Meaning kMeanings[] = {
#define NPU_FIELD(name, en, zh) {name, en, zh},
#include "ui/chip/fields.def"
#undef NPU_FIELD
};

const ManualEntry* manual_entry(Opcode op) {
  static const std::vector<ManualSection> sections = make_manual();
  for (const ManualSection& section : sections)
    for (const ManualEntry& entry : section.entries)
      if (entry.op == op) return &entry;
  return nullptr;
}

std::string operand_list(const ChipMoment& moment, bool writes) {
  std::string text;
  for (const ChipOperand& operand : moment.operands)
    if (operand.access.write == writes)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kBufferNames[static_cast<size_t>(operand.access.buffer)], short_bytes(static_cast<double>(operand.bytes)));
  return text;
}

}  // namespace

std::string moment_text(const CompiledModel& model, const ChipMoment& moment, Language language) {
  const Task& task = model.tasks[moment.place.task];
  std::string text = format(language, Str::ChipViewPlace, moment.place.task, moment.place.block, moment.place.instruction);
  text += fmt::format(" ({}): {}", task.name, moment.cpu ? tr(language, Str::AiCpu) : disassemble(moment.instr));
  int64_t changed = 0;
  for (const ChipOperand& operand : moment.operands) changed += operand.changed;
  if (const std::string list = operand_list(moment, false); !list.empty()) text += "; " + format(language, Str::ChipViewReads, list);
  if (const std::string list = operand_list(moment, true); !list.empty()) text += "; " + format(language, Str::ChipViewWrites, list, changed);
  return text;
}

std::vector<FieldText> field_texts(const Instr& instr, Language language) {
  std::vector<FieldText> texts;
  const InstrInfo& info = instr_info(instr.op);
  const ManualEntry* entry = manual_entry(instr.op);
  // The disassembler's words: the mnemonic, then one an operand, "name=value" or of a type the value alone.
  const std::string line = disassemble(instr);
  size_t at = line.find(' ');
  for (int i = 0; i < field_count(info) && at != std::string::npos; ++i) {
    const size_t end = line.find(' ', at + 1);
    std::string word = line.substr(at + 1, end == std::string::npos ? end : end - at - 1);
    if (const std::string prefix = std::string(info.fields[i].name) + "="; word.starts_with(prefix)) word = word.substr(prefix.size());
    FieldText text{std::string(info.fields[i].name), std::move(word), entry && static_cast<size_t>(i) < entry->operands.size() ? entry->operands[static_cast<size_t>(i)].legal : ""};
    if (const auto found = std::ranges::find(kMeanings, info.fields[i].name, &Meaning::name); found != std::end(kMeanings))
      text.meaning = language == Language::Chinese ? found->zh : found->en;
    texts.push_back(std::move(text));
    at = end;
  }
  return texts;
}

std::string layout_text(Buffer buffer, VecType type, Language language) {
  switch (buffer) {
    case Buffer::L0A: return format(language, Str::ChipViewLayoutA, elements_in_block(type));
    case Buffer::L0B: return format(language, Str::ChipViewLayoutB, elements_in_block(type));
    case Buffer::L0C: return tr(language, Str::ChipViewLayoutC);
    case Buffer::L1: return format(language, Str::ChipViewLayoutL1, elements_in_block(type));
    default: return format(language, Str::ChipViewLayoutUb, elements_in_block(type));
  }
}

std::string range_text(Buffer buffer, int64_t begin, int64_t end) { return fmt::format("{}[0x{:x}..0x{:x})", kBufferNames[static_cast<size_t>(buffer)], begin, end); }

std::string origin_text(const Task& task, Origin origin, Language language) {
  std::string text;
  const auto add = [&](const std::string& name) { text += (text.empty() ? "" : ", ") + name; };
  for (const std::string& name : origin_names(task, origin)) add(name);
  if (origin & kFromConstants) add(tr(language, Str::ChipViewConstants));
  if (origin & kFromWorkspace) add(tr(language, Str::ChipViewWorkspace));
  return text;
}

}  // namespace npu::ui
