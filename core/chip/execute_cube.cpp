// SPDX-License-Identifier: Apache-2.0
// MTE1 (L1 -> L0A, L0B, BT), the cube, and the ways out of and into L0C.
#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <utility>

#include "core/base/half.h"
#include "core/chip/machine.h"

namespace npu {
namespace {

const uint16_t* halves(OnChipBuffer& buffer, int64_t address) { return reinterpret_cast<const uint16_t*>(buffer.at(address)); }

Status load_fractals(Machine& machine, const Instr& instr, void (*load)(const uint16_t*, float*, bool)) {
  using namespace field;
  const auto& arg = instr.arg;
  const Buffer target = instr_info(instr.op).dst;
  NPU_CHECK(check_alignment("dst", target, arg[kLoadDst], kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kLoadSrc], kBlockBytes));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& l0 = machine.buffer(target);
  for (int64_t i = 0; i < arg[kLoadRepeat]; ++i) {
    const int64_t src = arg[kLoadSrc] + i * arg[kLoadSrcStride] * kFractalBytes;
    const int64_t dst = arg[kLoadDst] + i * (arg[kLoadDstGap] + 1) * kFractalBytes;
    NPU_CHECK(l1.check_written(src, src + kFractalBytes));
    load(halves(l1, src), l0.floats(dst), arg[kLoadTranspose] != 0);
    l0.mark_written(dst, dst + kFractalBytes);
  }
  return {};
}

Status check_img2col(const Instr& instr, const IssueState& issue, const Img2ColShape& shape) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_CHECK(check_alignment("dst", Buffer::L0A, arg[kImDst], kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kImSrc], kBlockBytes));
  if (arg[kImPosK] % 16 != 0 || arg[kImStepK] % 16 != 0)
    return invalid(fmt::format("pos_k {} and step_k {} must be multiples of 16", arg[kImPosK], arg[kImStepK]));
  if (shape.out_h == 0 || shape.out_w == 0)
    return invalid(fmt::format("filter {}x{} (dilation {}x{}, stride {}x{}) does not fit into the map of {}x{} with padding top {}, bottom {}, left {}, right {}",
                               arg[kImFilterH], arg[kImFilterW], arg[kImDilationH], arg[kImDilationW], arg[kImStrideH], arg[kImStrideW], issue.fm_h,
                               issue.fm_w, issue.pad_top, issue.pad_bottom, issue.pad_left, issue.pad_right));
  const int64_t columns = shape.c1 * arg[kImFilterH] * arg[kImFilterW];
  if (shape.first_k1 + shape.k1 > columns)
    return invalid(fmt::format("columns {} to {} of a matrix that has {}", arg[kImPosK], arg[kImPosK] + arg[kImStepK], columns * 16));
  return {};
}

// The rows some window covers, plane by plane.
Status check_img2col_source(OnChipBuffer& l1, const Instr& instr, const IssueState& issue, const Img2ColShape& shape) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t row_bytes = issue.fm_w * kBlockBytes;
  const int64_t first_out = shape.first_m / shape.out_w, last_out = (shape.first_m + shape.real_m - 1) / shape.out_w;
  for (int64_t k1 = shape.first_k1; k1 < shape.first_k1 + shape.k1; ++k1) {
    const int64_t plane = k1 / (arg[kImFilterH] * arg[kImFilterW]), kh = k1 / arg[kImFilterW] % arg[kImFilterH];
    for (int64_t out = first_out; out <= last_out; ++out) {
      const int64_t row = out * arg[kImStrideH] - issue.pad_top + kh * arg[kImDilationH];
      if (row < 0 || row >= issue.fm_h) continue;
      const int64_t begin = arg[kImSrc] + (plane * issue.fm_h + row) * row_bytes;
      NPU_CHECK(l1.check_written(begin, begin + row_bytes));
    }
  }
  return {};
}

bool all_zero(const float* values, int64_t count) {
  uint32_t bits = 0;
  for (int64_t i = 0; i < count; ++i) bits |= std::bit_cast<uint32_t>(values[i]);
  return bits == 0;
}

