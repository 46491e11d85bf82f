// SPDX-License-Identifier: Apache-2.0
// Matrix products on the cube: convolutions (img2col in load3d) and matrix multiplications share one loop nest.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "compiler/lower/cube_image.h"
#include "compiler/lower/emitter.h"
#include "compiler/lower/residual.h"
#include "compiler/lower/rule.h"
#include "compiler/lower/schedule.h"
#include "compiler/lower/vector_chain.h"
#include "core/isa/operands.h"

namespace npu {

// One product as the cube sees it: rows are output pixels, K is (c1, kh, kw, c0) or, of small channels, (kh, kw, 4), columns
// are output channels.
// All items have the same shape.
struct CubeProblem {
  int64_t items = 1;                  // independent products: batch x groups
  int64_t c1 = 1, h = 1, w = 1;       // the feature map of one item, in blocks of C0 channels
  int64_t kh = 1, kw = 1, sh = 1, sw = 1, dh = 1, dw = 1;
  int64_t pt = 0, pl = 0, pb = 0, pr = 0;
  int64_t ho = 1, wo = 1;
  int64_t n = 1;                      // columns of one item
  bool small = false;                 // the feature map is NC1HWC0_C04
  bool matrix = false;                // A is [M, k] and the result [M, n], row by row; else both are NC1HWC0 (but for a small A)
  int64_t k = 0;                      // matrix: columns of A
  int64_t a_pitch = 0, y_pitch = 0;   // matrix: elements from row to row
  bool b_matrix = false;              // B is an activation [k, n], row by row; else prepared fractals [K1][N1][16 n][16 k]
  bool b_transposed = false;          // b_matrix, but stored as [n, k]
  int64_t b_pitch = 0;                // elements from stored row to stored row
  int64_t result_c1 = 0;              // NC1HWC0: channel blocks of the whole result
  VecType a_type = VecType::F16, b_type = VecType::F16;  // bytes: s32 sums, requantised to bytes
  bool image = false;                 // the feature map is made of an image of bytes while it enters L1
  bool by_rows = false;               // CubeSchedule::by_rows
  bool residual = false;              // bytes: a residual is added on the way out, which takes its part of L0C and L1

