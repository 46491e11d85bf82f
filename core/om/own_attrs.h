// SPDX-License-Identifier: Apache-2.0
// Attributes of ours beside the vendor's in MODEL_DEF: what load_om needs to restore the graph exactly.
#pragma once

#include <cstdint>
#include <string_view>

namespace npu::om {

inline constexpr int64_t kOwnFormat = 1;  // of everything in the file that is ours
inline constexpr std::string_view kOwnVersion = "_npu_sandbox_format";
inline constexpr std::string_view kOwnOpset = "_npu_opset";
inline constexpr std::string_view kOwnOp = "_npu_op";       // Node::op
inline constexpr std::string_view kOwnName = "_npu_name";   // Node::name (the op's own name is made unique)
inline constexpr std::string_view kOwnKeys = "_npu_attrs";  // which of the op's attributes are the node's
inline constexpr std::string_view kOwnEngine = "_npu_engine";
inline constexpr std::string_view kOwnTask = "_npu_task";
inline constexpr std::string_view kOwnOrigin = "_npu_origin";
inline constexpr std::string_view kOwnDynamic = "_npu_dynamic";  // of the model: ModelPackage::dynamic
inline constexpr std::string_view kOwnGear = "_npu_gear";        // of the model: Gear::values
inline constexpr std::string_view kOwnOpen = "_npu_open";        // of an open model: its inputs as text
inline constexpr std::string_view kOriginShape = "origin_shape";  // the vendor's: the logical shape

}  // namespace npu::om
