// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/chip_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/soc/soc.h"

namespace npu::ui {
namespace {

constexpr int64_t kBetweenLooks = 4096;  // steps of a search between two calls of the watch

std::unexpected<Error> stopped() { return fail(ErrorKind::Cancelled, "", "stopped"); }

bool is_flag(Opcode op) { return op == Opcode::SetFlag || op == Opcode::WaitFlag || op == Opcode::PipeBarrier || is_cross_core(op); }

}  // namespace

ChipRun::ChipRun(std::shared_ptr<const CompiledModel> model, const Soc& soc, std::unique_ptr<Replay> replay)
    : model_(std::move(model)), replay_(std::move(replay)), trail_(soc) {}

Result<std::unique_ptr<ChipRun>> ChipRun::create(std::shared_ptr<const CompiledModel> model, std::span<const Tensor> inputs, size_t budget, const Watch& watch) {
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  NPU_TRY(auto replay, Replay::create(model, inputs, {.budget_bytes = budget, .keep_ended_block = true}));
  std::unique_ptr<ChipRun> run(new ChipRun(std::move(model), *soc, std::move(replay)));
  NPU_CHECK(run->measure(watch));
  if (run->steps_ == 0) return fail(ErrorKind::InvalidArgument, run->model_->name, "has no tasks to look at");
  NPU_CHECK(run->show(0, watch));
  return run;
}

Status ChipRun::measure(const Watch& watch) {
  for (size_t t = 0; t < model_->tasks.size(); ++t) {
    const Task& task = model_->tasks[t];
    const size_t count = task.engine == Engine::AiCpu ? 1 : task.blocks.size();
    for (size_t b = 0; b < count; ++b) {
      Block block{t, b, steps_, 1};
      if (task.engine != Engine::AiCpu) {
        const auto straight = issue_all(task.blocks[b], {static_cast<int64_t>(b), static_cast<int64_t>(count)});
        if (straight) {
          block.steps = static_cast<int64_t>(straight->view().size());
        } else {
          NPU_TRY(const IssuedProgram run, issue_by_running(block, watch));
          block.steps = static_cast<int64_t>(run.instrs.size());
        }
      }
      steps_ += block.steps;
      if (block.steps > 0) blocks_.push_back(block);
    }
    if (watch && !watch(static_cast<int64_t>(t), static_cast<int64_t>(model_->tasks.size()))) return stopped();
  }
  return {};
}

Result<IssuedProgram> ChipRun::issue_by_running(const Block& block, const Watch& watch) {
  NPU_CHECK(replay_->seek(block.first, [&](int64_t at) { return !watch || watch(at, block.first); }));
  IssuedProgram issued;
  while (!replay_->at_end() && replay_->place().task == block.task && replay_->place().block == block.block) {
    const Instr* next = replay_->next();
    if (next) issued.instrs.push_back(*next), issued.indices.push_back(replay_->place().instruction);
    NPU_CHECK(replay_->step(1));
    if (watch && issued.instrs.size() % kBetweenLooks == 0 && !watch(0, 0)) return stopped();
  }
  return issued;
}

size_t ChipRun::block_at(int64_t position) const {
  const auto after = std::ranges::upper_bound(blocks_, position, {}, &Block::first);
  return static_cast<size_t>(after - blocks_.begin()) - 1;
}

Result<const IssuedProgram*> ChipRun::issued(size_t index, const Watch& watch) {
  if (issued_block_ == index) return &issued_;
  const Block& block = blocks_[index];
  const auto& programs = model_->tasks[block.task].blocks;
  issued_block_ = SIZE_MAX;
  auto made = issue_all(programs[block.block], {static_cast<int64_t>(block.block), static_cast<int64_t>(programs.size())});
  if (!made) made = issue_by_running(block, watch);
  if (!made) return std::unexpected(made.error());
  issued_ = std::move(*made);
  issued_block_ = index;
  return &issued_;
}

Result<int64_t> ChipRun::position_of(const Place& place, int64_t occurrence, const Watch& watch) {
  const auto found = std::ranges::find_if(blocks_, [&](const Block& b) { return b.task == place.task && b.block == place.block; });
  if (found != blocks_.end()) {
    if (model_->tasks[place.task].engine == Engine::AiCpu) return found->first;
    NPU_TRY(const IssuedProgram* issued_here, issued(static_cast<size_t>(found - blocks_.begin()), watch));
    for (int32_t i = 0; i < static_cast<int32_t>(issued_here->view().size()); ++i)
      if (issued_here->index(i) == place.instruction && occurrence-- == 0) return found->first + i;
  }
  return fail(ErrorKind::InvalidArgument, place_text(place), fmt::format("is not in this run of {} tasks", model_->tasks.size()));
}

std::array<int64_t, kBuffers> ChipRun::reach_of(const IssuedProgram& program) const {
  std::array<int64_t, kBuffers> reach{};
  IssueState state;
  for (const Instr& instr : program.view()) {
    const AccessList list = accesses(instr, state);
    for (const Access& access : list.view()) reach[static_cast<size_t>(access.buffer)] = std::max(reach[static_cast<size_t>(access.buffer)], access.end);
    state.apply(instr);
  }
  return reach;
}

Status ChipRun::follow_trail(const Block& block, int64_t step, const Watch& watch) {
  const size_t index = static_cast<size_t>(&block - blocks_.data());
  NPU_TRY(const IssuedProgram* program, issued(index, watch));
  if (trail_block_ != index || trail_.steps() > step) {
    trail_.start(model_->tasks[block.task]);
    trail_state_ = {};
    if (trail_block_ != index) reach_ = reach_of(*program);
    trail_block_ = index;
  }
  for (auto i = static_cast<int32_t>(trail_.steps()); i < step; ++i) {
    const Instr& instr = program->view()[static_cast<size_t>(i)];
    const AccessList list = accesses(instr, trail_state_);
    trail_.add(instr, program->index(i), list.view());
    trail_state_.apply(instr);
  }
  return {};
}

// What a task of the AI CPU reads and writes: its tensors, as many as a list holds.
AccessList ChipRun::cpu_accesses(const Task& task) const {
  AccessList list;
  for (const TensorDesc& tensor : task.inputs)
    if (list.count < AccessList::kCapacity - 1) list.add(Buffer::GM, false, tensor.address, tensor.address + tensor.bytes);
  for (const TensorDesc& tensor : task.outputs)
    if (list.count < AccessList::kCapacity) list.add(Buffer::GM, true, tensor.address, tensor.address + tensor.bytes);
  return list;
}

std::vector<ChipOperand> ChipRun::operands_of(const AccessList& list) const {
  std::vector<ChipOperand> operands;
  for (const bool writes : {false, true})
    for (const Access& access : list.view()) {
      if (access.write != writes) continue;
      operands.push_back({.access = access, .type = trail_.type(access, moment_.instr), .origin = trail_.origin(access)});
      // Copies that name no type move what they read.
      if (writes && access.buffer != Buffer::GM && !type_written(moment_.instr) && !operands.front().access.write) operands.back().type = operands.front().type;
    }
  return operands;
}

Status ChipRun::keep_bytes(ChipOperand& operand, bool after, std::vector<std::byte>& all) const {
  all.clear();
  Status status;
  for_each_run(operand.access, [&](int64_t begin, int64_t bytes) {
    if (!status) return;
    auto run = after ? replay_->contents_left(operand.access.buffer, begin, begin + bytes) : replay_->contents(operand.access.buffer, begin, begin + bytes);
    if (run) all.insert(all.end(), run->begin(), run->end());
    else status = std::unexpected(run.error());
  });
  operand.bytes = static_cast<int64_t>(all.size());
  const auto shown = all.begin() + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(all.size()), kShownBytes);
  (after ? operand.after : operand.before).assign(all.begin(), shown);
  return status;
}

