// SPDX-License-Identifier: Apache-2.0
// Images on their way into L1: compiled models that take bytes against the same models that take what the operator Aipp makes of
// them, bit for bit; and that the image costs no task of its own.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string>

#include "compiler/aipp/insert.h"
#include "compiler/compile.h"
#include "core/base/math.h"
#include "core/chip/check/check.h"
#include "core/graph/text.h"
#include "core/ops/op.h"
#include "runtime/profile/profile.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"

namespace npu {
namespace {

struct Case {
  const char* model;
  std::string config;   // fields besides aipp_mode
};

const std::string kTorch = "min_chn_0: 123.675 min_chn_1: 116.28 min_chn_2: 103.53 var_reci_chn_0: 0.0171247538316637 var_reci_chn_1: 0.0175070028011204 var_reci_chn_2: 0.0174291938997821 ";
const std::string kMean = "mean_chn_0: 104 mean_chn_1: 117 mean_chn_2: 123 ";
const std::string kToRgb =
    "csc_switch: true matrix_r0c0: 298 matrix_r0c1: 0 matrix_r0c2: 409 matrix_r1c0: 298 matrix_r1c1: -100 matrix_r1c2: -208 matrix_r2c0: 298 matrix_r2c1: 516 matrix_r2c2: 0 ";
const std::string kToYuv =
    "csc_switch: true matrix_r0c0: 66 matrix_r0c1: 129 matrix_r0c2: 25 matrix_r1c0: -38 matrix_r1c1: -74 matrix_r1c2: 112 matrix_r2c0: 112 matrix_r2c1: -94 matrix_r2c2: -18 ";
const std::string kToGrey =
    "csc_switch: true matrix_r0c0: 256 matrix_r0c1: 0 matrix_r0c2: 0 matrix_r1c0: 0 matrix_r1c1: 0 matrix_r1c2: 0 matrix_r2c0: 0 matrix_r2c1: 0 matrix_r2c2: 0 "
    "input_bias_0: 0 input_bias_1: 0 input_bias_2: 0 ";

// One convolution task each.
const Case kFused[] = {
    {"Conv(@1x3x64x64, 24x3x3x3, 24) strides=2,2 pads=1,1,1,1 ; Relu(@)", "input_format: RGB888_U8 " + kTorch},
    {"Conv(@2x3x64x64, 24x3x7x7, 24) strides=2,2 pads=3,3,3,3", "input_format: YUV420SP_U8 " + kToRgb + kTorch},
    {"Conv(@2x3x40x36, 24x3x1x1, 24)", "input_format: YUV420SP_U8 " + kToRgb},
    {"Conv(@1x3x40x36, 24x3x1x1) strides=2,2", "input_format: RGB888_U8 " + kMean},
    {"Conv(@1x3x200x208, 16x3x3x3, 16) pads=1,1,1,1", "input_format: YUV420SP_U8 rbuv_swap_switch: true " + kToRgb + kMean},
    {"Conv(@1x3x65x33, 17x3x3x3, 17) pads=1,1,1,1", "input_format: RGB888_U8 rbuv_swap_switch: true " + kTorch},
    {"Conv(@1x3x66x34, 17x3x5x5, 17)", "input_format: YUV420SP_U8 "},
    {"Conv(@1x3x32x32, 16x3x3x3, 16)", "input_format: XRGB8888_U8 " + kMean},
    {"Conv(@1x3x32x32, 16x3x3x3, 16)", "input_format: XRGB8888_U8 ax_swap_switch: true rbuv_swap_switch: true " + kToYuv},
    {"Conv(@1x3x32x32, 16x3x3x3, 16)", "input_format: ARGB8888_U8 " + kTorch},
    {"Conv(@1x3x32x32, 16x3x3x3, 16)", "input_format: ARGB8888_U8 ax_swap_switch: true " + kTorch},
    {"Conv(@2x3x33x32, 16x3x3x3, 16) pads=1,1,1,1", "input_format: YUYV_U8 " + kToRgb + kTorch},
    {"Conv(@1x3x21x17, 16x3x3x3, 16)", "input_format: YUYV_U8 rbuv_swap_switch: true src_image_size_w: 40 src_image_size_h: 30 crop: true load_start_pos_w: 4 load_start_pos_h: 3 " + kToRgb},
    {"Conv(@2x3x33x32, 16x3x3x3, 16) strides=2,2", "input_format: YUV422SP_U8 " + kToRgb + kMean},
    {"Conv(@2x3x21x17, 16x3x3x3, 16)", "input_format: YUV422SP_U8 rbuv_swap_switch: true src_image_size_w: 40 src_image_size_h: 31 crop: true load_start_pos_w: 22 load_start_pos_h: 3 " + kToRgb},
    {"Conv(@2x3x33x31, 16x3x3x3, 16) pads=1,1,1,1", "input_format: AYUV444_U8 " + kToRgb + kTorch},
    {"Conv(@1x3x21x17, 16x3x3x3, 16)", "input_format: AYUV444_U8 rbuv_swap_switch: true ax_swap_switch: true src_image_size_w: 41 src_image_size_h: 31 crop: true load_start_pos_w: 5 load_start_pos_h: 3 " + kToRgb},
    {"Conv(@3x1x28x28, 8x1x5x5, 8) pads=2,2,2,2", "input_format: YUV400_U8 var_reci_chn_0: 0.00392"},
    {"Conv(@1x1x28x28, 8x1x5x5, 8)", "input_format: YUV420SP_U8 " + kToGrey},
    {"Conv(@1x1x28x28, 8x1x1x1, 8)", "input_format: RGB888_U8 mean_chn_0: 3 mean_chn_1: 5 " + kToGrey},
    {"Conv(@2x3x40x48, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1", "input_format: RGB888_U8 src_image_size_w: 71 src_image_size_h: 53 crop: true load_start_pos_w: 13 load_start_pos_h: 9 crop_size_w: 48 crop_size_h: 40 " + kTorch},
    {"Conv(@2x3x40x48, 16x3x3x3, 16) pads=1,1,1,1", "input_format: YUV420SP_U8 src_image_size_w: 100 src_image_size_h: 90 crop: true load_start_pos_w: 14 load_start_pos_h: 32 " + kToRgb},
    {"Conv(@1x3x39x47, 16x3x3x3, 16) pads=1,1,1,1", "input_format: YUV420SP_U8 src_image_size_w: 100 src_image_size_h: 40 crop: true load_start_pos_w: 52 " + kToRgb},
    {"Conv(@1x3x1x40, 16x3x1x3, 16)", "input_format: RGB888_U8 src_image_size_w: 41 src_image_size_h: 20 crop: true load_start_pos_w: 1 load_start_pos_h: 19 crop_size_h: 1"},
    {"Conv(@2x3x64x64, 24x3x3x3, 24) strides=2,2 pads=1,1,1,1", "input_format: RGB888_U8 src_image_size_w: 55 src_image_size_h: 41 padding: true left_padding_size: 4 right_padding_size: 5 top_padding_size: 11 bottom_padding_size: 12 " + kTorch},
    {"Conv(@1x3x64x64, 24x3x3x3, 24)", "input_format: YUV420SP_U8 src_image_size_w: 60 src_image_size_h: 12 padding: true left_padding_size: 4 top_padding_size: 32 bottom_padding_size: 20 padding_value: 0.4375 " + kToRgb + kMean},
    {"Conv(@1x3x37x40, 24x3x1x1, 24)", "input_format: YUV420SP_U8 src_image_size_w: 40 src_image_size_h: 36 padding: true top_padding_size: 1 padding_value: -2 "},
    {"Conv(@1x3x48x44, 24x3x5x5, 24) dilations=2,3 pads=4,6,4,6",
     "input_format: YUV420SP_U8 src_image_size_w: 64 src_image_size_h: 64 crop: true load_start_pos_w: 10 load_start_pos_h: 20 crop_size_w: 39 crop_size_h: 41 padding: true left_padding_size: 2 right_padding_size: 3 "
     "top_padding_size: 3 bottom_padding_size: 4 padding_value: 9 " + kToRgb + kTorch},
    {"Conv(@1x3x720x736, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1 ; Relu(@)", "input_format: YUV420SP_U8 " + kToRgb + kTorch},
    {"Conv(@1x3x60x1200, 16x3x3x3, 16) pads=1,1,1,1", "input_format: YUV420SP_U8 " + kToRgb + kTorch},
    {"Conv(@1x3x224x224, 64x3x7x7, 64) strides=2,2 pads=3,3,3,3 ; Relu(@)", "input_format: YUV420SP_U8 " + kToRgb + kTorch},
};

// Models whose first node takes rows, and longer ones.
const Case kBehind[] = {
    {"Flatten(@2x3x12x16) ; Gemm(@, 576x10, 10)", "input_format: RGB888_U8 " + kTorch},
    {"Conv(@1x3x40x40, 20x3x3x3, 20) pads=1,1,1,1 ; HardSwish(@) ; Conv(@, 8x20x1x1)", "input_format: YUV420SP_U8 " + kToRgb + kTorch},
    {"QuantizeLinear(@1x3x20x20, =0.02) ; DequantizeLinear(@, =0.02) ; Conv(@, 8x3x3x3)", "input_format: RGB888_U8 " + kTorch},
    {"Transpose(@2x3x12x16) perm=0,2,3,1", "input_format: RGB888_U8 " + kTorch},
};

// The image is a task of its own.
const Case kAlone[] = {
    {"MaxPool(@2x3x30x32) kernel_shape=2,2 strides=2,2", "input_format: RGB888_U8 " + kTorch},
    {"Sigmoid(@2x3x17x20)", "input_format: RGB888_U8 " + kTorch},
    {"Conv(@1x3x20x20, 3x1x3x3) group=i:3", "input_format: YUV420SP_U8 " + kToRgb},
    {"Relu(@1x1x23x31)", "input_format: YUV400_U8 mean_chn_0: 99"},
    {"Relu(@1x3x300x310)", "input_format: YUV420SP_U8 src_image_size_w: 306 src_image_size_h: 296 padding: true left_padding_size: 4 top_padding_size: 1 bottom_padding_size: 3 padding_value: 5 " + kMean},
};

Tensor random_image(const Graph& graph, uint32_t seed) {
  Tensor image(DType::UInt8, to_shape(graph.value(graph.inputs[0]).type.dims));
  std::mt19937 random(seed);
  for (uint8_t& v : image.mutable_data<uint8_t>()) v = static_cast<uint8_t>(random() >> 7);
  return image;
}

CompiledModel compiled(const Graph& graph, const char* soc, const std::string& disabled = "") {
  CompileOptions options;
  options.soc = soc;
  if (!disabled.empty()) options.passes.disabled.insert(disabled);
  auto model = compile(graph, options);
  if (!model) FAIL(model.error().message());
  for (const Task& task : model->tasks) {
    for (const Program& block : task.blocks)
      for (const Finding& finding : check_stream(**find_soc(soc), block, 3)) FAIL_CHECK(task.name, ": ", finding.text);
    for (const Finding& finding : check_blocks(task.blocks, 3)) FAIL_CHECK(task.name, ": ", finding.text);
  }
  const auto profile = profile_model(*model, false);
  REQUIRE_MESSAGE(profile, (profile ? "" : profile.error().message()));
  return std::move(*model);
}

Tensor executed(const CompiledModel& model, const Tensor& input) {
  auto session = Session::create(std::make_shared<const CompiledModel>(model), 2);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  auto outputs = (*session)->run(std::array{input});
  if (!outputs) FAIL(outputs.error().message());
  return std::move((*outputs)[0]);
}

Graph with_image(Graph graph, const std::string& config, const char* soc) {
  const auto ops = parse_aipp_config("aipp_op { aipp_mode: static " + config + "}");
  REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()));
  const auto done = insert_aipp(graph, *ops, **find_soc(soc));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().message()));
  return graph;
}

