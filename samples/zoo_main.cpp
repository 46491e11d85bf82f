// SPDX-License-Identifier: Apache-2.0
// npu-zoo MODEL FILE.onnx [SEED]: writes a model of the zoo as a file, for atc and other tools.
#include <charconv>
#include <cstdio>
#include <string_view>

#include <fmt/format.h>

#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "samples/zoo/zoo.h"

namespace {

int usage() {
  fmt::print(stderr, "usage: npu-zoo MODEL FILE.onnx [SEED]\nmodels:\n");
  for (const npu::ZooModel& model : npu::zoo_models())
    fmt::print(stderr, "  {:14} {:15} {:>11} parameters {:>14} MACs\n", model.name, model.title, model.parameters, model.macs);
  return 2;
}

npu::Status write_model(const npu::ZooModel& model, uint64_t seed, const char* path) {
  NPU_TRY(const auto bytes, npu::save_onnx(model.build(seed)));
  return npu::write_file(path, bytes);
}

}  // namespace

int main(int argc, char** argv) {
  const npu::ZooModel* model = argc >= 3 && argc <= 4 ? npu::find_zoo_model(argv[1]) : nullptr;
  if (!model) return usage();
  uint64_t seed = npu::kZooSeed;
  if (argc == 4) {
    const std::string_view text = argv[3];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
    if (error != std::errc() || end != text.data() + text.size()) return usage();
  }
  const npu::Status written = write_model(*model, seed, argv[2]);
  if (!written) fmt::print(stderr, "npu-zoo: {}\n", written.error().message());
  return written ? 0 : 1;
}
