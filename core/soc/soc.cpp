// SPDX-License-Identifier: Apache-2.0
#include "core/soc/soc.h"

#include <array>
#include <string>

namespace npu {
namespace {

constexpr std::array kSocs{
#define NPU_SOC(...) Soc{__VA_ARGS__},
#include "core/soc/soc.def"
#undef NPU_SOC
};

}  // namespace

int64_t Soc::buffer_bytes(Buffer buffer) const {
  switch (buffer) {
    case Buffer::GM: return memory_bytes;
    case Buffer::L1: return l1;
    case Buffer::L0A: return l0a;
    case Buffer::L0B: return l0b;
    case Buffer::L0C: return l0c;
    case Buffer::UB: return ub;
    case Buffer::BT: return bt;
    case Buffer::FB: return fb;
  }
  return 0;
}

std::span<const Soc> all_socs() { return kSocs; }

Result<const Soc*> find_soc(std::string_view name) {
  std::string known;
  for (const Soc& soc : kSocs) {
    if (soc.name == name) return &soc;
    known += (known.empty() ? "" : ", ") + std::string(soc.name);
  }
  return fail(ErrorKind::InvalidArgument, "soc_version", "'" + std::string(name) + "' is not one of " + known);
}

}  // namespace npu
