// SPDX-License-Identifier: Apache-2.0
// img2col (LoadData 3D v2) for one Highway target and element type.
#if defined(NPU_KERNELS_IMG2COL_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef NPU_KERNELS_IMG2COL_INL_H
#undef NPU_KERNELS_IMG2COL_INL_H
#else
#define NPU_KERNELS_IMG2COL_INL_H
#endif

#include <algorithm>
#include <cstring>

#include "core/chip/kernels/cube_kernels.h"
#include "core/chip/kernels/unpack-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace npu::kernels::HWY_NAMESPACE {

// One column block (32 bytes of k) of L0A: row m of fractal m/16.
struct L0Column {
  float* dst;
  int64_t fractal_stride;  // words between the column's fractals

  // Calls body(float* rows, count) for each fractal that rows [first, first + count) touch.
  template <class Body>
  HWY_INLINE void for_each_run(int64_t first, int64_t count, Body body) const {
    while (count > 0) {
      const int64_t row = first % 16, run = HWY_MIN(count, 16 - row);
      body(dst + first / 16 * fractal_stride + row * 16, run);
      first += run, count -= run;
    }
  }
};

HWY_INLINE void fill_rows(const L0Column& column, int64_t first, int64_t count, const float* row) {
  const auto fill = [row](float* rows, int64_t run) HWY_ATTR {
    VF32 values[16 / kLanes];
    for (size_t v = 0; v < 16 / kLanes; ++v) values[v] = hn::LoadU(F32(), row + v * kLanes);
    for (int64_t r = 0; r < run; ++r)
      for (size_t v = 0; v < 16 / kLanes; ++v) hn::StoreU(values[v], F32(), rows + r * 16 + static_cast<int64_t>(v * kLanes));
  };
  column.for_each_run(first, count, fill);
}

// Source rows are `step` 2-byte units apart.
template <Element E>
HWY_INLINE void copy_rows(const L0Column& column, int64_t first, int64_t count, const uint16_t* src, int64_t step) {
  const auto copy = [&src, step](float* rows, int64_t run) HWY_ATTR {
    unpack<E>(src, step, rows, run);
    src += run * step;
  };
  column.for_each_run(first, count, copy);
}

// How many of `count` positions start, start + step, ... lie below `end`.
HWY_INLINE int64_t count_below(int64_t start, int64_t step, int64_t end, int64_t count) {
  if (start >= end) return 0;
  if (start + (count - 1) * step < end) return count;
  return (end - start + step - 1) / step;
}

// Column (c1, kh, kw): `plane` is the channel block's feature map.
template <Element E>
HWY_INLINE void img2col_column(const Img2ColArgs& args, const L0Column& column, const uint16_t* plane, int64_t kh, int64_t kw) {
  int64_t out_row = args.first_m / args.out_w, out_column = args.first_m % args.out_w;
  for (int64_t m = 0; m < args.real_m; ++out_row, out_column = 0) {
    const int64_t run = HWY_MIN(args.out_w - out_column, args.real_m - m);
    const int64_t h = out_row * args.stride_h - args.pad_top + kh * args.dilation_h;
    if (h < 0 || h >= args.fm_h) {
      fill_rows(column, m, run, args.pad_row);
    } else {
      const int64_t w = out_column * args.stride_w - args.pad_left + kw * args.dilation_w;
      const int64_t left = count_below(w, args.stride_w, 0, run);
      const int64_t inside = count_below(w, args.stride_w, args.fm_w, run);
      fill_rows(column, m, left, args.pad_row);
      copy_rows<E>(column, m + left, inside - left, plane + (h * args.fm_w + w + left * args.stride_w) * 16, args.stride_w * 16);
      fill_rows(column, m + inside, run - inside, args.pad_row);
    }
    m += run;
  }
  constexpr float kZeros[16] = {};
  fill_rows(column, args.real_m, args.m - args.real_m, kZeros);
}

// --- small channels: a pixel is 4 elements of 2 bytes, a column block 4 taps ---

