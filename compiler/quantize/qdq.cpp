// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/qdq.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"

namespace npu::quantize {
namespace {

using pass::input_of;
using pass::make_node;

class Writer {
 public:
  Writer(const Graph& prepared, const Plan& plan) : graph_(prepared), plan_(plan), names_(prepared) { graph_.opset = std::max(graph_.opset, 13); }

  Result<Graph> whole(const std::vector<bool>& chosen) {
    const auto followers = find_followers(graph_, plan_.layers, chosen);
    std::set<ValueId> made;                                // results of integers: read as such by everybody
    std::map<ValueId, std::vector<NodeId>> read;           // results of floats, and which layers read them as integers
    std::vector<std::pair<ValueId, NodeId>> activations;
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!chosen[i]) continue;
      const Layer& layer = plan_.layers[i];
      made.insert(layer.result);
      read[layer.input].push_back(layer.node);
      activations.emplace_back(layer.result, layer.activation);
      quantise_parameters(layer.node, i);
    }
    for (const Follower& follower : followers) {
      made.insert(follower.result);
      activations.emplace_back(follower.result, follower.activation);
    }
    for (const auto& [value, readers] : read)
      if (!made.contains(value)) wrap(value, &readers);
    for (const auto& [value, activation] : activations) wrap(drop_activation(value, activation), nullptr);
    graph_.erase_dead();
    NPU_CHECK(graph_.sort());
    return std::move(graph_);
  }

  Result<Graph> beside(const std::vector<bool>& chosen) {
    graph_.outputs.clear();
    for (size_t i = 0; i < chosen.size(); ++i) {
      if (!chosen[i]) continue;
      const Layer& layer = plan_.layers[i];
      const NodeId copy = append_copy(layer.node, round_trip(layer.input, plan_.params.at(layer.input)));
      quantise_parameters(copy, i);
      ValueId result = graph_.node(copy).outputs[0];
      if (layer.activation != kNone) result = graph_.node(append_copy(layer.activation, result)).outputs[0];
      graph_.outputs.push_back(layer.result);
      graph_.outputs.push_back(round_trip(result, plan_.params.at(layer.result)));
    }
    graph_.erase_dead();
    NPU_CHECK(graph_.sort());
    return std::move(graph_);
  }

 private:
  std::string name(std::string_view stem) { return names_.unique(stem); }
  ValueId constant(std::string_view stem, Tensor tensor) { return graph_.add_constant(name(stem), std::move(tensor)); }
  ValueId scalar(std::string_view stem, float value) { return constant(stem, Tensor::from<float>(DType::Float32, {}, std::span<const float>(&value, 1))); }

  struct Pair {
    Node quantize, dequantize;
  };
  Pair pair(ValueId v, const QuantParams& p) {
    const std::string stem = graph_.value(v).name;
    Tensor zero(p.dtype, {});
    zero.mutable_bytes()[0] = static_cast<std::byte>(p.zero);
    const ValueId scale = scalar(stem + "_scale", p.scale), zero_point = constant(stem + "_zero_point", std::move(zero));
    const TensorType type = graph_.value(v).type;
    TensorType bytes = type;
    bytes.dtype = p.dtype;
    const ValueId q = graph_.add_value(name(stem + "_quantized"), bytes), d = graph_.add_value(name(stem + "_dequantized"), type);
    return {make_node("QuantizeLinear", graph_.value(q).name, {v, scale, zero_point}, {q}), make_node("DequantizeLinear", graph_.value(d).name, {q, scale, zero_point}, {d})};
  }

  // readers: who reads the rounded numbers; nullptr: everybody.
  void wrap(ValueId v, const std::vector<NodeId>* readers) {
    Pair nodes = pair(v, plan_.params.at(original_of(v)));
    const ValueId rounded = nodes.dequantize.outputs[0];
    if (!readers) {
      graph_.replace_uses(v, rounded);
      if (graph_.is_output(rounded)) std::swap(graph_.value(v).name, graph_.value(rounded).name);
    } else {
      for (NodeId id : *readers) graph_.node(id).inputs[0] = rounded;
    }
    const NodeId producer = graph_.value(v).producer;
    const NodeId at = producer == kNone ? graph_.insert_before(graph_.order().front(), std::move(nodes.quantize)) : graph_.insert_after(producer, std::move(nodes.quantize));
    graph_.insert_after(at, std::move(nodes.dequantize));
  }

  ValueId round_trip(ValueId v, const QuantParams& p) {
    Pair nodes = pair(v, p);
    const ValueId rounded = nodes.dequantize.outputs[0];
    graph_.append(std::move(nodes.quantize));
    graph_.append(std::move(nodes.dequantize));
    return rounded;
  }

