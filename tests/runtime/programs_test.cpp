// SPDX-License-Identifier: Apache-2.0
// atc, npu and npu-smi as functions on files in memory.
#include <doctest/doctest.h>

#include <atomic>
#include <map>

#include "compiler/atc/atc_program.h"
#include "core/base/memory_files.h"
#include "core/tensor/npy.h"
#include "runtime/npu/npu_program.h"
#include "tests/test_paths.h"

using namespace npu;

namespace {

struct Ran {
  int code = 0;
  std::string out, err;
};

class Place {
 public:
  Place() : files(int64_t{64} << 20) {
    const auto model = read_file((test::source_dir() / "samples/digits/digits.onnx").string());
    REQUIRE(model);
    REQUIRE(files.create_folders("/home/npu"));
    REQUIRE(files.change_folder("/home/npu"));
    REQUIRE(files.put("digits.onnx", *model));
  }

  Ran run(ProgramFunction program, const std::vector<std::string>& arguments) {
    Ran ran;
    ProgramHost host{.files = files};
    host.out = [&](std::string_view text) { ran.out += text; };
    host.err = [&](std::string_view text) { ran.err += text; };
    host.cancelled = [this] { return cancel_after >= 0 && asked++ >= cancel_after; };
    host.chip = "Ascend310P3";
    ran.code = program(arguments, host);
    return ran;
  }
  Ran compile() { return run(atc_program, {"--model=digits.onnx", "--framework=5", "--output=digits", "--soc_version=Ascend310", "--input_shape=actual_input:1,1,28,28"}); }

  MemoryFiles files;
  std::atomic<int> asked = 0;
  int cancel_after = -1;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("programs: a model is compiled, run and profiled without a disk") {
  Place place;
  const Ran compiled = place.compile();
  CHECK(compiled.code == 0);
  CHECK(has(compiled.out, "ATC run success"));
  CHECK(place.files.is_file("/home/npu/digits.om"));
  CHECK(place.files.is_file("fusion_result.json"));

  const Ran ran = place.run(npu_program, {"run", "digits.om", "--outdir", "out/one", "--topk", "1"});
  CHECK(ran.code == 0);
  CHECK(has(ran.out, "is not given: zeros"));
  const auto entries = place.files.list("out/one");
  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  const auto output = load_npy(**place.files.read("out/one/" + (*entries)[0].name));
  REQUIRE(output);
  CHECK(output->shape() == Shape{1, 10});

  const Ran profiled = place.run(npu_program, {"profile", "--om", "digits.om", "--outdir", "prof"});
  CHECK(profiled.code == 0);
  CHECK(place.files.list("prof").value().size() == 4);
  CHECK(has(place.run(npu_program, {"info", "digits.om"}).out, "Ascend310, "));
  CHECK(has(place.run(npu_program, {"disasm", "digits.om", "--task", "0"}).out, "block 0"));
}

TEST_CASE("programs: npu run tells a model of dynamic AIPP what its image is") {
  Place place;
  const auto text = [&](const char* name, const std::string& content) { REQUIRE(place.files.write(name, std::as_bytes(std::span(content)))); };
  const auto picture = read_file((test::source_dir() / "samples/digits/images/4_1.png").string());
  REQUIRE(picture);
  REQUIRE(place.files.put("4.png", *picture));
  text("static.cfg", "aipp_op { aipp_mode: static input_format: YUV400_U8 var_reci_chn_0: 0.003922 }");
  text("dynamic.cfg", "aipp_op { aipp_mode: dynamic max_src_image_size: 5000 }");
  text("large.cfg", "aipp_op {\n aipp_mode: static input_format: YUV400_U8\n src_image_size_w: 30 }");
  for (const std::string& name : {std::string("static"), std::string("dynamic")})
    REQUIRE(place.run(atc_program, {"--model=digits.onnx", "--framework=5", "--output=" + name, "--soc_version=Ascend310", "--input_shape=actual_input:1,1,28,28", "--insert_op_conf=" + name + ".cfg"}).code == 0);
  CHECK(has(place.run(npu_program, {"info", "static.om"}).out, "images 'actual_input': static AIPP, YUV400_U8"));
  CHECK(has(place.run(npu_program, {"info", "dynamic.om"}).out, "images 'actual_input': dynamic AIPP, 'ascend_dynamic_aipp_data' says with each run how they become 1x1x28x28"));
  REQUIRE(place.run(npu_program, {"run", "static.om", "--input", "4.png", "--layout", "NHWC", "--outdir", "one"}).code == 0);
  const Ran told = place.run(npu_program, {"run", "dynamic.om", "--input", "4.png", "--dynamic_aipp", "static.cfg", "--outdir", "other", "--topk", "1"});
  REQUIRE_MESSAGE(told.code == 0, told.err);
  CHECK(has(told.out, "[4]"));
  CHECK(**place.files.read("one/output.npy") == **place.files.read("other/output.npy"));
  CHECK(place.run(npu_program, {"bench", "dynamic.om", "--iterations", "1", "--warmup", "0"}).code == 0);
  const auto refused = [&](std::vector<std::string> arguments, const std::string& why) {
    const Ran ran = place.run(npu_program, arguments);
    CHECK(ran.code == 1);
    CHECK_MESSAGE(has(ran.err, why), ran.err);
  };
  refused({"run", "dynamic.om"}, "input 'ascend_dynamic_aipp_data': is not given: --dynamic_aipp FILE says what the images of 'actual_input' are");
  refused({"run", "dynamic.om", "--dynamic_aipp", "large.cfg"}, "large.cfg: line 1: a width of 30 with padding of 0 and 0 of image 0 is 30, the model takes 28");
  refused({"run", "dynamic.om", "--dynamic_aipp", "dynamic.cfg"}, "dynamic.cfg: line 1: aipp_mode is 'dynamic'");
  refused({"run", "static.om", "--dynamic_aipp", "static.cfg"}, "the model has no input of dynamic AIPP");
  refused({"run", "dynamic.om", "--dynamic_aipp", "static.cfg", "--input", "digits.onnx"}, "input 'actual_input' takes up to 5000 (max_src_image_size)");
}

TEST_CASE("programs: errors come as text and code") {
  Place place;
  const Ran none = place.run(npu_program, {"run", "none.om"});
  CHECK(none.code == 1);
  CHECK(has(none.err, "'none.om'"));
  CHECK(none.out.empty());
  const Ran usage = place.run(npu_program, {"run", "--wrong"});
  CHECK(usage.code != 0);
  CHECK(has(usage.err, "--help"));
  const Ran help = place.run(npu_program, {"--help"});
  CHECK(help.code == 0);
  for (const std::string& name : npu_subcommands()) CHECK(has(help.out, name));
  CHECK(has(place.run(atc_program, {"--model=none.onnx", "--framework=5", "--output=x", "--soc_version=Ascend310"}).out, "E13000: There is no file 'none.onnx'."));
}

TEST_CASE("programs: cancelling ends them early with the shells' code and leaves no result") {
  Place place;
  place.cancel_after = 3;
  CHECK(place.compile().code == kCancelledExit);
  CHECK(!place.files.is_file("digits.om"));
  place.cancel_after = -1;
  REQUIRE(place.compile().code == 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"run", "digits.om"}, {"bench", "digits.om", "--iterations", "1000000"}, {"bench", "digits.om", "--tasks", "--iterations", "1000000"},
                                                    {"tune", "digits.onnx", "--soc", "Ascend310", "--input-shape", "actual_input:1,1,28,28", "--trials", "1000000"}}) {
    place.asked = 0, place.cancel_after = 2;
    CHECK_MESSAGE(place.run(npu_program, arguments).code == kCancelledExit, arguments[0]);
  }
}

