// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>

#include "core/chip/chip.h"
#include "core/chip/machine.h"
#include "core/isa/fetch.h"

namespace npu {
namespace {

using Execute = Status (*)(Machine&, const Instr&);

constexpr Execute kExecute[] = {
#define NPU_INSTR(id, ...) execute_##id,
#include "core/isa/isa.def"
#undef NPU_INSTR
};

// The scalar unit's way into a running core.
class CoreHost final : public ScalarHost {
 public:
  enum class Stores { Done, Dropped };
  explicit CoreHost(Machine& machine, Stores stores = Stores::Done) : machine_(machine), stores_(stores) {}

  Result<uint64_t> load(Buffer buffer, int64_t address, int bytes) override {
    uint64_t value = 0;
    if (buffer == Buffer::GM) {
      NPU_TRY(const auto from, machine_.memory->read(address, bytes));
      std::memcpy(&value, from.data(), from.size());
      return value;
    }
    OnChipBuffer& on_chip = machine_.buffer(buffer);
    NPU_CHECK(inside(buffer, false, address, bytes));
    NPU_CHECK(on_chip.check_written(address, address + bytes));
    std::memcpy(&value, on_chip.at(address), static_cast<size_t>(bytes));
    return value;
  }
  Status store(Buffer buffer, int64_t address, int bytes, uint64_t value) override {
    if (stores_ == Stores::Dropped) return {};
    if (buffer == Buffer::GM) {
      NPU_TRY(const auto to, machine_.memory->write(address, bytes));
      std::memcpy(to.data(), &value, to.size());
      return {};
    }
    OnChipBuffer& on_chip = machine_.buffer(buffer);
    NPU_CHECK(inside(buffer, true, address, bytes));
    std::memcpy(on_chip.at(address), &value, static_cast<size_t>(bytes));
    on_chip.mark_written(address, address + bytes);
    return {};
  }
  uint64_t special(Special which) override {
    return machine_.special[static_cast<size_t>(which)];
  }

 private:
  Status inside(Buffer buffer, bool write, int64_t address, int bytes) const {
    AccessList list;
    list.add(buffer, write, address, address + bytes);
    return check_ranges(machine_.limits, list);
  }

  Machine& machine_;
  Stores stores_;
};

}  // namespace

AlignedBytes::AlignedBytes(size_t bytes) : bytes_(bytes + 64), data_(new (std::align_val_t{64}) std::byte[bytes_]) {
  std::memset(data_.get(), 0, bytes_);
}

AlignedBytes::AlignedBytes(const AlignedBytes& other) : bytes_(other.bytes_), data_(new (std::align_val_t{64}) std::byte[bytes_]) {
  std::memcpy(data_.get(), other.data_.get(), bytes_);
}

AlignedBytes& AlignedBytes::operator=(const AlignedBytes& other) {
  if (bytes_ != other.bytes_) return *this = AlignedBytes(other);
  if (this != &other) std::memcpy(data_.get(), other.data_.get(), bytes_);
  return *this;
}

OnChipBuffer::OnChipBuffer(Buffer id, int64_t bytes, int64_t granule)
    : id_(id), bytes_(bytes), granule_(granule), element_bytes_(id == Buffer::L0A || id == Buffer::L0B ? 2 : 4),
      data_(static_cast<size_t>(bytes * 4 / element_bytes_)), written_(static_cast<size_t>(ceil_div(bytes, granule))) {}

bool OnChipBuffer::all_marked(int64_t begin, int64_t end) const {
  const int64_t first = begin / granule_, last = (end - 1) / granule_;
  return begin >= end || !std::memchr(written_.data() + first, 0, static_cast<size_t>(last - first + 1));
}

Status OnChipBuffer::report_hole(int64_t begin, int64_t end) const {
  int64_t hole = begin / granule_;
  while (written_[static_cast<size_t>(hole)]) ++hole;
  const std::string_view name = kBufferNames[static_cast<size_t>(id_)];
  return fail(ErrorKind::UninitializedRead, "", fmt::format("read of {}[{:#x}, {:#x}): nothing wrote {}[{:#x}]", name, begin, end, name,
                                                            std::max(hole * granule_, begin)));
}

Status OnChipBuffer::check_types(int64_t begin, int64_t end, int64_t type) const {
  NPU_CHECK(check_written(begin, end));
  for (int64_t granule = begin / granule_; granule * granule_ < end; ++granule) {
    const int64_t held = written_[static_cast<size_t>(granule)] - 1;
    if (held == type) continue;
    return invalid(fmt::format("{}[{:#x}] was loaded as {}, not as {}", kBufferNames[static_cast<size_t>(id_)], granule * granule_,
                               kVecTypeNames[static_cast<size_t>(held)], kVecTypeNames[static_cast<size_t>(type)]));
  }
  return {};
}

Machine::Machine(const Soc& soc)
    : limits(soc), soc_name(soc.name), split(soc.split), half_limit(soc.overflow == Overflow::Saturate ? 65504.0f : 65536.0f),
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
  NPU_CHECK(check_operands(limits, instr));
  const AccessList list = accesses(instr, issue);
  NPU_CHECK(check_ranges(limits, list));
  return execute_checked(instr);
}

