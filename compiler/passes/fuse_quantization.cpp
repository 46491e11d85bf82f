// SPDX-License-Identifier: Apache-2.0
// Needs: constants folded, but DequantizeLinear of constants left (fold-constants leaves it). Guarantees: no DequantizeLinear
// of a constant is left: where operands and result of a layer are quantised it became one operator on 8-bit integers,
// elsewhere the constant is a float again. Before raise-opset and canonicalise: they know float layers.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"
#include "core/ops/op.h"

namespace npu::pass {
namespace {

// A value behind DequantizeLinear: the integers, scale and zero point; `zero` may be made here.
struct Quantized {
  ValueId data = kNone, scale = kNone, zero = kNone;
};

// What follows a layer up to its QuantizeLinear.
struct Result8 {
  ValueId value = kNone, scale = kNone, zero = kNone;
  std::vector<NodeId> absorbed;  // activation and QuantizeLinear
  bool relu = false;             // the layer has to do what the activation did, else quantising does it
};

// Moves bytes around: the same on integers when scale and zero point stay.
constexpr std::string_view kMovers[] = {"Concat", "Flatten", "MaxPool", "Relu", "Reshape", "Squeeze", "Transpose", "Unsqueeze"};

class Fuser {
 public:
  Fuser(Graph& graph, PassContext& context) : graph_(graph), context_(context), names_(graph) {}

  Status run() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      const Node& node = graph_.node(id);
      // Their cubes' results leave by the fixpipe, which the lowering of 8-bit layers does not use yet.
      if (context_.soc.split) {
        if (is_op(node, "QuantizeLinear")) context_.missed(node, fmt::format("8-bit layers are not compiled for {} yet: they run in fp16", context_.soc.name));
        continue;
      }
      if (is_op(node, "Conv")) convolution(id);
      else if (is_op(node, "Gemm") || is_op(node, "MatMul")) product(id);
      else if (is_op(node, "QLinearMatMul")) written_product(id);
      else if (is_op(node, "Add")) sum(id);
      else if (is_op(node, "GlobalAveragePool")) mean(id);
      else if (std::ranges::count(kMovers, std::string_view(node.op)) > 0) move(id);
    }
    graph_.erase_dead();
    NPU_CHECK(restore_constants());
    return npu::infer_shapes(graph_);
  }

 private:
  // --- what surrounds a node ---

  std::optional<Quantized> operand(const Node& node, size_t i) {
    const Node* source = producer_of(graph_, input_of(node, i));
    if (source == nullptr || !is_op(*source, "DequantizeLinear")) return std::nullopt;
    if (graph_.value(source->inputs[0]).type.dtype == DType::Int32 || !graph_.is_constant(source->inputs[1])) return std::nullopt;
    Quantized q{source->inputs[0], source->inputs[1], input_of(*source, 2)};
    if (q.zero == kNone) q.zero = zeros_like(q);
    else if (!graph_.is_constant(q.zero)) return std::nullopt;
    return q;
  }

  ValueId zeros_like(const Quantized& q) {
    return graph_.add_constant(names_.unique(graph_.value(q.data).name + "_zero"),
                               Tensor(graph_.value(q.data).type.dtype, graph_.value(q.scale).constant->shape()));
  }

  bool per_tensor(const Quantized& q) const { return graph_.value(q.scale).constant->elements() == 1; }
  float scale_of(ValueId id) const { return static_cast<float>(graph_.value(id).constant->to_doubles()[0]); }

  // Whether clamping to [low, high] changes nothing that QuantizeLinear's saturation does not.
  bool saturation_clamps(const Node& quantize, float low, float high) const {
    const DType dtype = graph_.value(quantize.outputs[0]).type.dtype;
    const double zero = input_of(quantize, 2) == kNone ? 0 : graph_.value(quantize.inputs[2]).constant->to_doubles()[0];
    const double scale = scale_of(quantize.inputs[1]), least = dtype == DType::Int8 ? -128 : 0;
    return (least - zero) * scale >= static_cast<double>(low) - scale / 2 && (least + 255 - zero) * scale <= static_cast<double>(high) + scale / 2;
  }

  enum class Activation { Vanishes, Relu, Other };

