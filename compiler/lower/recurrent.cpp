// SPDX-License-Identifier: Apache-2.0
// DynamicLSTM and DynamicGRU as one task: a core for each direction, their states in UB from step to step, the recurrent weights in L1 if they fit.
// A step multiplies h with the weights on the cube (one fractal of rows, of which the batch fills some) and works on the gates in fp32.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/families.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kRows = 16;              // of a fractal: the largest batch
constexpr int64_t kMostProducts = 1 << 18;  // of one direction: each is two instructions

struct RecurrentShape {
  int64_t steps, batch, directions, hidden, gate_count;
  int64_t gates() const { return gate_count * hidden; }
  int64_t k1() const { return hidden / 16; }
  bool gru() const { return gate_count == 3; }
  int64_t n1() const { return gates() / 16; }
};

RecurrentShape shape_of(const Graph& graph, const Node& node) {
  const Shape x = to_shape(graph.value(node.inputs[0]).type.dims), r = to_shape(graph.value(node.inputs[1]).type.dims);
  return {x[0], x[1], r[0], r[2], node.op == "DynamicGRU" ? 3 : 4};
}

// Fractals [k1][n1][16 n][16 k] of R [gates, hidden] of one direction.
std::vector<std::byte> fractals_of(const Tensor& weights, int64_t direction, const RecurrentShape& s) {
  const Tensor half = weights.cast(DType::Float16);
  const auto* from = reinterpret_cast<const uint16_t*>(half.bytes().data()) + direction * s.gates() * s.hidden;
  std::vector<std::byte> bytes(static_cast<size_t>(s.gates() * s.hidden * 2));
  auto* to = reinterpret_cast<uint16_t*>(bytes.data());
  for (int64_t n = 0; n < s.gates(); ++n)
    for (int64_t k = 0; k < s.hidden; ++k) to[((k / 16 * s.n1() + n / 16) * 16 + n % 16) * 16 + k % 16] = from[n * s.hidden + k];
  return bytes;
}

