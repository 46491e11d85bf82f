// SPDX-License-Identifier: Apache-2.0
// ResNet (He et al. 2015, arXiv:1512.03385), in the variant with the stride on the 3x3 convolution.
#include <array>

#include "samples/zoo/architectures.h"
#include "samples/zoo/net_builder.h"
#include "samples/zoo/zoo.h"

namespace npu {
namespace {

// At full strength the sum of many random branches would grow and drown the shortcut.
constexpr double kBranchStrength = 0.3;

Feature conv_norm(NetBuilder& net, const Feature& x, const ConvSpec& spec, const std::string& prefix, const std::string& index,
                  double strength = 1.0) {
  return net.batch_norm(net.conv(x, spec, prefix + ".conv" + index), prefix + ".bn" + index, strength);
}

Feature shortcut(NetBuilder& net, const Feature& x, int64_t channels, int64_t stride, const std::string& prefix) {
  if (stride == 1 && x.channels == channels) return x;
  const Feature y = net.conv(x, {.channels = channels, .kernel = 1, .stride = stride}, prefix + ".downsample.0");
  return net.batch_norm(y, prefix + ".downsample.1");
}

Feature basic_block(NetBuilder& net, const Feature& x, int64_t width, int64_t stride, const std::string& prefix) {
  Feature y = conv_norm(net, x, {.channels = width, .kernel = 3, .stride = stride, .pad = 1}, prefix, "1");
  y = net.relu(y, prefix + ".relu1");
  y = conv_norm(net, y, {.channels = width, .kernel = 3, .pad = 1}, prefix, "2", kBranchStrength);
  return net.relu(net.add(y, shortcut(net, x, width, stride, prefix), prefix + ".add"), prefix + ".relu2");
}

Feature bottleneck(NetBuilder& net, const Feature& x, int64_t width, int64_t stride, const std::string& prefix) {
  Feature y = net.relu(conv_norm(net, x, {.channels = width, .kernel = 1}, prefix, "1"), prefix + ".relu1");
  y = conv_norm(net, y, {.channels = width, .kernel = 3, .stride = stride, .pad = 1}, prefix, "2");
  y = net.relu(y, prefix + ".relu2");
  y = conv_norm(net, y, {.channels = 4 * width, .kernel = 1}, prefix, "3", kBranchStrength);
  return net.relu(net.add(y, shortcut(net, x, 4 * width, stride, prefix), prefix + ".add"), prefix + ".relu3");
}

using Block = Feature (*)(NetBuilder&, const Feature&, int64_t width, int64_t stride, const std::string& prefix);

Graph resnet(const char* name, Block block, const std::array<int, 4>& depths, uint64_t seed) {
  NetBuilder net(name, seed, 3, kZooSide);
  Feature x = net.conv(net.input(), {.channels = 64, .kernel = 7, .stride = 2, .pad = 3}, "conv1");
  x = net.relu(net.batch_norm(x, "bn1"), "relu");
  x = net.max_pool(x, 3, 2, 1, Rounding::Floor, "maxpool");
  for (int stage = 0; stage < 4; ++stage)
    for (int i = 0; i < depths[static_cast<size_t>(stage)]; ++i) {
      const int64_t stride = i == 0 && stage > 0 ? 2 : 1;
      x = block(net, x, int64_t{64} << stage, stride, "layer" + std::to_string(stage + 1) + "." + std::to_string(i));
    }
  return std::move(net).finish(net.global_average_pool(x, "avgpool"), kZooClasses, "fc");
}

}  // namespace

Graph build_resnet18(uint64_t seed) { return resnet("resnet18", basic_block, {2, 2, 2, 2}, seed); }
Graph build_resnet50(uint64_t seed) { return resnet("resnet50", bottleneck, {3, 4, 6, 3}, seed); }

}  // namespace npu
