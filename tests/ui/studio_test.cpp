// SPDX-License-Identifier: Apache-2.0
// The application without drawing, from a sample's files to its answer.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "tests/core/model_file/models.h"
#include "tests/test_paths.h"
#include "tests/ui/waiting_studio.h"
#include "ui/exports.h"
#include "ui/mirror.h"
#include "ui/studio/memory_room.h"

using namespace npu;
using namespace npu::ui;
using test::Waiting, test::bytes_of;

TEST_CASE("a sample is loaded, compiled, timed and answered with its class") {
  Waiting w;
  const SnapshotPtr s = w.wait(w.studio.open_sample("digits", 7));
  REQUIRE_MESSAGE(!s->error, (s->error ? s->error->message() : ""));
  REQUIRE(s->run);
  REQUIRE(s->picture);
  CHECK(s->run->top.at(0).index == s->picture->label);
  CHECK(s->run->top.size() == 5);
  CHECK(s->run->probabilities);
  CHECK(s->model->nodes.size() > 5);
  CHECK(s->compile->passes.size() > 5);
  CHECK(s->profile->total_us > 0);
  CHECK(s->profile->tasks.size() == s->compile->model->tasks.size());
  CHECK(s->profile->timeline->event_count > 0);

  const auto mirror = nlohmann::json::parse(mirror_json(*s, {}));
  CHECK(mirror.at("state") == "ready");
  CHECK(mirror.at("result").size() == 5);
  CHECK(mirror.at("result")[0].at("index") == s->picture->label);
  CHECK(mirror.at("device_us") == s->profile->total_us);

  for (const auto& [kind, name, start] : {std::tuple{SaveKind::OpSummary, "op_summary.csv", "Device_id,"}, {SaveKind::Instructions, "instr_exe.csv", "Task ID,"},
                                          {SaveKind::ChromeTrace, "trace.json", "{"}, {SaveKind::PerfettoTrace, "trace.pftrace", "\n"}}) {
    CAPTURE(name);
    const auto file = export_file(*s, kind);
    REQUIRE(file);
    CHECK(file->name == name);
    REQUIRE(file->bytes.size() > 1000);
    CHECK(std::string_view(reinterpret_cast<const char*>(file->bytes.data()), file->bytes.size()).starts_with(start));
  }

  SUBCASE("the saved .om opens again and gives the same answer") {
    const auto om = export_file(*s, SaveKind::Om);
    REQUIRE_MESSAGE(om, (om ? "" : om.error().message()));
    CHECK(om->name == "digits.om");
    const SnapshotPtr other = w.wait(w.studio.open_model(om->name, std::make_shared<const std::vector<std::byte>>(om->bytes)));
    REQUIRE_MESSAGE(!other->error, (other->error ? other->error->message() : ""));
    CHECK(other->model->compiled);
    CHECK(other->compile->passes.empty());
    CHECK(other->profile->total_us == doctest::Approx(s->profile->total_us));
  }
  SUBCASE("another picture gives another answer without compiling again") {
    const SnapshotPtr other = w.wait(w.studio.change([](Request& request) { request.choose_picture("", nullptr, 3); }));
    REQUIRE(other->run);
    CHECK(other->compile == s->compile);
    CHECK(other->run->top.at(0).index == other->picture->label);
    CHECK(other->picture->label != s->picture->label);
  }
  SUBCASE("a pass that is switched off is reported as such") {
    const SnapshotPtr other = w.wait(w.studio.change([](Request& r) { r.disabled_passes = {"fold-batch-norm"}; }));
    REQUIRE_MESSAGE(!other->error, (other->error ? other->error->message() : ""));
    size_t off = 0;
    for (const PassInfo& pass : other->compile->passes) off += pass.report.disabled;
    CHECK(off == 1);
    CHECK(other->run->top.at(0).index == s->run->top.at(0).index);
  }
  SUBCASE("a broken file is reported and the model stays") {
    const SnapshotPtr other = w.wait(w.studio.open_model("broken.onnx", bytes_of("this is no model")));
    REQUIRE(other->error);
    CHECK(other->error->message().find("broken.onnx") != std::string::npos);
    CHECK(other->model == s->model);
    CHECK(nlohmann::json::parse(mirror_json(*other, {})).at("state") == "error");
    const SnapshotPtr again = w.wait(w.studio.run_again());
    CHECK_FALSE(again->error);
    CHECK(again->run->top.at(0).index == s->run->top.at(0).index);
  }
  SUBCASE("a broken picture is reported and the old one stays") {
    const SnapshotPtr other = w.wait(w.studio.open_picture("broken.png", bytes_of("\x89PNG broken")));
    REQUIRE(other->error);
    CHECK(other->picture == s->picture);
    CHECK_FALSE(w.wait(w.studio.run_again())->error);
  }
}