// fp32 [directions][batch][hidden] of a bias [directions, hidden].
std::vector<std::byte> rows_of(const Tensor& bias, const RecurrentShape& s) {
  const Tensor wide = bias.cast(DType::Float32);
  const Bytes from = wide.bytes();
  const size_t row = static_cast<size_t>(s.hidden) * 4;
  std::vector<std::byte> bytes;
  for (int64_t i = 0; i < s.directions * s.batch; ++i) {
    const auto one = from.subspan(static_cast<size_t>(i / s.batch) * row, row);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

struct RecurrentAddresses {
  int64_t gates, weights, zeros, h, c;  // h and c: first states, or -1
  int64_t bias;                         // of a GRU's candidate, in fp32 for each row of the batch, or -1
  int64_t y, last_h, last_c;            // -1 when nobody asks
};

class RecurrentBlock {
 public:
  RecurrentBlock(const Soc& soc, const RecurrentShape& shape, const RecurrentAddresses& at, int64_t direction, bool reverse)
      : soc_(soc), s_(shape), at_(at), direction_(direction), reverse_(reverse), e_(soc),
        state_l1_(e_.reserve(Buffer::L1, s_.k1() * kFractalBytes, "the state")), slice_(std::min(s_.n1(), soc.l0b / 2 / kFractalBytes)),
        resident_(s_.k1() * s_.n1() * kFractalBytes <= e_.free_bytes(Buffer::L1)), row_bytes_(s_.n1() * kFractalBytes),
        weights_(e_, Buffer::L1, row_bytes_, static_cast<int>(resident_ ? s_.k1() : 2), "the recurrent weights"),
        l0b_(e_, Buffer::L0B, slice_ * kFractalBytes, 2, "weights"), l0a_(e_.reserve(Buffer::L0A, s_.k1() * kFractalBytes, "the state")),
        l0c_(e_.reserve(Buffer::L0C, row_bytes_ * 2, "sums")), sums_(e_.reserve(Buffer::UB, s_.hidden * kRows * 4, "sums")),
        from_input_(e_, Buffer::UB, s_.batch * s_.gates() * 2, 2, "the gates' inputs"), gates_(e_.reserve(Buffer::UB, s_.batch * s_.gates() * 4, "the gates")),
        wide_(e_.reserve(Buffer::UB, s_.batch * s_.gates() * 4, "the gates' inputs in fp32")), state_(e_.reserve(Buffer::UB, states() * 4, "the state")),
        bias_(e_.reserve(Buffer::UB, states() * 4, "the bias")), half_(e_.reserve(Buffer::UB, states() * 2, "h")) {}

  Result<Program> run() {
    start();
    for (int64_t i = 0; i < s_.steps; ++i) step(reverse_ ? s_.steps - 1 - i : i);
    finish();
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

 private:
  int64_t states() const { return s_.batch * s_.hidden; }
  int64_t state_offset() const { return direction_ * states() * 2; }
  ByteCopy state_copy() const { return {.bytes = states() * 2}; }

  void start() {
    e_.gm_to_l1(state_l1_, at_.zeros, {.blocks = s_.k1() * kRows});  // the rows that the batch leaves free
    for (int64_t k = 0; resident_ && k < s_.k1(); ++k) load_weights(weights_.next(), k);
    load_state(s_.gru() ? at_.h : at_.c);
    e_.convert(VecType::F32, VecType::F16, state_, half_, states());
    if (!s_.gru()) load_state(at_.h);
    if (at_.bias >= 0) e_.gm_to_ub_bytes(bias_, at_.bias + direction_ * states() * 4, {.bytes = states() * 4});
  }

  // Into half_.
  void load_state(int64_t from) {
    if (from < 0) return e_.fill(VecType::F16, half_, 0, states());
    e_.gm_to_ub_bytes(half_, from + state_offset(), state_copy());
  }

  void finish() {
    if (at_.last_h >= 0) e_.ub_to_gm_bytes(at_.last_h + state_offset(), half_, state_copy());
    if (at_.last_c < 0) return;
    e_.convert(VecType::F16, VecType::F32, half_, state_, states());
    e_.ub_to_gm_bytes(at_.last_c + state_offset(), half_, state_copy());
  }

  void multiply() {
    for (int64_t b = 0; b < s_.batch; ++b)
      e_.push(Opcode::CopyUbufToCbuf, {state_l1_ + b * kBlockBytes, half_ + b * s_.hidden * 2, s_.k1(), 1, 0, kRows - 1});
    const int64_t type = type_arg(VecType::F16);
    e_.push(Opcode::LoadCbufToCa, {l0a_, state_l1_, s_.k1(), 1, 0, 0, type});
    for (int64_t k = 0; k < s_.k1(); ++k) {
      const int64_t row = weight_row(k);
      for (int64_t n = 0; n < s_.n1(); n += slice_) {
        const int64_t columns = std::min(slice_, s_.n1() - n), l0b = l0b_.next();
        e_.push(Opcode::LoadCbufToCb, {l0b, row + n * kFractalBytes, columns, 1, 0, 0, type});
        e_.push(Opcode::Mad, {l0c_ + n * kFractalBytes * 2, l0a_ + k * kFractalBytes, l0b, kRows, 16, columns * 16, k == 0, type, type});
      }
    }
  }

  void load_weights(int64_t l1, int64_t k) { e_.gm_to_l1(l1, at_.weights + k * row_bytes_, {.blocks = row_bytes_ / kBlockBytes}); }

  int64_t weight_row(int64_t k) {
    const int64_t row = weights_.next();  // resident: as many slots as rows, in their order
    if (!resident_) load_weights(row, k);
    return row;
  }

  // The batch's rows of the sums, gate by gate: a fractal row of fp32 is two blocks.
  void take_sums() {
    for (int64_t gate = 0; gate < s_.gate_count; ++gate) {
      e_.push(Opcode::CopyMatrixCcToUbuf, {sums_, l0c_ + gate * s_.k1() * kFractalBytes * 2, 1, s_.k1(), 0, 0, kCcModeF32, 0});
      for (int64_t b = 0; b < s_.batch; ++b)
        e_.ub_to_ub(gate_address(gate) + b * s_.hidden * 4, sums_ + b * 2 * kBlockBytes, {.bursts = s_.k1(), .blocks = 2, .src_gap = 2 * (kRows - 1)});
    }
  }

  int64_t gate_address(int64_t gate) const { return gates_ + gate * states() * 4; }

  // What the inputs of a step add, in the same order [gate][batch][hidden]: to the first `added` gates, the others' stays in wide_.
  void add_inputs(int64_t step, int64_t added) {
    const int64_t half = from_input_.next(), pitch = s_.directions * s_.gates() * 2, width = s_.hidden * 2;
    const int64_t first = at_.gates + step * s_.batch * pitch + direction_ * s_.gates() * 2;
    for (int64_t gate = 0; gate < s_.gate_count; ++gate)
      e_.gm_to_ub_bytes(half + gate * states() * 2, first + gate * width, {.bursts = s_.batch, .bytes = width, .gm_gap = pitch - width});
    e_.convert(VecType::F32, VecType::F16, wide_, half, s_.gate_count * states());
    e_.binary(Opcode::Vadd, VecType::F32, gates_, {gates_}, {wide_}, added * states());
  }

  // 1 / (1 + exp(-x))
  void sigmoid(int64_t at, int64_t count) {
    e_.scalar(Opcode::Vmuls, VecType::F32, at, at, -1, count);
    e_.unary(Opcode::Vexp, VecType::F32, at, at, count);
    e_.scalar(Opcode::Vadds, VecType::F32, at, at, 1, count);
    e_.unary(Opcode::Vrec, VecType::F32, at, at, count);
  }

  // 1 - 2 / (exp(2x) + 1); beyond |x| = 10 the result rounds to 1.
  void tanh(int64_t to, int64_t from, int64_t count) {
    e_.scalar(Opcode::Vmins, VecType::F32, to, from, 10, count);
    e_.scalar(Opcode::Vmaxs, VecType::F32, to, to, -10, count);
    e_.scalar(Opcode::Vmuls, VecType::F32, to, to, 2, count);
    e_.unary(Opcode::Vexp, VecType::F32, to, to, count);
    e_.scalar(Opcode::Vadds, VecType::F32, to, to, 1, count);
    e_.unary(Opcode::Vrec, VecType::F32, to, to, count);
    e_.scalar(Opcode::Vmuls, VecType::F32, to, to, -2, count);
    e_.scalar(Opcode::Vadds, VecType::F32, to, to, 1, count);
  }

  void combine(Opcode op, int64_t to, int64_t a, int64_t b) { e_.binary(op, VecType::F32, to, {a}, {b}, states()); }

  // c = forget * c + in * tanh(cell), h = out * tanh(c): where h is.
  int64_t lstm_cell() {
    const int64_t in = gate_address(0), out = gate_address(1), forget = gate_address(2), cell = gate_address(3);
    sigmoid(in, 3 * states());
    tanh(cell, cell, states());
    combine(Opcode::Vmul, state_, state_, forget);
    combine(Opcode::Vmul, cell, cell, in);
    combine(Opcode::Vadd, state_, state_, cell);
    tanh(cell, state_, states());
    combine(Opcode::Vmul, cell, cell, out);
    return cell;
  }

  // candidate = tanh(its input + reset * (its sum + bias)), h = candidate + update * (h - candidate): where h is.
  int64_t gru_cell() {
    const int64_t update = gate_address(0), reset = gate_address(1), candidate = gate_address(2);
    sigmoid(update, 2 * states());
    if (at_.bias >= 0) combine(Opcode::Vadd, candidate, candidate, bias_);
    combine(Opcode::Vmul, candidate, candidate, reset);
    combine(Opcode::Vadd, candidate, candidate, wide_ + 2 * states() * 4);
    tanh(candidate, candidate, states());
    combine(Opcode::Vsub, state_, state_, candidate);
    combine(Opcode::Vmul, state_, state_, update);
    combine(Opcode::Vadd, state_, state_, candidate);
    return state_;
  }

  void step(int64_t step) {
    multiply();
    take_sums();
    add_inputs(step, s_.gru() ? 2 : 4);
    e_.convert(VecType::F16, VecType::F32, half_, s_.gru() ? gru_cell() : lstm_cell(), states());
    if (at_.y >= 0) e_.ub_to_gm_bytes(at_.y + step * s_.directions * states() * 2 + state_offset(), half_, state_copy());
  }

  const Soc& soc_;
  RecurrentShape s_;
  RecurrentAddresses at_;
  int64_t direction_;
  bool reverse_;
  Emitter e_;
  int64_t state_l1_, slice_;
  bool resident_;
  int64_t row_bytes_;
  Ring weights_, l0b_;
  int64_t l0a_, l0c_, sums_;
  Ring from_input_;
  int64_t gates_, wide_, state_, bias_, half_;  // state_: c of an LSTM, h of a GRU
};

int64_t ub_bytes(const RecurrentShape& s) { return s.hidden * kRows * 4 + s.batch * s.hidden * (s.gate_count * (2 * 2 + 4 + 4) + 4 + 4 + 2) + 8 * 512; }

}  // namespace

std::optional<std::string> reject_recurrent(const Graph& graph, const Node& node, const Soc& soc) {
  const RecurrentShape s = shape_of(graph, node);
  if (soc.split) return fmt::format("{} has no path from the cube to the vector unit", soc.name);
  if (!graph.is_constant(node.inputs[1])) return "weights computed at run time";
  for (size_t i : {0, 2, 3}) {
    if (i >= node.inputs.size() || node.inputs[i] == kNone) continue;
    if (i == 3 && s.gru() && !graph.is_constant(node.inputs[i])) return "a bias computed at run time";
    if (i == 0 && graph.is_constant(node.inputs[i])) return "constant input";
    const DType dtype = graph.value(node.inputs[i]).type.dtype;
    if (dtype != DType::Float16) return fmt::format("{} data", to_string(dtype));
  }
  if (s.steps * s.batch * s.hidden == 0) return "empty sequence";
  if (s.batch > kRows) return fmt::format("batch {} > {}", s.batch, kRows);
  if (s.hidden % 16 != 0) return fmt::format("hidden size {} is no multiple of 16", s.hidden);
  if (s.n1() * kFractalBytes * 2 > soc.l0c) return fmt::format("L0C budget: {} gates need {} bytes > {}", s.gates(), s.n1() * kFractalBytes * 2, soc.l0c);
  if (ub_bytes(s) > soc.ub) return fmt::format("UB budget: a step of {} x {} needs {} bytes > {}", s.batch, s.hidden, ub_bytes(s), soc.ub);
  if (s.steps * s.k1() > kMostProducts) return fmt::format("{} steps", s.steps);
  return std::nullopt;
}

Status lower_recurrent(LowerContext& context, const TaskSpec& spec, Task& task) {
  const Graph& graph = context.graph;
  const Node& node = graph.node(spec.nodes[0]);
  const RecurrentShape s = shape_of(graph, node);
  const auto state = [&](size_t i) {
    if (i >= node.inputs.size() || node.inputs[i] == kNone) return int64_t{-1};
    const auto& constant = graph.value(node.inputs[i]).constant;
    return constant ? context.add_weights(constant->bytes()) : context.address(node.inputs[i]);
  };
  const auto result = [&](size_t i) { return i < node.outputs.size() && node.outputs[i] != kNone ? context.address(node.outputs[i]) : int64_t{-1}; };
  RecurrentAddresses at{.gates = context.address(node.inputs[0]), .weights = 0, .zeros = context.add_weights(std::vector<std::byte>(static_cast<size_t>(s.k1() * kFractalBytes))),
                   .h = state(2), .c = s.gru() ? -1 : state(3), .bias = -1, .y = result(0), .last_h = result(1), .last_c = result(2)};
  if (s.gru() && node.inputs.size() > 3) at.bias = context.add_weights(rows_of(*graph.value(node.inputs[3]).constant, s));
  for (int64_t d = 0; d < s.directions; ++d) {
    at.weights = context.add_weights(fractals_of(*graph.value(node.inputs[1]).constant, d, s));
    RecurrentBlock block(context.soc, s, at, d, d == 1 || node.int_attr("reverse", 0) != 0);
    NPU_TRY(Program program, block.run());
    task.blocks.push_back(std::move(program));
  }
  task.macs = s.steps * s.batch * s.directions * s.gates() * s.hidden;
  return {};
}

}  // namespace npu
