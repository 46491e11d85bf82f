// SPDX-License-Identifier: Apache-2.0
// Predicted latencies beside published ones, and the fit of what has no public value. The constants belong to a chip,
// never to a model: each is one number for all models and batches.
//
//   fit_timing --models DIR --published DIR --soc Ascend310 [--batches 1,16] [--set ddr_efficiency=0.8 ...] [--fit]
//              [--leave-one-out] [--only MODEL] [--on PASS] [--tasks] [--out residuals.csv]
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>

#include "tests/bench/published.h"

namespace npu {
namespace {

namespace fs = std::filesystem;

struct Knob {
  const char* name;
  double low, high;
  double (*get)(const Soc&);
  void (*set)(Soc&, double);
};
#define NPU_KNOB(field, low, high) \
  Knob { #field, low, high, [](const Soc& soc) { return static_cast<double>(soc.field); }, [](Soc& soc, double value) { soc.field = static_cast<decltype(soc.field)>(value); } }
const Knob kKnobs[] = {NPU_KNOB(task_launch_us, 0, 20),  NPU_KNOB(model_launch_us, 0, 600), NPU_KNOB(ddr_efficiency, 0.4, 1), NPU_KNOB(copy_cycles, 0, 300),
                       NPU_KNOB(burst_cycles, 0, 20),    NPU_KNOB(ddr_gbps, 1, 5000),       NPU_KNOB(ai_cpu_gflops, 0.1, 100), NPU_KNOB(l2_miss_cycles, 0, 2000),
                       NPU_KNOB(l2_hit_cycles, 0, 2000), NPU_KNOB(l2, 0, 1e9),              NPU_KNOB(ddr_read, 1, 500),      NPU_KNOB(ddr_write, 1, 500),
                       NPU_KNOB(l2_read, 1, 500),        NPU_KNOB(l2_write, 1, 500),        NPU_KNOB(l0c_to_ub, 1, 5000), NPU_KNOB(l2_managed, 0, 1), NPU_KNOB(l1_to_l0a, 1, 5000)};
#undef NPU_KNOB
// Fitted: the two launch costs, which only add up, and these, which need a simulation for every try.
struct Point {
  double ddr_efficiency, copy_cycles;
  std::vector<double> device_us;  // of the cases
};
// More than 0.85 of the peak rate is beyond what LPDDR4X keeps up between refreshes and turnarounds, whatever fits better.
constexpr double kEfficiencies[] = {0.81, 0.82, 0.83, 0.84, 0.85}, kCopyCycles[] = {160, 180, 190, 200, 210, 220};
constexpr double kMostOff = 0.25;  // of a single figure; a fit that keeps to it comes before any that does not

const Knob* find_knob(std::string_view name) {
  for (const Knob& knob : kKnobs)
    if (knob.name == name) return &knob;
  return nullptr;
}

struct Case {
  PublishedRow row;
  CompiledModel model;
  double device_us = 0;  // without launches
  double predicted_ms = 0;
};

void simulate(std::vector<Case>& cases, const Soc& soc) {
  for (Case& item : cases) {
    const auto profile = profile_model(item.model, soc, false);
    item.device_us = profile ? profile->total_us - soc.model_launch_us - soc.task_launch_us * static_cast<double>(item.model.tasks.size()) : 0;
  }
}

double add_launches(std::vector<Case>& cases, const Soc& soc, const std::string& without = "") {
  double squares = 0, beyond = 0;
  int count = 0;
  for (Case& item : cases) {
    item.predicted_ms = (item.device_us + soc.model_launch_us + soc.task_launch_us * static_cast<double>(item.model.tasks.size())) / 1e3;
    if (item.row.model == without) continue;
    squares += std::pow(std::log(item.predicted_ms / item.row.ms), 2);
    beyond = std::max(beyond, std::abs(item.predicted_ms / item.row.ms - 1) - kMostOff);
    ++count;
  }
  return count ? squares / count + beyond : 0;
}

struct Errors {
  double mean = 0, worst = 0;
};
Errors errors(std::vector<Case>& cases, const Soc& soc) {
  Errors result;
  add_launches(cases, soc);
  for (const Case& item : cases) {
    const double error = std::abs(item.predicted_ms / item.row.ms - 1);
    result.mean += error / static_cast<double>(cases.size());
    result.worst = std::max(result.worst, error);
  }
  return result;
}

// The best launch costs for device times that are known: a grid, the two are all there is.
double fit_launches(std::vector<Case>& cases, Soc& soc, const std::string& without) {
  double best = 1e9;
  Soc trial = soc;
  for (trial.model_launch_us = 0; trial.model_launch_us <= 400; trial.model_launch_us += 10)
    for (trial.task_launch_us = 0; trial.task_launch_us <= 15; trial.task_launch_us += 0.25)
      if (const double error = add_launches(cases, trial, without); error < best) best = error, soc.model_launch_us = trial.model_launch_us, soc.task_launch_us = trial.task_launch_us;
  return best;
}

std::vector<Point> simulate_grid(std::vector<Case>& cases, Soc soc) {
  std::vector<Point> grid;
  for (double efficiency : kEfficiencies)
    for (double copy : kCopyCycles) {
      soc.ddr_efficiency = efficiency, soc.copy_cycles = copy;
      simulate(cases, soc);
      Point point{efficiency, copy, {}};
      for (const Case& item : cases) point.device_us.push_back(item.device_us);
      grid.push_back(std::move(point));
    }
  return grid;
}

void use(std::vector<Case>& cases, const Point& point) {
  for (size_t i = 0; i < cases.size(); ++i) cases[i].device_us = point.device_us[i];
}

// The loss is the mean squared log of predicted / published: too slow by a factor is as bad as too fast by it.
Soc fit(std::vector<Case>& cases, const std::vector<Point>& grid, Soc soc, const std::string& without, bool print = false) {
  double best = 1e9;
  Soc result = soc;
  for (const Point& point : grid) {
    use(cases, point);
    soc.ddr_efficiency = point.ddr_efficiency, soc.copy_cycles = point.copy_cycles;
    const double error = fit_launches(cases, soc, without);
    if (print) {
      const auto [mean, worst] = errors(cases, soc);
      fmt::print("# ddr_efficiency {:.2f} copy_cycles {:3.0f}: launches {:.0f} + {:.2f} a task, loss {:.5f}, mean absolute error {:.1f} %, worst {:.1f} %\n", point.ddr_efficiency, point.copy_cycles,
                 soc.model_launch_us, soc.task_launch_us, error, mean * 100, worst * 100);
    }
    if (error < best) best = error, result = soc;
  }
  use(cases, *std::ranges::find_if(grid, [&](const Point& p) { return p.ddr_efficiency == result.ddr_efficiency && p.copy_cycles == result.copy_cycles; }));
  add_launches(cases, result);
  return result;
}

void print_tasks(const Case& item, const Soc& soc) {
  const auto profile = profile_model(item.model, soc, false);
  if (!profile) return;
  fmt::print("{:>4} {:>9} {:>8} {:>6} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8} {:>8}  task\n", "", "us", "bound", "ideal%", "M", "V", "MTE1", "MTE2", "MTE3", "ddr MB", "l2 MB");
  for (size_t i = 0; i < item.model.tasks.size(); ++i) {
    const Task& task = item.model.tasks[i];
    const TaskProfile& row = profile->tasks[i];
    const auto share = [&](Pipe pipe) { return row.cycles ? 100.0 * static_cast<double>(row.timing.pipes[static_cast<size_t>(pipe)].busy) / static_cast<double>(row.cycles * row.cores) : 0; };
    const double ideal = row.cycles ? 100.0 * static_cast<double>(task.macs) / 4096 / soc.ai_cores / static_cast<double>(row.cycles) : 0;
    fmt::print("{:4} {:9.1f} {:>8} {:6.1f} {:7.1f} {:7.1f} {:7.1f} {:7.1f} {:7.1f} {:8.2f} {:8.2f}  {} {}\n", i, row.duration_us, bound_pipe(row, soc), ideal, share(Pipe::M), share(Pipe::V),
               share(Pipe::MTE1), share(Pipe::MTE2), share(Pipe::MTE3) + share(Pipe::FIX),
               static_cast<double>(row.timing.activity.ddr_read_bytes + row.timing.activity.ddr_write_bytes) * 1e-6, static_cast<double>(row.timing.activity.l2_bytes) * 1e-6,
               fmt::join(task.fused, "+"), task.name);
  }
}

void print_table(std::vector<Case>& cases, const Soc& soc) {
  simulate(cases, soc);
  const auto [mean, worst] = errors(cases, soc);
  for (const Case& item : cases)
    fmt::print("{:18} {:>5} batch {:3}  published {:9.3f} ms  predicted {:9.3f} ms  {:+6.1f} %\n", item.row.model, item.row.precision, item.row.batch, item.row.ms, item.predicted_ms,
               (item.predicted_ms / item.row.ms - 1) * 100);
  fmt::print("mean absolute error {:.1f} %, worst {:.1f} %, {} figures\n", mean * 100, worst * 100, cases.size());
}

int run(int argc, char** argv) {
  CLI::App app("Predicted latencies beside published ones");
  std::string models, published, soc_name = "Ascend310", out;
  std::vector<int> batches{1, 16};
  std::vector<std::string> sets, only, on;
  bool do_fit = false, leave_one_out = false, tasks = false;
  app.add_option("--models", models, "Folder of MODEL.onnx or MODEL/model.onnx")->required();
  app.add_option("--published", published, "Folder of the published tables")->required();
  app.add_option("--soc", soc_name)->capture_default_str();
  app.add_option("--batches", batches)->delimiter(',');
  app.add_option("--set", sets, "constant=value");
  app.add_option("--only", only, "Models")->delimiter(',');
  app.add_option("--on", on, "Passes to run beside atc's own")->delimiter(',');
  app.add_option("--out", out, "Append the residuals as CSV");
  app.add_flag("--fit", do_fit);
  app.add_flag("--leave-one-out", leave_one_out);
  app.add_flag("--tasks", tasks);
  CLI11_PARSE(app, argc, argv);
  const auto known = find_soc(soc_name);
  if (!known) return fmt::print(stderr, "{}\n", known.error().message()), 1;
  Soc soc = **known;
  for (const std::string& set : sets) {
    const size_t equal = set.find('=');
    const Knob* knob = find_knob(set.substr(0, equal));
    if (!knob || equal == std::string::npos) return fmt::print(stderr, "no constant {}\n", set), 1;
    knob->set(soc, std::atof(set.c_str() + equal + 1));
  }
  std::vector<Case> cases;
  for (const PublishedRow& row : read_published(published, soc_name)) {
    if (std::ranges::find(batches, row.batch) == batches.end() || (!only.empty() && std::ranges::find(only, row.model) == only.end())) continue;
    const std::string path = find_model(models, row);
    if (path.empty()) continue;
    auto model = compile_model(path, row, soc_name, on);
    if (!model) {
      fmt::print(stderr, "{}: {}\n", row.model, model.error().message());
      continue;
    }
    cases.push_back({row, std::move(*model), 0});
  }
  size_t instructions = 0;
  for (const Case& item : cases)
    for (const Task& task : item.model.tasks)
      for (const Program& block : task.blocks) instructions += block.size();
  const auto start = std::chrono::steady_clock::now();
  simulate(cases, soc);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("# {} instructions timed in {:.3f} s: {:.1f} M/s\n", instructions, seconds, static_cast<double>(instructions) / seconds * 1e-6);
  std::vector<Point> grid;
  if (do_fit || leave_one_out) grid = simulate_grid(cases, soc);
  if (do_fit) {
    soc = fit(cases, grid, soc, "", true);
    for (size_t k = 0; k < 5; ++k) fmt::print("{} = {:.3f}\n", kKnobs[k].name, kKnobs[k].get(soc));
  }
  if (leave_one_out) {
    std::map<std::string, double> seen;
    double sum = 0;
    int count = 0;
    for (const PublishedRow& row : read_published(published, soc_name)) {
      if (seen.contains(row.model) || std::ranges::none_of(cases, [&](const Case& item) { return item.row.model == row.model; })) continue;
      seen[row.model] = 0;
      fit(cases, grid, soc, row.model);
      for (const Case& item : cases)
        if (item.row.model == row.model) {
          const double error = item.predicted_ms / item.row.ms - 1;
          fmt::print("left out {:18} batch {:3}: {:+6.1f} %\n", row.model, item.row.batch, error * 100);
          sum += std::abs(error), ++count;
        }
    }
    fmt::print("leave-one-model-out mean absolute error {:.1f} %\n", sum / std::max(1, count) * 100);
  }
  if (tasks)
    for (const Case& item : cases) print_tasks(item, soc);
  print_table(cases, soc);
  return 0;
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) { return npu::run(argc, argv); }
