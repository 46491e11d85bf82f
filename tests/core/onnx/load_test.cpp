// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "core/onnx/onnx.h"
#include "tests/core/onnx/model_builder.h"

using namespace npu;
using namespace npu::test;

namespace {

const std::string kX = value_info("x", 1, {2}), kY = value_info("y", 1, {2});

Result<Graph> load(const std::string& bytes, const std::string& name = "m.onnx") {
  return load_onnx(as_byte_view(bytes), nullptr, {.name = name, .external = {}});
}

std::string printed(const ModelSpec& spec) {
  const auto graph = load(model(spec));
  REQUIRE_MESSAGE(graph, graph.error().message());
  return print_graph(*graph);
}

void check_error(const std::string& bytes, const std::string& message) {
  const auto graph = load(bytes);
  REQUIRE(!graph);
  CHECK(graph.error().message() == message);
}

std::string float_tensor(const std::string& name, const std::vector<float>& values) {
  return message([&](pbf_writer& w) {
    w.add_int64(1, static_cast<int64_t>(values.size()));
    w.add_int32(2, 1);
    w.add_packed_float(4, values.begin(), values.end());
    if (!name.empty()) w.add_string(8, name);
  });
}

template <class Fill>
std::string attribute(const std::string& name, int type, Fill fill) {
  return message([&](pbf_writer& w) {
    w.add_string(1, name);
    fill(w);
    if (type) w.add_int32(20, type);
  });
}

std::string relu_with(const std::string& attr) {
  return model({.nodes = {node({"Relu", {"x"}, {"y"}, "r", "", {attr}})}, .inputs = {kX}, .outputs = {kY}});
}

}  // namespace

TEST_CASE("initialisers that are listed as inputs are constants; nodes in any order are sorted") {
  CHECK(printed({.nodes = {node({"Relu", {"t"}, {"y"}}), node({"Add", {"x", "w"}, {"t"}, "add"})},
                 .initializers = {float_tensor("w", {1, 2})},
                 .inputs = {kX, value_info("w", 1, {2})},
                 .outputs = {kY}}) == R"(graph "test" opset 13
input %x : float32[2]
const %w : float32[2] = [1.0, 2.0]
%t = Add(%x, %w) "add"
%y : float32[2] = Relu(%t)
output %y
)");
}

TEST_CASE("left-out inputs and outputs, names given twice, dimensions without a number") {
  const std::string batch = message([](pbf_writer& w) { w.add_string(2, "N"); });
  const std::string shape =
      message([&](pbf_writer& w) { w.add_message(1, batch), w.add_message(1, std::string("")), w.add_message(1, dim(-1)); });
  const std::string type = message([&](pbf_writer& w) { w.add_int32(1, 1), w.add_message(2, shape); });
  const std::string x = message([&](pbf_writer& w) {
    w.add_string(1, "x");
    w.add_message(2, message([&](pbf_writer& t) { t.add_message(1, type); }));
  });
  CHECK(printed({.nodes = {node({"Dropout", {"x", "", "x"}, {"a", ""}, "same"}), node({"Relu", {"a"}, {"y"}, "same"})},
                 .initializers = {},
                 .inputs = {x},
                 .outputs = {message([](pbf_writer& w) { w.add_string(1, "y"); })}}) == R"(graph "test" opset 13
input %x : float32[N,?,?]
%a, _ = Dropout(%x, _, %x) "same"
%y = Relu(%a) "same_1"
output %y
)");
}

TEST_CASE("attributes of every kind, with and without a type") {
  const float floats[] = {1, 2.5f};
  const int64_t ints[] = {3, -4};
  std::vector<std::string> attributes;
  for (const bool typed : {true, false}) {
    const std::string suffix = typed ? "1" : "0";
    attributes.push_back(attribute("f" + suffix, typed ? 1 : 0, [](pbf_writer& w) { w.add_float(2, 0.5f); }));
    attributes.push_back(attribute("i" + suffix, typed ? 2 : 0, [](pbf_writer& w) { w.add_int64(3, -7); }));
    attributes.push_back(attribute("s" + suffix, typed ? 3 : 0, [](pbf_writer& w) { w.add_string(4, "text"); }));
    attributes.push_back(
        attribute("t" + suffix, typed ? 4 : 0, [](pbf_writer& w) { w.add_message(5, float_tensor("", {9})); }));
    attributes.push_back(
        attribute("g" + suffix, typed ? 6 : 0, [&](pbf_writer& w) { w.add_packed_float(7, floats, floats + 2); }));
    attributes.push_back(
        attribute("j" + suffix, typed ? 7 : 0, [&](pbf_writer& w) { w.add_packed_int64(8, ints, ints + 2); }));
    attributes.push_back(
        attribute("r" + suffix, typed ? 8 : 0, [](pbf_writer& w) { w.add_string(9, "a"), w.add_string(9, "b"); }));
  }
  attributes.push_back(attribute("empty", 7, [](pbf_writer&) {}));
  attributes.push_back(attribute("zero", 2, [](pbf_writer&) {}));
  CHECK(printed({.nodes = {node({"Relu", {"x"}, {"y"}, "y", "", attributes})}, .inputs = {kX}, .outputs = {kY}}) ==
        R"(graph "test" opset 13
input %x : float32[2]
%y : float32[2] = Relu(%x) {empty=ints[], f0=0.5, f1=0.5, g0=[1.0, 2.5], g1=[1.0, 2.5], i0=-7, i1=-7, j0=[3, -4], j1=[3, -4], r0=["a", "b"], r1=["a", "b"], s0="text", s1="text", t0=float32[1] [9.0], t1=float32[1] [9.0], zero=0}
output %y
)");
}

