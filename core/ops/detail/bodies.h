// SPDX-License-Identifier: Apache-2.0
// Sub-graphs as an operator sees them.
#pragma once

#include "core/ops/detail/infer_common.h"

namespace npu::detail {

// The output types of a body whose inputs are of these types (captured ones last).
Result<std::vector<TensorType>> infer_body(const InferContext& ctx, const Graph& body, std::span<const TensorType> inputs);
// Its results; an error says which operator ran it.
DatumsResult run_body(const DatumContext& ctx, const Graph& body, std::span<const Datum> inputs);

// The types of the values a body captures: the node's last inputs.
std::vector<TensorType> captured_types(const InferContext& ctx, const Graph& body);
std::vector<Datum> captured_values(const DatumContext& ctx, const Graph& body);

// A type for both; nothing when they are of different kinds or element types. Dimensions that differ become unknown.
std::optional<TensorType> common_type(const TensorType& a, const TensorType& b);

}  // namespace npu::detail
