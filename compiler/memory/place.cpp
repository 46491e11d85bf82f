// SPDX-License-Identifier: Apache-2.0
#include "compiler/memory/place.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

namespace npu {
namespace {

using Order = std::vector<size_t>;

// One buffer after the other, each into the smallest gap between those placed that are alive at the same time.
class GreedyPlacement {
 public:
  explicit GreedyPlacement(std::span<const BufferLife> buffers) : buffers_(buffers), offsets_(buffers.size()) {}

  void run(const Order& order) {
    placed_.clear();
    total_ = 0;
    for (const size_t index : order) {
      const int64_t need = buffers_[index].room();
      offsets_[index] = gap_for(buffers_[index], need);
      if (offsets_[index] + need > total_) total_ = offsets_[index] + need, top_ = index;
      const auto at = std::ranges::lower_bound(placed_, offsets_[index], {}, [&](size_t i) { return offsets_[i]; });
      placed_.insert(at, index);
    }
  }

  int64_t total() const { return total_; }
  size_t top() const { return top_; }  // the buffer that ends last
  const std::vector<int64_t>& offsets() const { return offsets_; }

 private:
  int64_t gap_for(const BufferLife& buffer, int64_t need) const {
    int64_t cursor = 0, best = -1, best_gap = std::numeric_limits<int64_t>::max();
    for (const size_t index : placed_) {
      const BufferLife& other = buffers_[index];
      if (other.last_task < buffer.first_task || buffer.last_task < other.first_task) continue;
      const int64_t gap = offsets_[index] - cursor;
      if (gap >= need && gap < best_gap) best = cursor, best_gap = gap;
      cursor = std::max(cursor, offsets_[index] + other.room());
    }
    return best >= 0 ? best : cursor;
  }

  std::span<const BufferLife> buffers_;
  std::vector<int64_t> offsets_;
  std::vector<size_t> placed_;  // sorted by offset
  int64_t total_ = 0;
  size_t top_ = 0;
};

template <class Key>
Order order_by(std::span<const BufferLife> buffers, Key key) {
  Order order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](size_t i) { return key(buffers[i]); });
  return order;
}

std::vector<Order> greedy_orders(std::span<const BufferLife> buffers) {
  const auto life = [](const BufferLife& b) { return static_cast<double>(b.last_task - b.first_task + 1); };
  return {order_by(buffers, [](const BufferLife& b) { return b.bytes; }),
          order_by(buffers, [&](const BufferLife& b) { return life(b) * static_cast<double>(b.bytes); }),
          order_by(buffers, life)};
}

int64_t one_after_the_other(std::span<BufferLife> buffers) {
  int64_t total = 0;
  for (const size_t i : order_by(buffers, [](const BufferLife& b) { return b.bytes; })) {
    buffers[i].offset = total;
    total += buffers[i].room();
  }
  return total;
}

}  // namespace

int64_t place_buffers(std::span<BufferLife> buffers, bool reuse) {
  if (!reuse) return one_after_the_other(buffers);
  // A placement takes about n * n steps; all rounds together stay below 0.1 s.
  constexpr size_t kFewBuffers = 2000, kSteps = 20'000'000, kMostRounds = 200;
  const size_t rounds = std::min(kSteps / std::max<size_t>(buffers.size() * buffers.size(), 1), kMostRounds);
  const int64_t bound = peak_live_bytes(buffers);
  GreedyPlacement placement(buffers);
  std::minstd_rand random(1);
  std::vector<int64_t> best;
  int64_t best_total = std::numeric_limits<int64_t>::max();
  const auto is_bound_reached = [&](const Order& order) {
    placement.run(order);
    if (placement.total() < best_total) best_total = placement.total(), best = placement.offsets();
    return best_total <= bound;
  };
  for (Order& order : greedy_orders(buffers)) {
    bool done = is_bound_reached(order);
    if (buffers.size() > kFewBuffers) break;
    for (size_t round = 0; !done && round < rounds; ++round) {
      const auto top = std::ranges::find(order, placement.top());
      std::rotate(order.begin() + static_cast<ptrdiff_t>(random() % static_cast<size_t>(top - order.begin() + 1)), top, top + 1);
      done = is_bound_reached(order);
    }
    if (done) break;
  }
  for (size_t i = 0; i < buffers.size(); ++i) buffers[i].offset = best[i];
  return best_total;
}

}  // namespace npu
