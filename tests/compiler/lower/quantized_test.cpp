// SPDX-License-Identifier: Apache-2.0
// 8-bit layers between QuantizeLinear and DequantizeLinear: compiled from the QDQ form, executed, and compared with the
// reference of the very QDQ graph's integer form. Convolutions and products must agree in every bit.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <set>
#include <string>

#include "compiler/compile.h"
#include "core/chip/check/check.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"
#include "tests/compiler/tune/schedule_bits.h"

namespace npu {
namespace {

// A model in QDQ form: every activation is quantised and dequantised.
class QdqBuilder {
 public:
  explicit QdqBuilder(uint32_t seed) : random_(seed) { graph_.opset = 18; }

  ValueId input(const Shape& shape) {
    Tensor tensor(DType::Float32, shape);
    for (float& v : tensor.mutable_data<float>()) v = real(-2, 2);
    inputs_.push_back(tensor);
    graph_.inputs.push_back(graph_.add_value(name("x"), TensorType::of(DType::Float32, shape)));
    return graph_.inputs.back();
  }

  ValueId quantised(ValueId x, DType dtype, float scale, int64_t zero) {
    return node("DequantizeLinear", {node("QuantizeLinear", {x, scalar(scale), integer(dtype, zero)}), scalar(scale), integer(dtype, zero)});
  }

  // Weights of one scale a channel of axis 0 or 1, or of one scale in all.
  ValueId weights(const Shape& shape, int64_t axis, bool per_channel) {
    Tensor bytes(DType::Int8, shape);
    for (int8_t& v : bytes.mutable_data<int8_t>()) v = static_cast<int8_t>(static_cast<int>(random_() % 255) - 127);
    const int64_t count = per_channel ? shape[static_cast<size_t>(axis)] : 1;
    Tensor scales(DType::Float32, per_channel ? Shape{count} : Shape{}), zeros(DType::Int8, scales.shape());
    for (float& s : scales.mutable_data<float>()) s = real(0.001f, 0.01f);
    weight_scales_ = scales;
    const ValueId result = node("DequantizeLinear", {constant(bytes), constant(scales), constant(zeros)});
    set(result, "axis", axis);
    return result;
  }

  // Int32 with the scale that ONNX asks for.
  ValueId bias(int64_t count, float x_scale) {
    Tensor values(DType::Int32, {count}), scales = weight_scales_;
    for (int32_t& v : values.mutable_data<int32_t>()) v = static_cast<int32_t>(random_() % 4001) - 2000;
    for (float& s : scales.mutable_data<float>()) s *= x_scale;
    const ValueId result = node("DequantizeLinear", {constant(values), constant(scales)});
    set(result, "axis", int64_t{0});
    return result;
  }

  ValueId node(std::string op, std::vector<ValueId> operands) {
    Node made;
    made.op = op;
    made.name = name(op);
    made.inputs = std::move(operands);
    made.outputs = {graph_.add_value(name("v"), {})};
    const ValueId out = made.outputs[0];
    graph_.append(std::move(made));
    return out;
  }
  void set(ValueId value, const std::string& attr, Attr data) { graph_.node(graph_.value(value).producer).attrs[attr] = std::move(data); }

  Graph finish(ValueId output) {
    graph_.outputs = {output};
    return graph_;
  }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  ValueId scalar(float value) { return constant(Tensor::from<float>(DType::Float32, {}, std::span<const float>(&value, 1))); }
  ValueId integer(DType dtype, int64_t value) { return constant(Tensor::from<int64_t>(DType::Int64, {}, std::span<const int64_t>(&value, 1)).cast(dtype)); }
  const Node& producer(ValueId value) const { return graph_.node(graph_.value(value).producer); }

 private:
  std::string name(const std::string& stem) { return stem + std::to_string(count_++); }
  float real(float low, float high) { return std::uniform_real_distribution<float>(low, high)(random_); }
  ValueId constant(Tensor tensor) { return graph_.add_constant(name("c"), std::move(tensor)); }

