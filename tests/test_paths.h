// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace npu::test {

// The root of this repository.
std::filesystem::path source_dir();

// Models and vectors that are not part of the repository (environment NPU_SHARED_DATA, else ../shared/data);
// nothing if the folder is missing: the test then says "skipped".
std::optional<std::filesystem::path> shared_data();

}  // namespace npu::test