TEST_CASE("a body's input with a shape but no element type has no type, also after saving") {
  const std::string untyped = message([](pbf_writer& w) {
    w.add_string(1, "x");
    w.add_message(2, message([](pbf_writer& type) { type.add_message(1, message([](pbf_writer& tensor) { tensor.add_message(2, std::string()); })); }));
  });
  const std::string body = message([&](pbf_writer& w) {
    w.add_message(1, node({"Relu", {"x"}, {"y"}}));
    w.add_string(2, "body");
    w.add_message(11, untyped);
    w.add_message(12, kY);
  });
  const auto graph = load(relu_with(attribute("body", 5, [&](pbf_writer& w) { w.add_message(6, body); })));
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(print_graph(*graph).find("input %x\\x0a%y : float32[2]") != std::string::npos);
  const auto again = load_onnx(*save_onnx(*graph), nullptr);
  REQUIRE(again);
  CHECK(print_graph(*again) == print_graph(*graph));
}

TEST_CASE("what is not supported is named") {
  check_error(relu_with(attribute("bodies", 10, [](pbf_writer& w) { w.add_message(11, std::string("\x12\x01g")); })),
              "UnsupportedModel: 'm.onnx' Relu 'r': attribute 'bodies' is a list of sub-graphs, which is not supported");
  check_error(relu_with(attribute("body", 5, [](pbf_writer& w) {
                std::string nested;
                for (int depth = 0; depth < 20; ++depth)
                  nested = message([&](pbf_writer& graph) {
                    if (!nested.empty()) graph.add_message(1, node({"Relu", {"x"}, {"z"}, "r", "", {attribute("body", 5, [&](pbf_writer& a) { a.add_message(6, nested); })}}));
                    graph.add_string(2, "g");
                  });
                w.add_message(6, nested);
              })),
              "UnsupportedModel: 'm.onnx' Relu 'r': sub-graphs are nested more than 16 deep");
  check_error(
      model({.nodes = {node({"FusedConv", {"x"}, {"y"}, "f", "com.microsoft"})}, .inputs = {kX}, .outputs = {kY}}),
      "UnsupportedModel: 'm.onnx' FusedConv 'f': operator domain 'com.microsoft' is not supported");
  const std::string function = message([](pbf_writer& w) { w.add_string(1, "Gelu"), w.add_string(10, "local"); });
  check_error(model({.nodes = {node({"Gelu", {"x"}, {"y"}, "g", "local"})},
                     .inputs = {kX},
                     .outputs = {kY},
                     .functions = {function}}),
              "UnsupportedModel: 'm.onnx' Gelu 'g': calls a function of the model ('local'), which is not supported");
  check_error(model({.nodes = {node({"Relu", {"x"}, {"y"}})}, .inputs = {value_info("x", 14, {1})}, .outputs = {kY}}),
              "UnsupportedModel: 'm.onnx' input 'x': has element type complex64 (14), which is not supported");
  const std::string map = message([](pbf_writer& w) {
    w.add_string(1, "x");
    w.add_message(2, message([](pbf_writer& t) { t.add_message(5, std::string("")); }));
  });
  check_error(model({.nodes = {node({"Relu", {"x"}, {"y"}})}, .inputs = {map}, .outputs = {kY}}),
              "UnsupportedModel: 'm.onnx' input 'x': is a map, which is not supported");
}