Status Machine::execute_checked(const Instr& instr) { return kExecute[static_cast<size_t>(instr.op)](*this, instr); }

Status check_alignment(std::string_view operand, Buffer buffer, int64_t address, int64_t alignment) {
  if (address % alignment == 0) return {};
  return invalid(fmt::format("{} is {}[{:#x}], not a multiple of {}", operand, kBufferNames[static_cast<size_t>(buffer)], address, alignment));
}

Core::Core(const Soc& soc) : state_(std::make_unique<State>(soc)) {}
Core::~Core() = default;
Core::Core(Core&&) noexcept = default;
Core& Core::operator=(Core&&) noexcept = default;
Core::Core(const Core& other) : state_(std::make_unique<State>(*other.state_)) {}
Core& Core::operator=(const Core& other) {
  *state_ = *other.state_;
  return *this;
}

void Core::reset() {
  state_->issue = {};
  state_->special = {};
  for (OnChipBuffer& buffer : state_->buffers) buffer.forget();
}

namespace {
Status located(Status status, int32_t index, const Instr& instr) {
  if (!status) status.error().where = fmt::format("instruction {}: {}", index, disassemble(instr));
  return status;
}
}  // namespace

Status Core::execute(const Program& program, DeviceMemory& memory, BlockId block, Trust trust) {
  state_->memory = &memory;
  for (OnChipBuffer& buffer : state_->buffers) buffer.track(trust != Trust::Proven);
  if (trust != Trust::Nothing) {
    for (size_t i = 0; i < program.size(); ++i)
      if (Status status = state_->execute_checked(program[i]); !status) [[unlikely]] return located(std::move(status), static_cast<int32_t>(i), program[i]);
    return {};
  }
  CoreHost host(*state_);
  Fetch fetch(program, &host, block);
  while (const Instr* instr = fetch.next())
    if (Status status = state_->execute(*instr); !status) [[unlikely]] return located(std::move(status), fetch.index(), *instr);
  if (fetch.error()) return std::unexpected(*fetch.error());
  return {};
}

void Core::start(const Program& program, DeviceMemory& memory, BlockId block) {
  reset();
  for (OnChipBuffer& buffer : state_->buffers) buffer.track(true), buffer.clear();
  state_->memory = &memory;
  state_->fetch.emplace(program, nullptr, block);
  state_->look_ahead();
}

// On a copy of the scalar unit that changes nothing outside itself.
void Core::State::look_ahead() {
  CoreHost host(*this, CoreHost::Stores::Dropped);
  Fetch copy = *fetch;
  copy.set_host(&host);
  const Instr* instr = copy.next();
  next = instr ? std::optional(*instr) : std::nullopt;
  next_index = copy.index();
  done = !instr && !copy.error();
}

