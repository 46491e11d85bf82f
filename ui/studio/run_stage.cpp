// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "runtime/session/wave_input.h"
#include "ui/studio/stages.h"

namespace npu::ui {

std::vector<Score> top_scores(const Tensor& output, const SampleInfo* sample, size_t count, bool& probabilities) {
  std::vector<double> values = output.to_doubles();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const bool in_range = std::ranges::all_of(values, [](double v) { return v >= 0 && v <= 1.001; });
  probabilities = values.size() > 1;
  if (probabilities && !(in_range && std::abs(sum - 1) < 0.01)) {
    const double largest = *std::ranges::max_element(values);
    double total = 0;
    for (double& v : values) total += v = std::exp(v - largest);
    for (double& v : values) v /= total;
  }
  std::vector<int> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  const auto better = [&](int a, int b) { return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)]; };
  const size_t kept = std::min(count, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(), better);
  std::vector<Score> top;
  for (size_t i = 0; i < kept; ++i) {
    const auto index = static_cast<size_t>(order[i]);
    Score score{order[i], static_cast<float>(values[index]), {}};
    if (sample && index < sample->labels_en.size()) score.label.en = sample->labels_en[index];
    if (sample && index < sample->labels_zh.size()) score.label.zh = sample->labels_zh[index];
    top.push_back(std::move(score));
  }
  return top;
}

// Patterns after the first count in other steps.
Tensor pattern_input(const TensorDesc& desc, int seed) {
  if (seed == 0) return wave_input(desc);
  Tensor wave(DType::Float32, desc.shape);
  auto values = wave.mutable_data<float>();
  const size_t step = 37 + 22 * static_cast<size_t>(seed);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<int>(i * step % 256) - 128) / 128.0f;
  return wave.cast(desc.dtype);
}

// Images of bytes, as AIPP makes inputs: the picture itself, whatever the preprocessing is.
static bool takes_bytes(const TensorDesc& desc) {
  return desc.dtype == DType::UInt8 && desc.shape.size() == 4 && (desc.shape[3] == 1 || desc.shape[3] == 3) && desc.shape[1] > 1 && desc.shape[2] > 1;
}

bool takes_pictures(const TensorDesc& desc) {
  return desc.shape.size() == 4 && (desc.shape[1] == 1 || desc.shape[1] == 3) && desc.shape[2] > 1 && desc.shape[3] > 1;
}

std::optional<ImageInputOptions> picture_options(const Preprocess& preprocess, const TensorDesc& desc) {
  if (takes_bytes(desc)) return ImageInputOptions{{}, {}, "NHWC", desc.shape[3] == 1 ? "GRAY" : "RGB"};
  if (!takes_pictures(desc)) return std::nullopt;
  const int64_t channels = desc.shape[1];
  ImageInputOptions options{preprocess.mean, preprocess.deviation, "NCHW", "RGB"};
  options.color = channels == 1 ? "GRAY" : preprocess.bgr ? "BGR" : "RGB";
  // A photograph's three means do not fit a model that wants one channel.
  if (options.mean.size() > 1 && options.mean.size() != static_cast<size_t>(channels)) options.mean.resize(1);
  if (options.std.size() > 1 && options.std.size() != static_cast<size_t>(channels)) options.std.resize(1);
  return options;
}

Result<Tensor> picture_input(const Picture& picture, const Preprocess& preprocess, const TensorDesc& desc) {
  return image_tensor(picture.image, desc.dtype, desc.shape, picture_options(preprocess, desc).value());
}

namespace {

constexpr size_t kTop = 5;

Result<Tensor> make_input(const RunRequest& request, const TensorDesc& desc) {
  if (const auto given = request.inputs.find(desc.name); given != request.inputs.end()) return given->second;
  if (!request.picture || !picture_options(request.preprocess, desc)) return pattern_input(desc);
  return picture_input(*request.picture, request.preprocess, desc);
}

OutputRow describe_output(const std::string& name, const Tensor& tensor) {
  OutputRow row{name, to_string(TensorType::of(tensor.dtype(), tensor.shape())), 0, 0, 0};
  const std::vector<double> values = tensor.to_doubles();
  if (values.empty()) return row;
  const auto [low, high] = std::ranges::minmax(values);
  row.min = low;
  row.max = high;
  row.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  return row;
}

// [classes], [1, classes] or [1, classes, 1, 1]: one number a class.
bool is_scores(const Tensor& tensor) {
  const Shape& shape = tensor.shape();
  const int64_t largest = shape.empty() ? 0 : *std::ranges::max_element(shape);
  return is_float(tensor.dtype()) && largest > 1 && largest == tensor.elements() && largest <= 100'000;
}

}  // namespace

Result<RunInfo> run_stage(Session& session, const RunRequest& request, const Progress& progress) {
  const CompiledModel& model = request.model;
  for (const auto& [name, tensor] : request.inputs)
    if (std::ranges::none_of(model.inputs, [&](const TensorDesc& d) { return d.name == name; }))
      return fail(ErrorKind::InvalidArgument, name, "the model has no such input");
  std::vector<Tensor> inputs;
  for (const TensorDesc& desc : model.inputs) {
    NPU_TRY(Tensor input, make_input(request, desc));
    inputs.push_back(std::move(input));
  }
  const auto start = std::chrono::steady_clock::now();
  NPU_TRY(const std::vector<Tensor> outputs, session.run(inputs, [&](size_t task, size_t total) {
            return progress(task, total, task < model.tasks.size() ? model.tasks[task].name : "");
          }));
  RunInfo info;
  info.host_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  info.threads = request.threads;
  info.inputs = std::make_shared<const std::vector<Tensor>>(std::move(inputs));
  for (size_t i = 0; i < outputs.size(); ++i) {
    info.outputs.push_back(describe_output(model.outputs[i].name, outputs[i]));
    info.tensors[model.outputs[i].name] = outputs[i];
  }
  if (!outputs.empty() && is_scores(outputs[0])) info.top = top_scores(outputs[0], request.sample, kTop, info.probabilities);
  return info;
}

}  // namespace npu::ui
