// SPDX-License-Identifier: Apache-2.0
// What mode 6 and --display_model_info say about a .om file, ours or the vendor's.
#pragma once

#include <string>

#include "core/om/om.h"

namespace npu::atc {

std::string describe_om(const OmInfo& info);

}  // namespace npu::atc
