// SPDX-License-Identifier: Apache-2.0
#include "core/base/result.h"

namespace npu {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::InvalidModel: return "InvalidModel";
    case ErrorKind::UnsupportedModel: return "UnsupportedModel";
    case ErrorKind::CompileLimit: return "CompileLimit";
    case ErrorKind::InvalidProgram: return "InvalidProgram";
    case ErrorKind::UninitializedRead: return "UninitializedRead";
    case ErrorKind::DeviceFault: return "DeviceFault";
    case ErrorKind::InvalidArgument: return "InvalidArgument";
    case ErrorKind::Cancelled: return "Cancelled";
  }
  return "Unknown";
}

std::string Error::message() const {
  std::string text(to_string(kind));
  text += ": ";
  if (!where.empty()) text += where + ": ";
  return text + what;
}

}  // namespace npu
