// SPDX-License-Identifier: Apache-2.0
// How fast each task computes against how much it computes with each byte, under the chip's ceilings (Williams, Waterman,
// Patterson: Roofline, CACM 52(4), 2009), for three levels of memory.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "runtime/profile/profile.h"

namespace npu {

enum class MemoryLevel { Ddr, L2, L1 };
inline constexpr int kMemoryLevels = 3;

// Whose ceiling a task is under.
enum class ComputeRoof { CubeF16, CubeInt8, Vector };
inline constexpr int kComputeRoofs = 3;

struct RooflinePoint {
  size_t task = 0;
  ComputeRoof roof{};
  double operations = 0;  // cube: 2 for each multiply-add of the model's mathematics; vector: results of 2 bytes
  double gops = 0;        // of them in a second, / 1e9
  std::array<double, kMemoryLevels> bytes{};  // moved between the level and what is inside it
  // Operations a byte; nothing where the task moves no byte of that level.
  std::optional<double> intensity(MemoryLevel level) const;
};

struct Roofline {
  std::array<double, kComputeRoofs> gops{};   // highest rate of each kind
  std::array<double, kMemoryLevels> gbps{};
  std::vector<RooflinePoint> points;          // AI-core tasks that compute something
  // What the chip can reach at this intensity.
  double attainable(ComputeRoof roof, MemoryLevel level, double intensity) const;
};

// The ceilings alone, and with all tasks as points. profile: of the model on that chip.
Roofline ceilings_of(const Soc& soc);
Roofline make_roofline(const CompiledModel& model, const ModelProfile& profile, const Soc& soc);

}  // namespace npu
