// SPDX-License-Identifier: Apache-2.0
// The weights of a model as they grow while its tasks are lowered: equal bytes are stored once, also by several programs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/graph/graph.h"

namespace npu {

class WeightStore {
 public:
  // Room for the constants of a graph at once: a vector that grows needs twice its size meanwhile.
  void reserve_for(const Graph& graph);

  // Appends bytes (512-aligned) and returns their device address; equal bytes are stored once.
  int64_t add(Bytes bytes);
  // The same for bytes that `write` makes in place, from zeros.
  int64_t add(size_t size, const std::function<void(std::span<std::byte>)>& write);

  const std::vector<std::byte>& bytes() const { return *bytes_; }
  // For the models that use them; grows with what is added later.
  std::shared_ptr<const std::vector<std::byte>> shared() const { return bytes_; }

 private:
  struct Known {
    size_t offset, size;
  };

  std::shared_ptr<std::vector<std::byte>> bytes_ = std::make_shared<std::vector<std::byte>>();
  std::multimap<uint64_t, Known> known_;  // by hash
};

}  // namespace npu
