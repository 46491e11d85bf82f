// SPDX-License-Identifier: Apache-2.0
// fusion_result.json: how often each pass matched and rewrote, under the vendor's name of the rule where there is one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compiler/passes/pass.h"

namespace npu::atc {

class FusionResult {
 public:
  void begin_graph() { graphs_.emplace_back(); }  // of each gear
  void add(const PassReport& report);
  std::string json() const;

 private:
  struct Counts {
    int64_t matched = 0, effective = 0;
  };
  using Counted = std::map<std::string, Counts>;  // by pass

  std::vector<Counted> graphs_;
};

}  // namespace npu::atc
