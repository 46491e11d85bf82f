// SPDX-License-Identifier: Apache-2.0
// profile, info, disasm: what is in a model and when it runs.
#include <fmt/format.h>

#include <filesystem>

#include "core/isa/manual.h"
#include "runtime/npu/commands.h"
#include "runtime/profile/profile.h"

namespace npu {
namespace {

Status profile(const std::string& om, const std::string& outdir, const std::string& gear, const ProgramHost& host) {
  NPU_TRY(const ModelPackage package, load_model(host.files, om));
  NPU_TRY(const size_t index, chosen_gear(package, gear));
  const auto model = package.gears[index].program;
  NPU_TRY(const ModelProfile result, profile_model(*model, true));
  NPU_CHECK(host.files.create_folders(outdir));
  const std::filesystem::path folder(outdir);
  const auto write = [&](const char* name, const std::string& content) { return host.files.write((folder / name).string(), as_byte_view(content)); };
  NPU_CHECK(write("op_summary.csv", op_summary_csv(*model, result)));
  NPU_CHECK(write("instr_exe.csv", instruction_csv(*model, result)));
  NPU_CHECK(write("trace.json", chrome_trace_json(*model, result)));
  NPU_CHECK(write("trace.pftrace", perfetto_trace(*model, result)));
  host.print("{} on {}: {} tasks, {:.1f} us predicted; wrote op_summary.csv, instr_exe.csv, trace.json and trace.pftrace to {}\n", model->name, model->soc,
             model->tasks.size(), result.total_us, outdir);
  return {};
}

void print_tensors(const ProgramHost& host, const char* title, const std::vector<TensorDesc>& list) {
  for (const TensorDesc& desc : list)
    host.print("{} '{}': {} {} {}, {} bytes\n", title, desc.name, to_string(desc.dtype), to_string(desc.shape), to_string(desc.format), desc.bytes);
}

// What reads images: AscendCL's aclmdlGetAippType.
Status print_images(const ProgramHost& host, const CompiledModel& model) {
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  NPU_TRY(const auto dynamic, find_dynamic_aipp(model, *soc));
  for (const NodeId id : model.graph.order()) {
    const Node& node = model.graph.node(id);
    if (node.op == "Aipp" && !is_dynamic_aipp(node)) host.print("images '{}': static AIPP, {}\n", model.graph.value(node.inputs[0]).name, node.string_attr("input_format", ""));
  }
  for (const DynamicAipp& one : dynamic)
    host.print("images '{}': dynamic AIPP, '{}' says with each run how they become {}x{}x{}x{}\n", model.inputs[one.image].name, model.inputs[one.parameters].name, one.target.batch, one.target.channels, one.target.h, one.target.w);
  return {};
}

Status info_open(const OpenModel& model, const ProgramHost& host) {
  host.print("model {}, {}, {} graph nodes, programs are made when it runs\n", model.name, model.soc, model.graph.order().size());
  for (size_t i = 0; i < model.inputs.size(); ++i)
    host.print("input '{}': {}\n", model.inputs[i].name, to_string(model.graph.value(model.graph.inputs[i]).type.dtype));
  host.print("shapes {}\n", inputs_text(model.inputs));
  for (ValueId id : model.graph.outputs) host.print("output '{}': {}\n", model.graph.value(id).name, to_string(model.graph.value(id).type));
  return {};
}

Status info(const std::string& om, const std::string& gear, const ProgramHost& host) {
  NPU_TRY(const ModelPackage package, load_model(host.files, om));
  if (package.open) return info_open(*package.open, host);
  NPU_TRY(const size_t index, chosen_gear(package, gear));
  const auto model = package.gears[index].program;
  host.print("model {}, {}, {} graph nodes, {} tasks\n", model->name, model->soc, model->graph.order().size(), model->tasks.size());
  if (package.dynamic != Dynamic::None)
    host.print("gears {}; arena of all {} bytes; this is gear {}\n", gears_text(package), package.arena_bytes(), index + 1);
  const int64_t least = peak_live_bytes(model->lives);
  host.print("weights {} bytes, arena {} bytes", model->weights ? model->weights->size() : 0, model->arena_bytes);
  host.print("; at least {} are needed at one time ({:.3f})", least, static_cast<double>(model->arena_bytes) / static_cast<double>(std::max<int64_t>(least, 1)));
  host.print("; {} tasks write over an input\n", std::ranges::count_if(model->tasks, writes_in_place));
  print_tensors(host, "input", model->inputs);
  NPU_CHECK(print_images(host, *model));
  print_tensors(host, "output", model->outputs);
  for (size_t i = 0; i < model->tasks.size(); ++i) {
    const Task& task = model->tasks[i];
    size_t instructions = 0;
    for (const Program& block : task.blocks) instructions += block.size();
    host.print("task {:3} {:7} {:24} blocks {:2} instructions {:6} macs {:11} {}\n", i, to_string(task.engine), fmt::format("{}", fmt::join(task.fused, "+")), task.blocks.size(), instructions, task.macs, task.name);
  }
  return {};
}

Status disasm(const std::string& om, int chosen, const std::string& gear, const ProgramHost& host) {
  NPU_TRY(const ModelPackage package, load_model(host.files, om));
  NPU_TRY(const size_t index, chosen_gear(package, gear));
  const auto model = package.gears[index].program;
  const auto count = static_cast<int>(model->tasks.size());
  if (chosen >= count) return fail(ErrorKind::InvalidArgument, "--task", fmt::format("{} is not below {}", chosen, count));
  for (int i = chosen < 0 ? 0 : chosen; i < (chosen < 0 ? count : chosen + 1); ++i) {
    if (host.cancelled()) return fail(ErrorKind::Cancelled, "disasm", "cancelled");
    const Task& task = model->tasks[static_cast<size_t>(i)];
    host.print("task {} {} {} ({})\n", i, task.op_type, task.name, to_string(task.engine));
    for (size_t b = 0; b < task.blocks.size(); ++b) {
      host.print("block {}\n", b);
      for (size_t n = 0; n < task.blocks[b].size(); ++n) host.print("{:6} {}\n", n, disassemble(task.blocks[b][n]));
    }
  }
  return {};
}

Status manual(const std::string& outdir, const ProgramHost& host) {
  NPU_CHECK(host.files.create_folders(outdir));
  return host.files.write((std::filesystem::path(outdir) / "manual.html").string(), as_byte_view(manual_html()));
}

}  // namespace

Command add_profile(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("profile", "Write op_summary.csv, instr_exe.csv, trace.json (chrome://tracing, Perfetto) and trace.pftrace (Perfetto)");
  const auto om = add_om_option(*command);
  const auto gear = add_gear_option(*command);
  const auto outdir = std::make_shared<std::string>();
  command->add_option("--outdir", *outdir, "Folder for the files")->required();
  return [command, om, outdir, gear, &host]() -> Status { return command->parsed() ? profile(*om, *outdir, *gear, host) : Status(); };
}

Command add_info(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("info", "Show a model's inputs, outputs, memory and tasks");
  const auto om = add_om_option(*command);
  const auto gear = add_gear_option(*command);
  return [command, om, gear, &host]() -> Status { return command->parsed() ? info(*om, *gear, host) : Status(); };
}

Command add_disasm(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("disasm", "Show the instructions of one task or of all");
  const auto om = add_om_option(*command);
  const auto gear = add_gear_option(*command);
  const auto task = std::make_shared<int>(-1);
  command->add_option("--task", *task, "Number of the task; all when left out")->check(CLI::NonNegativeNumber);
  return [command, om, task, gear, &host]() -> Status { return command->parsed() ? disasm(*om, *task, *gear, host) : Status(); };
}

Command add_manual(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("manual", "Write the manual of the instruction set (manual.html)");
  const auto outdir = std::make_shared<std::string>();
  command->add_option("--outdir", *outdir, "Folder for the file")->required();
  return [command, outdir, &host]() -> Status { return command->parsed() ? manual(*outdir, host) : Status(); };
}

}  // namespace npu
