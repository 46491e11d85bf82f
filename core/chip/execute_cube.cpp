// SPDX-License-Identifier: Apache-2.0
// MTE1 (L1 -> L0A, L0B) and the cube.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <utility>

#include "core/chip/machine.h"

namespace npu {
namespace {

const uint16_t* halves(OnChipBuffer& buffer, int64_t address) { return reinterpret_cast<const uint16_t*>(buffer.at(address)); }

constexpr std::array<std::pair<VecType, kernels::Element>, kernels::kElements> kElementTypes{{
    {VecType::F16, kernels::Element::F16}, {VecType::BF16, kernels::Element::BF16}, {VecType::F32, kernels::Element::F32},
    {VecType::S8, kernels::Element::S8}, {VecType::U8, kernels::Element::U8}, {VecType::S4, kernels::Element::S4},
}};

std::string type_name(int64_t type) { return std::string(kVecTypeNames[static_cast<size_t>(type)]); }

// bf16 and f32 came with the split cores.
bool split_only(VecType type) { return type == VecType::BF16 || type == VecType::F32; }

Result<size_t> element_of(const Machine& machine, int64_t type) {
  const auto found = std::ranges::find(kElementTypes, static_cast<VecType>(type), &std::pair<VecType, kernels::Element>::first);
  if (found == kElementTypes.end()) return invalid(fmt::format("type {} cannot enter L0", type_name(type)));
  if (split_only(found->first) && !machine.split) return invalid(fmt::format("the cube of {} does not multiply {}", machine.soc_name, type_name(type)));
  return static_cast<size_t>(found->second);
}

// What load2d asks of its type, from L1 or from GM.
Result<size_t> fractal_element(const Machine& machine, int64_t type, bool transpose) {
  NPU_TRY(const size_t element, element_of(machine, type));
  if (transpose && vec_type_size(static_cast<VecType>(type)) != 2)
    return invalid(fmt::format("transpose of {} is not implemented: only types of 2 bytes", type_name(type)));
  return element;
}

using LoadTable = void (*const (&)[kernels::kElements])(const uint16_t*, float*, bool);

Status load_fractals(Machine& machine, const Instr& instr, LoadTable loads) {
  using namespace field;
  const auto& arg = instr.arg;
  const Buffer target = instr_info(instr.op).dst;
  NPU_TRY(const size_t element, fractal_element(machine, arg[kLoadType], arg[kLoadTranspose] != 0));
  NPU_CHECK(check_alignment("dst", target, arg[kLoadDst], kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kLoadSrc], kBlockBytes));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& l0 = machine.buffer(target);
  for (int64_t i = 0; i < arg[kLoadRepeat]; ++i) {
    const int64_t step = i * arg[kLoadSrcStride] * kFractalBytes, src = arg[kLoadSrc] + (arg[kLoadDecrement] ? -step : step);
    const int64_t dst = arg[kLoadDst] + i * (arg[kLoadDstGap] + 1) * kFractalBytes;
    NPU_CHECK(l1.check_written(src, src + kFractalBytes));
    loads[element](halves(l1, src), l0.floats(dst), arg[kLoadTranspose] != 0);
    l0.mark_typed(dst, dst + kFractalBytes, arg[kLoadType]);
  }
  return {};
}

// The same from GM.
Status load_gm_fractals(Machine& machine, const Instr& instr, LoadTable loads) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_TRY(const size_t element, fractal_element(machine, arg[kLgType], arg[kLgTranspose] != 0));
  OnChipBuffer& l0 = machine.buffer(instr_info(instr.op).dst);
  for (int64_t i = 0; i < arg[kLgRepeat]; ++i) {
    const int64_t step = i * arg[kLgSrcStride] * kFractalBytes, dst = arg[kLgDst] + i * (arg[kLgDstGap] + 1) * kFractalBytes;
    NPU_TRY(const auto from, machine.memory->read(arg[kLgSrc] + (arg[kLgDecrement] ? -step : step), kFractalBytes));
    alignas(64) uint16_t fractal[kFractalBytes / 2];
    std::memcpy(fractal, from.data(), from.size());
    loads[element](fractal, l0.floats(dst), arg[kLgTranspose] != 0);
    l0.mark_typed(dst, dst + kFractalBytes, arg[kLgType]);
  }
  return {};
}

