// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "runtime/profile/profile.h"

namespace npu {
namespace {

struct Row {
  const CompiledModel& model;
  const Task& task;
  const TaskProfile& profile;
  size_t index;

  double pipe_us(Pipe pipe) const {
    const double cores = std::max(1, profile.cores);
    return soc().cycles_to_us(static_cast<double>(profile.timing.pipes[static_cast<size_t>(pipe)].busy) / cores);
  }
  double ratio(Pipe pipe) const { return profile.duration_us > 0 && profile.cycles > 0 ? pipe_us(pipe) / profile.duration_us : 0; }
  const Soc& soc() const { return **find_soc(model.soc); }
};

template <class F>
std::string joined(const std::vector<TensorDesc>& list, F&& text) {
  std::string result;
  for (size_t i = 0; i < list.size(); ++i) result += (i ? ";" : "") + text(list[i]);
  return result;
}

std::string shapes(const std::vector<TensorDesc>& list) {
  return joined(list, [](const TensorDesc& desc) { return fmt::format("{}", fmt::join(desc.shape, ",")); });
}
std::string dtypes(const std::vector<TensorDesc>& list) {
  return joined(list, [](const TensorDesc& desc) { return std::string(dtype_info(desc.dtype).ge_name); });
}
std::string formats(const std::vector<TensorDesc>& list) {
  return joined(list, [](const TensorDesc& desc) { return std::string(to_string(desc.format)); });
}

// The vendor replaces what would break a CSV field.
std::string field_text(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == ',' || c == '"' || c == '\n'; }, '_');
  return text;
}

struct Column {
  std::string_view header;
  std::string (*cell)(const Row&);
  bool quoted = false;  // in the file
};

#define NPU_PIPE_COLUMNS(label, pipe)                                                                   \
  Column{label "_time(us)", [](const Row& r) { return fmt::format("{:.3f}", r.pipe_us(pipe)); }},       \
  Column{label "_ratio", [](const Row& r) { return fmt::format("{:.3f}", r.ratio(pipe)); }}

// Names and order: public msprof documentation, task-based PipeUtilization.
const std::array kColumns{
    Column{"Device_id", [](const Row&) { return std::string("0"); }},
    Column{"Model ID", [](const Row&) { return std::string("1"); }},
    Column{"Task ID", [](const Row& r) { return std::to_string(r.index); }},
    Column{"Stream ID", [](const Row&) { return std::string("0"); }},
    Column{"Op Name", [](const Row& r) { return field_text(r.task.name); }},
    Column{"OP Type", [](const Row& r) { return r.task.op_type; }},
    Column{"OP State", [](const Row&) { return std::string("static"); }},
    Column{"Task Type", [](const Row& r) {
      const bool split = r.task.vector_task && r.soc().split;
      return std::string(r.task.engine == Engine::AiCpu ? "AI_CPU" : split ? "AI_VECTOR_CORE" : "AI_CORE");
    }},
    Column{"Task Start Time(us)", [](const Row& r) { return fmt::format("{:.3f}", r.profile.start_us); }},
    Column{"Task Duration(us)", [](const Row& r) { return fmt::format("{:.3f}", r.profile.duration_us); }},
    Column{"Task Wait Time(us)", [](const Row& r) { return fmt::format("{:.3f}", r.profile.wait_us); }},
    Column{"Block Num", [](const Row& r) { return std::to_string(r.task.blocks.size()); }},
    Column{"Mix Block Num", [](const Row&) { return std::string("0"); }},
    Column{"HF32 Eligible", [](const Row&) { return std::string("NO"); }},
    Column{"Input Shapes", [](const Row& r) { return shapes(r.task.inputs); }, true},
    Column{"Input Data Types", [](const Row& r) { return dtypes(r.task.inputs); }, true},
    Column{"Input Formats", [](const Row& r) { return formats(r.task.inputs); }, true},
    Column{"Output Shapes", [](const Row& r) { return shapes(r.task.outputs); }, true},
    Column{"Output Data Types", [](const Row& r) { return dtypes(r.task.outputs); }, true},
    Column{"Output Formats", [](const Row& r) { return formats(r.task.outputs); }, true},
    Column{"Context ID", [](const Row&) { return std::string("N/A"); }},
    Column{"aicore_time(us)", [](const Row& r) { return fmt::format("{:.3f}", r.profile.cycles > 0 ? r.profile.duration_us : 0.0); }},
    Column{"total_cycles", [](const Row& r) { return std::to_string(r.profile.cycles * r.profile.cores); }},
    NPU_PIPE_COLUMNS("vec", Pipe::V),
    NPU_PIPE_COLUMNS("mac", Pipe::M),
    NPU_PIPE_COLUMNS("scalar", Pipe::S),
    NPU_PIPE_COLUMNS("mte1", Pipe::MTE1),
    NPU_PIPE_COLUMNS("mte2", Pipe::MTE2),
    NPU_PIPE_COLUMNS("mte3", Pipe::MTE3),
    NPU_PIPE_COLUMNS("fixpipe", Pipe::FIX),
    Column{"memory_bound", [](const Row& r) {
      const double compute = std::max(r.ratio(Pipe::M), r.ratio(Pipe::V));
      return fmt::format("{:.3f}", compute > 0 ? r.ratio(Pipe::MTE2) / compute : 0.0);
    }},
    Column{"cube_utilization(%)", [](const Row& r) {
      const double available = r.soc().cube_mhz * r.soc().ai_cores * r.profile.duration_us;
      const double used = static_cast<double>(r.profile.timing.pipes[static_cast<size_t>(Pipe::M)].busy);
      return fmt::format("{:.3f}", available > 0 ? used / available * 100 : 0.0);
    }},
};
#undef NPU_PIPE_COLUMNS

}  // namespace

OpSummary op_summary(const CompiledModel& model, const ModelProfile& profile) {
  OpSummary table;
  for (const Column& column : kColumns) table.headers.push_back(column.header);
  for (size_t i = 0; i < model.tasks.size(); ++i) {
    const Row row{model, model.tasks[i], profile.tasks[i], i};
    std::vector<std::string>& cells = table.rows.emplace_back();
    for (const Column& column : kColumns) cells.push_back(column.cell(row));
  }
  return table;
}

std::string op_summary_csv(const CompiledModel& model, const ModelProfile& profile) {
  const OpSummary table = op_summary(model, profile);
  std::string text = fmt::format("{}\n", fmt::join(table.headers, ","));
  for (const auto& row : table.rows)
    for (size_t c = 0; c < row.size(); ++c) {
      const std::string_view quote = kColumns[c].quoted ? "\"" : "";
      text += fmt::format("{}{}{}{}", quote, row[c], quote, c + 1 < row.size() ? "," : "\n");
    }
  return text;
}

}  // namespace npu
