// SPDX-License-Identifier: Apache-2.0
// Colours, weights, words and files made from a scene.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include "tests/ui/graph/graphs.h"
#include "ui/graph/colouring.h"
#include "ui/graph/describe.h"
#include "ui/graph/graph_worker.h"
#include "ui/graph/svg.h"
#include "ui/graph/weight_stats.h"

using namespace npu;
using namespace npu::ui;

namespace {

ScenePtr scene_of(Graph graph, bool folded) {
  SceneRequest request;
  request.model = std::make_shared<const GraphModel>(graph_model(graph));
  if (folded) request.tree = std::make_shared<const FoldTree>(find_blocks(*request.model));
  return make_scene(request);
}

// Elements of an XML document, by name; throws where it is not well-formed. Entities other than the five of XML are errors.
class Xml {
 public:
  explicit Xml(const std::string& text) : text_(text) {
    while (at_ < text_.size()) text_[at_] == '<' ? tag() : content();
    if (!open_.empty()) throw std::runtime_error("not closed: " + open_.back());
  }
  std::map<std::string, int> elements;
  std::string words;

 private:
  void content() {
    if (text_[at_] == '&') {
      const std::string entity = text_.substr(at_, text_.find(';', at_) + 1 - at_);
      static const std::map<std::string, char> kEntities{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
      words += kEntities.at(entity);
      at_ += entity.size();
      return;
    }
    if (text_[at_] == '>' || (static_cast<unsigned char>(text_[at_]) < ' ' && text_[at_] != '\n')) throw std::runtime_error("bad character");
    words += text_[at_++];
  }
  void tag() {
    const size_t end = text_.find('>', at_);
    if (end == std::string::npos) throw std::runtime_error("no end of tag");
    std::string inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (inside.find('<') != std::string::npos || std::ranges::count(inside, '"') % 2) throw std::runtime_error("bad tag: " + inside);
    if (inside.starts_with('/')) {
      if (open_.empty() || open_.back() != inside.substr(1)) throw std::runtime_error("closes nothing: " + inside);
      open_.pop_back();
      return;
    }
    const bool empty = inside.ends_with('/');
    const std::string name = inside.substr(0, inside.find_first_of(" /"));
    ++elements[name];
    if (!empty) open_.push_back(name);
  }

  const std::string& text_;
  size_t at_ = 0;
  std::vector<std::string> open_;
};

}  // namespace

TEST_CASE("the SVG is well-formed and has every node and edge") {
  for (const bool folded : {false, true}) {
    const ScenePtr scene = scene_of(test::bert(3), folded);
    const std::string svg = scene_svg(*scene, colour_scene(*scene, ColourBy::Kind, nullptr, Language::English), {});
    const Xml xml(svg);
    CHECK(xml.elements.at("svg") == 1);
    CHECK(xml.elements.at("path") == static_cast<int>(scene->nodes.size() + 2 * scene->edges.size()));  // heads; lines and tips
    const int shadows = folded ? 2 : 0;  // of the one row
    CHECK(xml.elements.at("rect") == static_cast<int>(scene->nodes.size()) + shadows + 1);
    CHECK((xml.words.find("3 \xc3\x97 transformer layer") != std::string::npos) == folded);
  }
}

TEST_CASE("names that mean something in XML stay names") {
  test::NetWriter net;
  const ValueId x = net.input("a<b>&\"c\"\x01");
  net.graph.outputs.push_back(net.add("<script>", "n", {x}));
  const ScenePtr scene = scene_of(std::move(net.graph), false);
  const std::string svg = scene_svg(*scene, colour_scene(*scene, ColourBy::Kind, nullptr, Language::English), {});
  const Xml xml(svg);
  CHECK(xml.words.find("a<b>&\"c\" ") != std::string::npos);
  CHECK(xml.elements.count("script") == 0);
}

TEST_CASE("statistics of weights are those of a naive sum") {
  std::mt19937 random(3);
  std::normal_distribution<float> normal(0.5f, 2);
  std::vector<float> values(200001);
  for (float& v : values) v = normal(random);
  values[7] = 0;
  const auto stats = weight_stats(Tensor::from<float>(DType::Float32, {200001}, values));
  REQUIRE(stats.has_value());
  long double sum = 0, squares = 0;
  for (const float v : values) sum += v;
  const long double mean = sum / static_cast<long double>(values.size());
  for (const float v : values) squares += (v - mean) * (v - mean);
  CHECK(stats->count == 200001);
  CHECK(stats->zeros == 1);
  CHECK(stats->min == *std::ranges::min_element(values));
  CHECK(stats->max == *std::ranges::max_element(values));
  CHECK(stats->mean == doctest::Approx(static_cast<double>(mean)));
  CHECK(stats->deviation == doctest::Approx(static_cast<double>(std::sqrt(squares / static_cast<long double>(values.size())))));
  for (size_t bin = 0; bin < kHistogramBins; ++bin) {
    const double width = (stats->max - stats->min) / kHistogramBins, low = stats->min + width * static_cast<double>(bin);
    int64_t naive = 0;
    for (const float v : values) naive += v >= low && (v < low + width || bin + 1 == kHistogramBins);
    CHECK(std::abs(naive - stats->bins[bin]) <= 1);  // a value may lie within rounding of a border
  }
}

TEST_CASE("statistics of odd tensors") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> odd{1, inf, -inf, std::nanf(""), 3};
  const auto stats = weight_stats(Tensor::from<float>(DType::Float32, {5}, odd));
  CHECK(stats->not_finite == 3);
  CHECK(stats->mean == 2);
  CHECK(stats->bins.front() == 1);
  CHECK(stats->bins.back() == 1);
  const std::vector<int8_t> same{4, 4, 4};
  const auto flat = weight_stats(Tensor::from<int8_t>(DType::Int8, {3}, same));
  CHECK(flat->bins.front() == 3);
  CHECK(flat->deviation == 0);
  CHECK(weight_stats(Tensor(DType::Float32, {0}))->count == 0);
  CHECK_FALSE(weight_stats(Tensor::of_strings({1}, {"a"})).has_value());
  const std::atomic<bool> cancelled = true;
  CHECK_FALSE(weight_stats(Tensor(DType::Float32, {10}), &cancelled).has_value());
}

