// SPDX-License-Identifier: Apache-2.0
// Compiled models whose tasks all run on the AI CPU are executed here from their addresses alone: weights, arena and
// task descriptors must be enough, and no task may find its operands overwritten.
#include "compiler/compile.h"

#include <doctest/doctest.h>

#include <cstring>

#include "core/onnx/onnx.h"
#include "core/ops/op.h"
#include "tests/compiler/random_graph.h"
#include "tests/test_paths.h"

namespace npu {
namespace {

class AddressMachine {
 public:
  explicit AddressMachine(const CompiledModel& model)
      : model_(model), arena_(static_cast<size_t>(model.arena_bytes), std::byte{0xa5}) {}

  Result<std::vector<Tensor>> run(std::span<const Tensor> inputs) {
    for (size_t i = 0; i < inputs.size(); ++i) store(model_.inputs[i], inputs[i]);
    for (const Task& task : model_.tasks) {
      if (task.engine != Engine::AiCpu) return fail(ErrorKind::InvalidArgument, task.name, "is not an AI-CPU task");
      std::vector<Tensor> operands;
      for (const TensorDesc& desc : task.inputs)
        operands.push_back(desc.dtype == DType::Undefined ? Tensor() : load(desc));
      NPU_TRY(auto results, run_reference(model_.graph.node(task.nodes[0]), model_.graph.opset, operands));
      for (size_t i = 0; i < task.outputs.size(); ++i)
        if (task.outputs[i].dtype != DType::Undefined) store(task.outputs[i], results[i]);
    }
    std::vector<Tensor> outputs;
    for (const TensorDesc& desc : model_.outputs) outputs.push_back(load(desc));
    return outputs;
  }

 private:
  Tensor load(const TensorDesc& desc) const {
    Tensor tensor(desc.dtype, desc.shape);
    const bool weight = desc.address < kArenaBase;
    const Bytes from = weight ? Bytes(*model_.weights) : Bytes(arena_);
    const auto at = static_cast<size_t>(weight ? desc.address : desc.address - kArenaBase);
    REQUIRE(desc.address >= 0);
    REQUIRE(at + tensor.byte_size() <= from.size());
    std::memcpy(tensor.mutable_bytes().data(), from.data() + at, tensor.byte_size());
    return tensor;
  }

  void store(const TensorDesc& desc, const Tensor& tensor) {
    const auto at = static_cast<size_t>(desc.address - kArenaBase);
    REQUIRE(desc.address >= kArenaBase);
    REQUIRE(desc.format == Format::ND);
    REQUIRE(static_cast<size_t>(desc.bytes) == tensor.byte_size());
    REQUIRE(at + tensor.byte_size() <= arena_.size());
    std::memcpy(arena_.data() + at, tensor.bytes().data(), tensor.byte_size());
  }

  const CompiledModel& model_;
  std::vector<std::byte> arena_;
};

// float32 stays, and float32 has no AI-core instructions: everything lands on the AI CPU.
CompileOptions on_cpu() {
  CompileOptions options;
  options.passes.disabled.insert("assign-precision");
  return options;
}

}  // namespace

TEST_CASE("random graphs run from their addresses") {
  for (uint32_t seed = 0; seed < 150; ++seed) {
    test::RandomGraph random(seed);
    const Graph graph = random.make(3 + static_cast<int>(seed % 8));
    CompileOptions options = on_cpu();
    options.disable_memory_reuse = seed % 3 == 0;
    INFO("seed ", seed, "\n", print_graph(graph));
    const auto model = compile(graph, options);
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    const Tensor input = random.tensor(to_shape(graph.value(graph.inputs[0]).type.dims));
    const auto expected = run_reference(graph, {&input, 1});
    const auto actual = AddressMachine(*model).run({&input, 1});
    REQUIRE(expected);
    REQUIRE_MESSAGE(actual, (actual ? "" : actual.error().message()));
    REQUIRE(actual->size() == expected->size());
    for (size_t i = 0; i < expected->size(); ++i) {
      CHECK(model->outputs[i].name == graph.value(graph.outputs[i]).name);
      CHECK(test::relative_error((*expected)[i], (*actual)[i]) < 1e-4);
    }
  }
}

TEST_CASE("an input that is an output, and a constant output") {
  const auto graph = parse_graph(
      "graph \"g\" opset 17\n"
      "input %x : float32[2]\n"
      "const %c : float32[2] = [1.5, 2.5]\n"
      "%y = Identity(%x)\n"
      "%z = Identity(%c)\n"
      "output %y\n"
      "output %z\n");
  REQUIRE(graph);
  for (bool half : {false, true}) {
    const auto model = compile(*graph, half ? CompileOptions{} : on_cpu());
    REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
    const Tensor input = Tensor::from<float>(DType::Float32, {2}, std::vector<float>{3, 4});
    const auto outputs = AddressMachine(*model).run({&input, 1});
    REQUIRE(outputs);
    CHECK((*outputs)[0].to_doubles() == std::vector<double>{3, 4});
    CHECK((*outputs)[1].to_doubles() == std::vector<double>{1.5, 2.5});
  }
}

TEST_CASE("mnist-8 compiles and runs on the AI CPU") {
  const auto data = test::shared_data();
  if (!data) {
    MESSAGE("skipped: no shared data");
    return;
  }
  const auto graph = load_onnx_file((*data / "models/mnist-8.onnx").string());
  REQUIRE(graph);
  const auto model = compile(*graph, on_cpu());
  REQUIRE_MESSAGE(model, (model ? "" : model.error().message()));
  test::RandomGraph random(1);
  const Tensor image = random.tensor(to_shape(graph->value(graph->inputs[0]).type.dims), 0, 1);
  const auto expected = run_reference(*graph, {&image, 1});
  const auto actual = AddressMachine(*model).run({&image, 1});
  REQUIRE(expected);
  REQUIRE(actual);
  CHECK(test::relative_error((*expected)[0], (*actual)[0]) < 1e-4);
}

TEST_CASE("progress is told, and can stop it") {
  test::RandomGraph random(5);
  const Graph graph = random.make(6);
  size_t seen = 0, total = 0;
  CompileObserver observer;
  observer.on_progress = [&](size_t done, size_t of, const std::string&) {
    seen = done;
    total = of;
    return true;
  };
  REQUIRE(compile(graph, on_cpu(), observer));
  CHECK(seen == total);
  CHECK(total > 0);
  observer.on_progress = [](size_t, size_t, const std::string&) { return false; };
  const auto stopped = compile(graph, on_cpu(), observer);
  REQUIRE(!stopped);
  CHECK(stopped.error().kind == ErrorKind::Cancelled);
}

TEST_CASE("an unknown chip is an error") {
  CompileOptions options;
  options.soc = "Ascend999";
  const auto model = compile(test::RandomGraph(1).make(2), options);
  REQUIRE(!model);
  CHECK(model.error().kind == ErrorKind::InvalidArgument);
}

}  // namespace npu
