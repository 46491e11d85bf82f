// SPDX-License-Identifier: Apache-2.0
// Bodies that need the compiler.
#include <stdexcept>

#include "compiler/aipp/aipp_config.h"
#include "tests/fuzz/bodies.h"

namespace npu::fuzz {

void aipp_config(Bytes bytes) {
  const auto ops = parse_aipp_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool sound = ops ? !ops->empty() && ops->front().format != nullptr : ops.error().where.starts_with("line ") && !ops.error().what.empty();
  if (!sound) throw std::logic_error("neither a configuration nor an error with its line");
}

}  // namespace npu::fuzz
