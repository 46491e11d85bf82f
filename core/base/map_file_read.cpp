// SPDX-License-Identifier: Apache-2.0
// Where files cannot be mapped they are read.
#include "core/base/file.h"

namespace npu {

Result<MappedFile> map_file(const std::string& path) {
  NPU_TRY(const SharedBytes bytes, read_file(path));
  return MappedFile{*bytes, bytes};
}

}  // namespace npu
