// SPDX-License-Identifier: Apache-2.0
#include "web/warm_up.h"

#include <chrono>
#include <memory>

#include "compiler/compile.h"
#include "runtime/session/session.h"
#include "samples/zoo/net_builder.h"

namespace npu::ui {
namespace {

constexpr auto kTime = std::chrono::milliseconds(120);

// One layer of each kind that photographs' networks are made of.
Graph small_network() {
  NetBuilder net("warm-up", 1, 3, 64);
  Feature x = net.relu(net.conv(net.input(), {.channels = 64, .kernel = 3, .stride = 2, .pad = 1, .bias = true}, "stem"), "relu");
  x = net.max_pool(x, 3, 2, 1, Rounding::Floor, "pool");
  const Feature wide = net.relu6(net.conv(x, {.channels = 64, .kernel = 3, .pad = 1, .bias = true}, "conv"), "relu6");
  const Feature deep = net.conv(wide, {.channels = 64, .kernel = 3, .pad = 1, .groups = 64, .bias = true}, "depthwise");
  x = net.relu(net.add(net.conv(deep, {.channels = 64, .kernel = 1, .bias = true}, "point"), x, "add"), "sum");
  return std::move(net).finish(net.global_average_pool(net.concat(x, wide, "concat"), "mean"), 10, "scores");
}

}  // namespace

void warm_up() {
  const auto end = std::chrono::steady_clock::now() + kTime;
  CompileOptions options;
  options.soc = "Ascend310";
  options.passes.input_shapes["actual_input"] = {1, 3, 64, 64};
  auto model = compile(small_network(), options);
  if (!model) return;
  const auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 1);
  Tensor input(DType::Float32, {1, 3, 64, 64});
  for (float& value : input.mutable_data<float>()) value = 0.5f;
  while (session && std::chrono::steady_clock::now() < end && (*session)->run(std::span(&input, 1))) continue;
}

}  // namespace npu::ui
