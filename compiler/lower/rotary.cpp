// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding: the two halves of each row in UB, turned by the cosines and sines of a table's row,
//   first = first * cos - second * sin, second = second * cos + first * sin,
// each product and sum rounded to fp16, as the operators it is written with do.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/lower/families.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kLanes = 128;       // of fp16 in a repeat
constexpr int64_t kMostRepeats = 255;
constexpr int64_t kMostPitch = 255;   // blocks from row to row

// Rows of X are [batch][repeats][steps][together]; a table has a row for each step, of each batch or of none.
struct RowOrder {
  int64_t batch = 1, repeats = 1, steps = 1, together = 1;
};

// nullopt: the table's broadcast axes alternate with others more often than that.
std::optional<RowOrder> row_order(const Shape& x, Shape table) {
  table.insert(table.begin(), x.size() - table.size(), 1);
  RowOrder order;
  size_t axis = x.size() - 1;
  const auto take = [&](bool broadcast) {
    int64_t rows = 1;
    for (; axis > 0 && (x[axis - 1] == 1 || (table[axis - 1] == 1) == broadcast); --axis) rows *= x[axis - 1];
    return rows;
  };
  order.together = take(true);
  order.steps = take(false);
  order.repeats = take(true);
  order.batch = take(false);
  return axis == 0 ? std::optional(order) : std::nullopt;
}

struct Rotary {
  RowOrder rows;
  int64_t half = 1;
  bool batched = false;  // tables have rows for each batch
  int64_t piece = 1;     // of rows.together, that UB holds at a time
  int64_t src = 0, cos = 0, sin = 0, dst = 0;

  int64_t half_pitch() const { return align_up(half, 16); }
  int64_t pitch() const { return 2 * half_pitch(); }  // elements from row to row in UB
  int64_t units() const { return rows.batch * rows.steps; }
  // Units after which results end on whole blocks of 32 bytes: cores share at those.
  int64_t share_step() const { return rows.together * half * 4 % kBlockBytes == 0 ? 1 : 16; }
  bool may_share() const { return rows.repeats == 1 || rows.steps * rows.together * half * 4 % kBlockBytes == 0; }
};

class RotaryBlock {
 public:
  // steps: rows of the tables at a time.
  RotaryBlock(const Soc& soc, const Rotary& rotary, int64_t steps, int slots)
      : soc_(soc), r_(rotary), steps_(steps), e_(soc), cos_(e_, Buffer::UB, bytes(1), slots, "the cosines"), sin_(e_, Buffer::UB, bytes(1), slots, "the sines"),
        x_(e_, Buffer::UB, bytes(r_.piece), slots, "the rows"), y_(e_, Buffer::UB, bytes(r_.piece), slots, "the result"),
        turned_(e_.reserve(Buffer::UB, bytes(r_.piece), "products with the sines")) {}

  Status status() const { return e_.status(); }

