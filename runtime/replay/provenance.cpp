// SPDX-License-Identifier: Apache-2.0
#include "runtime/replay/provenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/tensor/format.h"

namespace npu {
namespace {

constexpr int64_t kAskEvery = 4096;  // instructions

struct Executed {
  int64_t position = 0;
  Place place;
  Instr instr;
};

std::unexpected<Error> stopped(const Task& task) { return fail(ErrorKind::Cancelled, task.name, "stopped"); }

// All instructions of the task, in order.
Result<std::vector<Executed>> execute(Replay& replay, const CompiledModel& model, size_t task, const TraceOptions& options) {
  std::vector<Executed> steps;
  while (!replay.at_end() && replay.place().task == task) {
    const Instr* instr = replay.next();
    if (!instr) return fail(ErrorKind::InvalidProgram, model.tasks[task].name, "an instruction cannot be fetched");
    if (static_cast<int64_t>(steps.size()) >= options.most_executed)
      return fail(ErrorKind::CompileLimit, model.tasks[task].name, fmt::format("executes more than {} instructions", options.most_executed));
    if (steps.size() % kAskEvery == 0 && options.keep_going && !options.keep_going()) return stopped(model.tasks[task]);
    steps.push_back({replay.position(), replay.place(), *instr});
    NPU_CHECK(replay.step(1));
  }
  return steps;
}

// The state before each of a block's instructions. Few of them change it.
class States {
 public:
  explicit States(std::span<const Executed> steps) : which_(steps.size()) {
    states_.emplace_back();
    for (size_t i = 0; i < steps.size(); ++i) {
      which_[i] = static_cast<uint32_t>(states_.size() - 1);
      if (!may_change_state(steps[i].instr.op)) continue;
      IssueState next = states_.back();
      next.apply(steps[i].instr);
      states_.push_back(next);
    }
  }
  const IssueState& before(size_t i) const { return states_[which_[i]]; }

 private:
  static bool may_change_state(Opcode op) { return op != Opcode::SetFlag && instr_info(op).name.starts_with("set_"); }

  std::vector<IssueState> states_;
  std::vector<uint32_t> which_;
};

// Walks a block backwards and turns what is wanted after it into what is wanted before it.
class BackwardSlice {
 public:
  BackwardSlice(const Soc& soc, RangeSet& device, std::vector<TracedStep>& found) : finder_(soc), device_(device), found_(found) {}

  void block(std::span<const Executed> steps) {
    for (RangeSet& set : on_chip_) set = {};
    const States states(steps);
    for (size_t i = steps.size(); i-- > 0;) visit(steps[i], states.before(i));
  }

 private:
  RangeSet& wanted(Buffer buffer) { return buffer == Buffer::GM ? device_ : on_chip_[static_cast<size_t>(buffer)]; }

  void visit(const Executed& step, const IssueState& state) {
    const AccessList list = accesses(step.instr, state);
    for (const Access& access : list.view()) {
      if (!access.write) continue;
      RangeSet& set = wanted(access.buffer);
      if (!writes_into(list, access.buffer, set)) continue;
      Dependence dependence = finder_.find(step.instr, state, set);
      if (dependence.exact && dependence.made.empty() && dependence.sources.empty()) return;  // lanes that the mask leaves out
      TracedStep traced{.position = step.position, .place = step.place, .instr = step.instr, .reads = {}, .write = {.buffer = access.buffer, .bytes = {}, .values = {}}, .exact = dependence.exact};
      for (const Access& run : list.view())
        if (run.write) traced.write.bytes.add(set.within(run.begin, run.end));
      if (dependence.exact && !dependence.made.empty()) traced.write.bytes = dependence.made;
      set.remove(dependence.made);
      for (OperandBytes& source : dependence.sources) {
        wanted(source.buffer).add(source.bytes);
        traced.reads.push_back({source.buffer, std::move(source.bytes), {}});
      }
      found_.push_back(std::move(traced));
      return;
    }
  }

