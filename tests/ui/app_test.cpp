// SPDX-License-Identifier: Apache-2.0
#include "ui/app.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <expected>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/core/model_file/models.h"
#include "tests/ui/quiet_platform.h"
#include "ui/rasterise.h"

using namespace npu;
using namespace npu::ui;

namespace {

using Json = nlohmann::json;

// Counts what the program asks of the platform.
class TestPlatform final : public test::QuietPlatform {
 public:
  void wake() override {
    const std::lock_guard lock(mutex);
    wake_up.notify_all();
  }
  void save_file(const std::string& name, Bytes bytes) override { saved[name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size()); }
  void keep_file(const std::string& key, const std::string& name, const SharedBytes& bytes) override { kept[key] = {name, bytes}; }
  void ask_for_kept_file(const std::string& key) override { asked.push_back(key); }
  void keep_terminal(const terminal::Keeper::News& news) override {
    for (const FileChange& change : news.changes) terminal[change.path] = change;
    if (news.history) typed = *news.history;
  }

  std::mutex mutex;
  std::condition_variable wake_up;
  std::map<std::string, std::pair<std::string, SharedBytes>> kept;
  std::vector<std::string> asked;
  std::map<std::string, std::string> saved;
  std::map<std::string, FileChange> terminal;
  std::string typed;
};

// The first mirror, of this revision or later, that says it is ready.
Json first_ready(TestPlatform& platform, const App& app, int revision) {
  Json seen;
  std::unique_lock lock(platform.mutex);
  const bool done = platform.wake_up.wait_for(lock, std::chrono::seconds(120), [&] {
    seen = Json::parse(app.mirror());
    return seen.at("state") == "ready" && seen.at("revision") >= revision;
  });
  REQUIRE(done);
  return seen;
}

// The names of the elements, where every one is closed in its place and every "&" begins a known entity; else what is wrong first.
std::expected<std::vector<std::string>, std::string> elements_of(std::string_view xml) {
  std::vector<std::string> names, open;
  for (size_t at = 0; at < xml.size(); ++at) {
    if (xml[at] == '&') {
      const std::string_view entity = xml.substr(at, xml.substr(at).find(';') + 1);
      if (entity != "&amp;" && entity != "&lt;" && entity != "&gt;" && entity != "&quot;") return std::unexpected("entity " + std::string(xml.substr(at, 12)));
    }
    if (xml[at] != '<') continue;
    const size_t end = xml.find('>', at);
    if (end == std::string_view::npos) return std::unexpected("an open tag");
    const std::string_view tag = xml.substr(at + 1, end - at - 1);
    if (std::ranges::count(tag, '"') % 2 != 0 || tag.find('<') != std::string_view::npos) return std::unexpected("tag " + std::string(tag));
    at = end;
    if (tag.starts_with("!DOCTYPE")) continue;
    const std::string name(tag.substr(tag.starts_with('/'), tag.substr(tag.starts_with('/')).find_first_of(" \n/")));
    if (tag.starts_with('/')) {
      if (open.empty() || open.back() != name) return std::unexpected("</" + name + "> closes " + (open.empty() ? "nothing" : open.back()));
      open.pop_back();
    } else {
      names.push_back(name);
      if (!tag.ends_with('/')) open.push_back(name);
    }
  }
  if (!open.empty()) return std::unexpected("<" + open.back() + "> is not closed");
  return names;
}

}  // namespace

TEST_CASE("the report holds what is shown, is well formed, and needs nothing beside it") {
  for (const char* link : {"sample=digits", "sample=digits&lang=zh&off=fuse-bias&chip=Ascend910B3"}) {
    CAPTURE(link);
    TestPlatform platform;
    App app(platform, Settings{}, link);
    app.start();
    first_ready(platform, app, 1);
    app.handle(command::SaveReport{});
    {
      std::unique_lock lock(platform.mutex);
      REQUIRE(platform.wake_up.wait_for(lock, std::chrono::seconds(60), [&] { return lock.unlock(), app.catch_up(), lock.lock(), !platform.saved.empty(); }));
    }
    REQUIRE(platform.saved.size() == 1);
    const auto& [name, html] = *platform.saved.begin();
    CHECK(name.ends_with(".html"));
    const auto elements = elements_of(html);
    REQUIRE_MESSAGE(elements, elements.error());
    CHECK(std::ranges::count(*elements, "svg") == 2);  // the graph and the timeline
    CHECK(std::ranges::count(*elements, "a") == 1);
    for (const char* reference : {"script", "link", "img", "iframe", "object", "embed", "image", "use"}) CHECK(std::ranges::count(*elements, reference) == 0);
    for (const char* reference : {" src=", "url(", "@import", "xlink"}) CHECK(html.find(reference) == std::string::npos);
    CHECK(html.find("href=\"#") != std::string::npos);
    const SnapshotPtr now = app.studio().snapshot();
    for (const PassInfo& pass : now->compile->passes) CHECK(html.find("<td>" + pass.report.name) != std::string::npos);
    for (const TaskRow& task : now->profile->tasks) CHECK(html.find("<td>" + task.name + "</td>") != std::string::npos);
    CHECK(html.find("--soc_version=" + now->compile->chip) != std::string::npos);
    CHECK(html.find("npu run digits.om") != std::string::npos);
    CHECK((html.find("lang=\"zh-CN\"") != std::string::npos) == (std::string_view(link).find("lang=zh") != std::string_view::npos));
  }
}

