// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/colouring.h"

#include <algorithm>
#include <array>
#include <map>
#include <unordered_map>

#include <fmt/format.h>

#include "ui/graph/op_kind.h"
#include "ui/strings.h"

namespace npu::ui {
namespace {

constexpr uint32_t kNone = 0x8A93A0;

// Okabe and Ito's colours and lighter or darker ones of the same hues, in the order of OpKind.
constexpr std::array<uint32_t, kOpKinds> kKindColours{
    0x0072B2,  // Convolution
    0xD55E00,  // MatMul
    0xB0483C,  // Attention
    0x56B4E9,  // Arithmetic
    0xE69F00,  // Normalise
    0xC9B400,  // Reduce
    0x009E73,  // Pool
    0xCC79A7,  // Move
    0xA98BB8,  // View
    0x7A9E3A,  // Select
    0x6A5ACD,  // Quantise
    kNone,     // Rewritten
};
constexpr std::array<Str, kOpKinds> kKindNames{Str::GraphKindConvolution, Str::GraphKindMatMul, Str::GraphKindAttention, Str::GraphKindArithmetic,
                                               Str::GraphKindNormalise,   Str::GraphKindReduce, Str::GraphKindPool,      Str::GraphKindMove,
                                               Str::GraphKindView,        Str::GraphKindSelect, Str::GraphKindQuantise,  Str::GraphKindRewritten};

// For groups without an order of their own; neighbours differ.
constexpr std::array<uint32_t, 8> kCycle{0x0072B2, 0xE69F00, 0x009E73, 0xCC79A7, 0x56B4E9, 0xD55E00, 0xC9B400, 0x6A5ACD};

// Cividis, sampled.
constexpr std::array<uint32_t, 6> kHeat{0x26456E, 0x4B5F79, 0x7C7B78, 0xA69D75, 0xD3C164, 0xFDE737};
constexpr int kHeatSteps = 6;

uint32_t blend(uint32_t a, uint32_t b, double share) {
  uint32_t result = 0;
  for (const int shift : {0, 8, 16}) {
    const double from = a >> shift & 255, to = b >> shift & 255;
    result |= static_cast<uint32_t>(from + (to - from) * share + 0.5) << shift;
  }
  return result;
}

// What a node counts as: a number that sorts the legend where the nodes are as many, its label and colour.
struct Class {
  int order = 0;
  std::string label;
  uint32_t rgb = kNone;
};

class Colourer {
 public:
  Colourer(const Scene& scene, ColourBy by, const TaskLinks* links, Language language) : scene_(scene), by_(by), links_(links), language_(language) {}

  Colouring by_class() {
    std::vector<std::map<int, int>> votes(scene_.nodes.size());
    std::map<int, std::pair<Class, int>> classes;
    for (size_t n = 0; n < scene_.model->nodes.size(); ++n) {
      if (scene_.model->nodes[n].kind != GraphNode::Kind::Operator || scene_.model->nodes[n].hidden > 0) continue;
      Class c = class_of(n);
      const int order = c.order;
      ++votes[static_cast<size_t>(scene_.shown_as[n])][order];
      ++classes.try_emplace(order, std::move(c), 0).first->second.second;
    }
    Colouring made;
    for (const auto& vote : votes) {
      auto most = std::ranges::max_element(vote, {}, [](const auto& v) { return v.second; });
      // What a block is about are its convolutions and products, however many small operators are around them.
      if (by_ == ColourBy::Kind && vote.size() > 1 && vote.begin()->first <= static_cast<int>(OpKind::Attention)) most = vote.begin();
      made.of_node.push_back(most == vote.end() ? kNone : classes.at(most->first).first.rgb);
    }
    for (auto& [order, entry] : classes) made.legend.push_back({std::move(entry.first.label), entry.first.rgb, entry.second});
    std::ranges::stable_sort(made.legend, std::ranges::greater{}, &LegendEntry::nodes);
    return made;
  }

  Colouring by_time() {
    Colouring made;
    double most = 0;
    for (size_t s = 0; s < scene_.nodes.size(); ++s) {
      made.us.push_back(time_of(scene_.nodes[s]));
      most = std::max(most, made.us.back());
    }
    for (const double us : made.us) made.of_node.push_back(us < 0 || most <= 0 ? kNone : heat_colour(us / most));
    for (int step = 0; most > 0 && step < kHeatSteps; ++step) {
      const double heat = static_cast<double>(step) / (kHeatSteps - 1);
      made.legend.push_back({fmt::format("{:.3g} \xc2\xb5s", most * heat), heat_colour(heat), 0});
    }
    return made;
  }

 private:
  static constexpr int kNothing = 1 << 20;

