// SPDX-License-Identifier: Apache-2.0
// npu-ops: the table of operators on standard output.
#include <cstdio>

#include "compiler/lower/support.h"

int main() {
  const std::string table = npu::support_table();
  return std::fwrite(table.data(), 1, table.size(), stdout) == table.size() ? 0 : 1;
}
