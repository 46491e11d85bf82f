// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace npu {

// Which operators there are, since which opset, where they run and on which element types, as a Markdown table. Made from
// the registries: the element types are those for which some node of the operator passes inference.
std::string support_table();

}  // namespace npu
