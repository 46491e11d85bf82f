// SPDX-License-Identifier: Apache-2.0
// The fields of one message of a .prototxt, typed. The first malformed one is remembered, and which were asked for: what nobody
// asked for is a field that is not offered.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/protobuf/prototxt.h"

namespace npu::caffe {

class Params {
 public:
  // Of all fields called `name`, which are messages.
  Params(const ProtoMessage& parent, std::string_view name);

  bool has(std::string_view name) const;
  int64_t integer(std::string_view name, int64_t fallback);        // within the range of int32
  std::vector<int64_t> integers(std::string_view name);
  float number(std::string_view name, float fallback);
  std::vector<float> numbers(std::string_view name);
  bool flag(std::string_view name, bool fallback);
  // The integers called `inner` of the messages called `name`.
  std::vector<int64_t> message_integers(std::string_view name, std::string_view inner);
  // Index of the value, which is written by its name or its number.
  size_t choice(std::string_view name, std::initializer_list<std::string_view> values, size_t fallback);

  // The first malformed field or one that nobody asked for; `where` is "line N".
  Status check() const;

 private:
  std::vector<const ProtoField*> all(std::string_view name);
  const ProtoField* last(std::string_view name);
  void bad(const ProtoField& field, std::string why);

  std::string name_;
  std::vector<const ProtoField*> fields_;
  std::set<std::string, std::less<>> asked_;
  Status status_;
};

// The number, or nothing; of `dim: -1` and its like in files.
std::optional<int64_t> parse_integer(const ProtoField& field);

}  // namespace npu::caffe
