// SPDX-License-Identifier: Apache-2.0
// The inside of one AI core, shared by the execute bodies (execute_*.cpp). Not part of the chip's public face.
#pragma once

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "core/chip/chip.h"
#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/vector_kernels.h"
#include "core/chip/legal.h"
#include "core/isa/fetch.h"
#include "core/isa/operands.h"

namespace npu {

// Storage aligned for SIMD; zeros at first.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t bytes = 0);
  AlignedBytes(const AlignedBytes& other);
  AlignedBytes& operator=(const AlignedBytes& other);
  AlignedBytes(AlignedBytes&&) noexcept = default;
  AlignedBytes& operator=(AlignedBytes&&) noexcept = default;
  std::byte* data() { return data_.get(); }
  const std::byte* data() const { return data_.get(); }
  void clear() { std::memset(data_.get(), 0, bytes_); }

 private:
  struct Free {
    void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  size_t bytes_;  // with the padding behind
  std::unique_ptr<std::byte[], Free> data_;
};

// One on-chip buffer. Addresses and sizes are the architecture's; L0A and L0B store 2 bytes as a 32-bit word
// (kernels/cube_kernels.h), L0C and BT hold 32-bit values anyway. `granule` bytes share one "was written" mark.
class OnChipBuffer {
 public:
  OnChipBuffer(Buffer id, int64_t bytes, int64_t granule);

  void forget() {
    if (std::exchange(marked_, false)) std::fill(written_.begin(), written_.end(), uint8_t{0});
  }
  // While off, everything counts as written and nothing is marked.
  void track(bool on) { tracking_ = on; }
  bool tracks() const { return tracking_; }
  void clear() { forget(), data_.clear(); }  // also what no program can see
  int64_t bytes() const { return bytes_; }

  std::byte* at(int64_t address) { return data_.data() + address; }
  float* floats(int64_t address) { return reinterpret_cast<float*>(data_.data()) + address / element_bytes_; }

  bool was_written(int64_t begin, int64_t end) const { return !tracking_ || all_marked(begin, end); }
  // UninitializedRead naming the first granule of [begin, end) that nothing wrote.
  Status check_written(int64_t begin, int64_t end) const {
    if (was_written(begin, end)) return {};
    return report_hole(begin, end);
  }
  void mark_written(int64_t begin, int64_t end) { mark(begin, end, 1); }
  // L0A, L0B: what was written is of this type; InvalidProgram when a fractal of [begin, end) is of another.
  void mark_typed(int64_t begin, int64_t end, int64_t type) { mark(begin, end, static_cast<uint8_t>(type + 1)); }
  Status check_typed(int64_t begin, int64_t end, int64_t type) const {
    if (!tracking_) return {};
    return check_types(begin, end, type);
  }
  // The granule at `address`.
  bool granule_written(int64_t address) const { return written_[static_cast<size_t>(address / granule_)] != 0; }
  void mark_granule(int64_t address) { mark(address, address + 1, 1); }
  // The bytes as the architecture has them: L0A and L0B packed again. Precondition: inside the buffer.
  void read_out(int64_t begin, std::span<std::byte> to) const;
  size_t stored_bytes() const;  // by this object

 private:
  bool all_marked(int64_t begin, int64_t end) const;
  Status report_hole(int64_t begin, int64_t end) const;
  Status check_types(int64_t begin, int64_t end, int64_t type) const;
  void mark(int64_t begin, int64_t end, uint8_t value) {
    if (!tracking_ || begin >= end) return;
    std::memset(written_.data() + begin / granule_, value, static_cast<size_t>((end - 1) / granule_ - begin / granule_ + 1));
    marked_ = true;
  }

  Buffer id_;
  bool tracking_ = true;
  bool marked_ = false;  // anything, since forget()
  int64_t bytes_;
  int64_t granule_;
  int64_t element_bytes_;  // of one stored value, in the architecture's addresses
  AlignedBytes data_;
  std::vector<uint8_t> written_;  // 0: never; L0A and L0B: the type's number + 1
};

struct Machine {
  explicit Machine(const Soc& soc);

  OnChipBuffer& buffer(Buffer id) { return buffers[static_cast<size_t>(id)]; }
  Status execute(const Instr& instr);          // with every check, without the error's place
  Status execute_checked(const Instr& instr);  // after check_operands and check_ranges found nothing

  ChipLimits limits;
  std::string_view soc_name;
  bool split = false;
  float half_limit = 65504.0f;         // 65536 where overflow gives infinity
  bool short_multiplier = false;       // the fixpipe's quantisation multiplier has 10 fraction bits
  const kernels::CubeKernels* cube = nullptr;
  IssueState issue;
  std::vector<std::byte> atomic_scratch;
  std::array<uint64_t, kSpecialNames.size()> special{};  // set by vector instructions, read by the scalar unit
  std::vector<OnChipBuffer> buffers;   // by Buffer; GM has none
  std::vector<uint8_t> k_steps;        // mad's scratch
  std::vector<float> diagonal;         // mad's scratch
  std::vector<int16_t> diagonal_pairs;
  DeviceMemory* memory = nullptr;
};

struct Core::State : Machine {
  using Machine::Machine;

  // Of start() and step().
  std::optional<Fetch> fetch;  // without its host, which would not survive a copy
  std::optional<Instr> next;
  int32_t next_index = 0;
  bool done = true;

  void look_ahead();
};

// --- checks that the execute bodies share ---

inline std::unexpected<Error> invalid(std::string what) { return fail(ErrorKind::InvalidProgram, "", std::move(what)); }

// InvalidProgram "dst is UB[0x21], not a multiple of 32".
Status check_alignment(std::string_view operand, Buffer buffer, int64_t address, int64_t alignment);

// What set_atomic_* makes of a copy's element at GM; InvalidProgram when the bytes are no whole number of elements.
Status update_atomically(const Machine& machine, std::span<std::byte> memory, const std::byte* values);

// Execute bodies: one for each row of isa.def.
#define NPU_INSTR(id, ...) Status execute_##id(Machine& machine, const Instr& instr);
#include "core/isa/isa.def"
#undef NPU_INSTR

}  // namespace npu
