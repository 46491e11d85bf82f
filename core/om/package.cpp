// SPDX-License-Identifier: Apache-2.0
#include "core/om/package.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/soc/soc.h"

namespace npu {

namespace {

constexpr std::string_view kNames[] = {"none", "batch", "image", "dims"};

std::string values_text(Dynamic dynamic, std::span<const int64_t> values) {
  return fmt::format("{}", fmt::join(values, dynamic == Dynamic::Image ? "x" : ","));
}

std::string shapes_text(const CompiledModel& model, std::span<const Shape> shapes) {
  std::string text;
  for (size_t i = 0; i < shapes.size(); ++i)
    text += fmt::format("{}'{}' {}", i ? ", " : "", i < model.inputs.size() ? model.inputs[i].name : "?", to_string(shapes[i]));
  return text;
}

bool takes(const CompiledModel& model, std::span<const Shape> shapes) {
  return std::ranges::equal(model.inputs, shapes, {}, &TensorDesc::shape);
}

}  // namespace

std::string to_string(const DimRange& range) {
  if (!range.is_open()) return fmt::format("{}", range.low);
  if (range.high == kNoLimit) return range.low == 1 ? "-1" : fmt::format("{}~-1", range.low);
  return fmt::format("{}~{}", range.low, range.high);
}

std::string_view to_string(Dynamic dynamic) {
  return kNames[static_cast<size_t>(dynamic)];
}

bool writes_in_place(const Task& task) {
  const auto is_over = [&](const TensorDesc& output) {
    return output.bytes > 0 && std::ranges::any_of(task.inputs, [&](const TensorDesc& input) { return input.bytes > 0 && input.address == output.address; });
  };
  return std::ranges::any_of(task.outputs, is_over);
}

int64_t peak_live_bytes(std::span<const BufferLife> lives) {
  std::map<int32_t, int64_t> change;  // at the beginning of a task
  for (const BufferLife& life : lives) {
    change[life.first_task] += life.room();
    change[life.last_task + 1] -= life.room();
  }
  int64_t live = 0, most = 0;
  for (const auto& [task, bytes] : change) most = std::max(most, live += bytes);
  return most;
}

int64_t ModelPackage::arena_bytes() const {
  int64_t bytes = 0;
  for (const Gear& gear : gears) bytes = std::max(bytes, gear.program->arena_bytes);
  return bytes;
}

Status check_device_memory(const Soc& soc, const std::string& model, int64_t weights, int64_t arena, int64_t limit) {
  const int64_t most = std::min(soc.memory_bytes, limit);
  if (weights >= 0 && arena >= 0 && weights <= most && arena <= most - weights) return {};
  const std::string whose = limit < soc.memory_bytes ? "the limit of " : "the memory of " + std::string(soc.name) + ", ";
  return fail(ErrorKind::CompileLimit, model, fmt::format("{} bytes of weights and {} of activations do not fit {}{} bytes", weights, arena, whose, most));
}

ModelPackage package_of(std::shared_ptr<const CompiledModel> program) {
  return {Dynamic::None, {{{}, std::move(program)}}, nullptr};
}

ModelPackage package_of(OpenModel model) {
  return {Dynamic::None, {}, std::make_shared<const OpenModel>(std::move(model))};
}

std::string inputs_text(std::span<const InputShape> inputs) {
  std::string text;
  for (const InputShape& input : inputs) {
    std::vector<std::string> dims;
    for (const DimRange& dim : input.dims) dims.push_back(to_string(dim));
    text += fmt::format("{}{} {}", text.empty() ? "" : "; ", input.name, input.dims.empty() ? "scalar" : fmt::format("{}", fmt::join(dims, ",")));
  }
  return text;
}

Status check_inputs(const OpenModel& model, std::span<const Tensor> inputs) {
  if (inputs.size() != model.inputs.size())
    return fail(ErrorKind::InvalidArgument, model.name, fmt::format("takes {} inputs, {} were given", model.inputs.size(), inputs.size()));
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string where = "input '" + model.inputs[i].name + "'";
    const DType dtype = model.graph.value(model.graph.inputs[i]).type.dtype;
    const Shape& shape = inputs[i].shape();
    const std::vector<DimRange>& dims = model.inputs[i].dims;
    if (inputs[i].dtype() != dtype)
      return fail(ErrorKind::InvalidArgument, where, fmt::format("is {}, the model takes {}", to_string(inputs[i].dtype()), to_string(dtype)));
    if (shape.size() != dims.size())
      return fail(ErrorKind::InvalidArgument, where, fmt::format("is {} with {} dimensions, the model takes {}", to_string(shape), shape.size(), inputs_text(std::span(&model.inputs[i], 1))));
    for (size_t d = 0; d < dims.size(); ++d)
      if (shape[d] < dims[d].low || shape[d] > dims[d].high)
        return fail(ErrorKind::InvalidArgument, where, fmt::format("is {}: dimension {} is {}, the model takes {} there", to_string(shape), d, shape[d], to_string(dims[d])));
  }
  return {};
}

std::string gears_text(Dynamic dynamic, std::span<const std::vector<int64_t>> gears) {
  std::string text(to_string(dynamic));
  for (size_t i = 0; i < gears.size(); ++i)
    text += fmt::format("{} {}", i == 0 ? "" : dynamic == Dynamic::AnyDims ? ";" : ",", values_text(dynamic, gears[i]));
  return text;
}

std::string gears_text(const ModelPackage& package) {
  std::vector<std::vector<int64_t>> gears;
  for (const Gear& gear : package.gears) gears.push_back(gear.values);
  return gears_text(package.dynamic, gears);
}

Result<size_t> find_gear(const ModelPackage& package, std::span<const Shape> input_shapes) {
  // A program of its own says best which of its inputs does not fit.
  if (package.dynamic == Dynamic::None) return 0;
  const CompiledModel& first = package.first();
  if (input_shapes.size() != first.inputs.size())
    return fail(ErrorKind::InvalidArgument, first.name,
                fmt::format("takes {} inputs, {} were given", first.inputs.size(), input_shapes.size()));
  for (size_t i = 0; i < package.gears.size(); ++i)
    if (takes(*package.gears[i].program, input_shapes)) return i;
  std::vector<Shape> smallest;
  for (const TensorDesc& desc : first.inputs) smallest.push_back(desc.shape);
  return fail(ErrorKind::InvalidArgument, first.name,
              fmt::format("has no gear for {}: its gears are {} (the first takes {})", shapes_text(first, input_shapes),
                          gears_text(package), shapes_text(first, smallest)));
}

Result<size_t> find_gear_by_values(const ModelPackage& package, std::span<const int64_t> values) {
  for (size_t i = 0; i < package.gears.size(); ++i)
    if (std::ranges::equal(package.gears[i].values, values)) return i;
  return fail(ErrorKind::InvalidArgument, package.first().name,
              package.dynamic == Dynamic::None
                  ? fmt::format("was compiled for fixed shapes: it has no gear '{}'", values_text(package.dynamic, values))
                  : fmt::format("has no gear '{}': its gears are {}", values_text(package.dynamic, values), gears_text(package)));
}

}  // namespace npu
