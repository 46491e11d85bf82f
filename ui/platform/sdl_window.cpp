// SPDX-License-Identifier: Apache-2.0
#include "ui/platform/sdl_window.h"

#include <vector>

#include <SDL.h>
#include <SDL_opengl.h>
#include <imgui_impl_opengl3.h>
#include <imgui_impl_sdl2.h>
#include <imgui_internal.h>
#include <stb_image_write.h>

namespace npu::ui {
namespace {

// OpenGL ES 3.0 (WebGL 2) or 3.2, whichever the backend was compiled for.
#ifdef IMGUI_IMPL_OPENGL_ES3
constexpr int kProfile = SDL_GL_CONTEXT_PROFILE_ES, kMinor = 0;
#else
constexpr int kProfile = SDL_GL_CONTEXT_PROFILE_CORE, kMinor = 2;
#endif

uint32_t wake_event() {
  static const uint32_t type = SDL_RegisterEvents(1);
  return type;
}

Status sdl_failure(const char* what) { return fail(ErrorKind::DeviceFault, what, SDL_GetError()); }

}  // namespace

SdlWindow::~SdlWindow() {
  if (imgui_) {
    ImGui_ImplOpenGL3_Shutdown();
    ImGui_ImplSDL2_Shutdown();
    ImGui::DestroyContext();
  }
  if (context_) SDL_GL_DeleteContext(context_);
  if (window_) SDL_DestroyWindow(window_);
  SDL_Quit();
}

Status SdlWindow::open(const char* title, int width, int height) {
  // In the browser the page keeps its own shortcuts: the canvas takes keys only while it has the focus.
  SDL_SetHint(SDL_HINT_EMSCRIPTEN_KEYBOARD_ELEMENT, "#canvas");
  SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
  if (SDL_Init(SDL_INIT_VIDEO) != 0) return sdl_failure("SDL");
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_PROFILE_MASK, kProfile);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MAJOR_VERSION, 3);
  SDL_GL_SetAttribute(SDL_GL_CONTEXT_MINOR_VERSION, kMinor);
  SDL_GL_SetAttribute(SDL_GL_DOUBLEBUFFER, 1);
  window_ = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width, height,
                             SDL_WINDOW_OPENGL | SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
  if (!window_) return sdl_failure("window");
  context_ = SDL_GL_CreateContext(window_);
  if (!context_) return sdl_failure("OpenGL");
  wake_event();

  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  imgui_ = true;
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_NavEnableKeyboard;
  io.ConfigInputTextCursorBlink = false;  // nothing moves while nothing happens
  io.ConfigWindowsMoveFromTitleBarOnly = true;
  ImGui_ImplSDL2_InitForOpenGL(window_, context_);
  ImGui_ImplOpenGL3_Init();
  return {};
}

void SdlWindow::post_wake() {
  SDL_Event event{};
  event.type = wake_event();
  SDL_PushEvent(&event);
}

bool SdlWindow::take_input(int wait_ms, const std::function<void(const std::string&)>& dropped) {
  SDL_Event event;
  bool more = wait_ms > 0 ? SDL_WaitEventTimeout(&event, wait_ms) != 0 : SDL_PollEvent(&event) != 0;
  for (; more; more = SDL_PollEvent(&event) != 0) {
    ImGui_ImplSDL2_ProcessEvent(&event);
    if (event.type == SDL_QUIT) return false;
    if (event.type != SDL_DROPFILE) continue;
    if (dropped) dropped(event.drop.file);
    SDL_free(event.drop.file);
  }
  return true;
}

void SdlWindow::draw(App& app) {
  render(app);
  SDL_GL_SwapWindow(window_);
}

bool SdlWindow::input_waits() const { return !ImGui::GetCurrentContext()->InputEventsQueue.empty(); }

void SdlWindow::render(App& app) {
  app.prepare_frame();
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplSDL2_NewFrame();
  ImGui::NewFrame();
  app.draw();
  ImGui::Render();
  const ImGuiIO& io = ImGui::GetIO();
  glViewport(0, 0, static_cast<int>(io.DisplaySize.x * io.DisplayFramebufferScale.x),
             static_cast<int>(io.DisplaySize.y * io.DisplayFramebufferScale.y));
  const ImVec4 background = ImGui::GetStyle().Colors[ImGuiCol_WindowBg];
  glClearColor(background.x, background.y, background.z, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
}

Status SdlWindow::save_picture(App& app, const std::string& path) {
  render(app);
  const ImGuiIO& io = ImGui::GetIO();
  const int width = static_cast<int>(io.DisplaySize.x * io.DisplayFramebufferScale.x);
  const int height = static_cast<int>(io.DisplaySize.y * io.DisplayFramebufferScale.y);
  std::vector<uint8_t> pixels(static_cast<size_t>(width) * static_cast<size_t>(height) * 4);
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, width, height, GL_RGBA, GL_UNSIGNED_BYTE, pixels.data());
  // OpenGL begins at the bottom; alpha was only for blending.
  for (size_t i = 3; i < pixels.size(); i += 4) pixels[i] = 255;
  const ptrdiff_t row = static_cast<ptrdiff_t>(width) * 4;
  if (!stbi_write_png(path.c_str(), width, height, 4, pixels.data() + row * (height - 1), static_cast<int>(-row)))
    return fail(ErrorKind::InvalidArgument, path, "the picture could not be written");
  return {};
}

ImTextureID SdlWindow::upload_picture(const Picture& picture) {
  if (picture_ == 0) glGenTextures(1, &picture_);
  glBindTexture(GL_TEXTURE_2D, picture_);
  // Small pictures are shown with visible pixels: they are what the model sees.
  const Image& image = picture.image;
  const bool small = image.width < 100;
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, small ? GL_NEAREST : GL_LINEAR);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
  glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
  glPixelStorei(GL_UNPACK_ALIGNMENT, 1);
  glTexImage2D(GL_TEXTURE_2D, 0, GL_RGB, image.width, image.height, 0, GL_RGB, GL_UNSIGNED_BYTE, image.rgb.data());
  glPixelStorei(GL_UNPACK_ALIGNMENT, 4);
  return static_cast<ImTextureID>(picture_);
}

void SdlWindow::recreate_device_objects() {
  picture_ = 0;
  ImGui_ImplOpenGL3_DestroyDeviceObjects();
  ImGui_ImplOpenGL3_CreateDeviceObjects();
}

}  // namespace npu::ui
