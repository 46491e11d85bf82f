// SPDX-License-Identifier: Apache-2.0
#include "core/chip/timing_cost.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/base/math.h"
#include "core/isa/aipp.h"
#include "core/isa/operands.h"

namespace npu {
namespace {

// Flat rates of the public a2a3 cost model at 1.85 GHz, bytes a cycle; taken for every chip that has the path.
constexpr double kUbToUbRate = 594;   // 1024 GiB/s
constexpr double kFixToGmRate = 40.6; // L0C -> GM, 70 GiB/s
constexpr double kFixToL1Rate = 74.3; // L0C -> L1, 128 GiB/s
constexpr double kBtRate = 18.5;      // L1 -> BT, 32 GiB/s

constexpr int kVectorBlocks = 8;      // of one repeat
constexpr int kBankGroups = 16;

// Positions of a row's fields by what they mean, found once by name: -1 where the row has none.
struct Operand {
  int address = -1, blk = -1, rep = -1;
};
struct RowFields {
  int repeat = -1, type = -1, dst_type = -1, src_type = -1;
  Operand dst;
  std::array<Operand, 2> src;
  bool vector = false;
};

int field_index(const InstrInfo& info, std::string_view name) {
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].name == name) return i;
  return -1;
}

RowFields row_fields(const InstrInfo& info) {
  const auto operand = [&](std::string_view name) {
    const std::string text(name);
    return Operand{field_index(info, name), field_index(info, text + "_blk"), field_index(info, text + "_rep")};
  };
  RowFields row{field_index(info, "repeat"), field_index(info, "type"), field_index(info, "dst_type"), field_index(info, "src_type"), operand("dst"), {operand("src"), {}}};
  if (row.src[0].address < 0) row.src = {operand("src0"), operand("src1")};
  row.vector = info.pipe == Pipe::V && info.work == Work::Repeat && info.dst == Buffer::UB;
  return row;
}

const RowFields& fields_of(Opcode op) {
  static const std::array<RowFields, kOpcodes> table = [] {
    std::array<RowFields, kOpcodes> rows;
    for (int i = 0; i < kOpcodes; ++i) rows[static_cast<size_t>(i)] = row_fields(instr_info(static_cast<Opcode>(i)));
    return rows;
  }();
  return table[static_cast<size_t>(op)];
}

int64_t value_of(const Instr& instr, int field, int64_t missing) { return field < 0 ? missing : instr.arg[static_cast<size_t>(field)]; }

// The 32-byte rows of UB that one repeat of an operand touches.
struct Touched {
  std::array<int64_t, 2 * kVectorBlocks> rows{};
  int count = 0;

  void add(const Instr& instr, const Operand& operand, int64_t repeat, int blocks) {
    if (operand.address < 0) return;
    const int64_t first = instr.arg[static_cast<size_t>(operand.address)] / kBlockBytes + repeat * value_of(instr, operand.rep, blocks);
    const int64_t blk = value_of(instr, operand.blk, 1);
    for (int b = 0; b < blocks; ++b) {
      const int64_t row = first + b * blk;
      if (std::find(rows.begin(), rows.begin() + count, row) == rows.begin() + count) rows[static_cast<size_t>(count++)] = row;
    }
  }
  int64_t most_in_one_group() const {
    std::array<int, kBankGroups> groups{};
    for (int i = 0; i < count; ++i) ++groups[static_cast<size_t>(rows[static_cast<size_t>(i)] % kBankGroups)];
    return *std::ranges::max_element(groups);
  }
};

bool share_a_bank(const Touched& a, const Touched& b) {
  for (int i = 0; i < a.count; ++i)
    for (int j = 0; j < b.count; ++j)
      if (ub_bank(a.rows[static_cast<size_t>(i)] * kBlockBytes) == ub_bank(b.rows[static_cast<size_t>(j)] * kBlockBytes)) return true;
  return false;
}

int blocks_of(int64_t type, int lanes) {
  const int size = type >= 0 && type < static_cast<int64_t>(kVecTypeNames.size()) ? vec_type_size(static_cast<VecType>(type)) : 2;
  return std::clamp(lanes * size / kBlockBytes, 1, kVectorBlocks);
}

