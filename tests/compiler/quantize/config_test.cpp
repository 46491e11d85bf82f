// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "compiler/quantize/amct_config.h"
#include "compiler/quantize/compression_config.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

namespace npu::quantize {
namespace {

constexpr std::string_view kAmct = R"(# simple
batch_num : 2
activation_offset : false
skip_layers : "conv_1"
skip_layers : "conv_2"
skip_layer_types: "MatMul"
do_fusion: false
skip_fusion_layers : "conv_3"
override_layer_configs : {
  layer_name : "conv_4"
  calibration_config : { ifmr_quantize : { search_step : 0.02 asymmetric: true } }
}
common_config : {
  arq_quantize : { channel_wise : true quant_bits: 8 }
  ifmr_quantize : { search_range_start : 0.8 search_range_end : 1.2 search_step : 0.01 max_percentile : 0.999 min_percentile : 0.998 }
}
override_layer_types : {
  layer_type : "Gemm"
  calibration_config : { arq_quantize : { channel_wise : false } }
}
joint_quant: false
version: 1
)";

TEST_CASE("an AMCTConfig with everything that is offered") {
  const auto config = parse_amct_config(kAmct);
  REQUIRE_MESSAGE(config, (config ? "" : config.error().message()));
  const QuantizeOptions& o = config->options;
  CHECK(config->batches == 2);
  CHECK(!o.activation_offset);
  CHECK(o.skip_layers == std::set<std::string, std::less<>>{"conv_1", "conv_2"});
  CHECK(o.skip_types == std::set<std::string, std::less<>>{"MatMul"});
  CHECK(!o.fold_batch_norm);
  CHECK(o.skip_fusion_layers == std::set<std::string, std::less<>>{"conv_3"});
  CHECK(o.common.activation.method == RangeMethod::Ifmr);
  CHECK(o.common.activation.ifmr.search_start == 0.8);
  CHECK(o.common.activation.ifmr.search_end == 1.2);
  CHECK(o.common.activation.ifmr.max_percentile == 0.999);
  CHECK(o.common.activation.ifmr.min_percentile == 0.998);
  const LayerOptions& conv = o.by_name.at("conv_4");
  CHECK(conv.activation.ifmr.search_step == 0.02);
  CHECK(conv.activation.ifmr.search_start == 0.8);  // common_config, wherever it stands
  CHECK(conv.asymmetric == true);
  CHECK(conv.channel_wise);
  CHECK(!o.by_type.at("Gemm").channel_wise);
}

TEST_CASE("an AMCTConfig that is wrong is refused with line and field") {
  struct Case {
    const char *text, *line, *word;
  };
  for (const Case& c : {Case{"activation_offset: maybe", "line 1", "activation_offset"}, Case{"\nunknown: 1", "line 2", "unknown"},
                        Case{"batch_num: 0", "line 1", "batch_num"}, Case{"batch_num: 99999999999999999999", "line 1", "batch_num"}, Case{"batch_num: 1\nbatch_num: 2", "line 2", "twice"},
                        Case{"common_config { ifmr_quantize { search_step: fast } }", "line 1", "search_step"},
                        Case{"common_config {\n ifmr_quantize {\n search_step: 0 } }", "line 2", "search_step"},
                        Case{"common_config { ifmr_quantize { search_range_start: nan } }", "line 1", "search_range_start"},
                        Case{"common_config { ifmr_quantize { max_percentile: 2 } }", "line 1", "max_percentile"},
                        Case{"common_config { arq_quantize { quant_bits: 4 } }", "line 1", "quant_bits"}, Case{"common_config { arq_quantize { stride: 4 } }", "line 1", "stride"},
                        Case{"common_config: 3", "line 1", "common_config"}, Case{"skip_layers { }", "line 1", "skip_layers"}, Case{"joint_quant: true", "line 1", "joint_quant"},
                        Case{"tensor_quantize { layer_name: 'a' }", "line 1", "tensor_quantize"}, Case{"override_layer_types { layer_type: \"Conv\" }", "line 1", "calibration_config"},
                        Case{"override_layer_configs { calibration_config { } }", "line 1", "layer_name"}, Case{"common_config { hfmg_quantize { } }", "line 1", "hfmg_quantize"},
                        Case{"common_config {", "line 1", "closed"}, Case{"}", "line 1", "}"}}) {
    CAPTURE(c.text);
    const auto config = parse_amct_config(c.text);
    REQUIRE(!config);
    CHECK(config.error().where == c.line);
    CHECK(config.error().what.find(c.word) != std::string::npos);
  }
}

constexpr std::string_view kCompression = R"(enable_first_layer_quantization: true
calibration:
{
    input_data_dir: ./data.bin,d2.bin   # two inputs
    input_shape: in:16,16;in1:16,16
    config_file: "simple config.cfg"
    infer_soc: Ascend310P3
    infer_aicore_num: 10
    infer_device_id: 0
    log: info
}
)";

