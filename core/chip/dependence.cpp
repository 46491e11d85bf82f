// SPDX-License-Identifier: Apache-2.0
#include "core/chip/dependence.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "core/base/half.h"
#include "core/chip/machine.h"
#include "core/isa/operands.h"

namespace npu {
namespace {

template <class F>
void for_each_run(const Access& access, const F& f) {
  for (int64_t i = 0; i < access.outer; ++i)
    for (int64_t j = 0; j < access.inner; ++j) {
      const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
      f(begin, begin + access.length);
    }
}

// The wanted bytes among those that the instruction writes.
RangeSet written_of(const AccessList& list, const RangeSet& wanted) {
  RangeSet written;
  for (const Access& access : list.view())
    if (access.write && wanted.intersects(access.begin, access.end)) for_each_run(access, [&](int64_t begin, int64_t end) { written.add(wanted.within(begin, end)); });
  return written;
}

RangeSet& source(Dependence& result, Buffer buffer) {
  const auto found = std::ranges::find(result.sources, buffer, &OperandBytes::buffer);
  return found != result.sources.end() ? found->bytes : result.sources.emplace_back(buffer, RangeSet()).bytes;
}

Dependence whole_operands(const AccessList& list) {
  Dependence result{.made = {}, .sources = {}, .exact = false};
  for (const Access& access : list.view())
    if (!access.write) for_each_run(access, [&](int64_t begin, int64_t end) { source(result, access.buffer).add(begin, end); });
  return result;
}

// --- copies: the source's runs one after the other are the result's runs one after the other ---

const Access* first_access(const AccessList& list, bool write) {
  for (const Access& access : list.view())
    if (access.write == write) return &access;
  return nullptr;
}

Dependence copied(const AccessList& list, const RangeSet& wanted, bool adds) {
  const Access *from = first_access(list, false), *to = first_access(list, true);
  Dependence result;
  if (!from || !to) return result;
  RangeSet offsets;  // in the run of all bytes
  int64_t before = 0;
  for_each_run(*to, [&](int64_t begin, int64_t end) {
    for (const auto& [a, b] : wanted.within(begin, end).ranges()) {
      offsets.add(before + a - begin, before + b - begin);
      if (adds) source(result, to->buffer).add(a, b);
      else result.made.add(a, b);
    }
    before += end - begin;
  });
  before = 0;
  for_each_run(*from, [&](int64_t begin, int64_t end) {
    for (const auto& [a, b] : offsets.within(before, before + end - begin).ranges()) source(result, from->buffer).add(begin + a - before, begin + b - before);
    before += end - begin;
  });
  return result;
}

Dependence copied_with_padding(const Instr& instr, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const auto& a = instr.arg;
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  const int64_t pitch = align_up(a[kAlignLength] + a[kAlignRightPad], kBlockBytes) + a[kAlignDstGap] * kBlockBytes;
  for (int64_t i = 0; i < a[kAlignBursts]; ++i) {
    const int64_t to = a[kAlignDst] + i * pitch, from = a[kAlignSrc] + i * (a[kAlignLength] + a[kAlignSrcGap]);
    for (const auto& [begin, end] : wanted.within(to, to + a[kAlignLength]).ranges()) source(result, Buffer::GM).add(from + begin - to, from + end - to);
  }
  return result;
}

// --- out of and into L0C ---

struct Element {
  int64_t from, to;  // first byte of both
  int64_t table;     // of its parameter
};

template <class F>
void results_in_ub(const Instr& instr, int size, const F& f) {
  using namespace field;
  const auto& a = instr.arg;
  const int64_t elements = a[kCcLength] * 256;
  for (int64_t i = 0; i < a[kCcBursts]; ++i)
    for (int64_t e = 0; e < elements; ++e) {
      const int64_t from = a[kCcSrc] + i * (a[kCcLength] + a[kCcSrcGap]) * 1024 + e * 4;
      const int64_t to = size == 1 ? a[kCcDst] + i / 2 * (elements * 2 + a[kCcDstGap] * kBlockBytes) + e / 16 * kBlockBytes + i % 2 * 16 + e % 16
                                   : a[kCcDst] + i * (elements * size + a[kCcDstGap] * kBlockBytes) + e * size;
      f(Element{from, to, a[kCcQuant] + i * 16 * kQuantBytes + e % 16 * kQuantBytes});
    }
}

template <class F>
void results_by_fix(const Instr& instr, int size, const F& f) {
  using namespace field;
  const auto& a = instr.arg;
  const bool rows = instr.op == Opcode::CopyMatrixCcToGm && a[kFixNz2Nd] != 0;
  const int64_t quant = instr.op == Opcode::CopyMatrixCcToGm ? a[kFixQuant] : a[kFixL1Quant];
  for (int64_t n1 = 0; n1 < ceil_div(a[kFixN], 16); ++n1)
    for (int64_t r = 0; r < a[kFixM]; ++r)
      for (int64_t c = 0; c < 16 && (!rows || n1 * 16 + c < a[kFixN]); ++c) {
        const int64_t from = a[kFixSrc] + n1 * a[kFixSrcStride] * 1024 + (r * 16 + c) * 4, stride = a[kFixDstStride];
        const int64_t to = a[kFixDst] + (rows ? r * stride + (n1 * 16 + c) * size : size == 1 ? n1 / 2 * stride * kBlockBytes + r * kBlockBytes + n1 % 2 * 16 + c : n1 * stride * kBlockBytes + (r * 16 + c) * size);
        f(Element{from, to, quant + n1 * 16 * kQuantBytes + c * kQuantBytes});
      }
}

Dependence out_of_l0c(const Instr& instr, const IssueState& state, const AccessList& list, const RangeSet& wanted) {
  const bool fix = instr.op != Opcode::CopyMatrixCcToUbuf, adds = instr_info(instr.op).dst == Buffer::GM && state.atomic != IssueState::None;
  const auto mode_number = static_cast<size_t>(fix ? instr.arg[field::kFixMode] : instr.arg[field::kCcMode]);
  const CopyModeInfo& mode = kCopyModes[std::min(mode_number, kCopyModes.size() - 1)];
  Dependence result;
  if (!adds) result.made = written_of(list, wanted);
  const auto take = [&](const Element& element) {
    if (!wanted.intersects(element.to, element.to + mode.size)) return;
    source(result, Buffer::L0C).add(element.from, element.from + 4);
    if (mode.table) source(result, fix ? Buffer::FB : Buffer::UB).add(element.table, element.table + kQuantBytes);
    if (adds) source(result, Buffer::GM).add(element.to, element.to + mode.size);
  };
  if (fix) results_by_fix(instr, mode.size, take);
  else results_in_ub(instr, mode.size, take);
  return result;
}

Dependence into_l0c(const Instr& instr, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const auto& a = instr.arg;
  const int64_t size = vec_type_size(static_cast<VecType>(a[kBcSrcType]));
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  for (const auto& [begin, end] : result.made.ranges())
    for (int64_t e = (begin - a[kBcDst]) / 4; a[kBcDst] + e * 4 < end; ++e) {
      const int64_t from = a[kBcSrc] + (e / 256 / std::max<int64_t>(1, a[kBcLength]) * 16 + e % 16) * size;
      source(result, Buffer::UB).add(from, from + size);
    }
  return result;
}

Dependence into_bias_table(const Instr& instr, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const auto& a = instr.arg;
  const int64_t size = vec_type_size(static_cast<VecType>(a[kBtSrcType]));
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  for (const auto& [begin, end] : result.made.ranges()) source(result, Buffer::L1).add(a[kBtSrc] + (begin - a[kBtDst]) / 4 * size, a[kBtSrc] + ceil_div(end - a[kBtDst], 4) * size);
  return result;
}

// A row of A and a column of B for each element.
Dependence multiplied(const Instr& instr, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const auto& a = instr.arg;
  const auto [m1, k1, n1] = MadShape(instr);
  const auto type = static_cast<VecType>(a[kMadAType]);
  const int64_t c0 = c0_of_type(a[kMadAType]), size = vec_type_size(type);
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  std::vector<bool> rows(static_cast<size_t>(m1 * 16)), columns(static_cast<size_t>(n1 * 16));
  for (const auto& [begin, end] : result.made.ranges())
    for (int64_t e = (begin - a[kMadC]) / 4; a[kMadC] + e * 4 < end; ++e) {
      const int64_t fractal = e / 256;
      rows[static_cast<size_t>(fractal % m1 * 16 + e % 256 / 16)] = true;
      columns[static_cast<size_t>(fractal / m1 * 16 + e % 16)] = true;
    }
  for (int64_t k = 0; k < k1; ++k) {
    const int64_t bytes = type == VecType::S4 ? kBlockBytes : std::min(c0, a[kMadK] - k * c0) * size;
    for (int64_t m = 0; m < m1 * 16; ++m)
      if (rows[static_cast<size_t>(m)]) {
        const int64_t at = a[kMadA] + (m / 16 * k1 + k) * kFractalBytes + m % 16 * kBlockBytes;
        source(result, Buffer::L0A).add(at, at + bytes);
      }
    for (int64_t n = 0; n < n1 * 16; ++n)
      if (columns[static_cast<size_t>(n)]) {
        const int64_t at = a[kMadB] + (k * n1 + n / 16) * kFractalBytes + n % 16 * kBlockBytes;
        source(result, Buffer::L0B).add(at, at + bytes);
      }
  }
  if (a[kMadInit] == 0) source(result, Buffer::L0C).add(result.made);
  if (a[kMadInit] == 2)
    for (int64_t n = 0; n < n1 * 16; ++n)
      if (columns[static_cast<size_t>(n)]) source(result, Buffer::BT).add(n * 4, n * 4 + 4);
  return result;
}

// --- lane by lane ---

struct Lanes {
  VectorOperand dst;
  std::array<VectorOperand, 2> src;
  int sources = 0;
  int lanes = 0;
  int64_t repeat = 0;
  bool reads_dst = false;
  bool masked = true;
  int64_t select_bits = -1;  // address of one bit for each lane
};

int64_t address_of(const VectorOperand& operand, int64_t repeat, int lane) {
  const int per_block = operand.lanes_per_block();
  return operand.base + kBlockBytes * (repeat * operand.rep + lane / per_block * operand.blk) + lane % per_block * operand.size;
}

std::optional<Lanes> lanes_of(const Instr& instr) {
  using namespace field;
  using enum Opcode;
  const auto& a = instr.arg;
  const auto size_of = [](int64_t type) { return vec_type_size(static_cast<VecType>(type)); };
  const auto binary = [&](bool reads_dst) {
    const int size = size_of(a[kBiType]);
    return Lanes{{a[kBiDst], a[kBiDstBlk], a[kBiDstRep], size}, {{{a[kBiSrc0], a[kBiSrc0Blk], a[kBiSrc0Rep], size}, {a[kBiSrc1], a[kBiSrc1Blk], a[kBiSrc1Rep], size}}}, 2, repeat_lanes(size), a[kBiRepeat], reads_dst};
  };
  switch (instr.op) {
    case Vadd: case Vsub: case Vmul: case Vdiv: case Vmax: case Vmin: case Vand: case Vor: case Vaddrelu: case Vsubrelu: return binary(false);
    case Vmla: case Vmadd: case Vmaddrelu: return binary(true);
    case Vadds: case Vmuls: case Vmaxs: case Vmins: case Vlrelu: case Vaxpy: case Vexp: case Vln: case Vabs: case Vrelu: case Vrec: case Vsqrt: case Vrsqrt: case Vnot: case Vshl: case Vshr: {
      const int size = size_of(a[kUnType]);
      return Lanes{{a[kUnDst], a[kUnDstBlk], a[kUnDstRep], size}, {{{a[kUnSrc], a[kUnSrcBlk], a[kUnSrcRep], size}}}, 1, repeat_lanes(size), a[kUnRepeat], instr.op == Vaxpy};
    }
    case Vconv: {
      const auto to = static_cast<VecType>(a[kCvDstType]), from = static_cast<VecType>(a[kCvSrcType]);
      if (to == VecType::S4 || from == VecType::S4) return {};
      const int dst = vec_type_size(to), src = vec_type_size(from);
      return Lanes{{a[kCvDst], a[kCvDstBlk], a[kCvDstRep], dst}, {{{a[kCvSrc], a[kCvSrcBlk], a[kCvSrcRep], src}}}, 1, repeat_lanes(std::max(dst, src)), a[kCvRepeat]};
    }
    case VconvDeq: return Lanes{{a[kDqDst], a[kDqDstBlk], a[kDqDstRep], 2}, {{{a[kDqSrc], a[kDqSrcBlk], a[kDqSrcRep], 4}}}, 1, 64, a[kDqRepeat]};
    case VectorDup: {
      const int size = size_of(a[kDupType]);
      return Lanes{{a[kDupDst], a[kDupDstBlk], a[kDupDstRep], size}, {}, 0, repeat_lanes(size), a[kDupRepeat]};
    }
    case Vsel: {
      const int size = size_of(a[kSelType]);
      return Lanes{{a[kSelDst], 1, 8, size}, {{{a[kSelSrc0], 1, 8, size}, {a[kSelSrc1], 1, 8, size}}}, 2, repeat_lanes(size), a[kSelRepeat], false, true, a[kSelMask]};
    }
    case Vsels: {
      const int size = size_of(a[kSsType]);
      return Lanes{{a[kSsDst], 1, 8, size}, {{{a[kSsSrc0], 1, 8, size}}}, 1, repeat_lanes(size), a[kSsRepeat], false, true, a[kSsMask]};
    }
    default: return {};
  }
}

Dependence lane_by_lane(const Lanes& op, const IssueState& state, const RangeSet& wanted) {
  Dependence result;
  for (int64_t r = 0; r < op.repeat; ++r) {
    const int64_t first = op.dst.base + r * op.dst.rep * kBlockBytes, blocks = op.lanes / op.dst.lanes_per_block();
    if (!wanted.intersects(first, first + ((blocks - 1) * op.dst.blk + 1) * kBlockBytes)) continue;
    for (int lane = 0; lane < op.lanes; ++lane) {
      const int64_t to = address_of(op.dst, r, lane);
      if (!wanted.intersects(to, to + op.dst.size) || !lane_active(state, lane)) continue;
      result.made.add(wanted.within(to, to + op.dst.size));
      for (int s = 0; s < op.sources; ++s) {
        const VectorOperand& src = op.src[static_cast<size_t>(s)];
        const int64_t from = address_of(src, r, lane);
        source(result, Buffer::UB).add(from, from + src.size);
      }
      if (op.reads_dst) source(result, Buffer::UB).add(to, to + op.dst.size);
      if (const int64_t bit = op.select_bits + (r * op.lanes + lane) / 8; op.select_bits >= 0) source(result, Buffer::UB).add(bit, bit + 1);
    }
  }
  return result;
}

// Bits made of lanes: contiguous operands, whatever the mask.
Dependence compared(const Instr& instr, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const bool scalar = instr.op == Opcode::Vcmpvs;
  const auto& a = instr.arg;
  const int64_t size = vec_type_size(static_cast<VecType>(a[kCmpType]));
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  for (const auto& [begin, end] : result.made.ranges()) {
    const int64_t first = (begin - a[kCmpDst]) * 8 * size, last = (end - a[kCmpDst]) * 8 * size;
    source(result, Buffer::UB).add(a[kCmpSrc0] + first, a[kCmpSrc0] + last);
    if (!scalar) source(result, Buffer::UB).add(a[kCmpSrc1] + first, a[kCmpSrc1] + last);
  }
  return result;
}

bool reduces(Opcode op) {
  using enum Opcode;
  return op == Vcadd || op == Vcmax || op == Vcmin || op == Vcgadd || op == Vcgmax || op == Vcgmin || op == Vcpadd;
}

Dependence reduced(const Instr& instr, const IssueState& state, const AccessList& list, const RangeSet& wanted) {
  using namespace field;
  const auto& a = instr.arg;
  const int size = vec_type_size(static_cast<VecType>(a[kRdType])), lanes = repeat_lanes(size);
  const ReduceShape shape(instr);
  const int64_t groups = lanes / shape.group, each = shape.results / groups;  // results of a group
  const VectorOperand src{a[kRdSrc], a[kRdSrcBlk], a[kRdSrcRep], size};
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  for (int64_t r = 0; r < a[kRdRepeat]; ++r)
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t to = a[kRdDst] + (r * a[kRdDstRep] * shape.results + g * each) * size;
      if (!wanted.intersects(to, to + each * size)) continue;
      for (int64_t lane = g * shape.group; lane < (g + 1) * shape.group; ++lane)
        if (lane_active(state, static_cast<int>(lane))) {
          const int64_t from = address_of(src, r, static_cast<int>(lane));
          source(result, Buffer::UB).add(from, from + size);
        }
    }
  return result;
}

// --- what only moves: numbered bytes in, and see which numbers come out ---

bool only_moves(Opcode op) {
  using enum Opcode;
  switch (op) {
    case LoadCbufToCa: case LoadCbufToCb: case Img2ColCbufToCa: case Img2ColCbufToCb: case Img2ColV2CbufToCa: case Img2ColV2CbufToCb: case LoadGmToCbuf: case LoadGmToCa: case LoadGmToCb:
    case CopyGmToCbufNd2Nz: case ScatterVnchwconvB16: case ScatterVnchwconvB32: case Vtranspose: case Vbrcb: return true;
    default: return false;
  }
}

// How a number below `base` is written into a unit of a buffer so that it survives; 0 is left for 'no source'.
struct Digits {
  int64_t unit, base;
  VecType type;

