// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "runtime/profile/trace_events.h"

namespace npu {
namespace {

// The vendor's simulator colours lanes so (colour names of the Chrome trace viewer).
constexpr std::array<std::string_view, kPipes> kColours{"startup", "cq_build_failed", "background_memory_dump", "thread_state_running",
                                                        "thread_state_iowait", "rail_response", "thread_state_unknown"};

void append_json_text(std::string& text, std::string_view value) {
  text += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    if (static_cast<unsigned char>(c) < 0x20) text += fmt::format("\\u{:04x}", static_cast<int>(c));
    else text += c;
  }
  text += '"';
}

void append_task(std::string& text, const Task& task, const TaskProfile& row) {
  text += "{\"name\":";
  append_json_text(text, task.name);
  text += ",\"ph\":\"X\",\"ts\":";
  append_us(text, row.start_us);
  text += ",\"dur\":";
  append_us(text, row.duration_us);
  text += fmt::format(",\"pid\":\"tasks\",\"tid\":\"{}\",\"args\":{{\"type\":", to_string(task.engine));
  append_json_text(text, task.op_type);
  text += fmt::format(",\"cycles\":{}}}}}", row.cycles);
}

void append_event(std::string& text, const Task& task, size_t index, const TaskProfile& row, const TraceEvent& event, const Soc& soc) {
  const auto pipe = static_cast<size_t>(event.pipe);
  ((text += ",\n{\"name\":\"") += instr_info(instruction_of(task, event).op).name) += "\",\"cname\":\"";
  (text += kColours[pipe]) += "\",\"ph\":\"X\",\"ts\":";
  append_us(text, row.start_us + soc.cycles_to_us(static_cast<double>(event.start)));
  text += ",\"dur\":";
  append_us(text, soc.cycles_to_us(static_cast<double>(event.end - event.start)));
  append_number(text += ",\"pid\":\"core", event.core);
  ((text += "\",\"tid\":\"") += kPipeNames[pipe]) += "\",\"args\":{\"task\":";
  append_number(text, static_cast<int64_t>(index));
  append_number(text += ",\"block\":", event.block);
  append_number(text += ",\"instruction\":", event.instr);
  append_number(text += ",\"pc_addr\":\"0x", static_cast<int64_t>(event.instr) * kInstrBytes, 16);
  text += "\"}}";
}

}  // namespace

std::string chrome_trace_json(const CompiledModel& model, const ModelProfile& profile) {
  const Soc& soc = **find_soc(model.soc);
  std::string text = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  text.reserve(event_count(profile) * 220 + model.tasks.size() * 300 + 100);
  for (size_t t = 0; t < model.tasks.size(); ++t) {
    if (t > 0) text += ",\n";
    append_task(text, model.tasks[t], profile.tasks[t]);
    for (const TraceEvent& event : profile.tasks[t].timing.events) append_event(text, model.tasks[t], t, profile.tasks[t], event, soc);
  }
  return text += "\n]}\n";
}

}  // namespace npu
