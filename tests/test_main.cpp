// SPDX-License-Identifier: Apache-2.0
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>

#include "tests/test_paths.h"

namespace npu::test {

std::filesystem::path source_dir() { return NPU_SOURCE_DIR; }

std::optional<std::filesystem::path> shared_data() {
  const char* set = std::getenv("NPU_SHARED_DATA");
  std::filesystem::path folder = set && *set ? set : NPU_DEFAULT_SHARED_DATA;
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return std::nullopt;
  return folder;
}

}  // namespace npu::test