TEST_CASE("what is ready first is the answer to the whole link") {
  TestPlatform platform;
  App app(platform, Settings{}, "sample=digits&image=4&chip=Ascend910B3");
  app.start();
  const Json start = first_ready(platform, app, 1);
  CHECK(start.at("revision") == 1);
  CHECK(start.at("result").at(0).at("index") == 4);
  CHECK(start.at("chip") == "Ascend910B3");

  app.set_link("sample=defects&image=1&chip=Ascend310");
  const Json next = first_ready(platform, app, 2);
  CHECK(next.at("revision") == 2);
  CHECK(next.at("result").size() == 5);
  CHECK(next.at("chip") == "Ascend310");
}

TEST_CASE("what the user does can be undone and is kept under the file's key") {
  TestPlatform platform;
  App app(platform, Settings{}, "sample=digits");
  app.start();
  first_ready(platform, app, 1);
  const SharedBytes file = *read_file(NPU_SOURCE_DIR "/samples/defects/defects.onnx");
  const std::string key = key_of(*file);
  app.open_file("mine.onnx", file);
  CHECK(first_ready(platform, app, 2).at("model").at("name") == "mine.onnx");
  CHECK(app.settings().sample == "digits");  // until the file turned out to be a model
  app.catch_up();
  CHECK(app.settings().model == key);
  CHECK(app.settings().sample.empty());
  REQUIRE(platform.kept.contains(key));
  CHECK(platform.kept.at(key).first == "mine.onnx");

  app.handle(command::ChooseChip{"Ascend310P3"});
  app.handle(command::ChooseTab{Tab::Run});
  app.handle(command::Undo{});
  CHECK(app.settings().chip == "Ascend310");
  CHECK(app.settings().tab == Tab::Run);  // what is looked at stays
  app.handle(command::Undo{});
  CHECK(app.settings().sample == "digits");
  CHECK(first_ready(platform, app, 5).at("model").at("name") == "digits.onnx");
  app.handle(command::Undo{});  // nothing left
  CHECK(app.settings().sample == "digits");

  app.handle(command::Redo{});
  CHECK(app.settings().model == key);
  REQUIRE(platform.asked == std::vector<std::string>{key});
  app.give_kept_file(key, platform.kept.at(key).first, platform.kept.at(key).second);
  CHECK(first_ready(platform, app, 6).at("model").at("name") == "mine.onnx");
}

TEST_CASE("both files of a Caffe model are kept and come back together, in any order") {
  const auto bytes_of = [](const std::string& text) {
    const Bytes bytes = as_byte_view(text);
    return std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  };
  TestPlatform platform;
  std::string link;
  {
    App app(platform, Settings{}, "");
    app.start();
    first_ready(platform, app, 1);
    app.open_file("net.caffemodel", bytes_of(test::caffe_weights()));
    app.open_file("net.prototxt", bytes_of(test::caffe_net()));
    first_ready(platform, app, 3);
    app.catch_up();
    REQUIRE(keys_in(app.settings().model).size() == 2);
    link = to_link(app.settings(), Settings{});
  }
  CHECK(platform.kept.size() == 2);
  platform.asked.clear();
  App later(platform, Settings{}, link);
  later.start();
  REQUIRE(platform.asked.size() == 2);
  for (size_t i : {1, 0}) later.give_kept_file(platform.asked[i], platform.kept.at(platform.asked[i]).first, platform.kept.at(platform.asked[i]).second);
  const Json back = first_ready(platform, later, 2);
  CHECK(back.at("model").at("name") == "net.prototxt");
  CHECK(later.studio().snapshot()->model->format == "Caffe");
}

