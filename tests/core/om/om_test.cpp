// SPDX-License-Identifier: Apache-2.0
#include "core/om/om.h"

#include <doctest/doctest.h>

#include "core/onnx/onnx.h"
#include "tests/core/om/sample_model.h"
#include "tests/fuzz/bodies.h"
#include "tests/fuzz/mutate.h"

using namespace npu;

namespace {

SharedBytes shared(std::vector<std::byte> bytes) {
  return std::make_shared<const std::vector<std::byte>>(std::move(bytes));
}

std::vector<std::byte> saved_sample() {
  auto bytes = save_om(test::sample_model());
  REQUIRE_MESSAGE(bytes, bytes.error().message());
  return std::move(*bytes);
}

template <class T>
T read_at(const std::vector<std::byte>& bytes, size_t offset) {
  T value;
  std::memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

template <class T>
void put_at(std::vector<std::byte>& bytes, size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof(T));
}

void check_same(const TensorDesc& a, const TensorDesc& b) {
  CHECK(a.name == b.name);
  CHECK(a.dtype == b.dtype);
  CHECK(a.shape == b.shape);
  CHECK(a.format == b.format);
  CHECK(a.address == b.address);
  CHECK(a.bytes == b.bytes);
}

void check_same(const std::vector<TensorDesc>& a, const std::vector<TensorDesc>& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) check_same(a[i], b[i]);
}

void check_same(const Task& a, const Task& b) {
  CHECK(a.name == b.name);
  CHECK(a.op_type == b.op_type);
  CHECK(a.fused == b.fused);
  CHECK(a.engine == b.engine);
  CHECK(a.vector_task == b.vector_task);
  CHECK(a.nodes.size() == b.nodes.size());
  check_same(a.inputs, b.inputs);
  check_same(a.outputs, b.outputs);
  CHECK(a.blocks == b.blocks);
  CHECK(a.workspace_address == b.workspace_address);
  CHECK(a.workspace_bytes == b.workspace_bytes);
  CHECK(a.macs == b.macs);
}

void check_same(const CompiledModel& a, const CompiledModel& b) {
  CHECK(a.name == b.name);
  CHECK(a.soc == b.soc);
  CHECK(a.framework == b.framework);
  CHECK(a.command_line == b.command_line);
  CHECK(*a.weights == *b.weights);
  CHECK(a.arena_bytes == b.arena_bytes);
  check_same(a.inputs, b.inputs);
  check_same(a.outputs, b.outputs);
  REQUIRE(a.tasks.size() == b.tasks.size());
  for (size_t i = 0; i < a.tasks.size(); ++i) check_same(a.tasks[i], b.tasks[i]);
  REQUIRE(a.lives.size() == b.lives.size());
  for (size_t i = 0; i < a.lives.size(); ++i) {
    CHECK(a.lives[i].name == b.lives[i].name);
    CHECK(a.lives[i].offset == b.lives[i].offset);
    CHECK(a.lives[i].bytes == b.lives[i].bytes);
    CHECK(a.lives[i].first_task == b.lives[i].first_task);
    CHECK(a.lives[i].last_task == b.lives[i].last_task);
  }
}

}  // namespace

TEST_CASE("a saved model loads whole") {
  const CompiledModel model = test::sample_model();
  const auto bytes = saved_sample();
  const auto loaded = load_om(shared(bytes));
  REQUIRE_MESSAGE(loaded, loaded.error().message());
  check_same(*loaded, model);
  CHECK(print_graph(loaded->graph) == print_graph(model.graph));
  // Node ids are counted anew; they still name the same nodes.
  for (size_t t = 0; t < model.tasks.size(); ++t)
    for (size_t i = 0; i < model.tasks[t].nodes.size(); ++i)
      CHECK(loaded->graph.node(loaded->tasks[t].nodes[i]).name == model.graph.node(model.tasks[t].nodes[i]).name);
  CHECK(*save_om(*loaded) == bytes);
}