TEST_CASE("colours count every operator once; a group's time is that of its tasks") {
  const ScenePtr scene = scene_of(test::bert(3), true);
  const GraphModel& model = *scene->model;
  const auto operators = std::ranges::count(model.nodes, GraphNode::Kind::Operator, &GraphNode::kind);
  for (const ColourBy by : {ColourBy::Kind, ColourBy::Engine, ColourBy::DType, ColourBy::Task}) {
    const Colouring colouring = colour_scene(*scene, by, nullptr, Language::Chinese);
    CHECK(colouring.of_node.size() == scene->nodes.size());
    int counted = 0;
    for (const LegendEntry& entry : colouring.legend) counted += entry.nodes;
    CHECK(counted == operators);
  }
  // Two nodes to a task, each of which takes a microsecond.
  TaskLinks links;
  links.of_node.resize(model.nodes.size());
  int n = 0;
  for (size_t i = 0; i < model.nodes.size(); ++i)
    if (model.nodes[i].kind == GraphNode::Kind::Operator) links.of_node[i] = {n++ / 2};
  links.tasks.resize(static_cast<size_t>(n + 1) / 2, {"t", Engine::AiCore, 1.0});
  const Colouring time = colour_scene(*scene, ColourBy::Time, &links, Language::English);
  for (size_t s = 0; s < scene->nodes.size(); ++s) {
    if (scene->nodes[s].group < 0) continue;
    CHECK(time.us[s] == doctest::Approx(45).epsilon(0.03));  // 90 nodes
    CHECK(time.of_node[s] == heat_colour(1));
  }
}

TEST_CASE("in words every shown node has a line, inside its group") {
  SceneRequest request;
  request.model = std::make_shared<const GraphModel>(graph_model(test::bert(3)));
  request.tree = std::make_shared<const FoldTree>(find_blocks(*request.model));
  request.open = {1};
  const ScenePtr scene = make_scene(request);
  const std::string text = scene_text(*scene, Language::English);
  CHECK(std::ranges::count(text, '\n') == static_cast<ptrdiff_t>(scene->nodes.size() + scene->frames.size()));
  CHECK(text.find("3 \xc3\x97 transformer layer:\n  transformer layer 1") != std::string::npos);
  CHECK(node_text(*scene->model, 2, nullptr, Language::English).find("float32[1,128]") != std::string::npos);
}

TEST_CASE("a newer job replaces the older one of its key, others are done in turn") {
  std::mutex mutex;
  std::condition_variable changed;
  std::string done;
  bool started = false;
  const auto finish = [&](char c) {
    const std::lock_guard lock(mutex);
    done += c;
    changed.notify_all();
  };
  GraphWorker worker;
  int a = 0, b = 0;
  worker.post(&a, [&](const std::atomic<bool>& cancelled) {
    {
      const std::lock_guard lock(mutex);
      started = true;
      changed.notify_all();
    }
    while (!cancelled) std::this_thread::yield();
    finish('x');
  });
  {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return started; }));
  }
  worker.post(&b, [&](const std::atomic<bool>&) { finish('b'); });
  worker.post(&a, [&](const std::atomic<bool>&) { finish('1'); });
  worker.post(&a, [&](const std::atomic<bool>&) { finish('2'); });
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return done.size() >= 3; }));
  CHECK(done == "xb2");
  lock.unlock();
  worker.drop(&a);
}