  Activation activation_of(const Node& node, const Node& quantize) const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    const auto clamps = [&](float low, float high) {
      if (saturation_clamps(quantize, low, high)) return Activation::Vanishes;
      return low == 0 && saturation_clamps(quantize, -kInfinity, high) ? Activation::Relu : Activation::Other;
    };
    if (is_op(node, "Relu")) return clamps(0, kInfinity);
    const auto bound = [&](size_t input, std::string_view attr, float fallback) {
      if (const Tensor* constant = constant_of(graph_, node, input)) return static_cast<float>(constant->to_doubles()[0]);
      return node.float_attr(attr, fallback);
    };
    for (size_t i : {size_t{1}, size_t{2}})
      if (input_of(node, i) != kNone && !graph_.is_constant(node.inputs[i])) return Activation::Other;
    return clamps(bound(1, "min", -kInfinity), bound(2, "max", kInfinity));
  }

  // Where may_relu is not set, the node can do no Relu that quantising does not.
  std::optional<Result8> result(NodeId id, bool may_relu) {
    Result8 found;
    NodeId next = graph_.single_consumer(graph_.node(id).outputs[0]);
    if (next != kNone && (is_op(graph_.node(next), "Relu") || is_op(graph_.node(next), "Clip"))) {
      found.absorbed.push_back(next);
      next = graph_.single_consumer(graph_.node(next).outputs[0]);
    }
    if (next == kNone || !is_op(graph_.node(next), "QuantizeLinear")) return std::nullopt;
    const Node& quantize = graph_.node(next);
    for (size_t i : {size_t{1}, size_t{2}})
      if (input_of(quantize, i) != kNone && !graph_.is_constant(quantize.inputs[i])) return std::nullopt;
    if (graph_.value(quantize.inputs[1]).constant->elements() != 1) return std::nullopt;
    const Activation activation = found.absorbed.empty() ? Activation::Vanishes : activation_of(graph_.node(found.absorbed[0]), quantize);
    found.relu = activation == Activation::Relu;
    if (activation == Activation::Other || (found.relu && !may_relu)) {
      context_.missed(graph_.node(id), fmt::format("{} clamps inside the quantised range", graph_.node(found.absorbed[0]).op));
      return std::nullopt;
    }
    found.absorbed.push_back(next);
    found.value = quantize.outputs[0];
    found.scale = quantize.inputs[1];
    found.zero = input_of(quantize, 2);
    if (found.zero == kNone) found.zero = zeros_like({found.value, found.scale, kNone});
    return found;
  }

  // Int32 bias for sums of scale x * w; `count` values.
  std::optional<ValueId> bias(const Node& node, size_t i, const Quantized& x, const Quantized& w, int64_t count) {
    if (input_of(node, i) == kNone) return kNone;
    const Node* source = producer_of(graph_, node.inputs[i]);
    std::vector<double> values;
    const Tensor* integers = nullptr;
    if (source != nullptr && is_op(*source, "DequantizeLinear")) integers = constant_of(graph_, *source, 0);
    if (integers != nullptr && integers->dtype() == DType::Int32 && integers->elements() == count && graph_.is_constant(source->inputs[1])) {
      const auto scales = graph_.value(source->inputs[1]).constant->to_doubles();
      values = integers->to_doubles();
      for (size_t c = 0; c < values.size(); ++c) values[c] *= scales[c % scales.size()];
    } else if (const Tensor* floats = constant_of(graph_, node, i); floats != nullptr && floats->elements() == count) {
      values = floats->to_doubles();
    } else {
      return std::nullopt;
    }
    const auto scales = graph_.value(w.scale).constant->to_doubles();
    Tensor quantised(DType::Int32, {count});
    auto out = quantised.mutable_data<int32_t>();
    for (size_t c = 0; c < values.size(); ++c) {
      const double q = std::nearbyint(values[c] / (static_cast<double>(scale_of(x.scale)) * scales[c % scales.size()]));
      out[c] = static_cast<int32_t>(std::clamp(q, -2147483648.0, 2147483647.0));
    }
    return graph_.add_constant(names_.unique(node.name + "_bias"), std::move(quantised));
  }

  // --- one rewrite: the node takes over the quantised result, what it absorbed goes ---

  ValueId reshaped_before(NodeId id, ValueId from, ValueId to, const Shape& shape) {
    const ValueId dims = graph_.add_constant(names_.unique(graph_.value(to).name + "_shape"), ints_tensor({shape.begin(), shape.end()}));
    graph_.insert_before(id, make_node("Reshape", names_.unique(graph_.value(to).name + "_reshape"), {from, dims}, {to}, graph_.node(id).origin));
    return to;
  }

  // rows: of a result that the operator gives as a matrix.
  void replace(NodeId id, std::string_view op, std::vector<ValueId> inputs, const Result8& to, const std::optional<Shape>& rows = {}) {
    Node& node = graph_.node(id);
    Node fused = make_node(op, node.name, std::move(inputs), {}, node.origin);
    fused.attrs = node.attrs;
    if (to.relu) fused.attrs["relu"] = int64_t{1};
    for (NodeId gone : to.absorbed) absorb_origin(fused, graph_.node(gone));
    // The float results keep existing as values that nothing produces or reads.
    const ValueId taken = graph_.add_value(names_.unique(graph_.value(to.value).name + "_q8"), graph_.value(to.value).type);
    const auto dims = shape_of(graph_, to.value);
    fused.outputs = {rows ? graph_.add_value(names_.unique(graph_.value(taken).name + "_rows"), TensorType::of(graph_.value(taken).type.dtype, *rows)) : taken};
    const ValueId made = fused.outputs[0];
    graph_.insert_before(id, std::move(fused));
    if (rows) reshaped_before(id, made, taken, *dims);
    if (graph_.is_output(to.value)) swap_names(graph_, taken, to.value);
    graph_.replace_uses(to.value, taken);
    for (size_t i = to.absorbed.size(); i-- > 0;) graph_.erase(to.absorbed[i]);
    graph_.erase(id);
    context_.count_rewrite();
  }

  void convolution(NodeId id) {
    const Node node = graph_.node(id);
    const auto x = operand(node, 0), w = operand(node, 1);
    if (!x || !w) return;
    if (!per_tensor(*x) || !graph_.is_constant(w->data)) return;
    const auto y = result(id, true);
    if (!y) return;
    const auto b = bias(node, 2, *x, *w, graph_.value(w->data).constant->shape()[0]);
    if (!b) return context_.missed(node, "its bias is no constant vector");
    std::vector<ValueId> inputs{x->data, x->scale, x->zero, w->data, w->scale, w->zero, y->scale, y->zero};
    if (*b != kNone) inputs.push_back(*b);
    replace(id, "QLinearConv", std::move(inputs), *y);
  }

  void product(NodeId id) {
    const Node node = graph_.node(id);
    const auto a = operand(node, 0), b = operand(node, 1);
    if (!a || !b || !per_tensor(*a) || !graph_.is_constant(b->data)) return;
    const Shape shape = graph_.value(b->data).constant->shape();
    if (shape.size() != 2) return context_.missed(node, "8-bit products have a matrix on the right");
    if (node.float_attr("alpha", 1) != 1 || node.float_attr("beta", 1) != 1) return context_.missed(node, "alpha or beta is not 1");
    const bool transposed = node.int_attr("transB", 0) != 0;
    const auto y = result(id, true);
    if (!y) return;
    const auto c = bias(node, 2, *a, *b, transposed ? shape[0] : shape[1]);
    if (!c) return context_.missed(node, "its bias is no constant vector");
    graph_.node(id).attrs.erase("alpha");
    graph_.node(id).attrs.erase("beta");
    multiply(id, {a->data, a->scale, a->zero, b->data, b->scale, b->zero, *c, y->scale, y->zero}, *y);
  }

  // QGemm multiplies two matrices: dimensions in front of a matrix count its rows.
  void multiply(NodeId id, std::vector<ValueId> inputs, const Result8& y) {
    const auto a = shape_of(graph_, inputs[0]), result = shape_of(graph_, y.value);
    if (!a || !result || a->empty()) return;
    if (a->size() == 2) return replace(id, "QGemm", std::move(inputs), y);
    const int64_t rows = element_count({a->begin(), a->end() - 1});
    const Shape flat{rows, a->back()};
    const ValueId matrix = graph_.add_value(names_.unique(graph_.value(inputs[0]).name + "_rows"), TensorType::of(graph_.value(inputs[0]).type.dtype, flat));
    inputs[0] = reshaped_before(id, inputs[0], matrix, flat);
    replace(id, "QGemm", std::move(inputs), y, Shape{rows, result->back()});
  }

  // The form with the scales as operands of the node itself.
  void written_product(NodeId id) {
    const Node node = graph_.node(id);
    enum Input : size_t { kA, kAScale, kAZero, kB, kBScale, kBZero, kYScale, kYZero };
    for (size_t i : {kAScale, kAZero, kB, kBScale, kBZero, kYScale, kYZero})
      if (!graph_.is_constant(input_of(node, i))) return context_.missed(node, "weights, scales and zero points must be constants");
    const auto constant = [&](size_t i) -> const Tensor& { return *graph_.value(node.inputs[i]).constant; };
    if (constant(kAScale).elements() != 1 || constant(kYScale).elements() != 1) return context_.missed(node, "activations have one scale");
    if (constant(kB).shape().size() != 2) return context_.missed(node, "8-bit products have a matrix on the right");
    if (dtype_size(graph_.value(node.inputs[kA]).type.dtype) != 1 || is_float(graph_.value(node.inputs[kA]).type.dtype)) return;
    const auto& in = node.inputs;
    multiply(id, {in[kA], in[kAScale], in[kAZero], in[kB], in[kBScale], in[kBZero], kNone, in[kYScale], in[kYZero]}, {.value = node.outputs[0], .scale = in[kYScale], .zero = in[kYZero]});
  }

  void sum(NodeId id) {
    const Node node = graph_.node(id);
    const auto a = operand(node, 0), b = operand(node, 1);
    if (!a || !b || !per_tensor(*a) || !per_tensor(*b)) return;
    if (const auto y = result(id, true)) replace(id, "QLinearAdd", {a->data, a->scale, a->zero, b->data, b->scale, b->zero, y->scale, y->zero}, *y);
  }

  void mean(NodeId id) {
    const Node node = graph_.node(id);
    const auto x = operand(node, 0);
    if (!x || !per_tensor(*x)) return;
    if (const auto y = result(id, false)) replace(id, "QLinearGlobalAveragePool", {x->data, x->scale, x->zero, y->scale, y->zero}, *y);
  }

  bool equal(ValueId a, ValueId b) const {
    const Tensor &x = *graph_.value(a).constant, &y = *graph_.value(b).constant;
    return x.elements() == y.elements() && x.dtype() == y.dtype() && std::ranges::equal(x.bytes(), y.bytes());
  }

  void move(NodeId id) {
    const Node node = graph_.node(id);
    const size_t tensors = is_op(node, "Concat") ? node.inputs.size() : 1;
    std::vector<Quantized> operands;
    for (size_t i = 0; i < tensors; ++i) {
      const auto x = operand(node, i);
      if (!x || !per_tensor(*x)) return;
      operands.push_back(*x);
    }
    const auto y = node.outputs.size() == 1 ? result(id, false) : std::nullopt;
    if (!y) return;
    std::vector<ValueId> inputs = node.inputs;
    for (size_t i = 0; i < tensors; ++i) {
      if (!equal(operands[i].scale, y->scale) || !equal(operands[i].zero, y->zero)) return context_.missed(node, "its input and its result have different scales");
      inputs[i] = operands[i].data;
    }
    if (is_op(node, "Relu") && !saturation_clamps(graph_.node(y->absorbed.back()), 0, std::numeric_limits<float>::infinity()))
      return context_.missed(node, "it clamps inside the quantised range");
    replace(id, is_op(node, "Relu") ? "Identity" : node.op, std::move(inputs), *y);
  }

  // Weights of layers that stay in floating point.
  Status restore_constants() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      const Node& node = graph_.node(id);
      if (!is_op(node, "DequantizeLinear") || !graph_.is_constant(node.inputs[0])) continue;
      std::vector<Tensor> inputs;
      for (ValueId input : node.inputs) {
        if (input != kNone && !graph_.is_constant(input)) return {};
        inputs.push_back(input == kNone ? Tensor() : *graph_.value(input).constant);
      }
      NPU_TRY(auto results, run_reference(node, graph_.opset, inputs));
      const ValueId output = node.outputs[0];
      graph_.erase(id);
      graph_.value(output).type = TensorType::of(results[0].dtype(), results[0].shape());
      graph_.value(output).constant = std::move(results[0]);
      context_.count_rewrite();
    }
    graph_.erase_dead();
    return {};
  }

  Graph& graph_;
  PassContext& context_;
  Names names_;
};

}  // namespace

Status fuse_quantization(Graph& graph, PassContext& context) {
  const bool quantised = std::ranges::any_of(graph.order(), [&](NodeId id) { return is_op(graph.node(id), "DequantizeLinear"); });
  return quantised ? Fuser(graph, context).run() : Status{};
}

}  // namespace npu::pass
