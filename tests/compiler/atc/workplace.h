// SPDX-License-Identifier: Apache-2.0
// A folder to run atc in.
#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "compiler/atc/atc.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "core/tensor/npy.h"
#include "tests/core/caffe/net_builder.h"
#include "tests/core/mindir/model_writer.h"
#include "tests/core/tensorflow/graph_builder.h"

namespace npu::test {

inline constexpr const char* kModel =
    "graph \"tiny\" opset 13\n"
    "input %x : float32[batch,3,4,4]\n"
    "const %w : float32[2,3,1,1] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]\n"
    "%c = Conv(%x, %w) \"conv\"\n"
    "%y = Relu(%c) \"relu\"\n"
    "output %y\n";

// A folder of its own with the model in it, the current one until it is gone.
class Workplace {
 public:
  Workplace()
      : dir_(std::filesystem::temp_directory_path() / fmt::format("npu_atc_test_{}", static_cast<const void*>(this))) {
    std::filesystem::create_directories(dir_);
    std::filesystem::current_path(dir_);
    const auto graph = parse_graph(kModel);
    REQUIRE(graph);
    const auto bytes = save_onnx(*graph);
    REQUIRE(bytes);
    REQUIRE(write_file(path("tiny.onnx"), *bytes));
    const std::string broken = "this is no model";
    REQUIRE(write_file(path("broken.onnx"), as_byte_view(broken)));
    REQUIRE(write_file(path("model.bin"), *bytes));
    const std::string lines = "fuse-tasks:off\n# a remark\nConvBatchnormFusionPass:off\n", json = R"({"Switch": {"GraphFusion": {"ALL": "off", "fuse-bias": "on"}, "UBFusion": {"ALL": "on"}}})";
    REQUIRE(write_file(path("lines.cfg"), as_byte_view(lines)));
    const std::string rgb = "aipp_op {\n  aipp_mode: static\n  input_format: RGB888_U8\n";
    for (const auto& [name, rest] : {std::pair("aipp.cfg", "  var_reci_chn_0: 0.00390625\n  rbuv_swap_switch: true\n}\n"), std::pair("aipp-field.cfg", "  mean_chn_0: 104.5\n}\n"), std::pair("aipp-size.cfg", "  src_image_size_h: 6\n}\n")})
      REQUIRE(write_file(path(name), as_byte_view(rgb + rest)));
    const std::string dynamic = "aipp_op {\n  aipp_mode: dynamic\n  max_src_image_size: 600\n";
    REQUIRE(write_file(path("aipp-dynamic.cfg"), as_byte_view(dynamic + "}\n")));
    REQUIRE(write_file(path("aipp-both.cfg"), as_byte_view(dynamic + "  input_format: RGB888_U8\n}\n")));
    REQUIRE(write_file(path("switches.json"), as_byte_view(json)));
    REQUIRE(write_file(path("Ascend310.json"), as_byte_view(json)));  // no bank
    write_caffe();
    write_tensorflow();
    write_mindir();
    write_calibration();
    const std::string kept = "# stays\nrelu\nOpType::SoftmaxV2\nno_such_node\n", mix = R"({"black-list": {"to-add": ["Relu"]}})", bad_mix = R"({"blacklist": {}})";
    REQUIRE(write_file(path("kept.cfg"), as_byte_view(kept)));
    REQUIRE(write_file(path("mix.json"), as_byte_view(mix)));
    REQUIRE(write_file(path("mix-list.json"), as_byte_view(bad_mix)));
  }
  ~Workplace() {
    std::error_code ignored;
    std::filesystem::current_path(before_, ignored);
    std::filesystem::remove_all(dir_, ignored);
  }
  void write_mindir() const {
    using namespace ms;
    const std::string net = input("x", {1, 3, 4, 4}) + node("relu", "ReLU", {"x"}) + output("relu"), unknown = input("x", {4}) + node("s", "Sort", {"x"}) + output("s");
    for (const auto& [name, bytes] : {std::pair("net.mindir", model(net)), std::pair("sort.mindir", model(unknown))}) REQUIRE(write_file(path(name), as_byte_view(bytes)));
  }
  void write_tensorflow() const {
    using namespace tf;
    const std::string net = placeholder("image", {-1, -1, -1, 3}) + node("w", "Const", {}, {floats({1, 1, 3, 4}, {0.5f})}) +
                            node("conv", "Conv2D", {"image", "w"}, {ints("strides", {1, 2, 2, 1}), text("padding", "SAME")}) + node("relu", "Relu6", {"conv"});
    for (const auto& [name, bytes] : {std::pair("net.pb", net), std::pair("nms.pb", net + node("kept", "NonMaxSuppressionV3", {"relu"})), std::pair("cut.pb", net.substr(0, net.size() - 3))})
      REQUIRE(write_file(path(name), as_byte_view(bytes)));
  }
  void write_calibration() const {
    Tensor data(DType::Float32, {2, 3, 4, 4});
    for (size_t i = 0; i < data.data<float>().size(); ++i) data.mutable_data<float>()[i] = static_cast<float>(i % 17) / 4 - 1;
    REQUIRE(write_file(path("data.npy"), save_npy(data)));
    REQUIRE(write_file(path("data.bin"), data.bytes()));
    const std::string begin = "calibration:\n{\n  input_data_dir: ", shape = "\n  input_shape: x:1,3,4,4\n";
    for (const auto& [name, text] : {std::pair("quant.cfg", begin + "data.npy" + shape + "  config_file: amct.cfg\n  infer_soc: Ascend310\n  log: info\n}\n"), std::pair("quant-bin.cfg", begin + "data.bin" + shape + "}\n"),
                                     std::pair("quant-field.cfg", begin + "data.bin" + shape + "  batch: 3\n}\n"), std::pair("quant-open.cfg", begin + "data.bin\n  input_shape: x:-1,3,4,4\n}\n"),
                                     std::pair("quant-data.cfg", begin + "none" + shape + "}\n"), std::pair("quant-size.cfg", begin + "data.bin\n  input_shape: x:1,3,5,4\n}\n"),
                                     std::pair("quant-amct.cfg", begin + "data.npy" + shape + "  config_file: bad-amct.cfg\n}\n"),
                                     std::pair("amct.cfg", std::string("batch_num: 2\ncommon_config { ifmr_quantize { search_step: 0.05 } }\n")), std::pair("bad-amct.cfg", std::string("skip_layers: \"conv\"\nbits: 4\n"))})
      REQUIRE(write_file(path(name), as_byte_view(text)));
  }
  void write_caffe() const {
    const std::string input = "input: 'data' input_shape { dim: 10 dim: 2 dim: 4 dim: 4 }\n", layer = "layer { name: 'fc' type: 'InnerProduct' bottom: 'data' top: 'fc' inner_product_param { num_output: 3 } }\n",
                      unknown = "layer { name: 'out' type: 'DetectionOutput' bottom: 'fc' top: 'out' }\n", weights = test::caffemodel({{"fc", {{{3, 32}, std::vector<float>(96, 0.5f)}, {{3}, {1, 2, 3}}}}}),
                      other = test::caffemodel({{"fc", {{{3, 31}, std::vector<float>(93, 0.5f)}}}});
    for (const auto& [name, text] : {std::pair("net.prototxt", input + layer), std::pair("ssd.prototxt", input + layer + unknown), std::pair("top.prototxt", layer), std::pair("net.caffemodel", weights), std::pair("other.caffemodel", other)})
      REQUIRE(write_file(path(name), as_byte_view(text)));
  }
  std::string path(const std::string& name) const { return (dir_ / name).string(); }
  std::string dir() const { return dir_.string(); }

 private:
  std::filesystem::path before_ = std::filesystem::current_path();
  std::filesystem::path dir_;
};

struct Said {
  int code = 0;
  std::string text;
};

inline Said run(const std::vector<std::string>& arguments, const atc::Host& host = {}) {
  Said said;
  said.code = atc::run_atc(arguments, [&](std::string_view text) { said.text += text; }, host);
  return said;
}

inline std::vector<std::string> compile_arguments(const Workplace& place, const std::string& output) {
  return {"--model=" + place.path("tiny.onnx"), "--output=" + place.path(output), "--soc_version=Ascend310",
          "--input_shape=x:1,3,4,4"};
}

}  // namespace npu::test
