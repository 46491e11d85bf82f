// SPDX-License-Identifier: Apache-2.0
// Whole networks: what becomes integers, how exact it is, what stays in fp16.
#include "compiler/quantize/quantize.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "compiler/compile.h"
#include "compiler/quantize/report.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "runtime/session/graph_runner.h"

namespace npu::quantize {
namespace {

// Residual, Concat, pooling, Relu6, a layer that goes into HardSwish, a product.
constexpr std::string_view kNet = R"(graph "net" opset 13
input %x : float32[n,3,12,12]
const %w1 : float32[16,3,3,3] = ?
const %b1 : float32[16] = ?
const %w2 : float32[16,1,3,3] = ?
const %w3 : float32[16,16,1,1] = ?
const %w4 : float32[8,16,1,1] = ?
const %w5 : float32[8,16,3,3] = ?
const %w6 : float32[32,16,1,1] = ?
const %w7 : float32[10,32] = ?
const %zero : float32[] = [0]
const %six : float32[] = [6]
%c1 = Conv(%x, %w1, %b1) {pads=[1, 1, 1, 1]} "c1"
%r1 = Clip(%c1, %zero, %six) "r1"
%c2 = Conv(%r1, %w2) {group=16, pads=[1, 1, 1, 1]} "c2"
%r2 = Relu(%c2) "r2"
%c3 = Conv(%r2, %w3) "c3"
%a = Add(%c3, %r1) "a"
%ra = Relu(%a) "ra"
%p = MaxPool(%ra) {kernel_shape=[2, 2], strides=[2, 2]} "p"
%c4 = Conv(%p, %w4) "c4"
%c5 = Conv(%p, %w5) {pads=[1, 1, 1, 1]} "c5"
%k = Concat(%c4, %c5) {axis=1} "k"
%c6 = Conv(%k, %w6) "c6"
%h = HardSwish(%c6) "h"
%g = GlobalAveragePool(%h) "g"
%f = Flatten(%g) "f"
%y = Gemm(%f, %w7) {transB=1} "l"
output %y
)";

// Constants named w... and b... become noise.
Graph make(std::string_view text, uint32_t seed = 7) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  graph->opset = 14;
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  for (size_t id = 0; id < graph->value_count(); ++id) {
    Value& value = graph->value(static_cast<ValueId>(id));
    if (!value.name.starts_with('w') && !value.name.starts_with('b')) continue;
    Tensor tensor(DType::Float32, to_shape(value.type.dims));
    const float deviation = value.name[0] == 'w' ? std::sqrt(2.0f / static_cast<float>(tensor.elements() / tensor.shape()[0])) : 0.1f;
    for (float& v : tensor.mutable_data<float>()) v = deviation * normal(random);
    value.constant = std::move(tensor);
  }
  return std::move(*graph);
}

std::vector<Batch> noise(const Shape& shape, int count, uint32_t seed = 1, float mean = 0) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(mean, 1);
  std::vector<Batch> batches;
  for (int i = 0; i < count; ++i) {
    Tensor tensor(DType::Float32, shape);
    for (float& v : tensor.mutable_data<float>()) v = normal(random);
    batches.push_back({tensor});
  }
  return batches;
}

MakeRunner chip(int threads = 2) { return emulated_runner(specialise_factory(), "Ascend310", threads); }

QuantizedModel quantised(const Graph& model, std::span<const Batch> batches, const QuantizeOptions& options = {}, const MakeRunner& runner = chip()) {
  auto made = quantize(model, batches, options, runner);
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  return std::move(*made);
}

size_t count_op(const Graph& graph, std::string_view op) {
  return static_cast<size_t>(std::ranges::count_if(graph.order(), [&](NodeId id) { return graph.node(id).op == op; }));
}

Graph fixed(Graph graph, const Shape& shape) {
  graph.value(graph.inputs[0]).type.dims = to_dims(shape);
  REQUIRE(infer_shapes(graph));
  return graph;
}

