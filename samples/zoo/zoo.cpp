// SPDX-License-Identifier: Apache-2.0
#include "samples/zoo/zoo.h"

#include <algorithm>

#include "samples/zoo/architectures.h"

namespace npu {
namespace {

// Counts as `tests/models/export_torchvision.py --models ...` prints them for torchvision 0.14.
constexpr ZooModel kModels[] = {
    {"resnet18", "ResNet-18", 11'689'512, 1'814'073'344, build_resnet18},
    {"resnet50", "ResNet-50", 25'557'032, 4'089'184'256, build_resnet50},
    {"mobilenet_v2", "MobileNetV2", 3'504'872, 300'774'272, build_mobilenet_v2},
    {"squeezenet1_1", "SqueezeNet 1.1", 1'235'496, 349'151'936, build_squeezenet1_1},
};

}  // namespace

std::span<const ZooModel> zoo_models() { return kModels; }

const ZooModel* find_zoo_model(std::string_view name) {
  const auto found = std::ranges::find(kModels, name, &ZooModel::name);
  return found == std::end(kModels) ? nullptr : found;
}

}  // namespace npu
