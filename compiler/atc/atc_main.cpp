// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "compiler/atc/atc.h"
#include "core/base/file.h"
#include "core/base/hash.h"

namespace {

npu::atc::Host this_host() {
  npu::atc::Host host;
  if (const char* home = std::getenv("HOME")) host.cache_folder = std::string(home) + "/atc_data";
  if (const auto program = npu::map_file("/proc/self/exe")) host.build = fmt::format("{:016x}", npu::hash_bytes(program->bytes));
  return host;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto say = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  };
  return npu::atc::run_atc(arguments, say, this_host());
}
