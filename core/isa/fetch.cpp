// SPDX-License-Identifier: Apache-2.0
#include "core/isa/fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "core/isa/compare.h"

namespace npu {
namespace {

constexpr std::array<bool, kOpcodes> kScalar = [] {
  std::array<bool, kOpcodes> table{};
  int op = 0;
#define NPU_INSTR(id, ...) table[static_cast<size_t>(op++)] = InstrInfo{__VA_ARGS__}.scalar;
#include "core/isa/isa.def"
#undef NPU_INSTR
  return table;
}();

int64_t wrapping_add(int64_t a, int64_t b) { return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b)); }

// The result of an arithmetic row; divisors are not zero.
int64_t calculate(Opcode op, int64_t a, int64_t b, CompareMode mode) {
  const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  switch (op) {
    case Opcode::Add: return wrapping_add(a, b);
    case Opcode::Sub: return static_cast<int64_t>(ua - ub);
    case Opcode::Mul: return static_cast<int64_t>(ua * ub);
    case Opcode::Div: return b == -1 ? static_cast<int64_t>(0 - ua) : a / b;
    case Opcode::Rem: return b == -1 ? 0 : a % b;
    case Opcode::Min: return std::min(a, b);
    case Opcode::Max: return std::max(a, b);
    case Opcode::And: return a & b;
    case Opcode::Or: return a | b;
    case Opcode::Xor: return a ^ b;
    case Opcode::Shl: return static_cast<int64_t>(ua << (ub & 63));
    case Opcode::Shr: return static_cast<int64_t>(ua >> (ub & 63));
    case Opcode::Sar: return a >> (ub & 63);
    case Opcode::Cmp: return compare(a, b, mode);
    default: return 0;
  }
}

// A row's operands as the counter mode needs them: it takes part when every address has a stride from repeat to repeat.
struct CounterRow {
  int repeat = -1;
  int operands = 0;
  std::array<std::pair<int, int>, 3> address_and_stride{};
  std::array<int, 2> types{-1, -1};
};

int field_index(const InstrInfo& info, const std::string& name) {
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].name == name) return i;
  return -1;
}

CounterRow counter_row(const InstrInfo& info) {
  CounterRow row;
  if (info.pipe != Pipe::V || info.work != Work::Repeat) return row;
  int type = 0;
  for (int i = 0; i < field_count(info); ++i) {
    const Field& field = info.fields[i];
    if (field.kind == Field::Type && type < 2) row.types[static_cast<size_t>(type++)] = i;
    if (field.kind != Field::Address) continue;
    const int stride = field_index(info, std::string(field.name) + "_rep"), block = field_index(info, std::string(field.name) + "_blk");
    if (stride < 0 || block < 0 || row.operands == 3) return row;
    row.address_and_stride[static_cast<size_t>(row.operands++)] = {i, stride};
  }
  if (type > 0) row.repeat = field_index(info, "repeat");
  return row;
}

}  // namespace

