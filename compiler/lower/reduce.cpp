// SPDX-License-Identifier: Apache-2.0
// Reductions over the pixels of NC1HWC0 (global pooling, ReduceMean/Sum/Max over H and W): halving, in fp32 for sums.
// Reductions over trailing axes of row-major tensors: rows side by side, in fp32.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/families.h"
#include "compiler/lower/row_tile.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

// How each element is prepared, which reduction follows, and what is done with the result beside the scale.
struct Reduction {
  std::string_view op;
  bool maximum = false;
  enum Before : uint8_t { Nothing, Negative, Magnitude, Square } before = Nothing;
  enum After : uint8_t { Plain, Negated, Root } after = Plain;
  bool mean = false;
};

constexpr std::array kReductions{
    Reduction{.op = "GlobalAveragePool", .mean = true},
    Reduction{.op = "GlobalMaxPool", .maximum = true},
    Reduction{.op = "ReduceL1", .before = Reduction::Magnitude},
    Reduction{.op = "ReduceL2", .before = Reduction::Square, .after = Reduction::Root},
    Reduction{.op = "ReduceMax", .maximum = true},
    Reduction{.op = "ReduceMean", .mean = true},
    Reduction{.op = "ReduceMin", .maximum = true, .before = Reduction::Negative, .after = Reduction::Negated},
    Reduction{.op = "ReduceSum"},
    Reduction{.op = "ReduceSumSquare", .before = Reduction::Square},
};

const Reduction& reduction_of(const Node& node) { return *std::ranges::find(kReductions, std::string_view(node.op), &Reduction::op); }

std::vector<int64_t> reduced_axes(const Graph& graph, const Node& node) {
  const auto rank = static_cast<int64_t>(graph.value(node.inputs[0]).type.dims.size());
  std::vector<int64_t> axes = node.ints_attr("axes");
  if (node.op.starts_with("Global"))
    for (int64_t i = 2; i < rank; ++i) axes.push_back(i);
  if (node.inputs.size() > 1 && node.inputs[1] != kNone && graph.value(node.inputs[1]).constant) axes = graph.value(node.inputs[1]).constant->to_ints();
  for (int64_t& axis : axes) axis += axis < 0 ? rank : 0;
  std::ranges::sort(axes);
  return axes;
}

bool over_pixels(const Graph& graph, const Node& node) {
  if (reduction_of(node).before != Reduction::Nothing) return false;
  const bool kept = node.op.starts_with("Global") || node.int_attr("keepdims", 1) != 0;
  return kept && graph.value(node.inputs[0]).type.dims.size() == 4 && reduced_axes(graph, node) == std::vector<int64_t>{2, 3};
}

// Elements of what is reduced to one value when that is the last axes, else nothing.
std::optional<int64_t> row_length(const Graph& graph, const Node& node) {
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims);
  const auto axes = reduced_axes(graph, node);
  if (axes.empty() || axes.size() > x.size()) return std::nullopt;
  int64_t length = 1;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (axes[i] != static_cast<int64_t>(x.size() - axes.size() + i)) return std::nullopt;
    length *= x[static_cast<size_t>(axes[i])];
  }
  return length;
}

class RowReduceBlock {
 public:
  RowReduceBlock(const Soc& soc, int64_t length, int64_t rows, int slots, const Reduction& reduction, float scale, int64_t src, int64_t dst)
      : soc_(soc), length_(length), reduction_(reduction), scale_(scale), src_(src), dst_(dst), e_(soc), tile_(e_, length),
        rows_(tile_.rows_that_fit(tile_.pitch() * (slots * 2 + 4) + slots * 4, rows)), half_(e_, Buffer::UB, rows_ * tile_.pitch() * 2, slots, "the rows"),
        out_(e_, Buffer::UB, align_up(rows_, 16) * 2, slots, "the results"), wide_(e_.reserve(Buffer::UB, rows_ * tile_.pitch() * 4, "the rows in fp32")) {
    tile_.reserve(rows_);
  }

  Status status() const { return e_.status(); }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t row = from; row < to; row += rows_) some_rows(row, std::min(rows_, to - row));
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void some_rows(int64_t row, int64_t rows) {
    const int64_t half = half_.next(), out = out_.next();
    tile_.load(half, src_ + row * length_ * 2, rows);
    e_.convert(VecType::F32, VecType::F16, wide_, half, rows * tile_.pitch());
    prepare(rows);
    const int64_t results = reduction_.maximum ? tile_.reduce_max(wide_, rows) : tile_.reduce_sum(wide_, rows);
    const float scale = reduction_.after == Reduction::Negated ? -scale_ : scale_;
    if (scale != 1) e_.scalar(Opcode::Vmuls, VecType::F32, results, results, scale, rows);
    if (reduction_.after == Reduction::Root) e_.unary(Opcode::Vsqrt, VecType::F32, results, results, rows);
    e_.convert(VecType::F16, VecType::F32, out, results, rows);
    e_.ub_to_gm_bytes(dst_ + row * 2, out, {.bytes = rows * 2});
  }

  void prepare(int64_t rows) {
    switch (reduction_.before) {
      case Reduction::Nothing: return;
      case Reduction::Negative: return e_.scalar(Opcode::Vmuls, VecType::F32, wide_, wide_, -1.0f, rows * tile_.pitch());
      case Reduction::Magnitude: return tile_.unary(Opcode::Vabs, wide_, wide_, rows);
      case Reduction::Square: return tile_.binary(Opcode::Vmul, wide_, wide_, wide_, rows);
    }
  }

  const Soc& soc_;
  int64_t length_;
  const Reduction& reduction_;
  float scale_;
  int64_t src_, dst_;
  Emitter e_;
  RowTile tile_;
  int64_t rows_;
  Ring half_, out_;
  int64_t wide_;
};

