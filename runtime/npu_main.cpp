// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/om/om.h"
#include "runtime/npu/commands.h"

namespace npu {

std::shared_ptr<std::string> add_om_option(CLI::App& app) {
  const auto path = std::make_shared<std::string>();
  app.add_option("--om", *path, "Compiled model")->required();
  return path;
}

Result<ModelPackage> load_model(const std::string& path) {
  NPU_TRY(const SharedBytes file, read_file(path));
  return load_package(file);
}

std::shared_ptr<std::string> add_gear_option(CLI::App& app) {
  const auto gear = std::make_shared<std::string>();
  app.add_option("--gear", *gear, "Of a model with several: its batch, height,width or dims; the first when left out");
  return gear;
}

Result<size_t> chosen_gear(const ModelPackage& package, const std::string& gear) {
  if (package.open)
    return fail(ErrorKind::InvalidArgument, package.open->name, "has open shapes (" + inputs_text(package.open->inputs) + "): its programs are made by npu run");
  if (gear.empty()) return 0;
  std::vector<int64_t> values;
  for (const std::string& word : CLI::detail::split(gear, ',')) {
    int64_t value = 0;
    if (!CLI::detail::lexical_cast(word, value)) return fail(ErrorKind::InvalidArgument, "--gear " + gear, "'" + word + "' is no number");
    values.push_back(value);
  }
  return find_gear_by_values(package, values);
}

int default_threads() { return static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u)); }

}  // namespace npu

int main(int argc, char** argv) {
  CLI::App app("Runs and inspects models compiled for the emulated NPU", "npu");
  app.require_subcommand(1);
  const std::vector<npu::Command> commands{npu::add_run(app, npu::specialise_factory()), npu::add_bench(app), npu::add_profile(app), npu::add_info(app), npu::add_disasm(app), npu::add_manual(app), npu::add_quantize(app), npu::add_tune(app)};
  CLI11_PARSE(app, argc, argv);
  for (const npu::Command& command : commands)
    if (const npu::Status status = command(); !status) {
      fmt::print(stderr, "{}\n", status.error().message());
      return 1;
    }
  return 0;
}