int64_t cycles_of_repeat(const Instr& instr, const RowFields& row, int64_t repeat, int64_t slope, bool split_core) {
  int dst_blocks = kVectorBlocks, src_blocks = kVectorBlocks;
  if (row.dst_type >= 0 && row.src_type >= 0) {
    const int64_t to = value_of(instr, row.dst_type, 0), from = value_of(instr, row.src_type, 0);
    const int lanes = 8 * kVectorBlocks * 4 / std::max(blocks_of(to, 8 * kVectorBlocks), blocks_of(from, 8 * kVectorBlocks)) * 2;
    dst_blocks = blocks_of(to, lanes), src_blocks = blocks_of(from, lanes);
  }
  Touched read, written;
  for (const Operand& operand : row.src) read.add(instr, operand, repeat, src_blocks);
  if (row.dst.rep >= 0) written.add(instr, row.dst, repeat, dst_blocks);  // reductions write a few elements only
  const int64_t cycles = std::max({slope, read.most_in_one_group(), written.most_in_one_group()});
  return cycles + (split_core && share_a_bank(read, written) ? 1 : 0);
}

int64_t rounded(double cycles) { return static_cast<int64_t>(std::min(cycles + 0.999, 2e9)); }

// Bytes of a copy between on-chip buffers.
int64_t chip_bytes(const Instr& instr) {
  using namespace field;
  const auto& a = instr.arg;
  switch (instr.op) {
    case Opcode::LoadCbufToCa:
    case Opcode::LoadCbufToCb: return a[kLoadRepeat] * kFractalBytes;
    case Opcode::Img2ColCbufToCa:
    case Opcode::Img2ColCbufToCb: return a[kI1Repeat] * kFractalBytes;
    case Opcode::Img2ColV2CbufToCb:
    case Opcode::Img2ColV2CbufToCa: return ceil_div(a[kImStepK], c0_of_type(a[kImType])) * align_up(a[kImStepM], 16) * kBlockBytes;
    case Opcode::CopyMatrixCcToCbuf: return ceil_div(a[kFixN], 16) * a[kFixM] * 64;
    case Opcode::CopyCbufToFbuf: return a[kCopyBursts] * a[kCopyLength] * 64;
    case Opcode::CopyMatrixCcToUbuf: return a[kCcBursts] * a[kCcLength] * 1024;
    case Opcode::BroadcastUbToCc: return a[kBcBursts] * a[kBcLength] * 1024;
    case Opcode::CopyCbufToBt: return a[kBtLength] * 64;
    default: return a[kCopyBursts] * a[kCopyLength] * kBlockBytes;
  }
}

double chip_rate(const Soc& soc, const InstrInfo& info) {
  if (info.src == Buffer::UB && info.dst == Buffer::UB) return kUbToUbRate;
  if (info.dst == Buffer::L0A) return soc.l1_to_l0a;
  if (info.dst == Buffer::L0B) return soc.l1_to_l0b;
  if (info.dst == Buffer::BT || info.dst == Buffer::FB) return kBtRate;
  if (info.pipe == Pipe::FIX) return kFixToL1Rate;
  if (info.dst == Buffer::L1) return soc.ub_to_l1;
  if (info.src == Buffer::L1) return soc.l1_to_ub;
  return soc.l0c_to_ub;
}

void count_bytes(const InstrInfo& info, int64_t bytes, Activity& activity) {
  for (const Buffer buffer : {info.src, info.dst}) switch (buffer) {
      case Buffer::L1: activity.l1_bytes += bytes; break;
      case Buffer::L0A:
      case Buffer::L0B:
      case Buffer::L0C:
      case Buffer::BT:
      case Buffer::FB: activity.l0_bytes += bytes; break;
      case Buffer::UB: activity.ub_bytes += bytes; break;
      case Buffer::GM: break;
    }
}

uint16_t flag_index(const Instr& instr) {
  const auto& a = instr.arg;
  return static_cast<uint16_t>(((a[field::kSrcPipe] & 7) * 8 + (a[field::kDstPipe] & 7)) * 16 + (a[field::kEvent] & 15));
}

int64_t vector_work(const Soc& soc, const Instr& instr, Activity& activity) {
  const RowFields& row = fields_of(instr.op);
  const int64_t repeat = value_of(instr, row.repeat, 1);
  const int operands = 1 + (row.src[0].address >= 0) + (row.src[1].address >= 0);
  activity.vector_bytes += repeat * kRepeatBytes;
  activity.ub_bytes += repeat * kRepeatBytes * operands;
  return bank_cycles(soc, instr);
}

}  // namespace

