// SPDX-License-Identifier: Apache-2.0
// The file of --fusion_switch_file: lines "Pass:off", or JSON {"Switch": {"GraphFusion": {"ALL": "off"}, "UBFusion": {...}}}.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/atc/options.h"

namespace npu::atc {

// The vendor's two kinds of passes: what joins tasks in the unified buffer (UBFusion), and everything else (GraphFusion).
inline constexpr std::string_view kBufferFusion = "fuse-tasks";

struct FusionSwitches {
  std::set<std::string, std::less<>> disabled;  // passes of this compiler
  std::set<std::string, std::less<>> enabled;   // by name
  std::vector<std::string> remarks;             // on names that no pass here has, or that stand for one of another name
};

// E10001 with the entry where the text is neither form, or switches off a pass that later ones rely on.
AtcResult<FusionSwitches> parse_fusion_switches(std::string_view text);

}  // namespace npu::atc
