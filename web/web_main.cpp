// SPDX-License-Identifier: Apache-2.0
// The program behind the page: the functions npu.js calls, and the browser's side of ui/app.h. There is no main loop:
// npu.js asks for a frame when something happened. Without a canvas (headless) the same functions serve scripts.
#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <emscripten.h>
#include <emscripten/heap.h>
#include <malloc.h>
#include <emscripten/em_js.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ui/exports.h"
#include "ui/mirror.h"
#include "ui/platform/sdl_window.h"
#include "ui/studio/memory_room.h"

// Everything below is answered by the object that npu.js gives to the module as `host`.
// clang-format off
EM_JS(void, npu_js_changed, (), { Module.host.changed(); });
EM_JS(void, npu_js_ask_for_file, (), { Module.host.askForFile(); });
EM_JS(void, npu_js_request_font, (), { Module.host.requestFont(); });
EM_JS(void, npu_js_copy, (const char* text), { Module.host.copy(UTF8ToString(text)); });
EM_JS(void, npu_js_copy_link, (const char* link), { Module.host.copyLink(UTF8ToString(link)); });
EM_JS(void, npu_js_keep_file, (const char* key, const char* name, const void* data, size_t size), {
  Module.host.keepFile(UTF8ToString(key), UTF8ToString(name), HEAPU8.slice(data, data + size));
});
EM_JS(void, npu_js_ask_for_kept_file, (const char* key), { Module.host.askForKeptFile(UTF8ToString(key)); });
EM_JS(void, npu_js_export_session, (const char* link), { Module.host.exportSession(UTF8ToString(link)); });
EM_JS(void, npu_js_keep_progress, (const char* text), { Module.host.keepProgress(UTF8ToString(text)); });
// kind: 0 nothing there any more, 1 a file, 2 a folder.
EM_JS(void, npu_js_keep_terminal, (const char* path, int kind, const void* data, size_t size), {
  Module.host.keepTerminal(UTF8ToString(path), kind, HEAPU8.slice(data, data + size));
});
EM_JS(void, npu_js_keep_history, (const char* text), { Module.host.keepHistory(UTF8ToString(text)); });
EM_JS(void, npu_js_text_input, (int on, double x, double y, double height), { Module.host.textInput(!!on, x, y, height); });
EM_JS(void, npu_js_open_page, (const char* name), { Module.host.openPage(UTF8ToString(name)); });
EM_JS(void, npu_js_settings, (const char* link), { Module.host.settings(UTF8ToString(link)); });
EM_JS(void, npu_js_save, (const char* name, const void* data, size_t size), {
  Module.host.save(UTF8ToString(name), HEAPU8.slice(data, data + size));
});
// Runs in a worker, where waiting is allowed: -1 when the file is not there, else bytes at *out (malloc).
EM_JS(int, npu_js_read_asset, (const char* path, void** out), {
  const request = new XMLHttpRequest();
  request.open('GET', new URL(UTF8ToString(path), self.npuBase ?? self.location.href).href, false);
  request.responseType = 'arraybuffer';
  try { request.send(); } catch { return -1; }
  if (request.status !== 200) return -1;
  const bytes = new Uint8Array(request.response);
  const at = _malloc(bytes.length || 1);
  HEAPU8.set(bytes, at);
  HEAPU32[out >> 2] = at;
  return bytes.length;
});
// clang-format on

