// SPDX-License-Identifier: Apache-2.0
// SqueezeNet (Iandola et al. 2016, arXiv:1602.07360), release 1.1.
#include "samples/zoo/architectures.h"
#include "samples/zoo/net_builder.h"
#include "samples/zoo/zoo.h"

namespace npu {
namespace {

Feature conv_relu(NetBuilder& net, const Feature& x, const ConvSpec& spec, const std::string& name) {
  return net.relu(net.conv(x, spec, name), name + "_activation");
}

// A 1x1 convolution to few channels, then 1x1 and 3x3 side by side.
Feature fire(NetBuilder& net, const Feature& x, int64_t squeeze, int64_t expand, const std::string& prefix) {
  const Feature s = conv_relu(net, x, {.channels = squeeze, .kernel = 1, .bias = true}, prefix + ".squeeze");
  const Feature e1 = conv_relu(net, s, {.channels = expand, .kernel = 1, .bias = true}, prefix + ".expand1x1");
  const Feature e3 = conv_relu(net, s, {.channels = expand, .kernel = 3, .pad = 1, .bias = true}, prefix + ".expand3x3");
  return net.concat(e1, e3, prefix + ".concat");
}

}  // namespace

Graph build_squeezenet1_1(uint64_t seed) {
  NetBuilder net("squeezenet1_1", seed, 3, kZooSide);
  int index = 0;
  const auto next = [&] { return "features." + std::to_string(index++); };
  const auto pool = [&](const Feature& x) { return net.max_pool(x, 3, 2, 0, Rounding::Ceil, next()); };
  Feature x = conv_relu(net, net.input(), {.channels = 64, .kernel = 3, .stride = 2, .bias = true}, next());
  ++index;  // torchvision counts the Relu
  x = pool(x);
  x = fire(net, x, 16, 64, next());
  x = fire(net, x, 16, 64, next());
  x = pool(x);
  x = fire(net, x, 32, 128, next());
  x = fire(net, x, 32, 128, next());
  x = pool(x);
  x = fire(net, x, 48, 192, next());
  x = fire(net, x, 48, 192, next());
  x = fire(net, x, 64, 256, next());
  x = fire(net, x, 64, 256, next());
  x = conv_relu(net, x, {.channels = kZooClasses, .kernel = 1, .bias = true}, "classifier.1");
  return std::move(net).finish(net.global_average_pool(x, "avgpool"), 0, "");
}

}  // namespace npu
