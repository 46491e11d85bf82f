// SPDX-License-Identifier: Apache-2.0
// MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381), width 1.0.
#include "samples/zoo/architectures.h"
#include "samples/zoo/net_builder.h"
#include "samples/zoo/zoo.h"

namespace npu {
namespace {

struct Stage {
  int64_t expansion, channels, repeats, stride;
};

constexpr Stage kStages[] = {  // table 2 of the paper
    {1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
};

Feature conv_norm_relu6(NetBuilder& net, const Feature& x, const ConvSpec& spec, const std::string& prefix) {
  return net.relu6(net.batch_norm(net.conv(x, spec, prefix + ".0"), prefix + ".1"), prefix + ".2");
}

Feature inverted_residual(NetBuilder& net, const Feature& x, int64_t expansion, int64_t channels, int64_t stride,
                          const std::string& prefix) {
  const bool residual = stride == 1 && x.channels == channels;
  const int64_t hidden = x.channels * expansion;
  int index = 0;
  const auto next = [&] { return prefix + ".conv." + std::to_string(index++); };
  Feature y = x;
  if (expansion != 1) y = conv_norm_relu6(net, y, {.channels = hidden, .kernel = 1}, next());
  y = conv_norm_relu6(net, y, {.channels = hidden, .kernel = 3, .stride = stride, .pad = 1, .groups = hidden}, next());
  y = net.conv(y, {.channels = channels, .kernel = 1}, next());
  y = net.batch_norm(y, next(), residual ? 0.3 : 1.0);
  return residual ? net.add(x, y, prefix + ".add") : y;
}

}  // namespace

Graph build_mobilenet_v2(uint64_t seed) {
  NetBuilder net("mobilenet_v2", seed, 3, kZooSide);
  int index = 0;
  const auto next = [&] { return "features." + std::to_string(index++); };
  Feature x = conv_norm_relu6(net, net.input(), {.channels = 32, .kernel = 3, .stride = 2, .pad = 1}, next());
  for (const Stage& stage : kStages)
    for (int64_t i = 0; i < stage.repeats; ++i)
      x = inverted_residual(net, x, stage.expansion, stage.channels, i == 0 ? stage.stride : 1, next());
  x = conv_norm_relu6(net, x, {.channels = 1280, .kernel = 1}, next());
  return std::move(net).finish(net.global_average_pool(x, "avgpool"), kZooClasses, "classifier.1");
}

}  // namespace npu
