// SPDX-License-Identifier: Apache-2.0
// States of a run at some positions, within a budget of bytes. Device memory is kept in pages that states share.
#pragma once

#include <memory>
#include <vector>

#include "core/chip/chip.h"

namespace npu {

struct Place {
  size_t task = 0;         // CompiledModel::tasks.size(): the run is over
  size_t block = 0;
  int32_t instruction = 0;  // of the block's program; 0 for an AI CPU task

  friend bool operator==(const Place&, const Place&) = default;
};

class Snapshots {
 public:
  // interval: instructions between two snapshots at first; it grows when the budget is short.
  Snapshots(size_t budget, int64_t interval) : budget_(budget), interval_(interval), page_bytes_(std::make_shared<size_t>(0)) {}

  struct Snapshot {
    int64_t position = 0;
    Place place;
    std::vector<std::shared_ptr<const DeviceMemory::Page>> pages;  // null: nothing was ever written there
    std::shared_ptr<const Core> core;                              // null: the block has not begun
  };

  // Whether one is wanted at `position`; `cheap` ones have no core.
  bool wants(int64_t position, bool cheap) const;
  // core may be null. Precondition: memory tracks its changes, and only take() and restore() clear them.
  void take(int64_t position, const Place& place, DeviceMemory& memory, const Core* core);
  // The last one at or before `position`; memory becomes what it was. There is always one at 0.
  const Snapshot& restore(int64_t position, DeviceMemory& memory);
  // Of the last one at or before `position`; -1 when there is none.
  int64_t position_before(int64_t position) const;

  // Of the last one before the first instruction of the place's block, or at it.
  int64_t position_before_block(const Place& place) const;

  size_t bytes() const;
  size_t count() const { return snapshots_.size(); }

 private:
  std::vector<Snapshot>::const_iterator before(int64_t position) const;
  void thin();

  size_t budget_;
  int64_t interval_;
  std::shared_ptr<size_t> page_bytes_;  // of all pages alive
  std::vector<Snapshot> snapshots_;     // sorted
  std::vector<std::shared_ptr<const DeviceMemory::Page>> current_;  // what memory held when its changes were cleared
};

}  // namespace npu
