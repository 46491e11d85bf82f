// SPDX-License-Identifier: Apache-2.0
// Models whose shapes are known only when they run: bit for bit what a compile for the shapes that came gives, and what the
// references of the operators say where shapes depend on data.
#include <doctest/doctest.h>

#include <cstring>

#include "compiler/open_model.h"
#include "core/om/om.h"
#include "core/ops/op.h"
#include "runtime/session/open_session.h"
#include "tests/runtime/small_net.h"

namespace npu {
namespace {

Graph parsed(std::string_view text) {
  auto graph = parse_graph(text);
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  return std::move(*graph);
}

std::shared_ptr<const OpenModel> opened(Graph graph, std::vector<InputShape> given = {}) {
  CHECK(is_open_model(graph, given, {}));
  auto model = make_open_model(std::move(graph), given, {});
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  auto bytes = save_om(package_of(std::move(*model)));
  REQUIRE_MESSAGE(bytes, (bytes ? "" : bytes.error().message()));
  auto loaded = load_package(std::make_shared<const std::vector<std::byte>>(std::move(*bytes)));
  REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.error().message()));
  REQUIRE(loaded->open);
  return loaded->open;
}

std::unique_ptr<OpenSession> session_of(std::shared_ptr<const OpenModel> model, const OpenSessionOptions& options = {}) {
  auto session = OpenSession::create(std::move(model), specialise_factory(), 2, options);
  REQUIRE_MESSAGE(session, (session ? "" : session.error().message()));
  return std::move(*session);
}

std::vector<Tensor> run(OpenSession& session, const std::vector<Tensor>& inputs) {
  auto outputs = session.run(inputs);
  REQUIRE_MESSAGE(outputs, (outputs ? "" : outputs.error().message()));
  return std::move(*outputs);
}

template <class T>
Tensor tensor_of(DType dtype, Shape shape, std::vector<T> values) {
  return Tensor::from<T>(dtype, std::move(shape), std::span<const T>(values));
}

// Every output of the session is that of the whole graph's references, bit for bit.
void check_against_reference(std::string_view text, const std::vector<std::vector<Tensor>>& runs) {
  const Graph graph = parsed(text);
  auto session = session_of(opened(graph));
  for (const auto& inputs : runs) {
    const auto expected = run_reference(graph, inputs);
    REQUIRE_MESSAGE(expected, (expected ? "" : expected.error().message()));
    test::check_same_bits(run(*session, inputs), *expected);
  }
}

constexpr DimRange kAny;

}  // namespace

TEST_CASE("open dimensions give the bits of the model compiled for what came") {
  const auto model = opened(test::small_net(), {{"x", {{1, 8}, {3, 3}, kAny, {16, kNoLimit}}}});
  CHECK(inputs_text(model->inputs) == "x 1~8,3,-1,16~-1");
  auto session = session_of(model);
  for (const Shape& shape : {Shape{1, 3, 16, 16}, Shape{2, 3, 40, 24}, Shape{1, 3, 16, 16}, Shape{8, 3, 9, 31}, Shape{2, 3, 40, 24}}) {
    const Tensor input = test::picture(shape, static_cast<uint32_t>(shape[2]));
    test::check_same_bits(run(*session, {input}), test::alone({{"x", shape}}, input, "Ascend310"));
  }
  CHECK(session->programs() == 3);
}

TEST_CASE("programs for shapes that came before are kept, share their weights, and are not more than asked for") {
  OpenSessionOptions options;
  options.most_programs = 2;
  auto session = session_of(opened(test::small_net(), {{"x", {kAny, {3, 3}, kAny, kAny}}}), options);
  const auto made = [&](int64_t batch) {
    run(*session, {test::picture({batch, 3, 16, 16}, 1)});
    REQUIRE(session->last_run().size() == 1);
    return session->last_run()[0].made_now;
  };
  CHECK(made(1));
  const size_t weights = session->last_run()[0].program->weights->size();
  CHECK_FALSE(made(1));
  CHECK(made(2));
  CHECK_FALSE(made(1));
  CHECK(made(3));  // takes the place of 2
  CHECK(session->programs() == 2);
  CHECK_FALSE(made(1));
  CHECK(made(2));
  CHECK(session->last_run()[0].program->weights->size() < weights + weights / 4);
}

