// SPDX-License-Identifier: Apache-2.0
// --keep_dtype, --modify_mixlist and fusion_result.json.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "compiler/atc/float_nodes.h"
#include "compiler/compile.h"
#include "core/om/om.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"
#include "tests/compiler/atc/workplace.h"

namespace npu {

using namespace test;

namespace {

std::shared_ptr<const CompiledModel> compiled(const Workplace& place, std::vector<std::string> more) {
  auto arguments = compile_arguments(place, "out");
  arguments.insert(arguments.end(), more.begin(), more.end());
  const Said said = run(arguments);
  REQUIRE_MESSAGE(said.code == 0, said.text);
  const auto om = read_file(place.path("out.om"));
  REQUIRE(om);
  const auto package = load_package(*om);
  REQUIRE(package);
  return package->gears.front().program;
}

std::vector<double> result_of(const std::shared_ptr<const CompiledModel>& model, const Tensor& x) {
  auto session = Session::create(model, 1);
  REQUIRE(session);
  const auto y = (*session)->run(std::array{x});
  REQUIRE_MESSAGE(y, (y ? "" : y.error().message()));
  return (*y)[0].to_doubles();
}

size_t on_cpu(const CompiledModel& model) {
  return static_cast<size_t>(std::ranges::count(model.tasks, Engine::AiCpu, &Task::engine));
}

}  // namespace

TEST_CASE("--keep_dtype: what is kept computes in float32") {
  const Workplace place;
  const std::string all = "conv\nOpType::Relu\n";
  REQUIRE(write_file(place.path("all.cfg"), as_byte_view(all)));
  Tensor x(DType::Float32, {1, 3, 4, 4});
  for (int i = 0; float& v : x.mutable_data<float>()) v = 1.0f + static_cast<float>(i++) / 8191;
  const Graph graph = parse_graph(kModel).value();
  const auto exact = run_reference(graph, {&x, 1});
  REQUIRE(exact);
  const auto half = compiled(place, {}), kept = compiled(place, {"--keep_dtype=" + place.path("all.cfg")});
  CHECK(on_cpu(*half) == 0);
  CHECK(on_cpu(*kept) == 2);
  CHECK(kept->tasks.size() == 2);
  CHECK(result_of(kept, x) == (*exact)[0].to_doubles());
  CHECK(result_of(half, x) != (*exact)[0].to_doubles());
}

TEST_CASE("--keep_dtype and --modify_mixlist: the rest stays on the AI core, with casts between") {
  const Workplace place;
  const Tensor x(DType::Float32, {1, 3, 4, 4});
  for (const auto& options : std::vector<std::vector<std::string>>{{"--keep_dtype=" + place.path("kept.cfg")}, {"--modify_mixlist=" + place.path("mix.json"), "--precision_mode=allow_mix_precision"}}) {
    const auto model = compiled(place, options);
    REQUIRE(on_cpu(*model) == 1);
    const auto task = std::ranges::find(model->tasks, Engine::AiCpu, &Task::engine);
    CHECK(task->op_type == "Relu");
    CHECK(task->inputs[0].dtype == DType::Float32);
    CHECK(result_of(model, x) == std::vector<double>(32, 0.0));
  }
}

TEST_CASE("kept nodes that follow each other pass float32 on") {
  const auto graph = parse_graph(
      "graph \"g\" opset 13\n"
      "input %x : float32[4]\n"
      "%a = Neg(%x) \"a\"\n"
      "%b = Exp(%a) \"b\"\n"
      "%c = Log(%b) \"c\"\n"
      "%y = Neg(%c) \"d\"\n"
      "output %y\n");
  REQUIRE(graph);
  CompileOptions options;
  options.passes.keep_float.names = {"b", "c"};
  const auto model = npu::compile(*graph, options);
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  REQUIRE(on_cpu(*model) == 2);
  const auto first = std::ranges::find(model->tasks, Engine::AiCpu, &Task::engine);
  CHECK((first + 1)->inputs[0].address == first->outputs[0].address);
  CHECK((first + 1)->inputs[0].dtype == DType::Float32);
}

TEST_CASE("files of --keep_dtype and --modify_mixlist") {
  const FloatNodes nodes = atc::parse_keep_dtype("# remark\n a/b:0 \r\nOpType::Conv2D\n\nOpType::Elu\n");
  CHECK(nodes.names == std::set<std::string, std::less<>>{"a/b:0 "});
  CHECK(nodes.types == std::set<std::string, std::less<>>{"Conv", "Elu"});
  const auto mix = atc::parse_mixlist(R"({"black-list": {"to-add": ["SoftmaxV2"], "to-remove": ["X"]}, "white-list": {"to-add": ["Y"]}})");
  REQUIRE(mix);
  CHECK(mix->types == std::set<std::string, std::less<>>{"Softmax"});
  for (const std::string bad : {"", "[]", R"({"black-list": []})", R"({"black-list": {"add": []}})", R"({"black-list": {"to-add": "X"}})", R"({"black-list": {"to-add": [1]}})", R"({"list": {}})"})
    CHECK_MESSAGE(!atc::parse_mixlist(bad), bad);
}

TEST_CASE("fusion_result.json counts what passes matched and rewrote") {
  const Workplace place;
  const auto read = [&] {
    const auto text = read_file(place.path("fusion_result.json"));
    REQUIRE(text);
    return nlohmann::json::parse(reinterpret_cast<const char*>((*text)->data()), reinterpret_cast<const char*>((*text)->data() + (*text)->size()));
  };
  compiled(place, {"--export_compile_stat=0"});
  CHECK(!std::filesystem::exists(place.path("fusion_result.json")));
  compiled(place, {});
  const auto graph = read()["session_and_graph_id_0_0"];
  CHECK(graph["ub_fusion"]["TbeEltwiseFusionPass"] == nlohmann::json({{"effect_times", "1"}, {"match_times", "1"}, {"repository_hit_times", "0"}}));
  CHECK(!graph["graph_fusion"].contains("ConvBatchnormFusionPass"));
  compiled(place, {"--optimization_switch=TbeEltwiseFusionPass:off"});
  CHECK(read()["session_and_graph_id_0_0"]["ub_fusion"].empty());
  REQUIRE(run({"--model=" + place.path("tiny.onnx"), "--output=" + place.path("out"), "--soc_version=Ascend310", "--input_shape=x:-1,3,4,4", "--dynamic_batch_size=1,2"}).code == 0);
  CHECK(read().contains("session_and_graph_id_0_1"));
}

}  // namespace npu
