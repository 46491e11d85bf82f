// SPDX-License-Identifier: Apache-2.0
// MaxPool and AveragePool on NC1HWC0: first down the columns, then along the rows, 16 channels a block. Rows lie in UB at a
// pitch that the stride divides, so that one instruction goes over all rows of a tile: output block j of the tile reads
// blocks from stride * j on. What it computes between the rows is not stored.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/lower/families.h"
#include "compiler/lower/emitter.h"
#include "compiler/lower/pool_shape.h"
#include "compiler/lower/quantization.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

// Positions of one axis that an average counts: windows are clipped to the padded input, and to the input itself unless
// padding counts.
int64_t counted(int64_t out, int64_t stride, int64_t kernel, int64_t dilation, int64_t pad_begin, int64_t pad_end, int64_t size, bool include_pad) {
  int64_t count = 0;
  for (int64_t k = 0; k < kernel; ++k) {
    const int64_t at = out * stride + k * dilation - pad_begin;
    count += include_pad ? at < size + pad_end : at >= 0 && at < size;
  }
  return std::max<int64_t>(1, count);
}

// kernel size / counted positions for every output pixel as blocks of 16, or empty when all are 1.
Tensor corrections(const PoolShape& s) {
  Tensor map(DType::Float16, {s.ho, s.wo, 16});
  auto values = map.mutable_data<Half>();
  bool needed = false;
  for (int64_t y = 0; y < s.ho; ++y)
    for (int64_t x = 0; x < s.wo; ++x) {
      const int64_t count = counted(y, s.sh, s.kh, s.dh, s.pt, s.pb, s.h, s.include_pad) * counted(x, s.sw, s.kw, s.dw, s.pl, s.pr, s.w, s.include_pad);
      needed |= count != s.kh * s.kw;
      const Half factor(static_cast<float>(s.kh * s.kw) / static_cast<float>(count));
      std::fill_n(values.begin() + (y * s.wo + x) * 16, 16, factor);
    }
  return needed ? map : Tensor();
}

// A window of `size` as maxima of two shorter ones each: how far apart their starts are, step by step.
std::vector<int64_t> doubling(int64_t size) {
  std::vector<int64_t> shifts;
  for (int64_t covered = 1; covered < size;) {
    const int64_t shift = std::min(covered, size - covered);
    shifts.push_back(shift);
    covered += shift;
  }
  return shifts;
}

class PoolBlock {
 public:
  PoolBlock(const Soc& soc, const PoolShape& shape, int64_t src, int64_t dst, int64_t correction, int64_t rows, int slots)
      : soc_(soc), s_(shape), src_(src), dst_(dst), correction_(correction), rows_(rows), e_(soc),
        slab_(e_, Buffer::UB, shape.slab_rows(rows) * shape.pitch() * 32, slots, "the input rows"),
        column_(e_, Buffer::UB, shape.column_rows(rows) * shape.pitch() * 32, 1, "column results"),
        out_(e_, Buffer::UB, rows * shape.out_pitch() * 32, slots, "the output rows"),
        factors_(e_, Buffer::UB, correction < 0 ? 0 : rows * shape.out_pitch() * 32, 1, "the corrections") {}

  Status status() const { return e_.status(); }

