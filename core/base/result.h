// SPDX-License-Identifier: Apache-2.0
// Result<T>, Error and NPU_TRY: how everything that a model, a program, a file or a user can cause is reported.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace npu {

// Whose fault it is.
enum class ErrorKind {
  InvalidModel,       // the model file contradicts itself or the ONNX specification
  UnsupportedModel,   // a valid model that needs something this project does not implement
  CompileLimit,       // the model does not fit the chosen chip
  InvalidProgram,     // an instruction stream breaks an architectural rule
  UninitializedRead,  // an instruction reads bytes nothing wrote
  DeviceFault,        // the (emulated) device failed or was lost
  InvalidArgument,    // the caller's own values
  Cancelled,          // the caller asked to stop
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind = ErrorKind::InvalidArgument;
  std::string where;  // node, file, field or instruction
  std::string what;   // carries the values

  std::string message() const;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string where, std::string what) {
  return std::unexpected(Error{kind, std::move(where), std::move(what)});
}

}  // namespace npu

#define NPU_CONCAT_2(a, b) a##b
#define NPU_CONCAT(a, b) NPU_CONCAT_2(a, b)

// NPU_TRY(auto x, f()): x = the value, or hands the error to the caller.
#define NPU_TRY(declaration, expression) \
  NPU_TRY_AS(NPU_CONCAT(npu_result_, __LINE__), declaration, expression)
#define NPU_TRY_AS(name, declaration, expression)                \
  auto name = (expression);                                      \
  if (!name) return std::unexpected(std::move(name).error());    \
  declaration = std::move(*name)

// NPU_CHECK(f()): for a Status.
#define NPU_CHECK(expression)                                                       \
  do {                                                                              \
    if (auto npu_status = (expression); !npu_status)                                \
      return std::unexpected(std::move(npu_status).error());                        \
  } while (false)
