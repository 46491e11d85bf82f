// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/what_if.h"

#include <algorithm>
#include <array>

#include "core/isa/operands.h"

namespace npu {
namespace {

void halve_steps(Instr& instr) {
  if (instr.op != Opcode::Mad) return;
  int64_t& k = instr.arg[field::kMadK];
  const int64_t c0 = c0_of_type(instr.arg[field::kMadAType]);
  if (k > c0) k = ceil_div(ceil_div(k, c0), 2) * c0;
}

// Which operand of each row is the number of repeats of a vector instruction; -1: none.
const std::array<int8_t, kOpcodes>& repeat_fields() {
  static const auto table = [] {
    std::array<int8_t, kOpcodes> fields;
    for (int op = 0; op < kOpcodes; ++op) {
      const InstrInfo& info = instr_info(static_cast<Opcode>(op));
      fields[static_cast<size_t>(op)] = -1;
      if (info.pipe != Pipe::V || info.work != Work::Repeat) continue;
      for (int i = 0; i < field_count(info); ++i)
        if (info.fields[i].name == "repeat") fields[static_cast<size_t>(op)] = static_cast<int8_t>(i);
    }
    return fields;
  }();
  return table;
}

void halve_repeats(Instr& instr) {
  if (const int field = repeat_fields()[static_cast<size_t>(instr.op)]; field >= 0) {
    int64_t& repeat = instr.arg[static_cast<size_t>(field)];
    repeat = (repeat + 1) / 2;
  }
}

// In its place something that the scalar unit issues in the same time and that no time depends on.
void drop_waits(Instr& instr) {
  if (instr.op == Opcode::SetFlag || instr.op == Opcode::WaitFlag || instr.op == Opcode::PipeBarrier) instr = make_instr(Opcode::SetPadding, {0});
}

struct Row {
  Change change;
  void (*chip)(Soc&);
  void (*instr)(Instr&);
};
constexpr Row kRows[] = {
    {Change::Memory, [](Soc& s) { s.ddr_gbps *= 2, s.ddr_read *= 2, s.ddr_write *= 2, s.ub_to_ddr *= 2; }, nullptr},
    {Change::L2, [](Soc& s) { s.l2_read *= 2, s.l2_write *= 2, s.ub_to_l2 *= 2; }, nullptr},
    {Change::L1, [](Soc& s) { s.l1_to_l0a *= 2, s.l1_to_l0b *= 2, s.l1_to_ub *= 2; }, nullptr},
    {Change::Cube, [](Soc&) {}, halve_steps},
    {Change::Vector, [](Soc& s) { s.l0c_to_ub *= 2; }, halve_repeats},
    {Change::CopyStart, [](Soc& s) { s.copy_cycles /= 2; }, nullptr},
    {Change::NoWaits, [](Soc&) {}, drop_waits},
    {Change::NoLaunch, [](Soc& s) { s.task_launch_us = s.model_launch_us = s.ai_cpu_launch_us = 0; }, nullptr}};
static_assert(std::size(kRows) == kChanges);

}  // namespace

std::span<const Change> all_changes() {
  static const auto changes = [] {
    std::array<Change, kChanges> list{};
    std::ranges::transform(kRows, list.begin(), &Row::change);
    return list;
  }();
  return changes;
}

Result<std::vector<ChangeEffect>> what_if(const CompiledModel& model, const Soc& soc, std::span<const Change> changes,
                                          const std::function<bool(size_t done, size_t total)>& on_progress) {
  std::vector<ChangeEffect> effects;
  for (const Change change : changes) {
    const Row& row = kRows[static_cast<size_t>(change)];
    Soc other = soc;
    row.chip(other);
    ProfileOptions options{.events = false, .change = row.instr, .on_progress = {}};
    if (on_progress)
      options.on_progress = [&](size_t task, size_t total) { return on_progress(effects.size() * total + task, changes.size() * total); };
    NPU_TRY(const ModelProfile profile, profile_model(model, other, options));
    ChangeEffect& effect = effects.emplace_back(change, profile.total_us);
    for (const TaskProfile& task : profile.tasks) effect.task_us.push_back(task.wait_us + task.duration_us);
  }
  return effects;
}

}  // namespace npu