TEST_CASE("large constants of the graph are left out, the weights are not") {
  CompiledModel model = test::sample_model();
  const ValueId w = model.graph.find_value("w");
  model.graph.value(w).constant = Tensor(DType::Float16, {16, 16, 3, 3});
  model.graph.value(w).type = TensorType::of(DType::Float16, Shape{16, 16, 3, 3});
  const auto loaded = load_om(shared(*save_om(model)));
  REQUIRE(loaded);
  const Value& value = loaded->graph.value(loaded->graph.find_value("w"));
  CHECK(!value.constant);
  CHECK(value.type == model.graph.value(w).type);
  CHECK(*loaded->weights == *model.weights);
  CHECK(*save_om(*loaded) == *save_om(model));
  const std::string text = print_graph(loaded->graph);
  CHECK(text.find("const %w : float16[16,16,3,3] @FRACTAL_Z = ?\n") != std::string::npos);
  CHECK(print_graph(*parse_graph(text)) == text);
  CHECK(save_onnx(loaded->graph).error().message() ==
        "InvalidArgument: constant 'w': has no elements: they were dropped");
}

TEST_CASE("the file has the vendor's layout") {
  const auto bytes = saved_sample();
  CHECK(is_om(bytes));
  CHECK(read_at<uint32_t>(bytes, 0) == 0x444f4d49);
  CHECK(read_at<uint32_t>(bytes, 4) == 256);
  CHECK(read_at<uint32_t>(bytes, 76) == bytes.size() - 256);
  CHECK(std::string(reinterpret_cast<const char*>(bytes.data()) + 84) == "sample");
  CHECK(read_at<uint32_t>(bytes, 256) == 4);
  const uint32_t order[] = {0, 1, 3, 2};
  uint32_t offset = 0;
  for (size_t i = 0; i < 4; ++i) {
    CHECK(read_at<uint32_t>(bytes, 260 + 12 * i) == order[i]);
    CHECK(read_at<uint32_t>(bytes, 264 + 12 * i) == offset);
    offset += read_at<uint32_t>(bytes, 268 + 12 * i);
  }
  CHECK(308 + offset == bytes.size());

  const auto info = inspect_om(bytes);
  REQUIRE(info);
  CHECK(info->runnable);
  CHECK(info->note.empty());
  CHECK(info->tasks == 2);
  REQUIRE(info->kernels.size() == 1);
  CHECK(info->kernels[0].content == "instruction streams");
  std::vector<std::string> types;
  for (const auto& op : info->ops) types.push_back(op.type);
  CHECK(types == std::vector<std::string>{"Data", "Const", "TransData", "Conv2D", "Relu", "Resize", "NetOutput"});
  CHECK(info->ops[3].inputs == std::vector<std::string>{"to_5hd:0", "w:0", ""});
  CHECK(info->ops[3].output_tensors[0].shape == Shape{1, 1, 4, 4, 16});
  CHECK(info->ops[3].output_tensors[0].format == "NC1HWC0");
}

TEST_CASE("a partition table with 64-bit fields is read as well") {
  const auto bytes = saved_sample();
  std::vector<std::byte> wide(bytes.begin(), bytes.begin() + 256);
  put_at(wide, 184, uint64_t{bytes.size()});
  ByteWriter writer;
  writer.write_bytes(wide);
  writer.write(uint32_t{4});
  writer.write(uint32_t{0});
  for (size_t i = 0; i < 4; ++i) {
    writer.write(read_at<uint32_t>(bytes, 260 + 12 * i));
    writer.write(uint32_t{0});
    writer.write(uint64_t{read_at<uint32_t>(bytes, 264 + 12 * i)});
    writer.write(uint64_t{read_at<uint32_t>(bytes, 268 + 12 * i)});
  }
  writer.write_bytes(Bytes(bytes).subspan(308));
  const auto loaded = load_om(shared(writer.bytes()));
  REQUIRE_MESSAGE(loaded, loaded.error().message());
  check_same(*loaded, test::sample_model());
}