Activity& Activity::operator+=(const Activity& other) {
  gm_read_bytes += other.gm_read_bytes, gm_write_bytes += other.gm_write_bytes, l2_bytes += other.l2_bytes;
  ddr_read_bytes += other.ddr_read_bytes, ddr_write_bytes += other.ddr_write_bytes;
  l1_bytes += other.l1_bytes, l0_bytes += other.l0_bytes, ub_bytes += other.ub_bytes;
  cube_steps += other.cube_steps, vector_bytes += other.vector_bytes, instructions += other.instructions;
  return *this;
}

bool touches_gm(const InstrInfo& info) {
  return info.work == Work::Transfer && (info.src == Buffer::GM || info.dst == Buffer::GM);
}

GmTransfer gm_transfer(const Instr& instr, const IssueState& state) {
  using namespace field;
  const auto& a = instr.arg;
  const InstrInfo& info = instr_info(instr.op);
  const bool write = info.dst == Buffer::GM;
  const auto gm = [&](int64_t address, int64_t bursts, int64_t bytes, int64_t pitch) { return GmTransfer{address, bursts, bytes, pitch, write}; };
  switch (instr.op) {
    case Opcode::CopyGmToUbufAlign: return gm(a[kAlignSrc], a[kAlignBursts], a[kAlignLength], a[kAlignLength] + a[kAlignSrcGap]);
    case Opcode::CopyUbufToGmAlign: return gm(a[kAlignDst], a[kAlignBursts], a[kAlignLength], a[kAlignLength] + a[kAlignDstGap]);
    case Opcode::CopyGmToCbufNd2Nz: {
      const int64_t size = vec_type_size(static_cast<VecType>(std::clamp<int64_t>(a[kNdType], 0, std::ssize(kVecTypeNames) - 1)));
      return gm(a[kNdSrc], a[kNdRows] * (a[kNdMore] + 1), a[kNdCols] * size, a[kNdSrcPitch] * size);
    }
    case Opcode::LoadImageToCbuf: {
      const AippConfig config(state);
      const ImageShape shape(instr, config);
      const int64_t stride = a[kImgSrcHorSize] * config.pixel_bytes();
      // Rows of u and v are usually behind the others.
      const int64_t rows = config.planar() ? shape.rows + ceil_div(shape.rows, config.uv_rows()) : shape.rows;
      return gm(config.image + a[kImgVerStart] * stride + a[kImgHorStart] * config.pixel_bytes(), rows, config.row_bytes(shape.columns), stride);
    }
    case Opcode::LoadGmToCbuf:
    case Opcode::LoadGmToCa:
    case Opcode::LoadGmToCb: {
      const int64_t before = a[kLgDecrement] != 0 ? (a[kLgRepeat] - 1) * a[kLgSrcStride] * kFractalBytes : 0;
      return gm(a[kLgSrc] - before, a[kLgRepeat], kFractalBytes, a[kLgSrcStride] * kFractalBytes);
    }
    case Opcode::CopyMatrixCcToGm: {
      const int64_t size = kCopyModes[static_cast<size_t>(std::clamp<int64_t>(a[kFixMode], 0, std::ssize(kCopyModes) - 1))].size;
      if (a[kFixNz2Nd] != 0) return gm(a[kFixDst], a[kFixM], a[kFixN] * size, a[kFixDstStride]);
      return gm(a[kFixDst], ceil_div(a[kFixN], size == 1 ? 32 : 16), a[kFixM] * std::max<int64_t>(32, size * 16), a[kFixDstStride] * kBlockBytes);
    }
    default:
      return gm(write ? a[kCopyDst] : a[kCopySrc], a[kCopyBursts], a[kCopyLength] * kBlockBytes,
                (a[kCopyLength] + (write ? a[kCopyDstGap] : a[kCopySrcGap])) * kBlockBytes);
  }
}

DdrRate ddr_rate(const Soc& soc, double sharing_cores) {
  const double share = soc.ddr_gbps * soc.ddr_efficiency * 1e3 / soc.cube_mhz / std::max(1.0, sharing_cores);
  return {std::min<double>(soc.ddr_read, share), share};
}