struct Both {
  CompiledModel image, plain;
};

// Compiles the model with and without the image, and compares what they compute.
Both check_case(const Case& one, const char* soc, const std::string& disabled = "") {
  const OperatorCase parsed = parse_operator_case(one.model);
  const Graph graph = with_image(parsed.graph, one.config, soc);
  const Tensor image = random_image(graph, 7);
  const auto made = run_reference(graph.node(graph.order().front()), 18, std::array{image});
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message()));
  Both both{compiled(graph, soc, disabled), compiled(parsed.graph, soc, disabled)};
  const auto got = executed(both.image, image).to_doubles(), want = executed(both.plain, (*made)[0].cast(DType::Float32)).to_doubles();
  REQUIRE(got.size() == want.size());
  int wrong = 0;
  for (size_t i = 0; i < got.size(); ++i) wrong += got[i] != want[i];
  CHECK(wrong == 0);
  CHECK(*std::ranges::max_element(want) > *std::ranges::min_element(want));
  return both;
}

bool on_core(const CompiledModel& model) {
  return std::ranges::none_of(model.tasks, [](const Task& task) { return task.engine == Engine::AiCpu; });
}

}  // namespace

TEST_CASE("a convolution loads the image it reads: one task, the same bits") {
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend310B1", "Ascend910B3"})
    for (const Case& one : kFused) {
      const std::string what = fmt::format("{} | {} on {}", one.model, one.config, soc);
      CAPTURE(what);
      const auto [image, plain] = check_case(one, soc);
      CHECK(on_core(image));
      CHECK(image.tasks.size() + 2 == plain.tasks.size());  // no Cast, no TransData
      const Task& first = image.tasks[0];
      REQUIRE(first.fused.size() >= 2);
      CHECK(first.op_type == "Conv2D");
      CHECK(first.fused[0] == "Aipp");
      CHECK(first.fused[1] == "Conv2D");
      CHECK(first.macs > 0);
    }
}

