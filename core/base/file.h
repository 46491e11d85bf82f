// SPDX-License-Identifier: Apache-2.0
// Whole files as bytes, for the programs and convenience functions; everything else in core works on bytes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace npu {

using SharedBytes = std::shared_ptr<const std::vector<std::byte>>;

Result<SharedBytes> read_file(const std::string& path);

// A file's bytes without reading them all; the file must not become shorter while they are in use.
struct MappedFile {
  Bytes bytes;
  std::shared_ptr<const void> owner;
};
Result<MappedFile> map_file(const std::string& path);

// Beside its place, and renamed when complete: a file that was there before stays whole when writing fails. Devices are written in place.
Status write_file(const std::string& path, Bytes bytes);

}  // namespace npu
