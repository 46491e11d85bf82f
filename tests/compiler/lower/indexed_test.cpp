// SPDX-License-Identifier: Apache-2.0
// Lowerings whose programs follow data, give indices or keep a state: rows by indices that arrive at run time, ArgMax, TopK, LSTM, GRU.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/compile.h"
#include "core/ops/op.h"
#include "runtime/profile/profile.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"

namespace npu {
namespace {

int64_t cpu_tasks(const CompiledModel& model) {
  return std::ranges::count_if(model.tasks, [](const Task& task) { return task.engine == Engine::AiCpu; });
}

// Gather of an input or a constant [.., rows, ..] by int64 or int32 indices that are an input.
struct Lookup {
  Shape data;
  int64_t axis;
  std::vector<int64_t> indices;
  DType type;
  bool constant;
};

Tensor counted(const Shape& shape) {
  Tensor tensor(DType::Float32, shape);
  float next = 0;
  for (float& value : tensor.mutable_data<float>()) value = std::fmod(next += 1, 2000.0f);  // exact in fp16
  return tensor;
}

Graph lookup_graph(const Lookup& c) {
  Graph graph;
  graph.opset = 14;
  const ValueId data = c.constant ? graph.add_constant("data", counted(c.data)) : graph.add_value("data", TensorType::of(DType::Float32, c.data));
  const ValueId indices = graph.add_value("indices", TensorType::of(c.type, Shape{std::ssize(c.indices)}));
  if (!c.constant) graph.inputs.push_back(data);
  graph.inputs.push_back(indices);
  Node node;
  node.op = node.name = "Gather";
  node.attrs["axis"] = c.axis;
  node.inputs = {data, indices};
  node.outputs = {graph.add_value("y", {})};
  graph.outputs = node.outputs;
  graph.append(std::move(node));
  return graph;
}

Result<std::vector<Tensor>> look_up(const Lookup& c, const char* soc, int runs = 1) {
  const CompiledModel model = compile(lookup_graph(c), CompileOptions{.soc = soc}).value();
  CHECK(cpu_tasks(model) == 0);
  const auto profile = profile_model(model, false);
  REQUIRE_MESSAGE(profile, (profile ? "" : profile.error().message()));
  NPU_TRY(auto session, Session::create(std::make_shared<const CompiledModel>(model), 2));
  std::vector<Tensor> inputs;
  if (!c.constant) inputs.push_back(counted(c.data));
  inputs.push_back(Tensor::from<int64_t>(DType::Int64, {std::ssize(c.indices)}, c.indices).cast(c.type));
  for (int i = 1; i < runs; ++i) NPU_CHECK(session->run(inputs));
  return session->run(inputs);
}

TEST_CASE("rows by indices that arrive at run time") {
  const Lookup cases[] = {
      {{50, 24}, 0, {7, 49, 0, -1, -50, 7, 13}, DType::Int64, true},
      {{50, 24}, 0, {3}, DType::Int32, false},
      {{3, 20, 5}, 1, {19, 2, 2, -20, 11}, DType::Int64, false},
      {{9, 1}, 0, {8, 7, 6, 5, 4, 3, 2, 1, 0}, DType::Int32, true},
      {{4, 90000}, 0, {3, 1, -4}, DType::Int64, true},  // rows longer than what UB holds
  };
  for (const Lookup& c : cases)
    for (const char* soc : {"Ascend310", "Ascend910B3"}) {
      const auto got = look_up(c, soc, 2);
      REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
      const Tensor data = counted(c.data);
      const int64_t size = c.data[static_cast<size_t>(c.axis)];
      int64_t outer = 1, inner = 1;
      for (size_t i = 0; i < c.data.size(); ++i) (static_cast<int64_t>(i) < c.axis ? outer : inner) *= c.data[i];
      inner /= size;
      const auto values = (*got)[0].data<float>();
      REQUIRE(std::ssize(values) == outer * inner * std::ssize(c.indices));
      size_t at = 0;
      for (int64_t o = 0; o < outer; ++o)
        for (int64_t index : c.indices)
          for (int64_t i = 0; i < inner; ++i)
            if (const float want = data.data<float>()[static_cast<size_t>((o * size + (index < 0 ? index + size : index)) * inner + i)]; values[at++] != want)
              FAIL(fmt::format("element {}: {} instead of {}", at - 1, values[at - 1], want));
    }
}

TEST_CASE("an index out of range halts the core") {
  for (const int64_t index : {int64_t{50}, int64_t{-51}, int64_t{1} << 40, INT64_MIN}) {
    const auto got = look_up({{50, 24}, 0, {0, index}, DType::Int64, true}, "Ascend310");
    REQUIRE(!got);
    CHECK(got.error().message().find("divides 0 by zero") != std::string::npos);
  }
}

TEST_CASE("LSTM and GRU on coupled cores") {
  struct Case {
    const char* text;
    int64_t cpu = 0;
  };
  const Case cases[] = {
      {"LSTM(@5x2x24, 1x128x24, 1x128x32, 1x256) hidden_size=i:32 outputs=3"},
      {"LSTM(@4x1x40, 1x64x40, 1x64x16) hidden_size=i:16 direction=s:reverse outputs=3"},
      {"LSTM(@3x16x8, 2x128x8, 2x128x32, 2x256) hidden_size=i:32 direction=s:bidirectional outputs=3"},
      {"LSTM(@6x1x16, 2x192x16, 2x192x48, 2x384, _, 2x1x48, 2x1x48) hidden_size=i:48 direction=s:bidirectional outputs=3"},
      {"LSTM(@2x1x16, 1x2048x16, 1x2048x512, 1x4096) hidden_size=i:512 outputs=1"},  // weights that L1 does not hold
      {"LSTM(@3x17x8, 1x64x8, 1x64x16) hidden_size=i:16 outputs=1", 1},               // more rows than a fractal
      {"LSTM(@3x1x8, 1x40x8, 1x40x10) hidden_size=i:10 outputs=1", 1},
      {"LSTM(@3x1x8, 1x64x8, 1x64x16) hidden_size=i:16 clip=f:0.5 outputs=1", 1},
      {"GRU(@5x2x24, 1x96x24, 1x96x32, 1x192) hidden_size=i:32 linear_before_reset=i:1 outputs=2"},
      {"GRU(@4x1x40, 1x48x40, 1x48x16) hidden_size=i:16 direction=s:reverse linear_before_reset=i:1 outputs=2"},
      {"GRU(@6x3x16, 2x144x16, 2x144x48, 2x288, _, 2x3x48) hidden_size=i:48 direction=s:bidirectional linear_before_reset=i:1 outputs=2"},
      {"GRU(@2x1x16, 1x1536x16, 1x1536x512, 1x3072) hidden_size=i:512 linear_before_reset=i:1 outputs=1"},
      {"GRU(@3x1x8, 1x48x8, 1x48x16) hidden_size=i:16 outputs=1", 1},  // the reset comes before the product
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const OperatorCase parsed = parse_operator_case(c.text);
    Graph typed = parsed.graph;
    REQUIRE(infer_shapes(typed));
    const auto want = run_reference(typed, parsed.inputs);
    REQUIRE_MESSAGE(want, (want ? "" : want.error().message()));
    const CompiledModel model = compile(parsed.graph, CompileOptions{.soc = "Ascend310"}).value();
    CHECK(cpu_tasks(model) == c.cpu);
    REQUIRE(profile_model(model, false));
    auto session = Session::create(std::make_shared<const CompiledModel>(model), 2);
    REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
    const auto got = (*session)->run(parsed.inputs);
    REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
    for (size_t i = 0; i < want->size(); ++i) {
      const auto a = (*got)[i].to_doubles(), b = (*want)[i].to_doubles();
      REQUIRE(a.size() == b.size());
      for (size_t k = 0; k < a.size(); ++k)
        if (!(std::abs(a[k] - b[k]) <= 3e-3)) FAIL(fmt::format("output {}, element {}: {} instead of {}", i, k, a[k], b[k]));
    }
  }
}

TEST_CASE("indices of extremes and of the largest are exact") {
  struct Case {
    const char* text;
    int64_t cpu310 = 0, cpu910 = 0;
  };
  const Case cases[] = {
      {"ArgMax(@7x10) axis=i:-1"},
      {"ArgMax(@600x21) axis=i:1 keepdims=i:0"},       // several tiles
      {"ArgMin(@33x128) axis=i:-1"},                    // a whole repeat
      {"ArgMax(@1x21x9x11) axis=i:1"},                  // moved to the end
      {"ArgMin(@40x3x2) axis=i:0 keepdims=i:0"},
      {"ArgMax(@5x129) axis=i:-1"},                     // two levels
      {"ArgMin(@3x2000) axis=i:-1"},
      {"ArgMax(@1x50257) axis=i:-1"},                   // three, more than 255 repeats
      {"ArgMax(@5x9) axis=i:-1 select_last_index=i:1", 1, 1},
      {"ArgMax(@5000x200) axis=i:-1", 1, 1},
      {"TopK(@3x1000, =[5]) outputs=2", 1},
      {"TopK(@20x33, =[33]) outputs=2", 1},
      {"TopK(@2x7x300, =[40]) outputs=2 largest=i:0", 1},
      {"TopK(@1x4000, =[3000]) outputs=2", 1},
      {"TopK(@4x6, =[1]) outputs=2", 1},
      {"TopK(@1x20000, =[10]) outputs=2", 1, 1},
      {"TopK(@4x6x5, =[2]) axis=i:1 outputs=2", 1, 1},
  };
  for (const Case& c : cases)
    for (const char* soc : {"Ascend310", "Ascend910B3"}) {
      const std::string text = fmt::format("{} on {}", c.text, soc);
      CAPTURE(text);
      const OperatorCase parsed = parse_operator_case(c.text);
      Graph typed = parsed.graph;
      REQUIRE(infer_shapes(typed));
      const auto want = run_reference(typed, parsed.inputs);
      REQUIRE_MESSAGE(want, (want ? "" : want.error().message()));
      const CompiledModel model = compile(parsed.graph, CompileOptions{.soc = soc}).value();
      CHECK(cpu_tasks(model) == (soc == std::string("Ascend310") ? c.cpu310 : c.cpu910));
      const auto profile = profile_model(model, false);
      REQUIRE_MESSAGE(profile, (profile ? "" : profile.error().message()));
      auto session = Session::create(std::make_shared<const CompiledModel>(model), 2);
      REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
      const auto got = (*session)->run(parsed.inputs);
      REQUIRE_MESSAGE(got, (got ? "" : got.error().message()));
      REQUIRE(got->size() == want->size());
      for (size_t i = 0; i < want->size(); ++i) CHECK(std::ranges::equal((*got)[i].bytes(), (*want)[i].bytes()));
    }
}

}  // namespace
}  // namespace npu
