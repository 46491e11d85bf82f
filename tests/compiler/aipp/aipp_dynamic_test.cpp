// SPDX-License-Identifier: Apache-2.0
// Dynamic AIPP: one compiled model told with each inference what its images are, against models compiled for just that, bit for bit
// (aipp_reference_test and aipp_lower_test compare those with the guide's formulas); and what it refuses to run.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <random>

#include "compiler/aipp/insert.h"
#include "compiler/aipp/parameters.h"
#include "compiler/compile.h"
#include "core/base/half.h"
#include "core/base/math.h"
#include "core/chip/check/check.h"
#include "core/chip/chip.h"
#include "core/graph/text.h"
#include "core/isa/fetch.h"
#include "core/om/om.h"
#include "core/om/package.h"
#include "core/ops/op.h"
#include "runtime/profile/profile.h"
#include "runtime/replay/replay.h"
#include "runtime/session/device_tensors.h"
#include "runtime/session/session.h"
#include "tests/compiler/lower/operator_case.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

namespace npu {
namespace {

constexpr int64_t kRoom = 100000;  // bytes of an image, at most
const char* const kChips[] = {"Ascend310", "Ascend310P3", "Ascend910A", "Ascend910B3", "Ascend310B1"};

const std::string kToRgb =
    "csc_switch: true matrix_r0c0: 298 matrix_r0c1: 0 matrix_r0c2: 409 matrix_r1c0: 298 matrix_r1c1: -100 matrix_r1c2: -208 matrix_r2c0: 298 matrix_r2c1: 516 matrix_r2c2: 0 ";
const std::string kToYuv =
    "csc_switch: true matrix_r0c0: 66 matrix_r0c1: 129 matrix_r0c2: 25 matrix_r1c0: -38 matrix_r1c1: -74 matrix_r1c2: 112 matrix_r2c0: 112 matrix_r2c1: -94 matrix_r2c2: -18 ";
const std::string kToGrey =
    "csc_switch: true matrix_r0c0: 256 matrix_r0c1: 0 matrix_r0c2: 0 matrix_r1c0: 0 matrix_r1c1: 0 matrix_r1c2: 0 matrix_r2c0: 0 matrix_r2c1: 0 matrix_r2c2: 0 input_bias_0: 0 ";
const std::string kTorch = "min_chn_0: 123.675 min_chn_1: 116.28 min_chn_2: 103.53 var_reci_chn_0: 0.0171247538316637 var_reci_chn_1: 0.0175070028011204 var_reci_chn_2: 0.0174291938997821 ";
const std::string kMean = "mean_chn_0: 104 mean_chn_1: 117 mean_chn_2: 123 ";

Graph with_aipp(Graph graph, const std::string& config, const char* soc) {
  const auto ops = parse_aipp_config("aipp_op { " + config + " }");
  REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()), config);
  const auto done = insert_aipp(graph, *ops, **find_soc(soc));
  REQUIRE_MESSAGE(done, (done ? "" : done.error().message()), config);
  return graph;
}

CompiledModel compiled(const Graph& graph, const char* soc) {
  auto model = compile(graph, {.soc = soc});
  if (!model) FAIL(model.error().message());
  return std::move(*model);
}

std::vector<double> executed(Session& session, const std::vector<Tensor>& inputs) {
  auto outputs = session.run(inputs);
  if (!outputs) FAIL(outputs.error().message());
  return (*outputs)[0].to_doubles();
}

std::unique_ptr<Session> session_of(const CompiledModel& model) {
  auto session = Session::create(std::make_shared<const CompiledModel>(model), 2);
  if (!session) FAIL(session.error().message());
  return std::move(*session);
}

// A model that is told what its images are, and the same model compiled for what it is told.
class Pair {
 public:
  Pair(const std::string& model, const char* chip) : soc(chip), plain_(parse_operator_case(model).graph), batch_(plain_.value(plain_.inputs[0]).type.dims[0].value()) {
    dynamic = compiled(with_aipp(plain_, fmt::format("aipp_mode: dynamic max_src_image_size: {}", kRoom * batch_), soc), soc);
    session_ = session_of(dynamic);
    inputs_ = find_dynamic_aipp(dynamic, **find_soc(soc)).value();
    REQUIRE(inputs_.size() == 1);
  }

