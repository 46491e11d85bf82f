// SPDX-License-Identifier: Apache-2.0
// The Chip room as a person uses it: clicks and keys, frame by frame, in the whole application without a window.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/ui/quiet_platform.h"
#include "tests/ui/windowless.h"

using namespace npu;
using namespace npu::ui;

namespace {

using Json = nlohmann::json;

class TestPlatform final : public test::QuietPlatform {
 public:
  void wake() override { ++wakes; }
  void settings_changed(const Settings&, const std::string& now) override { link = now; }

  std::atomic<int> wakes = 0;
  std::string link;
};

class Room {
 public:
  explicit Room(const char* link, ImVec2 size = {1280, 720}) : windowless_(size), platform(), app(platform, Settings{}, link) {
    app.start();
    settle();
  }

  void frame() {
    app.prepare_frame();
    windowless_.frame([&] { app.draw(); });
  }
  // Until there is an instruction, nothing is computed, and some frames more.
  void settle() {
    const auto busy = [&] { return app.studio().snapshot()->busy() || app.studio().snapshot()->revision == 0 || app.chip().state()->busy || !app.chip().state()->moment; };
    for (int i = 0; i < 3; ++i) frame();
    until([&] { return !busy(); });
    for (int i = 0; i < 3; ++i) frame();
  }
  void until(const std::function<bool()>& done) {
    for (int i = 0; i < 6000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10)), frame();
    REQUIRE(done());
  }
  void press(ImGuiKey key, bool shift = false) {
    test::Windowless::press(key, shift ? ImGuiMod_Shift : ImGuiKey_None, [&] { frame(); });
    settle();
  }
  Json mark(const std::string& name) const {
    const Json marks = Json::parse(app.marks().json());
    REQUIRE_MESSAGE(marks.contains(name), name);
    return marks.at(name);
  }
  std::string value(const std::string& name) const { return mark(name).at("value"); }
  // At a place of the widget, 0..1.
  void click(const std::string& name, float x = 0.5f, float y = 0.5f) {
    const Json at = mark(name);
    test::Windowless::click({at.at("x").get<float>() + at.at("width").get<float>() * x, at.at("y").get<float>() + at.at("height").get<float>() * y},
                                [&] { frame(); });
    settle();
  }
  void type(const char* text) {
    ImGui::GetIO().AddInputCharactersUTF8(text);
    settle();
  }
  ChipMoment moment() { return *app.chip().state()->moment; }

 private:
  test::Windowless windowless_;

 public:
  TestPlatform platform;
  App app;
};

}  // namespace

TEST_CASE("steps by click and key, and the address says where one is") {
  Room room("sample=digits&tab=chip&at=2:0:5");
  CHECK(room.value("chip-position") == "task 2 block 0 instruction 5");
  room.click("chip-step");
  CHECK(room.value("chip-position") == "task 2 block 0 instruction 6");
  room.press(ImGuiKey_Period);
  room.press(ImGuiKey_Period);
  room.press(ImGuiKey_Comma);
  CHECK(room.value("chip-position") == "task 2 block 0 instruction 7");
  CHECK(room.app.settings().chip_place == "2:0:7");
  CHECK(room.platform.link.find("at=2%3A0%3A7") != std::string::npos);
  room.click("chip-back");
  CHECK(room.value("chip-position") == "task 2 block 0 instruction 6");
  const Json mirror = Json::parse(room.app.mirror());
  CHECK(mirror.at("chip_view").at("place") == "task 2 block 0 instruction 6");
  CHECK(mirror.at("chip_view").at("text").get<std::string>().find(instr_info(room.moment().instr.op).name) != std::string::npos);

  SUBCASE("a link goes there") {
    room.app.set_link("sample=digits&tab=chip&at=4:1:3");
    room.settle();
    CHECK(room.value("chip-position") == "task 4 block 1 instruction 3");
    CHECK(room.app.settings().chip_place == "4:1:3");
  }
  SUBCASE("a tile is followed from memory to L1, L0A, through the cube to L0C and out, and back") {
    const Program& program = room.app.chip().state()->model->tasks[2].blocks[0];
    int32_t copy = 0;
    while (program[static_cast<size_t>(copy)].op != Opcode::CopyGmToCbuf) ++copy;
    room.app.set_link(fmt::format("sample=digits&tab=chip&at=2:0:{}", copy));
    room.settle();
    std::vector<Buffer> way;
    std::vector<int64_t> positions;
    for (int i = 0; i < 12 && way != std::vector{Buffer::L1, Buffer::L0A, Buffer::L0C, Buffer::UB, Buffer::GM}; ++i) {
      const Buffer to = room.moment().operands.back().access.buffer;
      if (way.empty() || way.back() != to) way.push_back(to);
      positions.push_back(room.moment().position);
      i % 2 ? room.press(ImGuiKey_G) : room.click("chip-goal-next");
    }
    CHECK(way == std::vector{Buffer::L1, Buffer::L0A, Buffer::L0C, Buffer::UB, Buffer::GM});
    CHECK(std::ranges::is_sorted(positions));
    const ChipMoment there = room.moment();
    room.press(ImGuiKey_G, true);
    const Access read = there.operands.front().access, wrote = room.moment().operands.back().access;
    CHECK(room.moment().position < there.position);
    CHECK(wrote.buffer == read.buffer);
    CHECK(touches(wrote, read.begin, read.end));
  }
  SUBCASE("a click on the time line is at the instruction that runs then") {
    room.click("chip-timeline", 0.9f, 0.5f);
    CHECK(room.value("chip-position") != "task 2 block 0 instruction 6");
  }
  SUBCASE("the same on a chip of another kind: the run is another one, the place stays where it exists") {
    room.app.handle(command::ChooseChip{"Ascend910B3"});
    room.until([&] {
      const SnapshotPtr now = room.app.studio().snapshot();
      return now->compile && now->compile->model && now->compile->chip == "Ascend910B3" && room.app.chip().state()->model == now->compile->model;
    });
    room.settle();
    CHECK(room.moment().place.task == 2);
  }
}

