// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/load_source.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/om/om.h"
#include "core/ops/op.h"
#include "core/onnx/onnx.h"
#include "ui/graph/graph_model.h"
#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

NodeRow describe_node(const Graph& graph, const Node& node) {
  NodeRow row{node.op, node.name, "", "", ""};
  for (const ValueId id : node.inputs)
    if (id != kNone && !graph.is_constant(id)) row.inputs += (row.inputs.empty() ? "" : ", ") + graph.value(id).name;
  if (!node.outputs.empty() && node.outputs[0] != kNone) {
    const Value& out = graph.value(node.outputs[0]);
    row.output = out.type.has_rank ? to_string(out.type) : out.name;
  }
  for (const auto& [name, attr] : node.attrs)
    row.attrs += (row.attrs.empty() ? "" : "  ") + name + "=" + attr_text(attr);
  return row;
}

// With the shapes that follow from the file's; where they do not, as the file has them.
GraphModelPtr typed_model(const Graph& graph) {
  Graph typed = graph;
  return std::make_shared<const GraphModel>(graph_model(infer_shapes(typed) ? typed : graph));
}

Preprocess guess_preprocess(const TensorType& input) {
  // ImageNet's statistics are what most published classifiers expect of RGB; grey ones mostly want 0..1.
  const bool grey = input.dims.size() == 4 && input.dims[1] == Dim(1);
  if (grey) return {{0.0f}, {1.0f}, true, false};
  return {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}, false, false};
}

Preprocess preprocess_of(const Graph& graph, const SampleInfo* sample) {
  if (sample) return {sample->mean, sample->deviation, sample->grey, false};
  return graph.inputs.empty() ? Preprocess{} : guess_preprocess(graph.value(graph.inputs[0]).type);
}

Result<LoadedSource> load_sample_source(const Source& source, const SampleReader& read) {
  const Sample* sample = find_sample(source.name);
  if (!sample) return fail(ErrorKind::InvalidArgument, source.name, "there is no such sample");
  LoadedSource loaded;
  NPU_TRY(SampleInfo info, load_sample_info(*sample, read));
  NPU_TRY(loaded.graph, load_sample_graph(*sample, info, read));
  ModelInfo described = describe_graph(loaded.graph);
  described.name = info.model_file.empty() ? info.name : info.model_file.substr(info.model_file.rfind('/') + 1);
  loaded.sample = std::make_shared<SampleInfo>(std::move(info));
  loaded.info = std::make_shared<ModelInfo>(std::move(described));
  return loaded;
}

// The graph has a copy of its weights: few tensors of a file are aligned, and those would keep the whole file.
Result<LoadedSource> load_model_source(const Source& source) {
  LoadedSource loaded;
  loaded.kind = kind_of_model(*source.bytes);
  const ModelFile weights{source.weights_name, source.weights ? Bytes(*source.weights) : Bytes(), nullptr};
  auto graph = load_model_file({source.name, *source.bytes, nullptr}, source.weights ? &weights : nullptr);
  if (!graph) {
    if (graph.error().what.starts_with("needs the external data file"))
      graph.error().what += ": a page opens single files. Compile the model with atc and open the .om";
    return std::unexpected(graph.error());
  }
  loaded.graph = std::move(*graph);
  ModelInfo described = describe_graph(loaded.graph);
  described.name = source.name;
  described.format = to_string(loaded.kind);
  described.file_bytes = static_cast<int64_t>(source.bytes->size() + weights.bytes.size());
  loaded.info = std::make_shared<ModelInfo>(std::move(described));
  return loaded;
}

// A vendor's file is not run here, but what it holds is told with the refusal.
Error refusal(const Source& source, Error error) {
  if (const auto info = inspect_om(*source.bytes); info && !info->runnable)
    error.what += fmt::format(" ({} operators, {} tasks)", info->ops.size(), info->tasks);
  error.where = source.name;
  return error;
}

Result<LoadedSource> load_om_source(const Source& source) {
  auto package = load_package(source.bytes);
  if (!package) return std::unexpected(refusal(source, package.error()));
  if (package->open)
    return fail(ErrorKind::UnsupportedModel, source.name, "has open shapes (" + inputs_text(package->open->inputs) + "), which the page does not run yet; npu run does");
  LoadedSource loaded;
  const CompiledModel& first = package->first();
  ModelInfo described = describe_graph(first.graph);
  described.name = source.name;
  described.file_bytes = static_cast<int64_t>(source.bytes->size());
  described.compiled = true;
  loaded.kind = ModelKind::Om;
  if (first.weights) described.parameter_bytes = static_cast<int64_t>(first.weights->size());
  loaded.info = std::make_shared<ModelInfo>(std::move(described));
  loaded.package = std::move(*package);
  return loaded;
}

}  // namespace

ModelInfo describe_graph(const Graph& graph) {
  ModelInfo info;
  info.graph = typed_model(graph);
  info.opset = graph.opset;
  for (const ValueId id : graph.inputs) info.inputs.push_back({graph.value(id).name, to_string(graph.value(id).type)});
  for (const ValueId id : graph.outputs) info.outputs.push_back({graph.value(id).name, to_string(graph.value(id).type)});
  std::map<std::string, int> counts;
  for (const NodeId id : graph.order()) {
    info.nodes.push_back(describe_node(graph, graph.node(id)));
    ++counts[graph.node(id).op];
  }
  info.operators.assign(counts.begin(), counts.end());
  std::ranges::stable_sort(info.operators, std::ranges::greater{}, &std::pair<std::string, int>::second);
  for (size_t id = 0; id < graph.value_count(); ++id) {
    const Value& value = graph.value(static_cast<ValueId>(id));
    if (!value.constant) continue;
    info.parameters += value.constant->elements();
    info.parameter_bytes += static_cast<int64_t>(value.constant->byte_size());
  }
  return info;
}

bool is_picture(Bytes bytes) {
  const auto begins_with = [&](std::string_view magic) {
    return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
  };
  return begins_with("\x89PNG") || begins_with("\xff\xd8\xff");
}

Result<LoadedSource> load_source(const Source& source, const SampleReader& read) {
  LoadedSource loaded;
  if (!source.bytes) {
    NPU_TRY(loaded, load_sample_source(source, read));
  } else if (is_om(*source.bytes)) {
    NPU_TRY(loaded, load_om_source(source));
  } else {
    NPU_TRY(loaded, load_model_source(source));
  }
  loaded.source = {source.id, source.name, nullptr, source.weights_name, nullptr};
  loaded.preprocess = preprocess_of(loaded.package ? loaded.package->first().graph : loaded.graph, loaded.sample.get());
  return loaded;
}

}  // namespace npu::ui