  const DynamicAipp& input() const { return inputs_[0]; }
  Session& session() { return *session_; }

  AippParameters parameters(const std::string& config) const { return aipp_parameters(parse_aipp_config("aipp_op { aipp_mode: static " + config + " }").value()[0], input().target).value(); }

  // What is behind the images in their input is noise.
  std::vector<Tensor> inputs(const AippParameters& parameters, uint32_t seed) const {
    std::vector<Tensor> tensors{Tensor(DType::UInt8, dynamic.inputs[0].shape), aipp_tensor(parameters, input()).value()};
    std::mt19937 random(seed);
    for (uint8_t& v : tensors[0].mutable_data<uint8_t>()) v = static_cast<uint8_t>(random() >> 7);
    return tensors;
  }

  void check(const std::string& config, uint32_t seed) {
    CAPTURE(config);
    const CompiledModel fixed = compiled(with_aipp(plain_, "aipp_mode: static " + config, soc), soc);
    const AippParameters told = parameters(config);
    const auto given = inputs(told, seed);
    Tensor images(DType::UInt8, fixed.inputs[0].shape);
    REQUIRE(images.elements() == told.settings(0, 3).image_bytes() * batch_);
    std::ranges::copy(given[0].bytes().first(static_cast<size_t>(images.elements())), images.mutable_bytes().begin());
    const auto want = executed(*session_of(fixed), {images}), got = executed(*session_, given);
    REQUIRE(got.size() == want.size());
    int wrong = 0;
    for (size_t i = 0; i < got.size(); ++i) wrong += got[i] != want[i];
    CHECK(wrong == 0);
    CHECK(*std::ranges::max_element(want) > *std::ranges::min_element(want));
  }

  const char* soc;
  CompiledModel dynamic;

 private:
  Graph plain_;
  int64_t batch_;
  std::unique_ptr<Session> session_;
  std::vector<DynamicAipp> inputs_;
};

// Of a result of 40 rows and 48 columns.
const std::string kTold[] = {
    "input_format: RGB888_U8 " + kTorch,
    "input_format: YUV420SP_U8 " + kToRgb + kTorch,
    "input_format: YUV420SP_U8 rbuv_swap_switch: true " + kToRgb + kMean,
    "input_format: XRGB8888_U8 " + kMean,
    "input_format: XRGB8888_U8 ax_swap_switch: true rbuv_swap_switch: true " + kToYuv,
    "input_format: ARGB8888_U8 " + kTorch,
    "input_format: ARGB8888_U8 ax_swap_switch: true " + kTorch,
    "input_format: YUYV_U8 rbuv_swap_switch: true " + kToRgb + kTorch,
    "input_format: YUV422SP_U8 " + kToRgb + kMean,
    "input_format: AYUV444_U8 rbuv_swap_switch: true " + kToRgb,
    "input_format: YUV400_U8 " + kToGrey,
    "input_format: RGB888_U8 src_image_size_w: 71 src_image_size_h: 53 crop: true load_start_pos_w: 13 load_start_pos_h: 9 " + kTorch,
    "input_format: YUV420SP_U8 src_image_size_w: 100 src_image_size_h: 90 crop: true load_start_pos_w: 14 load_start_pos_h: 32 " + kToRgb,
    "input_format: YUV422SP_U8 src_image_size_w: 100 src_image_size_h: 41 crop: true load_start_pos_w: 52 load_start_pos_h: 1 " + kToRgb,
    "input_format: YUYV_U8 src_image_size_w: 60 src_image_size_h: 41 crop: true load_start_pos_w: 12 load_start_pos_h: 1 " + kToRgb,
    "input_format: AYUV444_U8 ax_swap_switch: true src_image_size_w: 51 src_image_size_h: 45 crop: true load_start_pos_w: 3 load_start_pos_h: 5 " + kMean,
    "input_format: RGB888_U8 src_image_size_w: 39 src_image_size_h: 17 padding: true left_padding_size: 4 right_padding_size: 5 top_padding_size: 11 bottom_padding_size: 12 " + kTorch,
    "input_format: YUV420SP_U8 src_image_size_w: 46 src_image_size_h: 2 padding: true left_padding_size: 2 top_padding_size: 32 bottom_padding_size: 6 " + kToRgb,
    "input_format: YUV420SP_U8 src_image_size_w: 64 src_image_size_h: 64 crop: true load_start_pos_w: 10 load_start_pos_h: 20 crop_size_w: 43 crop_size_h: 33 padding: true "
    "left_padding_size: 2 right_padding_size: 3 top_padding_size: 3 bottom_padding_size: 4 " + kToRgb + kTorch,
    "input_format: XRGB8888_U8 src_image_size_w: 200 src_image_size_h: 100 crop: true load_start_pos_w: 191 load_start_pos_h: 99 crop_size_w: 2 crop_size_h: 1 padding: true "
    "left_padding_size: 26 right_padding_size: 20 top_padding_size: 19 bottom_padding_size: 20 " + kMean,
};

