// SPDX-License-Identifier: Apache-2.0
#include "compiler/schedule/scheduler.h"

#include <fmt/format.h>

#include "core/chip/check/check.h"

namespace npu {
namespace {

// What loading the model would find. Tasks' blocks differ in addresses mostly: proving a stream takes about as long as timing it.
std::string finding_of(const Soc& soc, std::span<const Program> blocks) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    const BlockId id{static_cast<int64_t>(i), static_cast<int64_t>(blocks.size())};
    if (const auto found = check_stream(soc, blocks[i], 1, id); !found.empty()) return fmt::format("block {}: {}", i, found[0].text);
  }
  const auto found = check_blocks(blocks, 1);
  return found.empty() ? "" : found[0].text;
}

}  // namespace

void ScheduleJudge::skip(const Task& task) {
  for (ChipTimer* timer : {&plain_, &chosen_}) {
    for (const TensorDesc& desc : task.inputs) timer->touch(desc.address, desc.bytes, false);
    for (const TensorDesc& desc : task.outputs) timer->touch(desc.address, desc.bytes, true);
  }
}

std::optional<std::vector<Program>> ScheduleJudge::proposed(const OpenTask& open, const ScheduleSite& site, ScheduleVerdict& verdict) {
  const auto proposal = scheduler_.propose(open);
  if (!proposal || *proposal == site.fallback) return std::nullopt;
  const auto refuse = [&](std::string why) {
    verdict.rejected = std::move(why);
    return std::nullopt;
  };
  if (proposal->index() != site.fallback.index()) return refuse("a schedule of another kind of task");
  auto blocks = site.emit(*proposal);
  if (!blocks) return refuse(blocks.error().what);
  const auto timing = chosen_.fork().time(*blocks, open.vector_task);
  if (!timing) return refuse(timing.error().message());
  if (timing->cycles >= open.default_cycles) return refuse(fmt::format("{} cycles, the default takes {}", timing->cycles, open.default_cycles));
  if (std::string found = finding_of(soc_, *blocks); !found.empty()) return refuse(std::move(found));
  verdict.chosen = *proposal;
  verdict.cycles = timing->cycles;
  return std::move(*blocks);
}

void ScheduleJudge::judge(const std::string& key, const std::optional<ScheduleSite>& site, Task& task) {
  const size_t index = index_++;
  if (lost_) return;
  if (task.engine != Engine::AiCore) return skip(task);
  const auto plain = plain_.time(task.blocks, task.vector_task);
  lost_ = !plain;
  if (lost_) return;
  plain_cycles_ += plain->cycles;
  if (site) {
    const auto now = chosen_.fork().time(task.blocks, task.vector_task);
    ScheduleVerdict verdict{.name = task.name, .op_type = task.op_type, .key = key, .fallback = site->fallback, .chosen = site->fallback, .default_cycles = now->cycles, .cycles = now->cycles, .rejected = {}};
    if (auto blocks = proposed({soc_, task.name, task.op_type, key, *site, task.vector_task, chosen_, now->cycles}, *site, verdict))
      replaced_.emplace(index, std::exchange(task.blocks, std::move(*blocks)));
    scheduler_.on_verdict(verdict);
  }
  chosen_cycles_ += chosen_.time(task.blocks, task.vector_task)->cycles;
}

void ScheduleJudge::finish(std::vector<Task>& tasks) {
  const bool withdrawn = lost_ || chosen_cycles_ > plain_cycles_;
  if (withdrawn)
    for (auto& [index, blocks] : replaced_) tasks[index].blocks = std::move(blocks);
  scheduler_.on_program(plain_cycles_, chosen_cycles_, withdrawn && !replaced_.empty());
  replaced_.clear();
}

}  // namespace npu
