// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "core/base/hash.h"
#include "core/chip/check/check.h"
#include "core/chip/check/memory_use.h"
#include "core/chip/legal.h"
#include "core/isa/fetch.h"

namespace npu {
namespace {

// Operands that are device addresses, as a bit for each.
uint32_t address_operands(Opcode op) {
  static const auto table = [] {
    std::array<uint32_t, kOpcodes> masks{};
    for (int i = 0; i < kOpcodes; ++i) {
      const InstrInfo& info = instr_info(static_cast<Opcode>(i));
      for (int f = 0; f < field_count(info); ++f)
        if (info.fields[f].kind == Field::Address && (info.fields[f].name == "dst" ? info.dst : info.src) == Buffer::GM) masks[static_cast<size_t>(i)] |= 1u << f;
    }
    return masks;
  }();
  return table[static_cast<size_t>(op)];
}

// A stream as far as it decides what check_stream finds. Two that differ in device addresses only are one where these
// cannot matter; scalar rows may compute anything from the block's number.
struct Stream {
  const Program* program;
  BlockId block;
  bool straight;
  bool addresses_matter;  // two pipes may use the same device memory
  uint64_t hash;
};

using Operands = std::array<int64_t, kMaxFields>;

// The instruction's operands, device addresses as 0 unless they matter; how many there are.
size_t kept_operands(const Instr& instr, bool addresses_matter, Operands& kept) {
  const auto count = static_cast<size_t>(field_count(instr_info(instr.op)));
  std::copy_n(instr.arg.begin(), count, kept.begin());
  if (!addresses_matter)
    for (uint32_t left = address_operands(instr.op); left != 0; left &= left - 1) kept[static_cast<size_t>(std::countr_zero(left))] = 0;
  return count;
}

bool same_operands(const Instr& x, const Instr& y, bool addresses_matter) {
  if (addresses_matter || x.op != y.op) return x == y;
  Operands a, b;
  const size_t count = kept_operands(x, false, a);
  kept_operands(y, false, b);
  return std::equal(a.begin(), a.begin() + count, b.begin());
}

Stream describe(const ChipLimits& limits, const Program& program, BlockId block) {
  const bool straight = is_straight(program);
  // Illegal operands may be addresses: such a stream is checked itself.
  const bool legal = std::ranges::all_of(program, [&](const Instr& instr) { return check_operands(limits, instr).has_value(); });
  Stream stream{&program, block, straight, !straight || !legal || memory_use(program).may_conflict(), program.size()};
  if (!straight) stream.hash += static_cast<uint64_t>(block.index) << 32;
  Operands kept;
  for (const Instr& instr : program) {
    const auto bytes = std::as_bytes(std::span(kept).first(kept_operands(instr, stream.addresses_matter, kept)));
    stream.hash = (std::rotl(stream.hash, 23) ^ hash_bytes(bytes) ^ static_cast<uint64_t>(instr.op)) * 0x9e3779b97f4a7c15u;
  }
  return stream;
}

bool same(const Stream& a, const Stream& b) {
  return a.hash == b.hash && a.addresses_matter == b.addresses_matter && (a.straight || a.block.index == b.block.index) && a.straight == b.straight &&
         std::ranges::equal(*a.program, *b.program, [&](const Instr& x, const Instr& y) { return same_operands(x, y, a.addresses_matter); });
}

Status first_of(const std::vector<Finding>& findings, std::string where) {
  if (findings.empty()) return {};
  std::string what = findings[0].text;
  if (findings.size() > 1) what += fmt::format(" (and {}{} more)", findings.size() - 1, findings.size() == kCheckLimit ? " or" : "");
  return fail(ErrorKind::InvalidProgram, std::move(where), std::move(what));
}

}  // namespace

Status check_model(const Soc& soc, const CompiledModel& model, ThreadPool& pool) {
  struct Place {
    size_t task, block;
  };
  std::vector<Place> places;
  for (size_t t = 0; t < model.tasks.size(); ++t)
    for (size_t b = 0; b < model.tasks[t].blocks.size(); ++b) places.push_back({t, b});
  const auto program = [&](const Place& place) -> const Program& { return model.tasks[place.task].blocks[place.block]; };
  const auto block_id = [&](const Place& place) {
    return BlockId{static_cast<int64_t>(place.block), static_cast<int64_t>(model.tasks[place.task].blocks.size())};
  };
  const ChipLimits limits(soc);
  std::vector<Stream> streams(places.size());
  pool.parallel_for(places.size(), [&](size_t i) { streams[i] = describe(limits, program(places[i]), block_id(places[i])); });

  std::vector<size_t> distinct;
  std::unordered_multimap<uint64_t, size_t> known;
  for (size_t i = 0; i < streams.size(); ++i) {
    const auto [first, last] = known.equal_range(streams[i].hash);
    if (std::any_of(first, last, [&](const auto& entry) { return same(streams[entry.second], streams[i]); })) continue;
    known.emplace(streams[i].hash, i);
    distinct.push_back(i);
  }
  // The longest first: a late one would leave the other threads idle.
  std::ranges::stable_sort(distinct, std::greater(), [&](size_t i) { return streams[i].program->size(); });
  std::vector<std::vector<Finding>> of_stream(distinct.size()), of_task(model.tasks.size());
  pool.parallel_for(distinct.size() + model.tasks.size(), [&](size_t i) {
    auto& findings = i < distinct.size() ? of_stream[i] : of_task[i - distinct.size()];
    findings = i < distinct.size() ? check_stream(soc, *streams[distinct[i]].program, kCheckLimit, streams[distinct[i]].block) : check_blocks(model.tasks[i - distinct.size()].blocks);
    // What depends on data shows when it runs.
    std::erase_if(findings, [](const Finding& finding) { return finding.kind == Finding::Kind::Flow; });
  });

  // Of several, the one that runs first: the same with any number of threads.
  size_t worst = places.size(), at = 0;
  for (size_t i = 0; i < distinct.size(); ++i)
    if (!of_stream[i].empty() && distinct[i] < worst) worst = distinct[i], at = i;
  if (worst < places.size())
    return first_of(of_stream[at], fmt::format("task '{}', block {}", model.tasks[places[worst].task].name, places[worst].block));
  for (size_t t = 0; t < of_task.size(); ++t) NPU_CHECK(first_of(of_task[t], fmt::format("task '{}'", model.tasks[t].name)));
  return {};
}

}  // namespace npu