bool on_core(const CompiledModel& model) {
  return std::ranges::none_of(model.tasks, [](const Task& task) { return task.engine == Engine::AiCpu; });
}

}  // namespace

TEST_CASE("dynamic AIPP: one loaded model, told something else with each inference") {
  for (const char* soc : kChips) {
    CAPTURE(soc);
    Pair fused("Conv(@2x3x40x48, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1 ; Relu(@)", soc), alone("MaxPool(@1x3x40x48) kernel_shape=2,2 strides=2,2", soc);
    CHECK(on_core(fused.dynamic));
    CHECK(on_core(alone.dynamic));
    REQUIRE(fused.dynamic.tasks[0].fused.size() >= 2);
    CHECK(fused.dynamic.tasks[0].fused[0] == "Aipp");
    CHECK(fused.dynamic.tasks[0].fused[1] == "Conv2D");
    CHECK(alone.dynamic.tasks[0].fused == std::vector<std::string>{"Aipp"});
    uint32_t seed = 1;
    for (const std::string& told : kTold) {
      fused.check(told, seed++);
      alone.check(told, seed++);
    }
  }
}

TEST_CASE("dynamic AIPP: grey images, images of many tiles, and four channels or sixteen") {
  Pair grey("Conv(@3x1x28x28, 8x1x5x5, 8) pads=2,2,2,2", "Ascend310");
  grey.check("input_format: YUV400_U8 var_reci_chn_0: 0.00392", 1);
  grey.check("input_format: YUV420SP_U8 " + kToGrey, 2);
  grey.check("input_format: RGB888_U8 src_image_size_w: 31 crop: true load_start_pos_w: 2 mean_chn_0: 3 " + kToGrey, 3);
  for (const char* soc : {"Ascend310", "Ascend310P3", "Ascend910B3"})
    for (const char* model : {"Conv(@1x3x150x208, 64x3x7x7, 64) strides=2,2 pads=3,3,3,3", "Conv(@1x3x150x207, 16x3x5x5, 16)"}) {
      Pair large(model, soc);
      const int64_t w = large.input().target.w;
      large.check(fmt::format("input_format: YUV420SP_U8 src_image_size_w: 240 src_image_size_h: 200 crop: true load_start_pos_w: 20 load_start_pos_h: 14 crop_size_w: {} crop_size_h: 121 padding: true "
                              "left_padding_size: 7 right_padding_size: 8 top_padding_size: 19 bottom_padding_size: 10 ", w - 15) + kToRgb + kTorch, 4);
      large.check("input_format: RGB888_U8 " + kTorch, 5);
    }
}

TEST_CASE("dynamic AIPP: each image of a batch has its own part, padding and normalisation") {
  for (const char* soc : {"Ascend310", "Ascend310P3"}) {
    CAPTURE(soc);
    const char* const one = "Conv(@1x3x20x24, 16x3x3x3, 16)";
    Pair batch("Conv(@3x3x20x24, 16x3x3x3, 16)", soc);
    const std::string source = "input_format: YUV420SP_U8 src_image_size_w: 40 src_image_size_h: 30 crop: true ";
    const std::string parts[] = {"load_start_pos_w: 2 load_start_pos_h: 4 " + kTorch, "load_start_pos_w: 16 load_start_pos_h: 10 " + kMean,
                                 "load_start_pos_w: 8 crop_size_w: 11 crop_size_h: 9 padding: true left_padding_size: 6 right_padding_size: 7 top_padding_size: 1 bottom_padding_size: 10 "};
    AippParameters told = batch.parameters(source + parts[0]);
    for (size_t n = 1; n < 3; ++n) told.images[n] = batch.parameters(source + parts[n]).images[0];
    const auto given = batch.inputs(told, 9);
    const auto got = executed(batch.session(), given);
    const auto bytes = static_cast<size_t>(told.settings(0, 3).image_bytes());
    std::vector<double> want;
    for (size_t n = 0; n < 3; ++n) {
      Graph graph = with_aipp(parse_operator_case(one).graph, "aipp_mode: static " + source + parts[n], soc);
      Tensor image(DType::UInt8, to_shape(graph.value(graph.inputs[0]).type.dims));
      std::ranges::copy(given[0].bytes().subspan(n * bytes, bytes), image.mutable_bytes().begin());
      const auto single = executed(*session_of(compiled(graph, soc)), {image});
      want.insert(want.end(), single.begin(), single.end());
    }
    CHECK(got == want);
  }
}