// As whole repeats, not more than the operand holds at a time, and a rest under a mask.
Result<bool> Fetch::unroll(const Instr& instr) {
  unrolled_.clear();
  next_unrolled_ = 0;
  if (instr.op == Opcode::SetVectorMask) {
    elements_ = instr.arg[field::kMaskLow];
    if (elements_ < 0) return fault(fmt::format("{} lanes in counter mode", elements_));
    return true;
  }
  if (static_cast<int>(instr.op) >= kOpcodes) return false;
  const InstrInfo& info = instr_info(instr.op);
  if (info.pipe != Pipe::V || info.work != Work::Repeat) return false;
  static const auto rows = [] {
    std::array<CounterRow, kOpcodes> table;
    for (int op = 0; op < kOpcodes; ++op) table[static_cast<size_t>(op)] = counter_row(instr_info(static_cast<Opcode>(op)));
    return table;
  }();
  const CounterRow& row = rows[static_cast<size_t>(instr.op)];
  if (row.repeat < 0) return fault(fmt::format("{} does not take the counter mode of the mask", info.name));
  if (std::string what = operand_fault(instr); !what.empty()) return fault(std::move(what));
  int widest = 1;
  for (int type : row.types)
    if (type >= 0) widest = std::max(widest, vec_type_size(static_cast<VecType>(instr.arg[static_cast<size_t>(type)])));
  const int64_t lanes = kRepeatBytes / widest;
  if (elements_ > lanes * 8192) return fault(fmt::format("{} lanes in counter mode", elements_));
  const auto mask = [&](int64_t count) {
    const auto bits = [](int64_t n) { return n >= 64 ? int64_t{-1} : n <= 0 ? int64_t{0} : static_cast<int64_t>((uint64_t{1} << n) - 1); };
    unrolled_.push_back(make_instr(Opcode::SetVectorMask, {bits(count - 64), bits(count)}));
  };
  Instr part = instr;
  const auto add = [&](int64_t repeat) {
    part.arg[static_cast<size_t>(row.repeat)] = repeat;
    unrolled_.push_back(part);
    for (int i = 0; i < row.operands; ++i) {
      const auto [address, stride] = row.address_and_stride[static_cast<size_t>(i)];
      part.arg[static_cast<size_t>(address)] += repeat * part.arg[static_cast<size_t>(stride)] * kBlockBytes;
    }
  };
  mask(lanes);
  for (int64_t left = elements_ / lanes; left > 0; left -= std::min<int64_t>(left, 255)) add(std::min<int64_t>(left, 255));
  if (elements_ % lanes != 0) {
    if (lanes > 128) return fault(fmt::format("{} lanes in counter mode are no multiple of {}: the mask has 128 bits", elements_, lanes));
    mask(elements_ % lanes);
    add(1);
  }
  return true;
}

Fetch::Fetch(const Program& program, ScalarHost* host, BlockId block, int64_t budget)
    : program_(&program), host_(host), block_(block), budget_(budget) {
  set_fence();
}

bool Fetch::is_scalar(Opcode op) { return static_cast<size_t>(op) < kScalar.size() && kScalar[static_cast<size_t>(op)]; }

std::unexpected<Error> Fetch::fault(std::string what) const { return fail(ErrorKind::InvalidProgram, "", std::move(what)); }

void Fetch::set(int64_t xd, int64_t value, bool is_known) {
  const uint32_t bit = uint32_t{1} << xd;
  x_[static_cast<size_t>(xd)] = value;
  unknown_ = is_known ? unknown_ & ~bit : unknown_ | bit;
}

Status Fetch::require(int64_t xn, std::string_view use) const {
  if (known(xn)) return {};
  return fault(fmt::format("{} is X{}, which comes from what instruction {} loaded: only executing the program can tell", use, xn,
                           origin_[static_cast<size_t>(xn)]));
}

void Fetch::set_fence() {
  const auto size = static_cast<int64_t>(program_->size());
  const int outer = call_count_ > 0 ? calls_[static_cast<size_t>(call_count_ - 1)].loops : 0;
  fence_ = pending_ || error_ || counter_ || next_unrolled_ < unrolled_.size() ? 0 : loop_count_ > outer ? std::min(size, loops_[static_cast<size_t>(loop_count_ - 1)].end) : size;
}

bool Fetch::spend() {
  budget_ -= std::max<int64_t>(1, pc_ - segment_);
  if (budget_ >= 0) return true;
  error_ = Error{ErrorKind::InvalidProgram, fmt::format("instruction {}", index_), "the budget of instructions is used up: the program does not end"};
  return false;
}

// At a loop's end: back to its begin or out of it. False when the budget is used up.
bool Fetch::leave_or_repeat_loops() {
  const int outer = call_count_ > 0 ? calls_[static_cast<size_t>(call_count_ - 1)].loops : 0;
  while (loop_count_ > outer) {
    Loop& loop = loops_[static_cast<size_t>(loop_count_ - 1)];
    if (pc_ >= loop.begin && pc_ < loop.end) break;
    if (pc_ != loop.end || --loop.left <= 0) {
      --loop_count_;
      continue;
    }
    if (!spend()) return false;
    pc_ = segment_ = loop.begin;
    break;
  }
  return true;
}