  bool bytes() const { return a_type != VecType::F16; }
  int64_t c0() const { return kBlockBytes / vec_type_size(a_type); }
  // Column blocks that leave together: two of 16 fill a 32-byte row of bytes.
  int64_t group() const { return bytes() ? 2 : 1; }
  int64_t groups() const { return ceil_div(n1(), group()); }
  int64_t n1() const { return ceil_div(n, 16); }
  int64_t k1() const { return k1_of(c1); }
  // Blocks of K in the first `planes` channel blocks.
  int64_t k1_of(int64_t planes) const { return small ? ceil_div(planes * kh * kw * kSmallChannels, c0()) : planes * kh * kw; }
  int64_t pixel_bytes() const { return small ? kSmallChannels * vec_type_size(a_type) : kBlockBytes; }
  // Of each of the parts that hold sums in turn, and of L1 for the operands.
  int64_t l0c_slot(const Soc& soc, int64_t slots = 2) const { return (soc.l0c - (residual ? ResidualBlock::kL0c : 0)) / slots; }
  int64_t l1_bytes(const Soc& soc) const { return soc.l1 - 4096 - (residual ? ResidualBlock::kL1 : 0); }
  int64_t m() const { return ho * wo; }
  // Bytes in an L1 slot before the map: a row that loading an image may spoil; there is another one behind it.
  int64_t lead() const { return image ? w * pixel_bytes() : 0; }
  // A 1x1 kernel reads pixels one by one: rows of the map do not matter. Images are loaded by rows.
  bool flat() const { return !image && !by_rows && kh == 1 && kw == 1 && sh == 1 && sw == 1 && pt + pl + pb + pr == 0; }
  // What a slab of the feature map is counted in: 16 pixels when flat, else one output row.
  int64_t units() const { return flat() ? ceil_div(m(), 16) : ho; }
};

struct CubeItem {
  int64_t a = 0, b = 0;               // device addresses
  int64_t result_offset = 0;          // bytes (fp16) from the start of any tensor laid out like the result
  int64_t channel_block = 0;          // first block of 16 channels in per-channel data
  int64_t batch = 0;
};

struct CubeTask {
  CubeProblem problem;
  std::vector<CubeItem> items;
  CubeImage image;                    // when the problem has one
  int64_t bias = -1;                  // device address of fp16 (bytes: s32) values padded to whole blocks, -1: none
  int64_t quant = -1;                 // bytes: device address of the quantisation parameters, one a column
  int64_t pad_value = 0;              // outside the feature map
  Residual residual;                  // when the problem has one
  bool relu = false;                  // on the way out of L0C
  VectorChain chain;                  // after it, in UB
  std::vector<int64_t> operand_address;   // of chain.operands()
  std::vector<bool> operand_batched;      // Channel operands with one set of values for each batch
  int64_t result = 0;                 // device address
  int64_t zeros = -1;                 // b_matrix whose rows are no multiple of 16: device address of 512 zero bytes
};

// What a schedule comes to for one block's share.
struct CubePlan {
  int64_t n_tile = 1;        // blocks of 16 columns in L0C
  int64_t m_tile = 16;       // rows of one mad
  int64_t macro_rows = 16;   // rows in L0C at a time
  int64_t k_tile = 1;        // K fractals of one mad
  int64_t c1_chunk = 1;      // channel blocks in L1 at a time
  int64_t slab_units = 1;    // units of the feature map in L1 at a time
  int64_t a_bytes = 0, b_bytes = 0;  // of one L1 slot
  int a_slots = 1, b_slots = 1, l0_slots = 2, l0c_slots = 2;
  CubeOrder order = CubeOrder::SlabsColumnsRows;
  CubeLeave leave = CubeLeave::Between;
};

// What the sizes depend on beside the schedule.
struct CubeDemand {
  CubeProblem problem;
  int64_t chain_bytes = 0;  // an element takes in UB on its way out
  bool bias = false;
  bool one_b = false;       // all items have the same weights
  int64_t steps = 0;         // of the chain, about
  int64_t tile_operands = 0; // operands of the chain that are read element for element
};
CubeDemand demand_of(const CubeTask& task);

// The sizes of a schedule; CompileLimit, naming them, when it does not fit the chip or the problem.
Result<CubePlan> plan_schedule(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule);
// Cycles of the slowest core, to rank by; and what no simulation goes below. The plan is that of the schedule.
double estimate_cycles(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan);
double least_cycles(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan);
// The one of all schedules with the same streams.
CubeSchedule canonical_schedule(const Soc& soc, const CubeDemand& demand, const CubeSchedule& schedule, const CubePlan& plan);

// The compiler's own choice, by the estimate. CompileLimit when nothing fits the chip.
Result<CubeSchedule> default_schedule(const Soc& soc, const CubeDemand& demand);
// The best with these parts of items and units and all columns on each core (columns 1), by_rows as given.
Result<CubeSchedule> schedule_split(const Soc& soc, const CubeDemand& demand, const CubeSchedule& split);
// Why not even one row and one column block of the problem fit, or nullopt.
std::optional<std::string> reject_cube(const Soc& soc, const CubeProblem& problem);
std::vector<Knob> cube_knobs(const Soc& soc, const CubeDemand& demand, const CubeSchedule& fallback);

// The instruction streams of all blocks, flags included.
Result<std::vector<Program>> emit_cube(const Soc& soc, const CubeTask& task, const CubeSchedule& schedule);
// Each core computes its share of `first`, then of `second`, which reads what the same core made: same parts of units, columns 1, and
// parts of images (the items of `second`).
Result<std::vector<Program>> emit_cube_pair(const Soc& soc, const CubeTask& first, const CubeSchedule& of_first, const CubeTask& second, const CubeSchedule& of_second);
// The same by the default schedule. Leaves its decisions with the context (LowerContext::offer).
Result<std::vector<Program>> emit_cube(LowerContext& context, const CubeTask& task);

// What of a task's nodes the cube does without the vector unit: a constant row added to a matrix product starts the
// sums, a Relu behind it happens on the way out of L0C.
struct CubeEpilogue {
  ValueId bias = kNone;    // a constant of one value a column
  bool relu = false;
  size_t rest = 1;         // the first node that is left for the vector chain
};
CubeEpilogue cube_epilogue(const Graph& graph, std::span<const NodeId> nodes);

// Builds the chain after the anchor (spec.nodes[0]) and addresses its operands; shared by conv.cpp and matmul.cpp.
Status attach_epilogue(LowerContext& context, const TaskSpec& spec, CubeTask& task);

}  // namespace npu
