// SPDX-License-Identifier: Apache-2.0
// What a lesson's step can ask of the real state: a small table of named predicates with typed arguments.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "ui/learn/facts.h"
#include "ui/strings.h"

namespace npu::ui {

enum class ArgKind { Number, Sample, Chip, Pass, Pipe, Link, Word };

struct Predicate {
  std::string_view name;           // "latency_below"
  std::vector<ArgKind> args;
  bool settled;                    // looks at results: they must be those of the settings, not of what was before
  bool (*holds)(const Facts&, std::span<const std::string> args);
  Str text;                        // what it asks for; its {} are the arguments
  std::string (*now)(const Facts&, Language);  // the present value, for feedback; may be nullptr
};

std::span<const Predicate> all_predicates();

struct Condition {
  const Predicate* predicate = nullptr;
  std::vector<std::string> args;
};

// "latency_below 1000". InvalidArgument says which predicates, chips or passes there are.
Result<Condition> parse_condition(std::string_view text);
bool holds(const Condition& condition, const Facts& facts);
// "Predicted latency below 1000 us (now 1327)".
std::string describe(const Condition& condition, const Facts& facts, Language language);

// A link whose every part is a known key with a value that makes sense.
Status check_link(std::string_view link);

}  // namespace npu::ui
