// SPDX-License-Identifier: Apache-2.0
#include "core/ops/graph_builder.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/ops/op.h"

namespace npu {

GraphBuilder::GraphBuilder(std::string name, uint64_t max_bytes) : bytes_left_(max_bytes), max_bytes_(max_bytes) {
  graph_.name = std::move(name);
  graph_.opset = kOpset;
}

void GraphBuilder::begin(std::string node, std::string where) {
  node_ = std::move(node);
  where_ = std::move(where);
  first_ = static_cast<NodeId>(graph_.node_capacity());
}

void GraphBuilder::finish(std::span<const ValueId> results, std::span<const std::string> names) {
  if (!ok()) return;
  for (size_t i = 0; i < results.size(); ++i) {
    const NodeId producer = results[i] == kNone ? kNone : graph_.value(results[i]).producer;
    if (producer == kNone || producer < first_) continue;  // the model's node only passes a value on
    if (i == 0) graph_.node(producer).name = unique(node_names_, node_);
    rename_value(results[i], names[i]);
  }
}

void GraphBuilder::rename_value(ValueId id, const std::string& wish) {
  std::string& name = graph_.value(id).name;
  if (name == wish) return;
  value_names_.erase(name);
  name = unique(value_names_, wish);
}

std::string GraphBuilder::unique(std::unordered_set<std::string>& taken, const std::string& wish) {
  std::string name = wish;
  for (int i = 1; !taken.insert(name).second; ++i) name = fmt::format("{}_{}", wish, i);
  return name;
}

ValueId GraphBuilder::input(const std::string& name, TensorType type) {
  if (!ok()) return kNone;
  if (!value_names_.insert(name).second) return fail(ErrorKind::InvalidModel, fmt::format("the name '{}' is given twice", name));
  const ValueId id = graph_.add_value(name, std::move(type));
  graph_.inputs.push_back(id);
  return id;
}

ValueId GraphBuilder::constant(std::string_view what, Tensor tensor) {
  if (!ok()) return kNone;
  return graph_.add_constant(unique(value_names_, fmt::format("{}_{}", node_, what)), std::move(tensor));
}

ValueId GraphBuilder::ints(std::string_view what, const std::vector<int64_t>& values) {
  return constant(what, Tensor::from<int64_t>(DType::Int64, {static_cast<int64_t>(values.size())}, values));
}

ValueId GraphBuilder::number(std::string_view what, float value) { return constant(what, Tensor::from<float>(DType::Float32, {}, std::span(&value, 1))); }

ValueId GraphBuilder::add(std::string_view op, std::vector<ValueId> inputs, Attrs attrs) { return add_many(op, std::move(inputs), 1, std::move(attrs))[0]; }

std::vector<ValueId> GraphBuilder::add_many(std::string_view op, std::vector<ValueId> inputs, size_t outputs, Attrs attrs) {
  std::vector<ValueId> made(outputs, kNone);
  if (!ok()) return made;
  const std::string name = fmt::format("{}_{}", node_, op);
  for (ValueId& id : made) id = graph_.add_value(unique(value_names_, name), {});
  Node node{.op = std::string(op), .name = unique(node_names_, name), .inputs = std::move(inputs), .outputs = made, .attrs = std::move(attrs), .origin = {node_}};
  const NodeId id = graph_.append(std::move(node));
  if (Status inferred = infer_node(graph_, id); !inferred) fail(inferred.error().kind, std::move(inferred.error().what));
  return made;
}

ValueId GraphBuilder::reshape(ValueId from, const std::vector<int64_t>& shape) {
  const TensorType& now = type(from);
  if (now.is_static() && to_shape(now.dims) == shape) return from;
  return add("Reshape", {from, ints("shape", shape)});
}

ValueId GraphBuilder::transpose(ValueId from, const std::vector<int64_t>& perm) {
  return std::ranges::is_sorted(perm) ? from : add("Transpose", {from}, {{"perm", perm}});
}

const TensorType& GraphBuilder::type(ValueId id) const {
  static const TensorType unknown;
  return id == kNone ? unknown : graph_.value(id).type;
}

const Tensor* GraphBuilder::constant_of(ValueId id) const { return graph_.is_constant(id) ? &*graph_.value(id).constant : nullptr; }

bool GraphBuilder::account(uint64_t bytes) {
  if (!ok()) return false;
  if (bytes > bytes_left_) {
    fail(ErrorKind::CompileLimit, fmt::format("takes {} bytes beside the {} of the tensors before it, the limit is {}", bytes, max_bytes_ - bytes_left_, max_bytes_));
    return false;
  }
  bytes_left_ -= bytes;
  return true;
}

ValueId GraphBuilder::fail(ErrorKind kind, std::string what, std::string where) {
  if (ok()) status_ = npu::fail(kind, where.empty() ? where_ : std::move(where), std::move(what));
  return kNone;
}

Result<Graph> GraphBuilder::take(std::span<const ValueId> outputs, std::span<const std::string> names) {
  if (!ok()) return std::unexpected(status_.error());
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (graph_.value(outputs[i]).producer != kNone && graph_.value(outputs[i]).name != names[i]) {
      if (const ValueId holder = graph_.find_value(names[i]); holder != kNone && graph_.value(holder).producer != kNone) rename_value(holder, names[i] + "_inner");
      rename_value(outputs[i], names[i]);
    }
    graph_.outputs.push_back(outputs[i]);
  }
  graph_.erase_dead();
  for (const NodeId id : graph_.order())
    for (const ValueId output : graph_.node(id).outputs)
      if (output != kNone && !graph_.is_output(output)) graph_.value(output).type = {graph_.value(output).type.dtype, false, {}};
  NPU_CHECK(verify(graph_));
  return std::move(graph_);
}

}  // namespace npu
