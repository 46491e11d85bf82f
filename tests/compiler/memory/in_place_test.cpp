// SPDX-License-Identifier: Apache-2.0
// Results that are written over an input that dies there: the same bits as with a buffer for each value, on every chip, with the
// flags proved when a session loads the model; and less memory.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "compiler/compile.h"
#include "compiler/group_tasks.h"
#include "compiler/memory/plan_memory.h"
#include "core/om/package.h"
#include "core/onnx/onnx.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/compiler/random_graph.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

constexpr std::array kChips{"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B1", "Ascend310B4"};

int64_t count_in_place(const CompiledModel& model) { return std::ranges::count_if(model.tasks, writes_in_place); }

// Gives how many tasks write over an input.
int64_t check_same_bits(const Graph& graph, const std::vector<Tensor>& inputs, CompileOptions options) {
  std::vector<std::vector<Tensor>> results;
  int64_t in_place = 0;
  for (const bool apart : {false, true}) {
    options.disable_memory_reuse = apart;
    auto model = compile(graph, options);
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    if (apart) CHECK(count_in_place(*model) == 0);
    else in_place = count_in_place(*model);
    auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
    REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
    // Twice: an input that had been written over would show.
    for (int run = 0; run < 2; ++run) {
      auto outputs = (*session)->run(inputs);
      REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
      results.push_back(std::move(*outputs));
    }
  }
  for (const auto& outputs : results)
    for (size_t i = 0; i < outputs.size(); ++i) CHECK(std::ranges::equal(outputs[i].bytes(), results[0][i].bytes()));
  return in_place;
}

// The arena with results in buffers of their own, from the compiled graph.
MemoryPlan plan_again(const CompiledModel& model, bool in_place) {
  auto plan = plan_memory(model.graph, group_tasks(model.graph), {}, {.in_place = in_place});
  REQUIRE(plan);
  return std::move(*plan);
}

struct Case {
  const char* text;
  int64_t in_place;  // tasks, on chips whose cube reaches the vector unit
};

// Inputs of the model are float32: what reads them is a Cast into a buffer that dies with its reader.
constexpr std::array kCases{
    Case{"Softmax(@7x33) axis=i:-1 ; Sigmoid(@) ; Softmax(@) axis=i:-1", 3},
    Case{"Softmax(@90x130) axis=i:-1 ; Add(@, 130) ; Tanh(@) ; Softmax(@) axis=i:-1", 3},
    Case{"Softmax(@6x20x48) axis=i:-1 ; Mul(@, @6x1x48) ; Softmax(@) axis=i:-1", 3},
    Case{"Mul(@2x48x40x40, @2x48x1x1)", 1},
    Case{"Softmax(@300x77) axis=i:-1", 1},
    Case{"LayerNormalization(@150x96, 96, 96) axis=i:-1 opset=17", 1},
    Case{"LayerNormalization(@3x40000, 40000) axis=i:-1 opset=17", 1},  // a row does not fit UB
    Case{"MatMul(@67x170, 170x133) ; Add(@, @67x133)", 1},
    Case{"MatMul(@3x50x72, @3x72x40) ; Mul(@, @3x50x40)", 1},
    Case{"Transpose(@30x50) perm=1,0", 0},
    Case{"MaxPool(@1x32x8x8) kernel_shape=1,1", 0},
};

Tensor filled(const Shape& shape, float scale = 1) {
  Tensor tensor(DType::Float32, shape);
  for (int64_t i = 0; float& v : tensor.mutable_data<float>()) v = scale * (static_cast<float>(i++ * 37 % 101) / 50 - 1);
  return tensor;
}

// Weights get values.
Graph parse(const std::string& text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  for (const ValueId id : graph->used_constants())
    if (auto& constant = graph->value(id).constant; constant->shape().size() == 4)
      constant = constant->dtype() == DType::Int8 ? filled(constant->shape(), 100).cast(DType::Int8) : filled(constant->shape(), 0.05f);
  return std::move(*graph);
}

}  // namespace

TEST_CASE("tasks that are declared to read before they write do") {
  for (const char* soc : kChips)
    for (const Case& c : kCases) {
      CAPTURE(std::string(soc));
      CAPTURE(std::string(c.text));
      const OperatorCase parsed = parse_operator_case(c.text);
      const int64_t found = check_same_bits(parsed.graph, parsed.inputs, {.soc = soc});
      if (!(*find_soc(soc))->split) CHECK(found >= c.in_place);
      if (c.in_place == 0) CHECK(found == 0);
    }
}

TEST_CASE("what is read elsewhere, later or by other tiles is not written over") {
  // The sum's first operand is what the convolution reads.
  const Graph own = parse(
      "graph \"own\" opset 17\ninput %x : float32[1,16,9,9]\nconst %w : float32[16,16,1,1] = #0000000000000000\n"
      "%y = Relu(%x)\n%c = Conv(%y, %w)\n%z = Add(%c, %y)\noutput %z\n");
  check_same_bits(own, {filled({1, 16, 9, 9})}, {});
  // The operand lives on as another output, and a row of it is read by every tile.
  const Graph later = parse(
      "graph \"later\" opset 17\ninput %x : float32[40,64]\nconst %s : int64[2] = [1, 39]\n%y = Sigmoid(%x)\n%z = Softmax(%y)\n%u = Mul(%z, %y)\n"
      "%a, %b = Split(%u, %s) {axis = 0}\n%v = Add(%u, %a)\noutput %v\noutput %y\n");
  check_same_bits(later, {filled({40, 64})}, {});
}

