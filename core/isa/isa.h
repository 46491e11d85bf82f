// SPDX-License-Identifier: Apache-2.0
// The instruction set as data: isa.def has one row an instruction; the enum, the encoding, the disassembler, the
// timing, the manual and the executor's dispatch come from it.
//
// An instruction is 256 bits: 8 bits of opcode, then the row's fields packed in the order listed. The encoding is
// ours (silicon passes most operands in registers); names, operand meaning and units follow the vendor's public
// intrinsics.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace npu {

enum class Pipe : uint8_t { S, V, M, MTE1, MTE2, MTE3, FIX };
inline constexpr int kPipes = 7;
inline constexpr std::array<std::string_view, kPipes> kPipeNames{"S", "V", "M", "MTE1", "MTE2", "MTE3", "FIX"};
inline constexpr int kPipeAll = kPipes;  // operand of pipe_barrier

enum class Buffer : uint8_t { GM, L1, L0A, L0B, L0C, UB, BT, FB };
inline constexpr int kBuffers = 8;
inline constexpr std::array<std::string_view, kBuffers> kBufferNames{"GM", "L1", "L0A", "L0B", "L0C", "UB", "BT", "FB"};

// Element types of operands. Two s4 share a byte, the first in its low half.
enum class VecType : uint8_t { F16, F32, S32, S16, U8, S8, U16, U32, BF16, S4, S64 };
inline constexpr std::array<std::string_view, 11> kVecTypeNames{"f16", "f32", "s32", "s16", "u8", "s8", "u16", "u32", "bf16", "s4", "s64"};
constexpr int vec_type_size(VecType t) {
  constexpr std::array<int, 11> sizes{2, 4, 4, 2, 1, 1, 2, 4, 2, 1, 8};
  return sizes[static_cast<size_t>(t)];
}
// A set of types, one bit each.
using TypeSet = uint32_t;
constexpr TypeSet types(std::initializer_list<VecType> list) {
  TypeSet set = 0;
  for (VecType t : list) set |= TypeSet{1} << static_cast<int>(t);
  return set;
}
inline constexpr TypeSet kFloats = types({VecType::F16, VecType::F32});
inline constexpr TypeSet kClassic = types({VecType::F16, VecType::F32, VecType::S32, VecType::S16, VecType::U8, VecType::S8});
inline constexpr TypeSet kConverted = kClassic | types({VecType::BF16, VecType::S4, VecType::S64});
inline constexpr TypeSet kArithmetic = types({VecType::F16, VecType::F32, VecType::S32, VecType::S16});

// The generations of the AI core, as the vendor's compiler names them. A row of isa.def says which have the instruction.
enum class Arch : uint8_t { M100 = 1, C100 = 2, M200 = 4, M300 = 8, C220 = 16 };
inline constexpr std::array<std::string_view, 5> kArchNames{"m100 (310)", "c100 (910)", "m200 (310P)", "m300 (310B)", "c220 (910B)"};
using ArchSet = uint8_t;
constexpr ArchSet archs(std::initializer_list<Arch> list) {
  ArchSet set = 0;
  for (Arch a : list) set = static_cast<ArchSet>(set | static_cast<ArchSet>(a));
  return set;
}
inline constexpr ArchSet kAllArchs = 31;

inline constexpr int kBlockBytes = 32;       // one data block
inline constexpr int kRepeatBytes = 256;     // one vector repeat: 8 blocks
inline constexpr int kFractalBytes = 512;    // 16 x 16 fp16
inline constexpr int kMaxFields = 16;
inline constexpr int kInstrBytes = 32;

inline constexpr int kRegisters = 32;          // X0 to X31
inline constexpr int kNoRegister = kRegisters;  // as a register operand: reads as zero

