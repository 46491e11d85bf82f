// SPDX-License-Identifier: Apache-2.0
// Rotary embedding as exporters write it: one task, with the bits of the operators it is written with, which a session's checks
// let pass; and against the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "compiler/compile.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"

namespace npu {
namespace {

struct Case {
  Shape x, table;
  bool constant_tables;
};

Tensor random_tensor(const Shape& shape, std::mt19937& random) {
  Tensor tensor(DType::Float32, shape);
  for (float& v : tensor.mutable_data<float>()) v = static_cast<float>(random() % 2049) / 1024 - 1;
  return tensor;
}

Graph rotary_graph(const Case& c, bool split, std::mt19937& random) {
  const int64_t half = c.x.back() / 2, rank = std::ssize(c.x);
  const auto dims = [](const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ",")); };
  std::string text = fmt::format("graph \"g\" opset 18\ninput %x : float32{}\n", dims(c.x));
  if (!c.constant_tables)
    for (const char* name : {"cos", "sin"}) text += fmt::format("input %{} : float32{}\n", name, dims(c.table));
  else
    for (const char* name : {"cos", "sin"}) text += fmt::format("const %{} : float32{} = #0000000000000000\n", name, dims(c.table));
  if (split) {
    text += "%a, %b = Split(%x) {axis=-1, num_outputs=2}\n";
  } else {
    text += fmt::format("const %zero : int64[1] = [0]\nconst %half : int64[1] = [{}]\nconst %all : int64[1] = [9223372036854775807]\nconst %last : int64[1] = [{}]\n", half, rank - 1);
    text += "%a = Slice(%x, %zero, %half, %last)\n%b = Slice(%x, %half, %all, %last)\n";
  }
  text += "%n = Neg(%b)\n%t = Concat(%n, %a) {axis=-1}\n%xc = Mul(%x, %cos)\n%ts = Mul(%t, %sin)\n%y = Add(%xc, %ts)\noutput %y\n";
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  for (const ValueId id : graph->used_constants())
    if (auto& constant = graph->value(id).constant; constant->dtype() == DType::Float32) constant = random_tensor(constant->shape(), random);
  return std::move(*graph);
}

struct Run {
  Tensor y;
  std::vector<std::string> tasks;
};

Run run(const Graph& graph, const std::vector<Tensor>& inputs, const char* soc, bool fused) {
  CompileOptions options{.soc = soc};
  if (!fused) options.passes.disabled.insert("fuse-rotary");
  auto model = compile(graph, options);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  Run result;
  for (const Task& task : model->tasks)
    if (task.op_type != "Cast") result.tasks.push_back(task.op_type);
  auto session = Session::create(std::make_shared<const CompiledModel>(std::move(*model)), 2);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  auto outputs = (*session)->run(inputs);
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  result.y = std::move((*outputs)[0]);
  return result;
}

// Sizes that are whole blocks and that are not, tables broadcast over heads, over batches, over both.
Case random_case(std::mt19937& random) {
  const auto pick = [&](std::initializer_list<int64_t> options) { return options.begin()[random() % options.size()]; };
  Case c{.x = {pick({1, 2, 3}), pick({1, 4, 7}), pick({1, 5, 40}), pick({2, 6, 32, 64, 72, 80, 128, 256, 300})}, .table = {}, .constant_tables = random() % 2 == 0};
  c.table = c.x;
  for (size_t i = 0; i < 3; ++i)
    if (random() % 2) c.table[i] = 1;
  if (c.table[0] == 1 && random() % 2) c.table.erase(c.table.begin());
  return c;
}

}  // namespace

TEST_CASE("rotary embedding is one task and keeps its bits") {
  std::mt19937 random(3);
  for (int i = 0; i < 60; ++i) {
    const Case c = random_case(random);
    const Graph graph = rotary_graph(c, i % 3 == 0, random);
    std::vector<Tensor> inputs;
    for (const ValueId id : graph.inputs) inputs.push_back(random_tensor(to_shape(graph.value(id).type.dims), random));
    const auto want = run_reference(graph, inputs);
    REQUIRE_MESSAGE(want, (want ? "" : want.error().message()));
    const char* soc = (const char*[]){"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B1"}[i % 4];
    const std::string what = fmt::format("{} with tables of {} on {}", to_string(c.x), to_string(c.table), soc);
    CAPTURE(what);
    const Run fused = run(graph, inputs, soc, true), apart = run(graph, inputs, soc, false);
    CHECK(fused.tasks == std::vector<std::string>{"RotaryMul"});
    CHECK(apart.tasks.size() > 1);
    CHECK(std::ranges::equal(fused.y.bytes(), apart.y.bytes()));
    const auto a = (*want)[0].to_doubles(), b = fused.y.to_doubles();
    double worst = 0;
    for (size_t j = 0; j < a.size(); ++j) worst = std::max(worst, std::abs(a[j] - b[j]));
    CHECK(worst <= 3e-3);
  }
}

}  // namespace npu