TEST_CASE("shapes outside the ranges are refused with the range and the value") {
  auto session = session_of(opened(test::small_net(), {{"x", {{1, 8}, {3, 3}, kAny, {16, kNoLimit}}}}));
  const auto refused = [&](const Tensor& input) {
    const auto outputs = session->run(std::span(&input, 1));
    REQUIRE(!outputs);
    return outputs.error().message();
  };
  CHECK(refused(test::picture({9, 3, 16, 16}, 1)) == "InvalidArgument: input 'x': is 9x3x16x16: dimension 0 is 9, the model takes 1~8 there");
  CHECK(refused(test::picture({1, 3, 16, 15}, 1)) == "InvalidArgument: input 'x': is 1x3x16x15: dimension 3 is 15, the model takes 16~-1 there");
  CHECK(refused(test::picture({1, 4, 16, 16}, 1)) == "InvalidArgument: input 'x': is 1x4x16x16: dimension 1 is 4, the model takes 3 there");
  CHECK(refused(test::picture({3, 16, 16}, 1)) == "InvalidArgument: input 'x': is 3x16x16 with 3 dimensions, the model takes x 1~8,3,-1,16~-1");
  CHECK(refused(Tensor(DType::Int32, {1, 3, 16, 16})) == "InvalidArgument: input 'x': is int32, the model takes float32");
  CHECK(session->run({}).error().message() == "InvalidArgument: net: takes 1 inputs, 0 were given");
  CHECK(OpenSession::create(opened(test::small_net(), {{"x", {kAny, {3, 3}, kAny, kAny}}}), {}, 1).error().what.find("this program has no compiler") != std::string::npos);
}

TEST_CASE("what contradicts the model is refused when it is compiled") {
  const auto message = [](std::vector<InputShape> given) { return make_open_model(test::small_net(), given, {}).error().message(); };
  CHECK(message({{"x", {kAny, {4, 9}, kAny, kAny}}}) == "InvalidArgument: --input_shape of 'x': dimension 1 is 4~9, the model fixes it to 3");
  CHECK(message({{"x", {kAny, kAny}}}) == "InvalidArgument: --input_shape of 'x': it has 2 dimensions, the model's nx3xhxw has 4");
  CHECK(message({}).find("is not fixed; give it with --input_shape, -1 where it is open") != std::string::npos);
  CHECK_FALSE(is_open_model(test::small_net(), std::vector<InputShape>{{"x", {{1, 1}, {3, 3}, {16, 16}, {16, 16}}}}, {}));
}

TEST_CASE("NonZero: what follows runs in the size that was found, also when nothing is") {
  constexpr std::string_view kText = R"(graph "nonzero" opset 13
input %x : float32[4,6]
const %two : float32[1] = [2.0]
%d = Sub(%x, %two) "d"
%r = Relu(%d) "r"
%n = NonZero(%r) "n"
%t = Transpose(%n) {perm=[1, 0]} "t"
%g = GatherND(%r, %t) "g"
%m = Mul(%g, %two) "m"
%s = Shape(%m) "s"
output %n
output %m
output %s
)";
  const auto x = [](int seed) {
    std::vector<float> values;
    for (int i = 0; i < 24; ++i) values.push_back(static_cast<float>((i * seed) % 7));
    return tensor_of(DType::Float32, {4, 6}, values);
  };
  check_against_reference(kText, {{x(1)}, {x(5)}, {x(0)}, {x(3)}, {x(1)}});
}

TEST_CASE("TopK with a computed k, Unique, Compress, Range and a shape made of data") {
  check_against_reference(R"(graph "sizes" opset 13
input %x : float32[12]
input %k : int64[1]
const %zero : int64[1] = [0]
const %start : int64[] = [0]
const %one : int64[] = [1]
const %three : float32[1] = [3.0]
%kk = Max(%k, %zero) "kk"
%v, %i = TopK(%x, %kk) "top"
%w = Add(%v, %three) "w"
%u, %first, %inverse, %counts = Unique(%x) {sorted=1} "u"
%ks = Squeeze(%kk) "ks"
%range = Range(%start, %ks, %one) "range"
%filled = ConstantOfShape(%kk) "filled"
%sum = Add(%w, %filled) "sum"
output %w
output %i
output %u
output %counts
output %range
output %sum
)",
                          {{tensor_of<float>(DType::Float32, {12}, {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}), tensor_of<int64_t>(DType::Int64, {1}, {4})},
                           {tensor_of<float>(DType::Float32, {12}, {0, 0, 0, 0, 5, 5, 5, 5, 1, 1, 1, 1}), tensor_of<int64_t>(DType::Int64, {1}, {12})},
                           {tensor_of<float>(DType::Float32, {12}, {0, 0, 0, 0, 5, 5, 5, 5, 1, 1, 1, 1}), tensor_of<int64_t>(DType::Int64, {1}, {0})}});
}

