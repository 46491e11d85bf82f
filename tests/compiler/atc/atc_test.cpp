// SPDX-License-Identifier: Apache-2.0
// tests/golden/atc/*.txt: the arguments, one a line, and what atc says. $DIR is a fresh folder with a model, tiny.onnx;
// files whose names begin with bad- expect exit code 1.
#include "compiler/atc/atc.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>

#include "compiler/atc/options.h"
#include "core/base/file.h"
#include "core/om/om.h"
#include "core/onnx/onnx.h"
#include "runtime/session/session.h"
#include "tests/compiler/atc/workplace.h"
#include "tests/golden.h"

namespace npu {

using namespace test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

// What atc said about a folder whose name is as long as the machine wants, and so is the command line that the model keeps.
std::string without_folder(const std::string& text, const std::string& dir) {
  return std::regex_replace(replaced(text, dir, "$DIR"), std::regex("modeldef_size\\[[0-9]+ B\\]"), "modeldef_size[$$SIZE B]");
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("atc says what the golden files hold") {
  const auto files = test::golden_files("atc");
  CHECK(files.size() > 10);
  for (const auto& golden : files) {
    const Workplace place;
    const Said said = run(lines_of(replaced(golden.input, "$DIR", place.dir())));
    CHECK_MESSAGE(said.code == (golden.is_bad() ? 1 : 0), golden.name, "\n", said.text);
    test::check_golden(golden, without_folder(said.text, place.dir()));
  }
}

TEST_CASE("the tutorials' tuning writes a bank that later compiles use") {
  const Workplace place;
  const auto arguments_of = [&](const char* output) {
    auto arguments = compile_arguments(place, output);
    arguments[3] = "--input_shape=x:256,3,4,4";
    return arguments;
  };
  std::vector<std::string> arguments = arguments_of("tuned");
  arguments.insert(arguments.end(), {"--auto_tune_mode=RL,GA", "--op_select_implmode=high_performance", "--op_bank_path=" + place.path("bank")});
  const Said tuned = run(arguments);
  REQUIRE_MESSAGE(tuned.code == 0, tuned.text);
  const auto bank = read_file(place.path("bank/Ascend310.json"));
  REQUIRE(bank);
  arguments = arguments_of("used");
  arguments.insert(arguments.end(), {"--op_bank_path=" + place.path("bank"), "--log=info"});
  const Said used = run(arguments);
  REQUIRE_MESSAGE(used.code == 0, used.text);
  CHECK(used.text.find("; 0 trials") != std::string::npos);
  CHECK(**read_file(place.path("bank/Ascend310.json")) == **bank);
  // The same tasks, with other streams than by default.
  REQUIRE(run(arguments_of("plain")).code == 0);
  const auto blocks = [&](const char* name) {
    std::vector<Program> all;
    const auto model = load_om(*read_file(place.path(name)));
    REQUIRE(model);
    for (const Task& task : model->tasks) all.insert(all.end(), task.blocks.begin(), task.blocks.end());
    return all;
  };
  CHECK(blocks("tuned.om") == blocks("used.om"));
  CHECK(blocks("tuned.om") != blocks("plain.om"));
}

TEST_CASE("a compiled model can be shown and written as JSON") {
  const Workplace place;
  const Said compiled = run(compile_arguments(place, "out"));
  REQUIRE_MESSAGE(compiled.code == 0, compiled.text);
  REQUIRE(std::filesystem::exists(place.path("out.om")));

  const Said info = run({"--mode=6", "--om", place.path("out.om")});
  CHECK(info.code == 0);
  CHECK(info.text.find("soc_version[Ascend310], framework_type[ONNX]") != std::string::npos);
  CHECK(info.text.find("Original Atc command line: atc --model=") != std::string::npos);
  const auto size_of_field = [&](const std::string& field) {
    return std::atoll(info.text.c_str() + info.text.find(field) + field.size());
  };
  const auto file_size = static_cast<long long>(std::filesystem::file_size(place.path("out.om")));
  const long long parts = size_of_field("modeldef_size[") + size_of_field("weight_data_size[") +
                          size_of_field("tbe_kernels_size[") + size_of_field("cust_aicpu_kernel_store_size[") +
                          size_of_field("task_info_size[") + size_of_field("so_store_size[");
  CHECK(parts > file_size / 2);
  CHECK(parts < file_size);

  const Said json = run({"--mode=1", "--om=" + place.path("out.om"), "--json=" + place.path("out.json")});
  REQUIRE_MESSAGE(json.code == 0, json.text);
  const auto text = read_file(place.path("out.json"));
  REQUIRE(text);
  const auto parsed = nlohmann::json::parse(reinterpret_cast<const char*>((*text)->data()),
                                            reinterpret_cast<const char*>((*text)->data() + (*text)->size()));
  CHECK(parsed["graph"][0]["input"][0] == "x");
  CHECK(parsed["graph"][0]["op"].size() > 2);
  CHECK(!parsed["task"].empty());
}

TEST_CASE("a model with open dimensions can be shown and written as JSON") {
  const Workplace place;
  REQUIRE(run({"--model=" + place.path("tiny.onnx"), "--output=" + place.path("open"), "--soc_version=Ascend310", "--input_shape=x:1~8,3,-1,4"}).code == 0);
  const auto om = read_file(place.path("open.om"));
  REQUIRE(om);
  const auto info = inspect_om(**om);
  REQUIRE(info);
  CHECK(info->runnable);
  CHECK(to_text(*info).find("gears: open, x 1~8,3,4,4\n") != std::string::npos);
  CHECK(run({"--mode=6", "--om", place.path("open.om")}).code == 0);
  REQUIRE(run({"--mode=1", "--om=" + place.path("open.om"), "--json=" + place.path("open.json")}).code == 0);
  const auto text = read_file(place.path("open.json"));
  REQUIRE(text);
  const auto parsed = nlohmann::json::parse(reinterpret_cast<const char*>((*text)->data()), reinterpret_cast<const char*>((*text)->data() + (*text)->size()));
  CHECK(parsed["graph"][0]["op"][0]["name"] == "x");
}

TEST_CASE("--insert_op_conf: the model takes images of bytes") {
  for (const bool gears : {false, true}) {
    const Workplace place;
    std::vector<std::string> arguments{"--model=" + place.path("tiny.onnx"), "--output=" + place.path("out"), "--soc_version=Ascend310", "--insert_op_conf=" + place.path("aipp.cfg")};
    if (gears) arguments.insert(arguments.end(), {"--input_shape=x:-1,3,4,4", "--dynamic_batch_size=1,2"});
    else arguments.push_back("--input_shape=x:2,3,4,4");
    const Said said = run(arguments);
    REQUIRE_MESSAGE(said.code == 0, said.text);
    const auto om = read_file(place.path("out.om"));
    REQUIRE(om);
    const auto package = load_package(*om);
    REQUIRE_MESSAGE(package, (package ? "" : package.error().message()));
    const CompiledModel& model = *package->gears.back().program;
    CHECK(model.inputs[0].name == "x");
    CHECK(model.inputs[0].dtype == DType::UInt8);
    REQUIRE(model.inputs[0].shape == Shape{2, 4, 4, 3});
    CHECK(model.tasks[0].fused[0] == "Aipp");
    Tensor image(DType::UInt8, {2, 4, 4, 3});
    for (int i = 0; uint8_t& v : image.mutable_data<uint8_t>()) v = static_cast<uint8_t>(i++ * 37);
    auto session = Session::create(package->gears.back().program, 1);
    REQUIRE(session);
    const auto y = (*session)->run(std::array{image});
    REQUIRE_MESSAGE(y, (y ? "" : y.error().message()));
    REQUIRE((*y)[0].shape() == Shape{2, 2, 4, 4});
    // The swap makes blue the first channel, the only one that is scaled; weights are 1 to 6.
    const auto got = (*y)[0].to_doubles();
    for (size_t i = 0; i < got.size(); ++i) {
      const size_t n = i / 32, k = i / 16 % 2, pixel = (n * 16 + i % 16) * 3;
      const auto byte = [&](size_t c) { return static_cast<double>(image.data<uint8_t>()[pixel + c]); };
      const auto w = static_cast<double>(k * 3);
      const double want = (w + 1) * byte(2) / 256 + (w + 2) * byte(1) + (w + 3) * byte(0);
      CHECK(std::abs(got[i] - want) <= want / 2048);
    }
  }
}

TEST_CASE("--insert_op_conf: dynamic AIPP adds an input, which mode 1 shows, for what the images are") {
  const Workplace place;
  const Said said = run({"--model=" + place.path("tiny.onnx"), "--output=" + place.path("out"), "--soc_version=Ascend310", "--input_shape=x:2,3,4,4", "--insert_op_conf=" + place.path("aipp-dynamic.cfg")});
  REQUIRE_MESSAGE(said.code == 0, said.text);
  const auto om = read_file(place.path("out.om"));
  REQUIRE(om);
  const auto package = load_package(*om);
  REQUIRE_MESSAGE(package, (package ? "" : package.error().message()));
  const CompiledModel& model = package->first();
  REQUIRE(model.inputs.size() == 2);
  CHECK(model.inputs[0].shape == Shape{1, 600});
  CHECK(model.inputs[1].name == "ascend_dynamic_aipp_data");
  CHECK(model.inputs[1].shape == Shape{256});
  const auto dynamic = find_dynamic_aipp(model, **find_soc("Ascend310"));
  REQUIRE(dynamic);
  REQUIRE(dynamic->size() == 1);
  // Images of 7x5 whose parts begin at column 1 of row 0, and at column 3 of row 1; red alone counts.
  AippParameters told = plain_aipp((*dynamic)[0].target);
  told.src_w = 7, told.src_h = 5;
  for (size_t n = 0; n < 2; ++n) {
    AippImage& image = told.images[n];
    image.crop = true, image.crop_w = image.crop_h = 4, image.start_w = n == 0 ? 1 : 3, image.start_h = static_cast<int64_t>(n);
    image.var_reci = {0x3800, 0, 0, 0};  // a half
  }
  std::vector<Tensor> inputs{Tensor(DType::UInt8, {1, 600}), aipp_tensor(told, (*dynamic)[0]).value()};
  for (int i = 0; uint8_t& v : inputs[0].mutable_data<uint8_t>()) v = static_cast<uint8_t>(i++ * 37);
  auto session = Session::create(package->gears[0].program, 1);
  REQUIRE(session);
  const auto y = (*session)->run(inputs);
  REQUIRE_MESSAGE(y, (y ? "" : y.error().message()));
  const auto got = (*y)[0].to_doubles();
  REQUIRE(got.size() == 64);
  for (size_t i = 0; i < got.size(); ++i) {
    const size_t n = i / 32, k = i / 16 % 2, row = i / 4 % 4 + n, column = i % 4 + (n == 0 ? 1 : 3);
    CHECK(got[i] == (k == 0 ? 1 : 4) * 0.5 * inputs[0].data<uint8_t>()[(n * 35 + row * 7 + column) * 3]);
  }
  REQUIRE(run({"--mode=1", "--om=" + place.path("out.om"), "--json=" + place.path("out.json")}).code == 0);
  const auto text = read_file(place.path("out.json"));
  REQUIRE(text);
  CHECK(std::string_view(reinterpret_cast<const char*>((*text)->data()), (*text)->size()).find("\"ascend_dynamic_aipp_data\"") != std::string_view::npos);
}

TEST_CASE("mode 3 writes a report of every node") {
  const Workplace place;
  const Said good = run({"--mode=3", "--model=" + place.path("tiny.onnx"), "--check_report=" + place.path("report.json")});
  CHECK_MESSAGE(good.code == 0, good.text);
  const auto read = [&] {
    const auto text = read_file(place.path("report.json"));
    REQUIRE(text);
    return nlohmann::json::parse(reinterpret_cast<const char*>((*text)->data()), reinterpret_cast<const char*>((*text)->data() + (*text)->size()));
  };
  CHECK(read()["result"] == "success");
  CHECK(read()["total"] == 2);
  CHECK(read()["op"][0]["type"] == "Conv");

  Graph graph = parse_graph(kModel).value();
  graph.node(graph.order()[1]).op = "NoSuchOperator";
  const auto bytes = save_onnx(graph);
  REQUIRE(bytes);
  REQUIRE(write_file(place.path("odd.onnx"), *bytes));
  const Said bad = run({"--mode=3", "--model=" + place.path("odd.onnx"), "--check_report=" + place.path("report.json")});
  CHECK(bad.code == 1);
  CHECK_MESSAGE(bad.text.find("E10501") != std::string::npos, bad.text);
  CHECK(read()["fail"] == 1);
  CHECK(read()["op"][1]["cause"][0]["code"] == "E10501");
}

TEST_CASE("a .onnx model can be written as JSON") {
  const Workplace place;
  const Said json = run({"--mode", "1", "--om", place.path("tiny.onnx"), "--json", place.path("tiny.json")});
  REQUIRE_MESSAGE(json.code == 0, json.text);
  const auto text = read_file(place.path("tiny.json"));
  REQUIRE(text);
  const auto parsed = nlohmann::json::parse(reinterpret_cast<const char*>((*text)->data()),
                                            reinterpret_cast<const char*>((*text)->data() + (*text)->size()));
  const auto& ops = parsed["graph"][0]["op"];
  REQUIRE(ops.size() == 4);
  CHECK(ops[2]["type"] == "Conv");
  CHECK(ops[2]["input"][0] == "x:0");
  CHECK(ops[3]["input"][0] == "conv:0");
}

TEST_CASE("dumped passes are graphs that parse") {
  const Workplace place;
  auto arguments = compile_arguments(place, "out");
  arguments.push_back("--dump-passes=" + place.path("stages"));
  REQUIRE(run(arguments).code == 0);
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(place.path("stages"))) {
    const auto text = read_file(entry.path().string());
    REQUIRE(text);
    CHECK(parse_graph({reinterpret_cast<const char*>((*text)->data()), (*text)->size()}).has_value());
    ++count;
  }
  CHECK(count > 10);
}

TEST_CASE("values are read as they are meant") {
  const std::vector<std::string> arguments{"--model",
                                           "m.onnx",
                                           "--output=o",
                                           "--soc_version=Ascend310",
                                           "--input_shape",
                                           "a:1,2; b/c:0 :3",
                                           "--optimization_switch=fold-pads:off;fuse-bias:on",
                                           "--disable_reuse_memory=1",
                                           "--precision_mode=must_keep_origin_dtype"};
  const auto options = atc::parse_options(arguments);
  REQUIRE_MESSAGE(options, (options ? "" : options.error().text));
  REQUIRE(options->input_shapes.size() == 2);
  CHECK(options->input_shapes[0].name == "a");
  CHECK(options->input_shapes[0].dims == std::vector<DimRange>{{1, 1}, {2, 2}});
  CHECK(options->input_shapes[1].name == "b/c:0 ");
  CHECK(options->input_shapes[1].dims == std::vector<DimRange>{{3, 3}});
  CHECK(options->disabled_passes == std::set<std::string, std::less<>>{"assign-precision", "assign-small-channels", "fold-pads", "fuse-convs", "place-parts"});
  CHECK(options->disable_memory_reuse);
}

TEST_CASE("passes that are off unless asked for") {
  std::vector<std::string> arguments{"--model=m.onnx", "--output=o", "--soc_version=Ascend310"};
  CHECK(atc::parse_options(arguments)->disabled_passes == std::set<std::string, std::less<>>{"assign-small-channels", "fuse-convs", "place-parts"});
  arguments.push_back("--enable_small_channel=1");
  CHECK(atc::parse_options(arguments)->disabled_passes == std::set<std::string, std::less<>>{"fuse-convs", "place-parts"});
  arguments.push_back("--optimization_switch=place-parts:on;fuse-convs:on");
  CHECK(atc::parse_options(arguments)->disabled_passes.empty());
}

TEST_CASE("--input_shape_range is --input_shape in brackets") {
  const auto shapes = [](const std::string& option) {
    const auto options = atc::parse_options(std::vector<std::string>{"--model=m.onnx", "--output=o", "--soc_version=Ascend310", option});
    REQUIRE_MESSAGE(options, (options ? "" : options.error().text));
    return inputs_text(options->input_shapes);
  };
  CHECK(shapes("--input_shape_range=a:[1~8,3,-1,4~-1];b/c:0:[5]") == "a 1~8,3,-1,4~-1; b/c:0 5");
  CHECK(shapes("--input_shape=a:1~8,3,-1,4~-1;b/c:0:5") == "a 1~8,3,-1,4~-1; b/c:0 5");
}

}  // namespace npu