// How many of the 16 k of column block `index` count: trailing ones where A and B both hold +0 everywhere (C0's padding
// channels) add +0 to every sum.
int useful_steps(const kernels::CubeKernels& cube, const kernels::MadArgs& args, int64_t index) {
  const auto zero_row = [&](int64_t k) {
    for (int64_t n = 0; n < args.n1; ++n)
      if (!all_zero(args.b + (index * args.n1 + n) * kernels::kFractal + k * 16, 16)) return false;
    return true;
  };
  int steps = 16;
  while (steps > 0 && zero_row(steps - 1)) --steps;
  if (steps == 16) return steps;
  return std::max(steps, cube.used_columns(args.a + index * kernels::kFractal, ceil_div(args.m, 16), args.k1 * kernels::kFractal));
}

// Adding +0 changes nothing but -0. A sum that starts at +0 never becomes -0; for another start one such step is kept.
void choose_steps(Machine& machine, kernels::MadArgs& args, bool all) {
  machine.k_steps.assign(static_cast<size_t>(args.k1), 16);
  args.k_steps = machine.k_steps.data();
  if (all) return;
  bool keep_one = args.start != kernels::MadStart::Zero;
  for (int64_t i = 0; i < args.k1; ++i) {
    int steps = useful_steps(*machine.cube, args, i);
    if (steps < 16 && std::exchange(keep_one, false)) ++steps;
    machine.k_steps[static_cast<size_t>(i)] = static_cast<uint8_t>(steps);
  }
}

// The 16 diagonal values of each of B's fractals into machine.diagonal, unless B has others.
bool find_diagonal(Machine& machine, const kernels::MadArgs& args) {
  if (args.n1 != 1) return false;
  machine.diagonal.resize(static_cast<size_t>(args.k1) * 16);
  for (int64_t row = 0; row < args.k1 * 16; ++row) {
    const float* const values = args.b + row * 16;
    const float own = values[row % 16];
    int32_t others = own != 0 ? -1 : 0;
    for (int64_t n = 0; n < 16; ++n) others += values[n] != 0 ? 1 : 0;  // NaN is not 0
    if (others != 0) return false;
    machine.diagonal[static_cast<size_t>(row)] = own;
  }
  return true;
}

}  // namespace

Status execute_LoadCbufToCa(Machine& machine, const Instr& instr) { return load_fractals(machine, instr, machine.cube->load_a); }
Status execute_LoadCbufToCb(Machine& machine, const Instr& instr) { return load_fractals(machine, instr, machine.cube->load_b); }

Status execute_Img2ColV2CbufToCa(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const IssueState& issue = machine.issue;
  if (arg[kImStepK] == 0 || arg[kImStepM] == 0 || arg[kImChannels] == 0 || issue.fm_h == 0 || issue.fm_w == 0) return {};
  const Img2ColShape shape(instr, issue);
  NPU_CHECK(check_img2col(instr, issue, shape));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& l0a = machine.buffer(Buffer::L0A);
  const AccessList list = accesses(instr, issue);
  for (const Access& access : list.view())
    if (access.buffer == Buffer::L1 && !l1.was_written(access.begin, access.end)) NPU_CHECK(check_img2col_source(l1, instr, issue, shape));
  machine.cube->img2col({
      .dst = l0a.floats(arg[kImDst]), .src = halves(l1, arg[kImSrc]), .pad = half_bits_to_float(issue.pad_value),
      .fm_h = issue.fm_h, .fm_w = issue.fm_w, .pad_left = issue.pad_left, .pad_top = issue.pad_top,
      .stride_w = arg[kImStrideW], .stride_h = arg[kImStrideH], .filter_w = arg[kImFilterW], .filter_h = arg[kImFilterH],
      .dilation_w = arg[kImDilationW], .dilation_h = arg[kImDilationH], .out_w = shape.out_w,
      .first_k1 = shape.first_k1, .k1 = shape.k1, .first_m = shape.first_m, .m = shape.m, .real_m = shape.real_m});
  l0a.mark_written(arg[kImDst], arg[kImDst] + shape.m * shape.k1 * kBlockBytes);
  return {};
}

