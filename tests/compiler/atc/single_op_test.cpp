// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/single_op.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/om/om.h"
#include "core/ops/op.h"
#include "runtime/session/session.h"
#include "tests/compiler/atc/workplace.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

namespace npu {

using namespace test;

namespace {

std::string desc(const std::string& shape, const std::string& type = "float16", const std::string& format = "ND") {
  return fmt::format(R"({{"format": "{}", "shape": [{}], "type": "{}"}})", format, shape, type);
}

std::string op(const std::string& head, const std::string& inputs, const std::string& outputs, const std::string& attrs = "") {
  return fmt::format(R"({{{}, "input_desc": [{}], "output_desc": [{}], "attr": [{}]}})", head, inputs, outputs, attrs);
}

std::string attr(const std::string& name, const std::string& type, const std::string& value) {
  return fmt::format(R"({{"name": "{}", "type": "{}", "value": {}}})", name, type, value);
}

Tensor halves(const Shape& shape, int first) {
  Tensor tensor(DType::Float32, shape);
  for (int i = first; float& v : tensor.mutable_data<float>()) v = static_cast<float>(i++ * 7 % 11 - 5) / 4;
  return tensor.cast(DType::Float16);
}

std::vector<double> run_om(const std::string& path, const std::vector<Tensor>& inputs) {
  const auto om = read_file(path);
  REQUIRE_MESSAGE(om, path);
  const auto package = load_package(*om);
  REQUIRE(package);
  auto session = Session::create(package->gears[0].program, 1);
  REQUIRE(session);
  const auto outputs = (*session)->run(inputs);
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  return (*outputs)[0].to_doubles();
}

void compile_ops(const Workplace& place, const std::string& json) {
  REQUIRE(write_file(place.path("ops.json"), as_byte_view(json)));
  const Said said = run({"--singleop=" + place.path("ops.json"), "--output=" + place.path("ops"), "--soc_version=Ascend310"});
  REQUIRE_MESSAGE(said.code == 0, said.text);
}

std::string refusal(const std::string& json) {
  const auto graphs = atc::parse_single_ops(json);
  REQUIRE(!graphs);
  return fmt::format("{}: {}", graphs.error().code, graphs.error().text);
}

}  // namespace

TEST_CASE("--singleop: each operator is a file with the vendor's name") {
  const Workplace place;
  compile_ops(place, fmt::format("[{}, {}]", op(R"("op": "Add")", desc("3,3", "int32") + "," + desc("3,3", "int32"), desc("3,3", "int32")),
                                 op(R"("op": "SoftmaxV2", "name": "soft")", desc("2,64", "float16", "NCHW"), desc("2,64", "float16", "NCHW"), attr("axes", "list_int", "[-1]"))));
  Tensor a(DType::Int32, {3, 3});
  for (int i = 0; int32_t& v : a.mutable_data<int32_t>()) v = i++ * 100000;
  const auto sum = run_om(place.path("ops/0_Add_3_2_3_3_3_2_3_3_3_2_3_3.om"), {a, a});
  for (size_t i = 0; i < 9; ++i) CHECK(sum[i] == static_cast<double>(i) * 200000);
  const auto soft = run_om(place.path("ops/soft.om"), {halves({2, 64}, 0)});
  double total = 0;
  for (size_t i = 0; i < 64; ++i) total += soft[i];
  CHECK(std::abs(total - 1) < 0.01);
}

TEST_CASE("--singleop: Conv2D with attributes of four numbers") {
  const Workplace place;
  compile_ops(place, fmt::format("[{}]", op(R"("op": "Conv2D", "name": "conv2d")", desc("1,3,16,16", "float16", "NCHW") + "," + desc("3,3,3,3", "float16", "NCHW"), desc("1,3,17,8", "float16", "NCHW"),
                                            attr("strides", "list_int", "[1,1,1,2]") + "," + attr("pads", "list_int", "[2,1,1,0]") + "," + attr("dilations", "list_int", "[1,1,1,1]"))));
  const Tensor x = halves({1, 3, 16, 16}, 0), w = halves({3, 3, 3, 3}, 5);
  const auto y = run_om(place.path("ops/conv2d.om"), {x, w});
  REQUIRE(y.size() == 3 * 17 * 8);
  const auto xs = x.to_doubles(), ws = w.to_doubles();
  // Naively; two rows above, one below, one column at the left.
  for (int64_t k = 0; k < 3; ++k)
    for (int64_t i = 0; i < 17; ++i)
      for (int64_t j = 0; j < 8; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t r = 0; r < 3; ++r)
            for (int64_t s = 0; s < 3; ++s) {
              const int64_t row = i + r - 2, column = j * 2 + s - 1;
              if (row >= 0 && row < 16 && column >= 0 && column < 16) sum += xs[static_cast<size_t>((c * 16 + row) * 16 + column)] * ws[static_cast<size_t>(((k * 3 + c) * 3 + r) * 3 + s)];
            }
        CHECK(std::abs(y[static_cast<size_t>((k * 17 + i) * 8 + j)] - sum) <= std::abs(sum) / 1024 + 1e-3);
      }
}

