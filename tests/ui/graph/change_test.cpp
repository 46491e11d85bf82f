// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/graph_change.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include <doctest/doctest.h>

#include "compiler/passes/pass.h"
#include "tests/compiler/random_graph.h"
#include "tests/ui/graph/graphs.h"
#include "ui/graph/graph_part.h"
#include "ui/studio/text_diff.h"

using namespace npu;
using namespace npu::ui;

namespace {

// A graph in the plainest form: what each node is called, does and reads.
struct PlainNode {
  std::string name, op;
  int factor = 0;
  std::vector<std::string> reads;  // names of nodes before it; "x": the input

  friend bool operator==(const PlainNode&, const PlainNode&) = default;
};
using PlainGraph = std::vector<PlainNode>;

GraphModel model_of(const PlainGraph& plain) {
  test::NetWriter net;
  std::map<std::string, ValueId> made{{"x", net.input("x", {4})}};
  for (const PlainNode& node : plain) {
    std::vector<ValueId> inputs;
    for (const std::string& name : node.reads) inputs.push_back(made.at(name));
    made[node.name] = net.add(node.op, node.name, inputs, {4});
    net.graph.node(net.graph.order().back()).attrs["factor"] = static_cast<int64_t>(node.factor);
  }
  net.graph.outputs = {made.at(plain.back().name)};
  return graph_model(net.graph);
}

class Editor {
 public:
  explicit Editor(uint32_t seed) : random_(seed) {}

  PlainGraph make(int nodes) {
    PlainGraph plain;
    for (int i = 0; i < nodes; ++i) plain.push_back(node(plain, plain.size(), "n" + std::to_string(i)));
    return plain;
  }

  // The last node stays: it is the output.
  PlainGraph edit(PlainGraph plain, int edits) {
    for (int i = 0; i < edits; ++i) {
      const size_t at = below(plain.size() - 1);
      switch (below(4)) {
        case 0: plain[at].factor += 1; break;
        case 1: plain[at].reads[0] = name_before(plain, at); break;
        case 2: plain.insert(plain.begin() + static_cast<std::ptrdiff_t>(at), node(plain, at, "new" + std::to_string(fresh_++))); break;
        default: remove(plain, at);
      }
    }
    return plain;
  }

  size_t below(size_t limit) { return random_() % limit; }

 private:
  std::string name_before(const PlainGraph& plain, size_t at) {
    const size_t back = below(std::min<size_t>(at + 1, 6));
    return back == at ? "x" : plain[at - 1 - back].name;
  }
  PlainNode node(const PlainGraph& plain, size_t at, std::string name) {
    PlainNode made{std::move(name), below(2) != 0 ? "Add" : "Mul", 0, {name_before(plain, at)}};
    if (const std::string second = name_before(plain, at); second != made.reads[0]) made.reads.push_back(second);
    return made;
  }
  static void remove(PlainGraph& plain, size_t at) {
    if (plain.size() < 3) return;
    const PlainNode gone = plain[at];
    plain.erase(plain.begin() + static_cast<std::ptrdiff_t>(at));
    for (PlainNode& node : plain) std::ranges::replace(node.reads, gone.name, gone.reads[0]);
  }

  std::mt19937 random_;
  int fresh_ = 0;
};

std::set<std::string> names_with(const GraphModel& model, const std::vector<GraphMark>& marks, GraphMark mark) {
  std::set<std::string> names;
  for (size_t n = 0; n < marks.size(); ++n)
    if (marks[n] == mark) names.insert(model.nodes[n].name);
  return names;
}

struct NaiveChange {
  std::set<std::string> removed, added, changed;

