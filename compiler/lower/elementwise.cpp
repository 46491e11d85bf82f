// SPDX-License-Identifier: Apache-2.0
// A chain of elementwise operators as a task of its own: tiles go GM -> UB -> vector -> UB -> GM, double-buffered.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "compiler/lower/families.h"
#include "compiler/lower/operands.h"
#include "compiler/lower/vector_schedule.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

// Operators whose value at zero is not finite: the padding channels of NC1HWC0 would become infinite.
constexpr std::array<std::string_view, 5> kNotFiniteAtZero{"Acosh", "Div", "Log", "Pow", "Reciprocal"};

// The iteration space: `outer` stretches of `inner` elements; Channel and Row data change from stretch to stretch.
struct Space {
  int64_t outer = 1;
  int64_t inner = 1;       // elements of one stretch in memory
  int64_t batch_rows = 0;  // rows that share a BatchRow operand
  bool padded = false;     // stretches do not start on 32-byte blocks: copied one by one, by bytes
};

Space make_space(const VectorChain& chain, const Value& result) {
  const Shape logical = to_shape(result.type.dims);
  int64_t total = 1;
  const auto physical = physical_shape(logical, DType::Float16, result.format);
  for (int64_t dim : physical.value_or(logical)) total *= dim;
  if (result.format == Format::NC1HWC0 && chain.uses(OperandKind::Channel)) {
    const int64_t stretch = logical[2] * logical[3] * 16;
    return {.outer = total / stretch, .inner = stretch};
  }
  const bool batches = chain.uses(OperandKind::BatchRow);
  if (chain.uses(OperandKind::Row) || batches)
    return {total / logical.back(), logical.back(), batches ? total / logical.back() / logical[0] : 0, logical.back() % 16 != 0};
  return {.inner = total};
}

bool is_row(OperandKind kind) { return kind == OperandKind::Row || kind == OperandKind::BatchRow; }

// UB slots of what is not a tile: data that changes from stretch to stretch needs two.
int slots(OperandKind kind) {
  if (kind == OperandKind::Tile) return 0;
  return kind == OperandKind::Channel || kind == OperandKind::BatchRow ? 2 : 1;
}

constexpr int64_t kTileStep = 256;  // elements

// The largest tile of which UB holds two.
int64_t largest_tile(const Soc& soc, const VectorChain& chain, const Space& space) {
  int64_t row_bytes = 0;
  for (const ChainOperand& operand : chain.operands())
    if (is_row(operand.kind)) row_bytes += slots(operand.kind) * align_up(space.inner * vec_type_size(operand.type), 512);
  const int64_t budget = soc.ub - 2048 - row_bytes - static_cast<int64_t>(chain.registers().size() + 2 * chain.operands().size()) * 1024;
  return std::max(kTileStep, budget / 2 / chain.bytes_per_element() / kTileStep * kTileStep);
}

// All that a block's stream is made of.
struct ChainTask {
  VectorChain chain;
  Space space;
  std::vector<int64_t> addresses;  // of the operands
  std::vector<int64_t> periods;    // of Channel operands: channel blocks until their data begins anew
  int64_t result = 0;
};

class ElementwiseBlock {
 public:
  ElementwiseBlock(const Soc& soc, const ChainTask& task, const VectorSchedule& schedule)
      : soc_(soc), chain_(task.chain), space_(task.space), addresses_(task.addresses), channel_period_(task.periods), result_(task.result), e_(soc), tile_(schedule.tile) {
    const VectorChain& chain = chain_;
    const Space& space = space_;
    const int turns = static_cast<int>(schedule.slots);
    for (const ChainRegister& reg : chain.registers()) registers_.emplace_back(e_, Buffer::UB, tile_ * vec_type_size(reg.type), turns, "the tiles");
    for (const ChainOperand& operand : chain.operands())
      blocks_.emplace_back(e_, Buffer::UB, is_row(operand.kind) ? space.inner * vec_type_size(operand.type) : 64, slots(operand.kind), "operands");
  }

  // Stretches [from, to), or elements [from, to) of the only stretch.
  Status status() const { return e_.status(); }