TEST_CASE("every truncation is an error") {
  const auto bytes = saved_sample();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    CHECK(!inspect_om(part));
    CHECK(!load_om(shared(part)));
  }
}

TEST_CASE("damaged files never crash, and what loads can be saved") {
  const auto bytes = saved_sample();
  for (uint64_t seed = 0; seed < 5000; ++seed) fuzz::om(fuzz::Mutator(seed)(bytes));
}

// Two gears of one model over the same weights, the second with more of everything.
static ModelPackage sample_package() {
  CompiledModel small = test::sample_model(), large = test::sample_model();
  large.weights = small.weights;
  large.arena_bytes = 65536;
  large.inputs[0].shape = {2, 16, 4, 4};
  large.tasks[0].blocks.push_back(large.tasks[0].blocks[0]);
  return {Dynamic::Batch, {{{1}, std::make_shared<const CompiledModel>(small)}, {{2}, std::make_shared<const CompiledModel>(large)}}};
}

TEST_CASE("a package with gears loads whole, the weights once") {
  const ModelPackage package = sample_package();
  const auto bytes = save_om(package);
  REQUIRE(bytes);
  CHECK(read_at<uint32_t>(*bytes, 156) == 2);  // models
  CHECK(bytes->size() < 2 * saved_sample().size() - package.first().weights->size());
  const auto loaded = load_package(shared(*bytes));
  REQUIRE_MESSAGE(loaded, loaded.error().message());
  CHECK(loaded->dynamic == Dynamic::Batch);
  REQUIRE(loaded->gears.size() == 2);
  for (size_t i = 0; i < 2; ++i) {
    CHECK(loaded->gears[i].values == package.gears[i].values);
    CHECK(loaded->gears[i].program->weights == loaded->first().weights);
    check_same(*loaded->gears[i].program, *package.gears[i].program);
  }
  CHECK(*save_om(*loaded) == *bytes);
  const auto info = inspect_om(*bytes);
  REQUIRE(info);
  CHECK(info->models == 2);
  CHECK(info->gears == "batch 1, 2");
  CHECK(info->partitions.size() == 7);
  CHECK(to_text(*info).find("gears: batch 1, 2; below is the first") != std::string::npos);
  CHECK(load_om(shared(*bytes)).error().message() == "InvalidArgument: 'sample': has several gears, one of them must be chosen: batch 1, 2");
}

TEST_CASE("every truncation of a package is an error, and damage never crashes") {
  const auto bytes = *save_om(sample_package());
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> part(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    CHECK(!load_package(shared(part)));
  }
  for (uint64_t seed = 0; seed < 5000; ++seed) fuzz::om(fuzz::Mutator(seed)(bytes));
}

// With one constant that lies in the weights and one that does not.
static OpenModel sample_open_model() {
  auto graph = parse_graph(R"(graph "open" opset 13
input %x : float32[n,3,h,40]
const %b : float32[2] = [1.0, 2.0]
const %w : float32[40,50] = ?
%y = MatMul(%x, %w) "y"
%z = Concat(%b, %b) {axis=0} "z"
output %y
output %z
)");
  REQUIRE_MESSAGE(graph, (graph ? "" : graph.error().message()));
  for (size_t id = 0; id < graph->value_count(); ++id)
    if (Value& value = graph->value(static_cast<ValueId>(id)); value.name == "w") {
      Tensor tensor(DType::Float32, {40, 50});
      for (size_t i = 0; i < 2000; ++i) tensor.mutable_data<float>()[i] = static_cast<float>(i);
      value.constant = std::move(tensor);
    }
  return {"open", "Ascend910A", "atc --some", std::move(*graph), {{"x", {{1, kNoLimit}, {3, 3}, {2, 7}, {40, 40}}}}, {"fuse-swish"}, true};
}