namespace npu::ui {
namespace {

using Json = nlohmann::json;

constexpr FileKind kTerminalKinds[] = {FileKind::None, FileKind::File, FileKind::Folder};  // as JavaScript numbers them

int terminal_kind(FileKind kind) { return static_cast<int>(std::ranges::find(kTerminalKinds, kind) - std::begin(kTerminalKinds)); }

class WebPlatform final : public Platform {
 public:
  Result<OwnedBytes> read_asset(const std::string& path) override {
    void* data = nullptr;
    const int size = npu_js_read_asset(path.c_str(), &data);
    if (size < 0) return fail(ErrorKind::InvalidArgument, path, "cannot be fetched");
    {
      const std::lock_guard lock(mutex);
      assets.insert(path);
    }
    const std::shared_ptr<void> owner(data, [](void* p) { std::free(p); });
    return OwnedBytes{{static_cast<const std::byte*>(data), static_cast<size_t>(size)}, owner};
  }
  void wake() override {
    // At most one message is on its way to the page however fast the worker publishes.
    if (!waking.exchange(true)) MAIN_THREAD_ASYNC_EM_ASM({ _npu_awake(); });
  }
  void ask_for_file() override { npu_js_ask_for_file(); }
  void request_cjk_font() override { npu_js_request_font(); }
  void save_file(const std::string& name, Bytes bytes) override { npu_js_save(name.c_str(), bytes.data(), bytes.size()); }
  void copy_text(const std::string& text) override { npu_js_copy(text.c_str()); }
  void copy_link(const std::string& link) override { npu_js_copy_link(link.c_str()); }
  void keep_file(const std::string& key, const std::string& name, const SharedBytes& bytes) override {
    npu_js_keep_file(key.c_str(), name.c_str(), bytes->data(), bytes->size());
  }
  void ask_for_kept_file(const std::string& key) override { npu_js_ask_for_kept_file(key.c_str()); }
  void progress_changed(const std::string& text) override { npu_js_keep_progress(text.c_str()); }
  void keep_terminal(const terminal::Keeper::News& news) override {
    if (!window) return;  // scripts have no terminal
    for (const FileChange& change : news.changes) {
      const Bytes bytes = change.bytes ? Bytes(*change.bytes) : Bytes();
      npu_js_keep_terminal(change.path.c_str(), terminal_kind(change.kind), bytes.data(), bytes.size());
    }
    if (news.history) npu_js_keep_history(news.history->c_str());
  }
  bool exports_sessions() const override { return true; }
  void export_session(const std::string& link) override { npu_js_export_session(link.c_str()); }
  std::string address(const std::string& link) const override { return base + (link.empty() ? "" : "#" + link); }
  void open_page(const std::string& name) override { npu_js_open_page(name.c_str()); }
  void settings_changed(const Settings&, const std::string& link) override { npu_js_settings(link.c_str()); }
  ImTextureID upload_picture(const Picture& picture) override { return window ? window->upload_picture(picture) : ImTextureID{}; }

  std::unique_ptr<SdlWindow> window;
  std::string base;              // the page's address without what comes after '#'
  std::atomic<bool> waking = false;
  std::mutex mutex;              // of assets
  std::set<std::string> assets;  // that were read
};

// The page is one instance; it lives as long as the module.
struct Page {
  WebPlatform platform;
  std::unique_ptr<App> app;
  std::string text;  // the string returned last
  std::string pasted;
  std::map<std::string, Tensor> inputs;
  std::vector<FileChange> terminal;  // files of an earlier visit that npu_restore_terminal is going to use
  std::map<void*, std::shared_ptr<std::vector<std::byte>>> given;  // allocated, and not passed to a function yet
  int frames = 0;
  bool headless = false;
};

Page& page() {
  static Page* instance = new Page;
  return *instance;
}

// The canvas has neither an input method nor a clipboard: the page has.
void use_input_of_the_page() {
  ImGuiPlatformIO& io = ImGui::GetPlatformIO();
  io.Platform_SetImeDataFn = [](ImGuiContext*, ImGuiViewport*, ImGuiPlatformImeData* data) {
    npu_js_text_input(data->WantTextInput, data->InputPos.x, data->InputPos.y, data->InputLineHeight);
  };
  io.Platform_GetClipboardTextFn = [](ImGuiContext*) { return page().pasted.c_str(); };
  io.Platform_SetClipboardTextFn = [](ImGuiContext*, const char* text) { npu_js_copy(text); };
}

const char* give(std::string text) {
  page().text = std::move(text);
  return page().text.c_str();
}

// The bytes JavaScript put where npu_allocate told it, without a copy.
SharedBytes take(void* data) {
  auto node = page().given.extract(data);
  return node ? std::move(node.mapped()) : std::make_shared<std::vector<std::byte>>();
}

// A script asks for one thing; the page goes on to show all the rest.
void want(Request& request, Goal goal) { request.goal = page().headless ? goal : std::max(goal, request.goal); }
void want(Goal goal) {
  if (page().headless) page().app->studio().change([&](Request& request) { request.goal = goal; });
}

Json describe_outputs(const RunInfo& run) {
  Json json = Json::array();
  for (const auto& [name, tensor] : run.tensors)
    json.push_back({{"name", name}, {"dtype", to_string(tensor.dtype())}, {"shape", tensor.shape()},
                    {"data", reinterpret_cast<uintptr_t>(tensor.bytes().data())}, {"bytes", tensor.byte_size()}});
  return json;
}

Json describe_tasks(const ProfileInfo& profile) {
  Json json = Json::array();
  for (const TaskRow& row : profile.tasks)
    json.push_back({{"name", row.name}, {"op", row.op}, {"engine", row.engine == Engine::AiCore ? "AI_CORE" : "AI_CPU"},
                    {"cycles", row.cycles}, {"us", row.us}, {"share", row.share}, {"bound", row.bound}});
  return json;
}

}  // namespace
}  // namespace npu::ui

