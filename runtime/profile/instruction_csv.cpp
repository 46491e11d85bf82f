// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/trace_events.h"

#include <algorithm>

namespace npu {
namespace {

struct Total {
  int32_t core = 0;
  int64_t calls = 0, cycles = 0;
};

// The detail may hold what a CSV reader would split at.
void append_field(std::string& text, const std::string& value) {
  text += '"';
  for (size_t from = 0; from < value.size();) {
    const size_t quote = std::min(value.find('"', from), value.size() - 1) + 1;
    text.append(value, from, quote - from);
    if (text.back() == '"') text += '"';
    from = quote;
  }
  text += '"';
}

void append_block(std::string& text, const Soc& soc, size_t task, size_t block, const Program& program, const std::vector<Total>& totals) {
  for (size_t i = 0; i < totals.size(); ++i) {
    const Total& total = totals[i];
    if (total.calls == 0) continue;
    append_number(text, static_cast<int64_t>(task));
    append_number(text += ',', total.core);
    append_number(text += ',', static_cast<int64_t>(block));
    (text += ',') += instr_info(program[i].op).name;
    append_number(text += ",0x", static_cast<int64_t>(i) * kInstrBytes, 16);
    (text += ',') += kPipeNames[static_cast<size_t>(pipe_of(program[i]))];
    append_number(text += ',', total.calls);
    append_number(text += ',', total.cycles);
    append_us(text += ',', soc.cycles_to_us(static_cast<double>(total.cycles)));
    append_field(text += ',', disassemble(program[i]));
    text += '\n';
  }
}

}  // namespace

std::string instruction_csv(const CompiledModel& model, const ModelProfile& profile) {
  const Soc& soc = **find_soc(model.soc);
  // instr .. detail: the vendor's instr_exe.csv, which is one file a core and kernel.
  std::string text = "Task ID,Core ID,Block ID,instr,addr,pipe,call_count,cycles,running_time(us),detail\n";
  for (size_t t = 0; t < model.tasks.size(); ++t) {
    const auto& blocks = model.tasks[t].blocks;
    std::vector<std::vector<Total>> totals(blocks.size());
    for (const TraceEvent& event : profile.tasks[t].timing.events) {
      auto& of_block = totals[static_cast<size_t>(event.block)];
      if (of_block.empty()) of_block.resize(blocks[static_cast<size_t>(event.block)].size());
      Total& total = of_block[static_cast<size_t>(event.instr)];
      total.core = event.core;
      ++total.calls;
      total.cycles += event.end - event.start;
    }
    for (size_t b = 0; b < blocks.size(); ++b) append_block(text, soc, t, b, blocks[b], totals[b]);
  }
  return text;
}

}  // namespace npu
