// SPDX-License-Identifier: Apache-2.0
// npu-quantize-model MODEL.onnx OUT.onnx [IMAGES]: an 8-bit model in QDQ form for tests and benches. Activations uint8 with one
// scale, from their smallest and largest values on a few images of noise; weights int8, one scale an output channel.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "compiler/passes/pass.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"

namespace npu {
namespace {

struct Extent {
  float low = 0, high = 0;
};

// Convolutions with their biases, products and activations, as the compiler's own passes leave them.
Result<Graph> prepared(const Graph& model) {
  NPU_TRY(const Soc* soc, find_soc("Ascend310"));
  PassOptions options;
  for (ValueId input : model.inputs) {
    Shape shape;
    for (const Dim& dim : model.value(input).type.dims) shape.push_back(dim.known() ? dim.value() : 1);
    options.input_shapes[model.value(input).name] = shape;
  }
  Graph graph = model, folded;
  const Status status = run_passes(graph, *soc, options, [&](const PassReport& report, const Graph& now) {
    if (report.name == "fuse-bias") folded = now;
    return report.name != "fuse-bias";
  });
  if (folded.order().empty()) return std::unexpected(status.error());
  return folded;
}

bool is_layer(const Node& node) {
  return node.op == "Conv" || node.op == "Gemm" || node.op == "MatMul" || node.op == "Add" || node.op == "GlobalAveragePool" || node.op == "MaxPool" ||
         node.op == "Reshape" || node.op == "Flatten";
}
bool keeps_values(const Node& node) { return node.op == "MaxPool" || node.op == "Reshape" || node.op == "Flatten"; }

class Quantizer {
 public:
  explicit Quantizer(Graph graph) : graph_(std::move(graph)) {}

  Result<Graph> run(int images) {
    NPU_CHECK(calibrate(images));
    drop_activations();
    const std::vector<NodeId> order = graph_.order();
    std::vector<ValueId> values;
    for (NodeId id : order)
      if (is_layer(graph_.node(id)))
        for (const auto* list : {&graph_.node(id).inputs, &graph_.node(id).outputs})
          for (ValueId v : *list)
            if (v != kNone && !graph_.is_constant(v) && std::ranges::count(values, v) == 0) values.push_back(v);
    for (NodeId id : order) quantize_parameters(id);
    for (ValueId v : values) wrap(v);
    NPU_CHECK(graph_.sort());
    return std::move(graph_);
  }

 private:
  // Noise in [-2, 2): roughly what normalised pictures hold.
  Status calibrate(int images) {
    uint32_t state = 1;
    for (int image = 0; image < images; ++image) {
      std::map<ValueId, Tensor> known;
      for (ValueId input : graph_.inputs) {
        Tensor tensor(DType::Float32, to_shape(graph_.value(input).type.dims));
        for (float& v : tensor.mutable_data<float>()) {
          state = state * 1664525u + 1013904223u;
          v = static_cast<float>(state >> 8) / 4194304.0f - 2.0f;
        }
        note(input, tensor);
        known[input] = tensor;
      }
      for (NodeId id : graph_.order()) {
        const Node& node = graph_.node(id);
        std::vector<Tensor> inputs;
        for (ValueId v : node.inputs) inputs.push_back(v == kNone ? Tensor() : graph_.is_constant(v) ? *graph_.value(v).constant : known.at(v));
        NPU_TRY(const auto outputs, run_reference(node, graph_.opset, inputs));
        for (size_t i = 0; i < node.outputs.size(); ++i) {
          note(node.outputs[i], outputs[i]);
          known[node.outputs[i]] = outputs[i];
        }
      }
    }
    for (NodeId id : graph_.order())
      if (keeps_values(graph_.node(id))) extents_[graph_.node(id).outputs[0]] = extents_[graph_.node(id).inputs[0]];
    return {};
  }

  void note(ValueId id, const Tensor& tensor) {
    if (tensor.dtype() != DType::Float32) return;
    Extent& extent = extents_[id];
    for (float v : tensor.data<float>()) extent.low = std::min(extent.low, v), extent.high = std::max(extent.high, v);
  }

