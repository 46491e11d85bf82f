// SPDX-License-Identifier: Apache-2.0
// Operators that cut and pad by a number for each dimension.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/tensorflow/op.h"

namespace npu::tensorflow {
namespace {

constexpr int64_t kEnd = std::numeric_limits<int64_t>::max(), kBegin = std::numeric_limits<int64_t>::min();

// What Slice takes, by dimension.
struct Ranges {
  std::vector<int64_t> axes, starts, ends, steps;

  void add(int64_t axis, int64_t start, int64_t end, int64_t step) {
    axes.push_back(axis), starts.push_back(start), ends.push_back(end), steps.push_back(step);
  }
};

ValueId cut_out(const Op& op, ValueId x, const Ranges& ranges) {
  if (ranges.axes.empty()) return x;
  GraphBuilder& graph = op.graph;
  return graph.add("Slice", {x, graph.ints("starts", ranges.starts), graph.ints("ends", ranges.ends), graph.ints("axes", ranges.axes), graph.ints("steps", ranges.steps)});
}

// The masks of a StridedSlice, read entry by entry.
struct Spec {
  Ranges ranges;
  std::vector<int64_t> shrunk, added;  // axes of the input that go, of the result that are new
};

bool bit(int64_t mask, size_t i) { return i < 63 && (mask >> i & 1) != 0; }

class SpecReader {
 public:
  explicit SpecReader(const Op& op)
      : op_(op), begin_(op.constant_ints(1, "begin")), end_(op.constant_ints(2, "end")), step_(op.constant_ints(3, "strides")), begin_mask_(op.integer("begin_mask", 0)),
        end_mask_(op.integer("end_mask", 0)), ellipsis_mask_(op.integer("ellipsis_mask", 0)), new_mask_(op.integer("new_axis_mask", 0)), shrink_mask_(op.integer("shrink_axis_mask", 0)) {}

  Spec read() {
    if (op_.ok() && (begin_.size() != end_.size() || begin_.size() != step_.size())) op_.invalid(fmt::format("{} begins, {} ends, {} strides", begin_.size(), end_.size(), step_.size()));
    for (size_t i = 0; op_.ok() && i < begin_.size(); ++i) entry(i);
    return std::move(spec_);
  }

 private:
  void entry(size_t i) {
    if (bit(ellipsis_mask_, i)) return skip_rest(i);
    if (bit(new_mask_, i)) return spec_.added.push_back(result_axis_++);
    if (bit(shrink_mask_, i)) {
      spec_.shrunk.push_back(axis_);
      return spec_.ranges.add(axis_++, begin_[i], begin_[i] == -1 ? kEnd : begin_[i] + 1, 1);
    }
    if (step_[i] == 0) return op_.invalid(fmt::format("stride 0 at {}", i));
    const bool back = step_[i] < 0, from_first = bit(begin_mask_, i), to_last = bit(end_mask_, i);
    const bool whole = from_first && to_last && step_[i] == 1;
    if (!whole) spec_.ranges.add(axis_, from_first ? (back ? kEnd : 0) : begin_[i], to_last ? (back ? kBegin : kEnd) : end_[i], step_[i]);
    ++axis_, ++result_axis_;
  }

  // The dimensions that no other entry names stay as they are.
  void skip_rest(size_t i) {
    int64_t named = 0;
    for (size_t k = 0; k < begin_.size(); ++k) named += k != i && (bit(ellipsis_mask_, k) || !bit(new_mask_, k));
    const int64_t skipped = op_.rank(0) - named;
    if (op_.rank(0) < 0) return op_.unsupported("an ellipsis in an input whose number of dimensions is not known is not offered");
    if (skipped < 0 || (ellipsis_mask_ & (ellipsis_mask_ - 1)) != 0) return op_.invalid(fmt::format("{} entries beside an ellipsis for {} dimensions", named, op_.rank(0)));
    axis_ += skipped, result_axis_ += skipped;
  }