  void write(std::byte* to, int64_t digit) const {
    switch (type) {
      case VecType::F16: {
        const Half value(static_cast<float>(digit + 1));
        return void(std::memcpy(to, &value, 2));
      }
      case VecType::BF16:
      case VecType::F32: {
        const auto value = static_cast<float>(digit + 1);
        return void(std::memcpy(to, reinterpret_cast<const std::byte*>(&value) + 4 - unit, static_cast<size_t>(unit)));
      }
      default: *to = static_cast<std::byte>(digit + 1);
    }
  }
  int64_t read(const std::byte* from) const {
    switch (type) {
      case VecType::F16: {
        Half value;
        std::memcpy(&value, from, 2);
        return static_cast<int64_t>(static_cast<float>(value)) - 1;
      }
      case VecType::BF16:
      case VecType::F32: {
        float value = 0;
        std::memcpy(reinterpret_cast<std::byte*>(&value) + 4 - unit, from, static_cast<size_t>(unit));
        return static_cast<int64_t>(value) - 1;
      }
      default: return static_cast<int64_t>(*from) - 1;
    }
  }
};

// The cube's input buffers keep values, the others bytes.
std::optional<Digits> digits_for(const Instr& instr) {
  const InstrInfo& info = instr_info(instr.op);
  if (info.dst != Buffer::L0A && info.dst != Buffer::L0B) return Digits{1, 255, VecType::U8};
  int64_t type = static_cast<int64_t>(VecType::F16);  // of rows without the operand
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].name == "type") type = instr.arg[static_cast<size_t>(i)];
  switch (static_cast<VecType>(type)) {
    case VecType::F16: return Digits{2, 1024, VecType::F16};
    case VecType::BF16: return Digits{2, 128, VecType::BF16};
    case VecType::F32: return Digits{4, int64_t{1} << 20, VecType::F32};
    case VecType::S8:
    case VecType::U8: return Digits{1, 64, VecType::U8};
    default: return {};
  }
}

}  // namespace

