// SPDX-License-Identifier: Apache-2.0
// --op_compiler_cache_mode: compiled models, kept under the contents of all that made them.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "compiler/atc/options.h"
#include "core/base/file.h"

namespace npu::atc {

class CompileCache {
 public:
  // build: what tells one build of this compiler from another. An empty folder or build: nothing is found or kept.
  CompileCache(std::string folder, std::string build) : folder_(std::move(folder)), build_(std::move(build)) {}

  // The entry's path for a model that these arguments compile. Nothing where the result depends on more than the files that the
  // arguments name (folders of data), or where other files are written too (banks, dumped passes).
  std::optional<std::string> path_of(const Options& options, std::span<const std::string> arguments) const;

  // Whole files only; a damaged entry counts as none.
  std::optional<MappedFile> find(const std::string& path) const;

  // Also removes the oldest entries beyond kMostBytes. A cache that cannot be written is none: no error.
  void keep(const std::string& path, Bytes om) const;

  static constexpr uintmax_t kMostBytes = uintmax_t{2} << 30;

 private:
  std::string folder_, build_;
};

}  // namespace npu::atc