Status check_img2col(const Instr& instr, const IssueState& issue, const Img2ColShape& shape) {
  using namespace field;
  const auto& arg = instr.arg;
  NPU_CHECK(check_alignment("dst", Buffer::L0A, arg[kImDst], kFractalBytes));
  NPU_CHECK(check_alignment("src", Buffer::L1, arg[kImSrc], kBlockBytes));
  if (arg[kImPosK] % shape.c0 != 0 || arg[kImStepK] % shape.c0 != 0)
    return invalid(fmt::format("pos_k {} and step_k {} must be multiples of {}", arg[kImPosK], arg[kImStepK], shape.c0));
  if (shape.out_h == 0 || shape.out_w == 0)
    return invalid(fmt::format("filter {}x{} (dilation {}x{}, stride {}x{}) does not fit into the map of {}x{} with padding top {}, bottom {}, left {}, right {}",
                               arg[kImFilterH], arg[kImFilterW], arg[kImDilationH], arg[kImDilationW], arg[kImStrideH], arg[kImStrideW], issue.fm_h,
                               issue.fm_w, issue.pad_top, issue.pad_bottom, issue.pad_left, issue.pad_right));
  if (shape.first_k1 + shape.k1 > shape.all_k1)
    return invalid(fmt::format("columns {} to {} of a matrix that has {}", arg[kImPosK], arg[kImPosK] + arg[kImStepK], shape.all_k1 * shape.c0));
  return {};
}