TEST_CASE("every method makes a network of integers that answers as the float one does, on inputs it has not seen") {
  const Graph model = make(kNet);
  const Shape shape{4, 3, 12, 12};
  const auto seen = noise(shape, 4), fresh = noise(shape, 2, 99);
  for (const RangeMethod method : {RangeMethod::MinMax, RangeMethod::Percentile, RangeMethod::Entropy, RangeMethod::Ifmr})
    for (const bool offset : {true, false}) {
      CAPTURE(to_string(method));
      CAPTURE(offset);
      QuantizeOptions options;
      options.common.activation.method = method;
      options.common.activation.percentile = 0.9999;
      options.activation_offset = offset;
      const QuantizedModel made = quantised(model, seen, options);
      CHECK(made.int8_layers() == 7);
      CHECK(made.graph.value(made.graph.inputs[0]).type.dims[0] == Dim("batch"));
      CHECK(verify(made.graph).has_value());
      const Graph test = fixed(made.graph, shape), reference = fixed(model, shape);
      auto on_chip = chip()(test);
      REQUIRE_MESSAGE(on_chip, (on_chip ? "" : on_chip.error().message()));
      Difference to_float, to_meaning;
      for (const Batch& batch : fresh) {
        const auto outputs = (*on_chip)(batch);
        REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
        to_float.add(run_reference(reference, batch).value()[0], (*outputs)[0]);
        to_meaning.add(run_reference(test, batch).value()[0], (*outputs)[0]);
      }
      CHECK(to_float.cosine() > 0.99);
      CHECK(to_meaning.cosine() > 0.9995);
    }
}

TEST_CASE("layers, their followers and what joins them compute on integers on the chip") {
  const QuantizedModel made = quantised(make(kNet), noise({1, 3, 12, 12}, 2));
  const Graph graph = fixed(made.graph, {1, 3, 12, 12});
  size_t integers = 0, off_core = 0;
  const auto compiled = compile(graph, {}, {.on_pass = [&](const PassReport& report, const Graph& now) {
    if (report.name != "assign-engine") return true;
    for (NodeId id : now.order()) {
      const std::string& op = now.node(id).op;
      integers += op == "QLinearConv" || op == "QGemm" || op == "QLinearAdd";
      off_core += now.node(id).engine == Engine::AiCpu;
    }
    return true;
  }, .on_progress = {}, .on_gear = {}});
  REQUIRE_MESSAGE(compiled, (compiled ? "" : compiled.error().message()));
  CHECK(integers == 8);
  CHECK(off_core == 0);
  CHECK(count_op(made.graph, "Relu") == 0);  // rounding to uint8 clamps as well
  for (const LayerReport& layer : made.layers) {
    CAPTURE(layer.name);
    CHECK(layer.sqnr_db > 25);
    CHECK(layer.cosine > 0.999);
    CHECK(layer.reason.empty());
  }
  const auto json = nlohmann::json::parse(report_json(made));
  CHECK(json["layers"].size() == 7);
  CHECK(json["layers"][0]["name"] == "c1");
  CHECK(json["int8_layers"] == 7);
  CHECK(report_text(made).find("7 of 7 layers on int8") != std::string::npos);
}

TEST_CASE("the same bytes twice, with any number of threads, and close to what the reference's floats give") {
  const Graph model = make(kNet);
  const auto batches = noise({2, 3, 12, 12}, 2);
  const auto bytes = [&](const MakeRunner& runner) { return save_onnx(quantised(model, batches, {}, runner).graph).value(); };
  const auto first = bytes(chip(1));
  CHECK(first == bytes(chip(1)));
  CHECK(first == bytes(chip(3)));
  const QuantizedModel on_chip = quantised(model, batches), in_floats = quantised(model, batches, {}, reference_runner());
  for (size_t i = 0; i < on_chip.layers.size(); ++i) CHECK(on_chip.layers[i].input.scale == doctest::Approx(in_floats.layers[i].input.scale).epsilon(0.03));
}

// Channel 0 is dead, and the second layer's weights for it are huge: nothing of the others survives rounding.
Graph hard_net() {
  Graph graph = make(R"(graph "hard" opset 13
input %x : float32[n,3,8,8]
const %w1 : float32[8,3,3,3] = ?
const %w2 : float32[8,8,3,3] = ?
const %w3 : float32[5,8,1,1] = ?
const %w4 : float32[6,5,1,1] = ?
%c1 = Conv(%x, %w1) {pads=[1, 1, 1, 1]} "easy1"
%r1 = Relu(%c1) "r1"
%c2 = Conv(%r1, %w2) {pads=[1, 1, 1, 1]} "hard"
%r2 = Relu(%c2) "r2"
%c3 = Conv(%r2, %w3) "easy2"
%r3 = Relu(%c3) "r3"
%y = Conv(%r3, %w4) "easy3"
output %y
)");
  auto first = graph.value(graph.find_value("w1")).constant->mutable_data<float>();
  std::ranges::fill(first.first(27), 0.0f);
  auto second = graph.value(graph.find_value("w2")).constant->mutable_data<float>();
  for (size_t out = 0; out < 8; ++out) std::ranges::fill(second.subspan(out * 72, 9), 500.0f);
  return graph;
}

