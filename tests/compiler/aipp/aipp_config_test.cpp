// SPDX-License-Identifier: Apache-2.0
// The file of --insert_op_conf: what is read, what is refused and where, and what it makes of a model.
#include "compiler/aipp/aipp_config.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "compiler/aipp/insert.h"
#include "core/protobuf/prototxt.h"
#include "core/graph/text.h"
#include "core/ops/op.h"
#include "core/soc/soc.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

namespace npu {
namespace {

constexpr std::string_view kYuv = R"(# A camera's image, BT.601 narrow range to RGB.
aipp_op {
  aipp_mode: static
  input_format : YUV420SP_U8   # NV12
  src_image_size_w: 640, src_image_size_h: 480;
  crop: true
  load_start_pos_w: 16 load_start_pos_h: 8
  crop_size_w: 220
  crop_size_h: 216
  csc_switch: true
  rbuv_swap_switch: false
  matrix_r0c0: 298 matrix_r0c1: 0 matrix_r0c2: 409
  matrix_r1c0: 298 matrix_r1c1: -100 matrix_r1c2: -208
  matrix_r2c0: 298 matrix_r2c1: 516 matrix_r2c2: 0
  input_bias_0: 16 input_bias_1: 128 input_bias_2: 128
  padding: true
  left_padding_size: 1 right_padding_size: 3 top_padding_size: 2 bottom_padding_size: 6
  padding_value: -1.5
  mean_chn_0: 104 mean_chn_1: 117 mean_chn_2: 123
  min_chn_0: 0.5
  var_reci_chn_0: 1.7e-2
}
aipp_op: { related_input_name: "second" aipp_mode: static input_format: YUV400_U8 }
)";

std::string refused(std::string_view text) {
  const auto ops = parse_aipp_config(text);
  REQUIRE_MESSAGE(!ops, text);
  CHECK(ops.error().kind == ErrorKind::InvalidArgument);
  return ops.error().message();
}

// An aipp_op of RGB images with these fields in line 4.
std::string with(const std::string& fields) { return "aipp_op {\n  aipp_mode: static\n  input_format: RGB888_U8\n  " + fields + "\n}\n"; }

constexpr const char* kModel =
    "graph \"g\" opset 18\n"
    "input %x : float32[2,3,224,224]\n"
    "input %second : float16[1,1,32,30]\n"
    "input %flat : float32[3,4]\n"
    "input %codes : int32[1,3,8,8]\n"
    "%a = Relu(%x)\n"
    "%b = Relu(%second)\n"
    "%c = Relu(%flat)\n"
    "%d = Neg(%codes)\n"
    "output %a\noutput %b\noutput %c\noutput %d\n";

std::string not_inserted(const std::string& text, const char* soc = "Ascend310") {
  Graph graph = parse_graph(kModel).value();
  const auto ops = parse_aipp_config(text);
  REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()));
  const auto done = insert_aipp(graph, *ops, **find_soc(soc));
  REQUIRE_MESSAGE(!done, text);
  return done.error().message();
}

bool has(const std::string& text, std::string_view part) {
  const bool found = text.find(part) != std::string::npos;
  CHECK_MESSAGE(found, text, " has no ", part);
  return found;
}

}  // namespace

TEST_CASE("an AIPP file is read") {
  const auto ops = parse_aipp_config(kYuv);
  REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()));
  REQUIRE(ops->size() == 2);
  const AippOp& op = (*ops)[0];
  CHECK(op.line == 2);
  CHECK(op.format->name == "YUV420SP_U8");
  CHECK(std::array{op.src_w, op.src_h, op.start_w, op.start_h, op.crop_w, op.crop_h} == std::array<int64_t, 6>{640, 480, 16, 8, 220, 216});
  CHECK(std::array{op.crop, op.csc, op.padding, op.swap_rb_uv, op.swap_ax} == std::array{true, true, true, false, false});
  CHECK(op.matrix == std::array<int64_t, 9>{298, 0, 409, 298, -100, -208, 298, 516, 0});
  CHECK(op.in_bias == std::array<int64_t, 3>{16, 128, 128});
  CHECK(std::array{op.left, op.right, op.top, op.bottom} == std::array<int64_t, 4>{1, 3, 2, 6});
  CHECK(op.pad_value == -1.5);
  CHECK(op.mean == std::array<int64_t, 4>{104, 117, 123, 0});
  CHECK(op.min == std::array<double, 4>{0.5, 0, 0, 0});
  CHECK(op.var_reci == std::array<double, 4>{1.7e-2, 1, 1, 1});
  const AippOp& other = (*ops)[1];
  CHECK(other.related_input_name == "second");
  CHECK(other.matrix == std::array<int64_t, 9>{298, 516, 0, 298, -100, -208, 298, 0, 409});  // the vendor's defaults
  CHECK(parse_aipp_config("aipp_op { aipp_mode: 1 input_format: 3 }")->at(0).format->name == "RGB888_U8");
}