TEST_CASE("a detection head: convolutions on the AI core, NonMaxSuppression, then the boxes it kept") {
  Graph graph = parsed(R"(graph "detector" opset 13
input %x : float32[1,3,16,16]
const %wb : float32[4,3,3,3] = ?
const %ws : float32[2,3,3,3] = ?
const %boxes_shape : int64[3] = [1, 4, 64]
const %scores_shape : int64[3] = [1, 2, 64]
const %most : int64[1] = [40]
const %iou : float32[1] = [0.5]
const %score : float32[1] = [0.75]
const %column : int64[1] = [2]
const %minus : int64[1] = [-1]
const %flat : int64[2] = [-1, 4]
%b1 = Conv(%x, %wb) {pads=[1, 1, 1, 1], strides=[2, 2]} "b1"
%b2 = Reshape(%b1, %boxes_shape) "b2"
%boxes = Transpose(%b2) {perm=[0, 2, 1]} "boxes"
%s1 = Conv(%x, %ws) {pads=[1, 1, 1, 1], strides=[2, 2]} "s1"
%s2 = Reshape(%s1, %scores_shape) "s2"
%scores = Sigmoid(%s2) "scores"
%kept = NonMaxSuppression(%boxes, %scores, %most, %iou, %score) "nms"
%index = Gather(%kept, %column) {axis=1} "index"
%line = Reshape(%index, %minus) "line"
%all = Reshape(%boxes, %flat) "all"
%found = Gather(%all, %line) {axis=0} "found"
%double = Add(%found, %found) "double"
output %boxes
output %scores
output %kept
output %found
output %double
)");
  test::fill_weights(graph);
  auto session = session_of(opened(graph));
  std::set<int64_t> sizes;
  for (uint32_t seed = 1; seed < 8; ++seed) {
    const auto outputs = run(*session, {test::picture({1, 3, 16, 16}, seed)});
    REQUIRE(outputs.size() == 5);
    // The tail alone, on the boxes and scores that the AI core gave.
    Node nms;
    nms.op = "NonMaxSuppression";
    const std::vector<Tensor> inputs{outputs[0], outputs[1], tensor_of<int64_t>(DType::Int64, {1}, {40}), tensor_of<float>(DType::Float32, {1}, {0.5f}), tensor_of<float>(DType::Float32, {1}, {0.75f})};
    nms.inputs = {0, 1, 2, 3, 4}, nms.outputs = {5};
    const auto kept = run_reference(nms, 13, inputs);
    REQUIRE(kept);
    test::check_same_bits({outputs[2]}, *kept);
    const int64_t count = outputs[2].shape()[0];
    sizes.insert(count);
    CHECK(outputs[3].shape() == Shape{count, 4});
    for (int64_t i = 0; i < count; ++i)
      for (int64_t c = 0; c < 4; ++c) {
        const int64_t box = outputs[2].data<int64_t>()[static_cast<size_t>(i * 3 + 2)];
        const float value = outputs[0].data<float>()[static_cast<size_t>(box * 4 + c)];
        CHECK(outputs[3].data<float>()[static_cast<size_t>(i * 4 + c)] == value);
        CHECK(outputs[4].data<float>()[static_cast<size_t>(i * 4 + c)] == value + value);
      }
    CHECK(session->last_run()[0].host_nodes == std::vector<std::string>{"NonMaxSuppression 'nms'"});
    if (count == 0) continue;  // nothing is left that has elements
    REQUIRE(session->last_run().size() == 2);
    CHECK(session->last_run()[1].host_nodes.empty());
    CHECK(session->last_run()[1].program->tasks.size() > 1);
  }
  CHECK(sizes.size() > 1);
}

TEST_CASE("what the host needs no program for runs first, so that the rest is one program") {
  Graph graph = parsed(R"(graph "first" opset 13
input %x : float32[4,8]
input %n : int64[1]
const %w : float32[8,8] = ?
const %zero : int64[1] = [0]
const %axis : int64[1] = [0]
%part = Slice(%x, %zero, %n, %axis) "part"
%y = MatMul(%x, %w) "y"
%z = MatMul(%part, %w) "z"
output %y
output %z
)");
  test::fill_weights(graph);
  auto session = session_of(opened(std::move(graph)));
  run(*session, {test::picture({4, 8}, 3), tensor_of<int64_t>(DType::Int64, {1}, {3})});
  REQUIRE(session->last_run().size() == 2);
  CHECK(session->last_run()[0].program == nullptr);
  CHECK(session->last_run()[0].host_nodes == std::vector<std::string>{"Slice 'part'"});
  CHECK(session->last_run()[1].host_nodes.empty());
}