Status ChipRun::show(int64_t position, const Watch& watch) {
  if (position < 0 || position >= steps_) return fail(ErrorKind::InvalidArgument, "position", fmt::format("{} is not in a run of {} steps", position, steps_));
  const Block& block = blocks_[block_at(position)];
  const Task& task = model_->tasks[block.task];
  const bool cpu = task.engine == Engine::AiCpu;
  if (!cpu) NPU_CHECK(follow_trail(block, position - block.first, watch));
  else trail_.start(task), trail_block_ = SIZE_MAX;
  const int64_t from = replay_->position();
  NPU_CHECK(replay_->seek(position, [&](int64_t at) { return !watch || watch(std::max<int64_t>(at - from, 0), std::max<int64_t>(position - from, 1)); }));

  ChipMoment moment{.position = position, .step = position - block.first, .block_steps = block.steps, .place = replay_->place(), .occurrence = 0, .cpu = cpu, .instr = {}, .operands = {}, .reach = {}, .tiles = {}};
  if (!cpu) {
    moment.instr = *replay_->next();
    if (!issued_.straight)
      for (int32_t i = 0; i < moment.step; ++i) moment.occurrence += issued_.index(i) == moment.place.instruction;
  }
  moment_.instr = moment.instr;
  const AccessList list = cpu ? cpu_accesses(task) : replay_->next_accesses();
  moment.operands = operands_of(list);
  std::vector<std::vector<std::byte>> before(moment.operands.size());
  for (size_t i = 0; i < moment.operands.size(); ++i) (void)keep_bytes(moment.operands[i], false, before[i]);  // outside its buffer: the step says so better
  NPU_CHECK(replay_->step(1));
  std::vector<std::byte> after;
  for (size_t i = 0; i < moment.operands.size(); ++i) {
    ChipOperand& operand = moment.operands[i];
    if (!operand.access.write) continue;
    NPU_CHECK(keep_bytes(operand, true, after));
    for (size_t k = 0; k < std::min(after.size(), before[i].size()); ++k) operand.changed += after[k] != before[i][k];
  }
  if (!cpu) {
    NPU_CHECK(follow_trail(block, moment.step + 1, watch));
    moment.reach = reach_;
    for (int b = 0; b < kBuffers; ++b) moment.tiles[static_cast<size_t>(b)] = trail_.tiles(static_cast<Buffer>(b));
  }
  moment_ = std::move(moment);
  return {};
}