TEST_CASE("the sensitivity search leaves the one layer in fp16 that rounding ruins") {
  const Graph model = hard_net();
  const auto batches = noise({1, 3, 8, 8}, 3);
  const QuantizedModel all = quantised(model, batches);
  CHECK(all.int8_layers() == 4);
  CHECK(all.output_cosine < 0.9);
  CHECK(all.layers[1].sqnr_db < 3);
  QuantizeOptions options;
  options.budget = Budget{.loss = 0.01, .score = least_cosine()};
  const QuantizedModel kept = quantised(model, batches, options);
  CHECK(kept.int8_layers() == 3);
  CHECK(kept.output_cosine > 0.99);
  CHECK(*kept.score == kept.output_cosine);
  for (const LayerReport& layer : kept.layers) {
    CAPTURE(layer.name);
    CHECK(layer.int8 == (layer.name != "hard"));
    CHECK(layer.reason.empty() == layer.int8);
    REQUIRE(layer.sensitivity);
    CHECK((*layer.sensitivity > 0.1) == (layer.name == "hard"));
  }
  // A budget that all of them keep measures nothing.
  options.budget->loss = 1;
  CHECK(quantised(model, batches, options).int8_layers() == 4);
}

// Mean over all positions and batches of each channel's error beside the float model.
double mean_error(const Graph& model, const Graph& other, std::span<const Batch> batches) {
  const Shape shape = batches[0][0].shape();
  const Graph exact = fixed(model, shape), rounded = fixed(other, shape);
  std::vector<double> sums;
  for (const Batch& batch : batches) {
    const Tensor a = run_reference(exact, batch).value()[0], b = run_reference(rounded, batch).value()[0];
    const auto inner = static_cast<size_t>(a.shape()[2] * a.shape()[3]), channels = static_cast<size_t>(a.shape()[1]);
    sums.resize(channels);
    for (size_t i = 0; i < a.data<float>().size(); ++i) sums[i / inner % channels] += static_cast<double>(b.data<float>()[i] - a.data<float>()[i]) / static_cast<double>(inner * batches.size());
  }
  double total = 0;
  for (double sum : sums) total += std::abs(sum) / static_cast<double>(sums.size());
  return total;
}

TEST_CASE("bias correction takes away most of the error of the means") {
  // One weight a channel is large, so that the others are rounded coarsely; inputs have a mean.
  Graph model = make(R"(graph "mean" opset 13
input %x : float32[n,16,8,8]
const %w1 : float32[8,16,1,1] = ?
%y = Conv(%x, %w1) "c"
output %y
)");
  auto weights = model.value(model.find_value("w1")).constant->mutable_data<float>();
  for (size_t out = 0; out < 8; ++out) weights[out * 16 + out] = 12;
  const auto seen = noise({1, 16, 8, 8}, 4, 5, 1.0f), fresh = noise({1, 16, 8, 8}, 8, 77, 1.0f);
  QuantizeOptions options;
  options.common.activation.method = RangeMethod::MinMax;
  const double corrected = mean_error(model, quantised(model, seen, options, reference_runner()).graph, fresh);
  options.bias_correction = false;
  const double plain = mean_error(model, quantised(model, seen, options, reference_runner()).graph, fresh);
  CAPTURE(corrected);
  CAPTURE(plain);
  CHECK(plain > 0.02);
  CHECK(corrected < plain / 3);
}

TEST_CASE("layers are left alone by name, type and place, and BatchNormalization by name") {
  const Graph model = make(kNet);
  const auto batches = noise({1, 3, 12, 12}, 1);
  QuantizeOptions options;
  options.skip_layers = {"c3"};
  options.skip_types = {"Gemm"};
  options.first_layer = false;
  options.by_name["c2"].asymmetric = false;
  options.by_name["c2"].channel_wise = false;
  const QuantizedModel made = quantised(model, batches, options);
  CHECK(made.int8_layers() == 4);
  for (const LayerReport& layer : made.layers) {
    const bool kept = layer.name == "c1" || layer.name == "c3" || layer.name == "l";
    CAPTURE(layer.name);
    CHECK(layer.int8 == !kept);
    CHECK(layer.reason.empty() == !kept);
    CHECK((layer.input.dtype == DType::Int8) == (layer.name == "c2"));
  }

  const Graph normed = make(R"(graph "norm" opset 13
input %x : float32[n,3,6,6]
const %w1 : float32[4,3,3,3] = ?
const %w2 : float32[4,4,3,3] = ?
const %gamma : float32[4] = [1, 2, 0.5, 1]
const %beta : float32[4] = [0, 1, -1, 0]
const %mean : float32[4] = [0.5, 0, 0, -1]
const %var : float32[4] = [1, 2, 1, 0.5]
%c1 = Conv(%x, %w1) "c1"
%n1 = BatchNormalization(%c1, %gamma, %beta, %mean, %var) "n1"
%c2 = Conv(%n1, %w2) "c2"
%y = BatchNormalization(%c2, %gamma, %beta, %mean, %var) "n2"
output %y
)");
  const auto pictures = noise({1, 3, 6, 6}, 1);
  QuantizeOptions fusion;
  CHECK(count_op(quantised(normed, pictures, fusion).graph, "BatchNormalization") == 0);
  fusion.skip_fusion_layers = {"c2"};
  const QuantizedModel one = quantised(normed, pictures, fusion);
  CHECK(count_op(one.graph, "BatchNormalization") == 1);
  CHECK(one.output_cosine > 0.99);
  fusion.fold_batch_norm = false;
  CHECK(count_op(quantised(normed, pictures, fusion).graph, "BatchNormalization") == 2);
}

