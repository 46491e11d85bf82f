// SPDX-License-Identifier: Apache-2.0
// TopK over the last axis by vbitsort and vmrgsort4: runs of 32 records (value and number) are sorted, then merged four by four, of
// which no more than the first k are kept.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kRun = 32;            // records that vbitsort sorts
constexpr int64_t kRecordBytes = 8;
constexpr int64_t kMostRepeats = 255;
constexpr int64_t kMostRows = 1 << 12;

class TopKBlock {
 public:
  TopKBlock(const Soc& soc, int64_t length, int64_t k, bool largest, int64_t src, int64_t iota, int64_t values, int64_t indices)
      : soc_(soc), length_(length), places_(align_up(length, kRun)), k_(k), kept_(align_up(k, kRun)), largest_(largest), src_(src), values_(values), indices_(indices), e_(soc),
        raw_(reserve(places_ * 2, "the row")), padded_(reserve(places_ * 2, "the row, padded")), numbers_(reserve(places_ * 4, "the numbers")),
        records_{reserve(places_ * kRecordBytes, "the records"), reserve(places_ * kRecordBytes, "the merged records")},
        best_numbers_(reserve(kept_ * kRecordBytes, "the indices")), wide_(reserve(kept_ * 8, "the indices in 64 bits")) {
    e_.gm_to_ub(numbers_, iota, {.blocks = places_ * 4 / kBlockBytes});
    e_.fill(VecType::F16, padded_, -std::numeric_limits<float>::infinity(), places_);
  }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; ++row) {
      e_.gm_to_ub_bytes(raw_, src_ + row * length_ * 2, {.bytes = length_ * 2});
      e_.scalar(Opcode::Vmuls, VecType::F16, padded_, raw_, sign(), length_);
      store(row, sort());
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t reserve(int64_t bytes, const char* purpose) { return e_.reserve(Buffer::UB, bytes, purpose); }
  float sign() const { return largest_ ? 1.0f : -1.0f; }

  // Which of the two buffers of records has the k first ones.
  size_t sort() {
    for (int64_t run = 0; run < places_ / kRun; run += kMostRepeats)
      e_.push(Opcode::Vbitsort, {type_arg(VecType::F16), records_[0] + run * kRun * kRecordBytes, padded_ + run * kRun * 2, numbers_ + run * kRun * 4,
                                 std::min(kMostRepeats, places_ / kRun - run)});
    size_t now = 0;
    std::vector<int64_t> lengths(static_cast<size_t>(places_ / kRun), kRun);  // of the runs, which start `pitch` records apart
    for (int64_t pitch = kRun; lengths.size() > 1; pitch *= 4, now = 1 - now) {
      std::vector<int64_t> merged;
      for (size_t run = 0; run < lengths.size(); run += 4)
        merged.push_back(std::min(kept_, merge(now, static_cast<int64_t>(run) * pitch, pitch, std::span(lengths).subspan(run, std::min<size_t>(4, lengths.size() - run)))));
      lengths = std::move(merged);
    }
    return now;
  }

  // Up to four runs from `first` on into the other buffer; how many records that makes.
  int64_t merge(size_t now, int64_t first, int64_t pitch, std::span<const int64_t> lengths) {
    const int64_t from = records_[now] + first * kRecordBytes, to = records_[1 - now] + first * kRecordBytes;
    if (lengths.size() == 1) {
      e_.ub_to_ub(to, from, {.blocks = lengths[0] * kRecordBytes / kBlockBytes});
      return lengths[0];
    }
    std::array<int64_t, 4> place{from, from, from, from}, length{};
    for (size_t i = 0; i < lengths.size(); ++i) place[i] = from + static_cast<int64_t>(i) * pitch * kRecordBytes, length[i] = lengths[i];
    e_.push(Opcode::Vmrgsort4, {type_arg(VecType::F16), to, place[0], place[1], place[2], place[3], length[0], length[1], length[2], length[3],
                                static_cast<int64_t>(lengths.size()), 0});
    return std::accumulate(length.begin(), length.end(), int64_t{0});
  }

  // Every fourth 16-bit lane of the records is a value, every second 32-bit one a number.
  void store(int64_t row, size_t now) {
    constexpr int64_t kFirstOfFour = 3, kOdd = 2;
    const int64_t records = records_[now], best = records_[1 - now];
    take(VecType::F16, best, records, kFirstOfFour);
    take(VecType::U32, best_numbers_, records, kOdd);
    if (!largest_) e_.scalar(Opcode::Vmuls, VecType::F16, best, best, sign(), k_);
    if (values_ >= 0) e_.ub_to_gm_bytes(values_ + row * k_ * 2, best, {.bytes = k_ * 2});
    if (indices_ < 0) return;
    e_.convert(VecType::S64, VecType::S32, wide_, best_numbers_, k_);
    e_.ub_to_gm_bytes(indices_ + row * k_ * 8, wide_, {.bytes = k_ * 8});
  }

  void take(VecType type, int64_t dst, int64_t src, int64_t pattern) {
    const int64_t taken = kRun * (type == VecType::F16 ? 2 : 4);  // bytes of a repeat
    for (int64_t run = 0; run < kept_ / kRun; run += kMostRepeats)
      e_.push(Opcode::Vreducev2, {type_arg(type), dst + run * taken, src + run * kRepeatBytes, 0, pattern, std::min(kMostRepeats, kept_ / kRun - run), 1, 8, 0, 0});
  }

  const Soc& soc_;
  int64_t length_, places_, k_, kept_;
  bool largest_;
  int64_t src_, values_, indices_;  // the results: -1 when nobody asks
  Emitter e_;
  int64_t raw_, padded_, numbers_;
  std::array<int64_t, 2> records_;
  int64_t best_numbers_, wide_;
};