Status execute_Mad(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (arg[kMadM] == 0 || arg[kMadK] == 0 || arg[kMadN] == 0) return {};
  if (arg[kMadInit] > 2) return invalid(fmt::format("init is {}, allowed are 0 to 2", arg[kMadInit]));
  NPU_CHECK(check_alignment("c", Buffer::L0C, arg[kMadC], 2 * kFractalBytes));
  NPU_CHECK(check_alignment("a", Buffer::L0A, arg[kMadA], kFractalBytes));
  NPU_CHECK(check_alignment("b", Buffer::L0B, arg[kMadB], kFractalBytes));
  const AccessList list = accesses(instr, machine.issue);
  for (const Access& access : list.view())
    if (!access.write) NPU_CHECK(machine.buffer(access.buffer).check_written(access.begin, access.end));

  const int64_t m1 = ceil_div(arg[kMadM], 16), k1 = ceil_div(arg[kMadK], 16), n1 = ceil_div(arg[kMadN], 16);
  kernels::MadArgs args{.c = machine.buffer(Buffer::L0C).floats(arg[kMadC]), .a = machine.buffer(Buffer::L0A).floats(arg[kMadA]),
                        .b = machine.buffer(Buffer::L0B).floats(arg[kMadB]), .m = arg[kMadM], .k1 = k1, .n1 = n1};
  if (arg[kMadInit] == 0) args.start = kernels::MadStart::FromC;
  if (arg[kMadInit] == 2) args.start = kernels::MadStart::Bias, args.bias = machine.buffer(Buffer::BT).floats(0);
  const bool diagonal = find_diagonal(machine, args);
  choose_steps(machine, args, diagonal);
  if (diagonal) machine.cube->mad_diagonal(args, machine.diagonal.data());
  else machine.cube->mad(args);
  machine.buffer(Buffer::L0C).mark_written(arg[kMadC], arg[kMadC] + m1 * n1 * 2 * kFractalBytes);
  return {};
}

Status execute_CopyMatrixCcToUbuf(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (machine.split) return invalid(fmt::format("{} has no path from L0C to UB", machine.soc_name));
  if (arg[kCcMode] > kCcModeF32ToF16) return invalid(fmt::format("mode {} is not implemented: only fp32 (0) and fp32 to fp16 (1)", arg[kCcMode]));
  NPU_CHECK(check_alignment("dst", Buffer::UB, arg[kCcDst], kBlockBytes));
  NPU_CHECK(check_alignment("src", Buffer::L0C, arg[kCcSrc], 2 * kFractalBytes));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const bool to_half = arg[kCcMode] == kCcModeF32ToF16, relu = arg[kCcRelu] != 0;
  const int64_t read = arg[kCcLength] * 2 * kFractalBytes, written = to_half ? read / 2 : read;
  for (int64_t i = 0; i < arg[kCcBursts]; ++i) {
    const int64_t src = arg[kCcSrc] + i * (read + arg[kCcSrcGap] * 2 * kFractalBytes);
    const int64_t dst = arg[kCcDst] + i * (written + arg[kCcDstGap] * kBlockBytes);
    NPU_CHECK(l0c.check_written(src, src + read));
    const float* from = l0c.floats(src);
    const auto count = static_cast<size_t>(read / 4);
    if (to_half) (relu ? machine.cube->relu_float_to_half : machine.cube->float_to_half)(from, reinterpret_cast<uint16_t*>(ub.at(dst)), count, machine.half_limit);
    else (relu ? machine.cube->relu_float : machine.cube->copy_float)(from, reinterpret_cast<float*>(ub.at(dst)), count);
    ub.mark_written(dst, dst + written);
  }
  return {};
}