// The pending prefixes applied to `instr`.
const Instr* Fetch::resolve(const Instr& instr) {
  resolved_ = instr;
  for (size_t i = 0; i < kMaxFields; ++i)
    if (pending_operands_ >> i & 1) resolved_.arg[i] = wrapping_add(resolved_.arg[i], addend_[i]);
  const uint32_t operands = std::exchange(pending_operands_, 0);
  pending_ = false;
  addend_ = {};
  if (static_cast<int>(instr.op) >= kOpcodes) return &resolved_;  // whoever carries it out refuses it
  const InstrInfo& info = instr_info(instr.op);
  std::string what;
  if (operands >> field_count(info) != 0) what = fmt::format("a register is added to operand {}, it has {}", std::bit_width(operands) - 1, field_count(info));
  else what = operand_fault(resolved_);
  if (what.empty()) return &resolved_;
  error_ = Error{ErrorKind::InvalidProgram, fmt::format("instruction {}: {}", index_, disassemble(resolved_)), std::move(what)};
  return nullptr;
}

const Instr* Fetch::next_slowly() {
  fence_ = 0;
  const auto size = static_cast<int64_t>(program_->size());
  while (!error_) {
    if (next_unrolled_ < unrolled_.size()) {
      const Instr* const part = &unrolled_[next_unrolled_++];
      set_fence();
      return part;
    }
    if (!leave_or_repeat_loops()) return nullptr;
    if (pc_ >= size) {
      if (pending_) error_ = Error{ErrorKind::InvalidProgram, fmt::format("instruction {}", index_), "a prefix without an instruction"};
      if (call_count_ > 0) error_ = Error{ErrorKind::InvalidProgram, fmt::format("instruction {}", index_), "the program ends inside a call"};
      return nullptr;
    }
    index_ = pc_;
    const Instr* instr = &(*program_)[static_cast<size_t>(pc_++)];
    const bool prefix = instr->op == Opcode::AddXnToOperand;
    if (pending_ && !prefix && !(instr = resolve(*instr))) return nullptr;
    if (is_scalar(instr->op)) {
      if (instr != &resolved_) resolved_ = *instr;
      instr = &resolved_;
      if (Status status = run(resolved_); !status) {
        if (error_) return nullptr;
        error_ = std::move(status).error();
        error_->where = fmt::format("instruction {}: {}", index_, disassemble((*program_)[static_cast<size_t>(index_)]));
        return nullptr;
      }
    }
    if (counter_ && !is_scalar(instr->op)) {
      const auto replaced = unroll(*instr);
      if (!replaced) {
        error_ = replaced.error();
        error_->where = fmt::format("instruction {}: {}", index_, disassemble(*instr));
        return nullptr;
      }
      if (*replaced) continue;
    }
    set_fence();
    if (instr->op == Opcode::SetMaskCount || instr->op == Opcode::SetMaskNorm) continue;
    if (!prefix) return instr;
  }
  return nullptr;
}

Status Fetch::run(Instr& instr) {
  if (std::string what = operand_fault(instr); !what.empty()) return fault(std::move(what));
  const auto& arg = instr.arg;
  switch (instr.op) {
    case Opcode::AddXnToOperand: {
      if (!guess_) NPU_CHECK(require(arg[field::kPreXn], "an operand"));
      const auto operand = static_cast<size_t>(arg[field::kPreOperand]);
      addend_[operand] = wrapping_add(addend_[operand], value(arg[field::kPreXn]));
      pending_operands_ |= uint32_t{1} << operand;
      pending_ = true;
      return {};
    }
    case Opcode::SetMaskCount: return counter_ = true, elements_ = 0, Status{};
    case Opcode::SetMaskNorm:
      if (!counter_) return {};
      counter_ = false;
      unrolled_ = {make_instr(Opcode::SetVectorMask, {-1, -1})};
      next_unrolled_ = 0;
      return {};
    case Opcode::MovXdImm: return set(arg[field::kMovXd], arg[field::kMovImm], true), Status{};
    case Opcode::MovXdSpr:
    case Opcode::LdGm:
    case Opcode::LdUb:
    case Opcode::StGm:
    case Opcode::StUb: return move(instr);
    case Opcode::Loop:
    case Opcode::Jump:
    case Opcode::JumpIf:
    case Opcode::Call:
    case Opcode::Ret: return flow(instr);
    default: return compute(instr);
  }
}