TEST_CASE("what an AIPP file cannot say is refused with its line") {
  has(refused(""), "line 1: there is no aipp_op");
  has(refused("# nothing\n"), "there is no aipp_op");
  has(refused("aipp_op {\n crop: true\n"), "line 1: the '{' of aipp_op is never closed");
  has(refused("aipp_op { } }"), "line 1: '}' closes nothing");
  has(refused("aipp_op { }"), "line 1: aipp_op has no aipp_mode");
  has(refused("\n}"), "line 2: '}' closes nothing");
  has(refused("aipp_op: 3"), "aipp_op is a message");
  has(refused("op { }"), "'op' where aipp_op is expected");
  has(refused("aipp_op { crop }"), "crop needs ':'");
  has(refused("aipp_op { crop: }"), "crop has no value");
  has(refused("aipp_op { ! }"), "'!' where the name of a field is expected");
  has(refused("aipp_op { related_input_name: \"x\n }"), "no end in its line");
  has(refused("aipp_op { aipp_mode: static }"), "aipp_op has no input_format");
  has(refused("aipp_op { input_format: RGB888_U8 }"), "aipp_op has no aipp_mode");
  has(refused("aipp_op {\n aipp_mode: dynamic }"), "line 1: dynamic AIPP needs max_src_image_size");
  has(refused("aipp_op {\n aipp_mode: dynamic\n max_src_image_size: 0 }"), "line 3: dynamic AIPP needs max_src_image_size");
  has(refused("aipp_op {\n aipp_mode: dynamic\n max_src_image_size: 4294967296 }"), "max_src_image_size is '4294967296': it goes from 0 to 4294967295");
  has(refused("aipp_op {\n aipp_mode: dynamic\n max_src_image_size: 9\n crop: true }"), "line 4: crop: of a dynamic AIPP it comes with each inference");
  has(refused("aipp_op { aipp_mode: sometimes }"), "neither static nor dynamic");
  has(refused("aipp_op {\n\n input_format: RAW10 }"), "line 3: input_format is 'RAW10': the formats offered are YUV420SP_U8, ");
  has(refused(with("colour: 3")), "line 4: aipp_op has no field 'colour'");
  has(refused(with("crop: yes")), "line 4: crop is 'yes': neither true nor false");
  has(refused(with("crop: \"true\"")), "a text in quotes");
  has(refused(with("crop { }")), "crop is a value, not a message");
  has(refused(with("mean_chn_0: 1.5")), "line 4: mean_chn_0 is '1.5': no whole number");
  has(refused(with("mean_chn_0: 256")), "mean_chn_0 is '256': it goes from 0 to 255");
  has(refused(with("mean_chn_0: 99999999999999999999")), "no whole number");
  has(refused(with("matrix_r1c2: 32768")), "it goes from -32768 to 32767");
  has(refused(with("min_chn_0: nan")), "min_chn_0 is 'nan': no number");
  has(refused(with("min_chn_0: 70000")), "fp16 goes from -65504 to 65504");
  has(refused(with("var_reci_chn_1: 300")), "line 4: (in - mean_chn_1 - min_chn_1) * var_reci_chn_1 reaches 76500, more than fp16 holds");
  has(refused(with("left_padding_size: 33")), "it goes from 0 to 32");
  has(refused(with("crop: true\n crop: false")), "line 5: crop stands in line 4 already");
  has(refused(with("resize: true")), "line 4: resize is 'true': these chips resize in DVPP, not here");
  has(refused(with("single_line_mode: true")), "single lines are not offered");
  has(refused(with("support_rotation: true")), "the vendor reserves it");
  has(refused(with("related_input_rank: 0\n related_input_name: \"x\"")), "line 5: related_input_name and related_input_rank exclude each other");
  has(refused(with("src_image_size_w: 64 crop: true load_start_pos_w: 64")), "load_start_pos_w is 64, the image has 64");
  has(refused(with("src_image_size_h: 64\n crop: true load_start_pos_h: 60\n crop_size_h: 5")), "line 6: crop_size_h is 5 from 60 on, the image has 64");
  const std::string yuv = "aipp_op { aipp_mode: static input_format: YUV420SP_U8\n";
  has(refused(yuv + "src_image_size_w: 63 }"), "line 2: src_image_size_w is 63: YUV420SP_U8 needs an even number");
  has(refused(yuv + "src_image_size_h: 63 }"), "src_image_size_h is 63");
  has(refused(yuv + "crop: true load_start_pos_w: 3 }"), "load_start_pos_w is 3");
  has(refused(yuv + "crop: true\n load_start_pos_h: 3 }"), "line 3: load_start_pos_h is 3");
  std::string deep = "a {";
  for (int i = 0; i < 100; ++i) deep += "a {";
  has(refused(deep), "nested deeper than 16");
}