TEST_CASE("random graphs compute the same bits in place") {
  int64_t in_place = 0;
  for (uint32_t seed = 0; seed < 120; ++seed) {
    test::RandomGraph random(seed);
    const Graph graph = random.make(4 + static_cast<int>(seed % 9));
    CAPTURE(seed);
    CAPTURE(print_graph(graph));
    in_place += check_same_bits(graph, {random.tensor(to_shape(graph.value(graph.inputs[0]).type.dims))}, {.soc = kChips[seed % kChips.size()]});
  }
  MESSAGE(in_place, " tasks wrote over an input");
  CHECK(in_place >= 60);
}

TEST_CASE("a chain of residuals needs one buffer less") {
  // The largest moment: the sum so far, the convolution's input and the new sum, which takes the old one's place.
  std::string text = "graph \"residuals\" opset 17\ninput %x : float32[2,8,4,4]\nconst %w0 : float32[40,8,1,1] = #0000000000000000\nconst %w : float32[40,40,3,3] = #0000000000000000\n"
                     "%s0 = Conv(%x, %w0)\nconst %r : float32[4] = [1, 1, 8, 8]\n%b0 = Resize(%s0, _, %r) {mode=\"nearest\"}\n";
  for (int i = 0; i < 4; ++i)
    text += fmt::format("%c{0} = Conv(%b{0}, %w) {{pads=[1, 1, 1, 1]}}\n%r{0} = Relu(%c{0})\n%d{0} = Conv(%r{0}, %w) {{pads=[1, 1, 1, 1]}}\n%b{1} = Add(%d{0}, %b{0})\n", i, i + 1);
  const Graph graph = parse(text + "%y = GlobalAveragePool(%b4)\noutput %y\n");
  for (const char* soc : kChips) {
    CAPTURE(std::string(soc));
    CHECK(check_same_bits(graph, {filled({2, 8, 4, 4})}, {.soc = soc}) >= 4);
    const auto model = compile(graph, {.soc = soc});
    REQUIRE(model);
    const MemoryPlan with = plan_again(*model, true), without = plan_again(*model, false);
    // Where the sum is a task of its own, the convolution before it needs three images too.
    constexpr int64_t kImage = 2 * 48 * 32 * 32 * 2 + 512;
    CHECK(peak_live_bytes(without.lives) - peak_live_bytes(with.lives) == ((*find_soc(soc))->split ? 0 : kImage));
    CHECK(with.arena_bytes == model->arena_bytes);
    CHECK(static_cast<double>(with.arena_bytes) <= 1.05 * static_cast<double>(peak_live_bytes(with.lives)));
  }
}

TEST_CASE("sums of bytes take the place of one of them") {
  std::string text = "graph \"bytes\" opset 17\ninput %x : float32[2,40,9,11]\nconst %s : float32[] = [0.0625]\nconst %k : float32[] = [0.001]\nconst %z : uint8[] = [128]\nconst %n : int8[] = [0]\n"
                     "const %w : int8[40,40,3,3] = #0000000000000000\n%wd = DequantizeLinear(%w, %k, %n)\n%q0 = QuantizeLinear(%x, %s, %z)\n%b0 = DequantizeLinear(%q0, %s, %z)\n";
  const auto bytes = [&](std::string value) { text += fmt::format("%q{0} = QuantizeLinear({1}, %s, %z)\n%{0} = DequantizeLinear(%q{0}, %s, %z)\n", value, "%" + value + "f"); };
  for (int i = 0; i < 3; ++i) {
    text += fmt::format("%c{0}f = Conv(%b{0}, %wd) {{pads=[1, 1, 1, 1]}}\n", i);
    bytes(fmt::format("c{}", i));
    text += fmt::format("%d{0}f = Conv(%c{0}, %wd) {{pads=[1, 1, 1, 1]}}\n", i);
    bytes(fmt::format("d{}", i));
    text += fmt::format("%b{1}f = Add(%d{0}, %b{0})\n", i, i + 1);
    bytes(fmt::format("b{}", i + 1));
  }
  const Graph graph = parse(text + "output %b3\n");
  for (const char* soc : {"Ascend310", "Ascend310P3"})
    for (const bool alone : {false, true}) {
      CompileOptions options{.soc = soc};
      if (alone) options.passes.disabled.insert("fuse-tasks");
      CHECK(check_same_bits(graph, {filled({2, 40, 9, 11}, 4)}, options) == 3);
    }
}

TEST_CASE("shared models and samples compute the same bits in place") {
  const auto samples = test::source_dir() / "samples";
  const auto check = [](const std::filesystem::path& file, const Shape& shape) {
    CAPTURE(file.string());
    auto graph = load_onnx_file(file.string());
    REQUIRE(graph);
    const std::string name = graph->value(graph->inputs[0]).name;
    MESSAGE(file.filename().string(), ": ", check_same_bits(*graph, {filled(shape)}, {.passes = {.input_shapes = {{name, shape}}}}), " tasks write over an input");
  };
  check(samples / "digits/digits.onnx", {2, 1, 28, 28});
  check(samples / "defects/defects.onnx", {2, 3, 96, 96});
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  check(*data / "models/mnist-8.onnx", {1, 1, 28, 28});
  check(*data / "models/ultraface-rfb-320.onnx", {1, 3, 240, 320});
  check(*data / "models/super-resolution.onnx", {1, 1, 224, 224});
}

}  // namespace npu
