// SPDX-License-Identifier: Apache-2.0
// The rarer ways of LoadData 3D, element by element: version 1, small channels, and into L0B.
#include <fmt/format.h>

#include <cstring>

#include "core/chip/machine.h"

namespace npu {
namespace {

constexpr auto kF16 = static_cast<size_t>(kernels::Element::F16);  // bf16 moves as it does

// The feature map in L1 as set_fmatrix describes it.
class FeatureMap {
 public:
  FeatureMap(Machine& machine, int64_t base, int64_t channels) : l1_(machine.buffer(Buffer::L1)), issue_(machine.issue), base_(base), channels_(channels) {}

  // The element, or the padding value outside the map.
  Result<uint16_t> at(int64_t plane, int64_t h, int64_t w, int64_t c) {
    if (h < 0 || h >= issue_.fm_h || w < 0 || w >= issue_.fm_w) return issue_.pad_value;
    const int64_t address = base_ + (((plane * issue_.fm_h + h) * issue_.fm_w + w) * channels_ + c) * 2;
    NPU_CHECK(l1_.check_written(address, address + 2));
    uint16_t value;
    std::memcpy(&value, l1_.at(address), 2);
    return value;
  }

 private:
  OnChipBuffer& l1_;
  const IssueState& issue_;
  int64_t base_, channels_;
};

void store_fractal(Machine& machine, Buffer target, int64_t address, const uint16_t* fractal, VecType type) {
  OnChipBuffer& l0 = machine.buffer(target);
  const auto& loads = target == Buffer::L0A ? machine.cube->load_a : machine.cube->load_b;
  const size_t element = type == VecType::BF16 ? static_cast<size_t>(kernels::Element::BF16) : kF16;
  loads[element](fractal, l0.floats(address), target == Buffer::L0B);
  l0.mark_typed(address, address + kFractalBytes, static_cast<int64_t>(type));
}

struct Corner {
  int64_t h, w;
};

Status img2col_v1(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const IssueState& issue = machine.issue;
  const bool windows = arg[kI1Mode] & 1, small = arg[kI1Mode] & 2;
  const int64_t filter_w = arg[kI1FilterW], taps = filter_w * arg[kI1FilterH];
  if (arg[kI1Repeat] == 0 || issue.fm_h == 0 || issue.fm_w == 0) return {};
  if (small && arg[kI1C1] != 0) return invalid(fmt::format("c1 is {}, small channels have one plane", arg[kI1C1]));
  if (arg[kI1FetchW] >= filter_w || arg[kI1FetchH] >= arg[kI1FilterH])
    return invalid(fmt::format("tap {}x{} of a filter of {}x{}", arg[kI1FetchH], arg[kI1FetchW], arg[kI1FilterH], filter_w));
  const int64_t window_w = (filter_w - 1) * arg[kI1DilationW] + 1, window_h = (arg[kI1FilterH] - 1) * arg[kI1DilationH] + 1;
  const int64_t right = issue.fm_w + issue.pad_right, bottom = issue.fm_h + issue.pad_bottom;
  if (window_w > right + issue.pad_left || window_h > bottom + issue.pad_top)
    return invalid(fmt::format("a window of {}x{} does not fit into the map of {}x{} with its padding", window_h, window_w, issue.fm_h, issue.fm_w));
  FeatureMap map(machine, arg[kI1Src], small ? 4 : 16);
  const auto step = [&](Corner corner) {
    corner.w += arg[kI1StrideW];
    return corner.w + window_w > right ? Corner{corner.h + arg[kI1StrideH], -issue.pad_left} : corner;
  };
  Corner first{arg[kI1LeftH], arg[kI1LeftW]};
  for (int64_t i = 0; i < arg[kI1Repeat]; ++i) {
    alignas(64) uint16_t fractal[256] = {};
    Corner corner = first;
    for (int64_t m = 0; m < 16; ++m, corner = step(corner)) {
      if (corner.h + window_h > bottom) continue;
      for (int64_t c = 0; c < 16; ++c) {
        const int64_t further = (windows ? 0 : small ? 4 * i : i) + (small ? c / 4 : 0);
        const int64_t tap = arg[kI1FetchH] * filter_w + arg[kI1FetchW] + further, inside = tap % taps;
        if (small && tap >= taps) continue;
        const int64_t h = corner.h + inside / filter_w * arg[kI1DilationH], w = corner.w + inside % filter_w * arg[kI1DilationW];
        NPU_TRY(fractal[m * 16 + c], map.at(arg[kI1C1] + tap / taps, h, w, small ? c % 4 : c));
      }
    }
    if (windows) first = corner;
    store_fractal(machine, instr_info(instr.op).dst, arg[kI1Dst] + i * arg[kI1Jump] * kFractalBytes, fractal, VecType::F16);
  }
  return {};
}

}  // namespace

Status execute_Img2ColCbufToCa(Machine& machine, const Instr& instr) { return img2col_v1(machine, instr); }
Status execute_Img2ColCbufToCb(Machine& machine, const Instr& instr) { return img2col_v1(machine, instr); }

Status execute_Img2ColV2CbufToCb(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const IssueState& issue = machine.issue;
  if (arg[kImStepK] == 0 || arg[kImStepM] == 0 || arg[kImChannels] == 0 || issue.fm_h == 0 || issue.fm_w == 0) return {};
  const Img2ColShape shape(instr, issue);
  if (arg[kImPosK] % 16 != 0 || arg[kImStepK] % 16 != 0) return invalid(fmt::format("pos_k {} and step_k {} must be multiples of 16", arg[kImPosK], arg[kImStepK]));
  if (shape.out_h == 0 || shape.out_w == 0) return invalid(fmt::format("filter {}x{} does not fit into the map of {}x{}", arg[kImFilterH], arg[kImFilterW], issue.fm_h, issue.fm_w));
  const int64_t window = arg[kImFilterH] * arg[kImFilterW], channels = shape.small ? kSmallChannels : 16;
  if (shape.first_k1 + shape.k1 > shape.all_k1)
    return invalid(fmt::format("columns {} to {} of a matrix that has {}", arg[kImPosK], arg[kImPosK] + arg[kImStepK], shape.all_k1 * 16));
  FeatureMap map(machine, arg[kImSrc], channels);
  for (int64_t m1 = 0; m1 < shape.m / 16; ++m1)
    for (int64_t j = 0; j < shape.k1; ++j) {
      alignas(64) uint16_t fractal[256] = {};
      for (int64_t row = 0; row < 16 && m1 * 16 + row < shape.real_m; ++row) {
        const int64_t m = shape.first_m + m1 * 16 + row;
        for (int64_t c = 0; c < 16; ++c) {
          const int64_t tap = shape.first_tap + (j * 16 + c) / channels, inside = tap % window;
          if (tap >= shape.end_tap) break;
          const int64_t h = m / shape.out_w * arg[kImStrideH] - issue.pad_top + inside / arg[kImFilterW] * arg[kImDilationH];
          const int64_t w = m % shape.out_w * arg[kImStrideW] - issue.pad_left + inside % arg[kImFilterW] * arg[kImDilationW];
          NPU_TRY(fractal[row * 16 + c], map.at(tap / window, h, w, c % channels));
        }
      }
      store_fractal(machine, Buffer::L0B, arg[kImDst] + (m1 * shape.k1 + j) * kFractalBytes, fractal, static_cast<VecType>(arg[kImType]));
    }
  return {};
}

}  // namespace npu
