// SPDX-License-Identifier: Apache-2.0
// Golden tests: a text file holds an input, a line of four dashes and the expected output. With NPU_REBASE=1 in the
// environment the expected outputs are written instead of compared: NPU_REBASE=1 ctest -L golden
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "tests/test_paths.h"

namespace npu::test {

struct Golden {
  std::filesystem::path path;
  std::string name;      // "bad-cycle.txt"
  std::string input;     // up to the line of dashes
  std::string expected;  // after it

  bool is_bad() const { return name.starts_with("bad-"); }
};

inline constexpr const char* kGoldenSeparator = "----\n";

// All of tests/golden/<folder>/*.txt, sorted by name.
inline std::vector<Golden> golden_files(const std::string& folder) {
  std::vector<Golden> files;
  for (const auto& entry : std::filesystem::directory_iterator(source_dir() / "tests/golden" / folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    const std::string all = text.str();
    const size_t split = all.find(kGoldenSeparator);
    Golden golden{entry.path(), entry.path().filename().string(), all.substr(0, split), ""};
    if (split != std::string::npos) golden.expected = all.substr(split + std::string(kGoldenSeparator).size());
    files.push_back(std::move(golden));
  }
  std::ranges::sort(files, {}, &Golden::name);
  return files;
}

// A file of the tree that a run writes: compared, or with NPU_REBASE=1 written.
inline void check_generated(const std::filesystem::path& path, const std::string& actual) {
  const char* rebase = std::getenv("NPU_REBASE");
  if (rebase && *rebase == '1') std::ofstream(path, std::ios::binary) << actual;
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  CHECK_MESSAGE(text.str() == actual, path.string());
}

inline void check_golden(const Golden& golden, std::string actual) {
  if (!actual.empty() && actual.back() != '\n') actual += '\n';
  const char* rebase = std::getenv("NPU_REBASE");
  if (rebase && *rebase == '1') {
    std::ofstream(golden.path, std::ios::binary) << golden.input << kGoldenSeparator << actual;
    return;
  }
  CHECK_MESSAGE(actual == golden.expected, golden.path.string());
}

}  // namespace npu::test