TEST_CASE("programs: the options of the sub-commands are known for completion") {
  CHECK(npu_subcommands() == std::vector<std::string>{"run", "bench", "profile", "info", "disasm", "manual", "quantize", "tune"});
  const auto options = npu_options("run");
  CHECK(std::ranges::find(options, "--input") != options.end());
  CHECK(npu_options("none").empty());
}

TEST_CASE("npu-smi: every line of the table has the same width, and the chip's values are in it") {
  Place place;
  for (const std::string wide : {"Ascend310", "Ascend310P3", "Ascend910B2"}) {
    ProgramHost host{.files = place.files};
    std::string text;
    host.out = [&](std::string_view part) { text += part; };
    host.chip = wide;
    CHECK(npu_smi_program(std::vector<std::string>{"info"}, host) == 0);
    CHECK(has(text, " " + wide.substr(6) + " "));
    const size_t width = text.find('\n');
    REQUIRE(text.size() % (width + 1) == 0);
    for (size_t at = width; at < text.size(); at += width + 1) CHECK(text[at] == '\n');
  }
  const Ran memory = place.run(npu_smi_program, {"info", "-t", "memory", "-i", "0"});
  CHECK(has(memory.out, "22888"));  // 24e9 bytes, in MB
  CHECK(place.run(npu_smi_program, {"info", "-i", "1"}).code == 1);
  CHECK(place.run(npu_smi_program, {"info", "-t"}).code == 1);
  CHECK(has(place.run(npu_smi_program, {"info", "-t", "fans"}).err, "board, common"));
  CHECK(place.run(npu_smi_program, {"reboot"}).code == 1);
}
