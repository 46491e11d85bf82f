// SPDX-License-Identifier: Apache-2.0
#include "core/isa/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace npu {
namespace {

constexpr uint64_t low_bits(int width) { return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

// An instruction word as a little-endian bit string.
class BitString {
 public:
  void put(int position, int width, uint64_t value) {
    const int word = position / 64, shift = position % 64;
    words_[word] |= value << shift;
    if (shift + width > 64) words_[word + 1] |= value >> (64 - shift);
  }
  uint64_t get(int position, int width) const {
    const int word = position / 64, shift = position % 64;
    uint64_t value = words_[word] >> shift;
    if (shift + width > 64) value |= words_[word + 1] << (64 - shift);
    return value & low_bits(width);
  }
  // Whether any bit from `position` on is set.
  bool any_from(int position) const {
    for (int word = position / 64; word < 4; ++word) {
      const uint64_t skipped = word == position / 64 ? low_bits(position % 64) : 0;
      if (words_[word] & ~skipped) return true;
    }
    return false;
  }

  std::array<uint64_t, 4> words_{};
};

int64_t sign_extend(uint64_t value, int width) {
  const int unused = 64 - width;
  return static_cast<int64_t>(value << unused) >> unused;
}

// What is wrong with an operand's value, or an empty text.
std::string value_fault(const Field& field, int64_t value) {
  int64_t low = 0, high = field.width >= 63 ? INT64_MAX : static_cast<int64_t>(low_bits(field.width));
  switch (field.kind) {
    case Field::Signed:
      high = static_cast<int64_t>(low_bits(field.width - 1));
      low = -high - 1;
      break;
    case Field::Type: high = static_cast<int64_t>(kVecTypeNames.size()) - 1; break;
    case Field::PipeId: high = kPipeAll; break;
    case Field::Mode: high = static_cast<int64_t>(kCopyModes.size()) - 1; break;
    case Field::Register: high = kNoRegister; break;
    default:
      if (field.width == 64) low = INT64_MIN;
  }
  if (value >= low && value <= high) return {};
  return fmt::format("{} is {}, allowed are {} to {}", field.name, value, low, high);
}

std::string type_names(TypeSet set) {
  std::string text;
  for (size_t i = 0; i < kVecTypeNames.size(); ++i)
    if (set >> i & 1) (text += text.empty() ? "" : " ") += kVecTypeNames[i];
  return text;
}

std::string limit_fault(const InstrInfo& info, const Field& field, int64_t value) {
  const bool any = field.width == 64 && field.high < field.low;
  if (!any && (value < field.least() || value > field.most()))
    return fmt::format("{} is {}, allowed are {} to {}", field.name, value, field.least(), field.most());
  if (field.kind == Field::Type && !(field.allowed >> value & 1))
    return fmt::format("{} is {}, {} takes {}", field.name, kVecTypeNames[static_cast<size_t>(value)], info.name, type_names(field.allowed));
  if (value % field.align == 0) return {};
  if (field.kind != Field::Address) return fmt::format("{} is {}, not a multiple of {}", field.name, value, field.align);
  const Buffer buffer = field.buffer.value_or(field.name == "dst" ? info.dst : info.src);
  return fmt::format("{} is {}[{:#x}], not a multiple of {}", field.name, kBufferNames[static_cast<size_t>(buffer)], value, field.align);
}

}  // namespace

std::string operand_fault(const Instr& instr) {
  const InstrInfo& info = instr_info(instr.op);
  for (int i = 0; i < field_count(info); ++i)
    if (std::string fault = limit_fault(info, info.fields[i], instr.arg[static_cast<size_t>(i)]); !fault.empty()) return fault;
  return {};
}

Instr make_instr(Opcode op, std::initializer_list<int64_t> args) {
  assert(static_cast<int>(args.size()) <= field_count(instr_info(op)));
  Instr instr{op, {}};
  std::copy_n(args.begin(), std::min<size_t>(args.size(), kMaxFields), instr.arg.begin());
  return instr;
}

Pipe pipe_of(const Instr& instr) {
  int64_t pipe = static_cast<int64_t>(instr_info(instr.op).pipe);
  if (instr.op == Opcode::SetFlag || instr.op == Opcode::PipeBarrier || instr.op == Opcode::FftsCrossCoreSync) pipe = instr.arg[field::kSrcPipe];
  if (instr.op == Opcode::WaitFlag) pipe = instr.arg[field::kDstPipe];
  return pipe >= 0 && pipe < kPipes ? static_cast<Pipe>(pipe) : Pipe::S;
}

Result<InstrWord> encode(const Instr& instr) {
  if (static_cast<int>(instr.op) >= kOpcodes)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("opcode {} is not one of {}", static_cast<int>(instr.op), kOpcodes));
  const InstrInfo& info = instr_info(instr.op);
  BitString bits;
  bits.put(0, 8, static_cast<uint64_t>(instr.op));
  int position = 8;
  for (int i = 0; i < field_count(info); ++i) {
    const Field& field = info.fields[i];
    const int64_t value = instr.arg[static_cast<size_t>(i)];
    if (std::string fault = value_fault(field, value); !fault.empty())
      return fail(ErrorKind::InvalidProgram, std::string(info.name), std::move(fault));
    bits.put(position, field.width, static_cast<uint64_t>(value) & low_bits(field.width));
    position += field.width;
  }
  InstrWord word;
  std::memcpy(word.data(), bits.words_.data(), kInstrBytes);
  return word;
}