bool writes_into(const AccessList& list, Buffer buffer, const RangeSet& bytes) {
  for (const Access& access : list.view())
    if (access.write && access.buffer == buffer && bytes.intersects(access.begin, access.end)) return true;
  return false;
}

struct DependenceFinder::Bench {
  explicit Bench(const Soc& soc) : machine(soc) {}

  // For each unit of [to.begin, to.end) the number of the unit of the source it comes from, -1: none.
  std::optional<std::vector<int64_t>> run(Instr instr, const IssueState& state, const Access& from, int64_t begin, int64_t end, const Digits& digits);

  Machine machine;
};

std::optional<std::vector<int64_t>> DependenceFinder::Bench::run(Instr instr, const IssueState& state, const Access& from, int64_t begin, int64_t end, const Digits& digits) {
  constexpr size_t kGmSource = 1;  // where the address in GM stands in every row that moves from there
  const InstrInfo& info = instr_info(instr.op);
  const int64_t count = (from.end - from.begin) / digits.unit;
  if (from.buffer == Buffer::GM) instr.arg[kGmSource] -= from.begin;
  std::vector<std::byte> numbered(static_cast<size_t>(from.end - from.begin)), out(static_cast<size_t>(end - begin));
  std::vector<int64_t> numbers(out.size() / static_cast<size_t>(digits.unit), 0);
  int64_t scale = 1;
  do {
    for (int64_t i = 0; i < count; ++i) digits.write(numbered.data() + i * digits.unit, i / scale % digits.base);
    DeviceMemory memory(numbered, 0);
    machine.memory = &memory;
    machine.issue = state;
    machine.issue.pad_value = 0;
    OnChipBuffer& to = machine.buffer(info.dst);
    to.clear();
    if (from.buffer != Buffer::GM) {
      OnChipBuffer& source = machine.buffer(from.buffer);
      source.forget();
      std::ranges::copy(numbered, source.at(from.begin));
      source.mark_written(from.begin, from.end);
    }
    if (!machine.execute(instr)) return {};
    to.read_out(begin, out);
    for (size_t i = 0; i < numbers.size(); ++i) {
      const int64_t digit = digits.read(out.data() + i * static_cast<size_t>(digits.unit));
      numbers[i] = digit < 0 || numbers[i] < 0 ? -1 : numbers[i] + digit * scale;
    }
    scale *= digits.base;
  } while (scale < count);
  return numbers;
}