// The rows some window covers, plane by plane.
Status check_img2col_source(OnChipBuffer& l1, const Instr& instr, const IssueState& issue, const Img2ColShape& shape) {
  using namespace field;
  const auto& arg = instr.arg;
  const int64_t row_bytes = issue.fm_w * shape.pixel_bytes;
  const int64_t first_out = shape.first_m / shape.out_w, last_out = (shape.first_m + shape.real_m - 1) / shape.out_w;
  for (int64_t tap = shape.first_tap; tap < shape.end_tap; ++tap) {
    const int64_t plane = tap / (arg[kImFilterH] * arg[kImFilterW]), kh = tap / arg[kImFilterW] % arg[kImFilterH];
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

// Whether row k of B's column block `index` holds zeros only.
bool zero_row(const kernels::MadArgs& args, int64_t index, int64_t k) {
  for (int64_t n = 0; n < args.n1; ++n)
    if (!all_zero(args.b + (index * args.n1 + n) * kernels::kFractal + k * 16, 16)) return false;
  return true;
}

// How many of its 16 rows are left when trailing ones of zeros are dropped.
int used_rows(const kernels::MadArgs& args, int64_t index) {
  int rows = 16;
  while (rows > 0 && zero_row(args, index, rows - 1)) --rows;
  return rows;
}

struct Steps {
  int count = 16;    // of the 16 k, the first
  int of_four = 4;   // of each four k, the first
};

// Which k of column block `index` count: those where A and B both hold +0 everywhere (padding channels: of 16 behind the last
// one, of small channels in each four) add +0 to every sum.
Steps useful_steps(const kernels::CubeKernels& cube, const kernels::MadArgs& args, int64_t index) {
  if (!zero_row(args, index, 15)) return {};
  uint32_t used = cube.used_columns(args.a + index * kernels::kFractal, ceil_div(args.m, 16), args.k1 * kernels::kFractal);
  for (int64_t k = 0; k < 15; ++k)
    if ((used >> k & 1) == 0 && !zero_row(args, index, k)) used |= uint32_t{1} << k;
  const uint32_t of_four = (used | used >> 4 | used >> 8 | used >> 12) & 15;
  return {static_cast<int>(std::bit_width(used)), static_cast<int>(std::bit_width(of_four))};
}

// Products of integers with 0 are 0: only B is asked.
void choose_integer_steps(Machine& machine, kernels::MadArgs& args) {
  machine.k_steps.resize(static_cast<size_t>(args.k1));
  for (int64_t i = 0; i < args.k1; ++i) machine.k_steps[static_cast<size_t>(i)] = static_cast<uint8_t>(used_rows(args, i));
  args.k_steps = machine.k_steps.data();
}

// Whether B's fractal (words of two int16: k = 2*row, 2*row + 1) is 0 but for k == n + 16*upper; its diagonal then.
bool take_diagonal(const float* fractal, int64_t upper, int16_t* values) {
  const auto* pairs = reinterpret_cast<const int16_t*>(fractal);
  for (int64_t row = 0; row < 16; ++row) {
    const auto* line = pairs + row * 32;
    uint64_t words[8];
    std::memcpy(words, line, sizeof(words));
    const int64_t first = row * 2 - upper * 16;  // the columns that may hold something: first and first + 1, in one 64-bit word
    for (int64_t w = 0; w < 8; ++w)
      if (words[w] != 0 && (first < 0 || first >= 16 || w != first / 2)) return false;
    if (first < 0 || first >= 16) continue;
    const int16_t* own = line + first * 2;  // (n first: k, k + 1), (n first + 1: k, k + 1)
    if (own[1] != 0 || own[2] != 0) return false;
    values[first] = own[0], values[first + 1] = own[3];
  }
  return true;
}

// Depthwise convolutions: each column of C depends on one channel of a pixel. [n1][k1][16] values into machine.diagonal_pairs.
bool find_diagonal_pairs(Machine& machine, const kernels::MadArgs& args, std::span<uint8_t> upper) {
  if (args.n1 > static_cast<int64_t>(upper.size())) return false;
  machine.diagonal_pairs.assign(static_cast<size_t>(args.n1 * args.k1 * 16), 0);
  for (int64_t n = 0; n < args.n1; ++n) {
    const auto all = [&](int64_t half) {
      for (int64_t k = 0; k < args.k1; ++k)
        if (!take_diagonal(args.b + (k * args.n1 + n) * kernels::kFractal, half, machine.diagonal_pairs.data() + (n * args.k1 + k) * 16)) return false;
      return true;
    };
    upper[static_cast<size_t>(n)] = static_cast<uint8_t>(n % 2);
    if (!all(n % 2)) return false;
  }
  return true;
}

// Adding +0 changes nothing but -0. A sum that starts at +0 never becomes -0; for another start one such step is kept.
void choose_steps(Machine& machine, kernels::MadArgs& args, bool all) {
  machine.k_steps.assign(static_cast<size_t>(2 * args.k1), 16);
  args.k_steps = machine.k_steps.data();
  if (all) return;
  args.k_of_four = machine.k_steps.data() + args.k1;
  bool keep_one = args.start != kernels::MadStart::Zero;
  for (int64_t i = 0; i < args.k1; ++i) {
    Steps steps = useful_steps(*machine.cube, args, i);
    if (steps.count < 16 && std::exchange(keep_one, false)) steps = {steps.count + 1, 4};
    machine.k_steps[static_cast<size_t>(i)] = static_cast<uint8_t>(steps.count);
    machine.k_steps[static_cast<size_t>(args.k1 + i)] = static_cast<uint8_t>(steps.of_four);
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

Status check_mad_sources(Machine& machine, const Instr& instr) {
  const AccessList list = accesses(instr, machine.issue);
  for (const Access& access : list.view()) {
    if (access.write) continue;
    const OnChipBuffer& source = machine.buffer(access.buffer);
    if (access.buffer == Buffer::L0A || access.buffer == Buffer::L0B)
      NPU_CHECK(source.check_typed(access.begin, access.end, instr.arg[access.buffer == Buffer::L0A ? field::kMadAType : field::kMadBType]));
    else NPU_CHECK(source.check_written(access.begin, access.end));
  }
  return {};
}

// A row of L0A whose every element is the padding value.
void fill_pad_row(const kernels::CubeKernels& cube, size_t element, uint16_t value, float* row) {
  alignas(64) uint16_t fractal[kernels::kFractal] = {};
  alignas(64) float unpacked[kernels::kFractal];
  const auto type = static_cast<kernels::Element>(element);
  for (int i = 0; i < 16; ++i) {
    if (type == kernels::Element::S8 || type == kernels::Element::U8) fractal[i] = static_cast<uint16_t>((value & 0xff) * 0x0101);
    else if (type == kernels::Element::S4) fractal[i] = static_cast<uint16_t>((value & 0xf) * 0x1111);
    else if (type == kernels::Element::F32) fractal[i] = i % 2 ? value : uint16_t{0};
    else fractal[i] = value;
  }
  cube.load_a[element](fractal, unpacked, false);
  std::memcpy(row, unpacked, 64);
}

void multiply_others(Machine& machine, kernels::MadArgs& args, kernels::Product product, VecType type) {
  std::array<uint8_t, 4> upper{};
  if (product == kernels::Product::Pairs && find_diagonal_pairs(machine, args, upper))
    return machine.cube->mad_diagonal_pairs(args, machine.diagonal_pairs.data(), upper.data());
  if (product == kernels::Product::Pairs || product == kernels::Product::Quads) {
    choose_integer_steps(machine, args);
  } else {
    machine.k_steps.assign(static_cast<size_t>(args.k1), type == VecType::F32 ? 8 : 16);
    args.k_steps = machine.k_steps.data();
  }
  machine.cube->mad_as[static_cast<size_t>(product)](args);
}

struct MadTypes {
  VecType a, b;
  kernels::Product product;
};
constexpr MadTypes kMadTypes[] = {
    {VecType::F16, VecType::F16, kernels::Product::Half}, {VecType::BF16, VecType::BF16, kernels::Product::Single},
    {VecType::F32, VecType::F32, kernels::Product::Single}, {VecType::S8, VecType::S8, kernels::Product::Pairs},
    {VecType::U8, VecType::S8, kernels::Product::Pairs}, {VecType::U8, VecType::U8, kernels::Product::Pairs},
    {VecType::S4, VecType::S4, kernels::Product::Quads},
};

Result<kernels::Product> product_of(const Machine& machine, const Instr& instr) {
  const auto a = static_cast<VecType>(instr.arg[field::kMadAType]), b = static_cast<VecType>(instr.arg[field::kMadBType]);
  for (const MadTypes& row : kMadTypes) {
    if (row.a != a || row.b != b) continue;
    if (split_only(a) && !machine.split) break;
    if (instr.arg[field::kMadHf32] == 0) return row.product;
    if (a == VecType::F32) return kernels::Product::Hf32;
    return invalid("hf32 needs f32 operands");
  }
  return invalid(fmt::format("the cube of {} does not multiply {} by {}", machine.soc_name, type_name(instr.arg[field::kMadAType]),
                             type_name(instr.arg[field::kMadBType])));
}

}  // namespace

Status execute_LoadCbufToCa(Machine& machine, const Instr& instr) { return load_fractals(machine, instr, machine.cube->load_a); }
Status execute_LoadCbufToCb(Machine& machine, const Instr& instr) { return load_fractals(machine, instr, machine.cube->load_b); }
Status execute_LoadGmToCa(Machine& machine, const Instr& instr) { return load_gm_fractals(machine, instr, machine.cube->load_a); }
Status execute_LoadGmToCb(Machine& machine, const Instr& instr) { return load_gm_fractals(machine, instr, machine.cube->load_b); }

Status execute_Img2ColV2CbufToCa(Machine& machine, const Instr& instr) {
  using namespace field;
  const auto& arg = instr.arg;
  const IssueState& issue = machine.issue;
  if (arg[kImStepK] == 0 || arg[kImStepM] == 0 || arg[kImChannels] == 0 || issue.fm_h == 0 || issue.fm_w == 0) return {};
  NPU_TRY(const size_t element, element_of(machine, arg[kImType]));
  const Img2ColShape shape(instr, issue);
  NPU_CHECK(check_img2col(instr, issue, shape));
  OnChipBuffer& l1 = machine.buffer(Buffer::L1);
  OnChipBuffer& l0a = machine.buffer(Buffer::L0A);
  if (l1.tracks()) {
    const AccessList list = accesses(instr, issue);
    for (const Access& access : list.view())
      if (access.buffer == Buffer::L1 && !l1.was_written(access.begin, access.end)) NPU_CHECK(check_img2col_source(l1, instr, issue, shape));
  }
  kernels::Img2ColArgs args{
      .dst = l0a.floats(arg[kImDst]), .src = halves(l1, arg[kImSrc]),
      .fm_h = issue.fm_h, .fm_w = issue.fm_w, .pad_left = issue.pad_left, .pad_top = issue.pad_top,
      .stride_w = arg[kImStrideW], .stride_h = arg[kImStrideH], .filter_w = arg[kImFilterW], .filter_h = arg[kImFilterH],
      .dilation_w = arg[kImDilationW], .dilation_h = arg[kImDilationH], .out_w = shape.out_w,
      .first_k1 = shape.first_k1, .k1 = shape.k1, .first_m = shape.first_m, .m = shape.m, .real_m = shape.real_m, .small = shape.small};
  fill_pad_row(*machine.cube, element, issue.pad_value, args.pad_row);
  machine.cube->img2col[element](args);
  l0a.mark_typed(arg[kImDst], arg[kImDst] + shape.m * shape.k1 * kBlockBytes, arg[kImType]);
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
  NPU_TRY(const kernels::Product product, product_of(machine, instr));
  if (machine.buffer(Buffer::L0C).tracks()) NPU_CHECK(check_mad_sources(machine, instr));
  const auto [m1, k1, n1] = MadShape(instr);
  kernels::MadArgs args{.c = machine.buffer(Buffer::L0C).floats(arg[kMadC]), .a = machine.buffer(Buffer::L0A).floats(arg[kMadA]),
                        .b = machine.buffer(Buffer::L0B).floats(arg[kMadB]), .m = arg[kMadM], .k1 = k1, .n1 = n1};
  if (arg[kMadInit] == 0) args.start = kernels::MadStart::FromC;
  if (arg[kMadInit] == 2) args.start = kernels::MadStart::Bias, args.bias = machine.buffer(Buffer::BT).floats(0);
  if (product == kernels::Product::Half) {
    const bool diagonal = find_diagonal(machine, args);
    choose_steps(machine, args, diagonal);
    if (diagonal) machine.cube->mad_diagonal(args, machine.diagonal.data());
    else machine.cube->mad(args);
  } else {
    multiply_others(machine, args, product, static_cast<VecType>(arg[kMadAType]));
  }
  machine.buffer(Buffer::L0C).mark_written(arg[kMadC], arg[kMadC] + m1 * n1 * 2 * kFractalBytes);
  return {};
}

}  // namespace npu
