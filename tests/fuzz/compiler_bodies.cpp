// SPDX-License-Identifier: Apache-2.0
// Bodies that need the compiler.
#include <stdexcept>

#include "compiler/aipp/aipp_config.h"
#include "compiler/tune/bank.h"
#include "tests/fuzz/bodies.h"

namespace npu::fuzz {

void aipp_config(Bytes bytes) {
  const auto ops = parse_aipp_config({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const bool sound = ops ? !ops->empty() && ops->front().format != nullptr : ops.error().where.starts_with("line ") && !ops.error().what.empty();
  if (!sound) throw std::logic_error("neither a configuration nor an error with its line");
}

void schedule_bank(Bytes bytes) {
  const auto bank = ScheduleBank::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!bank) {
    if (bank.error().what.empty()) throw std::logic_error("an error without words");
    return;
  }
  const std::string json = bank->to_json();
  const auto again = ScheduleBank::parse(json);
  if (!again || again->to_json() != json) throw std::logic_error("a bank does not survive saving");
}

}  // namespace npu::fuzz
