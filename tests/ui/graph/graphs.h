// SPDX-License-Identifier: Apache-2.0
// Graphs for tests of the graph view, described layer by layer.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "ui/graph/graph_model.h"
#include "ui/graph/layered_layout.h"

namespace npu::test {

// Names every value after its node; all have one shape unless told otherwise.
class NetWriter {
 public:
  NetWriter() { graph.name = "net"; }

  ValueId input(const std::string& name, Shape shape = {1, 128, 768}) {
    graph.inputs.push_back(graph.add_value(name, TensorType::of(DType::Float32, shape)));
    return graph.inputs.back();
  }
  ValueId weight(const std::string& name, Shape shape) { return graph.add_constant(name, Tensor(DType::Float32, std::move(shape))); }
  ValueId add(const std::string& op, const std::string& name, std::vector<ValueId> inputs, Shape shape = {1, 128, 768}) {
    const ValueId out = graph.add_value(name + "_out", TensorType::of(DType::Float32, shape));
    graph.append(Node{.op = op, .name = name, .inputs = std::move(inputs), .outputs = {out}});
    return out;
  }

  Graph graph;
};

// One layer of BERT as PyTorch exports it (post-LN, the mask added to the scores).
inline ValueId bert_layer(NetWriter& net, ValueId x, ValueId mask, const std::string& prefix) {
  const auto linear = [&](ValueId from, const std::string& name, int64_t in, int64_t out) {
    const ValueId product = net.add("MatMul", prefix + name + "/MatMul", {from, net.weight(prefix + name + ".weight", {in, out})}, {1, 128, out});
    return net.add("Add", prefix + name + "/Add", {net.weight(prefix + name + ".bias", {out}), product}, {1, 128, out});
  };
  const auto heads = [&](ValueId from, const std::string& name) {
    return net.add("Transpose", prefix + name + "/Transpose", {net.add("Reshape", prefix + name + "/Reshape", {from})});
  };
  const auto norm = [&](ValueId from, const std::string& name) { return net.add("LayerNormalization", prefix + name, {from, net.weight(prefix + name + ".w", {768})}); };
  const ValueId q = heads(linear(x, "attention/self/query", 768, 768), "attention/self/q");
  const ValueId k = heads(linear(x, "attention/self/key", 768, 768), "attention/self/k");
  const ValueId v = heads(linear(x, "attention/self/value", 768, 768), "attention/self/v");
  ValueId s = net.add("MatMul", prefix + "attention/self/MatMul", {q, k});
  s = net.add("Div", prefix + "attention/self/Div", {s, net.weight(prefix + "eight", {})});
  s = net.add("Softmax", prefix + "attention/self/Softmax", {net.add("Add", prefix + "attention/self/Add", {s, mask})});
  ValueId c = net.add("MatMul", prefix + "attention/self/MatMul_1", {s, v});
  c = net.add("Reshape", prefix + "attention/self/Reshape_3", {net.add("Transpose", prefix + "attention/self/Transpose_3", {c})});
  c = linear(c, "attention/output/dense", 768, 768);
  x = norm(net.add("Add", prefix + "attention/output/Add", {c, x}), "attention/output/LayerNorm");
  ValueId f = net.add("Gelu", prefix + "intermediate/Gelu", {linear(x, "intermediate/dense", 768, 3072)}, {1, 128, 3072});
  f = linear(f, "output/dense", 3072, 768);
  return norm(net.add("Add", prefix + "output/Add", {f, x}), "output/LayerNorm");
}

inline Graph bert(int layers) {
  NetWriter net;
  const ValueId ids = net.input("input_ids", {1, 128}), attention = net.input("attention_mask", {1, 128});
  ValueId mask = net.add("Mul", "Mul", {net.add("Sub", "Sub", {net.add("Unsqueeze", "Unsqueeze", {attention})})});
  ValueId x = net.add("Gather", "bert/embeddings/Gather", {net.weight("words", {100, 768}), ids});
  x = net.add("Add", "bert/embeddings/Add", {x, net.weight("places", {128, 768})});
  x = net.add("LayerNormalization", "bert/embeddings/LayerNorm", {x, net.weight("ln", {768})});
  for (int i = 0; i < layers; ++i) x = bert_layer(net, x, mask, "/bert/encoder/layer." + std::to_string(i) + "/");
  x = net.add("Gather", "bert/pooler/Gather", {x, net.weight("zero", {})}, {1, 768});
  x = net.add("Tanh", "bert/pooler/Tanh", {net.add("Gemm", "bert/pooler/Gemm", {x, net.weight("pool", {768, 768})}, {1, 768})}, {1, 768});
  net.graph.outputs.push_back(x);
  return std::move(net.graph);
}

// A graph like those of networks: a chain with branches, joins and a few edges over long distances.
inline ui::LayoutGraph random_layout_graph(int nodes, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<uint32_t>(limit)); };
  ui::LayoutGraph graph;
  for (int n = 0; n < nodes; ++n) {
    graph.nodes.push_back({static_cast<float>(60 + below(120)), static_cast<float>(24 + below(50))});
    if (n == 0) continue;
    const int near = std::min(n, 12);
    std::vector<int> from{n - 1 - below(near)};
    while (below(3) == 0) from.push_back(n - 1 - below(near));
    if (below(100) == 0) from.push_back(below(n));
    std::sort(from.begin(), from.end());
    from.erase(std::unique(from.begin(), from.end()), from.end());
    for (const int f : from) graph.edges.push_back({f, n, f});
  }
  return graph;
}

}  // namespace npu::test
