// SPDX-License-Identifier: Apache-2.0
#include "runtime/profile/usage.h"

#include <algorithm>

#include "core/base/math.h"
#include "core/isa/fetch.h"

namespace npu {
namespace {

// Which 32-byte blocks of the buffers were touched.
class Touched {
 public:
  explicit Touched(const Soc& soc) {
    for (size_t i = 0; i < kBuffers; ++i)
      if (static_cast<Buffer>(i) != Buffer::GM) blocks_[i].resize(static_cast<size_t>(ceil_div(soc.buffer_bytes(static_cast<Buffer>(i)), kBlockBytes)));
  }

  void add(const Access& access) {
    std::vector<uint8_t>& blocks = blocks_[static_cast<size_t>(access.buffer)];
    if (blocks.empty()) return;
    for (int64_t i = 0; i < access.outer; ++i)
      for (int64_t j = 0; j < access.inner; ++j) {
        const int64_t begin = access.begin + i * access.outer_pitch + j * access.inner_pitch;
        const int64_t first = std::clamp<int64_t>(begin / kBlockBytes, 0, std::ssize(blocks)), last = std::clamp<int64_t>(ceil_div(begin + access.length, kBlockBytes), first, std::ssize(blocks));
        std::fill(blocks.begin() + first, blocks.begin() + last, uint8_t{1});
      }
  }

  BufferUse bytes() const {
    BufferUse use{};
    for (size_t i = 0; i < kBuffers; ++i) use[i] = std::ranges::count(blocks_[i], uint8_t{1}) * kBlockBytes;
    return use;
  }

 private:
  std::array<std::vector<uint8_t>, kBuffers> blocks_;
};

}  // namespace

Result<std::vector<BufferUse>> buffer_use(const CompiledModel& model, const Soc& soc, const std::function<bool()>& keep_going) {
  std::vector<BufferUse> all;
  for (const Task& task : model.tasks) {
    if (keep_going && !keep_going()) return fail(ErrorKind::Cancelled, task.name, "stopped");
    all.emplace_back();
    if (task.blocks.empty()) continue;
    const auto longest = std::ranges::max_element(task.blocks, {}, [](const Program& program) { return program.size(); });
    const auto issued = issue_all(*longest, {longest - task.blocks.begin(), std::ssize(task.blocks)});
    if (!issued) continue;
    Touched touched(soc);
    IssueState state;
    for (const Instr& instr : issued->view()) {
      const AccessList list = accesses(instr, state);
      for (const Access& access : list.view()) touched.add(access);
      state.apply(instr);
    }
    all.back() = touched.bytes();
  }
  return all;
}

}  // namespace npu
