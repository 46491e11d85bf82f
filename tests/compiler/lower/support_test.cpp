// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/support.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/ops/op.h"

namespace npu {
namespace {

// The line of an operator, without its description.
std::string row(const std::string& table, const std::string& op) {
  const size_t start = table.find("\n| " + op + " |");
  REQUIRE(start != std::string::npos);
  size_t end = start;
  for (int bars = 0; bars < 6; ++bars) end = table.find('|', end + 1);
  return table.substr(start + 1, end - start);
}

}  // namespace

TEST_CASE("the table of operators says where each runs and on what") {
  const std::string table = support_table();
  CHECK(row(table, "Conv") == "| Conv |  | 1+ | AI core, AI CPU | float |");
  CHECK(row(table, "Cos") == "| Cos |  | 7+ | AI core, AI CPU | float |");
  CHECK(row(table, "CumSum").find("| AI core, AI CPU |") != std::string::npos);
  CHECK(row(table, "QLinearMatMul").find("| AI core, AI CPU |") != std::string::npos);
  CHECK(row(table, "NonZero") == "| NonZero |  | 9+ | folded | float int uint narrow bool string |");
  CHECK(row(table, "Reshape") == "| Reshape |  | 5+ | no task | float int uint narrow bool string |");
  CHECK(row(table, "If") == "| If |  | 1+ | reference | any |");
  CHECK(row(table, "StringConcat") == "| StringConcat |  | 20+ | reference | string |");
  CHECK(row(table, "MatMulInteger") == "| MatMulInteger |  | 10+ | AI CPU | int8 uint8 |");
  const auto lines = static_cast<size_t>(std::ranges::count(table, '\n'));
  CHECK(lines == all_ops().size() + 5);
}

}  // namespace npu