Status execute_CopyMatrixCcToGm(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  if (!machine.split) return invalid(fmt::format("{} has no FIX pipe", machine.soc_name));
  if (arg[kFixMode] > kCcModeF32ToF16) return invalid(fmt::format("mode {} is not implemented: only fp32 (0) and fp32 to fp16 (1)", arg[kFixMode]));
  NPU_CHECK(check_alignment("src", Buffer::L0C, arg[kFixSrc], 2 * kFractalBytes));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  const bool to_half = arg[kFixMode] == kCcModeF32ToF16, relu = arg[kFixRelu] != 0;
  const int64_t m = arg[kFixM], n = arg[kFixN], size = to_half ? 2 : 4;
  const auto convert = [&](const float* from, std::byte* to, int64_t count) {
    if (to_half) (relu ? machine.cube->relu_float_to_half : machine.cube->float_to_half)(from, reinterpret_cast<uint16_t*>(to), static_cast<size_t>(count), machine.half_limit);
    else (relu ? machine.cube->relu_float : machine.cube->copy_float)(from, reinterpret_cast<float*>(to), static_cast<size_t>(count));
  };
  const auto column = [&](int64_t n1) { return arg[kFixSrc] + n1 * arg[kFixSrcStride] * 2 * kFractalBytes; };
  for (int64_t n1 = 0; n1 < ceil_div(n, 16); ++n1) {
    if (m > 0) NPU_CHECK(l0c.check_written(column(n1), column(n1) + m * 64));
    if (m == 0 || arg[kFixNz2Nd]) continue;
    NPU_TRY(const std::span<std::byte> to, machine.memory->write(arg[kFixDst] + n1 * arg[kFixDstStride] * kBlockBytes, m * 16 * size));
    convert(l0c.floats(column(n1)), to.data(), m * 16);
  }
  alignas(64) std::byte block[64];
  for (int64_t row = 0; arg[kFixNz2Nd] && n > 0 && row < m; ++row) {
    NPU_TRY(const std::span<std::byte> to, machine.memory->write(arg[kFixDst] + row * arg[kFixDstStride], n * size));
    for (int64_t first = 0; first < n; first += 16) {
      convert(l0c.floats(column(first / 16)) + row * 16, block, 16);
      std::memcpy(to.data() + first * size, block, static_cast<size_t>(std::min<int64_t>(16, n - first) * size));
    }
  }
  return {};
}

Status execute_BroadcastUbToCc(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kBcSrcType]);
  if (machine.split) return invalid(fmt::format("{} has no path from UB to L0C", machine.soc_name));
  if (type != VecType::F16 && type != VecType::F32) return invalid(fmt::format("src_type {} is not implemented: only f16 and f32", kVecTypeNames[static_cast<size_t>(type)]));
  NPU_CHECK(check_alignment("dst", Buffer::L0C, arg[kBcDst], 2 * kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::UB, arg[kBcSrc], kBlockBytes));
  OnChipBuffer& l0c = machine.buffer(Buffer::L0C);
  OnChipBuffer& ub = machine.buffer(Buffer::UB);
  const int64_t bytes = 16 * vec_type_size(type), fractals = arg[kBcBursts] * arg[kBcLength];
  if (fractals == 0) return {};
  NPU_CHECK(ub.check_written(arg[kBcSrc], arg[kBcSrc] + arg[kBcBursts] * bytes));
  for (int64_t i = 0; i < arg[kBcBursts]; ++i) {
    float row[16];
    const std::byte* src = ub.at(arg[kBcSrc] + i * bytes);
    if (type == VecType::F16) machine.cube->half_to_float(reinterpret_cast<const uint16_t*>(src), row, 16);
    else std::memcpy(row, src, sizeof(row));
    float* dst = l0c.floats(arg[kBcDst]) + i * arg[kBcLength] * kernels::kFractal;
    for (int64_t r = 0; r < arg[kBcLength] * 16; ++r) std::memcpy(dst + r * 16, row, sizeof(row));
  }
  l0c.mark_written(arg[kBcDst], arg[kBcDst] + fractals * 2 * kFractalBytes);
  return {};
}

Status execute_CopyCbufToBt(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const auto type = static_cast<VecType>(arg[kBtSrcType]);
  if (type != VecType::F16 && type != VecType::F32) return invalid(fmt::format("src_type {} is not implemented: only f16 and f32", kVecTypeNames[static_cast<size_t>(type)]));
  NPU_CHECK(check_alignment("dst", Buffer::BT, arg[kBtDst], 64));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kBtSrc], kBlockBytes));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& bt = machine.buffer(Buffer::BT);
  const int64_t count = arg[kBtLength] * 16, bytes = count * vec_type_size(type);
  if (count == 0) return {};
  NPU_CHECK(l1.check_written(arg[kBtSrc], arg[kBtSrc] + bytes));
  if (type == VecType::F16) machine.cube->half_to_float(halves(l1, arg[kBtSrc]), bt.floats(arg[kBtDst]), static_cast<size_t>(count));
  else std::memcpy(bt.floats(arg[kBtDst]), l1.at(arg[kBtSrc]), static_cast<size_t>(bytes));
  bt.mark_written(arg[kBtDst], arg[kBtDst] + count * 4);
  return {};
}

}  // namespace npu