  // Units: a step of a batch each.
  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t unit = from, count = 0; unit < to; unit += count) {
      const int64_t batch = unit / r_.rows.steps, step = unit % r_.rows.steps;
      count = std::min({steps_, to - unit, r_.rows.steps - step});
      const int64_t row = (r_.batched ? batch * r_.rows.steps : 0) + step, cos = cos_.next(), sin = sin_.next();
      e_.gm_to_ub_bytes(cos, r_.cos + row * row_bytes(), copy(count));
      e_.gm_to_ub_bytes(sin, r_.sin + row * row_bytes(), copy(count));
      for (int64_t i = 0; i < r_.rows.repeats; ++i) {
        const int64_t first = ((batch * r_.rows.repeats + i) * r_.rows.steps + step) * r_.rows.together;
        for (int64_t at = 0; at < r_.rows.together; at += r_.piece) rows(first + at, count, std::min(r_.piece, r_.rows.together - at), cos, sin);
      }
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t bytes(int64_t together) const { return steps_ * together * r_.pitch() * 2; }
  int64_t row_bytes() const { return r_.half * 4; }
  // A burst is a half; where it is no whole blocks, each starts on one in UB.
  ByteCopy copy(int64_t rows) const {
    if (r_.half % 16 == 0) return {.bytes = rows * row_bytes()};
    return {.bursts = 2 * rows, .bytes = r_.half * 2};
  }

  // More than one step: all of their rows.
  void rows(int64_t first, int64_t steps, int64_t together, int64_t cos, int64_t sin) {
    const int64_t x = x_.next(), y = y_.next(), count = steps * together;
    e_.gm_to_ub_bytes(x, r_.src + first * row_bytes(), copy(count));
    // Rows with tables of their own go together, else those of a step.
    if (r_.rows.together == 1) turn(x, y, turned_, cos, sin, steps, r_.pitch() / 16);
    for (int64_t s = 0; r_.rows.together > 1 && s < steps; ++s) {
      const int64_t at = s * together * r_.pitch() * 2, table = s * r_.pitch() * 2;
      turn(x + at, y + at, turned_ + at, cos + table, sin + table, together, 0);
    }
    e_.ub_to_gm_bytes(r_.dst + first * row_bytes(), y, copy(count));
  }

  // table_step: blocks between the tables' rows of two repeats.
  void turn(int64_t x, int64_t y, int64_t turned, int64_t cos, int64_t sin, int64_t rows, int64_t table_step) {
    const int64_t second = r_.half_pitch() * 2;
    each(Opcode::Vmul, y, x, cos, rows, table_step);
    each(Opcode::Vmul, y + second, x + second, cos + second, rows, table_step);
    each(Opcode::Vmul, turned, x + second, sin, rows, table_step);
    each(Opcode::Vmul, turned + second, x, sin + second, rows, table_step);
    each(Opcode::Vsub, y, y, turned, rows, r_.pitch() / 16);
    each(Opcode::Vadd, y + second, y + second, turned + second, rows, r_.pitch() / 16);
  }

  // One half of the rows.
  void each(Opcode op, int64_t dst, int64_t a, int64_t b, int64_t rows, int64_t b_step) {
    const int64_t step = r_.pitch() / 16, type = type_arg(VecType::F16);
    for (int64_t column = 0; column < r_.half; column += kLanes)
      for (int64_t row = 0; row < rows; row += kMostRepeats) {
        const int64_t at = column * 2 + row * step * kBlockBytes;
        e_.masked(std::min(kLanes, r_.half - column), VecType::F16, op,
                  {type, dst + at, a + at, b + column * 2 + row * b_step * kBlockBytes, std::min(kMostRepeats, rows - row), 1, 1, 1, step, step, b_step});
      }
  }

  const Soc& soc_;
  const Rotary& r_;
  int64_t steps_;
  Emitter e_;
  Ring cos_, sin_, x_, y_;
  int64_t turned_;
};

constexpr int64_t kSlack = 16384;  // of UB: alignment

// nullopt: see row_order.
std::optional<Rotary> rotary_of(const Soc& soc, const Shape& x, const Shape& table) {
  const auto rows = row_order(x, table);
  if (!rows) return std::nullopt;
  Rotary rotary{.rows = *rows, .half = x.back() / 2, .batched = rows->batch > 1};
  // Two slots of rows and of results, and the products; two of each table's row.
  rotary.piece = std::clamp<int64_t>(((soc.ub - kSlack) / (rotary.pitch() * 2) - 4) / 5, 1, rows->together);
  return rotary;
}

Status fits(const Soc& soc, const Rotary& rotary, const VectorSchedule& schedule) { return RotaryBlock(soc, rotary, schedule.tile, static_cast<int>(schedule.slots)).status(); }

// The most steps of which UB holds two tiles.
int64_t largest_tile(const Soc& soc, const Rotary& rotary) {
  const int64_t step_bytes = rotary.pitch() * 2 * (5 * rotary.piece + 4);
  return rotary.piece < rotary.rows.together ? 1 : std::clamp<int64_t>((soc.ub - kSlack) / step_bytes, 1, rotary.rows.steps);
}