TEST_CASE("the goal stops the worker where a script wants it") {
  Waiting w;
  w.studio.change([](Request& r) { r.goal = Goal::Loaded; });
  SnapshotPtr s = w.wait(w.studio.open_sample("digits", 0));
  CHECK(s->model);
  CHECK_FALSE(s->compile);
  s = w.wait(w.studio.change([](Request& r) { r.goal = Goal::Compiled; }));
  CHECK(s->compile);
  CHECK_FALSE(s->run);
  s = w.wait(w.studio.change([](Request& r) { r.goal = Goal::Timed; }));
  CHECK(s->profile);
  CHECK_FALSE(s->run);
}

TEST_CASE("a newer request interrupts, and cancelling leaves the studio usable") {
  Waiting w;
  w.studio.open_sample("resnet18", 0);
  const SnapshotPtr s = w.wait(w.studio.open_sample("digits", 0));
  REQUIRE(s->sample);
  CHECK(s->sample->name == "digits");
  CHECK_FALSE(s->error);
  w.studio.open_sample("resnet18", 0);
  w.wait(w.studio.cancel());
  CHECK(w.wait(w.studio.open_sample("digits", 1))->run);
}

TEST_CASE("unknown samples and inputs are errors that name them") {
  Waiting w;
  SnapshotPtr s = w.wait(w.studio.open_sample("nonsense", 0));
  REQUIRE(s->error);
  CHECK(s->error->where == "nonsense");
  w.wait(w.studio.open_sample("digits", 0));
  s = w.wait(w.studio.change([](Request& r) {
    r.inputs["no such input"] = Tensor(DType::Float32, {1});
    r.run_id = 99;
  }));
  REQUIRE(s->error);
  CHECK(s->error->where == "no such input");
}

TEST_CASE("an .om with gears runs the one that is chosen, or that the given input fits") {
  const auto file = read_file(NPU_SOURCE_DIR "/samples/digits/digits.onnx");
  REQUIRE(file);
  const auto graph = load_onnx(**file, *file);
  REQUIRE(graph);
  const std::string name = graph->value(graph->inputs[0]).name;
  std::vector<GearShapes> gears;
  for (const int64_t batch : {1, 3}) gears.push_back({{batch}, {{name, Shape{batch, 1, 28, 28}}}});
  const auto package = compile_gears(*graph, {}, Dynamic::Batch, gears);
  REQUIRE_MESSAGE(package, (package ? "" : package.error().message()));
  const auto om = save_om(*package);
  REQUIRE(om);

  Waiting w;
  const SnapshotPtr s = w.wait(w.studio.open_model("digits.om", std::make_shared<const std::vector<std::byte>>(*om)));
  REQUIRE_MESSAGE(!s->error, (s->error ? s->error->message() : ""));
  CHECK(s->compile->gears == std::vector<std::string>{"batch 1", "batch 3"});
  CHECK(s->compile->gear == 0);
  CHECK(s->run->tensors.begin()->second.shape()[0] == 1);

  const SnapshotPtr chosen = w.wait(w.studio.change([](Request& r) { r.gear = 1; }));
  REQUIRE_MESSAGE(!chosen->error, (chosen->error ? chosen->error->message() : ""));
  CHECK(chosen->run->tensors.begin()->second.shape()[0] == 3);
  CHECK(chosen->profile->total_us > s->profile->total_us);
  CHECK(nlohmann::json::parse(mirror_json(*chosen, {})).at("gear") == 1);

  const auto run = [&](int64_t batch) {
    w.studio.change([&](Request& r) { r.inputs = {{name, Tensor(DType::Float32, {batch, 1, 28, 28})}}; });
    return w.wait(w.studio.run_again());
  };
  const SnapshotPtr given = run(1);
  REQUIRE_MESSAGE(!given->error, (given->error ? given->error->message() : ""));
  CHECK(given->compile->gear == 0);
  CHECK(given->run->tensors.begin()->second.shape()[0] == 1);
  const SnapshotPtr between = run(2);
  REQUIRE(between->error);
  CHECK(between->error->what.find("its gears are batch 1, 3") != std::string::npos);
}

