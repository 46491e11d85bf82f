// SPDX-License-Identifier: Apache-2.0
// What the scatter operators do with a value that meets another.
#pragma once

#include "core/ops/detail/elementwise.h"
#include "core/ops/detail/parameters.h"
#include "core/ops/detail/position.h"

namespace npu::detail {

enum class ScatterReduction : uint8_t { None, Add, Multiply, Min, Max };

template <class Context>
Result<ScatterReduction> scatter_reduction(const Context& ctx) {
  static constexpr std::pair<std::string_view, ScatterReduction> kNames[] = {
      {"none", ScatterReduction::None}, {"add", ScatterReduction::Add}, {"mul", ScatterReduction::Multiply},
      {"min", ScatterReduction::Min},   {"max", ScatterReduction::Max}};
  const std::string name = ctx.node().string_attr("reduction", "none");
  for (const auto& [text, reduction] : kNames)
    if (text == name) return reduction;
  return ctx.error(fmt::format("reduction '{}' is not known", name));
}

template <class T>
T scattered(ScatterReduction reduction, T old, T value) {
  switch (reduction) {
    case ScatterReduction::None: return value;
    case ScatterReduction::Add:
      if constexpr (std::is_same_v<T, bool>) return old || value;
      else return WrappingAdd()(old, value);
    case ScatterReduction::Multiply:
      if constexpr (std::is_same_v<T, bool>) return old && value;
      else return WrappingMultiply()(old, value);
    case ScatterReduction::Min: return value < old || value != value ? value : old;
    case ScatterReduction::Max: return value > old || value != value ? value : old;
  }
  return value;
}

// data, with updates[p] put at p with the axis' index replaced by indices[p]: ScatterElements, and Scatter of older opsets.
TypesResult infer_scatter_elements(const InferContext& ctx);
TensorsResult reference_scatter_elements(const EvalContext& ctx);

}  // namespace npu::detail
