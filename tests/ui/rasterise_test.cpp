// SPDX-License-Identifier: Apache-2.0
// Pictures made without a graphics card, and how long the graph canvas needs for a frame.
#include "ui/rasterise.h"

#include <chrono>
#include <ctime>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "runtime/session/image_input.h"
#include "tests/ui/graph/graphs.h"
#include "tests/ui/windowless.h"
#include "ui/panels/graph_canvas.h"

using namespace npu;
using namespace npu::ui;

namespace {

struct Context {
  test::Windowless windowless;
  Theme theme = test::Windowless::theme();
};

Picture32 draw(const ImDrawList& list, int width, int height) {
  Picture32 picture(width, height, IM_COL32(10, 20, 30, 255));
  const std::atomic<bool> cancelled = false;
  REQUIRE(rasterise(copy_drawing(list), picture, cancelled));
  return picture;
}

ImU32 at(const Picture32& picture, int x, int y) { return picture.pixels[static_cast<size_t>(y * picture.width + x)]; }

// One frame with the canvas in it.
void frame(Context& context, GraphCanvas& canvas, const GraphCanvas::Input& input) {
  const Snapshot snapshot;
  const Settings settings;
  const View view{snapshot, settings, context.theme};
  context.windowless.window_frame([&] { canvas.draw(view, "canvas", input); });
}

void lay_out(Context& context, GraphCanvas& canvas, const GraphCanvas::Input& input) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!canvas.scene() && std::chrono::steady_clock::now() < end) {
    frame(context, canvas, input);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  REQUIRE(canvas.scene() != nullptr);
}

}  // namespace

TEST_CASE("rectangles cover their pixels once, inside their clip, mixed with what is below") {
  Context context;
  ImGui::NewFrame();
  ImDrawList list(ImGui::GetDrawListSharedData());
  list._ResetForNewFrame();
  list.PushTexture(ImGui::GetIO().Fonts->TexRef);
  list.PushClipRect({0, 0}, {40, 30});
  list.AddRectFilled({4, 5}, {20, 15}, IM_COL32(200, 100, 50, 255));
  list.AddRectFilled({10, 10}, {60, 20}, IM_COL32(0, 0, 255, 128));
  const Picture32 picture = draw(list, 64, 32);
  int wrong = 0;
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 64; ++x) {
      const bool first = x >= 4 && x < 20 && y >= 5 && y < 15, second = x >= 10 && x < 40 && y >= 10 && y < 20;
      int rgb[3] = {first ? 200 : 10, first ? 100 : 20, first ? 50 : 30};
      const int over[3] = {0, 0, 255};
      for (int c = 0; c < 3; ++c) {
        if (second) rgb[c] = static_cast<int>(rgb[c] + (over[c] - rgb[c]) * (128 / 255.0) + 0.5);
        wrong += std::abs(static_cast<int>(at(picture, x, y) >> (8 * c) & 255) - rgb[c]) > 1;
      }
    }
  CHECK(wrong == 0);
  ImGui::EndFrame();
}

TEST_CASE("a PNG holds the pixels") {
  Picture32 picture(33, 7, IM_COL32(1, 2, 3, 255));
  std::mt19937 random(1);
  for (ImU32& pixel : picture.pixels) pixel = random() | 0xFF000000u;
  const std::vector<std::byte> file = encode_png(picture);
  const auto image = decode_image(file, "test.png");
  REQUIRE(image.has_value());
  REQUIRE(image->width == 33);
  REQUIRE(image->height == 7);
  int wrong = 0;
  for (size_t i = 0; i < picture.pixels.size(); ++i)
    for (size_t c = 0; c < 3; ++c) wrong += image->rgb[i * 3 + c] != (picture.pixels[i] >> (8 * c) & 255);
  CHECK(wrong == 0);
}

TEST_CASE("the picture of a graph shows its nodes where they are") {
  Context context;
  GraphCanvas canvas;
  GraphCanvas::Input input;
  input.model = std::make_shared<const GraphModel>(graph_model(test::bert(3)));
  lay_out(context, canvas, input);
  const Snapshot snapshot;
  const Settings settings;
  const View view{snapshot, settings, context.theme};
  ImGui::NewFrame();
  canvas.request_png(view, input, 1);
  ImGui::EndFrame();
  std::optional<std::vector<std::byte>> png;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (!(png = canvas.take_png()) && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(png.has_value());
  const auto image = decode_image(*png, "graph.png");
  REQUIRE(image.has_value());
  const Scene& scene = *canvas.scene();
  const float margin = (static_cast<float>(image->width) - scene.width) / 2;
  int wrong = 0;
  for (size_t n = 0; n < scene.nodes.size(); ++n) {  // the head of each node, left of its title
    const auto x = static_cast<size_t>(scene.nodes[n].box.x0 + margin + 5), y = static_cast<size_t>(scene.nodes[n].box.y0 + margin + 12);
    const uint32_t rgb = canvas.colouring().of_node[n];
    for (size_t c = 0; c < 3; ++c) wrong += std::abs(image->rgb[(y * static_cast<size_t>(image->width) + x) * 3 + c] - static_cast<int>(rgb >> (16 - 8 * c) & 255)) > 2;
  }
  CHECK(wrong == 0);
}

// A frame has 16.7 ms; five times that is allowed where machines are shared and builds have checks in them.
TEST_CASE("a graph of 10,000 nodes is drawn at 60 frames a second, near and far") {
  Context context;
  test::NetWriter net;
  std::vector<ValueId> values{net.input("x")};
  const ui::LayoutGraph random = test::random_layout_graph(10000, 9);
  for (size_t n = 1; n < random.nodes.size(); ++n) {
    std::vector<ValueId> inputs;
    for (const auto& edge : random.edges)
      if (edge.to == static_cast<int>(n)) inputs.push_back(values[static_cast<size_t>(edge.from)]);
    values.push_back(net.add("Add", "node" + std::to_string(n), inputs));
  }
  net.graph.outputs.push_back(values.back());
  GraphCanvas canvas;
  GraphCanvas::Input input;
  input.model = std::make_shared<const GraphModel>(graph_model(net.graph));
  input.fold = false;
  lay_out(context, canvas, input);
  for (const float factor : {1.0f, 0.3f, 0.2f, 0.01f}) {
    canvas.zoom(factor);
    frame(context, canvas, input);
    constexpr int kFrames = 10;
    const std::clock_t start = std::clock();  // of this process: others may be busy
    for (int i = 0; i < kFrames; ++i) frame(context, canvas, input);
    const double ms = 1000.0 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / kFrames;
    MESSAGE("10,000 nodes, zoomed by " << factor << " more: " << ms << " ms a frame, " << ImGui::GetDrawData()->TotalVtxCount << " vertices");
    CHECK(ms < 5 * 16.7);
  }
}
