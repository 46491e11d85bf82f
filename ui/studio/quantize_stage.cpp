// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "compiler/compile.h"
#include "runtime/profile/profile.h"
#include "runtime/session/graph_runner.h"
#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

constexpr int kPatterns = 4;  // batches where there are no pictures

std::vector<TensorDesc> inputs_of(const Graph& graph, const QuantizeRequest& request) {
  std::vector<TensorDesc> inputs;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    TensorDesc desc;
    desc.name = value.name, desc.dtype = value.type.dtype;
    if (const auto given = request.input_shapes.find(value.name); given != request.input_shapes.end()) desc.shape = given->second;
    else
      for (const Dim& dim : value.type.dims) desc.shape.push_back(dim.known() ? dim.value() : 1);
    inputs.push_back(std::move(desc));
  }
  return inputs;
}

Result<std::vector<quantize::Batch>> make_batches(const std::vector<TensorDesc>& inputs, const QuantizeRequest& request) {
  const bool pictures = !request.pictures.empty() && std::ranges::any_of(inputs, takes_pictures);
  const size_t count = pictures ? request.pictures.size() : kPatterns;
  std::vector<quantize::Batch> batches(count);
  for (size_t i = 0; i < count; ++i)
    for (const TensorDesc& desc : inputs) {
      if (pictures && takes_pictures(desc)) {
        NPU_TRY(Tensor tensor, picture_input(request.pictures[i], request.preprocess, desc));
        batches[i].push_back(std::move(tensor));
      } else {
        batches[i].push_back(pattern_input(desc, static_cast<int>(i)));
      }
    }
  return batches;
}

// The class of each batch's first row, by the chip; empty where the first output is no row of scores.
Result<std::vector<int>> classes_of(const Graph& graph, std::span<const quantize::Batch> batches, const QuantizeRequest& request) {
  std::vector<int> classes;
  Graph shaped = graph;
  for (size_t i = 0; i < shaped.inputs.size(); ++i) {
    Value& value = shaped.value(shaped.inputs[i]);
    Dims dims;
    for (const int64_t dim : batches.front()[i].shape()) dims.push_back(Dim(dim));
    value.type = TensorType::of(value.type.dtype, std::move(dims));
  }
  NPU_TRY(const RunGraph run, emulated_runner(specialise_factory(), request.chip, request.threads)(std::move(shaped)));
  for (const quantize::Batch& batch : batches) {
    NPU_TRY(const std::vector<Tensor> outputs, run(batch));
    const bool scores = !outputs.empty() && outputs[0].shape().size() == 2 && outputs[0].shape()[1] > 1;
    if (!scores) return std::vector<int>();
    const std::vector<double> values = outputs[0].to_doubles();
    const auto row = values.begin() + static_cast<std::ptrdiff_t>(outputs[0].shape()[1]);
    classes.push_back(static_cast<int>(std::max_element(values.begin(), row) - values.begin()));
  }
  return classes;
}

double accuracy_of(const std::vector<int>& classes, std::span<const Picture> pictures) {
  size_t labelled = 0, right = 0;
  for (size_t i = 0; i < std::min(classes.size(), pictures.size()); ++i)
    if (pictures[i].label >= 0) ++labelled, right += classes[i] == pictures[i].label;
  return labelled == 0 ? -1 : static_cast<double>(right) / static_cast<double>(labelled);
}

Result<double> predicted_us(const Graph& graph, std::span<const TensorDesc> inputs, const std::string& chip) {
  CompileOptions how;
  how.soc = chip;
  for (const TensorDesc& desc : inputs) how.passes.input_shapes[desc.name] = desc.shape;
  NPU_TRY(const CompiledModel model, compile(graph, how));
  NPU_TRY(const ModelProfile profile, profile_model(model, false));
  return profile.total_us;
}

}  // namespace

Result<QuantizeInfo> quantize_stage(const Graph& graph, const QuantizeRequest& request, const Progress& progress) {
  if (!progress(0, 0, graph.name)) return cancelled();
  const std::vector<TensorDesc> inputs = inputs_of(graph, request);
  NPU_TRY(const std::vector<quantize::Batch> batches, make_batches(inputs, request));
  quantize::QuantizeOptions options;
  options.soc = request.chip;
  options.first_layer = request.first_layer;
  options.common.activation.method = request.settings.method;
  options.common.activation.percentile = request.settings.percentile;
  if (request.settings.budget > 0) options.budget = quantize::Budget{.loss = request.settings.budget};
  QuantizeInfo info;
  info.pictures = std::ranges::any_of(inputs, takes_pictures) ? request.pictures.size() : 0;
  NPU_TRY(info.made, quantize::quantize(graph, batches, options, emulated_runner(specialise_factory(), request.chip, request.threads),
                                        [&](size_t done, size_t total, const std::string& what) { return progress(done, total, what); }));
  const std::span<const Picture> labelled = info.pictures > 0 ? request.pictures : std::span<const Picture>();
  NPU_TRY(const std::vector<int> before, classes_of(graph, batches, request));
  if (!progress(0, 0, graph.name)) return cancelled();
  NPU_TRY(const std::vector<int> after, classes_of(info.made.graph, batches, request));
  info.floats.accuracy = accuracy_of(before, labelled), info.integers.accuracy = accuracy_of(after, labelled);
  if (!before.empty()) {
    size_t same = 0;
    for (size_t i = 0; i < before.size(); ++i) same += before[i] == after[i];
    info.agreement = static_cast<double>(same) / static_cast<double>(before.size());
  }
  NPU_TRY(info.floats.us, predicted_us(graph, inputs, request.chip));
  if (!progress(0, 0, graph.name)) return cancelled();
  NPU_TRY(info.integers.us, predicted_us(info.made.graph, inputs, request.chip));
  return info;
}

}  // namespace npu::ui
