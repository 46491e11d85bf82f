// SPDX-License-Identifier: Apache-2.0
// The profile room as a person uses it: a real model, the mouse, and what the widgets say they show.
#include <chrono>
#include <thread>

#include <nlohmann/json.hpp>

#include "tests/runtime/small_net.h"
#include "tests/ui/windowless.h"
#include "ui/panels/panels.h"
#include "ui/studio/stages.h"

using namespace npu;
using namespace npu::ui;

namespace {

Snapshot snapshot_of(const char* chip) {
  auto compiled = compile(test::small_net(), test::options_for({{"x", {1, 3, 20, 20}}}, chip));
  REQUIRE(compiled);
  const auto model = std::make_shared<const CompiledModel>(std::move(*compiled));
  const Progress go = [](size_t, size_t, const std::string&) { return true; };
  auto profile = profile_stage(*model, go);
  REQUIRE(profile);
  auto session = Session::create(model, 1);
  REQUIRE(session);
  auto run = run_stage(**session, {.model = *model, .inputs = {{"x", test::picture({1, 3, 20, 20}, 5)}}, .preprocess = {}}, go);
  REQUIRE(run);
  Snapshot snapshot;
  auto info = std::make_shared<CompileInfo>();
  info->model = model, info->chip = chip;
  snapshot.compile = std::move(info);
  snapshot.profile = std::make_shared<const ProfileInfo>(std::move(*profile));
  snapshot.run = std::make_shared<const RunInfo>(std::move(*run));
  return snapshot;
}

class Room {
 public:
  Room(ImVec2 size, Language language) : snapshot(snapshot_of("Ascend310")), windowless_(size), compact_(size.x < 600), theme_(test::Windowless::theme(compact_)) {
    settings.language = language;
  }

