// SPDX-License-Identifier: Apache-2.0
// npu_studio: the user interface in a window of its own. Files are dropped on it or named on the command line.
#include <algorithm>
#include <cstdio>
#include <string>
#include <thread>

#include <SDL.h>

#include "core/base/file.h"
#include "ui/platform/sdl_window.h"

namespace npu::ui {
namespace {

std::string base_name(const std::string& path) { return path.substr(path.find_last_of("/\\") + 1); }

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
  void copy_text(const std::string& text) override { SDL_SetClipboardText(text.c_str()); }
  void open_page(const std::string& name) override { SDL_OpenURL(("file://" NPU_SAMPLES_DIR "/../web/" + name).c_str()); }
  void settings_changed(const Settings&, const std::string&) override {}
  ImTextureID upload_picture(const Picture& picture) override { return window.upload_picture(picture); }

  SdlWindow window;
  App* app = nullptr;
};

void open_path(App& app, const std::string& path) {
  auto bytes = read_file(path);
  if (bytes) {
    app.open_file(base_name(path), *bytes);
  } else {
    app.studio().report(bytes.error());
  }
}

int run(int argc, char** argv) {
  NativePlatform platform;
  if (const Status status = platform.window.open("NPU Sandbox", 1280, 720); !status) {
    std::fprintf(stderr, "npu_studio: %s\n", status.error().message().c_str());
    return 1;
  }
  Settings defaults;
  defaults.threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 16);
  App app(platform, defaults, "");
  platform.app = &app;
  app.start();
  for (int i = 1; i < argc; ++i) open_path(app, argv[i]);
  // Three frames after every event let hover states and layouts settle; then nothing is drawn until the next.
  constexpr int kSettle = 3, kIdleMs = 1000, kTooltipMs = 400;
  int frames = kSettle;
  for (;;) {
    const uint32_t before = SDL_GetTicks();
    if (!platform.window.take_input(frames > 0 ? 1 : kTooltipMs, [&](const std::string& path) { open_path(app, path); })) return 0;
    const bool timed_out = frames <= 0 && SDL_GetTicks() - before >= kTooltipMs;
    if (timed_out) SDL_WaitEventTimeout(nullptr, kIdleMs * 3600);
    frames = frames <= 0 ? kSettle : frames - 1;
    platform.window.draw(app);
  }
}

}  // namespace
}  // namespace npu::ui

int main(int argc, char** argv) { return npu::ui::run(argc, argv); }
