// SPDX-License-Identifier: Apache-2.0
// What can be saved, as bytes.
#pragma once

#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "ui/studio/commands.h"

namespace npu::ui {

struct ExportedFile {
  std::string name;
  std::vector<std::byte> bytes;
};

// InvalidArgument when there is nothing to save yet.
Result<ExportedFile> export_file(const Snapshot& snapshot, SaveKind kind);

}  // namespace npu::ui