DependenceFinder::DependenceFinder(const Soc& soc) : bench_(std::make_unique<Bench>(soc)) {}
DependenceFinder::~DependenceFinder() = default;

Dependence DependenceFinder::find(const Instr& instr, const IssueState& state, const RangeSet& wanted) {
  using enum Opcode;
  const AccessList list = accesses(instr, state);
  switch (instr.op) {
    case CopyGmToCbuf: case CopyGmToUbuf: case CopyUbufToUbuf: case CopyUbufToGm: case CopyUbufToCbuf: case CopyCbufToUbuf: case CopyCbufToGm: case CopyUbufToGmAlign: case CopyCbufToFbuf:
      return copied(list, wanted, instr_info(instr.op).dst == Buffer::GM && state.atomic != IssueState::None);
    case CopyGmToUbufAlign: return copied_with_padding(instr, list, wanted);
    case CopyMatrixCcToUbuf: case CopyMatrixCcToGm: case CopyMatrixCcToCbuf: return out_of_l0c(instr, state, list, wanted);
    case BroadcastUbToCc: return into_l0c(instr, list, wanted);
    case CopyCbufToBt: return into_bias_table(instr, list, wanted);
    case Mad: return multiplied(instr, list, wanted);
    case Vcmpv: case Vcmpvs: return compared(instr, list, wanted);
    default: break;
  }
  if (reduces(instr.op)) return reduced(instr, state, list, wanted);
  if (const auto lanes = lanes_of(instr)) return lane_by_lane(*lanes, state, wanted);
  const Access *from = first_access(list, false), *to = first_access(list, true);
  const auto digits = only_moves(instr.op) ? digits_for(instr) : std::nullopt;
  if (!digits || !to) return whole_operands(list);
  Dependence result{.made = written_of(list, wanted), .sources = {}};
  if (!from) return result;
  // Rows that move from L1 may name several ranges of it.
  Access hull = *from;
  for (const Access& access : list.view())
    if (!access.write) hull.begin = std::min(hull.begin, access.begin), hull.end = std::max(hull.end, access.end);
  const auto numbers = bench_->run(instr, state, hull, to->begin, to->end, *digits);
  if (!numbers) return whole_operands(list);
  for (const auto& [begin, end] : result.made.ranges())
    for (int64_t i = (begin - to->begin) / digits->unit; to->begin + i * digits->unit < end; ++i)
      if (const int64_t number = (*numbers)[static_cast<size_t>(i)]; number >= 0) source(result, hull.buffer).add(hull.begin + number * digits->unit, hull.begin + (number + 1) * digits->unit);
  return result;
}

}  // namespace npu