  const Op& op_;
  std::vector<int64_t> begin_, end_, step_;
  int64_t begin_mask_, end_mask_, ellipsis_mask_, new_mask_, shrink_mask_;
  int64_t axis_ = 0, result_axis_ = 0;
  Spec spec_;
};

std::vector<TensorValue> padded(const Op& op, std::string_view mode) {
  const auto amounts = op.constant_ints(1, "the paddings");  // begin and end of each dimension
  const size_t rank = amounts.size() / 2;
  if (op.ok() && (amounts.size() % 2 != 0 || (op.rank(0) >= 0 && static_cast<int64_t>(rank) != op.rank(0)))) op.invalid(fmt::format("{} paddings for {} dimensions", amounts.size(), op.rank(0)));
  std::vector<int64_t> pads(2 * rank);
  for (size_t i = 0; op.ok() && i < rank; ++i) {
    const auto axis = op.is_turned(0) ? static_cast<size_t>(kTurnedAxis[i]) : i;
    pads[axis] = amounts[2 * i], pads[axis + rank] = amounts[2 * i + 1];
  }
  if (std::ranges::any_of(pads, [](int64_t amount) { return amount < 0; })) op.invalid("a padding is negative");
  std::vector<ValueId> inputs{op.any(0), op.graph.ints("pads", pads)};
  if (op.count() == 3) inputs.push_back(op.plain(2));
  return {op.like(0, op.graph.add("Pad", std::move(inputs), {{"mode", std::string(mode)}}))};
}

}  // namespace

std::vector<TensorValue> slice(Op& op) {
  const auto begin = op.constant_ints(1, "begin"), size = op.constant_ints(2, "size");
  if (op.ok() && (begin.size() != size.size() || (op.rank(0) >= 0 && static_cast<int64_t>(begin.size()) != op.rank(0)))) op.invalid(fmt::format("{} begins and {} sizes for {} dimensions", begin.size(), size.size(), op.rank(0)));
  Ranges ranges;
  for (size_t i = 0; op.ok() && i < begin.size(); ++i) {
    if (begin[i] < 0 || size[i] < -1 || begin[i] > INT32_MAX || size[i] > INT32_MAX) op.invalid(fmt::format("begin {}, size {} at dimension {}", begin[i], size[i], i));
    ranges.add(op.is_turned(0) ? kTurnedAxis[i] : static_cast<int64_t>(i), begin[i], size[i] == -1 ? kEnd : begin[i] + size[i], 1);
  }
  return {op.like(0, cut_out(op, op.any(0), ranges))};
}

std::vector<TensorValue> strided_slice(Op& op) {
  Spec spec = SpecReader(op).read();
  if (!op.ok()) return {TensorValue{}};
  if (spec.shrunk.empty() && spec.added.empty() && op.is_turned(0)) {
    for (int64_t& axis : spec.ranges.axes) {
      axis = op.check_axis(axis, 4);
      if (op.ok()) axis = kTurnedAxis[axis];
    }
    return {TensorValue{kNone, cut_out(op, op.any(0), spec.ranges)}};
  }
  ValueId result = cut_out(op, op.plain(0), spec.ranges);
  if (!spec.shrunk.empty()) result = op.graph.add("Squeeze", {result, op.graph.ints("shrunk", spec.shrunk)});
  if (!spec.added.empty()) result = op.graph.add("Unsqueeze", {result, op.graph.ints("added", spec.added)});
  return {TensorValue{result, kNone}};
}

std::vector<TensorValue> pad(Op& op) { return padded(op, "constant"); }

std::vector<TensorValue> mirror_pad(Op& op) {
  const std::string mode = op.text("mode", "");
  if (mode != "REFLECT") op.unsupported(fmt::format("mode '{}' is not offered; offered: REFLECT", mode));
  return padded(op, "reflect");
}

}  // namespace npu::tensorflow
