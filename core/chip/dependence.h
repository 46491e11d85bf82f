// SPDX-License-Identifier: Apache-2.0
// Which bytes an instruction's results come from: for one that only moves, by running it on numbered bytes; for one that computes, by
// the loop nest that its row documents.
#pragma once

#include <memory>
#include <vector>

#include "core/base/range_set.h"
#include "core/isa/program.h"
#include "core/soc/soc.h"

namespace npu {

struct OperandBytes {
  Buffer buffer{};
  RangeSet bytes;
};

struct Dependence {
  RangeSet made;                      // of the wanted bytes: what the instruction decides. Others keep what they held
  std::vector<OperandBytes> sources;  // that it makes them of
  bool exact = true;                  // else the sources are whole operands, and nothing counts as decided: an older value may show through
};

// Whether an instruction writes into [begin, end) somewhere, or into any of the bytes.
bool writes_into(const AccessList& list, Buffer buffer, const RangeSet& bytes);

class DependenceFinder {
 public:
  explicit DependenceFinder(const Soc& soc);
  ~DependenceFinder();
  DependenceFinder(const DependenceFinder&) = delete;
  DependenceFinder& operator=(const DependenceFinder&) = delete;

  // wanted: bytes of the buffer that the instruction writes.
  Dependence find(const Instr& instr, const IssueState& state, const RangeSet& wanted);

 private:
  struct Bench;
  std::unique_ptr<Bench> bench_;
};

}  // namespace npu