  Result<Program> run(int64_t from, int64_t to) {
    const int64_t steps = ceil_div(s_.ho, rows_);
    for (int64_t item = from; item < to; ++item) tile(item / steps, item % steps * rows_);
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  void tile(int64_t plane, int64_t first) {
    const int64_t rows = std::min(rows_, s_.ho - first);
    const int64_t slab = slab_.next(), column = column_.next(), out = out_.next();
    load(slab, plane, first, rows);
    const int64_t along = down_columns(slab, column, rows);
    // Of the last row no block beyond the output's is computed.
    const int64_t blocks = (rows - 1) * s_.out_pitch() + s_.wo;
    if (s_.average) average_rows(out, along, blocks);
    else if (s_.doubles_w()) double_rows(out, along, along == slab ? column : slab, blocks);
    else max_rows(out, along, blocks);
    if (correction_ >= 0) {
      const int64_t factors = factors_.next();
      e_.fill(VecType::F16, factors, 1.0f, rows * s_.out_pitch() * 16);
      e_.gm_to_ub(factors, correction_ + first * s_.wo * 32, {.bursts = rows, .blocks = s_.wo, .dst_gap = s_.out_pitch() - s_.wo});
      e_.binary(Opcode::Vmul, VecType::F16, out, {out}, {factors}, blocks * 16);
    }
    e_.ub_to_gm(dst_ + (plane * s_.ho + first) * s_.wo * 32, out, {.bursts = rows, .blocks = s_.wo, .src_gap = s_.out_pitch() - s_.wo});
  }

  void max(int64_t dst, int64_t src0, int64_t src1, int64_t blocks) { e_.binary(Opcode::Vmax, VecType::F16, dst, {src0}, {src1}, blocks * 16); }

  // The address of rows x pitch blocks: `column`, or the slab itself.
  int64_t down_columns(int64_t slab, int64_t column, int64_t rows) {
    const int64_t pitch = s_.pitch();
    if (s_.doubles_h()) {
      int64_t from = slab, to = column, height = s_.slab_rows(rows);
      for (int64_t shift : doubling(s_.kh)) {
        height -= shift;
        max(to, from, from + shift * pitch * 32, height * pitch);
        std::swap(from, to);
      }
      return from;
    }
    const Opcode combine = s_.average ? Opcode::Vadd : Opcode::Vmax;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t target = column + r * pitch * 32;
      const auto source = [&](int64_t k) { return slab + (r * s_.sh + k * s_.dh) * pitch * 32; };
      if (s_.kh == 1) e_.scalar(Opcode::Vmuls, VecType::F16, target, source(0), 1.0f, pitch * 16);
      else e_.binary(combine, VecType::F16, target, {source(0)}, {source(1)}, pitch * 16);
      for (int64_t k = 2; k < s_.kh; ++k) e_.binary(combine, VecType::F16, target, {target}, {source(k)}, pitch * 16);
    }
    return column;
  }

  void double_rows(int64_t out, int64_t source, int64_t other, int64_t blocks) {
    const std::vector<int64_t> shifts = doubling(s_.kw);
    int64_t beyond = s_.kw - 1;  // what the steps to come still need after the last block
    for (size_t i = 0; i < shifts.size(); ++i) {
      const int64_t to = (shifts.size() - i) % 2 == 1 ? out : other;  // the last step ends in `out`
      beyond -= shifts[i];
      max(to, source, source + shifts[i] * 32, std::min(blocks + beyond, rows_ * s_.pitch()));
      source = to;
    }
  }

  // instr(first block, repeats, lanes of each)
  template <class Instr>
  void over(int64_t blocks, Instr&& instr) {
    for (int64_t x = 0; x < blocks;) {
      const int64_t repeats = std::min<int64_t>(255, (blocks - x) / 8);
      instr(x, std::max<int64_t>(repeats, 1), repeats > 0 ? 128 : (blocks - x) * 16);
      x += repeats > 0 ? repeats * 8 : blocks - x;
    }
  }

  void max_rows(int64_t out, int64_t source, int64_t blocks) {
    const int64_t type = type_arg(VecType::F16), sw = s_.sw, second = s_.kw > 1 ? s_.dw * 32 : 0;
    over(blocks, [&](int64_t x, int64_t repeats, int64_t lanes) {
      const int64_t from = source + x * sw * 32;
      e_.masked(lanes, VecType::F16, Opcode::Vmax, {type, out + x * 32, from, from + second, repeats, 1, sw, sw, 8, 8 * sw, 8 * sw});
    });
    for (int64_t k = 2; k < s_.kw; ++k)
      over(blocks, [&](int64_t x, int64_t repeats, int64_t lanes) {
        const int64_t to = out + x * 32, from = source + (x * sw + k * s_.dw) * 32;
        e_.masked(lanes, VecType::F16, Opcode::Vmax, {type, to, to, from, repeats, 1, 1, sw, 8, 8, 8 * sw});
      });
  }