Status Fetch::compute(const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const bool is_known = known(arg[kAluXn]) && known(arg[kAluXm]);
  const int64_t a = value(arg[kAluXn]), b = wrapping_add(value(arg[kAluXm]), arg[kAluImm]);
  if (!is_known) {
    origin_[static_cast<size_t>(arg[kAluXd])] = origin_[static_cast<size_t>(known(arg[kAluXn]) ? arg[kAluXm] : arg[kAluXn])];
    return set(arg[kAluXd], 0, false), Status{};
  }
  if (b == 0 && (instr.op == Opcode::Div || instr.op == Opcode::Rem)) return fault(fmt::format("divides {} by zero", a));
  set(arg[kAluXd], calculate(instr.op, a, b, static_cast<CompareMode>(arg[kAluMode])), true);
  return {};
}

// Loads, stores and special registers. The yielded instruction holds the whole address.
Status Fetch::move(Instr& instr) {
  using namespace field;
  auto& arg = instr.arg;
  if (instr.op == Opcode::MovXdSpr) {
    const auto which = static_cast<Special>(arg[kSpr]);
    const auto xd = arg[kSprXd];
    if (which <= Special::SubBlockIdx) {
      const int64_t ids[] = {block_.index, block_.count, block_.sub_block};
      return set(xd, ids[static_cast<size_t>(which)], true), Status{};
    }
    if (!host_) origin_[static_cast<size_t>(xd)] = static_cast<int32_t>(index_);
    return set(xd, host_ ? static_cast<int64_t>(host_->special(which)) : 0, host_ != nullptr), Status{};
  }
  const InstrInfo& info = instr_info(instr.op);
  const bool store = instr.op == Opcode::StGm || instr.op == Opcode::StUb;
  const int64_t bytes = int64_t{1} << arg[store ? static_cast<int>(kStSize) : static_cast<int>(kLdSize)];
  static_assert(static_cast<int>(kLdAddress) == static_cast<int>(kStAddress) && static_cast<int>(kLdXn) == static_cast<int>(kStXn));
  if (!guess_) NPU_CHECK(require(arg[kLdXn], "the address"));
  const int64_t address = arg[kLdAddress] = wrapping_add(arg[kLdAddress], value(arg[kLdXn]));
  arg[kLdXn] = kNoRegister;
  const Buffer buffer = store ? info.dst : info.src;
  if (std::string what = operand_fault(instr); !what.empty()) return fault(std::move(what));
  if (address % bytes != 0)
    return fault(fmt::format("address is {}[{:#x}], not a multiple of {}", kBufferNames[static_cast<size_t>(buffer)], address, bytes));
  if (store) {
    if (!host_) return {};
    return host_->store(buffer, address, static_cast<int>(bytes), static_cast<uint64_t>(value(arg[kStXs])));
  }
  if (!host_) {
    origin_[static_cast<size_t>(arg[kLdXd])] = static_cast<int32_t>(index_);
    return set(arg[kLdXd], 0, false), Status{};
  }
  NPU_TRY(const uint64_t loaded, host_->load(buffer, address, static_cast<int>(bytes)));
  const int unused = 64 - static_cast<int>(bytes) * 8;
  const uint64_t shifted = loaded << unused;
  set(arg[kLdXd], arg[kLdSigned] ? static_cast<int64_t>(shifted) >> unused : static_cast<int64_t>(shifted >> unused), true);
  return {};
}

Status Fetch::jump(int64_t offset) {
  const auto size = static_cast<int64_t>(program_->size());
  const int64_t target = index_ + offset;
  if (target < 0 || target > size) return fault(fmt::format("goes to instruction {} of {}", target, size));
  if (!spend()) return std::unexpected(*error_);
  pc_ = segment_ = target;
  return {};
}

