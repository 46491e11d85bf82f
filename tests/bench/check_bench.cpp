// SPDX-License-Identifier: Apache-2.0
// What the checks cost: check_model on compiled models, beside one inference. usage: check_bench MODEL.om...
#include <fmt/format.h>

#include <chrono>

#include "core/base/file.h"
#include "core/chip/check/check.h"
#include "core/om/om.h"
#include "runtime/session/session.h"

namespace npu {
namespace {

template <class F>
double best_ms(int rounds, F&& body) {
  double best = 1e30;
  for (int i = 0; i < rounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Status bench(const std::string& path) {
  NPU_TRY(const SharedBytes file, read_file(path));
  NPU_TRY(CompiledModel loaded, load_om(file));
  const auto model = std::make_shared<const CompiledModel>(std::move(loaded));
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  size_t instructions = 0, blocks = 0;
  for (const Task& task : model->tasks)
    for (const Program& block : task.blocks) instructions += block.size(), ++blocks;
  fmt::print("{}: {} instructions in {} blocks\n", path, instructions, blocks);
  for (const int threads : {1, 2}) {
    ThreadPool pool(threads);
    Status status;
    const double check = best_ms(7, [&] { status = check_model(*soc, *model, pool); });
    NPU_CHECK(status);
    NPU_TRY(const auto session, Session::create(model, threads, {.check_streams = false}));
    std::vector<Tensor> inputs;
    for (const TensorDesc& desc : model->inputs) inputs.emplace_back(desc.dtype, desc.shape);
    Result<std::vector<Tensor>> outputs;
    const double run = best_ms(5, [&] { outputs = session->run(inputs); });
    if (!outputs) return std::unexpected(outputs.error());
    fmt::print("  {} threads: check {:7.2f} ms, {:6.1f} M instructions/s; one inference {:7.2f} ms, the check is {:.1f} % of it\n", threads, check,
               static_cast<double>(instructions) / check / 1e3, run, check / run * 100);
  }
  return {};
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (const npu::Status status = npu::bench(argv[i]); !status) fmt::print("{}: {}\n", argv[i], status.error().message());
  return 0;
}