Result<Instr> decode(const InstrWord& word) {
  BitString bits;
  std::memcpy(bits.words_.data(), word.data(), kInstrBytes);
  const auto opcode = bits.get(0, 8);
  if (opcode >= kOpcodes)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("opcode {} is not one of {}", opcode, kOpcodes));
  Instr instr{static_cast<Opcode>(opcode), {}};
  const InstrInfo& info = instr_info(instr.op);
  int position = 8;
  for (int i = 0; i < field_count(info); ++i) {
    const Field& field = info.fields[i];
    const uint64_t raw = bits.get(position, field.width);
    const int64_t value = field.kind == Field::Signed ? sign_extend(raw, field.width) : static_cast<int64_t>(raw);
    if (std::string fault = value_fault(field, value); !fault.empty())
      return fail(ErrorKind::InvalidProgram, std::string(info.name), std::move(fault));
    instr.arg[static_cast<size_t>(i)] = value;
    position += field.width;
  }
  if (bits.any_from(position))
    return fail(ErrorKind::InvalidProgram, std::string(info.name), fmt::format("bits above its {} are set", position));
  return instr;
}

Result<std::vector<std::byte>> encode(const Program& program) {
  std::vector<std::byte> bytes;
  bytes.reserve(program.size() * kInstrBytes);
  for (size_t i = 0; i < program.size(); ++i) {
    auto word = encode(program[i]);
    if (!word)
      return fail(word.error().kind, fmt::format("instruction {}: {}", i, word.error().where), std::move(word.error().what));
    bytes.insert(bytes.end(), word->begin(), word->end());
  }
  return bytes;
}

Result<Program> decode_program(Bytes bytes) {
  if (bytes.size() % kInstrBytes != 0)
    return fail(ErrorKind::InvalidProgram, "", fmt::format("{} bytes are not a multiple of {}", bytes.size(), kInstrBytes));
  Program program;
  program.reserve(bytes.size() / kInstrBytes);
  for (size_t i = 0; i < bytes.size() / kInstrBytes; ++i) {
    InstrWord word;
    std::memcpy(word.data(), bytes.data() + i * kInstrBytes, kInstrBytes);
    auto instr = decode(word);
    if (!instr)
      return fail(instr.error().kind, fmt::format("instruction {}: {}", i, instr.error().where), std::move(instr.error().what));
    program.push_back(*instr);
  }
  return program;
}

void IssueState::apply(const Instr& instr) {
  const auto& arg = instr.arg;
  switch (instr.op) {
    case Opcode::SetVectorMask:
      mask_high = static_cast<uint64_t>(arg[field::kMaskHigh]);
      mask_low = static_cast<uint64_t>(arg[field::kMaskLow]);
      break;
    case Opcode::SetFMatrix:
      fm_h = arg[field::kFmHeight], fm_w = arg[field::kFmWidth];
      pad_left = arg[field::kFmPadLeft], pad_right = arg[field::kFmPadRight];
      pad_top = arg[field::kFmPadTop], pad_bottom = arg[field::kFmPadBottom];
      break;
    case Opcode::SetPadding: pad_value = static_cast<uint16_t>(arg[0]); break;
    case Opcode::SetAtomicAdd: atomic = AtomicAdd, atomic_type = static_cast<VecType>(arg[0]); break;
    case Opcode::SetAtomicMax: atomic = AtomicMax, atomic_type = static_cast<VecType>(arg[0]); break;
    case Opcode::SetAtomicMin: atomic = AtomicMin, atomic_type = static_cast<VecType>(arg[0]); break;
    case Opcode::SetAtomicNone: atomic = None; break;
    case Opcode::SetAippSpr: aipp[static_cast<size_t>(std::clamp<int64_t>(arg[field::kSprNumber], 0, kAippRegisters - 1))] = static_cast<uint64_t>(arg[field::kSprValue]); break;
    case Opcode::SetQuantPre: quant_pre = static_cast<uint64_t>(arg[0]); break;
    default: break;
  }
}

}  // namespace npu
