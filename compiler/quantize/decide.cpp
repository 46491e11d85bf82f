// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/decide.h"

#include <algorithm>

namespace npu::quantize {
namespace {

// Values that share one type because nodes only move what is in them: each stands for its group.
class Groups {
 public:
  ValueId of(ValueId id) {
    const auto found = parent_.find(id);
    return found == parent_.end() || found->second == id ? id : parent_[id] = of(found->second);
  }
  void join(ValueId a, ValueId b) { parent_[of(a)] = of(b); }

 private:
  std::map<ValueId, ValueId> parent_;
};

// The first layer that reads a value says how it is rounded, else the one that gives it.
std::map<ValueId, const LayerOptions*> owners(const Graph& graph, std::span<const Layer> layers, const QuantizeOptions& options) {
  std::map<ValueId, const LayerOptions*> found;
  for (const bool readers : {true, false})
    for (const Layer& layer : layers)
      if (layer.fault.empty()) found.try_emplace(readers ? layer.input : layer.result, &options_of(options, graph.node(layer.node), layer));
  return found;
}

FloatRange intersect(FloatRange range, FloatRange bounds) { return {std::max(range.low, bounds.low), std::min(range.high, bounds.high)}; }

}  // namespace

const LayerOptions& options_of(const QuantizeOptions& options, const Node& node, const Layer& layer) {
  for (const auto& [name, own] : options.by_name)
    if (is_called(node, name)) return own;
  const auto type = options.by_type.find(layer.op);
  return type == options.by_type.end() ? options.common : type->second;
}

Plan decide(const Graph& prepared, std::vector<Layer> layers, const Observations& seen, const QuantizeOptions& options) {
  Plan plan;
  std::vector<bool> all;
  for (const Layer& layer : layers) all.push_back(layer.fault.empty());
  const auto followers = find_followers(prepared, layers, all);

  std::map<ValueId, FloatRange> bounds;  // what activations let through
  for (const Layer& layer : layers)
    if (layer.activation != kNone) bounds[layer.result] = bounds_of(prepared, prepared.node(layer.activation));
  Groups groups;
  for (const Follower& follower : followers) {
    if (follower.activation != kNone) bounds[follower.result] = bounds_of(prepared, prepared.node(follower.activation));
    if (follower.moves)
      for (ValueId operand : follower.operands) groups.join(operand, follower.result);
  }

  const auto owner = owners(prepared, layers, options);
  struct Group {
    FloatRange range;
    bool with_offset = false, fresh = true;
  };
  std::map<ValueId, Group> united;
  for (const auto& [id, value] : seen.values) {
    const auto found = owner.find(id);
    const LayerOptions& own = found == owner.end() ? options.common : *found->second;
    const bool with_offset = own.asymmetric.value_or(options.activation_offset);
    RangeOptions how = own.activation;
    // Pictures have hard ends, and many equal pixels, at which the search by entropy would clip.
    if (how.method == RangeMethod::Entropy && std::ranges::count(prepared.inputs, id) > 0) how.method = RangeMethod::MinMax;
    FloatRange range = find_range(value.histogram, how, with_offset);
    if (const auto bound = bounds.find(id); bound != bounds.end()) range = intersect(range, bound->second);
    Group& group = united[groups.of(id)];
    group.range = group.fresh ? range : FloatRange{std::min(group.range.low, range.low), std::max(group.range.high, range.high)};
    group.with_offset |= with_offset;
    group.fresh = false;
  }
  for (const auto& [id, value] : seen.values) {
    const Group& group = united.at(groups.of(id));
    plan.params[id] = params_of(group.range, group.with_offset);
  }

  for (size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    const bool channel_wise = options_of(options, prepared.node(layer.node), layer).channel_wise;
    plan.channel_wise.push_back(channel_wise);
    plan.bias_shift.emplace_back();
    if (!layer.fault.empty() || !options.bias_correction) continue;
    const Tensor& weights = *prepared.value(prepared.node(layer.node).inputs[1]).constant;
    plan.bias_shift.back() = mean_shift(weights, quantise_weights(weights, layer.layout, channel_wise), layer.layout, seen.input_means[i]);
  }
  plan.layers = std::move(layers);
  return plan;
}

}  // namespace npu::quantize
