// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/weight_store.h"

#include <algorithm>

#include "core/base/hash.h"
#include "core/base/math.h"
#include "core/om/model.h"

namespace npu {

void WeightStore::reserve_for(const Graph& graph) {
  size_t bytes = 0;
  for (size_t id = 0; id < graph.value_count(); ++id)
    if (const auto& constant = graph.value(static_cast<ValueId>(id)).constant) bytes += constant->byte_size() + 2 * kTensorAlign;
  bytes_->reserve(bytes_->size() + bytes + bytes / 8);  // padded channels
}

int64_t WeightStore::add(Bytes bytes) {
  return add(bytes.size(), [&](std::span<std::byte> place) { std::ranges::copy(bytes, place.begin()); });
}

int64_t WeightStore::add(size_t size, const std::function<void(std::span<std::byte>)>& write) {
  std::vector<std::byte>& bytes = *bytes_;
  const size_t offset = bytes.size();
  bytes.resize(offset + size);
  const auto place = std::span(bytes).subspan(offset);
  write(place);
  const uint64_t hash = hash_bytes(place);
  const auto [first, last] = known_.equal_range(hash);
  for (auto known = first; known != last; ++known)
    if (known->second.size == size && std::ranges::equal(place, std::span(bytes).subspan(known->second.offset, size))) {
      bytes.resize(offset);
      return static_cast<int64_t>(known->second.offset);
    }
  bytes.resize(static_cast<size_t>(align_up(static_cast<int64_t>(bytes.size()) + kTensorSlack, kTensorAlign)));
  known_.emplace(hash, Known{offset, size});
  return static_cast<int64_t>(offset);
}

}  // namespace npu
