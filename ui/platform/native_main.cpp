// SPDX-License-Identifier: Apache-2.0
// npu_studio: the playground in a window of its own. Files are dropped on it or named on the command line.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <SDL.h>
#include <fmt/format.h>

#include "core/base/file.h"
#include "core/base/path.h"
#include "ui/platform/sdl_window.h"

namespace npu::ui {
namespace {

class NativePlatform final : public Platform {
 public:
  Result<OwnedBytes> read_asset(const std::string& path) override {
    // "samples/..." of the source tree this program was built from.
    NPU_TRY(const SharedBytes bytes, read_file(std::string(NPU_SAMPLES_DIR "/../") + path));
    return OwnedBytes{*bytes, bytes};
  }
  void wake() override { SdlWindow::post_wake(); }
  void ask_for_file() override {
    SDL_ShowSimpleMessageBox(SDL_MESSAGEBOX_INFORMATION, "NPU Sandbox", "Drop a .onnx, .pb, .prototxt with .caffemodel, .mindir, .om, .jpg or .png on the window.", nullptr);
  }
  void request_cjk_font() override {
    if (auto bytes = read_file(NPU_CJK_FONT)) app->set_cjk_font(*bytes);
  }
  void save_file(const std::string& name, Bytes bytes) override {
    const Status status = write_file(name, bytes);
    std::fprintf(stderr, "%s\n", status ? ("saved " + name).c_str() : status.error().message().c_str());
  }
  void keep_file(const std::string& key, const std::string& name, const SharedBytes& bytes) override { kept[key] = {name, bytes}; }
  void ask_for_kept_file(const std::string& key) override {
    const auto found = kept.find(key);
    app->give_kept_file(key, found == kept.end() ? "" : found->second.first, found == kept.end() ? nullptr : found->second.second);
  }
  void copy_link(const std::string& link) override { SDL_SetClipboardText(("npu_studio --link '" + link + "'").c_str()); }
  void copy_text(const std::string& text) override { SDL_SetClipboardText(text.c_str()); }
  void open_page(const std::string& name) override { SDL_OpenURL(("file://" NPU_SAMPLES_DIR "/../web/" + name).c_str()); }
  void settings_changed(const Settings&, const std::string&) override {}
  ImTextureID upload_picture(const Picture& picture) override { return window.upload_picture(picture); }

  SdlWindow window;
  App* app = nullptr;
  std::map<std::string, std::pair<std::string, SharedBytes>> kept;  // of this session
};

void open_path(App& app, const std::string& path) {
  auto bytes = read_file(path);
  if (bytes) {
    app.open_file(base_name(path), *bytes);
  } else {
    app.studio().report(bytes.error());
  }
}

struct Options {
  std::vector<std::string> files;
  std::string link;
  std::string size = "1280x720";
  std::string screenshot;
  std::string commands;
};

// Draws until the user closes the window.
void show(NativePlatform& platform, App& app) {
  // Three frames after every event let hover states and layouts settle; then nothing is drawn until the next.
  constexpr int kSettle = 3, kIdleMs = 1000, kTooltipMs = 400;
  int frames = kSettle;
  for (;;) {
    const uint32_t before = SDL_GetTicks();
    if (!platform.window.take_input(frames > 0 ? 1 : kTooltipMs, [&](const std::string& path) { open_path(app, path); })) return;
    const bool timed_out = frames <= 0 && SDL_GetTicks() - before >= kTooltipMs;
    if (timed_out) SDL_WaitEventTimeout(nullptr, kIdleMs * 3600);
    platform.window.draw(app);
    frames = frames <= 0 || platform.window.input_waits() ? kSettle : frames - 1;
  }
}

// Draws until the work is done and the picture stands, then saves it.
Status take_screenshot(NativePlatform& platform, App& app, const std::string& path) {
  constexpr int kStanding = 8;
  for (int frames = 0; frames < kStanding;) {
    platform.window.take_input(20, {});
    platform.window.draw(app);
    const SnapshotPtr snapshot = app.studio().snapshot();
    frames = snapshot->busy() || snapshot->revision == 0 || app.terminal().busy() || app.chip().state()->busy ? 0 : frames + 1;
  }
  return platform.window.save_picture(app, path);
}

int run(const Options& options) {
  const auto fault = [](const Status& status) {
    std::fprintf(stderr, "npu_studio: %s\n", status.error().message().c_str());
    return 1;
  };
  int width = 0, height = 0;
  if (std::sscanf(options.size.c_str(), "%dx%d", &width, &height) != 2 || width < 100 || height < 100 || width > 16384 || height > 16384)
    return fault(fail(ErrorKind::InvalidArgument, "--size", fmt::format("'{}' is no size like 1280x720", options.size)));
  NativePlatform platform;
  if (const Status status = platform.window.open("NPU Sandbox", width, height); !status) return fault(status);
  Settings defaults;
  defaults.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
  App app(platform, defaults, options.link);
  platform.app = &app;
  app.start();
  for (const std::string& file : options.files) open_path(app, file);
  if (!options.commands.empty()) app.terminal().submit(options.commands);
  if (options.screenshot.empty()) return show(platform, app), 0;
  const Status saved = take_screenshot(platform, app, options.screenshot);
  return saved ? 0 : fault(saved);
}

}  // namespace
}  // namespace npu::ui

int main(int argc, char** argv) {
  CLI::App cli("The playground in a window of its own");
  npu::ui::Options options;
  cli.add_option("files", options.files, "models and pictures to open");
  cli.add_option("--link", options.link, "what to show: the part of the page's address after '#'");
  cli.add_option("--size", options.size, "of the window, such as 1280x720")->capture_default_str();
  cli.add_option("--commands", options.commands, "run in the terminal; --link terminal=1 shows it");
  cli.add_option("--screenshot", options.screenshot, "save what is shown once the work is done as a PNG, and end");
  CLI11_PARSE(cli, argc, argv);
  return npu::ui::run(options);
}