// 4*T words of each row: taps side by side, source rows `step` elements apart.
template <Element E, int T>
HWY_INLINE void copy_taps(const L0Column& column, int64_t first, int64_t count, const uint16_t* src, int64_t step) {
  using D = hn::CappedTag<float, 4 * T>;
  const hn::RebindToUnsigned<D> words;
  const hn::Rebind<uint16_t, D> narrow;
  const auto copy = [&](float* rows, int64_t run) HWY_ATTR {
    if constexpr (T == 4) {
      unpack<E>(src, step, rows, run);
      src += run * step;
    } else {
      for (int64_t r = 0; r < run; ++r, src += step)
        for (size_t i = 0; i < 4 * T; i += hn::MaxLanes(D())) {
          const auto halves = hn::LoadU(narrow, src + i);
          float* const to = rows + r * 16 + static_cast<int64_t>(i);
          if constexpr (E == Element::BF16) hn::StoreU(hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(words, halves))), D(), to);
          else hn::StoreU(halves_to_floats(D(), halves), D(), to);
        }
    }
  };
  column.for_each_run(first, count, copy);
}

template <int T>
HWY_INLINE void fill_taps(const L0Column& column, int64_t first, int64_t count, const float* row) {
  const auto fill = [row](float* rows, int64_t run) HWY_ATTR {
    for (int64_t r = 0; r < run; ++r) std::memcpy(rows + r * 16, row, 16 * T);
  };
  column.for_each_run(first, count, fill);
}

// T taps from (kh, kw) on, in one row of the window; `column` starts at the first one's words.
template <Element E, int T>
HWY_INLINE void img2col_taps(const Img2ColArgs& args, const L0Column& column, int64_t kh, int64_t kw) {
  int64_t out_row = args.first_m / args.out_w, out_column = args.first_m % args.out_w;
  for (int64_t m = 0; m < args.real_m; ++out_row, out_column = 0) {
    const int64_t run = HWY_MIN(args.out_w - out_column, args.real_m - m);
    const int64_t h = out_row * args.stride_h - args.pad_top + kh * args.dilation_h;
    if (h < 0 || h >= args.fm_h) {
      fill_taps<T>(column, m, run, args.pad_row);
    } else {
      const int64_t w = out_column * args.stride_w - args.pad_left + kw * args.dilation_w;
      const uint16_t* const row = args.src + h * args.fm_w * 4;
      // Windows [left, inside) have all T taps in the map, those around them some.
      const int64_t left = count_below(w, args.stride_w, 0, run);
      const int64_t inside = HWY_MAX(left, count_below(w + T - 1, args.stride_w, args.fm_w, run));
      copy_taps<E, T>(column, m + left, inside - left, row + (w + left * args.stride_w) * 4, args.stride_w * 4);
      for (int64_t i = left > 0 ? 0 : inside; i < run; i = i + 1 == left ? inside : i + 1)
        for (int64_t t = 0; t < T; ++t) {
          const int64_t x = w + i * args.stride_w + t;
          const L0Column one{column.dst + t * 4, column.fractal_stride};
          if (x < 0 || x >= args.fm_w) fill_taps<1>(one, m + i, 1, args.pad_row);
          else copy_taps<E, 1>(one, m + i, 1, row + x * 4, 0);
        }
    }
    m += run;
  }
}

template <Element E>
inline void img2col_small(const Img2ColArgs& args) {
  constexpr float kZeros[16] = {};
  const int64_t window = args.filter_h * args.filter_w;
  for (int64_t j = 0; j < args.k1; ++j) {
    const L0Column block{args.dst + j * kFractal, args.k1 * kFractal};
    for (int64_t slot = 0; slot < 4;) {
      const L0Column column{block.dst + slot * 4, block.fractal_stride};
      const int64_t tap = (args.first_k1 + j) * 4 + slot, kh = tap / args.filter_w, kw = tap % args.filter_w;
      const int64_t beside = args.dilation_w == 1 ? HWY_MIN(args.filter_w - kw, 4 - slot) : 1;
      if (tap >= window) fill_taps<1>(column, 0, args.real_m, kZeros), slot += 1;
      else if (beside == 4) img2col_taps<E, 4>(args, column, kh, kw), slot += 4;
      else if (beside >= 2) img2col_taps<E, 2>(args, column, kh, kw), slot += 2;
      else img2col_taps<E, 1>(args, column, kh, kw), slot += 1;
    }
    fill_rows(block, args.real_m, args.m - args.real_m, kZeros);
  }
}