  // Scaled by 1/kh on the way and by 1/kw at the end, so that the sums stay in range.
  void average_rows(int64_t out, int64_t source, int64_t blocks) {
    const int64_t type = type_arg(VecType::F16), sw = s_.sw, share = float_bits(1.0f / static_cast<float>(s_.kh));
    for (int64_t k = 0; k < s_.kw; ++k)
      over(blocks, [&](int64_t x, int64_t repeats, int64_t lanes) {
        const int64_t from = source + (x * sw + k * s_.dw) * 32;
        e_.masked(lanes, VecType::F16, k == 0 ? Opcode::Vmuls : Opcode::Vaxpy, {type, out + x * 32, from, repeats, 1, sw, 8, 8 * sw, share});
      });
    e_.scalar(Opcode::Vmuls, VecType::F16, out, out, 1.0f / static_cast<float>(s_.kw), blocks * 16);
  }

  // The slab with its padding; what lies outside the input is the operation's neutral value.
  void load(int64_t slab, int64_t plane, int64_t first, int64_t rows) {
    const int64_t width = s_.pitch(), top = first * s_.sh - s_.pt, height = s_.slab_rows(rows);
    const int64_t y0 = std::max<int64_t>(0, top), y1 = std::min(s_.h, top + height);
    const int64_t x1 = std::min(s_.w, width - s_.pl);
    const bool whole = y0 == top && y1 == top + height && s_.pl == 0 && x1 == width;
    if (!whole) e_.fill(VecType::F16, slab, s_.average ? 0.0f : -65504.0f, height * width * 16);
    if (y1 <= y0 || x1 <= 0) return;
    e_.gm_to_ub(slab + ((y0 - top) * width + s_.pl) * 32, src_ + (plane * s_.h + y0) * s_.w * 32,
                {.bursts = y1 - y0, .blocks = x1, .src_gap = s_.w - x1, .dst_gap = width - x1});
  }

  const Soc& soc_;
  const PoolShape& s_;
  int64_t src_, dst_, correction_, rows_;
  Emitter e_;
  Ring slab_, column_, out_, factors_;
};

// Two tiles and the corrections of averages.
int64_t ub_bytes(const PoolShape& s, int64_t rows) { return 2 * s.tile_bytes(rows) + rows * s.out_pitch() * 32; }

int64_t rows_that_fit(const PoolShape& s, const Soc& soc) {
  int64_t rows = 0;
  while (rows < s.ho && ub_bytes(s, rows + 1) <= soc.ub) ++rows;
  return rows;
}

// Of one output row of one plane.
VectorCost cost_of(const PoolShape& s) {
  const auto row = static_cast<double>(s.pitch() * kBlockBytes), out = static_cast<double>(s.out_pitch() * kBlockBytes);
  return {.in_bytes = row * static_cast<double>(s.sh), .out_bytes = static_cast<double>(s.wo * kBlockBytes), .vector_cycles = (row * static_cast<double>(s.kh) + out * static_cast<double>(s.kw)) / kRepeatBytes, .tile_cycles = static_cast<double>((s.kh + s.kw) * 20)};
}

}  // namespace

