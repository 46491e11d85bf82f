// SPDX-License-Identifier: Apache-2.0
// What opening and compiling a model costs: files, and graphs of 1,000 to 100,000 nodes (compiled for Ascend310: up to 30,000).
// usage: load_bench [MODEL.onnx...]
#include <fmt/format.h>

#include <chrono>

#include "compiler/compile.h"
#include "core/base/file.h"
#include "core/onnx/onnx.h"
#include "core/ops/op.h"

namespace npu {
namespace {

template <class F>
double best_ms(F&& body) {
  double best = 1e30;
  for (int i = 0; i < 5; ++i) {
    const auto start = std::chrono::steady_clock::now();
    body();
    best = std::min(best, std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Node node_of(std::string op, std::string name, std::vector<ValueId> inputs, ValueId output) {
  Node node;
  node.op = std::move(op);
  node.name = std::move(name);
  node.inputs = std::move(inputs);
  node.outputs = {output};
  return node;
}

// Residual blocks of three nodes, every fourth followed by shape arithmetic, as exporters write networks.
Graph make_graph(int nodes) {
  Graph graph;
  graph.name = "blocks";
  const TensorType type = TensorType::of(DType::Float32, Dims{Dim("batch"), 8, 4});
  ValueId value = graph.add_value("input", type);
  graph.inputs = {value};
  const auto append = [&](std::string op, std::vector<ValueId> inputs) {
    const std::string name = fmt::format("{}_{}", op, graph.order().size());
    const ValueId output = graph.add_value(name, {});
    graph.append(node_of(std::move(op), name, std::move(inputs), output));
    return output;
  };
  for (int block = 0; static_cast<int>(graph.order().size()) < nodes; ++block) {
    const std::vector<float> weights(4 * 4, 0.5f);
    const ValueId weight = graph.add_constant(fmt::format("weight_{}", block), Tensor::from<float>(DType::Float32, {4, 4}, weights));
    const ValueId branch = append("Relu", {append("MatMul", {value, weight})});
    value = append("Add", {value, branch});
    if (block % 4 == 3) value = append("Reshape", {value, append("Shape", {value})});
  }
  graph.outputs = {value};
  return graph;
}

Status bench_graph(int nodes) {
  NPU_TRY(const std::vector<std::byte> file, save_onnx(make_graph(nodes)));
  Result<Graph> graph;
  Status status;
  const double load = best_ms([&] { graph = load_onnx(file, nullptr); });
  NPU_CHECK(graph);
  const double infer = best_ms([&] { status = infer_shapes(*graph); });
  NPU_CHECK(status);
  const double check = best_ms([&] { status = verify(*graph); });
  NPU_CHECK(status);
  fmt::print("{:7} nodes: load {:7.1f} + infer {:7.1f} + verify {:6.1f} = {:7.1f} ms, {:.2f} us a node\n", graph->order().size(), load, infer, check,
             load + infer + check, (load + infer + check) * 1000 / static_cast<double>(graph->order().size()));
  return {};
}

Status bench_compile(int nodes) {
  const Graph graph = make_graph(nodes);
  CompileOptions options;
  options.passes.input_shapes["input"] = {1, 8, 4};
  const auto start = std::chrono::steady_clock::now();
  NPU_TRY(const CompiledModel model, compile(graph, options));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{:7} nodes: compiled to {} tasks in {:.2f} s, {:.1f} us a node\n", graph.order().size(), model.tasks.size(), seconds, seconds * 1e6 / static_cast<double>(graph.order().size()));
  return {};
}

Status bench_file(const std::string& path) {
  Result<Graph> graph;
  const double ms = best_ms([&] { graph = load_onnx_file(path); });
  NPU_CHECK(graph);
  fmt::print("{}: {} nodes open in {:.1f} ms\n", path, graph->order().size(), ms);
  return {};
}

Status bench(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) NPU_CHECK(bench_file(argv[i]));
  for (const int nodes : {1'000, 10'000, 100'000}) NPU_CHECK(bench_graph(nodes));
  for (const int nodes : {1'000, 10'000, 30'000}) NPU_CHECK(bench_compile(nodes));
  return {};
}

}  // namespace
}  // namespace npu

int main(int argc, char** argv) {
  const npu::Status status = npu::bench(argc, argv);
  if (!status) fmt::print(stderr, "{}\n", status.error().message());
  return status ? 0 : 1;
}
