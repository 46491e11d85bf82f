// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <nlohmann/json.hpp>

#include "runtime/npu/commands.h"
#include "runtime/profile/profile.h"
#include "runtime/session/session.h"

namespace npu {
namespace {

struct BenchOptions {
  int warmup = 3;
  int iterations = 20;
  int threads = 1;
  bool json = false;
  bool tasks = false;
  std::shared_ptr<std::string> gear;
};

// A fixed pattern between -1 and 1: times must not depend on denormals or special values.
Tensor pattern(const TensorDesc& desc) {
  Tensor tensor(DType::Float32, desc.shape);
  uint32_t state = 1;
  for (float& value : tensor.mutable_data<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return tensor.cast(desc.dtype);
}

// How long each task takes on this host, the slowest first.
Status bench_tasks(const CompiledModel& model, Session& session, std::span<const Tensor> inputs, int iterations, const ProgramHost& host) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> ms(model.tasks.size());
  for (int i = 0; i < iterations; ++i) {
    size_t running = model.tasks.size();
    auto start = Clock::now();
    const auto lap = [&](size_t next) {
      const auto now = Clock::now();
      if (running < ms.size()) ms[running] += std::chrono::duration<double, std::milli>(now - start).count() / iterations;
      running = next, start = now;
      return !host.cancelled();
    };
    NPU_CHECK(session.run(inputs, [&](size_t task, size_t) { return lap(task); }));
    lap(ms.size());
  }
  std::vector<size_t> order(ms.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](size_t task) { return ms[task]; });
  for (size_t task : order) host.print("{:9.3f} ms  task {:3d} {:<24} {}\n", ms[task], task, fmt::join(model.tasks[task].fused, "+"), model.tasks[task].name);
  return {};
}

Status bench(const std::string& om, const BenchOptions& options, const ProgramHost& host) {
  NPU_TRY(const ModelPackage package, load_model(host.files, om));
  NPU_TRY(const size_t gear, chosen_gear(package, *options.gear));
  const auto model = package.gears[gear].program;
  NPU_TRY(const auto session, Session::create(model, options.threads));
  std::vector<Tensor> inputs;
  for (const TensorDesc& desc : model->inputs) inputs.push_back(pattern(desc));
  NPU_TRY(const Soc* soc, find_soc(model->soc));
  NPU_TRY(const auto dynamic, find_dynamic_aipp(*model, *soc));
  for (const DynamicAipp& one : dynamic) {
    NPU_TRY(inputs[one.parameters], aipp_tensor(plain_aipp(one.target), one));
  }
  if (options.tasks) return bench_tasks(*model, *session, inputs, std::max(1, options.iterations), host);
  NPU_TRY(const ModelProfile profile, profile_model(*model, false));
  std::vector<double> times;
  for (int i = -options.warmup; i < std::max(1, options.iterations); ++i) {
    const auto start = std::chrono::steady_clock::now();
    NPU_TRY(const auto outputs, session->run(inputs, [&](size_t, size_t) { return !host.cancelled(); }));
    if (i >= 0) times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::ranges::sort(times);
  const double median = times[times.size() / 2];
  if (options.json) {
    const nlohmann::ordered_json report{{"model", model->name}, {"soc", model->soc}, {"threads", options.threads}, {"iterations", times.size()},
                                        {"host_ms_median", median}, {"host_ms_min", times.front()}, {"host_ms_max", times.back()}, {"device_us", profile.total_us},
                                        {"device_watts", profile.watts()}, {"device_tops_per_watt", profile.tops_per_watt}};
    host.print("{}\n", report.dump());
    return {};
  }
  host.print("{} on {}: {} runs with {} threads\n", model->name, model->soc, times.size(), options.threads);
  host.print("host  median {:.2f} ms, min {:.2f} ms, max {:.2f} ms (emulation)\n", median, times.front(), times.back());
  host.print("chip  {:.1f} us (predicted), {:.1f} W, {:.2f} TOPS/W (estimated)\n", profile.total_us, profile.watts(), profile.tops_per_watt);
  return {};
}

}  // namespace

Command add_bench(CLI::App& app, const ProgramHost& host) {
  auto* command = app.add_subcommand("bench", "Measure the emulation on this host and predict the chip's latency");
  const auto om = add_om_option(*command);
  const auto options = std::make_shared<BenchOptions>();
  options->threads = host.threads;
  options->gear = add_gear_option(*command);
  command->add_option("--warmup", options->warmup, "Runs before the measured ones")->capture_default_str()->check(CLI::Range(0, 1000000));
  command->add_option("--iterations", options->iterations, "Measured runs")->capture_default_str()->check(CLI::Range(1, 1000000));
  command->add_option("--threads", options->threads, "Host threads")->capture_default_str();
  command->add_flag("--tasks", options->tasks, "How long each task takes instead");
  command->add_flag("--json", options->json, "One line of JSON");
  return [command, om, options, &host]() -> Status { return command->parsed() ? bench(*om, *options, host) : Status(); };
}

}  // namespace npu