TEST_CASE("--singleop: matrix products") {
  const Workplace place;
  const std::string matrix = desc("16,32"), other = desc("24,32");
  compile_ops(place, fmt::format("[{}, {}]", op(R"("op": "MatMulV2", "name": "mm")", matrix + "," + other, desc("16,24"), attr("transpose_x1", "bool", "false") + "," + attr("transpose_x2", "bool", "true")),
                                 op(R"("op": "GEMM", "name": "gemm")", desc("16,16") + "," + desc("16,16") + "," + desc("16,16") + "," + desc("") + "," + desc(""), desc("16,16"), attr("transpose_a", "bool", "false"))));
  const Tensor a = halves({16, 32}, 0), b = halves({24, 32}, 3);
  const auto y = run_om(place.path("ops/mm.om"), {a, b}), as = a.to_doubles(), bs = b.to_doubles();
  for (size_t i = 0; i < 16; ++i)
    for (size_t j = 0; j < 24; ++j) {
      double sum = 0;
      for (size_t k = 0; k < 32; ++k) sum += as[i * 32 + k] * bs[j * 32 + k];
      CHECK(std::abs(y[i * 24 + j] - sum) <= std::abs(sum) / 1024 + 1e-3);
    }
  const Tensor p = halves({16, 16}, 1), q = halves({16, 16}, 2), c = halves({16, 16}, 4), alpha = Tensor::from<float>(DType::Float32, {}, std::vector<float>{2}).cast(DType::Float16),
               beta = Tensor::from<float>(DType::Float32, {}, std::vector<float>{0.5}).cast(DType::Float16);
  const auto g = run_om(place.path("ops/gemm.om"), {p, q, c, alpha, beta}), ps = p.to_doubles(), qs = q.to_doubles(), cs = c.to_doubles();
  for (size_t i = 0; i < 16; ++i)
    for (size_t j = 0; j < 16; ++j) {
      double sum = cs[i * 16 + j] / 2;
      for (size_t k = 0; k < 16; ++k) sum += 2 * ps[i * 16 + k] * qs[k * 16 + j];
      CHECK(std::abs(g[i * 16 + j] - sum) <= 0.03);
    }
}

TEST_CASE("--singleop: what is wrong is named") {
  CHECK(refusal("{}") == "E10032: The file of --singleop is not valid: it is no list of operators in JSON.");
  CHECK(refusal(R"([{"op": 1}])") == "E10032: The file of --singleop is not valid: operator 0: op is no text.");
  CHECK(refusal("[" + op(R"("op": "Add")", desc("-1,3") + "," + desc("3"), desc("3,3")) + "]") == "E10032: The file of --singleop is not valid: operator 0: input_desc 0 has the dimension -1: sizes from 1 on are offered.");
  CHECK(refusal("[" + op(R"("op": "Add")", desc("3,3") + "," + desc("3"), desc("3,4")) + "]") == "E14002: operator 0 (Add): output 0 is described as float16[3,4], the operator gives float16[3,3].");
  CHECK(refusal("[" + op(R"("op": "NoSuch")", desc("3"), desc("3")) + "]") == "E10501: operator 0: 'NoSuch' is not offered.");
  CHECK(refusal("[" + op(R"("op": "Conv2D")", desc("1,1,3,3") + "," + desc("1,1,1,1"), desc("1,1,3,3"), attr("pads", "list_int", "[0,0]")) + "]") == "E10501: operator 0 (Conv2D): the attribute 'pads' cannot be [0,0].");
  CHECK(refusal("[" + op(R"("op": "Relu", "name": "../x")", desc("3"), desc("3")) + "]") == "E10032: The file of --singleop is not valid: operator 0: name '../x' is no name of a file.");
  CHECK(refusal("[" + op(R"("op": "Relu")", desc("3", "complex64"), desc("3")) + "]").find("has the type 'complex64'") != std::string::npos);
  CHECK(refusal("[" + op(R"("op": "Relu")", desc("3", "float16", "NHWC"), desc("3")) + "]").find("has the format 'NHWC'") != std::string::npos);
  CHECK(refusal("[" + op(R"("op": "Relu")", desc("4000000000,4000000000,4000000000"), desc("3")) + "]").find("E10032") == 0);
}

TEST_CASE("damaged files of options are refused") {
  const std::string good = "[" + op(R"("op": "Conv2D", "name": "c")", desc("1,3,8,8", "float16", "NCHW") + "," + desc("3,3,3,3", "float16", "NCHW"), desc("1,3,8,8", "float16", "NCHW"), attr("pads", "list_int", "[1,1,1,1]")) + "]";
  const std::string switches = R"({"Switch": {"GraphFusion": {"ALL": "off"}}, "black-list": {"to-add": ["Relu"]}})";
  for (const std::string& text : {good, switches}) {
    const Bytes bytes = as_byte_view(text);
    for (size_t length = 0; length < bytes.size(); ++length) fuzz::atc_files(bytes.first(length));
    for (uint64_t seed = 0; seed < 3000; ++seed) fuzz::atc_files(fuzz::Mutator(seed)(bytes));
  }
  for (const std::string odd : {R"([{"op": "Relu", "input_desc": [{"format": 3, "shape": [1], "type": "int8"}]}])", R"([{"op": "Relu", "input_desc": 3, "attr": 4}])", R"([{"op": "Relu", "input_desc": [{"shape": [18446744073709551615], "type": "int8"}]}])"})
    CHECK(refusal(odd).starts_with("E10032"));
}

}  // namespace npu