  // Quantising the result clamps just as well.
  void drop_activations() {
    const std::vector<NodeId> order = graph_.order();
    for (NodeId id : order) {
      const Node node = graph_.node(id);
      if (node.op != "Relu" && node.op != "Clip") continue;
      const NodeId producer = graph_.value(node.inputs[0]).producer;
      if (producer == kNone || !is_layer(graph_.node(producer)) || graph_.single_consumer(node.inputs[0]) != id || graph_.is_output(node.outputs[0])) continue;
      extents_[node.inputs[0]] = extents_[node.outputs[0]];
      graph_.replace_uses(node.outputs[0], node.inputs[0]);
      graph_.erase(id);
    }
  }

  struct Parameters {
    float scale;
    uint8_t zero;
  };
  Parameters parameters_of(ValueId id) {
    const Extent extent = extents_[id];
    const float range = extent.high - extent.low, scale = range > 0 ? range / 255.0f : 1.0f;
    return {scale, static_cast<uint8_t>(std::clamp(std::nearbyint(-extent.low / scale), 0.0f, 255.0f))};
  }

  ValueId scalar(float value) { return graph_.add_constant(name("scale"), Tensor::from<float>(DType::Float32, {}, std::span<const float>(&value, 1))); }
  ValueId zero_point(uint8_t value) { return graph_.add_constant(name("zero"), Tensor::from<uint8_t>(DType::UInt8, {}, std::span<const uint8_t>(&value, 1))); }
  std::string name(const std::string& stem) { return graph_.unique_value_name(fmt::format("{}_{}", stem, count_++)); }

  // v -> QuantizeLinear -> DequantizeLinear -> everybody who read v.
  void wrap(ValueId v) {
    const Parameters p = parameters_of(v);
    const ValueId scale = scalar(p.scale), zero = zero_point(p.zero);
    TensorType bytes = graph_.value(v).type;
    bytes.dtype = DType::UInt8;
    const ValueId q = graph_.add_value(name("q"), bytes), d = graph_.add_value(name("d"), graph_.value(v).type);
    graph_.replace_uses(v, d);
    if (graph_.is_output(d)) std::swap(graph_.value(v).name, graph_.value(d).name);
    Node quantize{.op = "QuantizeLinear", .name = graph_.value(q).name, .inputs = {v, scale, zero}, .outputs = {q}};
    Node dequantize{.op = "DequantizeLinear", .name = graph_.value(d).name, .inputs = {q, scale, zero}, .outputs = {d}};
    const NodeId producer = graph_.value(v).producer;
    const NodeId at = producer == kNone ? graph_.insert_before(graph_.order().front(), std::move(quantize)) : graph_.insert_after(producer, std::move(quantize));
    graph_.insert_after(at, std::move(dequantize));
  }

  ValueId dequantized(NodeId reader, Tensor integers, Tensor scales, Tensor zeros, int64_t axis, TensorType type) {
    const ValueId q = graph_.add_constant(name("w"), std::move(integers)), s = graph_.add_constant(name("scale"), std::move(scales)),
                  z = graph_.add_constant(name("zero"), std::move(zeros)), d = graph_.add_value(name("wd"), type);
    Node node{.op = "DequantizeLinear", .name = graph_.value(d).name, .inputs = {q, s, z}, .outputs = {d}};
    node.attrs["axis"] = axis;
    graph_.insert_before(reader, std::move(node));
    return d;
  }

