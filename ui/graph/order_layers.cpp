// SPDX-License-Identifier: Apache-2.0
// Order within layers: several starts and rules are tried independently of each other, and the one with the fewest crossings wins.
#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "ui/graph/proper_layers.h"

namespace npu::ui {
namespace {

using Order = std::vector<std::vector<int>>;
using Link = ProperLayers::Link;

constexpr int kRounds = 12;            // of a sweep down and one up
constexpr int kPatience = 3;           // rounds without improvement
constexpr size_t kSwapLimit = 20000;   // vertices up to which neighbours are tried the other way round
constexpr size_t kSmall = 60000;       // vertices up to which all rules are tried

enum class Rule { Barycentre, Median };
struct Attempt {
  bool mirrored;
  Rule rule;
};
constexpr std::array<Attempt, 4> kAttempts{{{false, Rule::Barycentre}, {true, Rule::Barycentre}, {false, Rule::Median}, {true, Rule::Median}}};

// In the order in which a depth-first walk from the sources meets the vertices: chains stay together.
Order walk_order(const ProperLayers& layers, bool mirrored) {
  Order order(layers.order.size());
  std::vector<char> seen(layers.size(), 0);
  std::vector<int> stack;
  const auto visit_from = [&](int start) {
    stack.push_back(start);
    while (!stack.empty()) {
      const int v = stack.back();
      stack.pop_back();
      if (seen[static_cast<size_t>(v)]) continue;
      seen[static_cast<size_t>(v)] = 1;
      order[static_cast<size_t>(layers.layer[static_cast<size_t>(v)])].push_back(v);
      const auto& down = layers.down[static_cast<size_t>(v)];
      for (size_t i = 0; i < down.size(); ++i) stack.push_back(down[mirrored ? i : down.size() - 1 - i].vertex);
    }
  };
  for (const auto& layer : layers.order)
    for (const int v : layer)
      if (layers.up[static_cast<size_t>(v)].empty()) visit_from(v);
  return order;
}

// Crossings between two neighbouring layers: inversions, counted with a binary indexed tree (Barth, Juenger and Mutzel 2002).
int64_t crossings_below(const ProperLayers& layers, const std::vector<int>& layer, size_t below, const std::vector<int>& position, std::vector<int>& tree,
                        std::vector<int>& ends) {
  tree.assign(below + 1, 0);
  int64_t crossings = 0, added = 0;
  for (const int v : layer) {
    ends.clear();
    for (const Link& link : layers.down[static_cast<size_t>(v)]) ends.push_back(position[static_cast<size_t>(link.vertex)]);
    for (const int end : ends) {
      int64_t not_right = 0;
      for (int i = end + 1; i > 0; i -= i & -i) not_right += tree[static_cast<size_t>(i)];
      crossings += added - not_right;
    }
    for (const int end : ends)
      for (size_t i = static_cast<size_t>(end) + 1; i <= below; i += i & -i) ++tree[i];
    added += static_cast<int64_t>(ends.size());
  }
  return crossings;
}

class Sweeper {
 public:
  Sweeper(const ProperLayers& layers, const Attempt& attempt, const std::atomic<bool>* cancelled)
      : layers_(layers), rule_(attempt.rule), cancelled_(cancelled), order_(walk_order(layers, attempt.mirrored)), keys_(layers.size()) {
    position_ = positions(order_, layers.size());
  }

  // The best order met, and its crossings.
  std::pair<int64_t, Order> run() {
    Order best = order_;
    int64_t fewest = count_crossings(layers_, order_);
    for (int round = 0, worse = 0; round < kRounds && worse < kPatience && fewest > 0; ++round) {
      for (size_t i = 1; i < order_.size(); ++i) sort_layer(i, layers_.up);
      for (size_t i = order_.size() - 1; i-- > 0;) sort_layer(i, layers_.down);
      if (cancelled_ && *cancelled_) break;
      if (layers_.size() <= kSwapLimit) swap_neighbours();
      const int64_t crossings = count_crossings(layers_, order_);
      worse = crossings < fewest ? 0 : worse + 1;
      if (crossings < fewest) fewest = crossings, best = order_;
    }
    return {fewest, std::move(best)};
  }

