// SPDX-License-Identifier: Apache-2.0
// How long the discrete-event simulation takes for whole models. usage: timing_bench MODEL.om...
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/base/file.h"
#include "core/om/om.h"
#include "runtime/profile/profile.h"

namespace npu {
namespace {

constexpr int kRounds = 5;

Status bench(const std::string& path) {
  NPU_TRY(const SharedBytes file, read_file(path));
  NPU_TRY(const CompiledModel model, load_om(file));
  size_t instructions = 0;
  for (const Task& task : model.tasks)
    for (const Program& block : task.blocks) instructions += block.size();
  double best = 1e30, device_us = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    NPU_TRY(const ModelProfile profile, profile_model(model, false));
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    device_us = profile.total_us;
  }
  fmt::print("{}: {} instructions timed in {:.2f} ms, {:.1f} M a second; {:.0f} us on {}\n", path, instructions, best, static_cast<double>(instructions) / best / 1e3, device_us, model.soc);
  return {};
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (const npu::Status status = npu::bench(argv[i]); !status) fmt::print("{}: {}\n", argv[i], status.error().message());
  return 0;
}