Status Fetch::flow(const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto size = static_cast<int64_t>(program_->size());
  switch (instr.op) {
    case Opcode::Jump: return jump(arg[kFlowOffset]);
    case Opcode::JumpIf:
      NPU_CHECK(require(arg[kFlowXn], "the condition"));
      return compare(value(arg[kFlowXn]), int64_t{0}, static_cast<CompareMode>(arg[kFlowMode])) ? jump(arg[kFlowOffset]) : Status{};
    case Opcode::Call:
      if (call_count_ == kCallDepth) return fault(fmt::format("calls are nested deeper than {}", kCallDepth));
      calls_[static_cast<size_t>(call_count_++)] = {pc_, loop_count_};
      return jump(arg[kFlowOffset]);
    case Opcode::Ret: {
      if (call_count_ == 0) return fault("returns from no call");
      const Frame frame = calls_[static_cast<size_t>(--call_count_)];
      loop_count_ = frame.loops;
      return jump(frame.back - index_);
    }
    default: break;
  }
  NPU_CHECK(require(arg[kLoopXn], "the count"));
  const int64_t count = wrapping_add(value(arg[kLoopXn]), arg[kLoopCount]), length = arg[kLoopLength];
  if (length > size - pc_) return fault(fmt::format("{} instructions to repeat, {} follow", length, size - pc_));
  if (count <= 0 || length == 0) return jump(pc_ + length - index_);
  if (loop_count_ == kLoopDepth) return fault(fmt::format("loops are nested deeper than {}", kLoopDepth));
  loops_[static_cast<size_t>(loop_count_++)] = {pc_, pc_ + length, count};
  return {};
}

std::optional<Fetch::Loop> Fetch::innermost_loop() {
  if (error_ || !leave_or_repeat_loops()) return {};
  set_fence();
  const int outer = call_count_ > 0 ? calls_[static_cast<size_t>(call_count_ - 1)].loops : 0;
  if (loop_count_ == outer) return {};
  return loops_[static_cast<size_t>(loop_count_ - 1)];
}

int64_t Fetch::skip_iterations(int64_t count) {
  const auto loop = innermost_loop();
  if (!loop || pc_ != loop->begin) return 0;
  const int64_t skipped = std::min(count, loop->left - 1);
  if (skipped <= 0) return 0;
  const auto body = std::span(*program_).subspan(static_cast<size_t>(loop->begin), static_cast<size_t>(loop->end - loop->begin));
  if (std::ranges::none_of(body, [](const Instr& instr) { return is_scalar(instr.op); })) {
    loops_[static_cast<size_t>(loop_count_ - 1)].left -= skipped;
    return skipped;
  }
  const int depth = loop_count_;
  const Loop& running = loops_[static_cast<size_t>(depth - 1)];
  while (!error_ && !(loop_count_ == depth && pc_ == running.begin && running.left == loop->left - skipped)) {
    if (!next() || !leave_or_repeat_loops()) break;
  }
  set_fence();
  return skipped;
}

bool is_straight(const Program& program) {
  return std::ranges::none_of(program, [](const Instr& instr) { return Fetch::is_scalar(instr.op); });
}

bool is_fixed(const Program& program) {
  return is_straight(program) && std::ranges::none_of(program, [](const Instr& instr) {
    return instr.op == Opcode::Vgather || instr.op == Opcode::Vgatherb || instr.op == Opcode::Vreducev2 || instr.op == Opcode::Vmrgsort4;
  });
}

Result<IssuedProgram> issue_all(const Program& program, BlockId block, int64_t budget) {
  IssuedProgram issued;
  if (is_straight(program)) {
    issued.straight = &program;
    return issued;
  }
  Fetch fetch(program, nullptr, block, budget);
  while (const Instr* instr = fetch.next()) {
    issued.instrs.push_back(*instr);
    issued.indices.push_back(fetch.index());
  }
  if (fetch.error()) return std::unexpected(*fetch.error());
  return issued;
}

}  // namespace npu
