// SPDX-License-Identifier: Apache-2.0
// The process around a program on this machine: its streams, its disk and its environment. Only for main functions.
#pragma once

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <unistd.h>

#include "core/base/hash.h"
#include "core/base/program.h"

namespace npu {

inline std::string hash_of_program() {
  const auto program = map_file("/proc/self/exe");
  return program ? fmt::format("{:016x}", hash_bytes(program->bytes)) : std::string();
}

inline ProgramHost native_host() {
  const auto write = [](std::string_view text, FILE* stream) { std::fwrite(text.data(), 1, text.size(), stream); };
  ProgramHost host{.files = disk()};
  host.out = [write](std::string_view text) {
    write(text, stdout);
    if (!text.ends_with('\n')) std::fflush(stdout);  // a dot of progress
  };
  host.err = [write](std::string_view text) {
    std::fflush(stdout);
    write(text, stderr);
  };
  host.watched = isatty(STDERR_FILENO) != 0;
  host.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
  if (const char* home = std::getenv("HOME")) host.home = home;
  if (const char* chip = std::getenv("NPU_CHIP")) host.chip = chip;
  host.build = hash_of_program;
  return host;
}

inline int run_as_main(ProgramFunction program, int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0), argv + argc);
  return program(arguments, native_host());
}

}  // namespace npu