using namespace npu;
using namespace npu::ui;

extern "C" {

// --- start ---
// link: the part of the address after '#'; options: {"lang":"zh","dark":true,"calm":false,"threads":2,"headless":false,"address":"https://..."}.
EMSCRIPTEN_KEEPALIVE const char* npu_start(const char* link, const char* options) {
  const Json json = Json::parse(options, nullptr, false);
  Settings defaults;
  if (json.is_object()) {
    if (json.value("lang", "en") == "zh") defaults.language = Language::Chinese;
    defaults.dark = json.value("dark", true);
    defaults.calm = json.value("calm", false);
    defaults.threads = std::clamp(json.value("threads", 1), 1, 16);
    page().platform.base = json.value("address", "");
  }
  page().headless = json.is_object() && json.value("headless", false);
  if (!page().headless) {
    page().platform.window = std::make_unique<SdlWindow>();
    if (const Status status = page().platform.window->open("NPU Sandbox", 1280, 720); !status)
      return give(status.error().message());
    use_input_of_the_page();
  }
  page().app = std::make_unique<App>(page().platform, defaults, link);
  if (page().headless) {
    page().app->studio().change([&](Request& request) { request.goal = Goal::Loaded, request.explain = false, request.threads = defaults.threads; });
  } else {
    page().app->start();
  }
  return "";
}

// Whether a file of this size can be opened: empty, or why not. Asked before its bytes are fetched and copied.
EMSCRIPTEN_KEEPALIVE const char* npu_check_room(const char* name, double size) {
  const auto free_bytes = static_cast<int64_t>(emscripten_get_heap_max()) - static_cast<int64_t>(mallinfo().uordblks);
  const Status fits = check_room(name, static_cast<int64_t>(std::min(size, 1e15)), free_bytes);
  if (fits) return give("");
  if (!page().headless) page().app->studio().report(fits.error());
  return give(fits.error().message());
}

// Room for bytes that one of the functions below takes.
EMSCRIPTEN_KEEPALIVE void* npu_allocate(size_t size) {
  auto bytes = std::make_shared<std::vector<std::byte>>(size);
  if (size == 0) bytes->reserve(1);
  void* const at = bytes->data();
  page().given[at] = std::move(bytes);
  return at;
}

// --- the page ---
EMSCRIPTEN_KEEPALIVE void npu_awake() {
  page().platform.waking = false;
  page().app->catch_up();
  npu_js_changed();
}
// Whether input waits for another frame.
EMSCRIPTEN_KEEPALIVE int npu_frame() {
  page().platform.window->take_input(0, {});
  page().platform.window->draw(*page().app);
  ++page().frames;
  return page().platform.window->input_waits();
}
EMSCRIPTEN_KEEPALIVE int npu_frame_count() { return page().frames; }
EMSCRIPTEN_KEEPALIVE int npu_wants_text() { return ImGui::GetIO().WantTextInput; }
// Text comes after the keys that were pressed before it, also when no frame was drawn in between.
EMSCRIPTEN_KEEPALIVE void npu_type(const char* text) {
  page().platform.window->take_input(0, {});
  ImGui::GetIO().AddInputCharactersUTF8(text);
}
EMSCRIPTEN_KEEPALIVE void npu_turn_wheel(float turns) {
  page().platform.window->take_input(0, {});
  ImGui::GetIO().AddMouseWheelEvent(0, turns);
}
// Text fields take it as what the clipboard holds when Ctrl+V is pressed, whoever pasted it.
EMSCRIPTEN_KEEPALIVE void npu_paste(const char* text) {
  page().platform.window->take_input(0, {});
  page().pasted = text;
  ImGuiIO& io = ImGui::GetIO();
  const bool held = io.KeyCtrl;
  io.AddKeyEvent(ImGuiMod_Ctrl, true);
  io.AddKeyEvent(ImGuiKey_V, true);
  io.AddKeyEvent(ImGuiKey_V, false);
  if (!held) io.AddKeyEvent(ImGuiMod_Ctrl, false);
}
EMSCRIPTEN_KEEPALIVE void npu_set_link(const char* link) { page().app->set_link(link); }
EMSCRIPTEN_KEEPALIVE void npu_open_file(const char* name, void* data) { page().app->open_file(name, take(data)); }
EMSCRIPTEN_KEEPALIVE void npu_give_kept_file(const char* key, const char* name, void* data) {
  page().app->give_kept_file(key, name, data ? take(data) : nullptr);
}
EMSCRIPTEN_KEEPALIVE void npu_set_font(void* data) { page().app->set_cjk_font(take(data)); }
// What npu_js_keep_progress was given on an earlier visit.
EMSCRIPTEN_KEEPALIVE void npu_load_progress(const char* text) { page().app->load_progress(text); }
// One thing that npu_js_keep_terminal was given on an earlier visit; all of them come before npu_restore_terminal.
EMSCRIPTEN_KEEPALIVE void npu_add_terminal_file(const char* path, int kind, void* data) {
  SharedBytes bytes = take(data);
  if (kind < 0 || kind > 2) return;
  const FileKind given = kTerminalKinds[kind];
  page().terminal.push_back({path, given, given == FileKind::File ? std::move(bytes) : nullptr});
}
EMSCRIPTEN_KEEPALIVE void npu_restore_terminal(const char* history) { page().app->restore_terminal(std::exchange(page().terminal, {}), history); }
// A problem that the page met.
EMSCRIPTEN_KEEPALIVE void npu_report(const char* where, const char* what) {
  page().app->studio().report({ErrorKind::InvalidArgument, where, what});
}
EMSCRIPTEN_KEEPALIVE void npu_context_restored() {
  page().platform.window->recreate_device_objects();
  page().app->forget_textures();
}
// The files that came with the page and were read so far, as a list.
EMSCRIPTEN_KEEPALIVE const char* npu_assets() {
  const std::lock_guard lock(page().platform.mutex);
  return give(Json(page().platform.assets).dump());
}
EMSCRIPTEN_KEEPALIVE const char* npu_marks() { return give(page().app->marks().json()); }
EMSCRIPTEN_KEEPALIVE const char* npu_mirror() { return give(page().app->mirror()); }

// --- scripts: each returns the revision whose mirror answers it ---
EMSCRIPTEN_KEEPALIVE double npu_open(const char* name, void* data) {
  auto bytes = take(data);
  want(Goal::Loaded);
  return static_cast<double>(page().app->studio().open_model(name, std::move(bytes)));
}
EMSCRIPTEN_KEEPALIVE double npu_open_sample(const char* name) {
  want(Goal::Loaded);
  return static_cast<double>(page().app->studio().open_sample(name, 0));
}
EMSCRIPTEN_KEEPALIVE double npu_close() { return static_cast<double>(page().app->studio().close_model()); }
EMSCRIPTEN_KEEPALIVE double npu_open_picture(const char* name, void* data) {
  auto bytes = take(data);
  return static_cast<double>(page().app->studio().open_picture(name, std::move(bytes)));
}
// {"chip":"Ascend310","threads":2,"disable":["fuse-bias"],"shapes":{"input":[1,3,224,224]},"gear":0,
// "options":{"precision_mode":"force_fp16"},"files":{"aipp.cfg":"aipp_op { ... }"},"int8":"ifmr"}, every part optional.
EMSCRIPTEN_KEEPALIVE double npu_compile(const char* options) {
  const Json json = Json::parse(options, nullptr, false);
  return static_cast<double>(page().app->studio().change([&](Request& request) {
    want(request, Goal::Compiled);
    if (!json.is_object()) return;
    try {
      request.chip = json.value("chip", request.chip);
      request.threads = std::clamp(json.value("threads", request.threads), 1, 16);
      if (json.contains("disable")) request.disabled_passes = json.at("disable").get<std::set<std::string, std::less<>>>();
      if (json.contains("gear")) request.gear = json.at("gear").get<size_t>(), request.inputs.clear();
      if (json.contains("options")) request.atc.options = json.at("options").get<atc::GivenOptions>();
      if (json.contains("files")) request.atc.files = json.at("files").get<std::map<std::string, std::string, std::less<>>>();
      if (json.contains("int8")) request.quantize = quantize_settings_from_text(json.at("int8").get<std::string>());
      if (json.contains("shapes")) request.input_shapes = json.at("shapes").get<std::map<std::string, Shape, std::less<>>>();
    } catch (const Json::exception&) {
      // npu.js builds the text: what it gives is well formed, other values are left as they were
    }
  }));
}
// Begins a search for faster schedules, whose state is in the mirror; 0 where there is nothing to tune or a search is running.
EMSCRIPTEN_KEEPALIVE int npu_tune(int trials, double seconds) { return page().app->studio().tune({std::max(trials, 1), std::max(seconds, 0.0)}); }
EMSCRIPTEN_KEEPALIVE void npu_stop_tuning() { page().app->studio().stop_tuning(); }
// Gives one input; npu_run uses them all once.
EMSCRIPTEN_KEEPALIVE const char* npu_add_input(const char* name, const char* dtype, const char* shape, void* data) {
  const SharedBytes bytes = take(data);
  const auto size = static_cast<int64_t>(bytes->size());
  const auto type = dtype_from_name(dtype);
  const Json json = Json::parse(shape, nullptr, false);
  if (!type || *type == DType::Undefined) return give(fmt::format("input '{}': unknown dtype '{}'", name, dtype));
  if (!json.is_array() || !std::ranges::all_of(json, [](const Json& d) { return d.is_number_integer(); }))
    return give(fmt::format("input '{}': the shape is no list of integers", name));
  const Shape dims = json.get<Shape>();
  const auto count = checked_element_count(dims, name);
  if (!count || *count * static_cast<int64_t>(dtype_size(*type)) != size)
    return give(fmt::format("input '{}': shape {} of {} does not take {} bytes", name, to_string(dims), dtype, size));
  page().inputs[name] = Tensor::view(*type, dims, *bytes, bytes);
  return "";
}
EMSCRIPTEN_KEEPALIVE double npu_run() {
  page().app->studio().change([&](Request& request) { request.inputs = std::exchange(page().inputs, {}); });
  return static_cast<double>(page().app->studio().run_again());
}
EMSCRIPTEN_KEEPALIVE double npu_profile() {
  return static_cast<double>(page().app->studio().change([](Request& request) { want(request, Goal::Timed); }));
}
// The addresses in it are valid until the next call that changes the model or runs it.
EMSCRIPTEN_KEEPALIVE const char* npu_outputs() {
  const SnapshotPtr snapshot = page().app->studio().snapshot();
  return give(snapshot->run ? describe_outputs(*snapshot->run).dump() : "[]");
}
EMSCRIPTEN_KEEPALIVE const char* npu_tasks() {
  const SnapshotPtr snapshot = page().app->studio().snapshot();
  return give(snapshot->profile ? describe_tasks(*snapshot->profile).dump() : "[]");
}
EMSCRIPTEN_KEEPALIVE void npu_cancel() { page().app->studio().cancel(); }

}  // extern "C"
