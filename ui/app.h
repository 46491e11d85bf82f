// SPDX-License-Identifier: Apache-2.0
// The application: settings, studio and workspace, and what the platform below it must provide.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ui/chip/chip_session.h"
#include "ui/studio/history.h"
#include "ui/studio/studio.h"
#include "ui/terminal/keeper.h"
#include "ui/terminal/terminal.h"
#include "ui/workspace.h"

namespace npu::ui {

// The services of a browser page or a native window. All but read_asset and wake are called from the UI thread.
class Platform {
 public:
  virtual ~Platform() = default;

  // A file that comes with the application ("samples/digits/digits.onnx"). Called from the worker, may block.
  virtual Result<OwnedBytes> read_asset(const std::string& path) = 0;
  // There is something new to draw. Called from any thread.
  virtual void wake() = 0;

  // These answer later through App::open_file and App::set_cjk_font.
  virtual void ask_for_file() = 0;
  virtual void request_cjk_font() = 0;

  // Keeps a file the user opened under its key (see key_of), beyond this session where the platform can.
  virtual void keep_file(const std::string& key, const std::string& name, const SharedBytes& bytes) = 0;
  // The files that are kept, and this link, as one archive to save; opening it brings them back. Where there is one.
  virtual bool exports_sessions() const { return false; }
  virtual void export_session(const std::string& link) { (void)link; }
  // Answers through App::give_kept_file, without bytes when there is no such file.
  virtual void ask_for_kept_file(const std::string& key) = 0;

  virtual void save_file(const std::string& name, Bytes bytes) = 0;
  virtual void copy_text(const std::string& text) = 0;
  // Copies the address of what is shown; `link` is its part after '#'.
  virtual void copy_link(const std::string& link) = 0;
  // Of the live page with the state of this link.
  virtual std::string address(const std::string& link) const { return "#" + link; }
  // A page that comes with the application ("residuals.html"), for reading.
  virtual void open_page(const std::string& name) = 0;
  virtual void settings_changed(const Settings& settings, const std::string& link) = 0;
  // What was learnt so far, to be kept and given to App::load_progress next time.
  virtual void progress_changed(const std::string& text) { (void)text; }
  // Files and inputs of the terminal, to be kept and given to App::restore_terminal next time.
  virtual void keep_terminal(const terminal::Keeper::News& news) { (void)news; }
  virtual ImTextureID upload_picture(const Picture& picture) = 0;
};

class App {
 public:
  // `defaults` is what a link without a part of the settings means; needs ImGui's context only once a frame is drawn.
  App(Platform& platform, Settings defaults, std::string_view link);

  // Opens the sample of the settings: what happens on load with no click.
  void start();

  // Before ImGui::NewFrame: fonts and style. Between it and ImGui::Render: everything visible.
  void prepare_frame();
  void draw();
  // The studio has something new: what a finished step means for the settings.
  void catch_up();
  // The graphics context was lost: textures have to be made again.
  void forget_textures();

  void open_file(std::string name, SharedBytes bytes);
  void give_kept_file(const std::string& key, std::string name, SharedBytes bytes);
  void set_cjk_font(SharedBytes bytes);
  void set_link(std::string_view link);
  // What a panel asked for.
  void handle(const Command& command);
  // A text of Platform::progress_changed; what is none is reported and changes nothing.
  void load_progress(const std::string& text);
  // What Platform::keep_terminal was given on earlier visits.
  void restore_terminal(std::vector<FileChange> changes, std::string history);

  Studio& studio() { return studio_; }
  terminal::Terminal& terminal() { return terminal_; }
  const Learn& learn() const { return learn_; }
  ChipSession& chip() { return chip_; }
  const Settings& settings() const { return settings_; }
  std::string mirror() const;
  const Marks& marks() const { return marks_; }

 private:
  // A file that is being loaded: it becomes part of the settings once it turned out to be what it should be.
  struct Opened {
    uint64_t revision = 0;
    std::string name;
    SharedBytes bytes;
    Source model;  // with both files of Caffe's two
    bool picture = false;
    bool from_terminal = false;
  };

  void apply(const Settings& wanted);
  // Brings studio and platform in line with the settings.
  void follow(const Settings& wanted);
  void ask_for_files(const Settings& old, const Settings& wanted);
  void open(std::string name, SharedBytes bytes, bool from_terminal);
  void grant_terminal();
  void keep_terminal();
  void make_report();
  void give_report();
  std::string keep(const Opened& opened);
  void open_kept_model();
  void use_tuning(const Snapshot& now);
  void save(SaveKind kind);
  void load_fonts();
  void load_course();
  // Brings the lesson up to what the studio has made.
  void update_learning();
  // The run that the Chip room looks at is of what was answered last.
  void update_chip(const Snapshot& now);
  // Chinese only once its characters can be drawn.
  Language shown_language() const;

  Platform& platform_;
  const Settings defaults_;
  Settings settings_;
  Learn learn_;
  std::mutex course_mutex_;                         // of what the worker hands over
  std::optional<std::string> report_;
  std::optional<Result<Course>> fetched_course_;
  bool course_requested_ = false;
  Studio studio_;
  terminal::Terminal terminal_;
  ChipSession chip_;
  terminal::Keeper keeper_;
  std::map<std::string, std::pair<std::string, SharedBytes>> kept_parts_;  // of a model that is coming back, by key
  Workspace workspace_;
  History<Settings> history_{100};
  std::optional<Opened> opened_;
  Marks marks_;
  Theme theme_;
  uint64_t tuned_ = 0;  // the last search whose end was seen
  bool theme_current_ = false;
  bool fonts_current_ = false;
  bool font_requested_ = false;
  SharedBytes cjk_font_;
  ImTextureID picture_ = 0;
  std::shared_ptr<const Picture> uploaded_;
};

}  // namespace npu::ui
