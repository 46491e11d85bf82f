// SPDX-License-Identifier: Apache-2.0
#include "compiler/quantize/observe.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace npu::quantize {
namespace {

// Tensors seen in the first pass are kept for the second up to this.
constexpr size_t kMostKept = size_t{256} << 20;

class Observer {
 public:
  Observer(const Graph& prepared, std::span<const Layer> layers) : graph_(prepared), layers_(layers), means_(layers.size()), outputs_(prepared.outputs.size()) {
    std::vector<bool> chosen;
    for (const Layer& layer : layers) {
      chosen.push_back(layer.fault.empty());
      if (layer.fault.empty()) watch(layer.input), watch(layer.result);
    }
    for (const Follower& follower : find_followers(graph_, layers, chosen)) watch(follower.result);
  }

  Result<Observations> run(std::span<const Batch> batches, const MakeRunner& make_runner, const Progress& progress) {
    NPU_TRY(run_, make_runner(graph_));
    Observations found;
    const size_t total = 2 * batches.size();
    for (size_t i = 0; i < total; ++i) {
      const bool first = i < batches.size();
      if (progress && !progress(i, total, "calibration")) return fail(ErrorKind::Cancelled, "", "stopped");
      if (!first && i == batches.size()) begin_histograms();
      const size_t batch = i % batches.size();
      NPU_TRY(auto tensors, results(batches[batch], batch, first));
      for (const auto& [id, output] : watched_) {
        const Tensor& tensor = output < 0 ? batches[batch][static_cast<size_t>(-1 - output)] : tensors[static_cast<size_t>(output)];
        if (first) NPU_CHECK(note_range(id, tensor));
        else seen_[id].histogram.add(tensor.data<float>());
      }
      if (!first) continue;
      note_means(tensors, batches[batch]);
      tensors.resize(outputs_);
      found.outputs.push_back(std::move(tensors));
    }
    finish_means();
    found.values = std::move(seen_);
    found.input_means = std::move(means_);
    return found;
  }

 private:
  // watched_: of an input -1 - its index, else the index among the outputs.
  void watch(ValueId id) {
    if (watched_.contains(id)) return;
    if (const auto input = std::ranges::find(graph_.inputs, id); input != graph_.inputs.end()) {
      watched_[id] = -1 - static_cast<int>(input - graph_.inputs.begin());
      return;
    }
    const auto output = std::ranges::find(graph_.outputs, id);
    watched_[id] = static_cast<int>(output - graph_.outputs.begin());
    if (output == graph_.outputs.end()) graph_.outputs.push_back(id);
  }

  Result<std::vector<Tensor>> results(const Batch& batch, size_t index, bool first) {
    if (index < kept_.size()) return kept_[index];
    NPU_TRY(auto tensors, run_(batch));
    for (Tensor& tensor : tensors)
      if (tensor.dtype() == DType::Float16) tensor = tensor.cast(DType::Float32);
    size_t bytes = 0;
    for (const Tensor& tensor : tensors) bytes += tensor.byte_size();
    if (first && index == kept_.size() && kept_bytes_ + bytes <= kMostKept) kept_.push_back(tensors), kept_bytes_ += bytes;
    return tensors;
  }

  Status note_range(ValueId id, const Tensor& tensor) {
    if (tensor.dtype() != DType::Float32) return fail(ErrorKind::UnsupportedModel, graph_.value(id).name, fmt::format("it is {}, not float32", to_string(tensor.dtype())));
    const auto values = tensor.data<float>();
    if (values.empty()) return fail(ErrorKind::InvalidArgument, graph_.value(id).name, "it has no elements");
    const auto [low, high] = std::ranges::minmax(values);
    if (std::ranges::any_of(values, [](float v) { return !std::isfinite(v); })) return fail(ErrorKind::InvalidArgument, graph_.value(id).name, "it is not finite on the calibration data");
    const auto [at, fresh] = seen_.try_emplace(id);
    FloatRange& range = at->second.range;
    range = fresh ? FloatRange{low, high} : FloatRange{std::min(range.low, low), std::max(range.high, high)};
    return {};
  }

  void begin_histograms() {
    for (auto& [id, seen] : seen_) seen.histogram = Histogram(seen.range);
  }

  void note_means(const std::vector<Tensor>& tensors, const Batch& batch) {
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      if (!layer.fault.empty()) continue;
      const int output = watched_.at(layer.input);
      const Tensor& tensor = output < 0 ? batch[static_cast<size_t>(-1 - output)] : tensors[static_cast<size_t>(output)];
      const Shape& shape = tensor.shape();
      const size_t axis = layer.op == "Conv" ? 1 : shape.size() - 1;
      const auto channels = static_cast<size_t>(shape[axis]), inner = static_cast<size_t>(element_count({shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, shape.end()}));
      std::vector<double>& sums = means_[i];
      sums.resize(channels);
      const auto values = tensor.data<float>();
      for (size_t begin = 0, c = 0; begin < values.size(); begin += inner, c = c + 1 == channels ? 0 : c + 1)
        for (size_t k = begin; k < begin + inner; ++k) sums[c] += static_cast<double>(values[k]);
      counts_[i] += values.size() / channels;
    }
  }
  void finish_means() {
    for (const auto& [layer, count] : counts_)
      for (double& sum : means_[layer]) sum /= static_cast<double>(count);
  }

  Graph graph_;
  std::span<const Layer> layers_;
  std::vector<std::vector<double>> means_;
  std::map<size_t, size_t> counts_;
  size_t outputs_;  // the model's own
  std::map<ValueId, int> watched_;
  std::map<ValueId, Seen> seen_;
  std::vector<std::vector<Tensor>> kept_;
  size_t kept_bytes_ = 0;
  RunGraph run_;
};

}  // namespace

Result<Observations> observe(const Graph& prepared, std::span<const Layer> layers, std::span<const Batch> batches, const MakeRunner& make_runner, const Progress& progress) {
  return Observer(prepared, layers).run(batches, make_runner, progress);
}

}  // namespace npu::quantize