Result<std::vector<Program>> emit_rotary(const Soc& soc, const Rotary& rotary, const VectorSchedule& schedule) {
  const int64_t step = rotary.share_step(), groups = ceil_div(rotary.units(), step), parts = std::min(schedule.parts, groups);
  std::vector<Program> blocks;
  for (int64_t i = 0; i < parts; ++i) {
    RotaryBlock block(soc, rotary, schedule.tile, static_cast<int>(schedule.slots));
    NPU_TRY(Program program, block.run(groups * i / parts * step, std::min(groups * (i + 1) / parts * step, rotary.units())));
    blocks.push_back(std::move(program));
  }
  return blocks;
}

}  // namespace

std::optional<std::string> reject_rotary_shapes(const Soc& soc, const Shape& x, const Shape& cos, const Shape& sin) {
  if (x.empty() || x.back() % 2 != 0 || element_count(x) == 0) return fmt::format("rows of {}", to_string(x));
  if (cos != sin) return fmt::format("tables of {} and {}", to_string(cos), to_string(sin));
  if (cos.empty() || cos.size() > x.size() || cos.back() != x.back()) return fmt::format("tables of {} for rows of {}", to_string(cos), x.back());
  for (size_t i = 1; i <= cos.size(); ++i)
    if (const int64_t of_table = cos[cos.size() - i], of_x = x[x.size() - i]; of_table != 1 && of_table != of_x) return fmt::format("tables of {} for {}", to_string(cos), to_string(x));
  const auto rotary = rotary_of(soc, x, cos);
  if (!rotary) return fmt::format("tables of {} are broadcast to {} in two places", to_string(cos), to_string(x));
  if (rotary->pitch() / 16 > kMostPitch) return fmt::format("rows of {} values > {}", x.back(), kMostPitch * 16);
  if (const auto fit = fits(soc, *rotary, {.parts = 1, .tile = 1, .slots = 2}); !fit) return fit.error().what;
  return std::nullopt;
}

std::optional<std::string> reject_rotary(const Graph& graph, const Node& node, const Soc& soc) {
  std::array<Shape, 3> shapes;
  for (size_t i = 0; i < 3; ++i) {
    const TensorType& type = graph.value(node.inputs[i]).type;
    if (type.dtype != DType::Float16) return fmt::format("{} data", to_string(type.dtype));
    shapes[i] = to_shape(type.dims);
  }
  return reject_rotary_shapes(soc, shapes[0], shapes[1], shapes[2]);
}

Status lower_rotary(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Soc& soc = context.soc;
  const Node& node = graph.node(spec.nodes[0]);
  Rotary rotary = *rotary_of(soc, to_shape(graph.value(node.inputs[0]).type.dims), to_shape(graph.value(node.inputs[1]).type.dims));
  const auto address = [&](ValueId id) { return graph.is_constant(id) ? context.add_weights(graph.value(id).constant->bytes()) : context.address(id); };
  rotary.src = address(node.inputs[0]), rotary.cos = address(node.inputs[1]), rotary.sin = address(node.inputs[2]);
  rotary.dst = context.address(node.outputs[0]);
  const auto bytes = static_cast<double>(rotary.half * 4);
  const auto rows = static_cast<double>(rotary.rows.repeats * rotary.rows.together);
  const int64_t tile = largest_tile(soc, rotary);
  VectorWork work{.units = rotary.units(), .most_parts = rotary.may_share() ? std::min<int64_t>(soc.cores_for(true), ceil_div(rotary.units(), rotary.share_step())) : 1, .least_tile = 1, .most_tile = tile};
  work.cost = {.in_bytes = bytes * (rows + 2), .out_bytes = bytes * rows, .vector_cycles = rows * 6 * static_cast<double>(ceil_div(rotary.half, kLanes)), .tile_cycles = 60};
  work.fallback = {.parts = work.most_parts, .tile = std::clamp<int64_t>(ceil_div(rotary.units(), work.most_parts), 1, tile), .slots = 2};
  work.fits = [&soc, rotary](const VectorSchedule& schedule) { return fits(soc, rotary, schedule); };
  work.emit = [&soc, rotary](const VectorSchedule& schedule) { return emit_rotary(soc, rotary, schedule); };
  NPU_TRY(task.blocks, emit_vector(context, work));
  task.vector_task = true;
  return {};
}

}  // namespace npu