bool ChipRun::reaches(const ChipGoal& goal, std::span<const Breakpoint> breakpoints, const Step& step) const {
  using Kind = ChipGoal::Kind;
  if (goal.kind == Kind::Break) return std::ranges::any_of(breakpoints, [&](const Breakpoint& b) { return stops_at(b, step.place, step.first, step.instr, step.state); });
  if (!step.instr) return false;
  const Pipe pipe = pipe_of(*step.instr);
  const bool flag = is_flag(step.instr->op);
  switch (goal.kind) {
    case Kind::Mad: return step.instr->op == Opcode::Mad;
    case Kind::Flag: return flag;
    case Kind::Copy: return !flag && (pipe == Pipe::MTE1 || pipe == Pipe::MTE2 || pipe == Pipe::MTE3 || pipe == Pipe::FIX);
    case Kind::Pipe: return !flag && pipe == goal.pipe;
    case Kind::Read:
    case Kind::Write: {
      const AccessList list = accesses(*step.instr, step.state);
      return std::ranges::any_of(list.view(), [&](const Access& a) { return a.write == (goal.kind == Kind::Write) && a.buffer == goal.buffer && touches(a, goal.begin, goal.end); });
    }
    default: return false;
  }
}

// Where the next, or this or the previous, block or task begins: no search is needed.
std::optional<int64_t> ChipRun::find_border(const ChipGoal& goal, int64_t from, bool forward) const {
  const bool tasks = goal.kind == ChipGoal::Kind::Task;
  std::optional<int64_t> found;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (tasks && i > 0 && blocks_[i].task == blocks_[i - 1].task) continue;
    if (forward && blocks_[i].first > from) return blocks_[i].first;
    if (!forward && blocks_[i].first < from) found = blocks_[i].first;
  }
  return found;
}

Result<std::optional<int64_t>> ChipRun::find_in_block(size_t index, int64_t begin, int64_t end, bool last, const std::function<bool(const Step&)>& wanted, const Watch& watch) {
  const Block& block = blocks_[index];
  const bool first_of_task = index == 0 || blocks_[index - 1].task != block.task;
  std::optional<int64_t> found;
  IssueState state;
  if (model_->tasks[block.task].engine == Engine::AiCpu) {
    if (begin <= block.first && wanted({block.first, {block.task, block.block, 0}, nullptr, state, first_of_task})) found = block.first;
    return found;
  }
  NPU_TRY(const IssuedProgram* program, issued(index, watch));
  for (int32_t i = 0; block.first + i < end; ++i) {
    const Instr& instr = program->view()[static_cast<size_t>(i)];
    const int64_t position = block.first + i;
    if (position >= begin && wanted({position, {block.task, block.block, program->index(i)}, &instr, state, first_of_task && i == 0})) {
      found = position;
      if (!last) return found;
    }
    state.apply(instr);
    if (i % kBetweenLooks == kBetweenLooks - 1 && watch && !watch(position, steps_)) return stopped();
  }
  return found;
}

Result<std::optional<int64_t>> ChipRun::find(const ChipGoal& goal, int64_t from, bool forward, std::span<const Breakpoint> breakpoints, const Watch& watch) {
  if (goal.kind == ChipGoal::Kind::Block || goal.kind == ChipGoal::Kind::Task) return find_border(goal, from, forward);
  const auto wanted = [&](const Step& step) { return reaches(goal, breakpoints, step); };
  const auto count = static_cast<std::ptrdiff_t>(blocks_.size());
  for (auto b = static_cast<std::ptrdiff_t>(block_at(std::clamp<int64_t>(from, 0, steps_ - 1))); b >= 0 && b < count; b += forward ? 1 : -1) {
    const Block& block = blocks_[static_cast<size_t>(b)];
    const int64_t begin = forward ? std::max(block.first, from + 1) : block.first, end = forward ? block.first + block.steps : std::min(block.first + block.steps, from);
    NPU_TRY(const auto found, find_in_block(static_cast<size_t>(b), begin, end, !forward, wanted, watch));
    if (found) return found;
    if (watch && !watch(std::abs(block.first - from), steps_)) return stopped();
  }
  return std::optional<int64_t>();
}

Result<int64_t> ChipRun::advance(int64_t from, int64_t count, std::span<const Breakpoint> breakpoints, bool& stopped_at, const Watch& watch) {
  const int64_t to = std::min(from + count, steps_ - 1);
  stopped_at = false;
  if (breakpoints.empty() || to <= from) return to;
  for (size_t b = block_at(from); b < blocks_.size() && blocks_[b].first <= to; ++b) {
    const int64_t begin = std::max(blocks_[b].first, from + 1), end = std::min(blocks_[b].first + blocks_[b].steps, to + 1);
    NPU_TRY(const auto found, find_in_block(b, begin, end, false, [&](const Step& step) { return reaches({.kind = ChipGoal::Kind::Break}, breakpoints, step); }, watch));
    if (!found) continue;
    stopped_at = true;
    return *found;
  }
  return to;
}

}  // namespace npu::ui