// Sizes of part, source and padding that fit, a kernel that fits them, any format.
Case random_case(std::mt19937& random, std::string& model) {
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  const AippFormat& color = kAippFormats[below(std::size(kAippFormats))];
  const AippFormat& format = color.number == 4 ? kAippFormats[0] : color;  // grey images have one channel
  const auto span = [&](int64_t even) {
    struct {
      int64_t start, size, source, before, after;
    } s{below(6) * even, 2 + below(90), 0, below(2) * below(12), below(2) * below(12)};
    s.source = align_up(s.start + s.size + below(9), 2);
    return s;
  };
  const auto w = span(format.even_w), h = span(format.even_h);
  const int64_t rows = h.before + h.size + h.after, columns = w.before + w.size + w.after;
  const int64_t kh = 1 + below(std::min<int64_t>(5, rows)), kw = 1 + below(std::min<int64_t>(5, columns)), n = 1 + below(3);
  model = fmt::format("Conv(@{}x3x{}x{}, 9x3x{}x{}, 9) strides={},{} pads={},{},{},{}", n, rows, columns, kh, kw, 1 + below(3), 1 + below(3), below(kh), below(kw), below(kh), below(kw));
  std::string config = fmt::format("input_format: {} src_image_size_w: {} src_image_size_h: {} crop: true load_start_pos_w: {} load_start_pos_h: {} crop_size_w: {} crop_size_h: {} padding: true "
                                   "left_padding_size: {} right_padding_size: {} top_padding_size: {} bottom_padding_size: {} padding_value: {} rbuv_swap_switch: {} ax_swap_switch: {} ",
                                   format.name, w.source, h.source, w.start, h.start, w.size, h.size, w.before, w.after, h.before, h.after, below(5) - 2, below(2), below(2));
  if (below(2)) config += format.yuv ? kToRgb : kToYuv;
  return {model.c_str(), config + (below(2) ? kTorch : kMean)};
}

