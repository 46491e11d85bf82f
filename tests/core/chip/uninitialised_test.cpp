// SPDX-License-Identifier: Apache-2.0
// Every buffer, every way of reading it: with any one block of what an instruction reads left out it halts with
// UninitializedRead, with all of them it runs.
#include <doctest/doctest.h>

#include <set>

#include "tests/core/chip/rig.h"

namespace npu {
namespace {

using enum Opcode;
using Granule = std::pair<Buffer, int64_t>;

constexpr int64_t kSource = kArenaBase + 4096;         // written memory that fills come from
constexpr int64_t kL1Top = 512 * 1024 - 1024, kUbTop = 160 * 1024, kL0Top = 65536 - 512;

int64_t granule_bytes(Buffer buffer) {
  switch (buffer) {
    case Buffer::L0A:
    case Buffer::L0B: return kFractalBytes;
    case Buffer::L0C: return 2 * kFractalBytes;
    case Buffer::BT: return 64;
    default: return kBlockBytes;
  }
}

std::set<Granule> read_granules(const Instr& instr, const IssueState& state) {
  std::set<Granule> granules;
  const AccessList list = accesses(instr, state);
  for (const Access& access : list.view())
    for (int i = 0; i < access.outer && !access.write; ++i)
      for (int j = 0; j < access.inner; ++j) {
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch, size = granule_bytes(access.buffer);
        for (int64_t at = begin / size * size; at < begin + access.length; at += size) granules.emplace(access.buffer, at);
      }
  return granules;
}

Instr fill(const Granule& granule) {
  const auto [buffer, at] = granule;
  switch (buffer) {
    case Buffer::L1: return make_instr(CopyGmToCbuf, {at, kSource, 1, 1, 0, 0});
    case Buffer::L0A: return make_instr(LoadCbufToCa, {at, kL1Top, 1, 1, 0, 0});
    case Buffer::L0B: return make_instr(LoadCbufToCb, {at, kL1Top, 1, 1, 0, 0});
    case Buffer::L0C: return make_instr(Mad, {at, kL0Top, kL0Top, 16, 16, 16, 1});
    case Buffer::BT: return make_instr(CopyCbufToBt, {at, kL1Top, 1, 0});
    default: return make_instr(CopyGmToUbuf, {at, kSource, 1, 1, 0, 0});
  }
}

struct Case {
  Instr instr;
  Program before = {};  // state it depends on
};

Status run_without(const Soc& soc, const Case& one, const std::set<Granule>& granules, const Granule* left_out) {
  DeviceMemory memory({}, 1 << 16);
  REQUIRE(memory.write(kSource, 2048).has_value());
  Program program{make_instr(CopyGmToCbuf, {kL1Top, kSource, 1, 32, 0, 0}), make_instr(LoadCbufToCa, {kL0Top, kL1Top, 1, 1, 0, 0}),
                  make_instr(LoadCbufToCb, {kL0Top, kL1Top, 1, 1, 0, 0})};
  for (const Granule& granule : granules) {
    if (left_out && granule == *left_out) continue;
    if (granule.first == Buffer::GM) REQUIRE(memory.write(granule.second, kBlockBytes).has_value());
    else program.push_back(fill(granule));
  }
  program.insert(program.end(), one.before.begin(), one.before.end());
  program.push_back(one.instr);
  return Core(soc).execute(program, memory);
}

void check(const Soc& soc, const Case& one) {
  CAPTURE(disassemble(one.instr));
  IssueState state;
  for (const Instr& instr : one.before) state.apply(instr);
  const std::set<Granule> granules = read_granules(one.instr, state);
  REQUIRE(!granules.empty());
  const Status complete = run_without(soc, one, granules, nullptr);
  const std::string message = complete ? "" : complete.error().message();
  REQUIRE(message == "");
  for (const Granule& granule : granules) {
    CAPTURE(kBufferNames[static_cast<size_t>(granule.first)]);
    CAPTURE(granule.second);
    const Status status = run_without(soc, one, granules, &granule);
    REQUIRE(!status.has_value());
    CHECK(status.error().kind == ErrorKind::UninitializedRead);
  }
}

const Program kForty{make_instr(SetVectorMask, {0, static_cast<int64_t>((uint64_t{1} << 40) - 1)})};
constexpr int64_t kGm = kArenaBase + 16384;

}  // namespace

TEST_CASE("device memory and L1") {
  const Soc soc = test::coupled_soc();
  for (const Instr& instr : {make_instr(CopyGmToUbuf, {0, kGm, 3, 2, 1, 0}), make_instr(CopyGmToCbuf, {0, kGm + 64, 2, 3, 2, 1}),
                             make_instr(CopyGmToUbufAlign, {0, kGm + 5, 3, 33, 70, 0, 0}), make_instr(CopyGmToCbufNd2Nz, {0, kGm, 5, 20, 50, 8}),
                             make_instr(LoadCbufToCa, {0, 0, 3, 2, 0, 0}), make_instr(LoadCbufToCb, {0, 1024, 2, 1, 1, 1})})
    check(soc, {instr});
  const Program map{make_instr(SetFMatrix, {5, 6, 1, 1, 1, 1})};
  check(soc, {make_instr(Img2ColV2CbufToCa, {0, 0, 144, 30, 0, 0, 1, 1, 3, 3, 1, 1, 16}), map});
  check(soc, {make_instr(Img2ColV2CbufToCa, {0, 512, 32, 16, 0, 7, 1, 1, 1, 1, 1, 1, 32}), map});
}

TEST_CASE("L0, the cube and its ways out") {
  for (const Soc& soc : {test::coupled_soc(), test::split_soc()}) {
    check(soc, {make_instr(Mad, {0, 0, 0, 32, 48, 16, 1})});
    check(soc, {make_instr(Mad, {2048, 512, 1024, 17, 16, 33, 0})});
  }
  check(test::coupled_soc(), {make_instr(CopyMatrixCcToUbuf, {0, 0, 2, 2, 1, 0, 1, 0})});
  check(test::coupled_soc(), {make_instr(BroadcastUbToCc, {0, 0, 3, 2, 0})});
  check(test::split_soc(), {make_instr(Mad, {0, 0, 0, 16, 16, 48, 2})});
  check(test::split_soc(), {make_instr(CopyCbufToBt, {0, 96, 3, 1})});
  check(test::split_soc(), {make_instr(CopyMatrixCcToGm, {kGm, 0, 16, 48, 16, 2, 1, 0, 0})});
}

TEST_CASE("UB: vector instructions and copies out") {
  const Soc soc = test::coupled_soc();
  for (const Program& mask : {Program{}, kForty})
    for (const Instr& instr : {make_instr(Vadd, {0, 16384, 0, 8192, 3, 1, 2, 1, 8, 16, 9}), make_instr(Vmla, {0, 16384, 0, 8192, 2, 2, 1, 1, 16, 8, 0}),
                               make_instr(Vadds, {1, 16384, 0, 2, 1, 1, 8, 8, 0}), make_instr(Vaxpy, {0, 16384, 0, 2, 1, 3, 8, 24, 0}), make_instr(Vexp, {0, 16384, 64, 2, 1, 1, 8, 4}),
                               make_instr(Vconv, {0, 1, 16384, 0, 3, 1, 1, 4, 8, 0}), make_instr(Vconv, {1, 0, 16384, 0, 2, 1, 1, 8, 4, 0}),
                               make_instr(Vcadd, {0, 16384, 0, 3, 1, 1, 9}), make_instr(Vcgmax, {1, 16384, 0, 2, 1, 2, 16}), make_instr(Vsel, {0, 16384, 0, 4096, 8192, 2})})
      check(soc, {instr, mask});
  for (const Instr& instr : {make_instr(Vcmpv, {0, 16384, 0, 8192, 2, 1}), make_instr(ScatterVnchwconvB16, {16384, 0, 2, 1, 2, 16, 40}), make_instr(Vbrcb, {0, 16384, 32, 3}),
                             make_instr(CopyUbufToUbuf, {16384, 0, 3, 2, 1, 0}), make_instr(CopyUbufToCbuf, {0, 64, 2, 3, 2, 1}), make_instr(CopyUbufToGm, {kGm, 0, 3, 2, 1, 0}),
                             make_instr(CopyUbufToGmAlign, {kGm + 3, 0, 3, 33, 1, 7})})
    check(soc, {instr});
}

TEST_CASE("only a stream whose addresses cannot change may be proven by a run") {
  CHECK(is_fixed({make_instr(CopyGmToUbuf, {0, kSource, 1, 1, 0, 0})}));
  CHECK(!is_fixed({make_instr(Vgather, {})}));
  CHECK(!is_fixed({make_instr(Vreducev2, {})}));
  CHECK(!is_fixed({make_instr(JumpIf, {})}));
  const Soc soc = test::coupled_soc();
  const Program program{make_instr(CopyUbufToGm, {kGm, 0, 1, 1, 0, 0}), make_instr(CopyGmToUbuf, {64, kGm + 64, 1, 1, 0, 0})};
  Core core(soc);
  DeviceMemory memory({}, 1 << 16);
  const Status straight = core.execute(program, memory, {}, Trust::Straight);
  REQUIRE(!straight.has_value());
  CHECK(straight.error().kind == ErrorKind::UninitializedRead);
  memory.track(false);
  CHECK(core.execute(program, memory, {}, Trust::Proven).has_value());
  // Outside the arena stays outside.
  const Status outside = core.execute({make_instr(CopyUbufToGm, {kArenaBase + (1 << 16), 0, 1, 1, 0, 0})}, memory, {}, Trust::Proven);
  REQUIRE(!outside.has_value());
  CHECK(outside.error().kind == ErrorKind::InvalidProgram);
  // The next stream is watched again, from nothing.
  CHECK(!core.execute({program[0]}, memory, {}, Trust::Straight).has_value());
}

}  // namespace npu
