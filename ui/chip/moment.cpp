// SPDX-License-Identifier: Apache-2.0
#include "ui/chip/moment.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace npu::ui {
namespace {

// The type fields of a row, first and last.
struct TypeFields {
  int first = -1, last = -1;
};

TypeFields type_fields(const Instr& instr) {
  TypeFields found;
  const InstrInfo& info = instr_info(instr.op);
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].kind == Field::Type) {
      if (found.first < 0) found.first = i;
      found.last = i;
    }
  return found;
}

VecType type_at(const Instr& instr, int field) {
  const auto value = static_cast<size_t>(instr.arg[static_cast<size_t>(field)]);
  return static_cast<VecType>(std::min(value, kVecTypeNames.size() - 1));
}

bool integer_product(const Instr& instr) { return vec_type_size(type_at(instr, field::kMadAType)) == 1; }

const CopyModeInfo* copy_mode(const Instr& instr) {
  const InstrInfo& info = instr_info(instr.op);
  for (int i = 0; i < field_count(info); ++i)
    if (info.fields[i].kind == Field::Mode) return &kCopyModes[std::min(static_cast<size_t>(instr.arg[static_cast<size_t>(i)]), kCopyModes.size() - 1)];
  return nullptr;
}

}  // namespace

const ChipTile* ChipMoment::tile_at(Buffer buffer, int64_t address) const {
  const auto& list = tiles[static_cast<size_t>(buffer)];
  const auto after = std::ranges::upper_bound(list, address, {}, &ChipTile::begin);
  if (after == list.begin() || std::prev(after)->end <= address) return nullptr;
  return &*std::prev(after);
}

Origin origin_of(const Task& task, int64_t address) {
  int bit = 0;
  for (const auto* list : {&task.inputs, &task.outputs})
    for (const TensorDesc& tensor : *list) {
      if (bit == kMostOrigins) break;
      if (address >= tensor.address && address < tensor.address + std::max<int64_t>(tensor.bytes, 1)) return Origin{1} << bit;
      ++bit;
    }
  return address < kArenaBase ? kFromConstants : kFromWorkspace;
}

std::vector<std::string> origin_names(const Task& task, Origin origin) {
  std::vector<std::string> names;
  int bit = 0;
  for (const auto* list : {&task.inputs, &task.outputs})
    for (const TensorDesc& tensor : *list)
      if (bit < kMostOrigins && (origin >> bit++ & 1)) names.push_back(tensor.name);
  return names;
}

VecType vec_type_of(DType dtype) {
  switch (dtype) {
    case DType::Float32: return VecType::F32;
    case DType::BFloat16: return VecType::BF16;
    case DType::Int32: return VecType::S32;
    case DType::UInt32: return VecType::U32;
    case DType::Int64: return VecType::S64;
    case DType::Int16: return VecType::S16;
    case DType::UInt16: return VecType::U16;
    case DType::Int8: return VecType::S8;
    case DType::UInt8:
    case DType::Bool: return VecType::U8;
    default: return VecType::F16;
  }
}

std::optional<VecType> type_read(const Instr& instr, Buffer buffer) {
  if (const CopyModeInfo* mode = copy_mode(instr); mode && buffer == Buffer::L0C) return mode->from_s32 ? VecType::S32 : VecType::F32;
  const TypeFields fields = type_fields(instr);
  if (fields.first < 0) return {};
  if (instr.op == Opcode::Mad) {
    if (buffer == Buffer::L0C || buffer == Buffer::BT) return integer_product(instr) ? VecType::S32 : VecType::F32;
    return type_at(instr, buffer == Buffer::L0B ? fields.last : fields.first);
  }
  return type_at(instr, fields.last);  // a conversion names the result's type first
}

std::optional<VecType> type_written(const Instr& instr) {
  if (const CopyModeInfo* mode = copy_mode(instr)) {
    if (mode->size == 4) return mode->from_s32 ? VecType::S32 : VecType::F32;
    return mode->size == 1 ? VecType::S8 : mode->name.ends_with("bf16") ? VecType::BF16 : VecType::F16;
  }
  const TypeFields fields = type_fields(instr);
  if (fields.first < 0) return {};
  if (instr.op == Opcode::Mad) return integer_product(instr) ? VecType::S32 : VecType::F32;
  // Into L0C and BT everything comes widened to 32 bits.
  const Buffer to = instr_info(instr.op).dst;
  const VecType type = type_at(instr, fields.first);
  if (to == Buffer::L0C || to == Buffer::BT) return type == VecType::S32 ? VecType::S32 : VecType::F32;
  return type;
}

std::string place_text(const Place& place) { return fmt::format("task {} block {} instruction {}", place.task, place.block, place.instruction); }

std::string place_key(const Place& place) { return fmt::format("{}:{}:{}", place.task, place.block, place.instruction); }

std::optional<Place> place_from_key(std::string_view text) {
  int32_t numbers[3] = {};
  for (int i = 0; i < 3; ++i) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), numbers[i]);
    if (error != std::errc{} || numbers[i] < 0) return {};
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (i == 2) break;
    if (text.empty() || text.front() != ':') return {};
    text.remove_prefix(1);
  }
  if (!text.empty()) return {};
  return Place{static_cast<size_t>(numbers[0]), static_cast<size_t>(numbers[1]), numbers[2]};
}

}  // namespace npu::ui