TEST_CASE("a model with open shapes comes back as it was") {
  const OpenModel model = sample_open_model();
  const auto bytes = *save_om(package_of(model));
  const auto package = load_package(shared(bytes));
  REQUIRE_MESSAGE(package, package.error().message());
  REQUIRE(package->open);
  const OpenModel& loaded = *package->open;
  CHECK(loaded.name == "open");
  CHECK(loaded.soc == "Ascend910A");
  CHECK(loaded.command_line == "atc --some");
  CHECK(print_graph(loaded.graph) == print_graph(model.graph));
  CHECK(inputs_text(loaded.inputs) == "x -1,3,2~7,40");
  CHECK(loaded.disabled_passes == model.disabled_passes);
  CHECK(loaded.disable_memory_reuse);
  for (ValueId id : loaded.graph.used_constants()) {
    const Value& value = loaded.graph.value(id);
    if (value.name != "w") continue;
    for (size_t i = 0; i < 2000; ++i) REQUIRE(value.constant->data<float>()[i] == static_cast<float>(i));
  }
  CHECK(load_om(shared(bytes)).error().message() == "InvalidArgument: 'open': has open shapes, its programs are made when it runs: x -1,3,2~7,40");
}

TEST_CASE("of a model with open shapes every truncation is an error, and damage never crashes") {
  const auto bytes = *save_om(package_of(sample_open_model()));
  for (size_t length = 0; length < bytes.size(); ++length) CHECK(!load_package(shared({bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length)})));
  for (uint64_t seed = 0; seed < 5000; ++seed) fuzz::om(fuzz::Mutator(seed)(bytes));
}

TEST_CASE("gears that do not belong together are refused") {
  const auto message = [](const ModelPackage& package) { return load_package(shared(*save_om(package))).error().message(); };
  ModelPackage package = sample_package();
  package.gears[1].values = {2, 2};
  CHECK(message(package) == "InvalidModel: 'sample' gear 1: is of another kind than the first");
  package = sample_package();
  package.gears[1].values = {};
  CHECK(message(package) == "InvalidModel: 'sample' gear 1: has no values");
  CompiledModel other = *sample_package().gears[1].program;
  other.soc = "Ascend910A";
  package = sample_package();
  package.gears[1].program = std::make_shared<const CompiledModel>(other);
  CHECK(message(package) == "InvalidModel: 'sample' gear 1: is 'sample' for Ascend910A, the first 'sample' for Ascend310");
  other = *sample_package().gears[1].program;
  other.inputs[0].dtype = DType::Float32;
  package.gears[1].program = std::make_shared<const CompiledModel>(other);
  CHECK(message(package) == "InvalidModel: 'sample' gear 1: has other inputs or outputs than the first");
  package = sample_package();
  package.gears.resize(1);
  package.dynamic = static_cast<Dynamic>(9);
  CHECK(message(package) == "InvalidModel: 'sample' gear 0: is of the unknown kind 9");
  auto bytes = saved_sample();
  put_at(bytes, 156, uint32_t{5000});
  CHECK(load_package(shared(bytes)).error().message() == "InvalidModel: .om file: claims 5000 models");
}

TEST_CASE("errors say what is wrong") {
  const auto message = [](std::vector<std::byte> bytes) { return load_om(shared(std::move(bytes))).error().message(); };
  CHECK(message({}) == "InvalidModel: .om file: does not begin with the signature IMOD");
  auto bytes = saved_sample();
  put_at(bytes, 256, uint32_t{5000});
  CHECK(message(bytes) == "InvalidModel: .om file: claims 5000 partitions");
  bytes = saved_sample();
  put_at(bytes, 80, uint8_t{1});
  CHECK(message(bytes) == "UnsupportedModel: .om file: is encrypted");
  bytes = saved_sample();
  put_at(bytes, 268, uint32_t{0xfffffff0});
  CHECK(message(bytes).find("partition MODEL_DEF [0, +4294967280) is outside") != std::string::npos);
}
