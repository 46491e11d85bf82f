// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/tensorflow/op.h"
#include "core/tensorflow/tensor.h"
#include "core/tensorflow/tensorflow.h"

namespace npu {
namespace {

using namespace tensorflow;

// "node:1": output 1 of the node; "node" is its first.
struct Reference {
  std::string_view node;
  size_t output = 0;
};

Reference parse_reference(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return {text};
  size_t output = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data() + colon + 1, end, output);
  return code == std::errc() && stop == end ? Reference{text.substr(0, colon), output} : Reference{text};
}

bool is_order_only(std::string_view input) { return input.starts_with('^'); }

// Nodes that do nothing for a result.
bool is_without_result(const NodeDef& node) { return node.op == "NoOp" || node.op == "Assert" || node.op == "Const" || node.op == "Placeholder"; }

class Loader {
 public:
  Loader(std::vector<NodeDef> nodes, std::shared_ptr<const void> owner, const TensorFlowLoadOptions& options)
      : nodes_(std::move(nodes)), owner_(std::move(owner)), options_(options), file_("'" + options.name + "'"), graph_(options.name, options.max_bytes) {}

  Result<Graph> load() {
    NPU_CHECK(index_names());
    NPU_TRY(const std::vector<Reference> outputs, find_outputs());
    NPU_TRY(const std::vector<size_t> order, sorted(outputs));
    values_.resize(nodes_.size());
    for (size_t id = 0; id < nodes_.size(); ++id)
      if (reached_[id] && nodes_[id].op == "Placeholder") NPU_CHECK(add_placeholder(id));
    for (const size_t id : order)
      if (nodes_[id].op != "Placeholder") NPU_CHECK(add_node(id));
    return finish(outputs);
  }

 private:
  std::string place(const NodeDef& node) const { return fmt::format("{} {} '{}'", file_, node.op, node.name); }

  Status index_names() {
    for (size_t id = 0; id < nodes_.size(); ++id) {
      if (nodes_[id].name.empty() || nodes_[id].op.empty()) return fail(ErrorKind::InvalidModel, fmt::format("{} node {}", file_, id), "has no name or no operator");
      if (!ids_.emplace(nodes_[id].name, id).second) return fail(ErrorKind::InvalidModel, place(nodes_[id]), "this name is given twice");
    }
    return {};
  }

  // Of the caller, or what no node reads.
  Result<std::vector<Reference>> find_outputs() const {
    std::vector<Reference> outputs;
    for (const std::string& text : options_.outputs) {
      outputs.push_back(parse_reference(text));
      if (!ids_.contains(outputs.back().node)) return fail(ErrorKind::InvalidArgument, "--out_nodes", fmt::format("the model has no node '{}'", outputs.back().node));
    }
    if (!outputs.empty()) return outputs;
    std::vector<bool> read(nodes_.size());
    for (const NodeDef& node : nodes_)
      for (const std::string_view input : node.inputs)
        if (const auto found = ids_.find(parse_reference(input).node); found != ids_.end()) read[found->second] = true;
    for (size_t id = 0; id < nodes_.size(); ++id)
      if (!read[id] && !is_without_result(nodes_[id])) outputs.push_back({nodes_[id].name});
    if (outputs.empty()) return fail(ErrorKind::InvalidModel, file_, "has no node that others do not read, so no outputs");
    return outputs;
  }

  // The nodes that the outputs need, each after those it reads.
  Result<std::vector<size_t>> sorted(std::span<const Reference> outputs) {
    enum class Mark : uint8_t { New, Open, Done };
    std::vector<Mark> marks(nodes_.size());
    std::vector<std::pair<size_t, size_t>> stack;  // node, its next input
    std::vector<size_t> order;
    for (const Reference& output : outputs) {
      if (const size_t id = ids_.at(output.node); marks[id] == Mark::New) stack.emplace_back(id, 0);
      while (!stack.empty()) {
        auto& [id, next] = stack.back();
        const NodeDef& node = nodes_[id];
        marks[id] = Mark::Open;
        if (next == node.inputs.size()) {
          marks[id] = Mark::Done;
          order.push_back(id);
          stack.pop_back();
          continue;
        }
        const std::string_view input = node.inputs[next++];
        if (is_order_only(input)) continue;
        const auto found = ids_.find(parse_reference(input).node);
        if (found == ids_.end()) return fail(ErrorKind::InvalidModel, place(node), fmt::format("its input '{}' is no node of the graph", input));
        if (marks[found->second] == Mark::Open) return fail(ErrorKind::InvalidModel, place(node), fmt::format("its input '{}' needs its result: a cycle", input));
        if (marks[found->second] == Mark::New) stack.emplace_back(found->second, 0);
      }
    }
    reached_.assign(nodes_.size(), false);
    for (const size_t id : order) reached_[id] = true;
    return order;
  }