TEST_CASE("a compression configuration as the vendor's documentation writes it") {
  const auto config = parse_compression_config(kCompression);
  REQUIRE_MESSAGE(config, (config ? "" : config.error().message()));
  CHECK(config->first_layer);
  REQUIRE(config->calibration);
  CHECK(config->calibration->line == 2);
  CHECK(config->calibration->input_data_dir == "./data.bin,d2.bin");
  CHECK(config->calibration->input_shape == "in:16,16;in1:16,16");
  CHECK(config->calibration->config_file == "simple config.cfg");
  CHECK(config->calibration->infer_soc == "Ascend310P3");
  const auto braces = parse_compression_config("calibration { input_data_dir: a\n input_shape: x:1 }");
  REQUIRE_MESSAGE(braces, (braces ? "" : braces.error().message()));
  CHECK(braces->calibration->input_shape == "x:1");
  CHECK(!parse_compression_config("")->calibration);
}

TEST_CASE("a compression configuration that is wrong is refused with line and field") {
  struct Case {
    const char *text, *line, *word;
  };
  for (const Case& c : {Case{"sparsity: true", "line 1", "sparsity"}, Case{"enable_first_layer_quantization: yes", "line 1", "enable_first_layer_quantization"},
                        Case{"\nenable_first_layer_quantization", "line 2", "':'"}, Case{"enable_first_layer_quantization: true\nenable_first_layer_quantization: true", "line 2", "twice"},
                        Case{"calibration: {\n}", "line 1", "input_data_dir"}, Case{"calibration: {\ninput_data_dir: a\n}", "line 1", "input_shape"},
                        Case{"calibration: {\ninput_data: a\n}", "line 2", "input_data"}, Case{"calibration: {\ninput_data_dir:\n}", "line 2", "input_data_dir"},
                        Case{"calibration: {\nlog: loud\n}", "line 2", "log"}, Case{"calibration: {\ninfer_ip: 127.0.0.1\n}", "line 2", "infer_ip"},
                        Case{"calibration: {\ninfer_device_id: first\n}", "line 2", "infer_device_id"}, Case{"calibration: {\ninput_data_dir: a\n", "line 1", "closed"},
                        Case{"calibration:\ninput_data_dir: a\n", "line 2", "'{'"}, Case{"}", "line 1", "closes"}, Case{"{", "line 1", "opens"},
                        Case{"calibration: {\n{", "line 2", "opens"}, Case{"calibration: {\ninput_data_dir: a\ninput_shape: b\n}\ncalibration: {", "line 5", "twice"}}) {
    CAPTURE(c.text);
    const auto config = parse_compression_config(c.text);
    REQUIRE(!config);
    CHECK(config.error().where == c.line);
    CHECK(config.error().what.find(c.word) != std::string::npos);
  }
}

TEST_CASE("cut and damaged configurations are read, or refused with a line") {
  for (const std::string& text : {std::string(kAmct), std::string(kCompression)}) {
    const Bytes bytes = as_byte_view(text);
    for (size_t size = 0; size < bytes.size(); ++size) fuzz::calibration_config(bytes.first(size));
    for (uint64_t seed = 0; seed < 3000; ++seed) fuzz::calibration_config(fuzz::Mutator(seed)(bytes));
  }
}

}  // namespace
}  // namespace npu::quantize
