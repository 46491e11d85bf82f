// SPDX-License-Identifier: Apache-2.0
// Estimated power beside the published one: a network, and a load that keeps the cube busy, which is what a chip's rated power is about.
#include <fmt/format.h>

#include "compiler/atc/options.h"
#include "compiler/compile.h"
#include "runtime/profile/profile.h"
#include "samples/zoo/architectures.h"
#include "samples/zoo/net_builder.h"

namespace npu {
namespace {

constexpr int64_t kBatch = 32;

// Large convolutions one after the other.
Graph build_dense(uint64_t seed) {
  NetBuilder net("dense", seed, 512, 28);
  Feature x = net.input();
  for (const char* name : {"conv1", "conv2", "conv3", "conv4"}) x = net.conv(x, {.channels = 512, .kernel = 3, .pad = 1}, name);
  return std::move(net).finish(net.global_average_pool(x, "pool"), 16, "fc");
}

struct Load {
  const char* name;
  Graph (*build)(uint64_t);
  Shape input;
};
struct Chip {
  const char* name;
  double watts;  // Hot Chips 31, "DaVinci: A Scalable Architecture for Neural Network Computing"
};

int run() {
  const Load loads[] = {{"ResNet-50", build_resnet50, {kBatch, 3, 224, 224}}, {"conv 3x3, 512 channels", build_dense, {kBatch, 512, 28, 28}}};
  for (const Chip& chip : {Chip{"Ascend310", 8}, Chip{"Ascend910A", 310}})
    for (const Load& load : loads) {
      CompileOptions options{.soc = chip.name};
      options.passes.disabled.insert(std::begin(atc::kPassesOnRequest), std::end(atc::kPassesOnRequest));
      options.passes.input_shapes["actual_input"] = load.input;
      const auto model = compile(load.build(1), options);
      const auto profile = model ? profile_model(*model, false) : std::unexpected(model.error());
      if (!profile) return fmt::print(stderr, "{}: {}\n", load.name, profile.error().message()), 1;
      fmt::print("{} | {}, batch {} | published {:.0f} W | predicted {:.1f} W | {:.2f} TOPS/W\n", chip.name, load.name, kBatch, chip.watts, profile->watts(), profile->tops_per_watt);
    }
  return 0;
}

}  // namespace
}  // namespace npu

int main() { return npu::run(); }
