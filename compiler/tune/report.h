// SPDX-License-Identifier: Apache-2.0
// What tuning did, for people and as the vendor's file.
#pragma once

#include <string>

#include "compiler/tune/tuner.h"

namespace npu {

// One line a task: cycles before and after, and the decisions that differ from the default's. Tasks that stay as they are: only when all.
std::string tune_table(const TuneResult& result, bool all);

// Of a whole model, predicted.
struct TunedModel {
  std::string name;
  double seconds = 0;              // of tuning
  double before_ms = 0, after_ms = 0;
};
// The vendor's aoe_result_opat_*.json (AOE guide, operator tuning).
std::string aoe_result_json(const Soc& soc, const TuneResult& result, const TunedModel& model);

// The bank as text, of no file an empty one. A bank that cannot be read is a warning and an empty one.
ScheduleBank read_bank(std::string_view json, std::string_view name, std::vector<std::string>& warnings);

}  // namespace npu