  Result<Program> run(int64_t from, int64_t to) {
    load_fixed();
    if (space_.outer == 1) {
      for (int64_t at = from; at < to; at += tile_) flat_tile(0, at, std::min(tile_, to - at));
    } else if (chain_.uses(OperandKind::Channel)) {
      for (int64_t s = from; s < to; ++s)
        for (int64_t at = 0; at < space_.inner; at += tile_) flat_tile(s, at, std::min(tile_, space_.inner - at));
    } else {
      rows(from, to);
    }
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  // Scalars and rows stay in UB for the whole block.
  void load_fixed() {
    block_address_.assign(chain_.operands().size(), 0);
    for (size_t i = 0; i < chain_.operands().size(); ++i) {
      const ChainOperand& operand = chain_.operands()[i];
      if (slots(operand.kind) != 1) continue;
      block_address_[i] = blocks_[i].next();
      const int64_t bytes = operand.kind == OperandKind::Row ? space_.inner * vec_type_size(operand.type) : kBlockBytes;
      e_.gm_to_ub_bytes(block_address_[i], addresses_[i], {.bytes = bytes});
    }
  }

  std::vector<int64_t> take_registers() {
    std::vector<int64_t> registers;
    for (Ring& ring : registers_) registers.push_back(ring.next());
    return registers;
  }

  template <class F>
  void for_tiles(const std::vector<int64_t>& registers, F&& load) {
    for (size_t i = 0; i < chain_.operands().size(); ++i)
      if (const int reg = chain_.operand_register(i); reg >= 0) load(i, registers[static_cast<size_t>(reg)], vec_type_size(chain_.operands()[i].type));
  }

  void flat_tile(int64_t stretch, int64_t at, int64_t count) {
    const auto registers = take_registers();
    const int64_t first = stretch * space_.inner + at;
    for_tiles(registers, [&](size_t i, int64_t ub, int64_t size) { e_.gm_to_ub_bytes(ub, addresses_[i] + first * size, {.bytes = count * size}); });
    for (size_t i = 0; i < chain_.operands().size(); ++i) {
      if (chain_.operands()[i].kind != OperandKind::Channel) continue;
      block_address_[i] = blocks_[i].next();
      e_.gm_to_ub(block_address_[i], addresses_[i] + stretch % channel_period_[i] * kBlockBytes, {.blocks = 1});
    }
    chain_.emit(e_, registers, block_address_, 0, count);
    const int64_t size = vec_type_size(chain_.result_type());
    e_.ub_to_gm_bytes(result_ + first * size, registers[static_cast<size_t>(chain_.result_register())], {.bytes = count * size});
  }

  void load_batch_rows(int64_t batch) {
    for (size_t i = 0; i < chain_.operands().size(); ++i) {
      const ChainOperand& operand = chain_.operands()[i];
      if (operand.kind != OperandKind::BatchRow) continue;
      const int64_t bytes = space_.inner * vec_type_size(operand.type);
      block_address_[i] = blocks_[i].next();
      e_.gm_to_ub_bytes(block_address_[i], addresses_[i] + batch * bytes, {.bytes = bytes});
    }
  }

  // Rows that share a Row operand; each row starts on a block boundary in UB.
  void rows(int64_t from, int64_t to) {
    const int64_t pitch = align_up(space_.inner, 16);
    const int64_t step = std::max<int64_t>(1, tile_ / pitch);
    int64_t count = 0;
    for (int64_t row = from; row < to; row += count) {
      count = std::min(step, to - row);
      if (const int64_t batch = space_.batch_rows; batch > 0) {
        count = std::min(count, (row / batch + 1) * batch - row);
        if (row == from || row % batch == 0) load_batch_rows(row / batch);
      }
      const auto registers = take_registers();
      const auto copy = [&](int64_t size) { return ByteCopy{.bursts = count, .bytes = space_.inner * size, .ub_gap = (pitch * size - align_up(space_.inner * size, 32)) / 32}; };
      for_tiles(registers, [&](size_t i, int64_t ub, int64_t size) { e_.gm_to_ub_bytes(ub, addresses_[i] + row * space_.inner * size, copy(size)); });
      for (int64_t r = 0; r < count; ++r) chain_.emit(e_, registers, block_address_, r * pitch, space_.inner);
      const int64_t size = vec_type_size(chain_.result_type());
      e_.ub_to_gm_bytes(result_ + row * space_.inner * size, registers[static_cast<size_t>(chain_.result_register())], copy(size));
    }
  }

  const Soc& soc_;
  const VectorChain& chain_;
  const Space& space_;
  std::span<const int64_t> addresses_, channel_period_;
  int64_t result_;
  Emitter e_;
  int64_t tile_;
  std::vector<Ring> registers_, blocks_;
  std::vector<int64_t> block_address_;
};

// What the cores share: stretches, or pieces of 128 elements of the only one.
int64_t pieces_of(const Space& space) { return space.outer == 1 ? ceil_div(space.inner, 128) : space.outer; }

Result<std::vector<Program>> emit_chain(const Soc& soc, const ChainTask& task, const VectorSchedule& schedule) {
  const Space& space = task.space;
  const int64_t total = pieces_of(space);
  std::vector<Program> blocks;
  for (int64_t i = 0; i < schedule.parts; ++i) {
    int64_t from = total * i / schedule.parts, to = total * (i + 1) / schedule.parts;
    if (space.outer == 1) from *= 128, to = std::min(to * 128, space.inner);
    ElementwiseBlock block(soc, task, schedule);
    NPU_TRY(Program program, block.run(from, to));
    blocks.push_back(std::move(program));
  }
  return blocks;
}

VectorCost cost_of(const VectorChain& chain) {
  VectorCost cost;
  for (size_t i = 0; i < chain.operands().size(); ++i)
    if (chain.operand_register(i) >= 0) cost.in_bytes += static_cast<double>(vec_type_size(chain.operands()[i].type));
  cost.out_bytes = static_cast<double>(vec_type_size(chain.result_type()));
  cost.vector_cycles = static_cast<double>(chain.bytes_per_element()) / kRepeatBytes;
  return cost;
}

}  // namespace