TEST_CASE("dynamic AIPP: random images") {
  std::mt19937 random(11);
  const auto below = [&](int64_t n) { return static_cast<int64_t>(random() % static_cast<uint64_t>(n)); };
  for (int i = 0; i < 60; ++i) {
    const int64_t h = 2 + below(80), w = 2 + below(80), kh = 1 + below(std::min<int64_t>(5, h)), kw = 1 + below(std::min<int64_t>(5, w));
    Pair pair(fmt::format("Conv(@{}x3x{}x{}, 9x3x{}x{}, 9) strides={},{} pads={},{},{},{}", 1 + below(3), h, w, kh, kw, 1 + below(3), 1 + below(3), below(kh), below(kw), below(kh), below(kw)),
              kChips[static_cast<size_t>(i) % std::size(kChips)]);
    CAPTURE(pair.soc);
    for (int told = 0; told < 3; ++told) {
      const AippFormat& color = kAippFormats[below(std::size(kAippFormats))];
      const AippFormat& format = color.number == 4 ? kAippFormats[0] : color;
      const auto axis = [&](int64_t all, int64_t even) {
        const int64_t before = below(2) * below(std::min<int64_t>(33, all - 1)), after = below(2) * below(std::min<int64_t>(33, all - 1 - before));
        const int64_t size = all - before - after, start = below(7) * even;
        return std::array{before, after, size, start, align_up(start + size + below(9), 2)};
      };
      const auto x = axis(w, format.even_w), y = axis(h, format.even_h);
      pair.check(fmt::format("input_format: {} src_image_size_w: {} src_image_size_h: {} crop: true load_start_pos_w: {} load_start_pos_h: {} crop_size_w: {} crop_size_h: {} padding: true left_padding_size: {} "
                             "right_padding_size: {} top_padding_size: {} bottom_padding_size: {} rbuv_swap_switch: {} ax_swap_switch: {} ",
                             format.name, x[4], y[4], x[3], y[3], x[2], y[2], x[0], x[1], y[0], y[1], below(2), below(2)) +
                     (below(2) ? format.yuv ? kToRgb : kToYuv : "") + (below(2) ? kTorch : kMean),
                 static_cast<uint32_t>(random()));
    }
  }
}

// The stream as issued where the parameters are these: nothing in it depends on data any more.
Program issued(const Program& block, BlockId id, const TensorDesc& desc, const Tensor& parameters) {
  struct Host : ScalarHost {
    Result<uint64_t> load(Buffer, int64_t address, int bytes) override {
      uint64_t value = 0;
      REQUIRE(address >= begin);
      REQUIRE(address + bytes <= begin + std::ssize(content));
      std::memcpy(&value, content.data() + (address - begin), static_cast<size_t>(bytes));
      return value;
    }
    Status store(Buffer, int64_t, int, uint64_t) override { return {}; }
    uint64_t special(Special) override { return 0; }
    int64_t begin = 0;
    Bytes content;
  } host;
  host.begin = desc.address, host.content = parameters.bytes();
  Fetch fetch(block, &host, id);
  Program program;
  while (const Instr* instr = fetch.next())
    if (!Fetch::is_scalar(instr->op)) program.push_back(*instr);
  if (fetch.error()) FAIL(fetch.error()->message());
  return program;
}

