// SPDX-License-Identifier: Apache-2.0
// The ways out of L0C, with conversion and quantisation, and what goes into L0C, BT and FB.
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "core/chip/machine.h"

namespace npu {
namespace {

const CopyModeInfo& mode_info(int64_t mode) { return kCopyModes[static_cast<size_t>(mode)]; }

// The quantisation parameters of 16 columns (isa.def says what their bits mean).
struct ColumnQuant {
  alignas(64) float scale[16];
  alignas(64) int32_t offset[16];
  bool to_s8 = false;
};

// Only the split cores' and 310B's fixpipe cuts the multiplier.
Result<ColumnQuant> column_quant(const Machine& machine, const std::byte* table, uint64_t single) {
  ColumnQuant quant;
  for (size_t i = 0; i < 16; ++i) {
    uint64_t bits = single;
    if (table != nullptr) std::memcpy(&bits, table + i * kQuantBytes, sizeof(bits));
    const uint32_t kept = machine.short_multiplier ? 0xffffe000u : 0xffffffffu;
    quant.scale[i] = std::bit_cast<float>(static_cast<uint32_t>(bits) & kept);
    const auto offset = static_cast<int32_t>(bits >> 37 & 0x1ff);
    quant.offset[i] = offset >= 256 ? offset - 512 : offset;
    const bool to_s8 = (bits >> 46 & 1) != 0;
    if (i > 0 && to_s8 != quant.to_s8) return invalid(fmt::format("column {} of a quantisation table asks for {}, column 0 for {}", i, to_s8 ? "s8" : "u8", to_s8 ? "u8" : "s8"));
    quant.to_s8 = to_s8;
  }
  return quant;
}

// One way out of L0C: what happens to the values of one column block.
class CopyOut {
 public:
  CopyOut(Machine& machine, int64_t mode, bool relu) : machine_(machine), cube_(*machine.cube), mode_(static_cast<CopyMode>(mode)), relu_(relu) {}

  bool quantised() const { return mode_ != CopyMode::F32 && mode_ != CopyMode::S32 && mode_ != CopyMode::F322F16 && mode_ != CopyMode::F322BF16; }

  // The parameters of the next column block; table: nullptr for set_quant_pre's.
  Status set_columns(const std::byte* table) {
    if (!quantised()) return {};
    NPU_TRY(quant_, column_quant(machine_, table, machine_.issue.quant_pre));
    return {};
  }

  // `rows` rows of 16 values; of 8-bit results a row fills 16 bytes, every `pitch` bytes, else the rows are contiguous.
  void copy(const float* src, std::byte* dst, int64_t rows, int64_t pitch) const {
    const auto count = static_cast<size_t>(rows * 16);
    auto* halves = reinterpret_cast<uint16_t*>(dst);
    auto* words = reinterpret_cast<float*>(dst);
    switch (mode_) {
      case CopyMode::F32: return (relu_ ? cube_.relu_float : cube_.copy_float)(src, words, count);
      case CopyMode::F322F16: return (relu_ ? cube_.relu_float_to_half : cube_.float_to_half)(src, halves, count, machine_.half_limit);
      case CopyMode::F322BF16: return cube_.float_to_bf16(src, halves, count, relu_);
      case CopyMode::S32: return copy_integers(src, dst, count);
      default: break;
    }
    const kernels::QuantArgs args{.src = src, .scale = quant_.scale, .offset = quant_.offset, .from_s32 = kCopyModes[static_cast<size_t>(mode_)].from_s32,
                                  .relu = relu_, .to_s8 = quant_.to_s8, .limit = machine_.half_limit, .rows = rows, .dst = dst, .pitch = pitch};
    (mode_ == CopyMode::DEQF16 || mode_ == CopyMode::VDEQF16 ? cube_.dequantize : cube_.quantize)(args);
  }

 private:
  void copy_integers(const float* src, std::byte* dst, size_t count) const {
    if (!relu_) return void(std::memcpy(dst, src, count * 4));
    for (size_t i = 0; i < count; ++i) {
      int32_t value;
      std::memcpy(&value, src + i, 4);
      value = std::max(value, 0);
      std::memcpy(dst + i * 4, &value, 4);
    }
  }

  Machine& machine_;
  const kernels::CubeKernels& cube_;
  CopyMode mode_;
  bool relu_;
  ColumnQuant quant_{};
};

Status check_mode(const Machine& machine, int64_t mode) {
  if (static_cast<CopyMode>(mode) == CopyMode::F322BF16 && !machine.split) return invalid(fmt::format("{} has no bf16", machine.soc_name));
  return {};
}

void clear_halves(std::byte* dst, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) std::memset(dst + r * kBlockBytes, 0, kBlockBytes / 2);
}

}  // namespace