  DependenceFinder finder_;
  RangeSet& device_;
  std::vector<TracedStep>& found_;  // the last instruction first
  std::array<RangeSet, kBuffers> on_chip_;
};

void read_values(const Replay& replay, TracedOperand& operand, size_t most) {
  for (const auto& [begin, end] : operand.bytes.ranges()) {
    if (operand.values.size() >= most) return;
    const int64_t last = std::min(end, begin + static_cast<int64_t>(most - operand.values.size()));
    if (const auto bytes = replay.contents(operand.buffer, begin, last)) operand.values.insert(operand.values.end(), bytes->begin(), bytes->end());
  }
}

Status add_values(Replay& replay, std::vector<TracedStep>& steps, const Task& task, const TraceOptions& options) {
  for (TracedStep& step : steps) {
    if (options.keep_going && !options.keep_going()) return stopped(task);
    NPU_CHECK(replay.seek(step.position));
    for (TracedOperand& read : step.reads) read_values(replay, read, options.most_values);
    const Place before = replay.place();
    NPU_CHECK(replay.step(1));
    // After a block's last instruction the core is already in the next one.
    const bool same = !replay.at_end() && replay.place().task == before.task && replay.place().block == before.block;
    if (same || step.write.buffer == Buffer::GM) read_values(replay, step.write, options.most_values);
  }
  return {};
}

TaskTrace trace_cpu(const Task& task, size_t index) {
  TaskTrace trace{.task = index, .cpu = true, .steps = {}, .sources = {}, .exact = false};
  for (const TensorDesc& input : task.inputs)
    if (input.bytes > 0) trace.sources.add(input.address, input.address + input.bytes);
  return trace;
}

}  // namespace

Result<TaskTrace> trace_task(Replay& replay, const CompiledModel& model, size_t task, const RangeSet& wanted, const TraceOptions& options) {
  if (task >= model.tasks.size()) return fail(ErrorKind::InvalidArgument, model.name, fmt::format("there is no task {} of {}", task, model.tasks.size()));
  if (model.tasks[task].engine == Engine::AiCpu) return trace_cpu(model.tasks[task], task);
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  NPU_CHECK(replay.seek(Place{task, 0, 0}));
  NPU_TRY(const std::vector<Executed> steps, execute(replay, model, task, options));

  TaskTrace trace{.task = task, .executed = static_cast<int64_t>(steps.size()), .steps = {}, .sources = wanted};
  BackwardSlice slice(*soc, trace.sources, trace.steps);
  for (size_t end = steps.size(); end > 0;) {
    size_t begin = end;
    while (begin > 0 && steps[begin - 1].place.block == steps[end - 1].place.block) --begin;
    if (options.keep_going && !options.keep_going()) return stopped(model.tasks[task]);
    slice.block(std::span(steps).subspan(begin, end - begin));
    end = begin;
  }
  trace.found = trace.steps.size();
  trace.exact = std::ranges::all_of(trace.steps, &TracedStep::exact);
  if (trace.steps.size() > options.most_steps) trace.steps.resize(options.most_steps);
  std::ranges::reverse(trace.steps);
  NPU_CHECK(add_values(replay, trace.steps, model.tasks[task], options));
  return trace;
}

std::optional<size_t> last_writer(const CompiledModel& model, const RangeSet& bytes, size_t end) {
  for (size_t i = std::min(end, model.tasks.size()); i-- > 0;) {
    const Task& task = model.tasks[i];
    for (const TensorDesc& output : task.outputs)
      if (bytes.intersects(output.address, output.address + output.bytes)) return i;
    if (bytes.intersects(task.workspace_address, task.workspace_address + task.workspace_bytes)) return i;
  }
  return {};
}

// The layout is asked with numbered elements: whatever it is, the number of the element's place comes out.
Result<RangeSet> element_bytes(const TensorDesc& desc, int64_t index) {
  const int64_t count = element_count(desc.shape), size = static_cast<int64_t>(dtype_size(desc.dtype));
  if (index < 0 || index >= count || size < 1)
    return fail(ErrorKind::InvalidArgument, desc.name, fmt::format("there is no element {} of {}", index, count));
  NPU_TRY(const Shape physical, physical_shape(desc.shape, desc.dtype, desc.format));
  Tensor numbered(desc.dtype, physical);
  int64_t number = 0;
  for (int64_t scale = 1; scale < numbered.elements() || scale == 1; scale *= 256) {
    const auto bytes = numbered.mutable_bytes();
    for (int64_t i = 0; i < numbered.elements(); ++i) bytes[static_cast<size_t>(i * size)] = static_cast<std::byte>(i / scale % 256);
    NPU_TRY(const Tensor logical, from_format(numbered, desc.shape, desc.format));
    number += static_cast<int64_t>(logical.bytes()[static_cast<size_t>(index * size)]) * scale;
  }
  return RangeSet(desc.address + number * size, desc.address + (number + 1) * size);
}

}  // namespace npu
