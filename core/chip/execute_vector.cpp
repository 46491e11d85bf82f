// SPDX-License-Identifier: Apache-2.0
// Element-wise vector instructions: operands are brought into contiguous lanes (where they are not already), computed by
// one kernel, and written back under the mask.
//
// A repeat reads all its operands before it writes; repeats follow one another. Several repeats are computed at once only
// where that cannot be told apart.
#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "core/chip/element_wise.h"

namespace npu {
namespace {

using kernels::VectorOp;

constexpr int64_t kChunkRepeats = 8;
constexpr size_t kChunkBytes = kChunkRepeats * kRepeatBytes;

bool same_place(const VectorOperand& a, const VectorOperand& b) { return a.base == b.base && a.blk == b.blk && a.rep == b.rep; }

// No block of one repeat is a block of another.
bool repeats_apart(const VectorOperand& operand, int blocks, int64_t repeat) {
  return repeat <= 1 || operand.rep > (blocks - 1) * operand.blk || (operand.rep > 0 && operand.rep * repeat <= operand.blk);
}

// Whether a later repeat may read what an earlier one wrote, or a repeat overwrites what it still has to read.
bool order_matters(const ElementWise& work, const IssueState& issue, int lanes, int blocks) {
  const bool apart = repeats_apart(work.dst, blocks, work.repeat);
  if (work.reads_dst && !apart) return true;
  const ByteRange written = vector_hull(work.dst, issue, lanes, work.repeat);
  for (int s = 0; s < work.sources; ++s) {
    const ByteRange read = vector_hull(work.src[s], issue, lanes, work.repeat);
    const bool overlap = read.begin < written.end && written.begin < read.end;
    if (overlap && !(same_place(work.src[s], work.dst) && apart)) return true;
  }
  return false;
}

// Every repeat works on whole rows of 256 bytes, wherever they start; a source may be one block for all of a row's.
bool rows_direct(const ElementWise& work) {
  const auto is_row = [](const VectorOperand& operand) { return operand.blk == 1; };
  for (int s = 0; s < work.sources; ++s)
    if (!is_row(work.src[s]) && work.src[s].blk != 0) return false;
  return is_row(work.dst);
}

void run_rows(Machine& machine, const ElementWise& work) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  alignas(64) std::byte spread[2][kRepeatBytes];
  for (int64_t r = 0; r < work.repeat; ++r) {
    const void* source[2] = {nullptr, nullptr};
    for (int s = 0; s < work.sources; ++s) {
      const std::byte* from = ub.at(work.src[s].base + r * work.src[s].rep * kBlockBytes);
      source[s] = from;
      if (work.src[s].blk != 0) continue;
      for (int b = 0; b < kRepeatBytes / kBlockBytes; ++b) std::memcpy(spread[s] + b * kBlockBytes, from, kBlockBytes);
      source[s] = spread[s];
    }
    work.kernel({.dst = ub.at(work.dst.base + r * work.dst.rep * kBlockBytes), .src0 = source[0], .src1 = source[1], .scalar = work.scalar,
                 .bytes = kRepeatBytes, .limit = machine.half_limit});
  }
}

}  // namespace

Status run_element_wise(Machine& machine, const ElementWise& work) {
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const int size = vec_type_size(work.type), lanes = repeat_lanes(size);
  const ActiveLanes active(machine.issue, lanes, size);
  NPU_CHECK(check_operand("dst", work.dst));
  for (int s = 0; s < work.sources; ++s) {
    NPU_CHECK(check_operand(work.sources == 1 ? "src" : s == 0 ? "src0" : "src1", work.src[s]));
    NPU_CHECK(check_read(ub, work.src[s], active, lanes, work.repeat));
  }
  if (work.reads_dst) NPU_CHECK(check_read(ub, work.dst, active, lanes, work.repeat));
  mark_written(ub, work.dst, active, lanes, work.repeat);

  const bool ordered = order_matters(work, machine.issue, lanes, active.blocks);
  const bool dst_direct = !ordered && active.full && contiguous(work.dst, lanes);
  bool src_direct[2], src_constant[2];
  bool all_direct = dst_direct;
  for (int s = 0; s < work.sources; ++s) {
    src_direct[s] = !ordered && active.full && contiguous(work.src[s], lanes);
    src_constant[s] = !ordered && work.src[s].rep == 0;
    all_direct &= src_direct[s];
  }
  if (!ordered && !all_direct && active.full && rows_direct(work)) {
    run_rows(machine, work);
    return {};
  }
  const int64_t step = ordered ? 1 : all_direct ? std::max<int64_t>(work.repeat, 1) : kChunkRepeats;

  alignas(64) std::byte lanes_of[3][kChunkBytes];
  if (!active.full)  // lanes that nothing gathers are computed all the same
    for (auto& lanes_in : lanes_of) std::memset(lanes_in, 0, static_cast<size_t>(std::min(step, work.repeat)) * kRepeatBytes);
  for (int64_t first = 0; first < work.repeat; first += step) {
    const int64_t count = std::min(step, work.repeat - first);
    const void* source[2] = {nullptr, nullptr};
    for (int s = 0; s < work.sources; ++s) {
      source[s] = lanes_of[s];
      if (src_direct[s]) source[s] = ub.at(work.src[s].base + first * kRepeatBytes);
      else if (!src_constant[s] || first == 0)
        for (int64_t r = 0; r < count; ++r) gather(ub, work.src[s], active, first + r, lanes_of[s] + r * kRepeatBytes);
    }
    std::byte* const result = dst_direct ? ub.at(work.dst.base + first * kRepeatBytes) : lanes_of[2];
    if (work.reads_dst && !dst_direct)
      for (int64_t r = 0; r < count; ++r) gather(ub, work.dst, active, first + r, lanes_of[2] + r * kRepeatBytes);
    work.kernel({.dst = result, .src0 = source[0], .src1 = source[1], .scalar = work.scalar, .bytes = static_cast<size_t>(count * kRepeatBytes),
                 .limit = machine.half_limit});
    if (!dst_direct)
      for (int64_t r = 0; r < count; ++r) scatter(ub, work.dst, active, first + r, result + r * kRepeatBytes);
  }
  return {};
}