TEST_CASE("random images") {
  std::mt19937 random(5);
  for (int i = 0; i < 150; ++i) {
    std::string model;
    const Case one = random_case(random, model);
    const char* soc = std::array{"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B3", "Ascend310B4"}[static_cast<size_t>(i) % 5];
    const std::string what = fmt::format("{} | {} on {}", one.model, one.config, soc);
    CAPTURE(what);
    const auto [image, plain] = check_case(one, soc);
    CHECK(on_core(image));
    CHECK(image.tasks[0].fused.size() > 1);
  }
}

TEST_CASE("an image that something else reads is a task of its own") {
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910B3"})
    for (const Case& one : kAlone) {
      const std::string what = fmt::format("{} | {} on {}", one.model, one.config, soc);
      CAPTURE(what);
      const auto [image, plain] = check_case(one, soc);
      CHECK(on_core(image));
      CHECK(image.tasks[0].fused == std::vector<std::string>{"Aipp"});
    }
}

TEST_CASE("whatever reads the image") {
  for (const char* soc : {"Ascend310", "Ascend910B3"})
    for (const Case& one : kBehind) {
      const std::string what = fmt::format("{} | {} on {}", one.model, one.config, soc);
      CAPTURE(what);
      CHECK(on_core(check_case(one, soc).image));
    }
}

