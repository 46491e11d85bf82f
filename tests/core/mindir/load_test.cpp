// SPDX-License-Identifier: Apache-2.0
// What load_mindir makes of models, and refuses. The meaning of operators is compared with PyTorch by
// tests/models/compare_mindspore.py.
#include "core/mindir/mindir.h"

#include <doctest/doctest.h>

#include "tests/core/mindir/model_writer.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

using namespace npu;
using namespace npu::test::ms;

namespace {

const std::string kX = input("x", {1, 2, 4, 4});
const std::string kIndex = node("zero", "Constant", {}, {integer("value", 0)});

Result<Graph> load(const std::string& fields, MindirLoadOptions options = {}) {
  options.name = "n.mindir";
  return load_mindir(as_byte_view(model(fields)), nullptr, options);
}

std::string text_of(const Error& error) { return error.where + ": " + error.what; }

void check_error(const Result<Graph>& graph, ErrorKind kind, const std::string& message) {
  REQUIRE(!graph);
  CHECK(graph.error().kind == kind);
  CHECK(text_of(graph.error()) == message);
}

std::string conv(const std::string& name, const std::string& from) {
  return parameter(name + "w", {3, 2, 1, 1}, std::vector<float>(6, 0.5f)) +
         node(name, "Conv2D", {from, name + "w"}, {ints("stride", {1, 1, 2, 2}), ints("pad_list", {0, 1, 0, 1}), text("pad_mode", "pad"), text("format", "NCHW")});
}

}  // namespace

TEST_CASE("tuples, orders of side effects and constants are no nodes; names go without the graph's") {
  const std::string stats = parameter("s", {3}, {1, 2, 3});
  const std::string monad = node("u", "Constant", {}, {message([](Writer& w) { w.add_string(1, "value"); w.add_string(15, "Monad:UMonad"); })});
  const auto graph = load(kX + stats + monad + node("loaded", "Load", {"s", "u"}) + node("state", "UpdateState", {"u", "loaded"}) + conv("c", "x") + node("bn", "BatchNorm", {"c", "s", "s", "s", "loaded"}) + kIndex +
                          node("first", "TupleGetItem", {"bn", "zero"}) + node("after", "Depend", {"first", "state"}) + node("r", "ReLU", {"after"}) + node("both", "MakeTuple", {"r", "c"}) + output("both"));
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(graph->value(graph->inputs[0]).name == "x");
  REQUIRE(graph->outputs.size() == 2);
  CHECK(graph->value(graph->outputs[0]).name == "r");
  CHECK(graph->value(graph->outputs[1]).name == "c");
  CHECK(to_string(graph->value(graph->outputs[1]).type) == "float32[1,3,3,3]");
  CHECK(graph->order().size() == 3);
}

TEST_CASE("inputs are open where the model or the caller says so") {
  const std::string open = input("x", {-1, 2, 4, 4}) + node("r", "ReLU", {"x"}) + output("r");
  auto graph = load(open);
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(to_string(graph->value(graph->inputs[0]).type) == "float32[?,2,4,4]");
  graph = load(open, {.input_shapes = {{"x", {Dim(3), Dim(2), Dim(4), Dim(4)}}}});
  REQUIRE_MESSAGE(graph, graph.error().message());
  CHECK(to_string(graph->value(graph->inputs[0]).type) == "float32[3,2,4,4]");
  check_error(load(open, {.input_shapes = {{"x", {Dim(3), Dim(2), Dim(5), Dim(4)}}}}), ErrorKind::InvalidArgument, "--input_shape of 'x': 3x2x5x4 does not fit the model's ?x2x4x4");
}

TEST_CASE("what is not offered is refused by name") {
  const auto unknown = load(kX + node("n", "NMSWithMask", {"x"}) + output("n"));
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == ErrorKind::UnsupportedModel);
  CHECK(text_of(unknown.error()).starts_with("'n.mindir': operator 'NMSWithMask' of 'n' is not offered; offered: Constant, Abs, Add, AddN, "));
  check_error(load(kX + node("f", "REF::body", {"x"}) + output("f")), ErrorKind::UnsupportedModel, "'n.mindir' node 'f': calls the function 'body', which is not offered");
  check_error(load(kX + parameter("s", {2}, {1, 2}) + node("b", "BatchNorm", {"x", "s", "s", "s", "s"}, {integer("is_training", 1)}) + output("b")), ErrorKind::UnsupportedModel,
              "'n.mindir' BatchNorm 'b': is_training: true (statistics of the batch) is not offered: export the network for inference");
  check_error(load(kX + node("p", "MaxPool", {"x"}, {text("format", "NHWC"), text("pad_mode", "same")}) + output("p")), ErrorKind::UnsupportedModel, "'n.mindir' MaxPool 'p': format 'NHWC' is not offered; offered: NCHW");
  check_error(load(kX + node("t", "MakeTuple", {"x", "x"}) + node("r", "ReLU", {"t"}) + output("r")), ErrorKind::UnsupportedModel, "'n.mindir' ReLU 'r': input 0 is a tuple, where a tensor is needed");
  const std::string outside = message([](Writer& w) {
    w.add_message(3, message([](Writer& t) {
      t.add_int64(1, 2);
      t.add_int32(2, 1);
      t.add_string(7, "g:w");
      t.add_message(12, message([](Writer& e) { e.add_string(1, "data_0"); }));
    }));
  });
  check_error(load(outside), ErrorKind::UnsupportedModel, "'n.mindir' parameter 'w': its weights are in a file beside the model, which is not offered");
}

