// SPDX-License-Identifier: Apache-2.0
// The chips: one row of soc.def each. Every number cites a public source in the row's comments or says 'fitted' or 'guess'.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/base/result.h"
#include "core/isa/isa.h"

namespace npu {

enum class Overflow : uint8_t { Saturate, Infinity };  // what fp32 -> fp16 does above 65504

struct Soc {
  std::string_view name;          // "Ascend310P3"
  std::string_view short_name;    // "Ascend310P"
  Arch arch = Arch::M100;
  int ai_cores = 1;
  int vector_cores = 0;           // separate vector cores (split chips run vector tasks there)
  int ai_cpus = 4;
  bool split = false;             // cube and vector in separate cores: no L0C -> UB path, results leave by FIX
  int cube_mhz = 1000;
  int64_t memory_bytes = 0;
  bool l2_managed = false;        // L2 is a buffer filled by software (l2_type 1), else a cache
  // buffer sizes, bytes
  int64_t l2 = 0, l1 = 0, l0a = 0, l0b = 0, l0c = 0, ub = 0, bt = 0, fb = 0;
  int event_ids = 8;              // flags for an ordered pair of pipes
  // bytes per cycle and core
  int ddr_read = 0, ddr_write = 0, l2_read = 0, l2_write = 0;
  int l1_to_l0a = 0, l1_to_l0b = 0, l1_to_ub = 0, l0c_to_ub = 0, ub_to_l2 = 0, ub_to_ddr = 0, ub_to_l1 = 0;
  double ddr_gbps = 0;            // of the whole chip, shared by the cores
  // Copies to and from GM, in cycles: from the last request to its data (public simulators of the family: L2 hit 50,
  // miss 150 more), and what each instruction and each of its bursts takes on top of its bytes.
  int l2_hit_cycles = 50, l2_miss_cycles = 200;
  double copy_cycles = 20, burst_cycles = 1;  // guess
  double ddr_efficiency = 1;      // of ddr_gbps that streams reach
  int queue_depth = 32;           // instructions a pipe's queue holds
  Overflow overflow = Overflow::Saturate;
  double task_launch_us = 0;      // from one task's end to the next one's start
  double model_launch_us = 0;     // once for each inference
  double ai_cpu_gflops = 0;       // of one AI CPU core on fp32 operators
  double ai_cpu_launch_us = 0;    // of an AI CPU task, on top of task_launch_us
  // Energy (core/chip/energy.h).
  int process_nm = 12;
  double ddr_pj_byte = 0;         // memory and its interface
  double idle_watts = 0;          // leakage, clocks, interfaces, CPUs: whatever a model does

  int64_t buffer_bytes(Buffer buffer) const;
  // Cores a cube / vector task can use.
  int cores_for(bool vector_task) const { return split && vector_task ? vector_cores : ai_cores; }
  double cycles_to_us(double cycles) const { return cycles / cube_mhz; }
};

std::span<const Soc> all_socs();
// InvalidArgument listing the known names when there is no such chip.
Result<const Soc*> find_soc(std::string_view name);

}  // namespace npu
