// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory/storage_map.h"

#include <algorithm>
#include <numeric>
#include <ranges>

#include <fmt/format.h>

namespace npu {
namespace {

constexpr int64_t kBlock = 32;  // bytes that copies move at least

// Where each part begins in the whole, if parts lie one after the other in it.
struct Layout {
  std::vector<int64_t> offsets;
  std::string reason;  // why they do not
};

Layout refused(std::string reason) { return {{}, std::move(reason)}; }

// Physical dimensions before the axis, as one number; the axis of C counts blocks of C0.
int64_t outer_of(const Shape& physical, int64_t axis) {
  return std::accumulate(physical.begin(), physical.begin() + axis, int64_t{1}, std::multiplies());
}

Layout layout_of(const Graph& graph, const Node& node, ValueId whole, std::span<const ValueId> parts) {
  const Value& value = graph.value(whole);
  const Shape shape = to_shape(value.type.dims);
  const int64_t given = node.int_attr("axis", 0), axis = given < 0 ? given + std::ssize(shape) : given;
  if (value.format != Format::ND && value.format != Format::NC1HWC0) return refused(fmt::format("{} has no parts in a row", to_string(value.format)));
  const auto physical = physical_shape(shape, value.type.dtype, value.format);
  if (!physical || outer_of(*physical, axis) != 1) return refused(fmt::format("parts along axis {} of {} are not in one piece", axis, to_string(value.type)));
  Layout layout;
  int64_t offset = 0;
  for (const ValueId part : parts) {
    const Value& of_part = graph.value(part);
    const auto bytes = physical_bytes(of_part);
    if (!bytes || of_part.format != value.format || of_part.type.dtype != value.type.dtype) return refused(fmt::format("'{}' lies in another format", of_part.name));
    const bool whole_blocks = value.format != Format::NC1HWC0 || axis != 1 || part == parts.back() || to_shape(of_part.type.dims)[1] % physical->back() == 0;
    if (!whole_blocks || *bytes % kBlock != 0 || *bytes == 0) return refused(fmt::format("'{}' ends within a block: {}", of_part.name, to_string(of_part.type)));
    layout.offsets.push_back(offset);
    offset += *bytes;
  }
  if (offset != physical_bytes(value)) return refused(fmt::format("the parts have {} bytes together", offset));
  return layout;
}

}  // namespace

Result<int64_t> physical_bytes(const Value& value) {
  if (!value.type.is_static())
    return fail(ErrorKind::InvalidModel, "value '" + value.name + "'", "has no fixed shape: " + to_string(value.type));
  NPU_TRY(const Shape shape, physical_shape(to_shape(value.type.dims), value.type.dtype, value.format));
  NPU_TRY(const int64_t elements, checked_element_count(shape, "value '" + value.name + "'"));
  return elements * static_cast<int64_t>(dtype_size(value.type.dtype));
}

StorageMap::StorageMap(const Graph& graph) : next_(graph.value_count()) {
  for (const NodeId id : graph.order() | std::views::reverse) {
    const Node& node = graph.node(id);
    if (node.engine != Engine::Host || node.inputs.empty() || node.inputs[0] == kNone) continue;
    if (node.op == "Concat" || node.op == "Split") place_parts(graph, node);
    else next_[static_cast<size_t>(node.outputs[0])] = {node.inputs[0], 0};
  }
}

StoragePlace StorageMap::of(ValueId id) const {
  StoragePlace place{id, 0};
  while (is_placed(place.whole)) {
    const StoragePlace& next = next_[static_cast<size_t>(place.whole)];
    place = {next.whole, place.offset + next.offset};
  }
  return place;
}

std::string StorageMap::place_parts(const Graph& graph, const Node& node) {
  return node.op == "Concat" ? place_concat(graph, node) : place_split(graph, node);
}

std::string StorageMap::claim_reason(const Graph& graph, const Node& concat, ValueId part) const {
  const NodeId producer = graph.value(part).producer;
  if (producer == kNone) return "no task writes it";
  if (graph.node(producer).engine == Engine::Host && graph.node(producer).op != "Concat") return "it is a view";
  if (graph.is_output(part)) return "it is an output of the model";
  if (std::ranges::count(concat.inputs, part) > 1) return "it is there twice";
  if (is_placed(part)) return "it lies in another concatenation";
  return {};
}

std::string StorageMap::place_concat(const Graph& graph, const Node& node) {
  const ValueId whole = node.outputs[0];
  const Layout layout = layout_of(graph, node, whole, node.inputs);
  if (!layout.reason.empty()) return layout.reason;
  const StoragePlace first = of(node.inputs[0]);
  const auto in_a_row = [&](size_t i) {
    const StoragePlace place = of(node.inputs[i]);
    return is_placed(node.inputs[i]) && place.whole == first.whole && place.offset == first.offset + layout.offsets[i];
  };
  if (!is_placed(whole) && !graph.is_output(whole) && std::ranges::all_of(std::views::iota(size_t{0}, node.inputs.size()), in_a_row)) {
    next_[static_cast<size_t>(whole)] = {node.inputs[0], 0};
    return {};
  }
  for (const ValueId part : node.inputs)
    if (const std::string reason = claim_reason(graph, node, part); !reason.empty()) return fmt::format("'{}': {}", graph.value(part).name, reason);
  for (size_t i = 0; i < node.inputs.size(); ++i) next_[static_cast<size_t>(node.inputs[i])] = {whole, layout.offsets[i]};
  return {};
}

std::string StorageMap::place_split(const Graph& graph, const Node& node) {
  const ValueId whole = node.inputs[0];
  if (graph.is_constant(whole)) return "it splits a constant";
  for (const ValueId part : node.outputs)
    if (part == kNone || is_placed(part) || graph.is_output(part)) return part == kNone ? "a part is left out" : fmt::format("'{}' lies elsewhere", graph.value(part).name);
  const Layout layout = layout_of(graph, node, whole, node.outputs);
  if (!layout.reason.empty()) return layout.reason;
  for (size_t i = 0; i < node.outputs.size(); ++i) next_[static_cast<size_t>(node.outputs[i])] = {whole, layout.offsets[i]};
  return {};
}

}  // namespace npu
