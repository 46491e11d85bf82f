// SPDX-License-Identifier: Apache-2.0
// A window of SDL2 with OpenGL and Dear ImGui in it; the canvas in the browser. All from the main thread.
#pragma once

#include <functional>
#include <string>

#include <imgui.h>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "ui/app.h"

struct SDL_Window;

namespace npu::ui {

class SdlWindow {
 public:
  SdlWindow() = default;
  ~SdlWindow();
  SdlWindow(const SdlWindow&) = delete;
  SdlWindow& operator=(const SdlWindow&) = delete;

  Status open(const char* title, int width, int height);

  // Waits up to `wait_ms` for input (0: not at all), then hands all there is to ImGui. False: the user closed it.
  // A dropped file goes to `dropped`.
  bool take_input(int wait_ms, const std::function<void(const std::string& path)>& dropped);
  void draw(App& app);
  // ImGui gives each frame a part of what came at once (a key, then text), so that none is lost; the rest waits.
  bool input_waits() const;
  // What is shown, as a PNG.
  Status save_picture(App& app, const std::string& path);
  ImTextureID upload_picture(const Picture& picture);
  // After a lost graphics context came back.
  void recreate_device_objects();
  // Something happened that changes what is on the screen; take_input sees it, others say it here. Any thread.
  static void post_wake();

 private:
  void render(App& app);

  SDL_Window* window_ = nullptr;
  void* context_ = nullptr;
  unsigned picture_ = 0;
  bool imgui_ = false;
};

}  // namespace npu::ui
