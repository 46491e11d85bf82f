// SPDX-License-Identifier: Apache-2.0
// The atc tool but for the process around it: reads and writes files, says its lines to an observer.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/file_system.h"
#include "core/graph/runner.h"

namespace npu::atc {

using Say = std::function<void(std::string_view)>;

// What the process knows; cache_folder and build for --op_compiler_cache_mode, whose entries are on the disk: without
// them there is no cache.
struct Host {
  FileSystem& files = disk();
  std::function<bool()> cancelled = [] { return false; };
  std::string cache_folder;  // when --op_compiler_cache_dir names none
  std::function<std::string()> build;  // what tells this build of the compiler from others; called when the cache is used
  // What computes the calibration of --compression_optimize_conf on a chip; empty: the operators' reference does.
  std::function<MakeRunner(const std::string& soc)> runner;
};

// Returns the exit code: 0, 1 after an error, which has been said, or kCancelledExit. Relative paths, and fusion_result.json, are in
// the current folder.
int run_atc(std::span<const std::string> arguments, const Say& say, const Host& host = {});

}  // namespace npu::atc
