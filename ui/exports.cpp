// SPDX-License-Identifier: Apache-2.0
#include "ui/exports.h"

namespace npu::ui {

Result<ExportedFile> export_file(const Snapshot& snapshot, SaveKind) {
  if (!snapshot.compile || !snapshot.compile->model) return fail(ErrorKind::InvalidArgument, "save", "nothing is compiled yet");
  return fail(ErrorKind::InvalidArgument, "save", "cannot be saved yet");
}

}  // namespace npu::ui
