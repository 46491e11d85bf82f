// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/quantize.h"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "compiler/passes/pass.h"
#include "compiler/quantize/decide.h"
#include "compiler/quantize/sensitivity.h"
#include "core/ops/op.h"

namespace npu::quantize {
namespace {

std::unexpected<Error> refuse(std::string where, std::string what) { return fail(ErrorKind::InvalidArgument, std::move(where), std::move(what)); }

Result<std::vector<Shape>> check_batches(const Graph& model, std::span<const Batch> batches) {
  if (batches.empty()) return refuse("calibration", "no data");
  std::vector<Shape> shapes;
  for (const Tensor& tensor : batches[0]) shapes.push_back(tensor.shape());
  for (size_t b = 0; b < batches.size(); ++b) {
    const std::string where = fmt::format("calibration batch {}", b + 1);
    if (batches[b].size() != model.inputs.size()) return refuse(where, fmt::format("{} tensors for {} inputs", batches[b].size(), model.inputs.size()));
    for (size_t i = 0; i < batches[b].size(); ++i) {
      const Tensor& tensor = batches[b][i];
      const Value& input = model.value(model.inputs[i]);
      const auto bad = [&](std::string_view expected) { return refuse(where, fmt::format("input '{}': {} {} where {} is expected", input.name, to_string(tensor.dtype()), npu::to_string(tensor.shape()), expected)); };
      if (tensor.dtype() != input.type.dtype) return bad(to_string(input.type));
      if (tensor.shape() != shapes[i]) return bad(npu::to_string(shapes[i]) + ", as in the first batch,");
      bool fits = !input.type.has_rank || input.type.dims.size() == tensor.shape().size();
      for (size_t d = 0; fits && input.type.has_rank && d < tensor.shape().size(); ++d) fits = !input.type.dims[d].known() || input.type.dims[d].value() == tensor.shape()[d];
      if (!fits) return bad(to_string(input.type));
    }
  }
  return shapes;
}

Status check_names(const Graph& model, const QuantizeOptions& options) {
  const auto known = [&](const std::string& name) { return std::ranges::any_of(model.order(), [&](NodeId id) { return model.node(id).name == name; }); };
  for (const auto& [names, field] : {std::pair{&options.skip_layers, "skip_layers"}, std::pair{&options.skip_fusion_layers, "skip_fusion_layers"}})
    for (const std::string& name : *names)
      if (!known(name)) return refuse(field, fmt::format("the model has no node '{}'", name));
  for (const std::string& name : options.by_name | std::views::keys)
    if (!known(name)) return refuse("override_layer_configs", fmt::format("the model has no node '{}'", name));
  NPU_CHECK(check_options(options.common.activation));
  for (const auto* own : {&options.by_type, &options.by_name})
    for (const auto& layer : *own) NPU_CHECK(check_options(layer.second.activation));
  if (options.budget && !(options.budget->loss >= 0 && options.budget->loss <= 1)) return refuse("budget", fmt::format("{}: it is a share from 0 to 1", options.budget->loss));
  return {};
}

// As the model spells it: passes turn products into each other.
std::string type_in(const Graph& model, const Node& node) {
  for (NodeId id : model.order())
    if (const Node& candidate = model.node(id); (candidate.op == "Gemm" || candidate.op == "MatMul") && is_called(node, candidate.name)) return candidate.op;
  return node.op;
}

// Why options leave the layer in fp16.
std::string skipped(const Graph& graph, const Layer& layer, const QuantizeOptions& options) {
  const Node& node = graph.node(layer.node);
  for (const std::string& name : options.skip_layers)
    if (is_called(node, name)) return "skip_layers names it";
  if (options.skip_types.contains(layer.op)) return "skip_layer_types names its type";
  if (!options.first_layer && std::ranges::count(graph.inputs, layer.input) > 0) return "it reads the model's input";
  return {};
}

// The constant shape of a Reshape with its first axis left open, where nothing else is.
ValueId free_shape(Graph& graph, ValueId shape, int64_t batch) {
  if (!graph.is_constant(shape)) return shape;
  std::vector<int64_t> sizes = graph.value(shape).constant->to_ints();
  if (sizes.empty() || sizes[0] != batch || std::ranges::count(sizes, -1) > 0) return shape;
  sizes[0] = -1;
  return graph.add_constant(graph.unique_value_name(graph.value(shape).name + "_free"), Tensor::from<int64_t>(DType::Int64, {std::ssize(sizes)}, std::span<const int64_t>(sizes)));
}

// A batch that was open in the model is open again in what was made of it for the calibration's.
void free_batch(Graph& graph, const Graph& model, const std::vector<Shape>& shapes) {
  for (ValueId input : model.inputs)
    if (const Dims& dims = model.value(input).type.dims; dims.empty() || dims[0].known()) return;
  const int64_t batch = shapes[0][0];
  const auto free = [&](ValueId id) {
    Dims& dims = graph.value(id).type.dims;
    if (!graph.is_constant(id) && !dims.empty() && dims[0] == Dim(batch)) dims[0] = Dim("batch");
  };
  for (ValueId input : graph.inputs) free(input);
  for (NodeId id : graph.order()) {
    if (Node& node = graph.node(id); node.op == "Reshape") {
      const ValueId open = free_shape(graph, node.inputs[1], batch);
      graph.node(id).inputs[1] = open;
    }
    for (ValueId output : graph.node(id).outputs)
      if (output != kNone) free(output);
  }
}

// Layers whose integers this chip's cube cannot take get a fault: they would run on the AI CPU.
Status keep_to_cores(const Graph& prepared, const Soc& soc, Plan& plan) {
  std::vector<bool> able;
  for (const Layer& layer : plan.layers) able.push_back(layer.fault.empty());
  NPU_TRY(Graph graph, insert_qdq(prepared, plan, able));
  constexpr std::string_view kLast = "assign-engine";
  const Status status = run_passes(graph, soc, {}, [&](const PassReport& report, const Graph& now) {
    if (report.name != kLast) return true;
    for (NodeId id : now.order()) {
      const Node& node = now.node(id);
      if (node.engine != Engine::AiCpu || (node.op != "QLinearConv" && node.op != "QGemm")) continue;
      const auto layer = std::ranges::find(plan.layers, node.name, &Layer::name);
      if (layer == plan.layers.end()) continue;
      const auto miss = std::ranges::find(report.misses, fmt::format("{} '{}'", node.op, node.name), &MissedRewrite::node);
      layer->fault = miss == report.misses.end() ? "the 8-bit cube does not take it" : miss->reason;
    }
    return false;
  });
  if (!status && status.error().kind != ErrorKind::Cancelled) return std::unexpected(status.error());
  return {};
}

// Fills in sqnr_db and cosine.
Status compare_layers(const Trial& trial, const std::vector<bool>& able, std::vector<LayerReport>& reports, const Progress& progress) {
  if (std::ranges::count(able, true) == 0) return {};
  NPU_TRY(Graph graph, beside_floats(trial.prepared, trial.plan, able));
  NPU_TRY(const RunGraph run, trial.make_runner(std::move(graph)));
  std::vector<Difference> differences(able.size());
  for (size_t b = 0; b < trial.batches.size(); ++b) {
    if (progress && !progress(b, trial.batches.size(), "layers one by one")) return fail(ErrorKind::Cancelled, "", "stopped");
    NPU_TRY(const std::vector<Tensor> outputs, run(trial.batches[b]));
    for (size_t i = 0, at = 0; i < able.size(); ++i) {
      if (!able[i]) continue;
      differences[i].add(outputs[at], outputs[at + 1]);
      at += 2;
    }
  }
  for (size_t i = 0; i < able.size(); ++i)
    if (able[i]) reports[i].sqnr_db = differences[i].sqnr_db(), reports[i].cosine = differences[i].cosine();
  return {};
}

}  // namespace

size_t QuantizedModel::int8_layers() const { return static_cast<size_t>(std::ranges::count(layers, true, &LayerReport::int8)); }

MakeRunner reference_runner() {
  return [](Graph graph) -> Result<RunGraph> {
    return [graph = std::make_shared<const Graph>(std::move(graph))](std::span<const Tensor> inputs) { return run_reference(*graph, inputs); };
  };
}

Result<QuantizedModel> quantize(const Graph& model, std::span<const Batch> batches, const QuantizeOptions& options, const MakeRunner& make_runner, const Progress& progress) {
  NPU_TRY(const std::vector<Shape> shapes, check_batches(model, batches));
  NPU_CHECK(check_names(model, options));
  NPU_TRY(const Soc* soc, find_soc(options.soc));
  NPU_TRY(const Graph prepared, prepare(model, shapes, *soc, {options.fold_batch_norm, options.skip_fusion_layers}));

  std::vector<Layer> layers = find_layers(prepared);
  QuantizedModel made;
  for (Layer& layer : layers) {
    layer.op = type_in(model, prepared.node(layer.node));
    if (layer.fault.empty()) layer.fault = skipped(prepared, layer, options);
    made.layers.push_back({.name = layer.name, .op = layer.op, .reason = layer.fault});
  }
  NPU_TRY(const Observations seen, observe(prepared, layers, batches, make_runner, progress));
  Plan plan = decide(prepared, std::move(layers), seen, options);
  NPU_CHECK(keep_to_cores(prepared, *soc, plan));
  std::vector<bool> able;
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    const Layer& layer = plan.layers[i];
    able.push_back(layer.fault.empty());
    made.layers[i].reason = layer.fault;
    if (!able[i]) continue;
    made.layers[i].seen = seen.values.at(layer.input).range;
    made.layers[i].input = plan.params.at(layer.input);
    made.layers[i].output = plan.params.at(layer.result);
    made.layers[i].range = made.layers[i].input.range();
  }

  const Trial trial{prepared, plan, batches, seen.outputs, make_runner};
  NPU_CHECK(compare_layers(trial, able, made.layers, progress));
  Search found{able, {}, std::vector<std::optional<double>>(able.size())};
  if (options.budget) {
    NPU_TRY(found, search(trial, able, *options.budget, progress));
    made.float_score = options.budget->score(seen.outputs, seen.outputs);
    made.score = options.budget->score(found.outputs, seen.outputs);
  } else {
    NPU_TRY(found.outputs, answers(trial, able));
  }
  for (size_t i = 0; i < able.size(); ++i) {
    made.layers[i].int8 = found.chosen[i];
    made.layers[i].sensitivity = found.sensitivity[i];
    if (able[i] && !found.chosen[i]) made.layers[i].reason = fmt::format("alone it adds {:.2g} of the outputs' power as noise", found.sensitivity[i].value_or(0));
  }
  made.output_cosine = least_cosine()(found.outputs, seen.outputs);
  NPU_TRY(made.graph, insert_qdq(prepared, plan, found.chosen));
  free_batch(made.graph, model, shapes);
  return made;
}

}  // namespace npu::quantize