  void frame() {
    marks_now.clear();
    View view{snapshot, settings, theme_, compact_};
    view.marks = &marks_now;
    windowless_.window_frame([&] { panel_.draw(view, commands_); });
    for (Command& command : commands_.take()) {
      if (const auto* c = std::get_if<command::SelectTask>(&command)) settings.task = c->task;
      if (const auto* c = std::get_if<command::SelectElement>(&command)) settings.output = c->output, settings.element = c->element;
      if (const auto* c = std::get_if<command::ChooseProfileView>(&command)) settings.profile_view = c->view;
      if (const auto* c = std::get_if<command::Copy>(&command)) copied = c->text;
    }
  }
  void show(ProfileView view) {
    settings.profile_view = view;
    for (int i = 0; i < 3; ++i) frame();
  }
  // As a browser test reads them.
  std::optional<Mark> find(const std::string& name) const {
    const auto json = nlohmann::json::parse(marks_now.json());
    if (!json.contains(name)) return {};
    const auto& m = json.at(name);
    const float x = m.at("x"), y = m.at("y"), width = m.at("width"), height = m.at("height");
    return Mark{{x, y}, {x + width, y + height}, m.at("value")};
  }
  // The widget's value, once it is there.
  std::string value(const std::string& name) {
    for (int i = 0; i < 2000; ++i) {
      frame();
      if (const auto mark = find(name)) return mark->value;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    FAIL("no " << name);
    return {};
  }
  void click(const std::string& name) {
    value(name);
    const Mark mark = *find(name);
    test::Windowless::click({(mark.from.x + mark.to.x) / 2, (mark.from.y + mark.to.y) / 2}, [&] { frame(); });
    frame();
  }

  Snapshot snapshot;
  Settings settings;
  Marks marks_now;
  std::string copied;

 private:
  test::Windowless windowless_;
  bool compact_;
  Theme theme_;
  ProfilePanel panel_;
  Commands commands_;
};

size_t lines_of(const std::string& text) { return static_cast<size_t>(std::ranges::count(text, '\n')); }

}  // namespace

TEST_CASE("every view of the room draws what it has, in both languages and sizes") {
  for (const ImVec2 size : {ImVec2(1280, 720), ImVec2(390, 844)})
    for (const Language language : {Language::English, Language::Chinese}) {
      CAPTURE(size.x);
      Room room(size, language);
      const size_t tasks = room.snapshot.profile->tasks.size();
      room.show(ProfileView::OpSummary);
      CHECK(room.value("profile-op-summary") == std::to_string(tasks));
      room.show(ProfileView::Roofline);
      CHECK(std::stoul(room.value("profile-roofline")) > 0);
      room.show(ProfileView::Bottlenecks);
      CHECK(room.value("bottleneck-0").size() > 20);
      CHECK(room.value("profile-what-if") == std::to_string(kChanges));
      room.show(ProfileView::Compare);
      CHECK(room.value("profile-pin").empty());
      room.show(ProfileView::Usage);
      CHECK(std::stoul(room.value("profile-usage")) >= 5);
      for (const ProfileView view : {ProfileView::Tasks, ProfileView::Memory, ProfileView::Disassembly, ProfileView::Manual}) room.show(view);
      room.show(ProfileView::Provenance);
      CHECK_FALSE(room.value("provenance-element-0").empty());
    }
}

TEST_CASE("the table is copied as shown; a point of the roofline chooses its task") {
  Room room({1280, 720}, Language::English);
  room.show(ProfileView::OpSummary);
  room.click("op-summary-csv");
  CHECK(lines_of(room.copied) == room.snapshot.profile->tasks.size() + 1);
  CHECK(room.copied.starts_with("Device_id,Model ID,Task ID,"));
  room.click("op-summary-tsv");
  CHECK(room.copied.starts_with("Device_id\tModel ID\t"));
  room.click("op-summary-filter");
  for (const char c : std::string("Conv2D")) ImGui::GetIO().AddInputCharacter(static_cast<unsigned>(c));
  room.frame();
  room.frame();
  room.click("op-summary-csv");
  const auto convolutions = std::ranges::count_if(room.snapshot.compile->model->tasks, [](const Task& t) { return t.op_type == "Conv2D"; });
  CHECK(lines_of(room.copied) == static_cast<size_t>(convolutions) + 1);

  room.show(ProfileView::Roofline);
  size_t chosen = 0;
  for (size_t i = 0; i < room.snapshot.profile->tasks.size(); ++i) {
    const std::string name = "roofline-point-" + std::to_string(i);
    if (!room.find(name)) continue;
    room.click(name);
    chosen += room.settings.task == static_cast<int>(i);
  }
  CHECK(chosen >= 2);  // some lie on top of each other
}

TEST_CASE("a pinned run stands beside the one on another chip") {
  Room room({1280, 720}, Language::English);
  room.show(ProfileView::Compare);
  room.click("profile-pin");
  const double before = room.snapshot.profile->total_us;
  CHECK(room.value("compare-total") == fmt::format("{:.3f} {:.3f}", before, before));
  room.snapshot = snapshot_of("Ascend310P3");
  room.frame();
  CHECK(room.value("compare-total") == fmt::format("{:.3f} {:.3f}", before, room.snapshot.profile->total_us));
  CHECK(std::stoul(room.value("profile-compare")) >= room.snapshot.profile->tasks.size() - 2);
}

TEST_CASE("a number is followed from its store to the picture") {
  Room room({1280, 720}, Language::English);
  room.show(ProfileView::Provenance);
  room.click("provenance-element-3");
  CHECK(room.settings.element == 3);
  CHECK(std::stoul(room.value("provenance-steps")) > 0);
  std::string facts = room.value("provenance-facts");
  const CompiledModel& model = *room.snapshot.compile->model;
  CHECK(std::stoul(facts) == last_writer(model, *element_bytes(model.outputs[0], 3), model.tasks.size()));
  size_t followed = 0;
  for (size_t last = std::stoul(facts); room.find("provenance-follow-0") && followed < 20; ++followed) {
    room.click("provenance-follow-0");
    facts = room.value("provenance-facts");
    CHECK(std::stoul(facts) < last);
    last = std::stoul(facts);
  }
  CHECK(followed >= 3);
  room.click("provenance-back");
  CHECK(std::stoul(room.value("provenance-facts")) > std::stoul(facts));
}