Status execute_CopyMatrixCcToUbuf(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (machine.split) return invalid(fmt::format("{} has no path from L0C to UB", machine.soc_name));
  NPU_CHECK(check_mode(machine, arg[kCcMode]));
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kCcDst], kBlockBytes));
  NPU_CHECK(check_alignment("src", Buffer::L0C, arg[kCcSrc], 2 * kFractalBytes));
  const CopyModeInfo& mode = mode_info(arg[kCcMode]);
  if (mode.table) NPU_CHECK(check_alignment("quant", Buffer::UB, arg[kCcQuant], kBlockBytes));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  CopyOut out(machine, arg[kCcMode], arg[kCcRelu] != 0);
  const bool bytes = mode.size == 1;
  const int64_t rows = arg[kCcLength] * 16, read = rows * 64, written = bytes ? rows * kBlockBytes : rows * 16 * mode.size;
  for (int64_t i = 0; i < arg[kCcBursts] && rows > 0; ++i) {
    const int64_t src = arg[kCcSrc] + i * (read + arg[kCcSrcGap] * 2 * kFractalBytes);
    const int64_t dst = arg[kCcDst] + (bytes ? i / 2 : i) * (written + arg[kCcDstGap] * kBlockBytes), table = arg[kCcQuant] + i * 16 * kQuantBytes;
    NPU_CHECK(l0c.check_written(src, src + read));
    if (mode.table) NPU_CHECK(ub.check_written(table, table + 16 * kQuantBytes));
    if (mode.table || i == 0) NPU_CHECK(out.set_columns(mode.table ? ub.at(table) : nullptr));
    out.copy(l0c.floats(src), ub.at(dst) + (bytes ? i % 2 * 16 : 0), rows, bytes ? kBlockBytes : kBlockBytes * mode.size / 2);
    if (bytes && i % 2 == 0 && i + 1 == arg[kCcBursts]) clear_halves(ub.at(dst) + 16, rows);
    ub.mark_written(dst, dst + written);
  }
  return {};
}

namespace {

// Where FIX writes: GM or L1.
Result<std::byte*> fix_target(Machine& machine, Buffer buffer, int64_t address, int64_t bytes) {
  if (buffer == Buffer::GM) {
    if (machine.issue.atomic != IssueState::None) {
      machine.atomic_scratch.resize(static_cast<size_t>(bytes));
      return machine.atomic_scratch.data();
    }
    NPU_TRY(const std::span<std::byte> to, machine.memory->write(address, bytes));
    return to.data();
  }
  machine.buffer(buffer).mark_written(address, address + bytes);
  return machine.buffer(buffer).at(address);
}

// After a result was written to fix_target.
Status fix_commit(Machine& machine, Buffer buffer, int64_t address, int64_t bytes) {
  if (buffer != Buffer::GM || machine.issue.atomic == IssueState::None) return {};
  NPU_CHECK(machine.memory->read(address, bytes));
  NPU_TRY(const std::span<std::byte> to, machine.memory->write(address, bytes));
  return update_atomically(machine, to, machine.atomic_scratch.data());
}

Status fix_out(Machine& machine, const Instr& instr, bool nz2nd, int64_t quant) {
  using namespace field;
  const auto& arg = instr.arg;
  const Buffer target = instr_info(instr.op).dst;
  if (!machine.split) return invalid(fmt::format("{} has no FIX pipe", machine.soc_name));
  NPU_CHECK(check_mode(machine, arg[kFixMode]));
  NPU_CHECK(check_alignment("src", Buffer::L0C, arg[kFixSrc], 2 * kFractalBytes));
  const CopyModeInfo& mode = mode_info(arg[kFixMode]);
  if (target == Buffer::L1) NPU_CHECK(check_alignment("dst", target, arg[kFixDst], kBlockBytes));
  if (mode.table) NPU_CHECK(check_alignment("quant", Buffer::FB, quant, 64));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  OnChipBuffer& fb = machine.buffer(Buffer::FB);
  CopyOut out(machine, arg[kFixMode], arg[kFixRelu] != 0);
  const int64_t m = arg[kFixM], n = arg[kFixN], size = mode.size, n1 = ceil_div(n, 16);
  if (m == 0) return {};
  if (size == 1 && !nz2nd && target == Buffer::GM && machine.issue.atomic != IssueState::None)
    return invalid(fmt::format("mode {} with atomic updates needs nz2nd: its fractals are written in halves", mode.name));
  alignas(64) std::byte block[64];
  for (int64_t i = 0; i < n1; ++i) {
    const int64_t column = arg[kFixSrc] + i * arg[kFixSrcStride] * 2 * kFractalBytes, table = quant + i * 16 * kQuantBytes;
    NPU_CHECK(l0c.check_written(column, column + m * 64));
    if (mode.table) NPU_CHECK(fb.check_written(table, table + 16 * kQuantBytes));
    if (mode.table || i == 0) NPU_CHECK(out.set_columns(mode.table ? fb.at(table) : nullptr));
    if (nz2nd) {
      for (int64_t row = 0; row < m; ++row) {
        const int64_t count = std::min<int64_t>(16, n - i * 16);
        NPU_TRY(std::byte* to, fix_target(machine, target, arg[kFixDst] + row * arg[kFixDstStride] + i * 16 * size, count * size));
        out.copy(l0c.floats(column) + row * 16, block, 1, 16 * size);
        std::memcpy(to, block, static_cast<size_t>(count * size));
        NPU_CHECK(fix_commit(machine, target, arg[kFixDst] + row * arg[kFixDstStride] + i * 16 * size, count * size));
      }
    } else if (size > 1) {
      const int64_t address = arg[kFixDst] + i * arg[kFixDstStride] * kBlockBytes;
      NPU_TRY(std::byte* to, fix_target(machine, target, address, m * 16 * size));
      out.copy(l0c.floats(column), to, m, 16 * size);
      NPU_CHECK(fix_commit(machine, target, address, m * 16 * size));
    } else {
      NPU_TRY(std::byte* to, fix_target(machine, target, arg[kFixDst] + i / 2 * arg[kFixDstStride] * kBlockBytes, m * kBlockBytes));
      out.copy(l0c.floats(column), to + i % 2 * 16, m, kBlockBytes);
      if (i % 2 == 0 && i + 1 == n1) clear_halves(to + 16, m);
    }
  }
  return {};
}

// Values that sums start from: f16 as fp32, f32 and s32 as they are.
Status check_start_type(int64_t type) {
  const auto given = static_cast<VecType>(type);
  if (given == VecType::F16 || given == VecType::F32 || given == VecType::S32) return {};
  return invalid(fmt::format("src_type {} is not implemented: only f16, f32 and s32", kVecTypeNames[static_cast<size_t>(type)]));
}

void unpack_start(const Machine& machine, int64_t type, const std::byte* src, float* dst, int64_t count) {
  if (static_cast<VecType>(type) == VecType::F16) machine.cube->half_to_float(reinterpret_cast<const uint16_t*>(src), dst, static_cast<size_t>(count));
  else std::memcpy(dst, src, static_cast<size_t>(count) * 4);
}

}  // namespace