TEST_CASE("files of every framework open, and answer alike") {
  Waiting w;
  const auto open = [&](const std::string& name, const std::string& bytes) { return w.wait(w.studio.open_model(name, bytes_of(bytes))); };
  const auto answer = [](const SnapshotPtr& s) {
    REQUIRE_MESSAGE(!s->error, (s->error ? s->error->message() : ""));
    REQUIRE(s->run);
    return s->run->tensors.begin()->second.to_doubles();
  };
  const SnapshotPtr onnx = open("net.onnx", test::onnx_net());
  const std::vector<double> expected = answer(onnx);
  CHECK(onnx->model->format == "ONNX");
  for (const auto& [name, bytes, format] : {std::tuple{"net.pb", test::tensorflow_net(), "TensorFlow"}, {"net.mindir", test::mindir_net(), "MindIR"}}) {
    CAPTURE(name);
    const SnapshotPtr s = open(name, bytes);
    CHECK(answer(s) == expected);
    CHECK(s->model->format == format);
    CHECK(s->model->name == name);
  }
  for (const bool weights_first : {false, true}) {
    CAPTURE(weights_first);
    const std::pair<std::string, std::string> files[] = {{"net.prototxt", test::caffe_net()}, {"net.caffemodel", test::caffe_weights()}};
    const SnapshotPtr before = open("net.pb", test::tensorflow_net());
    const SnapshotPtr half = open(files[weights_first].first, files[weights_first].second);
    REQUIRE(half->error);
    CHECK(half->error->message().find("missing") != std::string::npos);
    CHECK(half->error->where == files[weights_first].first);
    CHECK(half->model == before->model);
    const SnapshotPtr whole = open(files[!weights_first].first, files[!weights_first].second);
    CHECK(answer(whole) == expected);
    CHECK(whole->model->format == "Caffe");
    CHECK(whole->model->name == "net.prototxt");
  }
  // A model between the two ends the wait.
  open("net.prototxt", test::caffe_net());
  CHECK(answer(open("net.pb", test::tensorflow_net())) == expected);
  CHECK(open("net.caffemodel", test::caffe_weights())->error);
}

TEST_CASE("broken files of every kind are reported by name, and the model stays") {
  Waiting w;
  const SnapshotPtr good = w.wait(w.studio.open_model("net.pb", bytes_of(test::tensorflow_net())));
  REQUIRE_FALSE(good->error);
  const std::string kinds[] = {test::onnx_net(), test::tensorflow_net(), test::mindir_net(), test::air_net(), test::saved_model()};
  for (const std::string& bytes : kinds) {
    const SnapshotPtr s = w.wait(w.studio.open_model("broken.file", bytes_of(bytes.substr(0, bytes.size() - 1))));
    REQUIRE(s->error);
    CHECK(s->error->message().find("broken.file") != std::string::npos);
    CHECK(s->model == good->model);
  }
  w.studio.open_model("broken.prototxt", bytes_of(test::caffe_net().substr(0, 60)));
  const SnapshotPtr s = w.wait(w.studio.open_model("broken.caffemodel", bytes_of(test::caffe_weights())));
  REQUIRE(s->error);
  CHECK(s->error->message().find("broken.prototxt") != std::string::npos);
}

TEST_CASE("a file that cannot fit is refused with what is needed and what is left") {
  constexpr int64_t kMega = 1 << 20;
  CHECK(check_room("small.onnx", 100 * kMega, 250 * kMega));
  const Status refused = check_room("large.onnx", 1800 * kMega, 4000 * kMega);
  REQUIRE(!refused);
  CHECK(refused.error().message() ==
        "InvalidArgument: large.onnx: has 1800 MB, which need about 4500 MB of memory here, and 4000 MB are left. The native programs (atc, npu) run it");
  CHECK(!check_room("huge.onnx", int64_t{1} << 40, 4000 * kMega));
}