TEST_CASE("dynamic AIPP: no parameters lead past the flags") {
  for (const char* soc : kChips)
    for (const char* model : {"Conv(@2x3x40x48, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1", "MaxPool(@1x3x40x48) kernel_shape=2,2 strides=2,2"}) {
      CAPTURE(soc);
      const Pair pair(model, soc);
      for (const std::string& told : kTold) {
        const Tensor buffer = aipp_tensor(pair.parameters(told), pair.input()).value();
        const auto& blocks = pair.dynamic.tasks[0].blocks;
        for (size_t b = 0; b < blocks.size(); ++b)
          for (const Finding& finding : check_stream(**find_soc(soc), issued(blocks[b], {static_cast<int64_t>(b), std::ssize(blocks)}, pair.dynamic.inputs[1], buffer), 3))
            FAIL_CHECK(told, ": ", finding.text);
      }
    }
}

TEST_CASE("dynamic AIPP: the streams are checked, timed, saved and replayed") {
  for (const char* soc : kChips) {
    CAPTURE(soc);
    Pair pair("Conv(@1x3x40x48, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1", soc);
    for (const Task& task : pair.dynamic.tasks)
      for (const Program& block : task.blocks)
        for (const Finding& finding : check_stream(**find_soc(soc), block, 3)) CHECK(finding.kind == Finding::Kind::Flow);  // operands that only a run tells
    const auto fixed = compiled(with_aipp(parse_operator_case("Conv(@1x3x40x48, 16x3x3x3, 16) strides=2,2 pads=1,1,1,1").graph, "aipp_mode: static input_format: RGB888_U8", soc), soc);
    const auto one = profile_model(pair.dynamic, false), other = profile_model(fixed, false);
    REQUIRE_MESSAGE(one, (one ? "" : one.error().message()));
    REQUIRE(other);
    CHECK(one->total_us > other->total_us);      // loads of the parameters, rows of padding
    CHECK(one->total_us < other->total_us + 20);
    const auto bytes = save_om(pair.dynamic);
    REQUIRE(bytes);
    const auto again = load_om(std::make_shared<const std::vector<std::byte>>(*bytes));
    REQUIRE_MESSAGE(again, (again ? "" : again.error().message()));
    const auto given = pair.inputs(pair.parameters(kTold[12]), 3);
    const auto want = executed(pair.session(), given);
    CHECK(executed(*session_of(*again), given) == want);
    auto replay = Replay::create(std::make_shared<const CompiledModel>(pair.dynamic), given);
    REQUIRE_MESSAGE(replay, (replay ? "" : replay.error().message()));
    REQUIRE((*replay)->run_to_end());
    REQUIRE((*replay)->seek((*replay)->position() / 2));
    REQUIRE((*replay)->run_to_end());
    CHECK((*replay)->outputs().value()[0].to_doubles() == want);
    auto wrong = given;
    wrong[1].mutable_bytes()[0] = std::byte{0};
    CHECK(!Replay::create(std::make_shared<const CompiledModel>(pair.dynamic), wrong));
  }
}

