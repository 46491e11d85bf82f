// SPDX-License-Identifier: Apache-2.0
#include "runtime/replay/snapshots.h"

#include <algorithm>
#include <tuple>

namespace npu {
namespace {

using Page = DeviceMemory::Page;

// A page that counts itself while it lives.
std::shared_ptr<const Page> make_page(const DeviceMemory& memory, size_t index, const std::shared_ptr<size_t>& total) {
  auto page = std::make_unique<Page>();
  memory.copy_page(index, *page);
  *total += sizeof(Page);
  return {page.release(), [total](const Page* p) {
            *total -= sizeof(Page);
            delete p;
          }};
}

size_t own_bytes(const Snapshots::Snapshot& snapshot) {
  return sizeof(snapshot) + snapshot.pages.size() * sizeof(snapshot.pages[0]) + (snapshot.core ? snapshot.core->memory_bytes() : 0);
}

}  // namespace

std::vector<Snapshots::Snapshot>::const_iterator Snapshots::before(int64_t position) const {
  const auto after = std::ranges::upper_bound(snapshots_, position, {}, &Snapshot::position);
  return after == snapshots_.begin() ? snapshots_.end() : std::prev(after);
}

int64_t Snapshots::position_before(int64_t position) const {
  const auto found = before(position);
  return found == snapshots_.end() ? -1 : found->position;
}

int64_t Snapshots::position_before_block(const Place& place) const {
  const auto after = std::ranges::find_if(snapshots_, [&](const Snapshot& s) {
    return std::tie(s.place.task, s.place.block) > std::tie(place.task, place.block) || (s.place.task == place.task && s.place.block == place.block && s.core);
  });
  return after == snapshots_.begin() ? 0 : std::prev(after)->position;
}

bool Snapshots::wants(int64_t position, bool cheap) const {
  const int64_t last = position_before(position);
  return last < 0 || position - last >= (cheap ? std::max<int64_t>(1, interval_ / 8) : interval_);
}

void Snapshots::take(int64_t position, const Place& place, DeviceMemory& memory, const Core* core) {
  current_.resize(memory.pages());
  for (size_t i = 0; i < current_.size(); ++i)
    if (memory.changed(i)) current_[i] = make_page(memory, i, page_bytes_);
  memory.clear_changes();
  const auto at = std::ranges::lower_bound(snapshots_, position, {}, &Snapshot::position);
  snapshots_.insert(at, {position, place, current_, core ? std::make_shared<const Core>(*core) : nullptr});
  thin();
}

const Snapshots::Snapshot& Snapshots::restore(int64_t position, DeviceMemory& memory) {
  static const Page kEmpty{};
  const Snapshot& snapshot = *before(position);
  for (size_t i = 0; i < current_.size(); ++i)
    if (memory.changed(i) || current_[i] != snapshot.pages[i]) memory.set_page(i, snapshot.pages[i] ? *snapshot.pages[i] : kEmpty);
  current_ = snapshot.pages;
  memory.clear_changes();
  return snapshot;
}

size_t Snapshots::bytes() const {
  size_t bytes = *page_bytes_ + current_.size() * sizeof(current_[0]);
  for (const Snapshot& snapshot : snapshots_) bytes += own_bytes(snapshot);
  return bytes;
}

// Gives up the snapshot that helps least: the one between the nearest neighbours, sooner if it holds a core.
void Snapshots::thin() {
  size_t total = bytes();
  while (total > budget_ && snapshots_.size() > 1) {
    size_t worst = 1;
    double least = 1e30;
    for (size_t i = 1; i < snapshots_.size(); ++i) {
      const int64_t next = i + 1 < snapshots_.size() ? snapshots_[i + 1].position : snapshots_[i].position + interval_;
      const double use = static_cast<double>(next - snapshots_[i - 1].position) * (snapshots_[i].core ? 1 : 8);
      if (use < least) least = use, worst = i;
    }
    snapshots_.erase(snapshots_.begin() + static_cast<std::ptrdiff_t>(worst));
    interval_ = std::max(interval_, 2 * snapshots_.back().position / static_cast<int64_t>(snapshots_.size()));
    total = bytes();
  }
}

}  // namespace npu