  NaiveChange(const PlainGraph& before, const PlainGraph& after) {
    const auto find = [](const PlainGraph& graph, const std::string& name) { return std::ranges::find(graph, name, &PlainNode::name); };
    for (const PlainNode& node : before) {
      const auto now = find(after, node.name);
      if (now == after.end()) removed.insert(node.name);
      else if (!(*now == node)) changed.insert(node.name);
    }
    for (const PlainNode& node : after)
      if (find(before, node.name) == before.end()) added.insert(node.name);
  }
};

// The shown names: what is changed, and one step from there along any edge.
std::set<std::string> naive_neighbourhood(const PlainGraph& plain, const std::set<std::string>& around) {
  std::set<std::string> shown;
  for (const PlainNode& node : plain) {
    if (around.contains(node.name)) shown.insert(node.name);
    for (const std::string& read : node.reads) {
      if (around.contains(node.name)) shown.insert(read);
      if (around.contains(read)) shown.insert(node.name);
    }
  }
  return shown;
}

std::set<std::string> shown_names(const GraphModel& part) {
  std::set<std::string> names;
  for (const GraphNode& node : part.nodes)
    if (node.hidden == 0) names.insert(node.name);
  return names;
}

int operators_of(const GraphModel& model) {
  return std::accumulate(model.nodes.begin(), model.nodes.end(), 0, [](int sum, const GraphNode& node) { return sum + (node.hidden > 0 ? node.hidden : node.kind == GraphNode::Kind::Operator ? 1 : 0); });
}

// All pairs (a, b) of kept nodes with a way from a to b.
std::set<std::pair<int, int>> ways(const std::vector<GraphEdge>& edges, size_t nodes, const std::vector<int>& name) {
  std::vector<std::set<int>> from(nodes);
  std::set<std::pair<int, int>> found;
  for (size_t n = 0; n < nodes; ++n) {
    for (const GraphEdge& edge : edges) {
      if (edge.to != static_cast<int>(n)) continue;
      from[n].insert(from[static_cast<size_t>(edge.from)].begin(), from[static_cast<size_t>(edge.from)].end());
      from[n].insert(edge.from);
    }
    for (const int a : from[n])
      if (name[static_cast<size_t>(a)] >= 0 && name[n] >= 0) found.emplace(name[static_cast<size_t>(a)], name[n]);
  }
  return found;
}

}  // namespace

TEST_CASE("what changed between random graphs is what a comparison of all names says") {
  int compared = 0;
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Editor editor(seed);
    const PlainGraph before = editor.make(3 + static_cast<int>(editor.below(30))), after = editor.edit(before, 1 + static_cast<int>(editor.below(4)));
    const NaiveChange wanted(before, after);
    const GraphModel model_before = model_of(before), model_after = model_of(after);
    const NodePairs pairs = pair_nodes(model_before, model_after);
    const MarkedNodes marks = mark_nodes(model_before, model_after, pairs);
    CAPTURE(seed);
    CHECK(names_with(model_before, marks.before, GraphMark::Removed) == wanted.removed);
    CHECK(names_with(model_before, marks.before, GraphMark::Changed) == wanted.changed);
    CHECK(names_with(model_after, marks.after, GraphMark::Added) == wanted.added);
    CHECK(names_with(model_after, marks.after, GraphMark::Changed) == wanted.changed);
    const GraphChange change = find_change(model_before, model_after);
    CHECK(change.removed == static_cast<int>(wanted.removed.size()));
    CHECK(change.empty() == (before == after));
    if (change.empty()) continue;
    ++compared;
    std::set<std::string> around = wanted.removed;
    around.insert(wanted.changed.begin(), wanted.changed.end());
    // What removed nodes became adds to what is shown, and both sides show the same nodes: at least the neighbourhood is there.
    CHECK(std::ranges::includes(shown_names(*change.before.part), naive_neighbourhood(before, around)));
    CHECK(operators_of(*change.before.part) == static_cast<int>(before.size()));
    CHECK(operators_of(*change.after.part) == static_cast<int>(after.size()));
    CHECK(change.before.marks.size() == change.before.part->nodes.size());
    for (size_t n = 0; n < change.before.others.size(); ++n)
      for (const int there : change.before.others[n]) CHECK(std::ranges::count(change.after.others[static_cast<size_t>(there)], static_cast<int>(n)) == 1);
  }
  CHECK(compared > 200);
}

TEST_CASE("a part keeps its nodes and edges, hides the others behind counts, and ways between its nodes stay what they were") {
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    Editor editor(seed);
    const GraphModel model = model_of(editor.make(2 + static_cast<int>(editor.below(40))));
    std::vector<char> keep(model.nodes.size());
    for (char& one : keep) one = editor.below(3) == 0;
    const GraphPart part = part_of(model, keep);
    CAPTURE(seed);
    CHECK(operators_of(*part.model) == operators_of(model));
    std::set<std::pair<std::string, std::string>> wanted, found;
    for (const GraphEdge& edge : model.edges)
      if (keep[static_cast<size_t>(edge.from)] && keep[static_cast<size_t>(edge.to)]) wanted.emplace(model.nodes[static_cast<size_t>(edge.from)].name, model.nodes[static_cast<size_t>(edge.to)].name);
    for (const GraphEdge& edge : part.model->edges) {
      CHECK(edge.from < edge.to);
      const int from = part.whole[static_cast<size_t>(edge.from)], to = part.whole[static_cast<size_t>(edge.to)];
      if (from >= 0 && to >= 0 && keep[static_cast<size_t>(from)] && keep[static_cast<size_t>(to)]) found.emplace(model.nodes[static_cast<size_t>(from)].name, model.nodes[static_cast<size_t>(to)].name);
      CHECK(part.model->values[static_cast<size_t>(edge.value)].producer == edge.from);
    }
    CHECK(wanted == found);
    for (size_t n = 0; n < keep.size(); ++n)
      if (keep[n]) CHECK(std::ranges::count(part.whole, static_cast<int>(n)) == 1);
    // Hiding joins ways and never cuts one.
    std::vector<int> same(model.nodes.size());
    for (size_t n = 0; n < same.size(); ++n) same[n] = keep[n] ? static_cast<int>(n) : -1;
    std::vector<int> names = part.whole;
    for (int& name : names) name = name >= 0 && keep[static_cast<size_t>(name)] ? name : -1;
    CHECK(std::ranges::includes(ways(part.model->edges, part.model->nodes.size(), names), ways(model.edges, model.nodes.size(), same)));
  }
}