namespace {

Status binary(Machine& machine, const Instr& instr, VectorOp op) {
  using namespace field;
  const auto& arg = instr.arg;
  ElementWise work{.type = static_cast<VecType>(arg[kBiType]), .sources = 2, .reads_dst = op == VectorOp::MulAdd, .repeat = arg[kBiRepeat]};
  const int size = vec_type_size(work.type);
  work.kernel = kernels::vector_kernels().vector[static_cast<size_t>(op)][static_cast<size_t>(work.type)];
  work.dst = {arg[kBiDst], arg[kBiDstBlk], arg[kBiDstRep], size};
  work.src[0] = {arg[kBiSrc0], arg[kBiSrc0Blk], arg[kBiSrc0Rep], size};
  work.src[1] = {arg[kBiSrc1], arg[kBiSrc1Blk], arg[kBiSrc1Rep], size};
  return run_element_wise(machine, work);
}

// One source; `scalar`: the row has a scalar operand besides.
Status unary(Machine& machine, const Instr& instr, VectorOp op, bool scalar) {
  using namespace field;
  const auto& arg = instr.arg;
  ElementWise work{.type = static_cast<VecType>(arg[kScType]), .sources = 1, .reads_dst = op == VectorOp::MulAdd, .repeat = arg[kScRepeat]};
  const int size = vec_type_size(work.type);
  const auto& table = kernels::vector_kernels();
  work.kernel = (scalar ? table.scalar : table.vector)[static_cast<size_t>(op)][static_cast<size_t>(work.type)];
  if (scalar) work.scalar = scalar_bits(work.type, static_cast<uint32_t>(arg[kScScalar]));
  work.dst = {arg[kScDst], arg[kScDstBlk], arg[kScDstRep], size};
  work.src[0] = {arg[kScSrc], arg[kScSrcBlk], arg[kScSrcRep], size};
  return run_element_wise(machine, work);
}

}  // namespace

Status execute_Vadd(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Add); }
Status execute_Vsub(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Sub); }
Status execute_Vmul(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Mul); }
Status execute_Vdiv(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Div); }
Status execute_Vmax(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Max); }
Status execute_Vmin(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::Min); }
Status execute_Vmla(Machine& machine, const Instr& instr) { return binary(machine, instr, VectorOp::MulAdd); }

Status execute_Vadds(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Add, true); }
Status execute_Vmuls(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Mul, true); }
Status execute_Vmaxs(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Max, true); }
Status execute_Vmins(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Min, true); }
Status execute_Vlrelu(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::LeakyRelu, true); }
Status execute_Vaxpy(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::MulAdd, true); }

Status execute_Vexp(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Exp, false); }
Status execute_Vln(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Ln, false); }
Status execute_Vabs(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Abs, false); }
Status execute_Vrelu(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Relu, false); }
Status execute_Vrec(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Rec, false); }
Status execute_Vsqrt(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Sqrt, false); }
Status execute_Vrsqrt(Machine& machine, const Instr& instr) { return unary(machine, instr, VectorOp::Rsqrt, false); }

Status execute_VectorDup(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kDupType]);
  const int size = vec_type_size(type), lanes = repeat_lanes(size);
  const VectorOperand dst{arg[kDupDst], arg[kDupDstBlk], arg[kDupDstRep], size};
  const ActiveLanes active(machine.issue, lanes, size);
  NPU_CHECK(check_operand("dst", dst));
  const uint32_t bits = scalar_bits(type, static_cast<uint32_t>(arg[kDupScalar]));
  alignas(64) std::byte repeat[kRepeatBytes];
  for (int lane = 0; lane < lanes; ++lane) std::memcpy(repeat + lane * size, &bits, static_cast<size_t>(size));
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  for (int64_t r = 0; r < arg[kDupRepeat]; ++r) scatter(ub, dst, active, r, repeat);
  mark_written(ub, dst, active, lanes, arg[kDupRepeat]);
  return {};
}

}  // namespace npu