// --- the same of bytes: 8 taps a column block ---

// Row m's taps from `tap` on, at most `most` and no more than their row of the window has, as 4 bytes each. Returns how many.
HWY_INLINE int64_t take_byte_taps(const Img2ColArgs& args, int64_t m, int64_t tap, int64_t most, uint32_t pad, uint8_t* to) {
  const int64_t kh = tap / args.filter_w, kw = tap % args.filter_w, count = HWY_MIN(args.filter_w - kw, most);
  const int64_t h = m / args.out_w * args.stride_h - args.pad_top + kh * args.dilation_h;
  const int64_t w = m % args.out_w * args.stride_w - args.pad_left + kw * args.dilation_w;
  const auto* const row = reinterpret_cast<const uint8_t*>(args.src) + h * args.fm_w * 4;
  const bool inside = h >= 0 && h < args.fm_h;
  if (inside && args.dilation_w == 1 && w >= 0 && w + count <= args.fm_w) {
    std::memcpy(to, row + w * 4, static_cast<size_t>(count) * 4);
    return count;
  }
  for (int64_t t = 0; t < count; ++t) {
    const int64_t x = w + t * args.dilation_w;
    std::memcpy(to + t * 4, inside && x >= 0 && x < args.fm_w ? static_cast<const void*>(row + x * 4) : &pad, 4);
  }
  return count;
}

template <Element E>
inline void img2col_small_bytes(const Img2ColArgs& args) {
  constexpr float kZeros[16] = {};
  const int64_t window = args.filter_h * args.filter_w;
  uint32_t pad;
  std::memcpy(&pad, args.pad_row, 4);
  pad = (pad & 0xff) * 0x01010101u;
  for (int64_t j = 0; j < args.k1; ++j) {
    const L0Column block{args.dst + j * kFractal, args.k1 * kFractal};
    const int64_t first = (args.first_k1 + j) * 8, end = HWY_MIN(first + 8, window);
    for (int64_t m = 0; m < args.real_m; ++m) {
      alignas(32) uint8_t row[32] = {};
      for (int64_t tap = first; tap < end;) tap += take_byte_taps(args, args.first_m + m, tap, end - tap, pad, row + (tap - first) * 4);
      copy_rows<E>(block, m, 1, reinterpret_cast<const uint16_t*>(row), 16);
    }
    fill_rows(block, args.real_m, args.m - args.real_m, kZeros);
  }
}

template <Element E>
inline void img2col(const Img2ColArgs& given) {
  if constexpr (E == Element::F16 || E == Element::BF16)
    if (given.small) return img2col_small<E>(given);
  if constexpr (E == Element::S8 || E == Element::U8)
    if (given.small) return img2col_small_bytes<E>(given);
  Img2ColArgs args = given;
  // A 1x1 window that visits every pixel: the map is one long row.
  if (args.filter_w == 1 && args.filter_h == 1 && args.stride_w == 1 && args.stride_h == 1 && args.pad_left == 0 &&
      args.pad_top == 0 && args.out_w == args.fm_w && args.first_m + args.real_m <= args.fm_h * args.fm_w) {
    args.out_w = args.fm_w = args.fm_h * args.fm_w;
    args.fm_h = 1;
  }
  const int64_t plane = given.fm_h * given.fm_w * 16, window = args.filter_h * args.filter_w;
  for (int64_t j = 0; j < args.k1; ++j) {
    const int64_t k1 = args.first_k1 + j, tap = k1 % window;
    img2col_column<E>(args, {args.dst + j * kFractal, args.k1 * kFractal}, args.src + k1 / window * plane, tap / args.filter_w, tap % args.filter_w);
  }
}

}  // namespace npu::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