TEST_CASE("a breakpoint that was typed stops the play, and the page is idle then") {
  Room room("sample=digits&tab=chip&at=2:0:0");
  room.click("chip-side-breaks");
  room.click("chip-break-text");
  room.type("mad");
  room.press(ImGuiKey_Enter);
  CHECK(room.app.settings().chip_breaks == "mad");
  CHECK(room.value("chip-breakpoint-0") == "mad");
  room.click("chip-break-text");
  room.type("nonsense 1 2");
  room.press(ImGuiKey_Enter);
  CHECK(room.app.settings().chip_breaks == "mad");
  room.click("chip-side-instruction");
  room.click("chip-play");
  for (int i = 0; i < 6000 && room.value("chip-play") == "1"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    room.frame();
  }
  room.settle();
  CHECK(room.value("chip-play") == "0");
  CHECK(room.moment().instr.op == Opcode::Mad);
  CHECK(room.app.settings().chip_place == place_key(room.moment().place));
  // The last bytes arrive; then nobody asks for a frame.
  for (int i = 0; i < 60; ++i) room.frame();
  const int wakes = room.platform.wakes;
  for (int i = 0; i < 30; ++i) room.frame();
  CHECK(room.platform.wakes == wakes);
}

TEST_CASE("a tile that is clicked shows its values, and a narrow window has it all") {
  for (const ImVec2 size : {ImVec2(1280, 720), ImVec2(390, 844)}) {
    Room room("sample=digits&tab=chip&at=4:0:0", size);
    for (int i = 0; i < 200 && room.moment().instr.op != Opcode::Mad; ++i) room.press(ImGuiKey_Period);
    REQUIRE(room.moment().instr.op == Opcode::Mad);
    // The first tile of L0C is in the upper left corner.
    room.click("chip-L0C", 0.04f, 0.04f);
    for (int i = 0; i < 3000 && room.app.chip().state()->seen[1].empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5)), room.frame();
    room.frame();
    const auto state = room.app.chip().state();
    CHECK(state->looked[1].buffer == Buffer::L0C);
    REQUIRE(!state->seen[1].empty());
    CHECK(state->seen[1][0] == *room.app.chip().state()->moment->operands.back().after.begin());
    CHECK(!room.value("chip-values").empty());
  }
}

TEST_CASE("leaving the model gives the run back") {
  Room room("sample=digits&tab=chip");
  CHECK(room.app.chip().state()->model != nullptr);
  // Without a place it begins where the first product's block does.
  CHECK(room.moment().place.instruction == 0);
  CHECK(room.moment().place.task > 0);
  room.app.handle(command::ChooseTab{Tab::Run});
  room.app.handle(command::ChooseChip{"Ascend310P3"});
  for (int i = 0; i < 3000 && room.app.chip().state()->model; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5)), room.frame();
  CHECK(room.app.chip().state()->model == nullptr);
}