// What happens to L0C's 32-bit values on their way out. V modes: a multiplier of its own for each column.
enum class CopyMode : uint8_t { F32, F322F16, F322BF16, S32, DEQF16, VDEQF16, REQ8, VREQ8, QF322B8, VQF322B8 };
struct CopyModeInfo {
  std::string_view name;
  int size;          // bytes of a result
  bool from_s32;     // L0C holds s32, else fp32
  bool table;        // parameters from a table, one for each column
};
inline constexpr std::array<CopyModeInfo, 10> kCopyModes{{
    {"f32", 4, false, false}, {"f322f16", 2, false, false}, {"f322bf16", 2, false, false}, {"s32", 4, true, false},
    {"deqf16", 2, true, false}, {"vdeqf16", 2, true, true}, {"req8", 1, true, false}, {"vreq8", 1, true, true},
    {"qf322b8", 1, false, false}, {"vqf322b8", 1, false, true},
}};

struct Field {
  std::string_view name;
  uint8_t width = 0;  // bits; 0 ends the list
  enum Kind : uint8_t { Plain, Signed, FloatBits, Type, PipeId, Address, Mode, Register } kind = Plain;
  // Legal values, checked when the instruction is executed: [low, high] (everything the width holds when high < low),
  // multiples of `align`; of a type: the members of `allowed`.
  int64_t low = 0;
  int64_t high = -1;
  uint32_t align = 1;
  TypeSet allowed = ~TypeSet{0};
  std::optional<Buffer> buffer = {};  // where an address points; without one: the row's dst or src

  constexpr Field in(Buffer place, uint32_t alignment = 1) const {
    Field field = *this;
    field.kind = Address, field.buffer = place, field.align = alignment;
    return field;
  }
  constexpr Field of(TypeSet set) const {
    Field field = *this;
    field.kind = Type, field.allowed = set;
    return field;
  }
  constexpr Field from(int64_t least, int64_t most) const {
    Field field = *this;
    field.low = least, field.high = most;
    return field;
  }
  constexpr int64_t least() const { return kind == Signed && high < low ? -(int64_t{1} << (width - 1)) : low; }
  constexpr int64_t most() const {
    if (high >= low) return high;
    if (kind == Type) return static_cast<int64_t>(kVecTypeNames.size()) - 1;
    if (kind == PipeId) return kPipeAll;
    if (kind == Mode) return static_cast<int64_t>(kCopyModes.size()) - 1;
    if (kind == Register) return kNoRegister;
    if (width >= 64) return INT64_MAX;
    return (int64_t{1} << (kind == Signed ? width - 1 : width)) - 1;
  }
};

// cycles = slope * work + head when the pipe was idle; tail is paid when the result is waited for.
// `work` is what the row's `work` column counts.
struct Cost {
  int head = 6;
  int slope = 2;
  int tail = 0;
};

enum class Work : uint8_t {
  One,       // a fixed number of cycles
  Repeat,    // 256-byte vector repeats
  Transfer,  // bytes moved, divided by the soc's rate for the path
  Fractals,  // 16x16x16 cube steps
};

enum class Opcode : uint8_t {
#define NPU_INSTR(id, ...) id,
#include "core/isa/isa.def"
#undef NPU_INSTR
};

inline constexpr int kOpcodes = 0
#define NPU_INSTR(id, ...) +1
#include "core/isa/isa.def"
#undef NPU_INSTR
    ;

struct InstrInfo {
  std::string_view name;
  Pipe pipe = Pipe::S;          // flags run in the pipe their operand names
  Buffer dst = Buffer::GM;      // where field "dst" points
  Buffer src = Buffer::GM;      // where "src" / "src0" / "src1" point
  Work work = Work::One;
  Cost cost = {};
  Field fields[kMaxFields] = {};
  bool scalar = false;            // carried out by the scalar unit while it fetches (core/isa/fetch.h)
  ArchSet archs = kAllArchs;      // chips that have it; elsewhere it halts
  std::string_view doc = "";      // the loop nest it performs, and its public source
};

const InstrInfo& instr_info(Opcode op);
constexpr int field_count(const InstrInfo& info) {
  int count = 0;
  while (count < kMaxFields && info.fields[count].width != 0) ++count;
  return count;
}