TEST_CASE("four channels where the pass is on and rows are whole blocks, else sixteen") {
  const auto channels_of_a_pixel = [](const Case& one, const std::string& disabled) {
    const Both both = check_case(one, "Ascend310", disabled);
    for (const Instr& instr : both.image.tasks[0].blocks[0])
      if (instr.op == Opcode::SetAippSpr && instr.arg[field::kSprNumber] == 9) return instr.arg[field::kSprValue] >> 40 & 1 ? 4 : 16;
    return 0;
  };
  CHECK(channels_of_a_pixel(kFused[0], "") == 4);
  CHECK(channels_of_a_pixel(kFused[0], "assign-small-channels") == 16);
  CHECK(channels_of_a_pixel(kFused[0], "fuse-tasks") == 16);
  CHECK(channels_of_a_pixel(kFused[2], "") == 16);   // 1x1
  CHECK(channels_of_a_pixel(kFused[5], "") == 16);   // 33 columns
}

TEST_CASE("two images") {
  constexpr const char* text =
      "graph \"g\" opset 18\ninput %x : float32[1,3,32,32]\ninput %z : float32[1,1,32,32]\nconst %w : float32[2,3,1,1] = [1, -2, 3, 0.5, 5, -6]\nconst %v : float32[2,1,1,1] = [0.25, -2]\n"
      "%a = Conv(%x, %w)\n%b = Conv(%z, %v)\n%y = Add(%a, %b)\noutput %y\n";
  const Graph plain = parse_graph(text).value();
  Graph graph = plain;
  const auto ops = parse_aipp_config("aipp_op { aipp_mode: static related_input_name: \"z\" input_format: YUV400_U8 mean_chn_0: 9 } aipp_op { aipp_mode: static input_format: YUV420SP_U8 " + kToRgb + "}");
  REQUIRE(ops);
  REQUIRE(insert_aipp(graph, *ops, **find_soc("Ascend310")));
  std::vector<Tensor> images, floats;
  for (const ValueId id : graph.inputs) {
    images.emplace_back(DType::UInt8, to_shape(graph.value(id).type.dims));
    for (int i = 0; uint8_t& v : images.back().mutable_data<uint8_t>()) v = static_cast<uint8_t>(i++ * 29);
    floats.push_back(run_reference(graph.node(graph.consumers(id)[0]), 18, std::array{images.back()}).value()[0].cast(DType::Float32));
  }
  const auto run = [](const Graph& of, const std::vector<Tensor>& inputs) {
    return Session::create(std::make_shared<const CompiledModel>(compiled(of, "Ascend310")), 1).value()->run(inputs).value()[0].to_doubles();
  };
  CHECK(run(graph, images) == run(plain, floats));
}

TEST_CASE("passes that are off") {
  for (const std::string disabled : {"fuse-tasks", "assign-small-channels", "assign-precision", "eliminate-transdata"}) {
    CAPTURE(disabled);
    check_case(kFused[1], "Ascend310", disabled);
  }
}

TEST_CASE("two readers of an image") {
  constexpr const char* text =
      "graph \"g\" opset 18\ninput %x : float32[1,3,32,32]\nconst %w : float32[2,3,1,1] = [1, -2, 3, 0.5, 5, -6]\n"
      "%a = Conv(%x, %w) {strides=[2,2]}\n%b = MaxPool(%x) {kernel_shape=[2,2], strides=[2,2]}\n%y = Concat(%a, %b) {axis=1}\noutput %y\n";
  const Graph plain = parse_graph(text).value();
  const Graph graph = with_image(plain, "input_format: RGB888_U8 " + kMean, "Ascend310");
  const Tensor image = random_image(graph, 3);
  const auto made = run_reference(graph.node(graph.order().front()), 18, std::array{image});
  REQUIRE(made);
  const CompiledModel model = compiled(graph, "Ascend310");
  CHECK(on_core(model));
  CHECK(executed(model, image).to_doubles() == executed(compiled(plain, "Ascend310"), (*made)[0].cast(DType::Float32)).to_doubles());
}

TEST_CASE("what load_image_to_cbuf does not do runs on the AI CPU") {
  CHECK(!on_core(check_case({"Conv(@1x3x4x64, 16x3x3x3, 16)", "input_format: RGB888_U8 src_image_size_w: 4096 crop: true crop_size_w: 64"}, "Ascend310").image));
}

}  // namespace npu