TEST_CASE("dynamic AIPP: two inputs") {
  constexpr const char* text =
      "graph \"g\" opset 18\ninput %x : float32[1,3,32,32]\ninput %z : float32[1,1,32,32]\nconst %w : float32[2,3,1,1] = [1, -2, 3, 0.5, 5, -6]\nconst %v : float32[2,1,1,1] = [0.25, -2]\n"
      "%a = Conv(%x, %w)\n%b = Conv(%z, %v)\n%y = Add(%a, %b)\noutput %y\n";
  const Graph plain = parse_graph(text).value();
  const auto make = [&](const std::string& z, const std::string& x) {
    Graph graph = plain;
    const auto ops = parse_aipp_config("aipp_op { related_input_name: \"z\" " + z + " } aipp_op { related_input_rank: 0 " + x + " }");
    REQUIRE_MESSAGE(ops, (ops ? "" : ops.error().message()));
    REQUIRE(insert_aipp(graph, *ops, **find_soc("Ascend310")));
    return compiled(graph, "Ascend310");
  };
  const std::string of_z = "input_format: YUV400_U8 mean_chn_0: 9 ", of_x = "input_format: YUV420SP_U8 " + kToRgb;
  const CompiledModel fixed = make("aipp_mode: static " + of_z, "aipp_mode: static " + of_x), dynamic = make("aipp_mode: dynamic max_src_image_size: 1024", "aipp_mode: dynamic max_src_image_size: 5000");
  REQUIRE(dynamic.inputs.size() == 4);
  CHECK(dynamic.inputs[2].name == "ascend_dynamic_aipp_data");
  CHECK(dynamic.inputs[3].name == "ascend_dynamic_aipp_data_1");
  CHECK(dynamic.inputs[2].shape == Shape{160});
  const auto found = find_dynamic_aipp(dynamic, **find_soc("Ascend310")).value();
  REQUIRE(found.size() == 2);
  CHECK(found[0].image == 1);
  CHECK(found[1].image == 0);
  std::vector<Tensor> given, told;
  for (const TensorDesc& desc : fixed.inputs) {
    given.emplace_back(DType::UInt8, desc.shape);
    for (int i = 0; uint8_t& v : given.back().mutable_data<uint8_t>()) v = static_cast<uint8_t>(i++ * 29);
  }
  for (size_t i = 0; i < 2; ++i) {
    told.emplace_back(DType::UInt8, dynamic.inputs[i].shape);
    std::ranges::copy(given[i].bytes(), told.back().mutable_bytes().begin());
  }
  const auto tensor = [&](const std::string& config, const DynamicAipp& input) { return aipp_tensor(aipp_parameters(parse_aipp_config("aipp_op { aipp_mode: static " + config + "}").value()[0], input.target).value(), input).value(); };
  told.push_back(tensor(of_z, found[0]));
  told.push_back(tensor(of_x, found[1]));
  CHECK(executed(*session_of(dynamic), told) == executed(*session_of(fixed), given));
}

