// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "compiler/atc/atc.h"
#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "runtime/session/graph_runner.h"

namespace {

std::string hash_of_program() {
  const auto program = npu::map_file("/proc/self/exe");
  return program ? fmt::format("{:016x}", npu::hash_bytes(program->bytes)) : std::string();
}

npu::atc::Host this_host() {
  npu::atc::Host host;
  if (const char* home = std::getenv("HOME")) host.cache_folder = std::string(home) + "/atc_data";
  host.build = hash_of_program;
  const int threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
  host.runner = [threads](const std::string& soc) { return npu::emulated_runner(npu::specialise_factory(), soc, threads); };
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
