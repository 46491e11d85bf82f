// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/float_nodes.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiler/atc/ascend_ops.h"
#include "compiler/atc/text.h"
#include "core/ops/op.h"

namespace npu::atc {
namespace {

void add_type(FloatNodes& nodes, std::string_view type) {
  const AscendOp* op = find_ascend_op(type);
  nodes.types.emplace(op ? op->onnx : type);
}

AtcError bad_list(std::string_view entry, std::string_view reason) {
  return {"E10001", fmt::format("The file of --modify_mixlist is not valid: {} {}", entry, reason)};
}

AtcResult<void> read_list(FloatNodes& nodes, const std::string& list, const std::string& change, const nlohmann::json& types) {
  if (change != "to-add" && change != "to-remove") return std::unexpected(bad_list(fmt::format("'{}' of {}", change, list), "is neither to-add nor to-remove."));
  if (!types.is_array()) return std::unexpected(bad_list(fmt::format("{} of {}", change, list), "is no list of types."));
  for (const auto& type : types) {
    if (!type.is_string()) return std::unexpected(bad_list(fmt::format("{} of {}", change, list), fmt::format("has {}, which is no text.", type.dump())));
    if (list == "black-list" && change == "to-add") add_type(nodes, type.get_ref<const std::string&>());
  }
  return {};
}

}  // namespace

FloatNodes parse_keep_dtype(std::string_view text) {
  constexpr std::string_view kType = "OpType::";
  FloatNodes nodes;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with(kType)) add_type(nodes, line.substr(kType.size()));
    else nodes.names.emplace(line);
  }
  return nodes;
}

AtcResult<FloatNodes> parse_mixlist(std::string_view text) {
  constexpr std::string_view kLists[] = {"black-list", "white-list", "gray-list"};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::unexpected(bad_list("it", "is no JSON object."));
  FloatNodes nodes;
  for (const auto& [list, changes] : json.items()) {
    if (std::ranges::find(kLists, list) == std::end(kLists)) return std::unexpected(bad_list(fmt::format("'{}'", list), "is none of black-list, white-list, gray-list."));
    if (!changes.is_object()) return std::unexpected(bad_list(list, "is no object."));
    for (const auto& [change, types] : changes.items())
      if (auto read = read_list(nodes, list, change, types); !read) return std::unexpected(read.error());
  }
  return nodes;
}

std::vector<std::string> unknown_in(const FloatNodes& nodes, const Graph& graph) {
  std::vector<std::string> unknown;
  for (const std::string& name : nodes.names)
    if (std::ranges::find(graph.order(), name, [&](NodeId id) { return graph.node(id).name; }) == graph.order().end()) unknown.push_back(name);
  for (const std::string& type : nodes.types)
    if (!find_op(type)) unknown.push_back(type);
  return unknown;
}

}  // namespace npu::atc
