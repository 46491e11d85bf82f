// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "core/isa/operands.h"
#include "core/isa/program.h"

namespace npu {
namespace {

using Hulls = std::map<std::pair<Buffer, bool>, ByteRange>;

Hulls hulls_of(const AccessList& list) {
  Hulls hulls;
  for (const Access& access : list.view()) {
    auto [it, fresh] = hulls.try_emplace({access.buffer, access.write}, ByteRange{access.begin, access.end});
    if (!fresh) it->second = {std::min(it->second.begin, access.begin), std::max(it->second.end, access.end)};
  }
  return hulls;
}

using ByteSets = std::map<std::pair<Buffer, bool>, std::set<int64_t>>;

ByteSets bytes_of(const AccessList& list) {
  ByteSets sets;
  for (const Access& access : list.view())
    for (int i = 0; i < access.outer; ++i)
      for (int j = 0; j < access.inner; ++j)
        for (int64_t b = 0; b < access.length; ++b) sets[{access.buffer, access.write}].insert(access.begin + i * access.outer_pitch + j * access.inner_pitch + b);
  return sets;
}

// Bytes as the row's doc lists them, one by one.
struct Touched {
  Hulls hulls;
  ByteSets bytes_in;
  void add(Buffer buffer, bool write, int64_t begin, int64_t bytes) {
    for (int64_t b = begin; b < begin + bytes; ++b) bytes_in[{buffer, write}].insert(b);
    auto [it, fresh] = hulls.try_emplace({buffer, write}, ByteRange{begin, begin + bytes});
    if (!fresh) it->second = {std::min(it->second.begin, begin), std::max(it->second.end, begin + bytes)};
  }
};

enum class Match { Exact, Covered };

void check_same(const Instr& instr, const IssueState& state, const Touched& expected, Match match = Match::Exact) {
  CAPTURE(disassemble(instr));
  const ByteSets sets = bytes_of(accesses(instr, state));
  for (const auto& [key, wanted] : expected.bytes_in) {
    REQUIRE(sets.contains(key));
    if (match == Match::Exact) CHECK(sets.at(key) == wanted);
    else CHECK(std::ranges::includes(sets.at(key), wanted));
  }
  const Hulls actual = hulls_of(accesses(instr, state));
  REQUIRE(actual.size() == expected.hulls.size());
  for (const auto& [key, range] : expected.hulls) {
    REQUIRE(actual.contains(key));
    CHECK(actual.at(key).begin == range.begin);
    CHECK(actual.at(key).end == range.end);
  }
}

TEST_CASE("vector operands: the bytes of the active lanes, the hull of a repeat under an irregular mask") {
  std::mt19937_64 random(3);
  for (int round = 0; round < 500; ++round) {
    IssueState state;
    const bool irregular = round % 3 == 1;
    if (irregular) state.mask_low = random() & random(), state.mask_high = random() & random() & -(random() % 2);
    if (round % 3 == 2) {  // the lanes of one interval, as counted masks have them
      const int first = static_cast<int>(random() % 64), last = first + static_cast<int>(random() % (128 - static_cast<uint64_t>(first)));
      state.mask_low = state.mask_high = 0;
      for (int lane = first; lane <= last; ++lane) (lane < 64 ? state.mask_low : state.mask_high) |= uint64_t{1} << lane % 64;
    }
    const int type = static_cast<int>(random() % 4), size = vec_type_size(static_cast<VecType>(type));
    const auto stride = [&] { return static_cast<int64_t>(random() % 12); };
    const Instr instr = make_instr(Opcode::Vmul, {type, static_cast<int64_t>(random() % 100) * 32, 0, 64000, static_cast<int64_t>(random() % 5),
                                                 stride(), stride(), stride(), stride(), stride(), stride()});
    Touched touched;
    for (int64_t r = 0; r < instr.arg[field::kBiRepeat]; ++r)
      for (int lane = 0; lane < 256 / size; ++lane) {
        if (!(lane < 64 ? state.mask_low >> lane & 1 : state.mask_high >> (lane - 64) & 1)) continue;
        const auto at = [&](int64_t base, int64_t blk, int64_t rep) {
          return base + 32 * (r * rep + lane / (32 / size) * blk) + lane % (32 / size) * size;
        };
        const auto& arg = instr.arg;
        touched.add(Buffer::UB, true, at(arg[1], arg[5], arg[8]), size);
        touched.add(Buffer::UB, false, at(arg[2], arg[6], arg[9]), size);
        touched.add(Buffer::UB, false, at(arg[3], arg[7], arg[10]), size);
      }
    check_same(instr, state, touched, irregular ? Match::Covered : Match::Exact);
  }
}

TEST_CASE("conversions: the narrower type is packed") {
  const IssueState state;
  Touched touched;
  touched.add(Buffer::UB, false, 0, 3 * 256);
  touched.add(Buffer::UB, true, 4096, 3 * 128);
  check_same(make_instr(Opcode::Vconv, {0, 1, 4096, 0, 3, 1, 1, 4, 8, 0}), state, touched);
}

TEST_CASE("copies") {
  const IssueState state;
  Touched blocks;
  for (int i = 0; i < 3; ++i) {
    blocks.add(Buffer::GM, false, 1000 + i * (4 + 5) * 32, 4 * 32);
    blocks.add(Buffer::L1, true, 64 + i * (4 + 1) * 32, 4 * 32);
  }
  check_same(make_instr(Opcode::CopyGmToCbuf, {64, 1000, 3, 4, 5, 1}), state, blocks);

  Touched in;
  for (int i = 0; i < 3; ++i) {
    in.add(Buffer::GM, false, 1001 + i * (33 + 7), 33);
    in.add(Buffer::UB, true, 64 + i * (64 + 2 * 32), 33 + 4);
  }
  check_same(make_instr(Opcode::CopyGmToUbufAlign, {64, 1001, 3, 33, 7, 2, 4}), state, in);

  Touched out;
  for (int i = 0; i < 3; ++i) {
    out.add(Buffer::UB, false, 64 + i * (64 + 2 * 32), 33);
    out.add(Buffer::GM, true, 1001 + i * (33 + 7), 33);
  }
  check_same(make_instr(Opcode::CopyUbufToGmAlign, {1001, 64, 3, 33, 2, 7}), state, out);

  Touched nz;
  for (int r = 0; r < 5; ++r) nz.add(Buffer::GM, false, 6 + r * 100 * 2, 40 * 2);
  for (int c1 = 0; c1 < 3; ++c1) nz.add(Buffer::L1, true, 32 + c1 * 16 * 32, 5 * 32);
  check_same(make_instr(Opcode::CopyGmToCbufNd2Nz, {32, 6, 5, 40, 100, 16}), state, nz);

  CHECK(accesses(make_instr(Opcode::CopyGmToCbuf, {64, 1000, 0, 4, 5, 1}), state).count == 0);
}

TEST_CASE("img2col: whole rows that some window covers") {
  std::mt19937_64 random(4);
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  int nonempty = 0;
  for (int round = 0; round < 500; ++round) {
    IssueState state;
    state.apply(make_instr(Opcode::SetFMatrix, {1 + below(9), 1 + below(9), below(3), below(3), below(3), below(3)}));
    const bool small = below(2) == 1;
    const int64_t channels = small ? 4 : 16 * (1 + below(3)), block_taps = small ? 4 : 1, pixel = small ? 8 : 32, sw = 1 + below(3), sh = 1 + below(3), fw = 1 + below(3), fh = 1 + below(3), dw = 1 + below(2),
                  dh = 1 + below(2);
    const int64_t step_k = 16 * (1 + below(4)), step_m = 1 + below(40), pos_k = 16 * below(static_cast<uint64_t>((fw * fh + block_taps - 1) / block_taps)), pos_m = below(30);
    const Instr instr = make_instr(Opcode::Img2ColV2CbufToCa, {512, 64, step_k, step_m, pos_k, pos_m, sw, sh, fw, fh, dw, dh, channels});
    const int64_t ho = (state.fm_h + state.pad_top + state.pad_bottom - (fh - 1) * dh - 1), wo = (state.fm_w + state.pad_left + state.pad_right - (fw - 1) * dw - 1);
    const int64_t out_h = ho < 0 ? 0 : ho / sh + 1, out_w = wo < 0 ? 0 : wo / sw + 1;
    // The hull may hold rows between the covered ones, never rows outside them.
    Touched touched;
    touched.add(Buffer::L0A, true, 512, (step_m + 15) / 16 * step_k / 16 * 512);
    int64_t first = INT64_MAX, last = -1;
    for (int64_t m = pos_m; m < std::min(pos_m + step_m, out_h * out_w); ++m)
      for (int64_t tap = pos_k / 16 * block_taps; tap < (pos_k + step_k) / 16 * block_taps; ++tap) {
        if (small && tap >= fh * fw) break;
        const int64_t h = m / out_w * sh - state.pad_top + tap % (fh * fw) / fw * dh;
        if (h < 0 || h >= state.fm_h) continue;
        const int64_t at = 64 + (tap / (fh * fw) * state.fm_h + h) * state.fm_w * pixel;
        first = std::min(first, at), last = std::max(last, at + state.fm_w * pixel);
      }
    const Hulls actual = hulls_of(accesses(instr, state));
    CAPTURE(disassemble(instr));
    CHECK(actual.at({Buffer::L0A, true}).end == touched.hulls.at({Buffer::L0A, true}).end);
    if (last < 0) continue;
    ++nonempty;
    REQUIRE(actual.contains({Buffer::L1, false}));
    CHECK(actual.at({Buffer::L1, false}).begin <= first);
    CHECK(actual.at({Buffer::L1, false}).end >= last);
    // Within one plane and one window row the range is exact.
    if (!small && pos_k / 16 % (fh * fw) / fw == (pos_k + step_k - 16) / 16 % (fh * fw) / fw && pos_k / 16 / (fh * fw) == (pos_k + step_k - 16) / 16 / (fh * fw)) {
      const int64_t kh = pos_k / 16 % (fh * fw) / fw;
      const int64_t top = pos_m / out_w * sh - state.pad_top + kh * dh;
      if (top >= 0 && sh == 1) CHECK(actual.at({Buffer::L1, false}).begin == first);
    }
  }
  CHECK(nonempty > 100);
}

TEST_CASE("cube and its copies") {
  const IssueState state;
  Touched mad;
  mad.add(Buffer::L0A, false, 512, 2 * 3 * 512);
  mad.add(Buffer::L0B, false, 1024, 3 * 4 * 512);
  mad.add(Buffer::L0C, true, 2048, 2 * 4 * 1024);
  check_same(make_instr(Opcode::Mad, {2048, 512, 1024, 17, 33, 49, 1}), state, mad);
  mad.add(Buffer::L0C, false, 2048, 2 * 4 * 1024);
  check_same(make_instr(Opcode::Mad, {2048, 512, 1024, 17, 33, 49, 0}), state, mad);

  Touched copy;
  for (int i = 0; i < 2; ++i) {
    copy.add(Buffer::L0C, false, 1024 + i * (2 + 3) * 1024, 2 * 1024);
    copy.add(Buffer::UB, true, 64 + i * (2 * 512 + 4 * 32), 2 * 512);
  }
  check_same(make_instr(Opcode::CopyMatrixCcToUbuf, {64, 1024, 2, 2, 3, 4, 1, 0}), state, copy);

  Touched load;
  for (int i = 0; i < 3; ++i) {
    load.add(Buffer::L1, false, 512 + i * 5 * 512, 512);
    load.add(Buffer::L0B, true, 1024 + i * (1 + 1) * 512, 512);
  }
  check_same(make_instr(Opcode::LoadCbufToCb, {1024, 512, 3, 5, 1, 0}), state, load);
}

TEST_CASE("every instruction without work has no ranges, and no instruction has more than fit") {
  std::mt19937_64 random(5);
  for (int op = 0; op < kOpcodes; ++op) {
    const InstrInfo& info = instr_info(static_cast<Opcode>(op));
    if (info.work != Work::One) CHECK(accesses(Instr{static_cast<Opcode>(op), {}}, {}).count == 0);  // those have no count that could be 0
    for (int round = 0; round < 100; ++round) {
      Instr instr{static_cast<Opcode>(op), {}};
      for (int i = 0; i < field_count(info); ++i) {
        const int width = std::min<int>(info.fields[i].width, 62);
        instr.arg[static_cast<size_t>(i)] = static_cast<int64_t>(random() & ((uint64_t{1} << width) - 1));
        if (info.fields[i].kind == Field::Type) instr.arg[static_cast<size_t>(i)] %= static_cast<int64_t>(kVecTypeNames.size());
        if (info.fields[i].kind == Field::Mode) instr.arg[static_cast<size_t>(i)] %= static_cast<int64_t>(kCopyModes.size());
      }
      const AccessList list = accesses(instr, {});
      for (const Access& access : list.view()) CHECK(access.end > access.begin);
    }
  }
}

}  // namespace
}  // namespace npu