PoolShape pool_shape(const Graph& graph, const Node& node) {
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims), y = to_shape(graph.value(node.outputs[0]).type.dims);
  const auto kernel = node.ints_attr("kernel_shape"), strides = node.ints_attr("strides", {1, 1}), dilations = node.ints_attr("dilations", {1, 1});
  auto pads = node.ints_attr("pads", {0, 0, 0, 0});
  PoolShape s{x[0] * ceil_div(x[1], c0_of(graph.value(node.inputs[0]).type.dtype)), x[2], x[3], y[2], y[3], kernel[0], kernel[1], strides[0], strides[1], dilations[0], dilations[1],
              pads[0], pads[1], pads[2], pads[3], node.op == "AveragePool", node.int_attr("count_include_pad", 0) != 0};
  const std::string auto_pad = node.string_attr("auto_pad", "NOTSET");
  if (auto_pad.starts_with("SAME")) {
    const int64_t extra = auto_pad == "SAME_LOWER" ? 1 : 0;
    const int64_t th = std::max<int64_t>(0, (s.ho - 1) * s.sh + s.span_h() - s.h), tw = std::max<int64_t>(0, s.padded_w() - s.w);
    s.pt = (th + extra) / 2, s.pl = (tw + extra) / 2, s.pb = th - s.pt, s.pr = tw - s.pl;
  } else if (auto_pad == "VALID") {
    s.pt = s.pl = s.pb = s.pr = 0;
  }
  return s;
}

std::optional<std::string> reject_pool(const Graph& graph, const Node& node, const Soc& soc) {
  const TensorType& x = graph.value(node.inputs[0]).type;
  if (x.dims.size() != 4) return fmt::format("{}-D pooling", x.dims.size() - 2);
  const bool bytes = is_byte(x.dtype);
  if (!bytes && x.dtype != DType::Float16) return fmt::format("{} data", to_string(x.dtype));
  if (node.outputs.size() > 1 && node.outputs[1] != kNone) return "indices output";
  if (bytes) return reject_pool_bytes(pool_shape(graph, node), soc);
  const PoolShape s = pool_shape(graph, node);
  if (s.sw > 31) return fmt::format("stride {} exceeds 31", s.sw);
  if (rows_that_fit(s, soc) == 0) return fmt::format("UB budget: one output row needs {} bytes > {}", ub_bytes(s, 1), soc.ub);
  return std::nullopt;
}

Status lower_pool(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Node& node = context.graph.node(spec.nodes[0]);
  const PoolShape s = pool_shape(context.graph, node);
  if (context.graph.value(node.inputs[0]).type.dtype != DType::Float16) return lower_pool_bytes(context, node, s, task);
  const Tensor map = s.average ? corrections(s) : Tensor();
  const int64_t correction = map.empty() ? -1 : context.add_weights(map.bytes());
  const Soc& soc = context.soc;
  const int64_t rows = std::min(rows_that_fit(s, soc), std::max<int64_t>(1, ceil_div(s.planes * s.ho, soc.cores_for(true))));
  VectorWork work{.units = s.planes * s.ho, .most_parts = std::min<int64_t>(soc.cores_for(true), s.planes * s.ho), .most_tile = s.ho};
  work.cost = cost_of(s);
  work.fallback = {.parts = std::min<int64_t>(soc.cores_for(true), s.planes * ceil_div(s.ho, rows)), .tile = rows, .slots = 2};
  const int64_t src = context.address(node.inputs[0]), dst = context.address(node.outputs[0]);
  work.fits = [&soc, s, correction](const VectorSchedule& schedule) { return PoolBlock(soc, s, 0, 0, correction, schedule.tile, static_cast<int>(schedule.slots)).status(); };
  work.emit = [&soc, s, src, dst, correction](const VectorSchedule& schedule) -> Result<std::vector<Program>> {
    std::vector<Program> blocks;
    const int64_t items = s.planes * ceil_div(s.ho, schedule.tile), parts = std::min(schedule.parts, items);
    for (int64_t i = 0; i < parts; ++i) {
      PoolBlock block(soc, s, src, dst, correction, schedule.tile, static_cast<int>(schedule.slots));
      NPU_TRY(Program program, block.run(items * i / parts, items * (i + 1) / parts));
      blocks.push_back(std::move(program));
    }
    return blocks;
  };
  NPU_TRY(task.blocks, emit_vector(context, work));
  task.vector_task = true;
  return {};
}

}  // namespace npu