TEST_CASE("dynamic AIPP: what cannot be is refused before the chip sees it, with field and value") {
  Pair pair("Conv(@2x3x40x48, 16x3x3x3, 16)", "Ascend310P3");
  const AippParameters good = pair.parameters("input_format: YUV420SP_U8 src_image_size_w: 64 src_image_size_h: 64 crop: true load_start_pos_w: 2 " + kToRgb);
  REQUIRE(good.check(pair.input().target));
  const auto refused = [&](auto&& change) {
    AippParameters p = good;
    change(p);
    const auto status = pair.input().target.batch > 0 ? p.check(pair.input().target) : Status{};
    REQUIRE(!status);
    CHECK(status.error().kind == ErrorKind::InvalidArgument);
    return status.error().what;
  };
  CHECK(refused([](AippParameters& p) { p.format = nullptr; }) == "inputFormat is not set");
  CHECK(refused([](AippParameters& p) { p.images.pop_back(); }) == "batchNum is 1, the model takes 2 images");
  CHECK(refused([](AippParameters& p) { p.src_w = 63; }) == "srcImageSizeW is 63: YUV420SP_U8 needs an even number");
  CHECK(refused([](AippParameters& p) { p.src_h = 63; }) == "srcImageSizeH is 63: YUV420SP_U8 needs an even number");
  CHECK(refused([](AippParameters& p) { p.src_w = 5000; }) == "srcImageSizeW and srcImageSizeH are 5000 and 64, allowed are 2 to 4096 and 1 to 4096");
  CHECK(refused([](AippParameters& p) { p.src_w = 4096; }) == "an image of 64x4096: load_image_to_cbuf takes up to 4095 columns and from 2 rows on");
  CHECK(refused([](AippParameters& p) { p.src_w = p.src_h = 400; }) == "2 images of srcImageSizeW 400 and srcImageSizeH 400 in YUV420SP_U8 are 480000 bytes, max_src_image_size is 200000");
  CHECK(refused([](AippParameters& p) { p.images[1].start_w = 3; }) == "cropStartPosW of image 1 is 3: YUV420SP_U8 needs an even number");
  CHECK(refused([](AippParameters& p) { p.images[1].start_h = 30; }) == "cropStartPosH 30 and cropSizeH 40 of image 1 reach beyond srcImageSizeH 64");
  CHECK(refused([](AippParameters& p) { p.images[0].crop_w = 47; }) == "a width of 47 with padding of 0 and 0 of image 0 is 47, the model takes 48");
  CHECK(refused([](AippParameters& p) { p.images[0].padding = 1, p.images[0].top = 3; }) == "a height of 40 with padding of 3 and 0 of image 0 is 43, the model takes 40");
  CHECK(refused([](AippParameters& p) { p.images[0].scale = true; }) == "scfSwitch of image 0 is 1: these chips resize in DVPP, not here");
  CHECK(refused([](AippParameters& p) { p.images[0].padding = 2; }) == "paddingSwitch of image 0 is 2: padding with zeros (1) is offered");
  CHECK(refused([](AippParameters& p) { p.images[0].rotate = 3; }) == "rotateSwitch of image 0 is 3: the vendor reserves it");
  CHECK(refused([](AippParameters& p) { p.images[0].min[2] = 0x7c00; }) == "dtcPixelMinChn2 of image 0 is 0x7c00, no number");
  CHECK(refused([](AippParameters& p) { p.images[0].var_reci[1] = 0xfe01; }) == "dtcPixelVarReciChn1 of image 0 is 0xfe01, no number");
  CHECK(refused([](AippParameters& p) { p.images[0].var_reci[1] = Half(300).bits; }) == "(in - dtcPixelMeanChn1 0 - dtcPixelMinChn1 0) * dtcPixelVarReciChn1 300 of image 0 reaches 76500, more than fp16 holds");
  CHECK(refused([](AippParameters& p) { p.format = find_aipp_format("YUV400_U8"), p.csc = false; }) == "inputFormat YUV400_U8 with cscSwitch 0 gives 1 channels, the model takes 3");

  // Bytes that no struct would give.
  const auto patched = [&](size_t offset, int value) {
    auto given = pair.inputs(good, 1);
    given[1].mutable_bytes()[offset] = static_cast<std::byte>(value);
    const auto outputs = pair.session().run(given);
    REQUIRE(!outputs);
    CHECK(outputs.error().where == "input 'ascend_dynamic_aipp_data'");
    return outputs.error().what;
  };
  CHECK(patched(0, 0) == "inputFormat is 0: it is not set");
  CHECK(patched(0, 3) == "inputFormat is 3: there is no such format");
  CHECK(patched(0, 200) == "inputFormat is 200: there is no such format");
  CHECK(patched(1, 2) == "cscSwitch is 2, allowed are 0 and 1");
  CHECK(patched(4, 3) == "batchNum is 3, the buffer has 2 images");
  CHECK(patched(11, 128).starts_with("srcImageSizeW is -2147483584, allowed are 2 to 4096"));
  CHECK(patched(64 + 96, 7) == "cropSwitch of image 1 is 7, allowed are 0 and 1");
  CHECK(patched(64 + 11, 255).starts_with("cropStartPosW of image 0 is -16777214, allowed are 0 to 4095"));
  CHECK(patched(64 + 57, 1) == "dtcPixelMeanChn0 of image 0 is 256, allowed are 0 to 255");
  const auto zeros = pair.session().run(std::vector<Tensor>{Tensor(DType::UInt8, pair.dynamic.inputs[0].shape), Tensor(DType::UInt8, pair.dynamic.inputs[1].shape)});
  CHECK(!zeros);
}