const Instr* Core::next() const { return state_->next ? &*state_->next : nullptr; }
int32_t Core::next_index() const { return state_->next_index; }
bool Core::done() const { return state_->done; }
const IssueState& Core::issue_state() const { return state_->issue; }

Status Core::step(DeviceMemory& memory) {
  if (!state_->fetch || state_->done) return fail(ErrorKind::InvalidArgument, "", "the program has ended");
  state_->memory = &memory;
  CoreHost host(*state_);
  Fetch fetch = *state_->fetch;  // stays where it is when the instruction fails
  fetch.set_host(&host);
  const Instr* instr = fetch.next();
  if (!instr) return std::unexpected(*fetch.error());
  NPU_CHECK(located(state_->execute(*instr), fetch.index(), *instr));
  fetch.set_host(nullptr);
  state_->fetch = fetch;
  state_->look_ahead();
  return {};
}

Result<const Instr*> Core::resume(DeviceMemory& memory) {
  if (!state_->fetch) return fail(ErrorKind::InvalidArgument, "", "no program was started");
  state_->memory = &memory;
  CoreHost host(*state_);
  Fetch& fetch = *state_->fetch;
  fetch.set_host(&host);
  const Instr* instr;
  Status status;
  while (status && (instr = fetch.next())) {
    state_->next_index = fetch.index();
    if (is_cross_core(instr->op)) {
      status = check_operands(state_->limits, *instr);
      break;
    }
    status = state_->execute(*instr);
  }
  fetch.set_host(nullptr);
  if (!status) return std::unexpected(located(std::move(status), fetch.index(), *instr).error());
  if (!instr && fetch.error()) return std::unexpected(*fetch.error());
  return instr;
}

Result<std::vector<std::byte>> Core::contents(Buffer id, int64_t begin, int64_t end) const {
  if (id == Buffer::GM) return fail(ErrorKind::InvalidArgument, "GM", "is not on the core");
  const OnChipBuffer& buffer = state_->buffers[static_cast<size_t>(id)];
  if (begin < 0 || end < begin || end > buffer.bytes())
    return fail(ErrorKind::InvalidArgument, std::string(kBufferNames[static_cast<size_t>(id)]), fmt::format("[{:#x}, {:#x}) is outside its {:#x} bytes", begin, end, buffer.bytes()));
  std::vector<std::byte> bytes(static_cast<size_t>(end - begin));
  buffer.read_out(begin, bytes);
  return bytes;
}

bool Core::written(Buffer id, int64_t address) const {
  const OnChipBuffer& buffer = state_->buffers[static_cast<size_t>(id)];
  return address >= 0 && address < buffer.bytes() && buffer.granule_written(address);
}

size_t Core::memory_bytes() const {
  size_t bytes = sizeof(State);
  for (const OnChipBuffer& buffer : state_->buffers) bytes += buffer.stored_bytes();
  return bytes;
}

// --- what a program's later instructions depend on; order needs nothing here, because function runs in order ---

Status execute_SetFlag(Machine&, const Instr&) { return {}; }
Status execute_WaitFlag(Machine&, const Instr&) { return {}; }
Status execute_PipeBarrier(Machine&, const Instr&) { return {}; }
Status execute_SetVectorMask(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetFMatrix(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetPadding(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetQuantPre(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }

// Core::resume stops in front of them.
Status execute_FftsCrossCoreSync(Machine&, const Instr&) { return invalid("runs with the task's other blocks only: this one was started alone"); }
Status execute_WaitFlagDev(Machine& machine, const Instr& instr) { return execute_FftsCrossCoreSync(machine, instr); }

// The scalar unit has carried these out when it yields them.
Status execute_Loop(Machine&, const Instr&) { return {}; }
Status execute_Jump(Machine&, const Instr&) { return {}; }
#define NPU_INSTR(id, ...) Status execute_##id(Machine&, const Instr&) { return {}; }
#include "core/isa/isa_scalar.def"
#undef NPU_INSTR

}  // namespace npu
