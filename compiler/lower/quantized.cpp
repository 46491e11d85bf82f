// SPDX-License-Identifier: Apache-2.0
// QuantizeLinear, DequantizeLinear and what is between quantised tensors but convolutions and products: bytes become fp32 by
// way of fp16 (their only conversion), are computed with, and rounded once.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/lower/emitter.h"
#include "compiler/lower/families.h"
#include "compiler/lower/quantization.h"
#include "compiler/schedule/insert_sync.h"

namespace npu {
namespace {

constexpr int64_t kTile = 4096;  // elements; small enough that a tile's forms stay in a host's first caches

VecType vec_type_of(DType dtype) {
  switch (dtype) {
    case DType::UInt8: return VecType::U8;
    case DType::Int8: return VecType::S8;
    case DType::Float16: return VecType::F16;
    default: return VecType::F32;
  }
}

struct FlatOperand {
  int64_t address = 0;
  VecType type = VecType::U8;
};

// One core's share of an operation on flat tensors.
class FlatBlock {
 public:
  FlatBlock(const Soc& soc, int64_t tile) : soc_(soc), e_(soc), tile_(tile), half_(e_, Buffer::UB, tile * 2, 1, "fp16 values") {}

  Ring ring(VecType type, int slots, const char* purpose) { return Ring(e_, Buffer::UB, tile_ * vec_type_size(type), slots, purpose); }
  Emitter& emitter() { return e_; }
  Result<Program> finish() {
    NPU_CHECK(e_.status());
    return insert_sync(soc_, e_.take());
  }

  void load(int64_t ub, const FlatOperand& operand, int64_t at, int64_t count) {
    e_.gm_to_ub_bytes(ub, operand.address + at * vec_type_size(operand.type), {.bytes = count * vec_type_size(operand.type)});
  }
  void store(const FlatOperand& operand, int64_t at, int64_t ub, int64_t count) {
    e_.ub_to_gm_bytes(operand.address + at * vec_type_size(operand.type), ub, {.bytes = count * vec_type_size(operand.type)});
  }

  void to_f32(int64_t dst, VecType type, int64_t src, int64_t count) {
    if (type != VecType::F16) e_.convert(VecType::F16, type, half_.next(), src, count);
    e_.convert(VecType::F32, VecType::F16, dst, type == VecType::F16 ? src : half_.next(), count);
  }

  // saturate(rne(values) + zero). The values are used up.
  void to_bytes(VecType type, int64_t dst, int64_t values, int64_t zero, int64_t count) {
    const int64_t half = half_.next();
    round_to_halves(e_, half, values, zero, count);
    e_.convert(type, VecType::F16, dst, half, count);
  }