// Operand positions (index into Instr::arg) of the field lists shared by families in isa.def.
namespace field {
// set_flag, wait_flag, pipe_barrier
enum Flag { kSrcPipe, kDstPipe, kEvent };
// copies in 32-byte blocks
enum Copy { kCopyDst, kCopySrc, kCopyBursts, kCopyLength, kCopySrcGap, kCopyDstGap };
// copies in bytes; right_pad in bytes, filled with zeros
enum CopyAlign { kAlignDst, kAlignSrc, kAlignBursts, kAlignLength, kAlignSrcGap, kAlignDstGap, kAlignRightPad };
// copy_gm_to_cbuf_multi_nd2nz
enum Nd2Nz { kNdDst, kNdSrc, kNdRows, kNdCols, kNdSrcPitch, kNdDstC0Stride, kNdType, kNdMore, kNdSrcStride, kNdDstStride };
// load_cbuf_to_ca / cb
enum Load2d { kLoadDst, kLoadSrc, kLoadRepeat, kLoadSrcStride, kLoadDstGap, kLoadTranspose, kLoadType, kLoadDecrement };
// set_fmatrix
enum FMatrix { kFmHeight, kFmWidth, kFmPadLeft, kFmPadRight, kFmPadTop, kFmPadBottom };
// img2colv2_cbuf_to_ca
enum Img2Col {
  kImDst, kImSrc, kImStepK, kImStepM, kImPosK, kImPosM, kImStrideW, kImStrideH,
  kImFilterW, kImFilterH, kImDilationW, kImDilationH, kImChannels, kImType
};
// mad
enum Mad { kMadC, kMadA, kMadB, kMadM, kMadK, kMadN, kMadInit, kMadAType, kMadBType, kMadHf32 };
// copy_matrix_cc_to_ubuf; mode: CopyMode
enum CcToUb { kCcDst, kCcSrc, kCcBursts, kCcLength, kCcSrcGap, kCcDstGap, kCcMode, kCcRelu, kCcQuant };
// broadcast_ub_to_cc
enum UbToCc { kBcDst, kBcSrc, kBcBursts, kBcLength, kBcSrcType };
// copy_cbuf_to_bt
enum ToBt { kBtDst, kBtSrc, kBtLength, kBtSrcType };
// copy_matrix_cc_to_gm, copy_matrix_cc_to_cbuf (FIX; the latter without nz2nd)
enum Fix { kFixDst, kFixSrc, kFixM, kFixN, kFixDstStride, kFixSrcStride, kFixMode, kFixRelu, kFixNz2Nd, kFixQuant, kFixL1Quant = kFixNz2Nd };
// vector operations: strides in 32-byte blocks
enum Binary { kBiType, kBiDst, kBiSrc0, kBiSrc1, kBiRepeat, kBiDstBlk, kBiSrc0Blk, kBiSrc1Blk, kBiDstRep, kBiSrc0Rep, kBiSrc1Rep };
enum Unary { kUnType, kUnDst, kUnSrc, kUnRepeat, kUnDstBlk, kUnSrcBlk, kUnDstRep, kUnSrcRep };
enum Scalar { kScType, kScDst, kScSrc, kScRepeat, kScDstBlk, kScSrcBlk, kScDstRep, kScSrcRep, kScScalar };
enum Convert { kCvDstType, kCvSrcType, kCvDst, kCvSrc, kCvRepeat, kCvDstBlk, kCvSrcBlk, kCvDstRep, kCvSrcRep, kCvRound };
enum Dup { kDupType, kDupDst, kDupScalar, kDupRepeat, kDupDstBlk, kDupDstRep };
enum Reduce { kRdType, kRdDst, kRdSrc, kRdRepeat, kRdDstRep, kRdSrcBlk, kRdSrcRep, kRdOrder };
enum Select { kSelType, kSelDst, kSelSrc0, kSelSrc1, kSelMask, kSelRepeat };
enum Compare { kCmpType, kCmpDst, kCmpSrc0, kCmpSrc1, kCmpRepeat, kCmpMode };
enum Transpose16 { kTrDst, kTrSrc, kTrRepeat, kTrDstRow, kTrSrcRow, kTrDstRep, kTrSrcRep };
enum Brcb { kBrType, kBrDst, kBrSrc, kBrRepeat };
enum Mask { kMaskHigh, kMaskLow };
enum Shift { kShDistance = 8, kShRound };
enum CompareScalar { kCsType, kCsDst, kCsSrc, kCsScalar, kCsRepeat, kCsMode };
enum CompareMask { kCmType, kCmSrc0, kCmSrc1, kCmRepeat, kCmSrc0Blk, kCmSrc1Blk, kCmSrc0Rep, kCmSrc1Rep, kCmMode };
enum SelectScalar { kSsType, kSsDst, kSsSrc0, kSsMask, kSsScalar, kSsRepeat };
enum Dequantise { kDqDst, kDqSrc, kDqRepeat, kDqDstBlk, kDqSrcBlk, kDqDstRep, kDqSrcRep, kDqScale };
enum Gather { kGaType, kGaDst, kGaSrc, kGaTable, kGaLength, kGaRepeat, kGaDstRep };
enum GatherBlocks { kGbDst, kGbSrc, kGbTable, kGbLength, kGbRepeat, kGbDstBlk, kGbDstRep };
enum Sort { kSoType, kSoDst, kSoSrc0, kSoSrc1, kSoRepeat };
enum Merge { kMeType, kMeDst, kMeSrc, kMeLength = 6, kMeLists = 10, kMeSuspend };
enum GatherMask { kGmType, kGmDst, kGmSrc0, kGmSrc1, kGmPattern, kGmRepeat, kGmSrc0Blk, kGmSrc0Rep, kGmSrc1Rep, kGmCount };
enum Img2ColV1 {
  kI1Dst, kI1Src, kI1FetchW, kI1FetchH, kI1LeftW, kI1LeftH, kI1C1, kI1StrideW, kI1StrideH, kI1FilterW, kI1FilterH, kI1DilationW, kI1DilationH, kI1Jump, kI1Mode, kI1Repeat
};
enum LoadGm { kLgDst, kLgSrc, kLgRepeat, kLgSrcStride, kLgDstGap, kLgDecrement, kLgTranspose, kLgType };
enum Transpose8 { kTrDstHigh = 7, kTrSrcHigh };
// scalar unit: operand 2 is X[xm] + imm
enum Alu { kAluXd, kAluXn, kAluXm, kAluImm, kAluMode };
enum MovImm { kMovXd, kMovImm };
enum MovSpr { kSprXd, kSpr };
// ld and st: address + X[xn]; size is log2 of the bytes
enum Ld { kLdXd, kLdAddress, kLdXn, kLdSize, kLdSigned };
enum St { kStXs, kStAddress, kStXn, kStSize };
enum Prefix { kPreOperand, kPreXn };
enum Flow { kFlowOffset, kFlowXn, kFlowMode };
// load_image_to_cbuf, set_aipp_spr
enum Image { kImgDst, kImgType, kImgHorSize, kImgVerSize, kImgHorStart, kImgVerStart, kImgSrcHorSize, kImgTopPad, kImgBotPad, kImgLeftPad, kImgRightPad };
enum AippSpr { kSprNumber, kSprValue };
// ffts_cross_core_sync, wait_flag_dev
enum CrossCoreSync { kSyncPipe, kSyncMode, kSyncFlag };
enum LoopFields { kLoopLength, kLoopXn, kLoopCount };
}  // namespace field

inline constexpr int kAippRegisters = 10;
inline constexpr int kCrossCoreFlags = 11;
inline constexpr int kQuantBytes = 8;  // one quantisation parameter
inline constexpr int kCcModeF32 = static_cast<int>(CopyMode::F32);
inline constexpr int kCcModeF32ToF16 = static_cast<int>(CopyMode::F322F16);

enum class CompareMode : uint8_t { Eq, Ne, Lt, Le, Gt, Ge };
// What mov_xd_spr reads.
enum class Special : uint8_t { BlockIdx, BlockNum, SubBlockIdx, RsvdCount, MrgSortState, CmpMaskLow, CmpMaskHigh };
inline constexpr std::array<std::string_view, 7> kSpecialNames{"block_idx", "block_num", "sub_block_idx", "rsvd_cnt", "vms4_sr", "cmpmask_low", "cmpmask_high"};
enum class RoundMode : uint8_t { Nearest, Floor, Ceil, Trunc, Away, Odd };

}  // namespace npu