  Status add_placeholder(size_t id) {
    const NodeDef& node = nodes_[id];
    graph_.begin(node.name, place(node));
    Op op{node, {}, graph_, known_};
    TensorType type = op.shape("shape").value_or(TensorType{});
    type.dtype = op.dtype("dtype", DType::Undefined);
    if (type.dtype == DType::Undefined) op.invalid("has no dtype");
    if (const auto given = options_.input_shapes.find(node.name); given != options_.input_shapes.end()) {
      if (type.has_rank && !fits(given->second, type.dims))
        return fail(ErrorKind::InvalidArgument, fmt::format("--input_shape of '{}'", node.name), fmt::format("{} does not fit the model's {}", to_string(given->second), to_string(type.dims)));
      type = TensorType::of(type.dtype, given->second);
    }
    values_[id] = {TensorValue{graph_.input(node.name, std::move(type)), kNone}};
    return graph_.status();
  }

  static bool fits(const Dims& given, const Dims& dims) {
    return std::ranges::equal(given, dims, [](const Dim& mine, const Dim& its) { return !its.known() || !mine.known() || mine == its; });
  }

  Status add_node(size_t id) {
    const NodeDef& node = nodes_[id];
    graph_.begin(node.name, place(node));
    Op op{node, {}, graph_, known_};
    if (node.op == "Const") return add_constant(id, op);
    const OpRow* row = find_op_row(node.op);
    if (!row) return not_offered(node);
    for (const std::string_view input : node.inputs) {
      if (is_order_only(input)) continue;
      const Reference reference = parse_reference(input);
      std::vector<TensorValue>& results = values_[ids_.at(reference.node)];
      if (reference.output >= results.size())
        return fail(ErrorKind::UnsupportedModel, place(node), fmt::format("its input '{}': of {} '{}' only {} outputs are offered", input, nodes_[ids_.at(reference.node)].op, reference.node, results.size()));
      op.inputs.push_back(&results[reference.output]);
    }
    if (op.count() < row->min_inputs || op.count() > row->max_inputs) return fail(ErrorKind::InvalidModel, place(node), fmt::format("has {} inputs, {} to {} are possible", op.count(), row->min_inputs, row->max_inputs));
    values_[id] = row->rule(op);
    name_results(id);
    return graph_.status();
  }

  void name_results(size_t id) {
    std::vector<ValueId> results;
    std::vector<std::string> names;
    for (const TensorValue& value : values_[id]) {
      results.push_back(value.plain != kNone ? value.plain : value.channels_first);
      names.push_back(results.size() == 1 ? nodes_[id].name : fmt::format("{}:{}", nodes_[id].name, results.size() - 1));
    }
    graph_.finish(results, names);
  }

  Status add_constant(size_t id, const Op& op) {
    const auto tensor = op.tensor("value");
    if (!tensor) op.invalid("has no value");
    else values_[id] = {TensorValue{graph_.constant("value", read_tensor(*tensor, owner_, graph_)), kNone}};
    return graph_.status();
  }

  Status not_offered(const NodeDef& node) const {
    std::vector<std::string_view> offered;
    for (const OpRow& row : op_rows()) offered.push_back(row.type);
    return fail(ErrorKind::UnsupportedModel, file_, fmt::format("operator '{}' of '{}' is not offered; offered: Const, Placeholder, {}", node.op, node.name, fmt::join(offered, ", ")));
  }

  Result<Graph> finish(std::span<const Reference> outputs) {
    std::vector<ValueId> ids;
    std::vector<std::string> names;
    for (const Reference& output : outputs) {
      std::vector<TensorValue>& results = values_[ids_.at(output.node)];
      if (output.output >= results.size()) return fail(ErrorKind::InvalidArgument, "--out_nodes", fmt::format("'{}' has no output {}", output.node, output.output));
      graph_.begin(std::string(output.node), file_);
      ids.push_back(make_plain(graph_, results[output.output]));
      names.push_back(output.output == 0 ? std::string(output.node) : fmt::format("{}:{}", output.node, output.output));
    }
    return graph_.take(ids, names);
  }

  std::vector<NodeDef> nodes_;
  std::shared_ptr<const void> owner_;
  const TensorFlowLoadOptions& options_;
  std::string file_;
  GraphBuilder graph_;
  std::unordered_map<std::string_view, size_t> ids_;  // of nodes_, by name
  std::vector<bool> reached_;
  std::vector<std::vector<TensorValue>> values_;  // the results of each node
  KnownInts known_;
};

}  // namespace

Result<Graph> load_tensorflow(Bytes bytes, std::shared_ptr<const void> owner, const TensorFlowLoadOptions& options) {
  try {
    std::vector<NodeDef> nodes = read_graph_def(bytes);
    if (nodes.empty() || nodes[0].op.empty())
      return fail(ErrorKind::InvalidModel, "'" + options.name + "'", "is no frozen TensorFlow graph: it holds no nodes (a SavedModel or a checkpoint must be frozen to one file first)");
    return Loader(std::move(nodes), std::move(owner), options).load();
  } catch (const protozero::exception& error) {
    return fail(ErrorKind::InvalidModel, "'" + options.name + "'", "is no frozen TensorFlow graph, or " + pb_damage(error));
  }
}

}  // namespace npu