 private:
  const Soc& soc_;
  Emitter e_;
  int64_t tile_;
  Ring half_;
};

struct Flat {
  int64_t elements;
  FlatOperand output;
};

int64_t physical_elements(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  const auto shape = physical_shape(to_shape(value.type.dims), value.type.dtype, value.format);
  return shape ? element_count(*shape) : 0;
}

// Splits [0, elements) over the cores; body(block) returns what to do with each tile (at, count).
template <class Setup>
Status flat_task(LowerContext& context, int64_t elements, Task& task, Setup&& setup) {
  const int64_t tiles = ceil_div(elements, kTile), parts = std::clamp<int64_t>(context.soc.cores_for(true), 1, tiles);
  for (int64_t i = 0; i < parts; ++i) {
    FlatBlock block(context.soc, std::min(kTile, align_up(elements, 128)));
    auto body = setup(block);
    for (int64_t t = tiles * i / parts; t < tiles * (i + 1) / parts; ++t) body(t * kTile, std::min(kTile, elements - t * kTile));
    NPU_TRY(Program program, block.finish());
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

FlatOperand flat_operand(const LowerContext& context, ValueId id) { return {context.address(id), vec_type_of(context.graph.value(id).type.dtype)}; }

Status lower_quantize(LowerContext& context, const Node& node, Task& task) {
  const FlatOperand x = flat_operand(context, node.inputs[0]), y = flat_operand(context, node.outputs[0]);
  const QuantPair q = *quant_pair(context.graph, node, 1, 2);
  return flat_task(context, physical_elements(context.graph, node.outputs[0]), task, [&](FlatBlock& block) {
    Emitter& e = block.emitter();
    const int64_t scale = Ring(e, Buffer::UB, kBlockBytes, 1, "the scale").next();
    e.fill(VecType::F32, scale, q.scale, 8);
    return [&e, &block, x, y, q, scale, in = block.ring(x.type, 2, "the input"), wide = block.ring(VecType::F32, 1, "fp32 values"),
            out = block.ring(y.type, 2, "the result")](int64_t at, int64_t count) mutable {
      const int64_t source = in.next(), values = wide.next(), result = out.next();
      block.load(source, x, at, count);
      if (x.type == VecType::F16) block.to_f32(values, x.type, source, count);
      e.binary(Opcode::Vdiv, VecType::F32, values, {x.type == VecType::F16 ? values : source}, {scale, true}, count);
      block.to_bytes(y.type, result, values, q.zero, count);
      block.store(y, at, result, count);
    };
  });
}

Status lower_dequantize(LowerContext& context, const Node& node, Task& task) {
  const FlatOperand x = flat_operand(context, node.inputs[0]), y = flat_operand(context, node.outputs[0]);
  const QuantPair q = *quant_pair(context.graph, node, 1, 2);
  return flat_task(context, physical_elements(context.graph, node.outputs[0]), task, [&](FlatBlock& block) {
    return [&e = block.emitter(), &block, x, y, q, in = block.ring(x.type, 2, "the input"), wide = block.ring(VecType::F32, 2, "fp32 values"),
            out = block.ring(y.type, 2, "the result")](int64_t at, int64_t count) mutable {
      const int64_t source = in.next(), values = wide.next(), result = out.next();
      block.load(source, x, at, count);
      block.to_f32(values, x.type, source, count);
      if (q.zero != 0) e.scalar(Opcode::Vadds, VecType::F32, values, values, static_cast<float>(-q.zero), count);
      e.scalar(Opcode::Vmuls, VecType::F32, values, values, q.scale, count);
      if (y.type == VecType::F16) e.convert(VecType::F16, VecType::F32, result, values, count);
      block.store(y, at, y.type == VecType::F16 ? result : values, count);
    };
  });
}

Status lower_add(LowerContext& context, const Node& node, Task& task) {
  const FlatOperand a = flat_operand(context, node.inputs[0]), b = flat_operand(context, node.inputs[3]), y = flat_operand(context, node.outputs[0]);
  const QuantPair qa = *quant_pair(context.graph, node, 1, 2), qb = *quant_pair(context.graph, node, 4, 5), qy = *quant_pair(context.graph, node, 6, 7);
  const float ka = qa.scale / qy.scale, kb = qb.scale / qy.scale;
  const float shift = -(ka * static_cast<float>(qa.zero) + kb * static_cast<float>(qb.zero));
  return flat_task(context, physical_elements(context.graph, node.outputs[0]), task, [&](FlatBlock& block) {
    return [&e = block.emitter(), &block, a, b, y, ka, kb, shift, zero = qy.zero, relu = node.int_attr("relu", 0) != 0, left = block.ring(a.type, 2, "A"), right = block.ring(b.type, 2, "B"),
            wide = block.ring(VecType::F32, 2, "fp32 values"), out = block.ring(y.type, 2, "the result")](int64_t at, int64_t count) mutable {
      const int64_t first = left.next(), second = right.next(), sum = wide.next(), other = wide.next(), result = out.next();
      block.load(first, a, at, count);
      block.load(second, b, at, count);
      block.to_f32(sum, a.type, first, count);
      block.to_f32(other, b.type, second, count);
      e.scalar(Opcode::Vmuls, VecType::F32, sum, sum, ka, count);
      e.scalar(Opcode::Vaxpy, VecType::F32, sum, other, kb, count);
      if (shift != 0) e.scalar(Opcode::Vadds, VecType::F32, sum, sum, shift, count);
      if (relu) e.unary(Opcode::Vrelu, VecType::F32, sum, sum, count);
      block.to_bytes(y.type, result, sum, zero, count);
      block.store(y, at, result, count);
    };
  });
}

struct MeanScales {
  float scale = 1, shift = 0;  // of a sum
  int64_t zero = 0;
};

// Planes of 32 channels [pixels][32] are summed in fp32, where it is exact, and quantised.
class MeanBlock {
 public:
  // planes: how many at a time.
  MeanBlock(const Soc& soc, const FlatOperand& x, const FlatOperand& y, const MeanScales& scales, int64_t pixels, int64_t planes)
      : block_(soc, planes * std::min(pixels, kTile / 32) * 32), e_(block_.emitter()), x_(x), y_(y), scales_(scales), pixels_(pixels), planes_(planes),
        in_(block_.ring(x.type, 2, "the input")), wide_(block_.ring(VecType::F32, 1, "fp32 values")), total_(e_, Buffer::UB, planes * 128, 1, "the sums"),
        out_(e_, Buffer::UB, planes * 32, 2, "the result") {}

  // The most planes that UB, a repeat's stride (in blocks) and the count of repeats allow to be summed together.
  static int64_t most_planes(int64_t pixels) { return pixels * 4 > kMostRepeats || pixels < 2 ? 1 : std::min(kTogether / (pixels * 32), kMostRepeats); }

  Result<Program> run(int64_t from, int64_t to) {
    for (int64_t plane = from; plane < to; plane += planes_) {
      const int64_t count = std::min(planes_, to - plane), sums = total_.next(), result = out_.next();
      if (planes_ > 1) sum_together(plane, count, sums);
      else sum_one(plane, sums);
      e_.scalar(Opcode::Vmuls, VecType::F32, sums, sums, scales_.scale, count * 32);
      if (scales_.shift != 0) e_.scalar(Opcode::Vadds, VecType::F32, sums, sums, scales_.shift, count * 32);
      block_.to_bytes(y_.type, result, sums, scales_.zero, count * 32);
      block_.store(y_, plane * 32, result, count * 32);
    }
    return block_.finish();
  }

 private:
  static constexpr int64_t kTogether = 16384;  // elements
  static constexpr int64_t kMostRepeats = 255;

  // A repeat is a plane: two pixels at a time, then both halves.
  void sum_together(int64_t plane, int64_t count, int64_t sums) {
    const int64_t source = in_.next(), values = wide_.next(), pitch = pixels_ * 4, type = type_arg(VecType::F32);
    block_.load(source, x_, plane * pixels_ * 32, count * pixels_ * 32);
    block_.to_f32(values, x_.type, source, count * pixels_ * 32);
    const auto add = [&](int64_t lanes, int64_t dst, int64_t a, int64_t b, int64_t dst_rep, int64_t a_rep) {
      e_.masked(lanes, VecType::F32, Opcode::Vadd, {type, dst, a, b, count, 1, 1, 1, dst_rep, a_rep, pitch});
    };
    for (int64_t p = 2; p + 2 <= pixels_; p += 2) add(64, values, values, values + p * 128, pitch, pitch);
    add(32, sums, values, values + 128, 4, pitch);
    if (pixels_ % 2 != 0) add(32, sums, sums, values + (pixels_ - 1) * 128, 4, 4);
  }

  // By halving, as many pixels at a time as a tile holds.
  void sum_one(int64_t plane, int64_t sums) {
    const int64_t chunk = std::min(pixels_, kTile / 32), values = wide_.next();
    for (int64_t at = 0; at < pixels_; at += chunk) {
      const int64_t source = in_.next();
      int64_t count = std::min(chunk, pixels_ - at);
      block_.load(source, x_, (plane * pixels_ + at) * 32, count * 32);
      block_.to_f32(values, x_.type, source, count * 32);
      for (; count > 1; count /= 2) {
        e_.binary(Opcode::Vadd, VecType::F32, values, {values}, {values + count / 2 * 128}, count / 2 * 32);
        if (count % 2 != 0) e_.binary(Opcode::Vadd, VecType::F32, values, {values}, {values + (count - 1) * 128}, 32);
      }
      if (at == 0) e_.scalar(Opcode::Vmuls, VecType::F32, sums, values, 1.0f, 32);
      else e_.binary(Opcode::Vadd, VecType::F32, sums, {sums}, {values}, 32);
    }
  }

  FlatBlock block_;
  Emitter& e_;
  FlatOperand x_, y_;
  MeanScales scales_;
  int64_t pixels_, planes_;
  Ring in_, wide_, total_, out_;
};

Status lower_mean(LowerContext& context, const Node& node, Task& task) {
  const Shape shape = to_shape(context.graph.value(node.inputs[0]).type.dims);
  const int64_t planes = shape[0] * ceil_div(shape[1], 32), pixels = shape[2] * shape[3];
  const FlatOperand x = flat_operand(context, node.inputs[0]), y = flat_operand(context, node.outputs[0]);
  const QuantPair qx = *quant_pair(context.graph, node, 1, 2), qy = *quant_pair(context.graph, node, 3, 4);
  const MeanScales scales{qx.scale / qy.scale / static_cast<float>(pixels), -(qx.scale / qy.scale) * static_cast<float>(qx.zero), qy.zero};
  const int64_t parts = std::min<int64_t>(context.soc.cores_for(true), planes), together = std::min(MeanBlock::most_planes(pixels), ceil_div(planes, parts));
  for (int64_t i = 0; i < parts; ++i) {
    NPU_TRY(Program program, MeanBlock(context.soc, x, y, scales, pixels, together).run(planes * i / parts, planes * (i + 1) / parts));
    task.blocks.push_back(std::move(program));
  }
  task.vector_task = true;
  return {};
}

struct QuantizedOp {
  std::string_view op;
  std::array<std::array<size_t, 2>, 3> pairs;  // positions of scales and zero points; {0, 0}: none
  Layout layout;
  Status (*lower)(LowerContext&, const Node&, Task&);
};

constexpr std::array kOps{
    QuantizedOp{"DequantizeLinear", {{{1, 2}}}, Layout::Plain, lower_dequantize},
    QuantizedOp{"QLinearAdd", {{{1, 2}, {4, 5}, {6, 7}}}, Layout::Any, lower_add},
    QuantizedOp{"QLinearGlobalAveragePool", {{{1, 2}, {3, 4}}}, Layout::Image, lower_mean},
    QuantizedOp{"QuantizeLinear", {{{1, 2}}}, Layout::Plain, lower_quantize},
};

const QuantizedOp& find(std::string_view op) { return *std::ranges::find(kOps, op, &QuantizedOp::op); }

}  // namespace

std::optional<QuantPair> quant_pair(const Graph& graph, const Node& node, size_t scale, size_t zero) {
  if (!graph.is_constant(node.inputs[scale])) return std::nullopt;
  const Tensor& scales = *graph.value(node.inputs[scale]).constant;
  if (scales.elements() != 1) return std::nullopt;
  QuantPair pair{static_cast<float>(scales.to_doubles()[0]), 0};
  if (zero >= node.inputs.size() || node.inputs[zero] == kNone) return pair;
  if (!graph.is_constant(node.inputs[zero]) || graph.value(node.inputs[zero]).constant->elements() != 1) return std::nullopt;
  pair.zero = graph.value(node.inputs[zero]).constant->to_ints()[0];
  return pair;
}

Layout quantized_layout(const Graph&, const Node& node) { return find(node.op).layout; }

std::optional<std::string> reject_quantized(const Graph& graph, const Node& node, const Soc&) {
  for (const auto& [scale, zero] : find(node.op).pairs)
    if (scale != 0 && !quant_pair(graph, node, scale, zero)) return "scale and zero point are not one constant each";
  const TensorType& x = graph.value(node.inputs[0]).type;
  const TensorType& y = graph.value(node.outputs[0]).type;
  if (node.op == "QuantizeLinear") {
    if (x.dtype != DType::Float16 && x.dtype != DType::Float32) return fmt::format("{} data", to_string(x.dtype));
    if (!is_byte(y.dtype)) return fmt::format("{} result", to_string(y.dtype));
    return std::nullopt;
  }
  if (!is_byte(x.dtype)) return fmt::format("{} data", to_string(x.dtype));
  if (node.op == "DequantizeLinear" && y.dtype != DType::Float16 && y.dtype != DType::Float32) return fmt::format("{} result", to_string(y.dtype));
  if (node.op == "QLinearGlobalAveragePool" && x.dims.size() != 4) return fmt::format("reduction of a {}-D tensor", x.dims.size());
  if (node.op == "QLinearAdd" && (x.dims != y.dims || graph.value(node.inputs[3]).type.dims != y.dims)) return "broadcast of quantised operands";
  if (node.op == "QLinearAdd" && (graph.is_constant(node.inputs[0]) || graph.is_constant(node.inputs[3]))) return "constant operand";
  return std::nullopt;
}

void round_to_halves(Emitter& e, int64_t half, int64_t values, int64_t zero, int64_t count) {
  e.convert(VecType::S32, VecType::F32, values, values, count);
  if (zero != 0) e.scalar(Opcode::Vadds, VecType::S32, values, values, static_cast<float>(zero), count);
  e.convert(VecType::F16, VecType::S32, half, values, count);
}

Status lower_quantized(LowerContext& context, const TaskSpec& spec, Task& task) {
  if (spec.nodes.size() > 1) return lower_quantized_image(context, spec, task);
  const Node& node = context.graph.node(spec.nodes[0]);
  return find(node.op).lower(context, node, task);
}

}  // namespace npu
