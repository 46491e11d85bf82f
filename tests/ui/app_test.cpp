// SPDX-License-Identifier: Apache-2.0
#include "ui/app.h"

#include <condition_variable>
#include <mutex>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/base/file.h"

using namespace npu;
using namespace npu::ui;

namespace {

using Json = nlohmann::json;

// Reads the samples of the source tree and counts what the program asks of the platform.
class TestPlatform final : public Platform {
 public:
  Result<OwnedBytes> read_asset(const std::string& path) override {
    NPU_TRY(const SharedBytes bytes, read_file(NPU_SOURCE_DIR "/" + path));
    return OwnedBytes{*bytes, bytes};
  }
  void wake() override {
    const std::lock_guard lock(mutex);
    wake_up.notify_all();
  }
  void ask_for_file() override {}
  void request_cjk_font() override {}
  void save_file(const std::string&, Bytes) override {}
  void copy_text(const std::string&) override {}
  void open_page(const std::string&) override {}
  void settings_changed(const Settings&, const std::string&) override {}
  ImTextureID upload_picture(const Picture&) override { return {}; }

  std::mutex mutex;
  std::condition_variable wake_up;
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

}  // namespace

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
