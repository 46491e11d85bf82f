// SPDX-License-Identifier: Apache-2.0
// Copies that add to memory, or keep the larger or smaller value.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/half.h"
#include "core/chip/machine.h"

namespace npu {
namespace {

float combine(float a, float b, IssueState::Atomic how) {
  if (a != a || b != b) return std::numeric_limits<float>::quiet_NaN();
  switch (how) {
    case IssueState::AtomicMax: return a > b || (a == b && !std::signbit(a)) ? a : b;
    case IssueState::AtomicMin: return a < b || (a == b && std::signbit(a)) ? a : b;
    default: return a + b;
  }
}

template <class T>
T combine_integers(T a, T b, IssueState::Atomic how) {
  if (how == IssueState::AtomicMax) return std::max(a, b);
  if (how == IssueState::AtomicMin) return std::min(a, b);
  return static_cast<T>(std::clamp<int64_t>(int64_t{a} + b, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

template <class T, class F>
void for_each(std::span<std::byte> memory, const std::byte* values, F&& f) {
  for (size_t at = 0; at < memory.size(); at += sizeof(T)) {
    T old, value;
    std::memcpy(&old, memory.data() + at, sizeof(T));
    std::memcpy(&value, values + at, sizeof(T));
    const T result = f(old, value);
    std::memcpy(memory.data() + at, &result, sizeof(T));
  }
}

}  // namespace

Status update_atomically(const Machine& machine, std::span<std::byte> memory, const std::byte* values) {
  const auto how = machine.issue.atomic;
  const VecType type = machine.issue.atomic_type;
  if (memory.size() % static_cast<size_t>(vec_type_size(type)) != 0)
    return invalid(fmt::format("{} bytes are no whole number of {} to update atomically", memory.size(), kVecTypeNames[static_cast<size_t>(type)]));
  switch (type) {
    case VecType::F32:
      for_each<uint32_t>(memory, values, [&](uint32_t a, uint32_t b) {
        const float sum = combine(std::bit_cast<float>(a), std::bit_cast<float>(b), how);
        return sum != sum ? 0x7fc00000u : std::bit_cast<uint32_t>(sum);
      });
      break;
    case VecType::F16:
      for_each<uint16_t>(memory, values, [&](uint16_t a, uint16_t b) -> uint16_t {
        const float sum = combine(half_bits_to_float(a), half_bits_to_float(b), how);
        return sum != sum ? uint16_t{0x7e00} : float_to_half_bits(std::clamp(sum, -machine.half_limit, machine.half_limit));
      });
      break;
    case VecType::BF16:
      for_each<uint16_t>(memory, values, [&](uint16_t a, uint16_t b) -> uint16_t {
        const float sum = combine(bfloat_bits_to_float(a), bfloat_bits_to_float(b), how);
        return sum != sum ? uint16_t{0x7fc0} : float_to_bfloat_bits(sum);
      });
      break;
    case VecType::S32: for_each<int32_t>(memory, values, [&](int32_t a, int32_t b) { return combine_integers(a, b, how); }); break;
    case VecType::S16: for_each<int16_t>(memory, values, [&](int16_t a, int16_t b) { return combine_integers(a, b, how); }); break;
    default: for_each<int8_t>(memory, values, [&](int8_t a, int8_t b) { return combine_integers(a, b, how); }); break;
  }
  return {};
}

Status execute_SetAtomicAdd(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetAtomicMax(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetAtomicMin(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }
Status execute_SetAtomicNone(Machine& machine, const Instr& instr) { return machine.issue.apply(instr), Status{}; }

// The scalar unit has acted on them.
Status execute_SetMaskCount(Machine&, const Instr&) { return {}; }
Status execute_SetMaskNorm(Machine&, const Instr&) { return {}; }

}  // namespace npu