TEST_CASE("the terminal's files and inputs go to the platform and come back at the next visit") {
  TestPlatform platform;
  const auto finish = [](App& app) {
    while (app.terminal().busy()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    app.catch_up();
  };
  {
    App app(platform, Settings{}, "");
    app.terminal().submit("echo kept > note.txt; mkdir work; rm README.md");
    finish(app);
  }
  std::vector<std::string> paths;
  for (const auto& [path, change] : platform.terminal) paths.push_back(path);
  CHECK(paths == std::vector<std::string>{"/home/npu/README.md", "/home/npu/note.txt", "/home/npu/work"});  // not what comes with the page
  App later(platform, Settings{}, "");
  std::vector<FileChange> changes;
  for (const auto& [path, change] : platform.terminal) changes.push_back(change);
  later.restore_terminal(changes, platform.typed);
  finish(later);
  const auto note = later.terminal().files().read("/home/npu/note.txt");
  REQUIRE(note);
  CHECK(std::string(reinterpret_cast<const char*>((*note)->data()), (*note)->size()) == "kept\n");
  CHECK(later.terminal().files().kind("/home/npu/work") == FileKind::Folder);
  CHECK(later.terminal().files().kind("/home/npu/README.md") == FileKind::None);
  CHECK(later.terminal().history().inputs().size() == 1);
}

TEST_CASE("a broken file changes nothing") {
  TestPlatform platform;
  App app(platform, Settings{}, "sample=digits");
  app.start();
  first_ready(platform, app, 1);
  const Settings before = app.settings();
  app.open_file("broken.onnx", std::make_shared<std::vector<std::byte>>(100));
  std::unique_lock lock(platform.mutex);
  REQUIRE(platform.wake_up.wait_for(lock, std::chrono::seconds(60), [&] { return Json::parse(app.mirror()).at("state") == "error"; }));
  lock.unlock();
  app.catch_up();
  CHECK(app.settings() == before);
  CHECK(platform.kept.empty());
}

TEST_CASE("a link to a file that is not kept says so") {
  TestPlatform platform;
  App app(platform, Settings{}, "sample=&model=0123456789abcdef");
  app.start();
  REQUIRE(platform.asked == std::vector<std::string>{"0123456789abcdef"});
  app.give_kept_file("0123456789abcdef", "", nullptr);
  std::unique_lock lock(platform.mutex);
  REQUIRE(platform.wake_up.wait_for(lock, std::chrono::seconds(60), [&] { return Json::parse(app.mirror()).at("state") == "error"; }));
  CHECK(Json::parse(app.mirror()).at("error").get<std::string>().find("0123456789abcdef") != std::string::npos);
}

TEST_CASE("AIPP is an option of atc that prepares pictures as the host does, and follows the preprocessing") {
  TestPlatform platform;
  App app(platform, Settings{}, "sample=defects");
  app.start();
  Picture32 drawn(96, 96, IM_COL32(140, 140, 140, 255));  // a line that only red has
  for (int y = 20; y < 76; ++y)
    for (int x = y; x < y + 3; ++x) drawn.pixels[static_cast<size_t>(y * 96 + x)] = IM_COL32(20, 140, 140, 255);
  app.open_file("drawn.png", std::make_shared<std::vector<std::byte>>(encode_png(drawn)));
  first_ready(platform, app, 2);
  app.catch_up();
  int revision = 2;
  const auto logits = [&](const Command& command) {
    app.handle(command);
    first_ready(platform, app, ++revision);
    return app.studio().snapshot()->run->tensors.begin()->second.to_doubles();
  };
  const auto furthest = [](const std::vector<double>& a, const std::vector<double>& b) {
    double most = 0;
    for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b.at(i)));
    return most;
  };
  const Preprocess rgb{{0.55f, 0.5f, 0.6f}, {0.25f, 0.5f, 1.0f}, false, false}, bgr{rgb.mean, rgb.deviation, false, true};
  const auto host_bgr = logits(command::ChangePreprocess{bgr}), host = logits(command::ChangePreprocess{rgb});
  REQUIRE(furthest(host, host_bgr) > 1);
  const auto chip = logits(command::SwitchAipp{true});
  CHECK(app.studio().snapshot()->compile->model->inputs[0].dtype == DType::UInt8);
  CHECK(app.settings().atc.options == atc::GivenOptions{{"insert_op_conf", "aipp.cfg"}});
  CHECK(furthest(chip, host) < 0.1);  // rounding of fp16 inputs
  CHECK(furthest(logits(command::ChangePreprocess{bgr}), host_bgr) < 0.1);
  CHECK(logits(command::SwitchAipp{false}) == host_bgr);
  CHECK(app.settings().atc.empty());

  AtcSettings own{{{"insert_op_conf", "own.cfg"}}, {{"own.cfg", aipp_config(rgb)}}};
  own.files["own.cfg"] += "# mine\n";
  app.handle(command::SetOptions{own});
  app.handle(command::ChangePreprocess{rgb});
  CHECK(app.settings().atc == own);  // what somebody wrote stays
}