TEST_CASE("a chain between two kept nodes is one node that says how long it was") {
  PlainGraph chain;
  for (int i = 0; i < 10; ++i) chain.push_back({"n" + std::to_string(i), "Add", 0, {i == 0 ? "x" : "n" + std::to_string(i - 1)}});
  const GraphModel model = model_of(chain);
  std::vector<char> keep(model.nodes.size(), 0);
  keep[1] = keep[8] = 1;  // n0 and n7, behind the input
  const GraphPart part = part_of(model, keep);
  // The input alone is shown; the output goes with what is behind n7.
  REQUIRE(part.model->nodes.size() == 5);
  CHECK(part.model->nodes[0].kind == GraphNode::Kind::Input);
  CHECK(part.model->nodes[1].name == "n0");
  CHECK(part.model->nodes[2].hidden == 6);
  CHECK(part.model->nodes[3].name == "n7");
  CHECK(part.model->nodes[4].hidden == 2);
}

TEST_CASE("a fused operator is what its parts became, and says what is different") {
  const auto graph = parse_graph(R"(graph "g" opset 18
input %x : float32[2,4]
%a = Relu(%x)
%s = Sigmoid(%a)
%y = Mul(%a, %s)
%z = Relu(%y)
output %z
)");
  REQUIRE(graph.has_value());
  Graph after = *graph;
  const Soc* soc = *find_soc("Ascend310");
  PassOptions options;
  PassContext context(*soc, options);
  REQUIRE(find_pass("fuse-swish")->run(after, context));
  const GraphChange change = find_change(graph_model(*graph), graph_model(after));
  CHECK(change.removed == 1);
  CHECK(change.changed == 1);
  CHECK(change.added == 0);
  const auto node_of = [](const GraphModel& model, const std::string& op) { return static_cast<size_t>(std::ranges::find(model.nodes, op, &GraphNode::op) - model.nodes.begin()); };
  const size_t sigmoid = node_of(*change.before.part, "Sigmoid"), swish = node_of(*change.after.part, "Swish");
  REQUIRE(sigmoid < change.before.part->nodes.size());
  REQUIRE(swish < change.after.part->nodes.size());
  CHECK(change.before.marks[sigmoid] == GraphMark::Removed);
  CHECK(change.before.others[sigmoid] == std::vector<int>{static_cast<int>(swish)});
  CHECK(change.after.others[swish].size() == 2);
  const auto& differences = change.differences[swish];
  REQUIRE(!differences.empty());
  CHECK(differences[0].before == "Mul");
  CHECK(differences[0].after == "Swish");
}

TEST_CASE("a pass changed nodes where its text changed, on random networks through all passes") {
  int changed = 0;
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    Graph graph = test::RandomGraph(seed).make(8);
    std::string text = print_graph(graph);
    GraphModel model = graph_model(graph, false);
    const auto ran = run_passes(graph, **find_soc("Ascend310"), {}, [&](const PassReport& report, const Graph& now) {
      const std::string next_text = print_graph(now);
      GraphModel next = graph_model(now, false);
      const GraphChange change = find_change(model, next);
      CAPTURE(seed);
      CAPTURE(report.name);
      if (!change.empty()) CHECK(text != next_text);
      if (report.nodes_before != report.nodes_after) CHECK(!change.empty());
      CHECK(change.removed - change.added == static_cast<int>(model.nodes.size()) - static_cast<int>(next.nodes.size()));
      changed += !change.empty();
      text = next_text;
      model = std::move(next);
      return true;
    });
    CHECK(ran);
  }
  CHECK(changed > 50);
}

TEST_CASE("too many changes are counted and not drawn") {
  PlainGraph chain;
  for (int i = 0; i < kMostChangedNodes; ++i) chain.push_back({"n" + std::to_string(i), "Add", 0, {i == 0 ? "x" : "n" + std::to_string(i - 1)}});
  const GraphModel before = model_of(chain);
  for (PlainNode& node : chain) node.factor = 1;
  const GraphChange change = find_change(before, model_of(chain));
  CHECK(change.changed == kMostChangedNodes);
  CHECK(change.too_large);
  CHECK(!change.before.part);
}