TEST_CASE("dynamic AIPP: bytes of the buffer are where the public structures have them") {
  AippParameters p;
  p.format = find_aipp_format("YUV400_U8");
  p.csc = p.swap_ax = true, p.src_w = 0x102, p.src_h = 0x304;
  for (size_t i = 0; i < 9; ++i) p.matrix[i] = -1 - static_cast<int64_t>(i);
  p.out_bias = {1, 2, 3}, p.in_bias = {4, 5, 6};
  p.images.resize(2);
  p.images[1].crop = true, p.images[1].start_w = 7, p.images[1].start_h = 8, p.images[1].crop_w = 9, p.images[1].crop_h = 10;
  p.images[1].padding = 1, p.images[1].top = 11, p.images[1].bottom = 12, p.images[1].left = 13, p.images[1].right = 14;
  p.images[1].mean = {15, 16, 17, 18}, p.images[1].min = {0x1234, 0x2345, 0x3456, 0x4567}, p.images[1].var_reci = {0x1111, 0x2222, 0x3333, 0x4444};
  const auto bytes = p.encode();
  REQUIRE(bytes);
  REQUIRE(bytes->size() == 256);
  const auto at = [&](size_t offset, int count) {
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; --i) value = value << 8 | std::to_integer<uint64_t>((*bytes)[offset + static_cast<size_t>(i)]);
    return value;
  };
  CHECK(at(0, 8) == 0x000000'02'01'00'01'0a);  // CCE_YUV400_U8 is 10
  CHECK(at(8, 8) == 0x00000304'00000102);
  CHECK(at(16, 2) == 0xffff);
  CHECK(at(32, 2) == 0xfff7);
  CHECK(at(40, 8) == 0x0000'06'05'04'03'02'01);
  CHECK(at(64, 8) == 0);
  CHECK(at(64 + 72, 8) == 0x3c00'3c00'3c00'3c00);
  CHECK(at(160, 8) == 0x00000000'00'01'00'01);
  CHECK(at(168, 8) == 0x00000008'00000007);
  CHECK(at(176, 8) == 0x0000000a'00000009);
  CHECK(at(200, 8) == 0x0000000c'0000000b);
  CHECK(at(208, 8) == 0x0000000e'0000000d);
  CHECK(at(216, 8) == 0x0012'0011'0010'000f);
  CHECK(at(224, 8) == 0x4567'3456'2345'1234);
  CHECK(at(232, 8) == 0x4444'3333'2222'1111);
  const auto again = AippParameters::decode(*bytes);
  REQUIRE_MESSAGE(again, (again ? "" : again.error().message()));
  CHECK(again->encode().value() == *bytes);
  const AippParameters one = p;
  p.images[0].mean[3] = 256;
  CHECK(p.encode().error().what == "dtcPixelMeanChn3 of image 0 is 256, allowed are 0 to 255");
  p = one, p.images.resize(128);
  CHECK(p.encode().error().what == "batchNum is 128, allowed are 1 to 127");
  p.images.clear();
  CHECK(!p.encode());
}

TEST_CASE("no bytes of the parameters crash their reader or the chip") {
  Pair pair("Conv(@2x3x10x12, 16x3x3x3, 16)", "Ascend310");
  const auto given = pair.inputs(pair.parameters("input_format: YUV420SP_U8 src_image_size_w: 16 src_image_size_h: 16 crop: true load_start_pos_w: 2 " + kToRgb), 1);
  const Bytes seed = given[1].bytes();
  for (size_t length = 0; length <= seed.size(); ++length) fuzz::aipp_parameters(seed.first(length));
  int ran = 0;
  for (uint64_t i = 0; i < 3000; ++i) {
    auto mutated = fuzz::Mutator(i)(seed);
    fuzz::aipp_parameters(mutated);
    mutated.resize(seed.size());
    std::vector<Tensor> inputs = given;
    std::ranges::copy(mutated, inputs[1].mutable_bytes().begin());
    const auto outputs = pair.session().run(inputs);
    if (!outputs) CHECK(outputs.error().where == "input 'ascend_dynamic_aipp_data'");
    ran += outputs.has_value();
  }
  CHECK(ran > 0);
  CHECK(ran < 3000);
}

TEST_CASE("parameters that nobody checked halt the core or make some image") {
  Pair pair("Conv(@2x3x10x12, 16x3x3x3, 16)", "Ascend310P3");
  const CompiledModel& model = pair.dynamic;
  const auto given = pair.inputs(pair.parameters("input_format: YUV420SP_U8 src_image_size_w: 16 src_image_size_h: 16 crop: true load_start_pos_w: 2 " + kToRgb), 1);
  DeviceMemory memory(*model.weights, model.arena_bytes);
  REQUIRE(store_inputs(model, given, memory));
  Core core(**find_soc(pair.soc));
  const auto& blocks = model.tasks[0].blocks;
  int ran = 0, halted = 0;
  for (uint64_t i = 0; i < 3000; ++i) {
    auto bytes = fuzz::Mutator(i)(given[1].bytes());
    bytes.resize(given[1].byte_size());
    std::ranges::copy(bytes, memory.write(model.inputs[1].address, model.inputs[1].bytes).value().begin());
    const size_t b = i % blocks.size();
    core.reset();
    const Status status = core.execute(blocks[b], memory, {static_cast<int64_t>(b), std::ssize(blocks)});
    ++(status ? ran : halted);
    if (!status) CHECK(!status.error().what.empty());
  }
  CHECK(ran > 0);
  CHECK(halted > 0);
}

}  // namespace npu