TEST_CASE("no part of an AIPP file crashes the reader") {
  const auto bytes = std::as_bytes(std::span(kYuv));
  for (size_t length = 0; length < bytes.size(); ++length) fuzz::aipp_config(bytes.first(length));
  for (uint64_t seed = 0; seed < 5000; ++seed) fuzz::aipp_config(fuzz::Mutator(seed)(bytes));
}

TEST_CASE("inputs become images and keep their names") {
  Graph graph = parse_graph(kModel).value();
  const auto ops = parse_aipp_config(kYuv);
  REQUIRE(ops);
  const auto done = insert_aipp(graph, *ops, **find_soc("Ascend310"));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
  REQUIRE(verify(graph));
  const Value& x = graph.value(graph.inputs[0]);
  CHECK(x.name == "x");
  CHECK(to_string(x.type) == "uint8[2,720,640,1]");
  CHECK(to_string(graph.value(graph.inputs[1]).type) == "uint8[1,32,30,1]");
  CHECK(graph.value(graph.inputs[1]).name == "second");
  int images = 0, casts = 0;
  for (const NodeId id : graph.order()) images += graph.node(id).op == "Aipp", casts += graph.node(id).op == "Cast";
  CHECK(images == 2);
  CHECK(casts == 1);
  REQUIRE(infer_shapes(graph));
  CHECK(to_string(graph.value(graph.outputs[0]).type) == "float32[2,3,224,224]");
  CHECK(to_string(graph.value(graph.outputs[1]).type) == "float16[1,1,32,30]");
}

TEST_CASE("inputs of dynamic AIPP keep their names, and one more comes behind them") {
  Graph graph = parse_graph(kModel).value();
  const auto ops = parse_aipp_config("aipp_op { aipp_mode: dynamic max_src_image_size: 1000000 }");
  REQUIRE(ops);
  REQUIRE(insert_aipp(graph, *ops, **find_soc("Ascend310")));
  REQUIRE(verify(graph));
  REQUIRE(infer_shapes(graph));
  REQUIRE(graph.inputs.size() == 5);
  CHECK(graph.value(graph.inputs[0]).name == "x");
  CHECK(to_string(graph.value(graph.inputs[0]).type) == "uint8[1,1000000]");
  CHECK(graph.value(graph.inputs[4]).name == "ascend_dynamic_aipp_data");
  CHECK(to_string(graph.value(graph.inputs[4]).type) == "uint8[256]");
  CHECK(to_string(graph.value(graph.outputs[0]).type) == "float32[2,3,224,224]");
}

TEST_CASE("sizes that do not fit the model are refused with both") {
  has(not_inserted(with("related_input_rank: 4")), "line 1: related_input_rank is 4, the model has 4 inputs");
  has(not_inserted(with("related_input_name: \"y\"")), "related_input_name is 'y', the model has no such input");
  has(not_inserted(with("related_input_rank: 2")), "the input 'flat' is float32[3,4], needs [N, C, H, W] with fixed C, H and W");
  has(not_inserted(with("related_input_rank: 3")), "the input 'codes' is int32: images become float16");
  has(not_inserted(with("src_image_size_w: 300")), "a width of 300 with padding of 0 and 0 is 300, the input 'x' has 224");
  has(not_inserted(with("padding: true top_padding_size: 2")), "a height of 224 with padding of 2 and 0 is 226, the input 'x' has 224");
  has(not_inserted(with("crop: true src_image_size_w: 300 crop_size_w: 230")), "a width of 230");
  has(not_inserted(with("crop: true load_start_pos_w: 1")), "load_start_pos_w 1 and crop_size_w 224 reach beyond the image's 224");
  has(not_inserted(with("crop: true padding: true left_padding_size: 1")), "crop_size_w is 0, the model's 224, which leaves no room for padding of 1 and 0");
  has(not_inserted("aipp_op { aipp_mode: dynamic max_src_image_size: 4000000000 }"), "max_src_image_size is 4000000000, 2 images of 4096x4096 take 134217728 at most");
  has(not_inserted("aipp_op { aipp_mode: dynamic max_src_image_size: 9 related_input_rank: 2 }"), "the input 'flat' is float32[3,4], needs [N, C, H, W]");
  has(not_inserted(with("") + with("")), "line 6: the input 'x' has an aipp_op already");
  has(not_inserted("aipp_op { aipp_mode: static input_format: YUV400_U8 }"), "YUV400_U8 with csc_switch false gives 1 channels, the input 'x' has 3");
  has(not_inserted(with("related_input_rank: 1")), "RGB888_U8 with csc_switch false gives 3 channels, the input 'second' has 1");
}

}  // namespace npu
