// SPDX-License-Identifier: Apache-2.0
// The rows of isa.def once more: one scalar loop nest each, as the row's doc says it, without checks and without sharing
// code with core/chip, but for the values of exp and ln (precision_test.cpp proves them).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/isa/program.h"
#include "core/om/model.h"
#include "core/soc/soc.h"

namespace npu::test {

// Round to nearest even by arithmetic in double; magnitudes from 65520 on give infinity or 65504.
uint16_t naive_half(double value, bool saturate);
double naive_value(uint16_t half);

class NaiveCore {
 public:
  NaiveCore(const Soc& soc, size_t arena_bytes);

  void run(const Instr& instr);
  std::vector<uint8_t> arena;

 private:
  template <class T>
  T get(const std::vector<uint8_t>& bytes, int64_t address) const {
    T value;
    std::memcpy(&value, bytes.data() + address, sizeof(T));
    return value;
  }
  template <class T>
  void put(std::vector<uint8_t>& bytes, int64_t address, T value) {
    std::memcpy(bytes.data() + address, &value, sizeof(T));
  }
  double get_lane(VecType type, int64_t address) const { return get_lane(ub, type, address); }
  double get_lane(const std::vector<uint8_t>& bytes, VecType type, int64_t address) const;
  void put_lane(VecType type, int64_t address, double value);
  bool active(int lane) const { return lane >= 128 || (lane < 64 ? mask_low >> lane : mask_high >> (lane - 64)) & 1; }

  std::vector<uint8_t>& storage(Buffer buffer) { return buffer == Buffer::GM ? arena : buffer == Buffer::L1 ? l1 : ub; }
  void copy(Buffer dst_buffer, int64_t dst, Buffer src_buffer, int64_t src, int64_t bytes);
  void copies(const Instr& instr);
  // naive_cube.cpp
  double element(const std::vector<uint8_t>& l0, VecType type, int64_t row, int64_t k) const;  // row: address of 32 bytes
  void load(const Instr& instr);
  void img2col(const Instr& instr);
  void mad(const Instr& instr);
  void start_values(const Instr& instr);
  void copy_out(const Instr& instr);
  void put_converted(std::vector<uint8_t>& target, int64_t address, const Instr& instr, CopyMode mode, bool relu, uint64_t quant, uint32_t word);

  // naive_image.cpp
  int image_channel(int64_t y, int64_t x, int c, int64_t row_pixels) const;
  void load_image(const Instr& instr);

  void element_wise(const Instr& instr);
  void others(const Instr& instr);
  void reduce(const Instr& instr);
  // naive_vector.cpp; false when the instruction is not one of its own
  bool run_more(const Instr& instr);
  void bits_and_fused(const Instr& instr);
  void compare_and_select(const Instr& instr);
  void gather_and_sort(const Instr& instr);
  void moves(const Instr& instr);
  void convert_more(const Instr& instr);
  void img2col_v1(const Instr& instr);
  void img2col_to_b(const Instr& instr);

  bool saturate;
  std::vector<uint8_t> l1, ub, l0a, l0b, fb;
  std::vector<uint32_t> l0c, bt;
  uint64_t mask_high = ~uint64_t{0}, mask_low = ~uint64_t{0};
  int64_t fm_h = 0, fm_w = 0, pad_left = 0, pad_right = 0, pad_top = 0, pad_bottom = 0;
  uint16_t pad = 0;
  uint64_t quant_pre = 0;
  uint64_t aipp[kAippRegisters] = {};
  uint8_t compare_mask[16] = {};
  Opcode atomic = Opcode::SetAtomicNone;
  VecType atomic_type{};
};

}  // namespace npu::test
