// SPDX-License-Identifier: Apache-2.0
// What the checks of a model's streams cost: load, create and first run, and later runs, with and without them.
// usage: check_bench MODEL.om...
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

struct Times {
  double load = 1e30, make = 1e30, first = 1e30, steady = 1e30;  // ms: reading the file, Session::create, the first run, the best later one
  double start() const { return load + make + first; }
};

// The best of several fresh sessions.
Result<Times> measure(const SharedBytes& file, int threads, bool check) {
  Times best;
  for (int round = 0; round < 4; ++round) {
    Result<CompiledModel> loaded = fail(ErrorKind::InvalidArgument, "", "");
    Result<std::unique_ptr<Session>> session = fail(ErrorKind::InvalidArgument, "", "");
    Result<std::vector<Tensor>> outputs;
    const double load = best_ms(1, [&] { loaded = load_om(file); });
    if (!loaded) return std::unexpected(loaded.error());
    const auto model = std::make_shared<const CompiledModel>(std::move(*loaded));
    const double make = best_ms(1, [&] { session = Session::create(model, threads, {.check_streams = check}); });
    if (!session) return std::unexpected(session.error());
    std::vector<Tensor> inputs;
    for (const TensorDesc& desc : model->inputs) inputs.emplace_back(desc.dtype, desc.shape);
    const double first = best_ms(1, [&] { outputs = (*session)->run(inputs); });
    const double steady = best_ms(4, [&] { outputs = (*session)->run(inputs); });
    if (!outputs) return std::unexpected(outputs.error());
    if (load + make + first < best.start()) best.load = load, best.make = make, best.first = first;
    best.steady = std::min(best.steady, steady);
  }
  return best;
}

Status bench(const std::string& path) {
  NPU_TRY(const SharedBytes file, read_file(path));
  for (const int threads : {1, 2}) {
    NPU_TRY(const Times without, measure(file, threads, false));
    NPU_TRY(const Times with, measure(file, threads, true));
    fmt::print("{} {} threads: load {:.1f} + create {:.1f} ({:.1f} unchecked) + first run {:.1f} = {:.1f} ms, {:+.1f} % of {:.1f} without check_model; steady {:.1f} ms, {:+.1f} % of {:.1f}\n", path, threads,
               with.load, with.make, without.make, with.first, with.start(), (with.start() / without.start() - 1) * 100, without.start(), with.steady, (with.steady / without.steady - 1) * 100,
               without.steady);
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