Layout elementwise_layout(const Graph& graph, const Node& node) {
  const Dims& result = graph.value(node.outputs[0]).type.dims;
  if (result.size() != 4) return Layout::Plain;
  const bool whole_blocks = result[1].value() % 16 == 0;
  if (!whole_blocks && std::ranges::count(kNotFiniteAtZero, node.op) > 0) return Layout::Plain;
  if (graph.value(node.outputs[0]).type.dtype != DType::Float16 || graph.value(node.inputs[0]).type.dtype != DType::Float16) return Layout::Plain;
  bool channel = false;
  for (ValueId input : node.inputs) {
    if (input == kNone) continue;
    const auto kind = operand_kind(graph, input, result, true);
    // An image without a batch has no blocks of channels.
    if (!kind || (kind == OperandKind::Tile && graph.value(input).type.dims.size() != 4)) return Layout::Plain;
    channel |= kind == OperandKind::Channel;
  }
  return channel ? Layout::Image : Layout::Any;
}

std::optional<std::string> reject_vector(const Graph& graph, const Node& node, const Soc&) {
  if (auto reason = reject_elementwise(graph, node)) return reason;
  const Dims& result = graph.value(node.outputs[0]).type.dims;
  const bool image = elementwise_layout(graph, node) != Layout::Plain;
  for (ValueId input : node.inputs)
    if (input != kNone && find_lower_rule(node.op) != nullptr && node.op != "Clip" && node.op != "Pow" && !operand_kind(graph, input, result, image))
      return fmt::format("broadcast of {} over {}", to_string(graph.value(input).type.dims), to_string(result));
  return std::nullopt;
}

Status lower_elementwise(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Value& result = graph.value(graph.node(spec.nodes.back()).outputs[0]);
  NPU_TRY(const VectorChain chain, VectorChain::build(graph, spec.nodes, kNone));
  const auto shared = std::make_shared<ChainTask>();
  const int64_t c1 = result.type.dims.size() == 4 ? ceil_div(result.type.dims[1].value(), 16) : 1;
  for (const ChainOperand& operand : chain.operands()) {
    NPU_TRY(const int64_t address, operand_address(context, operand, result.format));
    shared->addresses.push_back(address);
    shared->periods.push_back(is_batched(graph, operand, result.type.dims) ? INT64_MAX : c1);
  }
  shared->space = make_space(chain, result);
  shared->result = context.address(graph.node(spec.nodes.back()).outputs[0]);
  shared->chain = chain;
  const Space& space = shared->space;
  const Soc& soc = context.soc;
  const int64_t tile = largest_tile(soc, chain, space);
  VectorWork work{.units = space.outer * space.inner, .most_parts = std::min<int64_t>(soc.cores_for(true), pieces_of(space)), .tile_step = kTileStep};
  const bool rows = space.outer > 1 && !chain.uses(OperandKind::Channel);
  work.least_tile = rows ? std::min(tile, align_up(space.inner, kTileStep)) : kTileStep;
  work.most_tile = std::max(tile, std::min(2 * tile, align_up(work.units, kTileStep)));
  work.cost = cost_of(chain);
  work.fallback = {.parts = std::clamp<int64_t>(space.outer == 1 ? space.inner / 2048 : space.outer, 1, work.most_parts), .tile = tile, .slots = 2};
  work.fits = [&soc, shared](const VectorSchedule& schedule) { return ElementwiseBlock(soc, *shared, schedule).status(); };
  work.emit = [&soc, shared](const VectorSchedule& schedule) { return emit_chain(soc, *shared, schedule); };
  work.fallback = overlapped_schedule(soc, work);
  NPU_TRY(task.blocks, emit_vector(context, work));
  task.vector_task = true;
  return {};
}

}  // namespace npu