class ReduceBlock {
 public:
  ReduceBlock(const Soc& soc, int64_t pixels, bool maximum, float scale, int64_t src, int64_t dst)
      : soc_(soc), pixels_(pixels), maximum_(maximum), scale_(scale), src_(src), dst_(dst), e_(soc),
        chunk_(std::min(pixels, (soc.ub - 8192) / (2 * 32 + 64))), in_(e_, Buffer::UB, chunk_ * 32, 2, "the input tile"),
        wide_(e_, Buffer::UB, chunk_ * 64 + 64, 1, "fp32 values"), out_(e_, Buffer::UB, 32, 2, "the result") {}

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t plane = from; plane < to; ++plane) maximum_ ? reduce_max(plane) : reduce_sum(plane);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  // Folds the upper half onto the lower until one pixel is left; an odd one out is added to the first.
  void halve(Opcode op, VecType type, int64_t base, int64_t count) {
    const int64_t pixel = 16 * vec_type_size(type);
    while (count > 1) {
      const int64_t half = count / 2;
      e_.binary(op, type, base, {base}, {base + half * pixel}, half * 16);
      if (count % 2 != 0) e_.binary(op, type, base, {base}, {base + (count - 1) * pixel}, 16);
      count = half;
    }
  }

  int64_t load(int64_t plane, int64_t at, int64_t count) {
    const int64_t in = in_.next();
    e_.gm_to_ub(in, src_ + (plane * pixels_ + at) * 32, {.blocks = count});
    return in;
  }

  void reduce_max(int64_t plane) {
    const int64_t out = out_.next();
    for (int64_t at = 0; at < pixels_; at += chunk_) {
      const int64_t count = std::min(chunk_, pixels_ - at), in = load(plane, at, count);
      halve(Opcode::Vmax, VecType::F16, in, count);
      e_.binary(Opcode::Vmax, VecType::F16, out, {at == 0 ? in : out}, {in}, 16);
    }
    e_.ub_to_gm(dst_ + plane * 32, out, {.blocks = 1});
  }

  void reduce_sum(int64_t plane) {
    const int64_t out = out_.next(), wide = wide_.next(), sum = wide + chunk_ * 64;
    for (int64_t at = 0; at < pixels_; at += chunk_) {
      const int64_t count = std::min(chunk_, pixels_ - at), in = load(plane, at, count);
      e_.convert(VecType::F32, VecType::F16, wide, in, count * 16);
      halve(Opcode::Vadd, VecType::F32, wide, count);
      if (at == 0) e_.scalar(Opcode::Vmuls, VecType::F32, sum, wide, scale_, 16);
      else e_.scalar(Opcode::Vaxpy, VecType::F32, sum, wide, scale_, 16);
    }
    e_.convert(VecType::F16, VecType::F32, out, sum, 16);
    e_.ub_to_gm(dst_ + plane * 32, out, {.blocks = 1});
  }

  const Soc& soc_;
  int64_t pixels_;
  bool maximum_;
  float scale_;
  int64_t src_, dst_;
  Emitter e_;
  int64_t chunk_;
  Ring in_, wide_, out_;
};

}  // namespace

Layout reduce_layout(const Graph& graph, const Node& node) { return over_pixels(graph, node) ? Layout::Image : Layout::Plain; }

std::optional<std::string> reject_reduce(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  if (over_pixels(graph, node)) return std::nullopt;
  const auto length = row_length(graph, node);
  if (!length) return "reduction over other axes than H and W or the last ones";
  if (*length == 0) return "empty rows";
  if (*length * 9 + 8192 > soc.ub) return fmt::format("UB budget: a row of {} values needs {} bytes > {}", *length, *length * 9 + 8192, soc.ub);
  return std::nullopt;
}

Status lower_reduce(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const Shape x = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const Reduction& reduction = reduction_of(node);
  const int64_t src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  const auto scale = [&](int64_t values) { return reduction.mean ? 1.0f / static_cast<float>(values) : 1.0f; };
  const auto add_block = [&](auto block, int64_t from, int64_t to) -> Status {
    NPU_TRY(Program program, block.run(from, to));
    task.blocks.push_back(std::move(program));
    return {};
  };
  task.vector_task = true;
  if (!over_pixels(context.graph, node)) {
    const int64_t length = *row_length(context.graph, node);
    const Soc& soc = context.soc;
    const int64_t rows = element_count(x) / length;
    const float factor = scale(length);
    VectorWork work = row_work(soc, rows, length, 3);
    work.cost.out_bytes = 2;
    work.fits = [&soc, &reduction, length](const VectorSchedule& schedule) { return RowReduceBlock(soc, length, schedule.tile, static_cast<int>(schedule.slots), reduction, 1, 0, 0).status(); };
    work.emit = [&soc, &reduction, length, rows, factor, src, dst](const VectorSchedule& schedule) {
      return emit_rows(rows, schedule, [&](int64_t most) { return RowReduceBlock(soc, length, most, static_cast<int>(schedule.slots), reduction, factor, src, dst); });
    };
    NPU_TRY(task.blocks, emit_vector(context, work));
    return {};
  }
  const int64_t planes = x[0] * ceil_div(x[1], 16), pixels = x[2] * x[3];
  const int64_t parts = std::min<int64_t>(context.soc.cores_for(true), planes);
  for (int64_t i = 0; i < parts; ++i)
    NPU_CHECK(add_block(ReduceBlock(context.soc, pixels, reduction.maximum, scale(pixels), src, dst), planes * i / parts, planes * (i + 1) / parts));
  return {};
}

}  // namespace npu
