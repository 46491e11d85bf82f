// SPDX-License-Identifier: Apache-2.0
#include "ui/graph/scene.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "tests/ui/graph/graphs.h"

using namespace npu;
using namespace npu::ui;

namespace {

SceneRequest bert_request(int layers) {
  SceneRequest request;
  request.model = std::make_shared<const GraphModel>(graph_model(test::bert(layers)));
  request.tree = std::make_shared<const FoldTree>(find_blocks(*request.model));
  return request;
}

int folded_groups(const Scene& scene) { return static_cast<int>(std::ranges::count_if(scene.nodes, [](const SceneNode& n) { return n.group >= 0; })); }

}  // namespace

TEST_CASE("a folded row is one node, and opens into its blocks and then into their nodes") {
  SceneRequest request = bert_request(12);
  const size_t all = request.model->nodes.size();
  ScenePtr scene = make_scene(request);
  REQUIRE(folded_groups(*scene) == 1);
  CHECK(scene->nodes.size() == all - 12 * 30 + 1);  // 30 operators a layer: tests/ui/graph/graphs.h
  const auto row = std::ranges::find_if(scene->nodes, [](const SceneNode& n) { return n.group >= 0; });
  CHECK(row->title == "12 \xc3\x97 transformer layer");
  CHECK(scene->in[static_cast<size_t>(row - scene->nodes.begin())].size() == 2);   // words and mask
  CHECK(scene->out[static_cast<size_t>(row - scene->nodes.begin())].size() == 1);

  request.open.assign(request.tree->groups.size(), 0);
  request.open[0] = 1;
  scene = make_scene(request);
  CHECK(folded_groups(*scene) == 12);
  REQUIRE(scene->frames.size() == 1);
  request.open[1] = 1;
  scene = make_scene(request);
  CHECK(folded_groups(*scene) == 11);
  REQUIRE(scene->frames.size() == 2);
  const Box &outer = scene->frames[0].box, &inner = scene->frames[1].box;
  CHECK((outer.x0 < inner.x0 && outer.y0 < inner.y0 && outer.x1 > inner.x1 && outer.y1 > inner.y1));

  request.open.assign(request.tree->groups.size(), 1);
  CHECK(make_scene(request)->nodes.size() == all);
  // An open block in a closed row is not seen.
  request.open[0] = 0;
  CHECK(folded_groups(*make_scene(request)) == 1);
}

TEST_CASE("every node of the model is shown somewhere, and edges lead where the model's do") {
  SceneRequest request = bert_request(4);
  request.open.assign(request.tree->groups.size(), 0);
  request.open[0] = 1;
  const ScenePtr scene = make_scene(request);
  std::set<std::tuple<int, int, int>> expected, shown;
  for (const GraphEdge& edge : request.model->edges) {
    const int from = scene->shown_as[static_cast<size_t>(edge.from)], to = scene->shown_as[static_cast<size_t>(edge.to)];
    if (from != to) expected.insert({from, to, edge.value});
  }
  for (const SceneEdge& edge : scene->edges) shown.insert({edge.from, edge.to, edge.value});
  CHECK(shown == expected);
  CHECK(shown.size() == scene->edges.size());
}

TEST_CASE("what is visible is what a search through everything finds") {
  SceneRequest request = bert_request(3);
  request.tree.reset();
  const ScenePtr scene = make_scene(request);
  Scene::Visible found;
  for (float y = -100; y < scene->height + 200; y += 357)
    for (const float height : {1.0f, 90.0f, 1500.0f}) {
      const Box part{scene->width * 0.3f, y, scene->width * 0.6f, y + height};
      scene->visible(part, found);
      std::vector<int> nodes;
      for (size_t n = 0; n < scene->nodes.size(); ++n)
        if (scene->nodes[n].box.overlaps(part)) nodes.push_back(static_cast<int>(n));
      CHECK(found.nodes == nodes);
      for (size_t e = 0; e < scene->edges.size(); ++e) {
        const auto& points = scene->edges[e].points;
        const bool inside = std::ranges::any_of(points, [&](Point p) { return p.x >= part.x0 && p.x <= part.x1 && p.y >= part.y0 && p.y <= part.y1; });
        if (inside) CHECK(std::ranges::count(found.edges, static_cast<int>(e)) == 1);
      }
    }
  for (const SceneNode& node : scene->nodes) {
    const int hit = scene->node_at({(node.box.x0 + node.box.x1) / 2, (node.box.y0 + node.box.y1) / 2});
    REQUIRE(hit >= 0);
    CHECK(&scene->nodes[static_cast<size_t>(hit)] == &node);
  }
  CHECK(scene->node_at({-50, -50}) == -1);
}

TEST_CASE("texts stay inside their boxes") {
  SceneRequest request = bert_request(2);
  request.tree.reset();
  request.language = Language::Chinese;
  const ScenePtr scene = make_scene(request);
  const SceneStyle& style = scene->style;
  for (const SceneNode& node : scene->nodes) {
    CHECK(style.strong.width(node.title, style.title) <= node.box.width());
    CHECK(style.body.width(node.detail, style.text) <= node.box.width());
    for (const SceneRow& row : node.rows) CHECK(style.body.width(row.name + row.value, style.text) <= node.box.width());
  }
}
