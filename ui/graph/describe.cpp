// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/describe.h"

#include <fmt/format.h>

#include "ui/strings.h"

namespace npu::ui {
namespace {

std::string value_line(const GraphModel& model, int v) {
  if (v < 0) return "  -\n";
  const GraphValue& value = model.values[static_cast<size_t>(v)];
  std::string line = "  " + value.name;
  if (value.type.dtype != DType::Undefined) line += ": " + to_string(value.type);
  if (value.format != Format::ND) line += " " + std::string(to_string(value.format));
  return line + "\n";
}

std::string operator_text(const GraphModel& model, const GraphNode& node, Language language) {
  std::string text = fmt::format("{} '{}'\n", node.op.empty() ? tr(language, node.kind == GraphNode::Kind::Input ? Str::Input : Str::Output) : node.op, node.name);
  for (const GraphAttr& attr : node.attrs) text += fmt::format("  {} = {}\n", attr.name, attr.value);
  if (!node.inputs.empty()) text += std::string(tr(language, Str::Input)) + "\n";
  for (const int v : node.inputs) text += value_line(model, v);
  if (!node.outputs.empty()) text += std::string(tr(language, Str::Output)) + "\n";
  for (const int v : node.outputs) text += value_line(model, v);
  return text;
}

}  // namespace

std::string node_line(const Scene& scene, int node, Language language) {
  const SceneNode& shown = scene.nodes[static_cast<size_t>(node)];
  std::string line = shown.title;
  if (shown.node >= 0 && !scene.model->nodes[static_cast<size_t>(shown.node)].op.empty()) line += " " + scene.model->nodes[static_cast<size_t>(shown.node)].name;
  if (!shown.detail.empty()) line += ", " + shown.detail;
  const auto list = [&](const std::vector<int>& edges, bool from) {
    std::string names;
    for (const int e : edges) {
      const SceneEdge& edge = scene.edges[static_cast<size_t>(e)];
      names += (names.empty() ? "" : ", ") + scene.nodes[static_cast<size_t>(from ? edge.from : edge.to)].title;
    }
    return names.empty() ? std::string("-") : names;
  };
  const auto index = static_cast<size_t>(node);
  return line + "; " + format(language, Str::GraphNeighbours, list(scene.in[index], true), list(scene.out[index], false));
}

std::string node_text(const GraphModel& model, int node, const TaskLinks* links, Language language) {
  std::string text = operator_text(model, model.nodes[static_cast<size_t>(node)], language);
  if (!links || static_cast<size_t>(node) >= links->of_node.size()) return text;
  for (const int task : links->of_node[static_cast<size_t>(node)]) {
    const TaskLinks::Info& info = links->tasks[static_cast<size_t>(task)];
    text += format(language, Str::GraphTask, task, info.name) + (info.us >= 0 ? fmt::format("  {:.2f} us\n", info.us) : "\n");
  }
  return text;
}

std::string scene_text(const Scene& scene, Language language) {
  std::string text;
  std::vector<int> open;  // groups the last line was in
  const auto& groups = scene.tree->groups;
  for (size_t s = 0; s < scene.nodes.size(); ++s) {
    const SceneNode& node = scene.nodes[s];
    std::vector<int> around;
    int g = node.group >= 0 ? groups[static_cast<size_t>(node.group)].parent
            : static_cast<size_t>(node.node) < scene.tree->innermost.size() ? scene.tree->innermost[static_cast<size_t>(node.node)] : -1;
    for (; g >= 0; g = groups[static_cast<size_t>(g)].parent) around.insert(around.begin(), g);
    for (size_t d = 0; d < around.size(); ++d)
      if (d >= open.size() || open[d] != around[d]) text += std::string(d * 2, ' ') + group_title(groups[static_cast<size_t>(around[d])], language) + ":\n";
    open = around;
    text += std::string(around.size() * 2, ' ') + node_line(scene, static_cast<int>(s), language) + "\n";
  }
  return text;
}

}  // namespace npu::ui
