// SPDX-License-Identifier: Apache-2.0
// What tuning has learnt, as a JSON file: for each chip and task the best schedule, and the trials, so that a search can go on.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "compiler/tune/search.h"
#include "core/base/result.h"

namespace npu {

struct BankEntry {
  Schedule schedule;
  int64_t before = 0, after = 0;  // cycles: of the default schedule, of this one
  std::string algorithm;          // "GA", "RL"
  uint64_t seed = 0;
  uint64_t space = 0;             // SearchSpace::fingerprint()
  std::vector<Trial> trials;      // in the order in which they were made
};

class ScheduleBank {
 public:
  const BankEntry* find(std::string_view soc, std::string_view key) const;
  void put(std::string_view soc, std::string_view key, BankEntry entry);
  size_t size() const { return entries_.size(); }
  void for_each(const std::function<void(const std::string& soc, const std::string& key, const BankEntry&)>& visit) const;

  std::string to_json() const;  // one line an entry
  // InvalidArgument with the entry and the field. That a schedule is legal for its task is not looked at here: the compiler does.
  static Result<ScheduleBank> parse(std::string_view json);

 private:
  std::map<std::pair<std::string, std::string>, BankEntry> entries_;  // soc, key
};

}  // namespace npu
