// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "compiler/schedule/scheduler.h"
#include "core/base/hash.h"

namespace npu {
namespace {

struct AttrText {
  std::string operator()(int64_t value) const { return fmt::format("{}", value); }
  std::string operator()(float value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return value; }
  template <class T>
  std::string operator()(const std::vector<T>& values) const { return fmt::format("{}", fmt::join(values, ",")); }
  std::string operator()(const Tensor& tensor) const { return fmt::format("{:x}", hash_bytes(tensor.bytes())); }
  std::string operator()(const Subgraph&) const { return "graph"; }
  std::string operator()(const TensorType& type) const { return to_string(type); }
};

std::string operand_text(const Graph& graph, const TaskSpec& spec, ValueId id) {
  if (id == kNone) return "_";
  for (size_t i = 0; i < spec.nodes.size(); ++i)
    if (std::ranges::count(graph.node(spec.nodes[i]).outputs, id) > 0) return fmt::format("#{}", i);
  const Value& value = graph.value(id);
  return fmt::format("{}{}{}", to_string(value.type), value.format == Format::ND ? "" : fmt::format(":{}", to_string(value.format)), value.constant ? "=" : "");
}

}  // namespace

std::string task_key(const Graph& graph, const TaskSpec& spec) {
  std::string key;
  for (const NodeId id : spec.nodes) {
    const Node& node = graph.node(id);
    if (!key.empty()) key += "; ";
    key += node.op + "(";
    for (size_t i = 0; i < node.inputs.size(); ++i) key += (i == 0 ? "" : ", ") + operand_text(graph, spec, node.inputs[i]);
    key += ")";
    for (const auto& [name, attr] : node.attrs) key += fmt::format(" {}={}", name, std::visit(AttrText(), attr));
  }
  const Value& result = graph.value(graph.node(spec.nodes.back()).outputs[0]);
  return key + fmt::format(" -> {}:{}", to_string(result.type), to_string(result.format));
}

}  // namespace npu
