// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>

#include "core/chip/chip.h"
#include "core/chip/machine.h"

namespace npu {
namespace {

using Execute = Status (*)(Machine&, const Instr&);

constexpr Execute kExecute[] = {
#define NPU_INSTR(id, ...) execute_##id,
#include "core/isa/isa.def"
#undef NPU_INSTR
};

// The largest value each operand may have; the rest of the executor relies on it.
constexpr uint64_t largest(const Field& field) {
  if (field.width == 0 || field.width >= 64) return ~uint64_t{0};
  if (field.kind == Field::Type) return kVecTypeNames.size() - 1;
  if (field.kind == Field::Mode) return kCopyModes.size() - 1;
  return (uint64_t{1} << field.width) - 1;
}

bool operands_fit(const Instr& instr) {
  static const auto limits = [] {
    std::array<std::array<uint64_t, kMaxFields>, kOpcodes> table{};
    for (int op = 0; op < kOpcodes; ++op)
      for (int i = 0; i < kMaxFields; ++i) table[op][i] = largest(instr_info(static_cast<Opcode>(op)).fields[i]);
    return table;
  }();
  const auto& limit = limits[static_cast<size_t>(instr.op)];
  bool fits = true;
  for (size_t i = 0; i < kMaxFields; ++i) fits &= static_cast<uint64_t>(instr.arg[i]) <= limit[i];
  return fits;
}

}  // namespace

AlignedBytes::AlignedBytes(size_t bytes) : data_(new (std::align_val_t{64}) std::byte[bytes + 64]) {
  std::memset(data_.get(), 0, bytes + 64);
}

OnChipBuffer::OnChipBuffer(Buffer id, int64_t bytes, int64_t granule)
    : id_(id), bytes_(bytes), granule_(granule), element_bytes_(id == Buffer::L0A || id == Buffer::L0B ? 2 : 4),
      data_(static_cast<size_t>(bytes * 4 / element_bytes_)), written_(static_cast<size_t>(ceil_div(bytes, granule))) {}

bool OnChipBuffer::was_written(int64_t begin, int64_t end) const {
  const int64_t first = begin / granule_, last = (end - 1) / granule_;
  return begin >= end || !std::memchr(written_.data() + first, 0, static_cast<size_t>(last - first + 1));
}

Status OnChipBuffer::check_written(int64_t begin, int64_t end) const {
  if (was_written(begin, end)) return {};
  int64_t hole = begin / granule_;
  while (written_[static_cast<size_t>(hole)]) ++hole;
  const std::string_view name = kBufferNames[static_cast<size_t>(id_)];
  return fail(ErrorKind::UninitializedRead, "", fmt::format("read of {}[{:#x}, {:#x}): nothing wrote {}[{:#x}]", name, begin, end, name,
                                                            std::max(hole * granule_, begin)));
}

Status OnChipBuffer::check_typed(int64_t begin, int64_t end, int64_t type) const {
  NPU_CHECK(check_written(begin, end));
  for (int64_t granule = begin / granule_; granule * granule_ < end; ++granule) {
    const int64_t held = written_[static_cast<size_t>(granule)] - 1;
    if (held == type) continue;
    return invalid(fmt::format("{}[{:#x}] was loaded as {}, not as {}", kBufferNames[static_cast<size_t>(id_)], granule * granule_,
                               kVecTypeNames[static_cast<size_t>(held)], kVecTypeNames[static_cast<size_t>(type)]));
  }
  return {};
}

void OnChipBuffer::mark(int64_t begin, int64_t end, uint8_t value) {
  if (begin < end) std::memset(written_.data() + begin / granule_, value, static_cast<size_t>((end - 1) / granule_ - begin / granule_ + 1));
}

Status OnChipBuffer::check_inside(const Access& access) const {
  if (access.begin >= 0 && access.end <= bytes_) return {};
  const std::string_view name = kBufferNames[static_cast<size_t>(id_)];
  return invalid(fmt::format("{} {}[{:#x}, {:#x}), the buffer has {:#x} bytes", access.write ? "writes" : "reads", name, access.begin, access.end, bytes_));
}

Machine::Machine(const Soc& soc)
    : soc_name(soc.name), split(soc.split), half_limit(soc.overflow == Overflow::Saturate ? 65504.0f : 65536.0f),
      short_multiplier(soc.fb > 0), cube(&kernels::cube_kernels()) {
  const auto add = [&](Buffer id, int64_t bytes, int64_t granule) { buffers.emplace_back(id, bytes, granule); };
  add(Buffer::GM, 0, kBlockBytes);
  add(Buffer::L1, soc.l1, kBlockBytes);
  add(Buffer::L0A, soc.l0a, kFractalBytes);
  add(Buffer::L0B, soc.l0b, kFractalBytes);
  add(Buffer::L0C, soc.l0c, 2 * kFractalBytes);
  add(Buffer::UB, soc.ub, kBlockBytes);
  add(Buffer::BT, soc.bt, 64);
  add(Buffer::FB, soc.fb, 64);
}

Status Machine::execute(const Instr& instr) {
  if (static_cast<int>(instr.op) >= kOpcodes || !operands_fit(instr)) return invalid("an operand does not fit its field");
  const AccessList list = accesses(instr, issue);
  for (const Access& access : list.view())
    if (access.buffer != Buffer::GM) NPU_CHECK(buffer(access.buffer).check_inside(access));
  return kExecute[static_cast<size_t>(instr.op)](*this, instr);
}

Status check_alignment(std::string_view operand, Buffer buffer, int64_t address, int64_t alignment) {
  if (address % alignment == 0) return {};
  return invalid(fmt::format("{} is {}[{:#x}], not a multiple of {}", operand, kBufferNames[static_cast<size_t>(buffer)], address, alignment));
}

Core::Core(const Soc& soc) : state_(std::make_unique<State>(soc)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;

void Core::reset() {
  state_->issue = {};
  for (OnChipBuffer& buffer : state_->buffers) buffer.forget();
}

Status Core::execute(const Program& program, DeviceMemory& memory) {
  state_->memory = &memory;
  for (size_t i = 0; i < program.size(); ++i) {
    Status status = state_->execute(program[i]);
    if (status) continue;
    Error error = std::move(status).error();
    error.where = fmt::format("instruction {}: {}", i, disassemble(program[i]));
    return std::unexpected(std::move(error));
  }
  return {};
}

// --- what a program's later instructions depend on; order needs nothing here, because function runs in order ---

Status execute_SetFlag(Machine&, const Instr&) { return {}; }
Status execute_WaitFlag(Machine&, const Instr&) { return {}; }
Status execute_PipeBarrier(Machine&, const Instr&) { return {}; }
Status execute_SetVectorMask(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetFMatrix(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetPadding(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetQuantPre(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }

namespace {
Status not_implemented(const Instr& instr) {
  const InstrInfo& info = instr_info(instr.op);
  return invalid(fmt::format("{} is not implemented: {}", info.name, info.missing));
}
}  // namespace

Status execute_LoadImageToCbuf(Machine&, const Instr& instr) { return not_implemented(instr); }
Status execute_Loop(Machine&, const Instr& instr) { return not_implemented(instr); }
Status execute_Jump(Machine&, const Instr& instr) { return not_implemented(instr); }

}  // namespace npu