  Class class_of(size_t n) const {
    const GraphNode& node = scene_.model->nodes[n];
    switch (by_) {
      case ColourBy::Kind: {
        const auto kind = static_cast<size_t>(op_kind(node.op));
        return {static_cast<int>(kind), tr(language_, kKindNames[kind]), kKindColours[kind]};
      }
      case ColourBy::Engine: return engine_class(n);
      case ColourBy::DType: return dtype_class(node);
      default: return task_class(n);
    }
  }

  Class engine_class(size_t n) const {
    Engine engine = scene_.model->nodes[n].engine;
    if (links_) engine = links_->of_node[n].empty() ? Engine::Unassigned : links_->tasks[static_cast<size_t>(links_->of_node[n].front())].engine;
    switch (engine) {
      case Engine::AiCore: return {0, tr(language_, Str::GraphEngineCore), 0x0072B2};
      case Engine::AiCpu: return {1, tr(language_, Str::GraphEngineCpu), 0xE69F00};
      case Engine::Host: return {2, tr(language_, Str::GraphEngineHost), 0x009E73};
      case Engine::Unassigned: break;
    }
    return {kNothing, tr(language_, links_ ? Str::GraphNoTask : Str::GraphNotKnown), kNone};
  }

  Class dtype_class(const GraphNode& node) const {
    if (node.outputs.empty() || node.outputs[0] < 0) return {kNothing, tr(language_, Str::GraphNotKnown), kNone};
    const DType dtype = scene_.model->values[static_cast<size_t>(node.outputs[0])].type.dtype;
    if (dtype == DType::Undefined) return {kNothing, tr(language_, Str::GraphNotKnown), kNone};
    return {static_cast<int>(dtype), std::string(to_string(dtype)), kCycle[(static_cast<size_t>(dtype) - 1) % kCycle.size()]};
  }

  Class task_class(size_t n) const {
    if (!links_ || links_->of_node[n].empty()) return {kNothing, tr(language_, links_ ? Str::GraphNoTask : Str::GraphNotKnown), kNone};
    const int task = links_->of_node[n].front();
    return {task, format(language_, Str::GraphTask, task, links_->tasks[static_cast<size_t>(task)].name), kCycle[static_cast<size_t>(task) % kCycle.size()]};
  }

  double time_of(const SceneNode& node) const {
    if (!links_) return -1;
    std::vector<int> tasks;
    const auto add = [&](int n) { tasks.insert(tasks.end(), links_->of_node[static_cast<size_t>(n)].begin(), links_->of_node[static_cast<size_t>(n)].end()); };
    if (node.node >= 0) {
      add(node.node);
    } else {
      const FoldGroup& group = scene_.tree->groups[static_cast<size_t>(node.group)];
      for (int n = group.first; n < group.last; ++n) add(n);
    }
    std::ranges::sort(tasks);
    tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
    double us = -1;
    for (const int task : tasks)
      if (const double one = links_->tasks[static_cast<size_t>(task)].us; one >= 0) us = std::max(us, 0.0) + one;
    return us;
  }

  const Scene& scene_;
  ColourBy by_;
  const TaskLinks* links_;
  Language language_;
};

}  // namespace

TaskLinks link_tasks(const GraphModel& model, const CompiledModel& compiled, const std::vector<double>& task_us) {
  TaskLinks links;
  links.of_node.resize(model.nodes.size());
  std::unordered_map<std::string_view, std::vector<int>> tasks_of;  // by the name of a node of either graph
  for (size_t t = 0; t < compiled.tasks.size(); ++t) {
    const Task& task = compiled.tasks[t];
    links.tasks.push_back({task.name, task.engine, t < task_us.size() ? task_us[t] : -1});
    for (const NodeId id : task.nodes) {
      const Node& node = compiled.graph.node(id);
      tasks_of[node.name].push_back(static_cast<int>(t));
      for (const std::string& origin : node.origin) tasks_of[origin].push_back(static_cast<int>(t));
    }
  }
  for (size_t n = 0; n < model.nodes.size(); ++n) {
    const GraphNode& node = model.nodes[n];
    if (node.kind != GraphNode::Kind::Operator) continue;
    const auto found = tasks_of.find(node.name);
    if (found == tasks_of.end()) continue;
    links.of_node[n] = found->second;
    std::ranges::sort(links.of_node[n]);
    links.of_node[n].erase(std::unique(links.of_node[n].begin(), links.of_node[n].end()), links.of_node[n].end());
  }
  return links;
}

uint32_t heat_colour(double heat) {
  const double at = std::clamp(heat, 0.0, 1.0) * (kHeat.size() - 1);
  const auto low = std::min(static_cast<size_t>(at), kHeat.size() - 2);
  return blend(kHeat[low], kHeat[low + 1], at - static_cast<double>(low));
}

Colouring colour_scene(const Scene& scene, ColourBy by, const TaskLinks* links, Language language) {
  Colourer colourer(scene, by, links, language);
  return by == ColourBy::Time ? colourer.by_time() : colourer.by_class();
}

}  // namespace npu::ui
