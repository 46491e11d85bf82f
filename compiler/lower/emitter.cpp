// SPDX-License-Identifier: Apache-2.0
#include "compiler/lower/emitter.h"

#include <fmt/format.h>

#include <algorithm>

namespace npu {
namespace {

constexpr int64_t kMaxBursts = 4095;
constexpr int64_t kMaxBlocks = 65535;
constexpr int64_t kMaxGap = 65535;
constexpr int64_t kMaxRepeat = 255;
constexpr int64_t kMaxBytes = (1 << 21) - 1;

}  // namespace

int64_t Emitter::reserve(Buffer buffer, int64_t bytes, const char* purpose) {
  int64_t& used = used_[static_cast<size_t>(buffer)];
  const int64_t address = align_up(used, 512);
  const int64_t size = soc_.buffer_bytes(buffer);
  if (address + bytes > size) {
    if (overflow_.empty())
      overflow_ = fmt::format("{} needs {} bytes of {} at offset {}, but {} has {}", purpose, bytes,
                              kBufferNames[static_cast<size_t>(buffer)], address, soc_.name, size);
    return 0;
  }
  used = address + bytes;
  return address;
}

int64_t Emitter::free_bytes(Buffer buffer) const {
  return soc_.buffer_bytes(buffer) - align_up(used_[static_cast<size_t>(buffer)], 512);
}

Status Emitter::status() const {
  if (!overflow_.empty()) return fail(ErrorKind::CompileLimit, "", overflow_);
  return {};
}

void Emitter::copy_blocks(Opcode op, int64_t dst, int64_t src, BlockCopy copy) {
  if (copy.blocks == 0) return;
  if (copy.src_gap == 0 && copy.dst_gap == 0) {
    copy.blocks *= copy.bursts;
    copy.bursts = 1;
  }
  const bool one_by_one = copy.bursts > 1 && (copy.blocks > kMaxBlocks || copy.src_gap > kMaxGap || copy.dst_gap > kMaxGap);
  const int64_t src_pitch = (copy.blocks + copy.src_gap) * kBlockBytes;
  const int64_t dst_pitch = (copy.blocks + copy.dst_gap) * kBlockBytes;
  if (one_by_one) {
    for (int64_t i = 0; i < copy.bursts; ++i) copy_blocks(op, dst + i * dst_pitch, src + i * src_pitch, {.blocks = copy.blocks});
    return;
  }
  if (copy.bursts == 1) {
    for (int64_t done = 0; done < copy.blocks; done += kMaxBlocks)
      push(op, {dst + done * kBlockBytes, src + done * kBlockBytes, 1, std::min(kMaxBlocks, copy.blocks - done), 0, 0});
    return;
  }
  for (int64_t done = 0; done < copy.bursts; done += kMaxBursts)
    push(op, {dst + done * dst_pitch, src + done * src_pitch, std::min(kMaxBursts, copy.bursts - done), copy.blocks, copy.src_gap, copy.dst_gap});
}

void Emitter::gm_to_ub_bytes(int64_t dst, int64_t src, ByteCopy copy) {
  const int64_t ub_pitch = align_up(copy.bytes, kBlockBytes) + copy.ub_gap * kBlockBytes;
  const int64_t gm_pitch = copy.bytes + copy.gm_gap;
  for (int64_t i = 0; i < copy.bursts; i += kMaxBursts) {
    const int64_t bursts = std::min(kMaxBursts, copy.bursts - i);
    const int64_t pad = align_up(copy.bytes, kBlockBytes) - copy.bytes;
    push(Opcode::CopyGmToUbufAlign, {dst + i * ub_pitch, src + i * gm_pitch, bursts, copy.bytes, copy.gm_gap, copy.ub_gap, pad});
  }
  if (copy.bytes > kMaxBytes && overflow_.empty()) overflow_ = fmt::format("a copy of {} bytes exceeds one burst", copy.bytes);
}

void Emitter::ub_to_gm_bytes(int64_t dst, int64_t src, ByteCopy copy) {
  const int64_t ub_pitch = align_up(copy.bytes, kBlockBytes) + copy.ub_gap * kBlockBytes;
  const int64_t gm_pitch = copy.bytes + copy.gm_gap;
  for (int64_t i = 0; i < copy.bursts; i += kMaxBursts)
    push(Opcode::CopyUbufToGmAlign,
         {dst + i * gm_pitch, src + i * ub_pitch, std::min(kMaxBursts, copy.bursts - i), copy.bytes, copy.ub_gap, copy.gm_gap});
  if (copy.bytes > kMaxBytes && overflow_.empty()) overflow_ = fmt::format("a copy of {} bytes exceeds one burst", copy.bytes);
}

void Emitter::set_mask(int64_t lanes) {
  if (lanes == mask_lanes_) return;
  mask_lanes_ = lanes;
  const auto ones = [](int64_t n) { return static_cast<int64_t>(n <= 0 ? 0 : n >= 64 ? ~uint64_t{0} : (uint64_t{1} << n) - 1); };
  push(Opcode::SetVectorMask, {ones(lanes - 64), ones(lanes)});
}

// Full repeats in groups of 255, then one masked repeat for the rest: emit(first element, repeats).
template <class F>
void Emitter::for_repeats(int64_t count, int64_t lanes, F&& emit) {
  const int64_t full = count / lanes;
  for (int64_t done = 0; done < full; done += kMaxRepeat) {
    set_mask(lanes == 128 ? 128 : 64);
    emit(done * lanes, std::min(kMaxRepeat, full - done));
  }
  if (count % lanes != 0) {
    set_mask(count % lanes);
    emit(full * lanes, 1);
  }
}

void Emitter::unary(Opcode op, VecType type, int64_t dst, int64_t src, int64_t count) {
  const int64_t size = vec_type_size(type);
  for_repeats(count, kRepeatBytes / size, [&](int64_t at, int64_t repeats) {
    push(op, {type_arg(type), dst + at * size, src + at * size, repeats, 1, 1, 8, 8});
  });
}

void Emitter::scalar(Opcode op, VecType type, int64_t dst, int64_t src, float value, int64_t count) {
  const int64_t size = vec_type_size(type);
  for_repeats(count, kRepeatBytes / size, [&](int64_t at, int64_t repeats) {
    push(op, {type_arg(type), dst + at * size, src + at * size, repeats, 1, 1, 8, 8, float_bits(value)});
  });
}

void Emitter::binary(Opcode op, VecType type, int64_t dst, VecSrc src0, VecSrc src1, int64_t count) {
  const int64_t size = vec_type_size(type);
  const auto address = [size](const VecSrc& src, int64_t at) { return src.one_block ? src.address : src.address + at * size; };
  const auto block = [](const VecSrc& src) { return src.one_block ? 0 : 1; };
  const auto repeat = [](const VecSrc& src) { return src.one_block ? 0 : 8; };
  for_repeats(count, kRepeatBytes / size, [&](int64_t at, int64_t repeats) {
    push(op, {type_arg(type), dst + at * size, address(src0, at), address(src1, at), repeats, 1, block(src0), block(src1), 8,
              repeat(src0), repeat(src1)});
  });
}

void Emitter::convert(VecType dst_type, VecType src_type, int64_t dst, int64_t src, int64_t count, RoundMode round) {
  const int64_t dst_size = vec_type_size(dst_type), src_size = vec_type_size(src_type);
  const int64_t lanes = kRepeatBytes / std::max(dst_size, src_size);
  for_repeats(count, lanes, [&](int64_t at, int64_t repeats) {
    push(Opcode::Vconv, {type_arg(dst_type), type_arg(src_type), dst + at * dst_size, src + at * src_size, repeats, 1, 1,
                         lanes * dst_size / kBlockBytes, lanes * src_size / kBlockBytes, static_cast<int64_t>(round)});
  });
}

void Emitter::fill(VecType type, int64_t dst, float value, int64_t count) {
  const int64_t size = vec_type_size(type);
  for_repeats(count, kRepeatBytes / size, [&](int64_t at, int64_t repeats) {
    push(Opcode::VectorDup, {type_arg(type), dst + at * size, float_bits(value), repeats, 1, 8});
  });
}

void Emitter::masked(int64_t lanes, VecType type, Opcode op, std::initializer_list<int64_t> args) {
  set_mask(std::min<int64_t>(lanes, kRepeatBytes / vec_type_size(type)));
  push(op, args);
}

}  // namespace npu
