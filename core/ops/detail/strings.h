// SPDX-License-Identifier: Apache-2.0
// Operators on text. Letters are ASCII; other bytes are left as they are.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

inline Status require_strings(const InferContext& ctx, size_t i) {
  if (is_string(ctx.input(i).dtype)) return {};
  return ctx.error(fmt::format("input {} is {}, needs string", i, to_string(ctx.input(i).dtype)));
}

inline std::string lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return text;
}

inline std::string upper_case(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  return text;
}

}  // namespace npu::detail
