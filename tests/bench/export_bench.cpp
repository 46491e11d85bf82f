// SPDX-License-Identifier: Apache-2.0
// How long it takes to write a million events in each format.
#include <fmt/format.h>

#include <chrono>

#include "runtime/profile/profile.h"

namespace npu {
namespace {

constexpr int64_t kEvents = 1'000'000;
constexpr int kPerBlock = 1000;

void measure(const char* name, std::string (*write)(const CompiledModel&, const ModelProfile&), const CompiledModel& model, const ModelProfile& profile) {
  const auto start = std::chrono::steady_clock::now();
  const std::string text = write(model, profile);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:20} {:.3f} s, {:.1f} MB\n", name, seconds, static_cast<double>(text.size()) * 1e-6);
}

void run() {
  CompiledModel model;
  model.soc = "Ascend910B3";
  ModelProfile profile;
  Task task;
  task.name = "layer4.2.conv3";
  TaskProfile row;
  const Instr load = make_instr(Opcode::CopyGmToUbuf, {0, 1 << 20, 4, 8, 16, 0}), add = make_instr(Opcode::Vadd, {0, 512, 0, 256, 1, 1, 1, 1, 8, 8, 8});
  for (int64_t i = 0; i < kEvents; ++i) {
    if (i % kPerBlock == 0) task.blocks.emplace_back();
    Program& block = task.blocks.back();
    block.push_back(i % 2 ? add : load);
    row.timing.events.push_back({static_cast<int32_t>(i / kPerBlock % 20), static_cast<int32_t>(i / kPerBlock), static_cast<int32_t>(i % kPerBlock), pipe_of(block.back()), 37 * i, 37 * i + 30});
  }
  row.start_us = 12.5;
  model.tasks.push_back(std::move(task));
  profile.tasks.push_back(std::move(row));
  measure("trace.json", chrome_trace_json, model, profile);
  measure("trace.pftrace", perfetto_trace, model, profile);
  measure("instr_exe.csv", instruction_csv, model, profile);
}

}  // namespace
}  // namespace npu

int main() {
  npu::run();
  return 0;
}