TEST_CASE("models that contradict themselves") {
  const auto one = [](const NodeSpec& spec) { return model({.nodes = {node(spec)}, .inputs = {kX}, .outputs = {kY}}); };
  check_error(one({"Relu", {"q"}, {"y"}, "r"}), "InvalidModel: 'm.onnx' Relu 'r': input 0 'q' is defined nowhere");
  check_error(one({"Relu", {"x"}, {"x"}, "r"}), "InvalidModel: 'm.onnx' Relu 'r': output 'x' is already defined");
  check_error(one({"Relu", {"x"}, {"z"}, "r"}), "InvalidModel: 'm.onnx' output 'y': is defined nowhere");
  check_error(one({"", {"x"}, {"y"}, "r"}), "InvalidModel: 'm.onnx'  'r': has no operator type");
  check_error(model({.nodes = {node({"Add", {"x", "b"}, {"a"}}), node({"Relu", {"a"}, {"b"}})},
                     .inputs = {kX},
                     .outputs = {value_info("b", 1, {2})}}),
              "InvalidModel: Add 'a': is part of a cycle through 'a'");
  check_error(
      model(
          {.nodes = {}, .initializers = {float_tensor("w", {1}), float_tensor("w", {1})}, .inputs = {}, .outputs = {}}),
      "InvalidModel: 'm.onnx' initializer 1: the name 'w' is given twice");
  check_error(model({.nodes = {}, .initializers = {float_tensor("", {1})}, .inputs = {}, .outputs = {}}),
              "InvalidModel: 'm.onnx' initializer 0: has no name");
  check_error(model({.nodes = {}, .inputs = {kX, kX}, .outputs = {kX}}),
              "InvalidModel: 'm.onnx' input 'x': is listed twice");
  check_error(model({.nodes = {}, .inputs = {kX}, .outputs = {}}), "InvalidModel: 'm.onnx': has no outputs");
  check_error(model({.opset = 0, .nodes = {node({"Relu", {"x"}, {"y"}, "r"})}, .inputs = {kX}, .outputs = {kY}}),
              "InvalidModel: 'm.onnx' Relu 'r': the model names no opset version");
  check_error(relu_with(attribute("a", 1, [](pbf_writer& w) { w.add_int64(3, 1); })),
              "InvalidModel: 'm.onnx' Relu 'r': attribute 'a' has a value of another type than it claims");
  check_error(relu_with(attribute("a", 99, [](pbf_writer& w) { w.add_int64(3, 1); })),
              "InvalidModel: 'm.onnx' Relu 'r': attribute 'a' has the unknown type 99");
  check_error(
      relu_with(message([](pbf_writer& w) { w.add_string(1, "a"), w.add_string(21, "outer"), w.add_int32(20, 2); })),
      "InvalidModel: 'm.onnx' Relu 'r': attribute 'a' refers to a function's attribute");
}

TEST_CASE("files that are no models say what they are") {
  const auto message_of = [](const std::string& bytes) { return load(bytes, "x.png").error().message(); };
  CHECK(message_of("\x89PNG\r\n\x1a\n....") == "InvalidModel: 'x.png' is not an ONNX model: it is a PNG image");
  CHECK(message_of("\xff\xd8\xff\xe0") == "InvalidModel: 'x.png' is not an ONNX model: it is a JPEG image");
  CHECK(message_of("") == "InvalidModel: 'x.png' is not an ONNX model: the file is empty");
  CHECK(message_of("# Read me\n") == "InvalidModel: 'x.png' is not an ONNX model: it is a text file");
  CHECK(message_of(std::string(100, '\0')) ==
        "InvalidModel: 'x.png' is not an ONNX model: it does not have the format's structure");
  CHECK(message_of("version https://git-lfs.github.com/spec/v1\n").find("Git LFS pointer") != std::string::npos);
  const std::string whole = model({.nodes = {node({"Relu", {"x"}, {"y"}})}, .inputs = {kX}, .outputs = {kY}});
  check_error(whole.substr(0, whole.size() / 2), "InvalidModel: 'm.onnx': cut off or damaged (end of buffer)");
  check_error(whole.substr(0, 2), "InvalidModel: 'm.onnx': has no graph (is the file complete?)");
}

TEST_CASE("aligned weights are views into the file, which then lives as long as they do") {
  for (int shift = 0; shift < 4; ++shift) {
    // An unknown field of `shift` bytes in front moves the weight through all alignments.
    const std::string weight = message([](pbf_writer& w) {
      w.add_int64(1, 64), w.add_int32(2, 1), w.add_string(8, "w"), w.add_bytes(9, std::string(256, 'x'));
    });
    std::string bytes = message([&](pbf_writer& w) { w.add_string(6, std::string(static_cast<size_t>(shift), '-')); });
    bytes +=
        model({.nodes = {node({"Add", {"x", "w"}, {"y"}})}, .initializers = {weight}, .inputs = {kX}, .outputs = {kY}});
    auto owner = std::make_shared<const std::string>(bytes);
    const Bytes file = as_byte_view(*owner);
    const auto graph = load_onnx(file, owner);
    REQUIRE(graph);
    const Tensor& tensor = *graph->value(graph->find_value("w")).constant;
    const size_t offset = owner->find(std::string(256, 'x'));
    const bool aligned = reinterpret_cast<uintptr_t>(owner->data() + offset) % 4 == 0;
    CHECK((tensor.bytes().data() == file.data() + offset) == aligned);
    CHECK((owner.use_count() > 1) == aligned);
    CHECK(tensor.data<uint32_t>()[63] == 0x78787878);
  }
}