int64_t kept_values(const Graph& graph, const Node& node) { return to_shape(graph.value(node.outputs[node.outputs[0] != kNone ? 0 : 1]).type.dims).back(); }

int64_t ub_bytes(int64_t length, int64_t k) { return align_up(length, kRun) * (2 + 2 + 4 + 2 * kRecordBytes) + align_up(k, kRun) * (kRecordBytes + 8) + 8 * 512; }

}  // namespace

std::optional<std::string> reject_top_k(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (soc.arch != Arch::C220) return fmt::format("{} has no instructions that sort records and widen their numbers", soc.name);
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  const auto rank = static_cast<int64_t>(x.dims.size());
  const int64_t axis = node.int_attr("axis", -1);
  if (rank == 0) return "scalar";
  if (axis != -1 && axis != rank - 1) return fmt::format("axis {} of {}", axis, rank);
  const int64_t length = x.dims.back().value(), elements = element_count(to_shape(x.dims)), k = kept_values(graph, node);
  if (elements * k == 0) return "empty tensor";
  if (elements / length > kMostRows) return fmt::format("{} rows", elements / length);
  if (ub_bytes(length, k) > soc.ub) return fmt::format("UB budget: {} of {} values need {} bytes > {}", k, length, ub_bytes(length, k), soc.ub);
  return std::nullopt;
}

Status lower_top_k(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t k = kept_values(context.graph, node);
  std::vector<int32_t> numbers(static_cast<size_t>(align_up(x.back(), kRun)));
  std::iota(numbers.begin(), numbers.end(), 0);
  const auto result = [&](size_t i) { return node.outputs[i] != kNone ? context.address(node.outputs[i]) : int64_t{-1}; };
  const int64_t iota = context.add_weights(std::as_bytes(std::span(numbers)));
  for (const RowShare& share : share_rows(element_count(x) / x.back(), context.soc.cores_for(true))) {
    TopKBlock block(context.soc, x.back(), k, node.int_attr("largest", 1) != 0, context.address(node.inputs[0]), iota, result(0), result(1));
    NPU_TRY(Program program, block.run(share.from, share.to));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

}  // namespace npu