  void quantize_parameters(NodeId id) {
    const Node node = graph_.node(id);
    if (node.op != "Conv" && node.op != "Gemm" && node.op != "MatMul") return;
    if (!graph_.is_constant(node.inputs[1])) return;
    const Tensor w = *graph_.value(node.inputs[1]).constant;
    const int64_t axis = node.op == "Conv" || node.int_attr("transB", 0) != 0 ? 0 : 1;
    const int64_t channels = w.shape()[static_cast<size_t>(axis)], inner = axis == 0 ? w.elements() / channels : 1;
    const auto values = w.data<float>();
    std::vector<float> scale(static_cast<size_t>(channels), 0.0f);
    const auto channel = [&](size_t i) { return static_cast<size_t>(static_cast<int64_t>(i) / inner % channels); };
    for (size_t i = 0; i < values.size(); ++i) scale[channel(i)] = std::max(scale[channel(i)], std::fabs(values[i]) / 127.0f);
    for (float& s : scale) s = s > 0 ? s : 1.0f;
    Tensor bytes(DType::Int8, w.shape());
    auto out = bytes.mutable_data<int8_t>();
    for (size_t i = 0; i < values.size(); ++i) out[i] = static_cast<int8_t>(std::clamp(std::nearbyint(values[i] / scale[channel(i)]), -127.0f, 127.0f));
    const Tensor scales = Tensor::from<float>(DType::Float32, {channels}, scale);
    graph_.node(id).inputs[1] = dequantized(id, std::move(bytes), scales, Tensor(DType::Int8, {channels}), axis, graph_.value(node.inputs[1]).type);
    if (node.inputs.size() < 3 || node.inputs[2] == kNone) return;
    const Tensor bias = *graph_.value(node.inputs[2]).constant;
    Tensor integers(DType::Int32, bias.shape()), bias_scales = scales;
    auto s = bias_scales.mutable_data<float>();
    for (float& v : s) v *= parameters_of(node.inputs[0]).scale;
    auto b = integers.mutable_data<int32_t>();
    for (size_t c = 0; c < b.size(); ++c) b[c] = static_cast<int32_t>(std::clamp(std::nearbyint(static_cast<double>(bias.data<float>()[c]) / static_cast<double>(s[c])), -2e9, 2e9));
    graph_.node(id).inputs[2] = dequantized(id, std::move(integers), std::move(bias_scales), Tensor(DType::Int32, {channels}), 0, graph_.value(node.inputs[2]).type);
  }

  Graph graph_;
  std::map<ValueId, Extent> extents_;
  int count_ = 0;
};

// The constant shape of a Reshape with its first axis left open, where nothing else is.
ValueId free_shape(Graph& graph, ValueId shape) {
  if (!graph.is_constant(shape)) return shape;
  const auto sizes = graph.value(shape).constant->data<int64_t>();
  std::vector<int64_t> open(sizes.begin(), sizes.end());
  if (open.empty() || open[0] != 1 || std::ranges::count(open, -1) > 0) return shape;
  open[0] = -1;
  return graph.add_constant(graph.value(shape).name + "_free", Tensor::from<int64_t>(DType::Int64, {std::ssize(open)}, std::span<const int64_t>(open)));
}

// A batch that was free in the model is free again in what was made of it with a batch of one.
void free_batch(Graph& graph, const Graph& model) {
  for (ValueId input : model.inputs)
    if (const Dims& dims = model.value(input).type.dims; dims.empty() || dims[0].known()) return;
  const auto free = [&](ValueId id) {
    Dims& dims = graph.value(id).type.dims;
    if (!graph.is_constant(id) && !dims.empty() && dims[0] == Dim(1)) dims[0] = Dim("batch");
  };
  for (ValueId input : graph.inputs) free(input);
  for (NodeId id : graph.order()) {
    if (Node& node = graph.node(id); node.op == "Reshape") node.inputs[1] = free_shape(graph, node.inputs[1]);
    for (ValueId output : graph.node(id).outputs) free(output);
  }
}

Status quantize_file(const std::string& from, const std::string& to, int images) {
  NPU_TRY(const Graph model, load_onnx_file(from));
  NPU_TRY(Graph graph, prepared(model));
  NPU_TRY(Graph quantized, Quantizer(std::move(graph)).run(images));
  free_batch(quantized, model);
  NPU_TRY(const auto bytes, save_onnx(quantized));
  return write_file(to, bytes);
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  int images = 1;
  if (argc == 4) {
    const std::string_view text = argv[3];
    std::from_chars(text.data(), text.data() + text.size(), images);
  }
  if (argc < 3 || argc > 4 || images < 1) {
    fmt::print(stderr, "usage: npu-quantize-model MODEL.onnx OUT.onnx [IMAGES]\n");
    return 2;
  }
  const npu::Status status = npu::quantize_file(argv[1], argv[2], images);
  if (!status) fmt::print(stderr, "npu-quantize-model: {}\n", status.error().message());
  return status ? 0 : 1;
}