Status execute_CopyMatrixCcToGm(Machine& machine, const Instr& instr) {
  return fix_out(machine, instr, instr.arg[field::kFixNz2Nd] != 0, instr.arg[field::kFixQuant]);
}
Status execute_CopyMatrixCcToCbuf(Machine& machine, const Instr& instr) { return fix_out(machine, instr, false, instr.arg[field::kFixL1Quant]); }

Status execute_BroadcastUbToCc(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (machine.split) return invalid(fmt::format("{} has no path from UB to L0C", machine.soc_name));
  NPU_CHECK(check_start_type(arg[kBcSrcType]));
  NPU_CHECK(check_alignment("dst", Buffer::L0C, arg[kBcDst], 2 * kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::UB, arg[kBcSrc], kBlockBytes));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const int64_t bytes = 16 * vec_type_size(static_cast<VecType>(arg[kBcSrcType])), fractals = arg[kBcBursts] * arg[kBcLength];
  if (fractals == 0) return {};
  NPU_CHECK(ub.check_written(arg[kBcSrc], arg[kBcSrc] + arg[kBcBursts] * bytes));
  for (int64_t i = 0; i < arg[kBcBursts]; ++i) {
    float row[16];
    unpack_start(machine, arg[kBcSrcType], ub.at(arg[kBcSrc] + i * bytes), row, 16);
    float* dst = l0c.floats(arg[kBcDst]) + i * arg[kBcLength] * kernels::kFractal;
    for (int64_t r = 0; r < arg[kBcLength] * 16; ++r) std::memcpy(dst + r * 16, row, sizeof(row));
  }
  l0c.mark_written(arg[kBcDst], arg[kBcDst] + fractals * 2 * kFractalBytes);
  return {};
}

Status execute_CopyCbufToBt(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_CHECK(check_start_type(arg[kBtSrcType]));
  NPU_CHECK(check_alignment("dst", Buffer::BT, arg[kBtDst], 64));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kBtSrc], kBlockBytes));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& bt = machine.buffer(Buffer::BT);
  const int64_t count = arg[kBtLength] * 16, bytes = count * vec_type_size(static_cast<VecType>(arg[kBtSrcType]));
  if (count == 0) return {};
  NPU_CHECK(l1.check_written(arg[kBtSrc], arg[kBtSrc] + bytes));
  unpack_start(machine, arg[kBtSrcType], l1.at(arg[kBtSrc]), bt.floats(arg[kBtDst]), count);
  bt.mark_written(arg[kBtDst], arg[kBtDst] + count * 4);
  return {};
}

Status execute_CopyCbufToFbuf(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (!machine.split) return invalid(fmt::format("{} has no FIX pipe", machine.soc_name));
  NPU_CHECK(check_alignment("dst", Buffer::FB, arg[kCopyDst], 64));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kCopySrc], kBlockBytes));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& fb = machine.buffer(Buffer::FB);
  const int64_t length = arg[kCopyLength] * 64;
  for (int64_t i = 0; i < arg[kCopyBursts] && length > 0; ++i) {
    const int64_t src = arg[kCopySrc] + i * (length + arg[kCopySrcGap] * 64), dst = arg[kCopyDst] + i * (length + arg[kCopyDstGap] * 64);
    NPU_CHECK(l1.check_written(src, src + length));
    std::memcpy(fb.at(dst), l1.at(src), static_cast<size_t>(length));
    fb.mark_written(dst, dst + length);
  }
  return {};
}

}  // namespace npu