TEST_CASE("what cannot be is refused with its values") {
  const Graph model = make(kNet);
  const auto refused = [&](std::span<const Batch> batches, const QuantizeOptions& options = {}) {
    const auto made = quantize(model, batches, options, chip());
    return made ? std::string("no error") : made.error().message();
  };
  const auto says = [](const std::string& text, std::string_view words) { return text.find(words) != std::string::npos; };
  CHECK(says(refused({}), "no data"));
  CHECK(says(refused(noise({1, 4, 12, 12}, 1)), "1x4x12x12"));
  CHECK(says(refused(noise({1, 3, 12}, 1)), "1x3x12"));
  auto mixed = noise({1, 3, 12, 12}, 1);
  mixed.push_back(noise({2, 3, 12, 12}, 1)[0]);
  CHECK(says(refused(mixed), "calibration batch 2"));
  CHECK(says(refused(std::vector<Batch>{{}}), "0 tensors for 1 inputs"));
  CHECK(says(refused(std::vector<Batch>{{Tensor(DType::UInt8, {1, 3, 12, 12})}}), "uint8"));
  auto infinite = noise({1, 3, 12, 12}, 1);
  infinite[0][0].mutable_data<float>()[5] = std::numeric_limits<float>::infinity();
  CHECK(says(refused(infinite), "not finite"));
  QuantizeOptions options;
  options.skip_layers = {"c9"};
  CHECK(says(refused(noise({1, 3, 12, 12}, 1), options), "c9"));
  options = {};
  options.by_name["c8"] = {};
  CHECK(says(refused(noise({1, 3, 12, 12}, 1), options), "c8"));
  options = {};
  options.budget = Budget{.loss = -1};
  CHECK(says(refused(noise({1, 3, 12, 12}, 1), options), "-1"));
  int calls = 0;
  const auto stopped = quantize(model, noise({1, 3, 12, 12}, 2), {}, chip(), [&](size_t, size_t, const std::string&) { return ++calls < 3; });
  REQUIRE(!stopped);
  CHECK(stopped.error().kind == ErrorKind::Cancelled);
  CHECK(calls == 3);
}

TEST_CASE("a layer that the 8-bit cube cannot take stays in fp16 and says why") {
  const Graph model = make(R"(graph "odd" opset 13
input %x : float32[n,48,6,6]
const %w1 : float32[120,48,1,1] = ?
const %w2 : float32[120,24,3,3] = ?
%a = Conv(%x, %w1) "whole"
%r = Relu(%a) "r"
%y = Conv(%r, %w2) {group=5} "fifths"
output %y
)");
  const QuantizedModel made = quantised(model, noise({2, 48, 6, 6}, 2));
  REQUIRE(made.layers.size() == 2);
  CHECK(made.layers[0].int8);
  CHECK(!made.layers[1].int8);
  CHECK(made.layers[1].reason.find("5 groups of 24") != std::string::npos);
  CHECK(made.output_cosine > 0.999);
}

TEST_CASE("scores: top-1 by label and by agreement") {
  const auto rows = [](std::vector<float> values) { return BatchOutputs{{Tensor::from<float>(DType::Float32, {2, 3}, std::span<const float>(values))}}; };
  const BatchOutputs floats = rows({1, 2, 3, 9, 0, 0}), other = rows({3, 2, 1, 9, 0, 0});
  CHECK(top1_agreement()(floats, floats) == 1);
  CHECK(top1_agreement()(other, floats) == 0.5);
  CHECK(top1_accuracy({0, 1})(other, floats) == 0.5);
  CHECK(top1_accuracy({2, 0})(floats, floats) == 1);
  CHECK(least_cosine()(floats, floats) == 1);
  CHECK(least_cosine()(other, floats) == doctest::Approx((10.0 + 81) / 95));
}

}  // namespace
}  // namespace npu::quantize