  NodeId append_copy(NodeId id, ValueId first_input) {
    Node copy = graph_.node(id);
    copy.name += "_beside";
    copy.inputs[0] = first_input;
    copy.outputs = {graph_.add_value(name(graph_.value(copy.outputs[0]).name + "_beside"), graph_.value(copy.outputs[0]).type)};
    return graph_.append(std::move(copy));
  }

  // The value to round: before the activation where rounding clamps as it does.
  ValueId drop_activation(ValueId result, NodeId activation) {
    if (activation == kNone) return result;
    const FloatRange bounds = bounds_of(graph_, graph_.node(activation)), range = plan_.params.at(result).range();
    if (range.low < bounds.low || range.high > bounds.high) return result;
    const ValueId before = graph_.node(activation).inputs[0];
    graph_.replace_uses(result, before);
    if (graph_.is_output(before)) std::swap(graph_.value(before).name, graph_.value(result).name);
    graph_.erase(activation);
    originals_[before] = result;
    return before;
  }
  ValueId original_of(ValueId v) const {
    const auto found = originals_.find(v);
    return found == originals_.end() ? v : found->second;
  }

  ValueId dequantized(NodeId reader, const std::string& stem, Tensor integers, Tensor scales, int64_t axis, const TensorType& type) {
    Tensor zeros(integers.dtype(), scales.shape());
    const ValueId q = constant(stem + "_quantized", std::move(integers)), s = constant(stem + "_scale", std::move(scales)), z = constant(stem + "_zero_point", std::move(zeros)),
                  d = graph_.add_value(name(stem + "_dequantized"), type);
    Node node = make_node("DequantizeLinear", graph_.value(d).name, {q, s, z}, {d});
    node.attrs["axis"] = axis;
    graph_.insert_before(reader, std::move(node));
    return d;
  }

  // The bias with the shift taken off, or nothing when there is neither.
  std::vector<double> corrected_bias(const Node& node, size_t layer) const {
    std::vector<double> bias;
    if (const ValueId id = input_of(node, 2); id != kNone) bias = graph_.value(id).constant->to_doubles();
    const std::vector<double>& shift = plan_.bias_shift[layer];
    if (shift.empty() || (bias.empty() && node.op == "MatMul")) return bias;
    bias.resize(shift.size());
    for (size_t c = 0; c < shift.size(); ++c) bias[c] -= shift[c];
    return bias;
  }

  void quantise_parameters(NodeId id, size_t layer_index) {
    const Layer& layer = plan_.layers[layer_index];
    const Node node = graph_.node(id);
    const Value weights = graph_.value(node.inputs[1]);
    const float in_scale = plan_.params.at(layer.input).scale;
    const std::vector<double> bias = corrected_bias(node, layer_index);
    // A bias is an integer of scale in * weights: where weights are nearly nothing that would not fit 32 bits.
    std::vector<float> least;
    for (double b : bias) least.push_back(static_cast<float>(std::abs(b) / static_cast<double>(in_scale) / (1 << 30)));
    const bool channel_wise = plan_.channel_wise[layer_index];
    if (!channel_wise && !least.empty()) std::ranges::fill(least, *std::ranges::max_element(least));
    QuantWeights quantised = quantise_weights(*weights.constant, layer.layout, channel_wise, least);
    const Tensor scales = Tensor::from<float>(DType::Float32, {layer.layout.channels}, std::span<const float>(quantised.scales));
    graph_.node(id).inputs[1] = dequantized(id, weights.name, std::move(quantised.integers), scales, layer.layout.axis, weights.type);
    if (bias.empty()) return;
    Tensor integers(DType::Int32, {layer.layout.channels}), bias_scales = scales;
    auto s = bias_scales.mutable_data<float>();
    auto b = integers.mutable_data<int32_t>();
    for (size_t c = 0; c < b.size(); ++c) {
      s[c] *= in_scale;
      b[c] = static_cast<int32_t>(std::clamp(std::nearbyint(bias[c] / static_cast<double>(s[c])), -2147483647.0, 2147483647.0));
    }
    graph_.node(id).inputs.resize(3, kNone);
    graph_.node(id).inputs[2] = dequantized(id, node.name + "_bias", std::move(integers), std::move(bias_scales), 0, TensorType::of(DType::Float32, Shape{layer.layout.channels}));
  }

  Graph graph_;
  const Plan& plan_;
  pass::Names names_;
  std::map<ValueId, ValueId> originals_;  // values that took a dropped activation's place
};

}  // namespace

Result<Graph> insert_qdq(const Graph& prepared, const Plan& plan, const std::vector<bool>& chosen) { return Writer(prepared, plan).whole(chosen); }
Result<Graph> beside_floats(const Graph& prepared, const Plan& plan, const std::vector<bool>& chosen) { return Writer(prepared, plan).beside(chosen); }

}  // namespace npu::quantize