TEST_CASE("what contradicts itself is refused with the values") {
  check_error(load_mindir({}, nullptr, {.name = "n.mindir"}), ErrorKind::InvalidModel, "'n.mindir': is no MindIR model (an .air file, which has another structure, is not offered: export with file_format MINDIR)");
  struct Case {
    std::string fields, message;
  };
  for (const Case& c : std::vector<Case>{
           {kX, "'n.mindir': has no outputs"},
           {kX + output("q"), "'n.mindir': the output 'q' is defined nowhere"},
           {node("r", "ReLU", {"q"}), "'n.mindir' ReLU 'r': its input 'g:q' is defined nowhere before it"},
           {kX + kX, "'n.mindir' input 'x': the name 'x' is given twice"},
           {kX + node("r", "ReLU", {"x", "x"}), "'n.mindir' ReLU 'r': has 2 inputs, 1 to 1 are possible"},
           {parameter("w", {3}, {1, 2}), "'n.mindir' parameter 'w': float32 of 3 needs other than the 8 bytes of the file"},
           {parameter("w", {int64_t{1} << 40, int64_t{1} << 40}, {1, 2}), "'n.mindir' parameter 'w': float32 of 1099511627776x1099511627776 needs other than the 8 bytes of the file"},
           {kX + kIndex + node("t", "Transpose", {"x", "zero"}), "'n.mindir' Transpose 't': a permutation of 1 of 4 axes"},
           {kX + node("s", "Softmax", {"x"}, {integer("axis", 7)}), "'n.mindir' Softmax 's': axis is 7, of 4 dimensions"},
       }) {
    const auto graph = load(c.fields);
    REQUIRE(!graph);
    CHECK(graph.error().kind == ErrorKind::InvalidModel);
    CHECK(text_of(graph.error()) == c.message);
  }
  check_error(load(parameter("w", {2}, {1, 2}), {.max_bytes = 7}), ErrorKind::CompileLimit, "'n.mindir' parameter 'w': takes 8 bytes beside the 0 of the tensors before it, the limit is 7");
}

TEST_CASE("truncated and damaged files are refused or read, never more") {
  const std::string fields = kX + kIndex + conv("c", "x") + parameter("s", {3}, {1, 2, 3}) + node("bn", "BatchNorm", {"c", "s", "s", "s", "s"}) + node("i", "TupleGetItem", {"bn", "zero"}) +
                             node("p", "MaxPool", {"i"}, {ints("kernel_size", {1, 1, 2, 2}), ints("strides", {1, 1, 2, 2}), text("pad_mode", "same")}) + node("perm", "Constant", {}, {ints("value", {0, 2, 3, 1})}) +
                             node("t", "Transpose", {"p", "perm"}) + node("sp", "Split", {"p"}, {integer("axis", 1), integer("output_num", 3)}) + node("m", "MakeTuple", {"i", "i"}) + node("cat", "Concat", {"m"}, {integer("axis", -1)}) +
                             node("by", "Constant", {}, {ints("value", {1, 1, 2, 1})}) + node("sl", "StridedSlice", {"p", "perm", "perm", "by"}, {integer("begin_mask", 15), integer("end_mask", 15), integer("shrink_axis_mask", 1)}) + node("all", "MakeTuple", {"t", "cat", "sp", "sl"}) + output("all");
  const auto loaded = load(fields);
  REQUIRE_MESSAGE(loaded, loaded.error().message());
  const std::string seed = model(fields);
  for (size_t size = 0; size < seed.size(); ++size) fuzz::mindir(as_byte_view(seed).subspan(0, size));
  for (uint64_t k = 0; k < 3000; ++k) fuzz::mindir(fuzz::Mutator(k)(as_byte_view(seed)));
}
