// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <bitset>
#include <list>
#include <map>
#include <random>

#include "core/chip/l2_cache.h"

namespace npu {
namespace {

constexpr int64_t kLine = L2Cache::kLine, kPage = L2Cache::kPage;

// The same rules with a list and a map, line by line.
class NaiveCache {
 public:
  explicit NaiveCache(size_t pages) : pages_(pages) {}

  L2Cache::Outcome access(int64_t address, int64_t bytes, bool write) {
    L2Cache::Outcome outcome;
    int64_t last = -1;
    for (int64_t line = address / kLine; line * kLine < address + bytes; ++line) {
      const int64_t page = line * kLine / kPage;
      if (page != last) touch(page, outcome);
      last = page;
      auto& [present, dirty] = lines_[page];
      const auto bit = static_cast<size_t>(line * kLine % kPage / kLine);
      (present[bit] ? outcome.hit : outcome.miss) += kLine;
      present.set(bit);
      if (write) dirty.set(bit);
    }
    return outcome;
  }

 private:
  void touch(int64_t page, L2Cache::Outcome& outcome) {
    const auto found = std::ranges::find(order_, page);
    if (found != order_.end()) order_.erase(found);
    else if (order_.size() == pages_) {
      outcome.evicted += static_cast<int64_t>(lines_[order_.back()].second.count()) * kLine;
      lines_.erase(order_.back());
      order_.pop_back();
    }
    order_.push_front(page);
  }

  size_t pages_;
  std::list<int64_t> order_;
  std::map<int64_t, std::pair<std::bitset<64>, std::bitset<64>>> lines_;
};

}  // namespace

TEST_CASE("lines are fetched once, dirty ones written back when they leave") {
  L2Cache cache(2 * kPage);
  CHECK(cache.access(0, 2 * kLine, false).miss == 2 * kLine);
  CHECK(cache.access(kLine, 2 * kLine, false).hit == kLine);
  CHECK(cache.access(kPage, kLine, true).evicted == 0);
  CHECK(cache.access(2 * kPage, kLine, false).evicted == 0);  // page 0 was clean
  CHECK(cache.access(3 * kPage, kLine, false).evicted == kLine);
  CHECK(cache.access(0, kLine, false).miss == kLine);
}

TEST_CASE("an address inside a line moves the whole line") {
  L2Cache cache(2 * kPage);
  CHECK(cache.access(kLine - 1, 2, false).miss == 2 * kLine);
  CHECK(cache.access(5, 0, false).miss == 0);
  CHECK(cache.access(-5, 10, false).miss == 0);
}

TEST_CASE("going past the cache changes nothing in it") {
  L2Cache cache(kPage);
  CHECK(cache.access(0, kLine, false).miss == kLine);
  CHECK(cache.bypass(0, 2 * kLine).hit == kLine);
  CHECK(cache.bypass(kPage, kLine).miss == kLine);
  CHECK(cache.access(0, kLine, false).hit == kLine);
}

TEST_CASE("a chip without L2 pays for every byte") {
  L2Cache cache(0);
  CHECK(cache.access(0, kLine, false).miss == kLine);
  CHECK(cache.access(0, kLine, true).evicted == kLine);
}

TEST_CASE("random accesses agree with the naive cache") {
  std::mt19937 random(7);
  for (size_t pages : {1, 3, 17}) {
    L2Cache cache(static_cast<int64_t>(pages) * kPage);
    NaiveCache naive(pages);
    for (int i = 0; i < 20000; ++i) {
      const int64_t address = random() % (40 * kPage), bytes = 1 + random() % (3 * kPage);
      const bool write = random() % 2;
      const auto got = cache.access(address, bytes, write), want = naive.access(address, bytes, write);
      REQUIRE(got.hit == want.hit);
      REQUIRE(got.miss == want.miss);
      REQUIRE(got.evicted == want.evicted);
    }
  }
}

}  // namespace npu
