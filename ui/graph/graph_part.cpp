// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/graph_part.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>
#include <set>
#include <utility>

namespace npu::ui {
namespace {

class Parter {
 public:
  Parter(const GraphModel& model, std::vector<char> keep) : model_(model), keep_(std::move(keep)), group_(keep_.size()) {
    std::iota(group_.begin(), group_.end(), 0);
  }

  GraphPart make() {
    join_left_out();
    number_groups();
    sort_groups();
    auto part = std::make_shared<GraphModel>();
    part->name = model_.name;
    value_.assign(model_.values.size(), -1);
    GraphPart made;
    for (const int g : order_) add_node(g, *part, made);
    add_edges(*part);
    made.model = std::move(part);
    return made;
  }

 private:
  int find(int n) {
    while (group_[static_cast<size_t>(n)] != n) n = group_[static_cast<size_t>(n)] = group_[static_cast<size_t>(group_[static_cast<size_t>(n)])];
    return n;
  }

  // Nodes that are left out are joined where an edge leads from one to the other and every way from the inputs to both goes through
  // kept and left out parts equally often. So no way from a group comes back to it: it would pass a kept node, after which the count
  // is higher.
  void join_left_out() {
    std::vector<int> turns(keep_.size(), 0);
    std::vector<std::vector<const GraphEdge*>> in(keep_.size());
    for (const GraphEdge& edge : model_.edges) in[static_cast<size_t>(edge.to)].push_back(&edge);
    for (size_t n = 0; n < keep_.size(); ++n)
      for (const GraphEdge* edge : in[n]) {
        const auto from = static_cast<size_t>(edge->from);
        turns[n] = std::max(turns[n], turns[from] + (keep_[from] && !keep_[n] ? 1 : 0));
      }
    for (const GraphEdge& edge : model_.edges) {
      const auto from = static_cast<size_t>(edge.from), to = static_cast<size_t>(edge.to);
      if (!keep_[from] && !keep_[to] && turns[from] == turns[to]) group_[static_cast<size_t>(find(edge.to))] = find(edge.from);
    }
  }

  bool is_operator(size_t n) const { return model_.nodes[n].kind == GraphNode::Kind::Operator; }

  // A single operator with a graph's input or output takes no more room than a word for it.
  void number_groups() {
    std::vector<int> operators(keep_.size(), 0), of_root(keep_.size(), -1), numbered(keep_.size());
    for (size_t n = 0; n < keep_.size(); ++n) operators[static_cast<size_t>(find(static_cast<int>(n)))] += is_operator(n);
    for (size_t n = 0; n < keep_.size(); ++n) {
      const auto root = static_cast<size_t>(find(static_cast<int>(n)));
      int alone = -1;
      int& g = operators[root] > 1 ? of_root[root] : alone;
      if (g < 0) g = static_cast<int>(members_.size()), members_.emplace_back();
      numbered[n] = g;
      members_[static_cast<size_t>(g)].push_back(static_cast<int>(n));
    }
    group_ = std::move(numbered);
    for (const GraphEdge& edge : model_.edges) {
      const int from = group_[static_cast<size_t>(edge.from)], to = group_[static_cast<size_t>(edge.to)];
      if (from != to) links_.emplace(from, to);
    }
  }

  // Topologically, the first node's place deciding where several may come next.
  void sort_groups() {
    std::vector<std::vector<int>> out(members_.size());
    std::vector<int> waits(members_.size(), 0);
    for (const auto& [from, to] : links_) out[static_cast<size_t>(from)].push_back(to), ++waits[static_cast<size_t>(to)];
    std::priority_queue<int, std::vector<int>, std::greater<>> ready;
    for (size_t g = 0; g < members_.size(); ++g)
      if (waits[g] == 0) ready.push(static_cast<int>(g));
    place_.assign(members_.size(), -1);
    while (!ready.empty()) {
      const int g = ready.top();
      ready.pop();
      place_[static_cast<size_t>(g)] = static_cast<int>(order_.size());
      order_.push_back(g);
      for (const int next : out[static_cast<size_t>(g)])
        if (--waits[static_cast<size_t>(next)] == 0) ready.push(next);
    }
  }

  int value(int whole, GraphModel& part) {
    if (whole < 0) return -1;
    int& index = value_[static_cast<size_t>(whole)];
    if (index >= 0) return index;
    index = static_cast<int>(part.values.size());
    part.values.push_back(model_.values[static_cast<size_t>(whole)]);
    const int producer = part.values.back().producer;
    if (producer >= 0) part.values.back().producer = place_[static_cast<size_t>(group_[static_cast<size_t>(producer)])];
    return index;
  }

  void add_node(int g, GraphModel& part, GraphPart& made) {
    const std::vector<int>& members = members_[static_cast<size_t>(g)];
    const GraphNode& first = model_.nodes[static_cast<size_t>(members.front())];
    made.whole.push_back(members.size() == 1 ? members.front() : -1);
    if (members.size() > 1) {
      const auto count = std::ranges::count_if(members, [&](int n) { return is_operator(static_cast<size_t>(n)); });
      part.nodes.push_back({.hidden = static_cast<int>(count)});
      return;
    }
    GraphNode node = first;
    for (int& v : node.inputs) v = value(v, part);
    for (int& v : node.outputs) v = value(v, part);
    part.nodes.push_back(std::move(node));
  }

  // A group that is left out reads and makes each tensor once.
  void add_edges(GraphModel& part) {
    std::set<std::pair<int, int>> seen;  // reader, value
    for (const GraphEdge& edge : model_.edges) {
      const int from = place_[static_cast<size_t>(group_[static_cast<size_t>(edge.from)])], to = place_[static_cast<size_t>(group_[static_cast<size_t>(edge.to)])];
      if (from == to || !seen.emplace(to, edge.value).second) continue;
      part.edges.push_back({from, to, value(edge.value, part)});
    }
    std::ranges::stable_sort(part.edges, {}, &GraphEdge::to);
  }

  const GraphModel& model_;
  std::vector<char> keep_;
  std::vector<int> group_;                 // of each node; while they are joined: another of the group
  std::vector<std::vector<int>> members_;  // of each group, in order
  std::set<std::pair<int, int>> links_;    // between groups
  std::vector<int> order_, place_;         // groups as the part has them
  std::vector<int> value_;                 // of each value of the whole graph: the part's
};

}  // namespace

GraphPart part_of(const GraphModel& model, std::vector<char> keep) { return Parter(model, std::move(keep)).make(); }

}  // namespace npu::ui