int64_t bank_cycles(const Soc& soc, const Instr& instr) {
  const RowFields& row = fields_of(instr.op);
  const int64_t repeat = value_of(instr, row.repeat, 1), slope = instr_info(instr.op).cost.slope;
  if (repeat <= 0) return 0;
  if (!row.vector || row.dst.address < 0) return slope * repeat;
  // Even and odd repeats see the banks differently when operands advance by half of the groups.
  const int64_t even = cycles_of_repeat(instr, row, 0, slope, soc.split);
  const int64_t odd = repeat > 1 ? cycles_of_repeat(instr, row, 1, slope, soc.split) : 0;
  return even * ((repeat + 1) / 2) + odd * (repeat / 2);
}

Step step_of(const Soc& soc, const Instr& instr, Activity& activity) {
  const InstrInfo& info = instr_info(instr.op);
  Step step{.pipe = pipe_of(instr)};
  ++activity.instructions;
  switch (instr.op) {
    case Opcode::SetFlag: return step.kind = Step::SetFlag, step.flag = flag_index(instr), step;
    case Opcode::WaitFlag: return step.kind = Step::WaitFlag, step.flag = flag_index(instr), step;
    case Opcode::PipeBarrier: return step.kind = instr.arg[0] == kPipeAll ? Step::BarrierAll : Step::Barrier, step;
    case Opcode::FftsCrossCoreSync: return step.kind = Step::CrossCoreSet, step.flag = static_cast<uint16_t>(instr.arg[field::kSyncFlag]), step;
    case Opcode::WaitFlagDev: return step.kind = Step::CrossCoreWait, step.flag = static_cast<uint16_t>(instr.arg[0]), step;
    default: break;
  }
  if (step.pipe == Pipe::S) return step.kind = Step::Scalar, step.cycles = std::max(1, info.cost.slope), step;
  step.head = static_cast<uint8_t>(info.cost.head);
  step.tail = static_cast<uint16_t>(info.cost.tail);
  int64_t cycles = info.cost.slope;
  if (info.work == Work::Repeat) cycles = vector_work(soc, instr, activity);
  if (info.work == Work::Fractals) {
    const int64_t steps = MadShape(instr).steps(instr);
    activity.cube_steps += steps;
    activity.l0_bytes += steps * 2 * kFractalBytes;
    // Every mad fills the cube's pipeline again (public Mmad measurements: 7 to 8 cycles each, back to back).
    cycles = info.cost.slope * steps + info.cost.head;
    step.head = 0;
  }
  if (info.work == Work::Transfer) {
    const int64_t bytes = chip_bytes(instr);
    count_bytes(info, bytes, activity);
    cycles = std::max<int64_t>(1, rounded(static_cast<double>(bytes) / chip_rate(soc, info)));
  }
  step.cycles = static_cast<int32_t>(std::clamp<int64_t>(cycles, 0, INT32_MAX));
  return step;
}

Step gm_step(const Soc& soc, const Instr& instr, const GmTransfer& transfer, const L2Cache::Outcome& outcome, const DdrRate& rate) {
  const InstrInfo& info = instr_info(instr.op);
  const double l2 = transfer.write ? soc.l2_write : soc.l2_read;
  const double ddr = std::min(l2, transfer.write ? rate.write : rate.read);
  double cycles = static_cast<double>(outcome.hit) / l2;
  // A write is done when L2 has it; what it pushes out waits for memory.
  if (transfer.write) cycles += static_cast<double>(outcome.miss) / l2 + static_cast<double>(outcome.evicted) * std::max(0.0, 1 / ddr - 1 / l2);
  else cycles += static_cast<double>(outcome.miss) / ddr;
  if (info.pipe == Pipe::FIX) cycles = std::max(cycles, static_cast<double>(transfer.total()) / kFixToGmRate);
  cycles += static_cast<double>(transfer.bursts) * soc.burst_cycles + soc.copy_cycles;
  const int latency = outcome.miss > 0 && !transfer.write ? soc.l2_miss_cycles : soc.l2_hit_cycles;
  return {.cycles = static_cast<int32_t>(std::max<int64_t>(1, rounded(cycles))), .tail = static_cast<uint16_t>(latency), .pipe = info.pipe};
}

}  // namespace npu