  Graph graph_;
  std::vector<Tensor> inputs_;
  Tensor weight_scales_;
  std::mt19937 random_;
  int count_ = 0;
};

struct Run {
  std::vector<double> got, want;
  bool on_core = true;
  int64_t byte_tasks = 0;
  size_t tasks = 0;
  int small_images = 0;  // tasks that read NC1HWC0_C04
};

Run run(const Graph& graph, const std::vector<Tensor>& inputs, const char* soc = "Ascend310", std::set<std::string, std::less<>> disabled = {}) {
  Run result;
  CompileOptions options;
  options.soc = soc;
  options.passes.disabled = std::move(disabled);
  Graph fused;
  CompileObserver observer;
  observer.on_pass = [&](const PassReport& report, const Graph& now) {
    if (report.name == "fuse-quantization") fused = now;
    return true;
  };
  const auto model = compile(graph, options, observer);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  const auto want = run_reference(fused, inputs);
  REQUIRE_MESSAGE(want, (want ? "" : want.error().message()));
  const Soc& chip = **find_soc(soc);
  for (const Task& task : model->tasks) {
    result.on_core &= task.engine != Engine::AiCpu;
    ++result.tasks;
    result.small_images += std::ranges::any_of(task.inputs, [](const TensorDesc& input) { return input.format == Format::NC1HWC0_C04; });
    for (const Program& block : task.blocks) {
      for (const Finding& finding : check_stream(chip, block, 3)) FAIL_CHECK(task.name, ": ", finding.text);
      result.byte_tasks += std::ranges::any_of(block, [](const Instr& i) { return i.op == Opcode::Mad && i.arg[field::kMadBType] == static_cast<int64_t>(VecType::S8); });
    }
  }
  auto session = Session::create(std::make_shared<const CompiledModel>(*model), 2);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  const auto got = (*session)->run(inputs);
  REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
  result.got = (*got)[0].to_doubles(), result.want = (*want)[0].to_doubles();
  REQUIRE(result.got.size() == result.want.size());
  return result;
}

void check_equal(const Run& run) {
  CHECK(run.on_core);
  int wrong = 0;
  for (size_t i = 0; i < run.got.size(); ++i) wrong += run.got[i] != run.want[i];
  CHECK(wrong == 0);
  CHECK(*std::ranges::max_element(run.got) > *std::ranges::min_element(run.got));
}

struct ConvCase {
  Shape x, w;
  int64_t group;
  std::vector<int64_t> strides, pads, dilations;
  DType x_type;
  int64_t x_zero;
  DType y_type;
  int64_t y_zero;
  bool per_channel, bias, relu;
};

const ConvCase kConvs[] = {
    {{1, 3, 17, 19}, {8, 3, 3, 3}, 1, {1, 1}, {1, 1, 1, 1}, {1, 1}, DType::UInt8, 128, DType::UInt8, 0, true, true, true},
    {{1, 32, 8, 8}, {32, 32, 1, 1}, 1, {1, 1}, {0, 0, 0, 0}, {1, 1}, DType::UInt8, 113, DType::UInt8, 121, true, true, false},
    {{2, 40, 13, 11}, {48, 40, 3, 3}, 1, {2, 2}, {1, 1, 1, 1}, {1, 1}, DType::Int8, -5, DType::Int8, 3, false, true, false},
    {{1, 3, 64, 64}, {64, 3, 7, 7}, 1, {2, 2}, {3, 3, 3, 3}, {1, 1}, DType::UInt8, 100, DType::UInt8, 0, true, true, true},
    {{1, 300, 7, 7}, {70, 300, 3, 3}, 1, {1, 1}, {1, 1, 1, 1}, {1, 1}, DType::Int8, 7, DType::UInt8, 140, true, false, false},
    {{1, 64, 20, 20}, {33, 64, 3, 3}, 1, {1, 1}, {2, 2, 2, 2}, {2, 2}, DType::UInt8, 255, DType::UInt8, 128, true, true, false},
    {{3, 64, 14, 14}, {64, 1, 3, 3}, 64, {1, 1}, {1, 1, 1, 1}, {1, 1}, DType::UInt8, 90, DType::UInt8, 0, true, true, true},
    {{1, 144, 14, 14}, {144, 1, 3, 3}, 144, {2, 2}, {1, 1, 1, 1}, {1, 1}, DType::UInt8, 0, DType::UInt8, 99, true, true, false},
    {{1, 64, 10, 10}, {64, 4, 3, 3}, 16, {1, 1}, {1, 1, 1, 1}, {1, 1}, DType::Int8, 0, DType::Int8, 0, true, true, false},
    {{1, 96, 60, 61}, {16, 96, 1, 1}, 1, {1, 1}, {0, 0, 0, 0}, {1, 1}, DType::UInt8, 3, DType::UInt8, 130, true, true, false},
    {{1, 512, 7, 7}, {520, 512, 1, 1}, 1, {1, 1}, {0, 0, 0, 0}, {1, 1}, DType::UInt8, 3, DType::UInt8, 130, true, true, false},
};

float scale_of(DType type, int64_t zero, float reach) { return reach / static_cast<float>(std::max(zero - (type == DType::Int8 ? -128 : 0), (type == DType::Int8 ? 127 : 255) - zero)); }

TEST_CASE("QDQ convolutions: the bits of exact integer sums, one rounding") {
  for (const char* soc : {"Ascend310", "Ascend310P3"})
    for (size_t i = 0; i < std::size(kConvs); ++i) {
      const ConvCase& c = kConvs[i];
      CAPTURE(i);
      CAPTURE(std::string(soc));
      QdqBuilder b(static_cast<uint32_t>(i) + 7);
      const float x_scale = scale_of(c.x_type, c.x_zero, 2);
      std::vector<ValueId> operands{b.quantised(b.input(c.x), c.x_type, x_scale, c.x_zero), b.weights(c.w, 0, c.per_channel)};
      if (c.bias) operands.push_back(b.bias(c.w[0], x_scale));
      ValueId y = b.node("Conv", operands);
      b.set(y, "group", c.group), b.set(y, "strides", c.strides), b.set(y, "pads", c.pads), b.set(y, "dilations", c.dilations);
      if (c.relu) y = b.node("Relu", {y});
      const float reach = 0.3f * std::sqrt(static_cast<float>(c.w[1] * c.w[2] * c.w[3]));
      const Run result = run(b.finish(b.quantised(y, c.y_type, scale_of(c.y_type, c.y_zero, reach), c.y_zero)), b.inputs(), soc);
      check_equal(result);
      CHECK(result.byte_tasks > 0);
    }
}

TEST_CASE("QDQ products: Gemm with bias, transposed or not, MatMul") {
  // Rows of whole blocks of 32, with a last block that is filled up, of less than a block, and of more than L1 holds at a time.
  for (const auto& [rows, k] : {std::pair<int64_t, int64_t>{1, 96}, {5, 96}, {70, 96}, {70, 48}, {3, 75}, {9, 7}, {1, 1}, {300, 2061}})
    for (const bool transposed : {false, true}) {
      CAPTURE(k);
      QdqBuilder b(static_cast<uint32_t>(rows));
      const ValueId x = b.quantised(b.input({rows, k}), DType::UInt8, 0.016f, 125);
      const ValueId w = b.weights(transposed ? Shape{75, k} : Shape{k, 75}, transposed ? 0 : 1, true);
      const ValueId y = b.node("Gemm", {x, w, b.bias(75, 0.016f)});
      b.set(y, "transB", int64_t{transposed});
      const Run result = run(b.finish(b.quantised(y, DType::UInt8, 0.05f * std::sqrt(static_cast<float>(k) / 96), 128)), b.inputs());
      check_equal(result);
      CHECK(result.byte_tasks > 0);
    }
  QdqBuilder b(3);
  const ValueId y = b.node("MatMul", {b.quantised(b.input({9, 70}), DType::Int8, 0.016f, 0), b.weights({70, 40}, 1, false)});
  check_equal(run(b.finish(b.quantised(y, DType::Int8, 0.02f, -9)), b.inputs()));
}

TEST_CASE("QDQ products of stacked matrices, and of a vector, are products of their rows") {
  for (const Shape& shape : {Shape{2, 9, 64}, Shape{2, 3, 5, 64}, Shape{64}}) {
    QdqBuilder b(4);
    const ValueId y = b.node("MatMul", {b.quantised(b.input(shape), DType::UInt8, 0.016f, 120), b.weights({64, 40}, 1, true)});
    const Run result = run(b.finish(b.quantised(y, DType::UInt8, 0.05f, 128)), b.inputs());
    check_equal(result);
    CHECK(result.byte_tasks > 0);
  }
}

TEST_CASE("QLinearMatMul on the cube: what its own reference says") {
  for (const Shape& shape : {Shape{9, 64}, Shape{2, 5, 96}}) {
    QdqBuilder b(5);
    const ValueId bytes = b.node("QuantizeLinear", {b.input(shape), b.scalar(0.016f), b.integer(DType::UInt8, 120)});
    const std::vector<ValueId> w = b.producer(b.weights({shape.back(), 40}, 1, true)).inputs;
    const ValueId y = b.node("QLinearMatMul", {bytes, b.scalar(0.016f), b.integer(DType::UInt8, 120), w[0], w[1], w[2], b.scalar(0.05f), b.integer(DType::UInt8, 128)});
    Graph graph = b.finish(b.node("DequantizeLinear", {y, b.scalar(0.05f), b.integer(DType::UInt8, 128)}));
    graph.erase_dead();
    const Run result = run(graph, b.inputs());
    check_equal(result);
    CHECK(result.byte_tasks > 0);
    REQUIRE(infer_shapes(graph));
    CHECK(result.got == run_reference(graph, b.inputs()).value()[0].to_doubles());
  }
}

TEST_CASE("residual blocks, pooling and the mean stay 8-bit and differ by at most one step") {
  for (const DType type : {DType::UInt8, DType::Int8}) {
    const int64_t zero = type == DType::UInt8 ? 131 : 4;
    QdqBuilder b(11);
    const ValueId x = b.quantised(b.input({2, 40, 21, 19}), type, 0.016f, zero);
    const ValueId conv = b.node("Conv", {x, b.weights({40, 40, 1, 1}, 0, true), b.bias(40, 0.016f)});
    const ValueId sum = b.quantised(b.node("Add", {b.quantised(conv, type, 0.03f, zero), x}), type, 0.04f, zero - 1);
    const ValueId pooled = b.node("MaxPool", {sum});
    b.set(pooled, "kernel_shape", std::vector<int64_t>{3, 3}), b.set(pooled, "strides", std::vector<int64_t>{2, 2}), b.set(pooled, "pads", std::vector<int64_t>{1, 1, 1, 1});
    const Run pool = run(b.finish(b.quantised(pooled, type, 0.04f, zero - 1)), b.inputs());
    CHECK(pool.on_core);
    double worst = 0;
    for (size_t i = 0; i < pool.got.size(); ++i) worst = std::max(worst, std::abs(pool.got[i] - pool.want[i]));
    CHECK(worst <= 0.0401);

    const ValueId mean = b.quantised(b.node("GlobalAveragePool", {b.quantised(pooled, type, 0.04f, zero - 1)}), type, 0.01f, zero);
    const Run result = run(b.finish(mean), b.inputs());
    CHECK(result.on_core);
    worst = 0;
    for (size_t i = 0; i < result.got.size(); ++i) worst = std::max(worst, std::abs(result.got[i] - result.want[i]));
    CHECK(worst <= 0.0101);
  }
}

struct AddCase {
  Shape x;
  int64_t channels, kernel, group;
  DType type;
  int64_t a_zero, b_zero, y_zero;
  float a_scale, b_scale, y_scale;  // of the convolution, the residual, the sum
  bool relu;
};

// An integer sum as QLinearAdd means it, in double, and how far it is from where rounding would change.
struct ExactSum {
  double quantum;
  double margin;
};
ExactSum exact_sum(double a, double b, const AddCase& c) {
  double value = (a * static_cast<double>(c.a_scale) + b * static_cast<double>(c.b_scale)) / static_cast<double>(c.y_scale);
  if (c.relu) value = std::max(value, 0.0);
  const double low = c.type == DType::Int8 ? -128 : 0;
  return {std::clamp(std::nearbyint(value) + static_cast<double>(c.y_zero), low, low + 255) - static_cast<double>(c.y_zero),
          std::abs(value - std::floor(value) - 0.5)};
}

// Steps of a tensor's quantisation, less the zero point.
std::vector<double> steps(const Run& run, float scale) {
  std::vector<double> result;
  for (double v : run.got) result.push_back(std::nearbyint(v / static_cast<double>(scale)));
  return result;
}

struct ResidualModel {
  Graph conv, residual, sum;  // the same model with other outputs
  std::vector<Tensor> inputs;
};

ResidualModel residual_model(const AddCase& c, uint32_t seed, bool conv_first) {
  QdqBuilder b(seed);
  const ValueId x = b.quantised(b.input(c.x), c.type, 0.016f, 5);
  // A window of one pixel: an image that is what it was.
  ValueId r = b.node("MaxPool", {b.quantised(b.input({c.x[0], c.channels, c.x[2], c.x[3]}), c.type, c.b_scale, c.b_zero)});
  b.set(r, "kernel_shape", std::vector<int64_t>{1, 1});
  r = b.quantised(r, c.type, c.b_scale, c.b_zero);
  ValueId y = b.node("Conv", {x, b.weights({c.channels, c.x[1] / c.group, c.kernel, c.kernel}, 0, true), b.bias(c.channels, 0.016f)});
  b.set(y, "group", c.group), b.set(y, "pads", std::vector<int64_t>(4, c.kernel / 2));
  y = b.quantised(y, c.type, c.a_scale, c.a_zero);
  ResidualModel model{b.finish(y), b.finish(r), {}, b.inputs()};
  ValueId sum = conv_first ? b.node("Add", {y, r}) : b.node("Add", {r, y});
  if (c.relu) sum = b.node("Relu", {sum});
  model.sum = b.finish(b.quantised(sum, c.type, c.y_scale, c.y_zero));
  return model;
}

const AddCase kAdds[] = {
    {{1, 32, 8, 8}, 32, 1, 1, DType::UInt8, 121, 0, 0, 0.05f, 0.03f, 0.041f, false},
    {{2, 64, 7, 7}, 96, 1, 1, DType::UInt8, 128, 117, 93, 0.05f, 0.0071f, 0.05f, false},
    {{1, 40, 14, 14}, 72, 3, 1, DType::Int8, 0, 0, 0, 0.05f, 0.031f, 0.045f, true},
    {{1, 16, 56, 57}, 256, 1, 1, DType::UInt8, 131, 0, 0, 0.021f, 0.0133f, 0.029f, true},
    {{1, 64, 28, 28}, 64, 3, 64, DType::Int8, -7, 3, -128, 0.05f, 0.01f, 0.05f, false},
    {{3, 32, 5, 5}, 48, 1, 1, DType::UInt8, 12, 250, 100, 0.05f, 0.05f, 0.05f, false},
    {{1, 32, 9, 9}, 32, 1, 1, DType::Int8, 1, 2, 3, 0.05f, 0.0007f, 0.06f, false},
    {{1, 32, 9, 9}, 32, 1, 1, DType::Int8, 1, 2, 3, 0.002f, 0.4f, 0.3f, true},
    {{1, 144, 56, 56}, 24, 1, 1, DType::UInt8, 117, 131, 99, 0.05f, 0.031f, 0.06f, false},
};

TEST_CASE("a residual joins its convolution's task: the exact sum, rounded once") {
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910A"})
    for (size_t i = 0; i < std::size(kAdds); ++i) {
      const AddCase& c = kAdds[i];
      CAPTURE(std::string(soc));
      CAPTURE(i);
      const ResidualModel model = residual_model(c, static_cast<uint32_t>(i) + 40, i % 2 == 0);
      const Run conv = run(model.conv, model.inputs, soc), residual = run(model.residual, model.inputs, soc), fused = run(model.sum, model.inputs, soc);
      CHECK(fused.on_core);
      // Nor are there TransData tasks of the two inputs, which what quantises them does too.
      CHECK(fused.tasks == run(model.sum, model.inputs, soc, {"fuse-tasks"}).tasks - 3);
      const auto a = steps(conv, c.a_scale), b = steps(residual, c.b_scale), y = steps(fused, c.y_scale);
      size_t wrong = 0, close = 0;
      for (size_t j = 0; j < y.size(); ++j) {
        const auto [quantum, margin] = exact_sum(a[j], b[j], c);
        wrong += margin > 1e-3 && y[j] != quantum;
        wrong += std::abs(y[j] - quantum) > 1;
        close += margin <= 1e-3;
      }
      CHECK(wrong == 0);
      CHECK(close * 20 < y.size());
      CHECK(*std::ranges::max_element(y) > *std::ranges::min_element(y));
    }
}

TEST_CASE("schedules of 8-bit layers do not change the bits") {
  for (const char* soc : {"Ascend310", "Ascend310P3"})
    for (const size_t i : {size_t{1}, size_t{2}, size_t{3}}) {
      const ResidualModel model = residual_model(kAdds[i], static_cast<uint32_t>(i), true);
      CHECK(test::check_schedule_bits(model.conv, model.inputs, soc, 4, i) >= 4);
      CHECK(test::check_schedule_bits(model.sum, model.inputs, soc, 4, i + 7) >= 4);
    }
}

struct MeanCase {
  Shape x;
  DType type;
  int64_t x_zero, y_zero;
};

const MeanCase kMeans[] = {
    {{1, 2048, 7, 7}, DType::UInt8, 0, 0},   {{2, 72, 1, 2}, DType::UInt8, 131, 99}, {{1, 40, 1, 1}, DType::Int8, 3, -4},     {{3, 300, 3, 1}, DType::Int8, -128, -100},
    {{1, 64, 9, 7}, DType::UInt8, 255, 200}, {{1, 64, 8, 8}, DType::UInt8, 12, 60}, {{1, 33, 31, 37}, DType::Int8, 0, 0},    {{1, 16400, 2, 1}, DType::UInt8, 100, 101},
};

TEST_CASE("means of planes, together or one by one: the exact sum, rounded once") {
  constexpr float kScale = 0.016f, kMeanScale = 0.0031f;
  for (size_t i = 0; i < std::size(kMeans); ++i) {
    CAPTURE(i);
    const MeanCase& c = kMeans[i];
    QdqBuilder b(static_cast<uint32_t>(i) + 60);
    const ValueId x = b.quantised(b.input(c.x), c.type, kScale, c.x_zero);
    const Run bytes = run(b.finish(x), b.inputs());
    const Run means = run(b.finish(b.quantised(b.node("GlobalAveragePool", {x}), c.type, kMeanScale, c.y_zero)), b.inputs());
    CHECK(means.on_core);
    const auto from = steps(bytes, kScale), to = steps(means, kMeanScale);
    const auto pixels = from.size() / to.size();
    const double low = c.type == DType::Int8 ? -128 : 0, zero = static_cast<double>(c.y_zero);
    size_t wrong = 0, close = 0;
    for (size_t j = 0; j < to.size(); ++j) {
      const double sum = std::accumulate(from.begin() + static_cast<std::ptrdiff_t>(j * pixels), from.begin() + static_cast<std::ptrdiff_t>((j + 1) * pixels), 0.0);
      const double mean = sum / static_cast<double>(pixels) * static_cast<double>(kScale) / static_cast<double>(kMeanScale), want = std::clamp(std::nearbyint(mean) + zero, low, low + 255) - zero;
      const bool near_tie = std::abs(mean - std::floor(mean) - 0.5) <= 1e-3;
      wrong += std::abs(to[j] - want) > (near_tie ? 1 : 0);
      close += near_tie;
    }
    CHECK(wrong == 0);
    CHECK(close * 20 < to.size());
    CHECK(*std::ranges::max_element(to) > *std::ranges::min_element(to));
  }
}

TEST_CASE("Relu inside the quantised range is part of the layer") {
  for (const bool product : {false, true}) {
    QdqBuilder b(17);
    const ValueId x = b.quantised(b.input(product ? Shape{9, 64} : Shape{1, 64, 9, 9}), DType::Int8, 0.016f, 0);
    const ValueId layer = product ? b.node("Gemm", {x, b.weights({64, 40}, 1, true), b.bias(40, 0.016f)}) : b.node("Conv", {x, b.weights({40, 64, 3, 3}, 0, true), b.bias(40, 0.016f)});
    const Graph graph = b.finish(b.quantised(b.node("Relu", {layer}), DType::Int8, 0.05f, 0));
    const Run result = run(graph, b.inputs());
    check_equal(result);
    CHECK(result.byte_tasks > 0);
    // The graph as it was before it was fused, in floating point.
    const auto original = run_reference(graph, b.inputs());
    REQUIRE(original);
    const auto want = (*original)[0].to_doubles();
    size_t off = 0;
    for (size_t i = 0; i < want.size(); ++i) {
      CHECK(std::abs(result.got[i] - want[i]) < 0.0501);
      off += result.got[i] != want[i];
    }
    CHECK(off * 100 < want.size());
    CHECK(std::ranges::count(want, 0.0) * 10 > std::ssize(want));
  }
}

TEST_CASE("a sum of bytes with a Relu inside the range, on its own") {
  AddCase c = kAdds[2];
  const ResidualModel model = residual_model(c, 60, true);
  const Run alone = run(model.sum, model.inputs, "Ascend310", {"fuse-tasks"}), fused = run(model.sum, model.inputs);
  size_t off = 0;
  for (size_t i = 0; i < alone.got.size(); ++i) {
    CHECK(std::abs(alone.got[i] - alone.want[i]) < static_cast<double>(c.y_scale) * 1.001);
    off += alone.got[i] != fused.got[i];
  }
  CHECK(off * 1000 < alone.got.size());
  CHECK(*std::ranges::min_element(alone.got) == 0.0);
}

TEST_CASE("concatenation, pooling and flattening move bytes") {
  for (const Shape& channels : {Shape{32, 64, 40}, Shape{24, 40}, Shape{64, 32}}) {
    QdqBuilder b(static_cast<uint32_t>(channels[0]));
    std::vector<ValueId> parts;
    for (int64_t c : channels) parts.push_back(b.quantised(b.input({2, c, 9, 7}), DType::UInt8, 0.016f, 120));
    const ValueId both = b.node("Concat", parts);
    b.set(both, "axis", int64_t{1});
    const ValueId pooled = b.node("MaxPool", {b.quantised(both, DType::UInt8, 0.016f, 120)});
    b.set(pooled, "kernel_shape", std::vector<int64_t>{2, 2}), b.set(pooled, "strides", std::vector<int64_t>{2, 2});
    const ValueId flat = b.node("Flatten", {b.quantised(pooled, DType::UInt8, 0.016f, 120)});
    const Run result = run(b.finish(b.quantised(flat, DType::UInt8, 0.016f, 120)), b.inputs());
    check_equal(result);
  }
}

TEST_CASE("first layers read images of four channels: eight taps a block") {
  struct Case {
    int64_t batch, channels, h, w, out, kernel, stride, pad, dilation;
    DType type;
    int64_t zero;
  };
  const Case cases[] = {{1, 3, 64, 64, 64, 7, 2, 3, 1, DType::UInt8, 100}, {2, 3, 33, 40, 24, 3, 2, 1, 1, DType::Int8, -5}, {1, 1, 28, 32, 16, 5, 1, 2, 1, DType::UInt8, 128},
                        {1, 4, 19, 24, 40, 3, 1, 2, 2, DType::UInt8, 3},     {3, 2, 17, 16, 33, 4, 3, 0, 1, DType::Int8, 0}};
  for (size_t i = 0; i < std::size(cases); ++i) {
    const Case& c = cases[i];
    CAPTURE(i);
    QdqBuilder b(static_cast<uint32_t>(i) + 120);
    const ValueId x = b.quantised(b.input({c.batch, c.channels, c.h, c.w}), c.type, 0.016f, c.zero);
    const ValueId y = b.node("Conv", {x, b.weights({c.out, c.channels, c.kernel, c.kernel}, 0, true), b.bias(c.out, 0.016f)});
    b.set(y, "strides", std::vector<int64_t>{c.stride, c.stride}), b.set(y, "pads", std::vector<int64_t>(4, c.pad)), b.set(y, "dilations", std::vector<int64_t>{c.dilation, c.dilation});
    const Graph graph = b.finish(b.quantised(y, c.type, 0.05f, 1));
    const Run small = run(graph, b.inputs(), "Ascend310P3"), plain = run(graph, b.inputs(), "Ascend310P3", {"assign-small-channels"});
    check_equal(small);
    CHECK(small.small_images == 1);
    CHECK(plain.small_images == 0);
    CHECK(plain.got == small.got);
  }
}

struct PoolCase {
  Shape x;
  std::vector<int64_t> kernel, strides, pads, dilations;
};
const PoolCase kPools[] = {
    {{1, 64, 112, 112}, {3, 3}, {2, 2}, {1, 1, 1, 1}, {1, 1}}, {{2, 40, 13, 11}, {2, 2}, {2, 2}, {0, 0, 0, 0}, {1, 1}},
    {{1, 32, 17, 30}, {3, 3}, {1, 1}, {1, 1, 1, 1}, {1, 1}},   {{1, 33, 19, 23}, {3, 2}, {3, 1}, {0, 1, 1, 0}, {2, 2}},
    {{1, 32, 9, 9}, {5, 5}, {1, 1}, {2, 2, 2, 2}, {1, 1}},     {{1, 32, 20, 41}, {1, 3}, {1, 4}, {0, 0, 0, 1}, {1, 1}},
    {{1, 32, 20, 41}, {3, 1}, {2, 7}, {1, 0, 0, 0}, {1, 1}},
};

TEST_CASE("floats become an image of bytes in the task that quantises them") {
  // One channel, some, sixteen, more than a block; images joined or in pieces; ends within blocks.
  const std::pair<Shape, bool> images[] = {{{3, 1, 28, 28}, false}, {{100, 1, 28, 28}, true}, {{2, 3, 17, 19}, false}, {{1, 3, 96, 100}, true}, {{1, 4, 130, 136}, true},
                                           {{1, 16, 9, 11}, false}, {{2, 40, 33, 31}, false}};
  for (const auto& [shape, small] : images)
    for (const DType type : {DType::UInt8, DType::Int8})
      for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910A"}) {
        CAPTURE(to_string(shape));
        CAPTURE(std::string(soc));
        QdqBuilder b(11);
        const int64_t zero = type == DType::UInt8 ? 119 : -7;
        const ValueId x = b.quantised(b.input(shape), type, 0.015f, zero);
        ValueId y = b.node("Conv", {x, b.weights({24, shape[1], 3, 3}, 0, true), b.bias(24, 0.015f)});
        b.set(y, "pads", std::vector<int64_t>{1, 1, 1, 1});
        const Graph graph = b.finish(b.quantised(y, DType::UInt8, 0.05f, 128));
        CompileOptions options{.soc = soc};
        if (!small) options.passes.disabled.insert("assign-small-channels");
        std::vector<std::vector<Tensor>> results;
        for (const bool fused : {true, false}) {
          if (!fused) options.passes.disabled.insert("fuse-tasks");
          auto model = compile(graph, options);
          REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
          const auto makes_image = [](const Task& task) { return task.fused == std::vector<std::string>{"AscendQuant", "TransData"}; };
          CHECK(std::ranges::count_if(model->tasks, makes_image) == fused);
          auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
          REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
          auto got = (*session)->run(b.inputs());
          REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
          results.push_back(std::move(*got));
        }
        CHECK(std::ranges::equal(results[0][0].bytes(), results[1][0].bytes()));
      }
}

TEST_CASE("maxima of bytes") {
  for (size_t i = 0; i < std::size(kPools); ++i)
    for (const DType type : {DType::UInt8, DType::Int8}) {
      CAPTURE(i);
      const PoolCase& c = kPools[i];
      QdqBuilder b(static_cast<uint32_t>(i) + 80);
      const ValueId pooled = b.node("MaxPool", {b.quantised(b.input(c.x), type, 0.016f, 3)});
      b.set(pooled, "kernel_shape", c.kernel), b.set(pooled, "strides", c.strides), b.set(pooled, "pads", c.pads), b.set(pooled, "dilations", c.dilations);
      check_equal(run(b.finish(b.quantised(pooled, type, 0.016f, 3)), b.inputs()));
    }
}

TEST_CASE("layers that are no 8-bit ones keep their meaning") {
  QdqBuilder b(5);
  // Clip inside the range, and weights whose product is read twice.
  const ValueId x = b.quantised(b.input({1, 16, 9, 9}), DType::UInt8, 0.016f, 125);
  const ValueId conv = b.node("Conv", {x, b.weights({16, 16, 1, 1}, 0, true)});
  const Run result = run(b.finish(b.node("Add", {b.node("Relu", {conv}), b.node("Sigmoid", {conv})})), b.inputs());
  double worst = 0, largest = 0;
  for (size_t i = 0; i < result.got.size(); ++i) worst = std::max(worst, std::abs(result.got[i] - result.want[i])), largest = std::max(largest, std::abs(result.want[i]));
  CHECK(worst <= 3e-3 * largest);
  CHECK(result.byte_tasks == 0);
}

TEST_CASE("split cores run 8-bit models in fp16 between quantisations") {
  QdqBuilder b(6);
  const ValueId x = b.quantised(b.input({1, 16, 9, 9}), DType::UInt8, 0.016f, 125);
  const ValueId conv = b.node("Conv", {x, b.weights({16, 16, 3, 3}, 0, true), b.bias(16, 0.016f)});
  const Run result = run(b.finish(b.quantised(conv, DType::UInt8, 0.05f, 128)), b.inputs(), "Ascend910B3");
  double worst = 0;
  for (size_t i = 0; i < result.got.size(); ++i) worst = std::max(worst, std::abs(result.got[i] - result.want[i]));
  CHECK(result.on_core);
  CHECK(worst <= 0.0501);
  CHECK(result.byte_tasks == 0);
}

}  // namespace
}  // namespace npu