 private:
  double key_of(const std::vector<Link>& links) {
    if (rule_ == Rule::Barycentre) {
      int64_t sum = 0;
      for (const Link& link : links) sum += position_[static_cast<size_t>(link.vertex)];
      return static_cast<double>(sum) / static_cast<double>(links.size());
    }
    ends_.clear();
    for (const Link& link : links) ends_.push_back(position_[static_cast<size_t>(link.vertex)]);
    std::ranges::sort(ends_);
    const size_t middle = ends_.size() / 2;
    return ends_.size() % 2 ? ends_[middle] : (ends_[middle - 1] + ends_[middle]) / 2.0;
  }

  void sort_layer(size_t index, const std::vector<std::vector<Link>>& links) {
    auto& layer = order_[index];
    double last = 0;  // a vertex without neighbours stays beside its left one
    for (const int v : layer) {
      const auto& of = links[static_cast<size_t>(v)];
      if (!of.empty()) last = key_of(of);
      keys_[static_cast<size_t>(v)] = last;
    }
    std::ranges::stable_sort(layer, [&](int a, int b) { return keys_[static_cast<size_t>(a)] < keys_[static_cast<size_t>(b)]; });
    for (size_t i = 0; i < layer.size(); ++i) position_[static_cast<size_t>(layer[i])] = static_cast<int>(i);
  }

  // Crossings of the links of `left` with those of `right`, minus those there would be the other way round.
  int64_t gain_of_swap(const std::vector<Link>& left, const std::vector<Link>& right) {
    int64_t gain = 0;
    for (const Link& a : left)
      for (const Link& b : right) {
        const int pa = position_[static_cast<size_t>(a.vertex)], pb = position_[static_cast<size_t>(b.vertex)];
        gain += (pa > pb) - (pa < pb);
      }
    return gain;
  }

  void swap_neighbours() {
    constexpr int kPasses = 3;
    bool changed = true;
    for (int pass = 0; pass < kPasses && changed; ++pass) {
      changed = false;
      for (auto& layer : order_)
        for (size_t i = 0; i + 1 < layer.size(); ++i) {
          const auto a = static_cast<size_t>(layer[i]), b = static_cast<size_t>(layer[i + 1]);
          if (gain_of_swap(layers_.up[a], layers_.up[b]) + gain_of_swap(layers_.down[a], layers_.down[b]) <= 0) continue;
          std::swap(layer[i], layer[i + 1]);
          std::swap(position_[a], position_[b]);
          changed = true;
        }
    }
  }

  const ProperLayers& layers_;
  Rule rule_;
  const std::atomic<bool>* cancelled_;
  Order order_;
  std::vector<int> position_;
  std::vector<double> keys_;
  std::vector<int> ends_;
};

}  // namespace

int64_t count_crossings(const ProperLayers& layers, const Order& order) {
  const std::vector<int> position = positions(order, layers.size());
  std::vector<int> tree, ends;
  int64_t crossings = 0;
  for (size_t i = 0; i + 1 < order.size(); ++i) crossings += crossings_below(layers, order[i], order[i + 1].size(), position, tree, ends);
  return crossings;
}

bool order_layers(ProperLayers& layers, ThreadPool& pool, const std::atomic<bool>* cancelled) {
  const size_t attempts = layers.size() <= kSmall ? kAttempts.size() : 1;
  std::array<std::pair<int64_t, Order>, kAttempts.size()> results;
  pool.parallel_for(attempts, [&](size_t i) { results[i] = Sweeper(layers, kAttempts[i], cancelled).run(); });
  if (cancelled && *cancelled) return false;
  size_t best = 0;
  for (size_t i = 1; i < attempts; ++i)
    if (results[i].first < results[best].first) best = i;
  layers.order = std::move(results[best].second);
  return true;
}

}  // namespace npu::ui
