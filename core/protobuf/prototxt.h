// SPDX-License-Identifier: Apache-2.0
// The text form of protocol buffers, as far as configuration files use it: `name: value`, `name: [value, value]`, `name { ... }`, comments from # on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace npu {

struct ProtoMessage;

struct ProtoField {
  std::string name;
  int line = 0;
  std::string value;                   // of a scalar, as written, without quotes
  bool quoted = false;
  std::vector<ProtoMessage> message;   // one, or none for a scalar
};

struct ProtoMessage {
  std::vector<ProtoField> fields;      // in the order of the file; a repeated field several times
};

// InvalidArgument with "line N" in `where`.
Result<ProtoMessage> parse_prototxt(std::string_view text);

}  // namespace npu
