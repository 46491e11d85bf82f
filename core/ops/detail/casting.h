// SPDX-License-Identifier: Apache-2.0
// What Cast and CastLike share.
#pragma once

#include "core/ops/detail/parameters.h"
#include "core/tensor/narrow.h"

namespace npu::detail {

inline constexpr AttrDef kRoundModeAttr{"round_mode", AttrKind::String, "up"};
inline constexpr AttrDef kSaturateAttr{"saturate", AttrKind::Int, "1"};

// How a number is rounded to a power of two (Float8E8M0).
template <class Context>
Result<PowerRounding> power_rounding(const Context& ctx) {
  const std::string mode = ctx.node().string_attr("round_mode", "up");
  if (mode == "up") return PowerRounding::Up;
  if (mode == "down") return PowerRounding::Down;
  if (mode == "nearest") return PowerRounding::Nearest;
  return ctx.error(fmt::format("round_mode '{}' is not known", mode));
}

// Numbers to and from text included. Float to float goes through double, or directly where the target is narrow.
TensorsResult cast_to(const EvalContext& ctx, DType to);

}  // namespace npu::detail
