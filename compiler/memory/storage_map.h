// SPDX-License-Identifier: Apache-2.0
// Whose bytes a value shares: views have their source's, parts of a Concat lie in its result, parts of a Split in its input.
#pragma once

#include <string>
#include <vector>

#include "core/graph/graph.h"

namespace npu {

// Bytes of a value as it lies in device memory, without slack.
Result<int64_t> physical_bytes(const Value& value);

// A value lies `offset` bytes into the storage of `whole`; one with bytes of its own: {itself, 0}.
struct StoragePlace {
  ValueId whole = kNone;
  int64_t offset = 0;
};

class StorageMap {
 public:
  // As the graph's nodes of the host say. Precondition: their Concats and Splits are such that place_parts put there.
  explicit StorageMap(const Graph& graph);

  StoragePlace of(ValueId id) const;

  // Makes a Concat or a Split one without copies: empty, or why that cannot be. Concats must be tried from the last to the first,
  // so that one whose parts lie in a later one in a row is a view of that. A part of a Concat is what a task writes.
  std::string place_parts(const Graph& graph, const Node& node);

 private:
  std::string place_concat(const Graph& graph, const Node& node);
  std::string place_split(const Graph& graph, const Node& node);
  std::string claim_reason(const Graph& graph, const Node& concat, ValueId part) const;
  bool is_placed(ValueId id) const { return next_[static_cast<size_t>(id)].whole != kNone; }

  std::vector<StoragePlace> next_;  // by value; whole kNone: bytes of its own
};

}  // namespace npu