TEST_CASE("a size that follows from the shapes of an earlier stage is known to the next program") {
  const Graph graph = parsed(R"(graph "later" opset 13
input %x : float32[12]
const %one : int64[1] = [1]
%n = NonZero(%x) "n"
%t = Transpose(%n) "t"
%g = GatherND(%x, %t) "g"
%s = Shape(%g) "s"
%column = Concat(%s, %one) {axis=0} "column"
%u, %first, %inverse = Unique(%g) {sorted=1} "u"
%f = Cast(%inverse) {to=1} "f"
%y = Reshape(%f, %column) "y"
%z = Add(%y, %y) "z"
output %z
)");
  auto session = session_of(opened(graph));
  for (const float value : {0.0f, 4.0f}) {
    const std::vector<Tensor> inputs{tensor_of<float>(DType::Float32, {12}, {3, 1, value, 1, value, 9, 2, 6, 5, 3, 5, 8})};
    test::check_same_bits(run(*session, inputs), *run_reference(graph, inputs));
    REQUIRE(session->last_run().size() == 3);
    CHECK(session->last_run()[1].host_nodes == std::vector<std::string>{"Unique 'u'"});
    CHECK(session->last_run()[2].host_nodes.empty());
  }
}

TEST_CASE("a size that the file declares where data decides is not believed") {
  Graph graph = parsed(R"(graph "declared" opset 13
input %x : float32[6]
%n = NonZero(%x) "n"
%t = Transpose(%n) "t"
%y = GatherND(%x, %t) "y"
output %y
)");
  for (size_t id = 0; id < graph.value_count(); ++id) {
    Value& value = graph.value(static_cast<ValueId>(id));
    if (value.name == "n") value.type = TensorType::of(DType::Int64, Shape{1, 2});
    if (value.name == "t") value.type = TensorType::of(DType::Int64, Shape{2, 1});
    if (value.name == "y") value.type = TensorType::of(DType::Float32, Shape{2});
  }
  auto session = session_of(opened(graph));
  CHECK(run(*session, {tensor_of<float>(DType::Float32, {6}, {0, 2, 0, 3, 5, 7})})[0].to_doubles() == std::vector<double>{2, 3, 5, 7});
  CHECK(run(*session, {tensor_of<float>(DType::Float32, {6}, {0, 0, 0, 0, 0, 7})})[0].to_doubles() == std::vector<double>{7});
}

TEST_CASE("a loop as often as an input says, then a branch") {
  Graph graph = parsed(R"(graph "flow" opset 13
input %x : float32[2,4]
input %n : int64[]
const %go : bool[] = [1]
const %one : float32[1] = [1.0]
const %limit : float32[] = [20.0]
%start = Relu(%x) "start"
%grown = Loop(%n, %go, %start, %one) "grown"
%sum = ReduceSum(%grown) {keepdims=0} "sum"
%is = Greater(%sum, %limit) "is"
%chosen = If(%is, %grown) "chosen"
%y = Add(%chosen, %one) "y"
output %y
)");
  const auto set_body = [&](std::string_view node, const std::string& attr, std::string_view text) {
    for (const NodeId id : graph.order())
      if (graph.node(id).name == node) graph.node(id).attrs.emplace(attr, std::make_shared<const Graph>(parsed(text)));
  };
  set_body("grown", "body", R"(graph "body" opset 13
input %i : int64[]
input %again : bool[]
input %v : float32[2,4]
capture %one
%next = Add(%v, %one)
output %again
output %next
)");
  set_body("chosen", "then_branch", "graph \"then\" opset 13\ncapture %grown\n%r = Neg(%grown)\noutput %r\n");
  set_body("chosen", "else_branch", "graph \"else\" opset 13\ncapture %grown\n%r = Add(%grown, %grown)\noutput %r\n");
  const auto answer = [&](int64_t count) {
    auto session = session_of(opened(graph));
    const auto outputs = run(*session, {tensor_of<float>(DType::Float32, {2, 4}, {1, -2, 3, 0, 0, 1, 0, 2}), tensor_of<int64_t>(DType::Int64, {}, {count})});
    REQUIRE(outputs.size() == 1);
    return outputs[0].to_doubles();
  };
  CHECK(answer(0) == std::vector<double>{3, 1, 7, 1, 1, 3, 1, 5});          // 2 * relu(x) + 1: the sum is 7
  CHECK(answer(2) == std::vector<double>{-2, -1, -4, -1, -1, -2, -1, -3});  // 1 - (relu(x) + 2): the sum is 23
}

}  // namespace npu
