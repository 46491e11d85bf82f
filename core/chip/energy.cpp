// SPDX-License-Identifier: Apache-2.0
#include "core/chip/energy.h"

#include <cmath>

namespace npu {
namespace {

// Picojoules at 7 nm. Arithmetic and SRAM: Jouppi et al., "Ten Lessons From Three Generations Shaped Google's TPUv4i", ISCA 2021,
// table 2 (45 nm column: Horowitz, ISSCC 2014): fp16 multiply 0.34, fp32 add 0.38; 64 bits of a 32 KB SRAM 8.5, of 1 MB 14.
constexpr double kMac = 0.34 + 0.38;
constexpr double kSmallSramByte = 8.5 / 8;   // L0, UB (banks of 4 KB to 32 KB)
constexpr double kLargeSramByte = 14.0 / 8;  // L1
constexpr double kL2Byte = 4;                // guess: twice a 1 MB SRAM, and the way there
constexpr double kVectorByte = 0.3;          // of results: an fp16 operation for each 2 bytes, rounded up for the widening
constexpr double kInstruction = 50;          // guess
constexpr double kStepMacs = 4096;           // 16 x 16 x 16
constexpr double kAccumulatorBytes = 2048;   // L0C, read and written by every step

// The same table shrinks 45 nm to 7 nm by 2.6 (geometric mean); between the two by a power of the feature size.
double scale_of(int nm) { return std::pow(nm / 7.0, std::log(2.6) / std::log(45.0 / 7.0)); }

}  // namespace

Energy& Energy::operator+=(const Energy& other) {
  cube += other.cube, vector += other.vector, buffers += other.buffers, l2 += other.l2;
  memory += other.memory, control += other.control, idle += other.idle;
  return *this;
}

Energy energy_of(const Soc& soc, const Activity& a, double us) {
  const double pj = 1e-12 * scale_of(soc.process_nm);
  const auto steps = static_cast<double>(a.cube_steps);
  Energy energy;
  energy.cube = steps * kStepMacs * kMac * pj;
  energy.vector = static_cast<double>(a.vector_bytes) * kVectorByte * pj;
  energy.buffers = ((static_cast<double>(a.l0_bytes + a.ub_bytes) + steps * kAccumulatorBytes) * kSmallSramByte + static_cast<double>(a.l1_bytes) * kLargeSramByte) * pj;
  energy.l2 = static_cast<double>(a.l2_bytes) * kL2Byte * pj;
  energy.memory = static_cast<double>(a.ddr_read_bytes + a.ddr_write_bytes) * soc.ddr_pj_byte * 1e-12;
  energy.control = static_cast<double>(a.instructions) * kInstruction * pj;
  energy.idle = soc.idle_watts * us * 1e-6;
  return energy;
}

}  // namespace npu
