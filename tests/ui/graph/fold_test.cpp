// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/fold.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "samples/zoo/zoo.h"
#include "tests/ui/graph/graphs.h"

using namespace npu;
using namespace npu::ui;

namespace {

GraphModel zoo(const char* name) { return graph_model(find_zoo_model(name)->build(kZooSeed)); }

// Blocks of the rows that are in no other row, from top to bottom.
std::vector<int> counts(const FoldTree& tree) {
  std::vector<const FoldGroup*> rows;
  for (const FoldGroup& group : tree.groups)
    if (group.row && group.parent < 0) rows.push_back(&group);
  std::ranges::sort(rows, {}, &FoldGroup::first);
  std::vector<int> counts;
  for (const FoldGroup* row : rows) counts.push_back(row->count);
  return counts;
}

void check_tree(const GraphModel& model, const FoldTree& tree) {
  for (size_t g = 0; g < tree.groups.size(); ++g) {
    const FoldGroup& group = tree.groups[g];
    CHECK(group.first < group.last);
    CHECK(group.last <= static_cast<int>(model.nodes.size()));
    if (group.parent < 0) continue;
    CHECK(group.parent < static_cast<int>(g));
    const FoldGroup& outer = tree.groups[static_cast<size_t>(group.parent)];
    CHECK(group.first >= outer.first);
    CHECK(group.last <= outer.last);
  }
}

}  // namespace

TEST_CASE("the stages of ResNet have 3, 4, 6 and 3 blocks") {
  const GraphModel model = zoo("resnet50");
  const FoldTree tree = find_blocks(model);
  check_tree(model, tree);
  CHECK(counts(tree) == std::vector<int>{3, 4, 6, 3});  // table 1 of He et al. 2015
  std::vector<std::string> names;
  for (const FoldGroup& group : tree.groups)
    if (group.row && group.parent < 0) {
      CHECK(group.kind == BlockKind::Residual);
      CHECK_FALSE(group.identical);  // the first block of a stage has a projection
      names.push_back(group.name);
    }
  std::ranges::sort(names);
  CHECK(names == std::vector<std::string>{"layer1", "layer2", "layer3", "layer4"});
}

TEST_CASE("the stages of ResNet-18 have two blocks each") { CHECK(counts(find_blocks(zoo("resnet18"))) == std::vector<int>{2, 2, 2, 2}); }

TEST_CASE("BERT is a row of identical transformer layers") {
  for (const int layers : {3, 6, 12}) {
    CAPTURE(layers);
    const GraphModel model = graph_model(test::bert(layers));
    const FoldTree tree = find_blocks(model);
    check_tree(model, tree);
    REQUIRE(counts(tree) == std::vector<int>{layers});
    const FoldGroup& row = tree.groups.front();
    CHECK(row.kind == BlockKind::Transformer);
    CHECK(row.identical);
    CHECK(row.name == "bert/encoder/layer");
    // Query is the first node of a layer, its last LayerNorm the last.
    CHECK(model.nodes[static_cast<size_t>(row.first)].name == "/bert/encoder/layer.0/attention/self/query/MatMul");
    CHECK(model.nodes[static_cast<size_t>(row.last - 1)].name == "/bert/encoder/layer." + std::to_string(layers - 1) + "/output/LayerNorm");
    CHECK(row.nodes() % layers == 0);
  }
}

TEST_CASE("rows inside blocks are found") {
  // Three stages of four blocks, a pooling behind each: 3 x (4 x block).
  test::NetWriter net;
  ValueId x = net.input("x");
  for (int stage = 0; stage < 3; ++stage) {
    for (int block = 0; block < 4; ++block) {
      const std::string at = "s" + std::to_string(stage) + ".b" + std::to_string(block) + ".";
      ValueId y = net.add("Conv", at + "conv", {x, net.weight(at + "w", {1})});
      y = net.add("Conv", at + "conv2", {net.add("Relu", at + "relu", {y}), net.weight(at + "w2", {1})});
      x = net.add("Add", at + "add", {y, x});
    }
    x = net.add("MaxPool", "s" + std::to_string(stage) + ".pool", {x});
  }
  net.graph.outputs.push_back(x);
  const GraphModel model = graph_model(net.graph);
  const FoldTree tree = find_blocks(model);
  check_tree(model, tree);
  CHECK(counts(tree) == std::vector<int>{3});
  std::vector<int> inner;
  for (const FoldGroup& group : tree.groups)
    if (group.row && group.parent >= 0) inner.push_back(group.count);
  CHECK(inner == std::vector<int>{4, 4, 4});
}

TEST_CASE("what does not repeat, and branches side by side, are not folded") {
  test::NetWriter net;
  const ValueId x = net.input("x");
  std::vector<ValueId> branches;
  for (int i = 0; i < 4; ++i) {
    ValueId y = x;
    for (const char* op : {"Conv", "Relu", "Conv", "Sigmoid"}) y = net.add(op, std::string(op) + std::to_string(i), {y});
    branches.push_back(y);
  }
  net.graph.outputs.push_back(net.add("Concat", "concat", branches));
  CHECK(find_blocks(graph_model(net.graph)).groups.empty());
  CHECK(find_blocks(GraphModel{}).groups.empty());
}
