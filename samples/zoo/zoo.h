// SPDX-License-Identifier: Apache-2.0
// Well-known architectures, layer for layer as torchvision has them, with seeded random weights: nothing to download.
// Their answers mean nothing; their shape, speed and memory are those of the real networks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/graph/graph.h"

namespace npu {

inline constexpr uint64_t kZooSeed = 2024;
inline constexpr int64_t kZooClasses = 1000;
inline constexpr int64_t kZooSide = 224;

struct ZooModel {
  std::string_view name;  // torchvision's
  std::string_view title;
  int64_t parameters;     // weights, biases, BatchNorm's gamma and beta
  int64_t macs;           // multiply-accumulates of Conv and Gemm for one 224 x 224 image
  // Input "actual_input" [batch,3,224,224], output "output" [batch,1000] (logits).
  Graph (*build)(uint64_t seed);
};

std::span<const ZooModel> zoo_models();
const ZooModel* find_zoo_model(std::string_view name);  // nullptr when there is none

}  // namespace npu
