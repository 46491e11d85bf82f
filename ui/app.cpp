// SPDX-License-Identifier: Apache-2.0
#include "ui/app.h"

#include <algorithm>
#include <chrono>
#include <tuple>

#include <fmt/format.h>

#include "core/model_file/model_file.h"
#include "core/soc/soc.h"
#include "ui/exports.h"
#include "ui/fonts/fonts.h"
#include "ui/mirror.h"
#include "ui/report.h"
#include "ui/studio/stages.h"
#include "ui/touch_scroll.h"
#include "ui/terminal/home.h"

namespace npu::ui {
namespace {

constexpr float kCompactWidth = 760;  // CSS pixels; below it there is one column
constexpr size_t kLongestOptionFile = 1 << 20;  // bytes of a text that an option of atc names

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

// A link may name a sample or chip that does not exist.
Settings checked(Settings settings, const Settings& defaults) {
  if (!settings.sample.empty() && !find_sample(settings.sample)) settings.sample = defaults.sample;
  if (!find_soc(settings.chip)) settings.chip = defaults.chip;
  return settings;
}

std::string today() {
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

void compile_as(const Settings& settings, Request& request) {
  request.chip = settings.chip;
  request.threads = settings.threads;
  request.disabled_passes = settings.disabled_passes;
  request.atc = settings.atc;
  request.quantize = settings.quantize;
  request.gear = static_cast<size_t>(settings.gear);
  request.preprocess = settings.preprocess;
}

// A sample by its name, or the user's file by its key.
void choose_model(Settings& settings, const std::string& sample, const std::string& key) {
  settings.sample = sample;
  settings.model = key;
  settings.image = 0, settings.gear = 0, settings.task = -1, settings.output = 0, settings.element = -1, settings.node.clear();
  settings.chip_place.clear(), settings.chip_breaks.clear();
  settings.preprocess.reset();
  // They are about the model before: its inputs, its nodes.
  settings.atc = {};
  settings.quantize.reset();
}

// Files stay: a command line names them and does not hold them.
void set_command(const PastedCommand& command, Settings& settings) {
  settings.atc.options = command.settings.options;
  settings.disabled_passes = command.disabled;
  if (!command.chip.empty()) settings.chip = command.chip;
}

constexpr std::string_view kAippOption = "insert_op_conf";
constexpr const char* kAippFile = "aipp.cfg";

void switch_aipp(bool on, const Preprocess& now, Settings& settings) {
  AtcSettings& atc = settings.atc;
  if (on) {
    atc.options[std::string(kAippOption)] = kAippFile;
    atc.files[kAippFile] = aipp_config(settings.preprocess.value_or(now));
  } else if (const auto given = atc.options.find(kAippOption); given != atc.options.end()) {
    atc.files.erase(given->second);
    atc.options.erase(given);
  }
}

// AIPP follows as long as its file is the one that does the preprocessing of `now`.
void change_preprocess(const Preprocess& wanted, const Preprocess& now, Settings& settings) {
  const auto given = settings.atc.options.find(kAippOption);
  const auto file = given == settings.atc.options.end() ? settings.atc.files.end() : settings.atc.files.find(given->second);
  if (file != settings.atc.files.end() && file->second == aipp_config(settings.preprocess.value_or(now))) file->second = aipp_config(wanted);
  settings.preprocess = wanted;
}

// A file that an option of atc names: it becomes that option's.
bool set_option_file(const std::string& name, Bytes bytes, Settings& settings) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool is_text = bytes.size() <= kLongestOptionFile && text.find('\0') == std::string_view::npos && kind_of_model(bytes) == ModelKind::Unknown;
  const std::string_view option = is_text ? option_of_file(text) : "";
  const bool named = std::ranges::any_of(settings.atc.options, [&](const auto& given) { return given.second == name; });
  if (option.empty() && !(is_text && named)) return false;
  if (!named) settings.atc.options[std::string(option)] = name;
  settings.atc.files[name] = text;
  return true;
}

}  // namespace

App::App(Platform& platform, Settings defaults, std::string_view link)
    : platform_(platform),
      defaults_(std::move(defaults)),
      settings_(checked(from_link(link, defaults_), defaults_)),
      learn_([&platform](const std::string& text) { platform.progress_changed(text); }, today),
      studio_([&platform] { platform.wake(); },
              [&platform](const std::string& file) { return platform.read_asset("samples/" + file); }),
      terminal_([&platform] { platform.wake(); },
                [&platform](MemoryFiles& files) { terminal::fill_home(files, terminal::kHome, [&platform](const std::string& file) { return platform.read_asset("samples/" + file); }); }),
      chip_([&platform] { platform.wake(); }) {}

void App::load_course() {
  if (std::exchange(course_requested_, true)) return;
  studio_.post([this] {
    auto course = ui::load_course([this](const std::string& file) { return platform_.read_asset("samples/" + file); });
    {
      const std::lock_guard lock(course_mutex_);
      fetched_course_ = std::move(course);
    }
    platform_.wake();
  });
}

void App::update_learning() {
  if (!settings_.lesson.empty()) load_course();
  {
    const std::lock_guard lock(course_mutex_);
    if (fetched_course_ && *fetched_course_) learn_.set_course(std::make_shared<Course>(std::move(**fetched_course_)));
    if (fetched_course_ && !*fetched_course_) studio_.report(fetched_course_->error());
    fetched_course_.reset();
  }
  const SnapshotPtr snapshot = studio_.snapshot();
  if (studio_.is_current(*snapshot)) learn_.update({*snapshot, settings_});
}

void App::update_chip(const Snapshot& now) {
  const ChipStatePtr chip = chip_.state();
  if (chip->model && (!now.compile || now.compile->model != chip->model)) return chip_.close();
  if (settings_.tab != Tab::Chip || now.busy() || !now.compile || !now.compile->model || !now.run || !now.run->inputs) return;
  if (chip->model) chip_.open(now.compile->model, now.run->inputs, chip->moment ? std::optional(chip->moment->place) : place_from_key(settings_.chip_place));
  else chip_.open(now.compile->model, now.run->inputs, place_from_key(settings_.chip_place));
}

void App::load_progress(const std::string& text) {
  if (const Status status = learn_.load(text); !status) studio_.report(status.error());
}

void App::start() {
  learn_.open(settings_.lesson);
  studio_.change([this](Request& request) {
    if (settings_.model.empty()) request.choose_source(settings_.sample, nullptr);
    request.choose_picture("", nullptr, settings_.image);
    compile_as(settings_, request);
  });
  ask_for_files(Settings{}, settings_);
  platform_.settings_changed(settings_, to_link(settings_, defaults_));
}

Language App::shown_language() const {
  return settings_.language == Language::Chinese && !cjk_font_ ? Language::English : settings_.language;
}

std::string App::mirror() const { return mirror_json(*studio_.snapshot(), settings_, &learn_, chip_.state().get()); }

void App::prepare_frame() {
  if (settings_.language == Language::Chinese && !cjk_font_ && !font_requested_) {
    font_requested_ = true;
    platform_.request_cjk_font();
  }
  const bool touch = ImGui::GetIO().DisplaySize.x < kCompactWidth || ImGui::GetIO().MouseSource == ImGuiMouseSource_TouchScreen;
  if (!fonts_current_) load_fonts();
  if (theme_current_ && theme_.touch == touch) return;
  const Theme fonts = theme_;
  theme_ = make_theme(settings_.dark, touch);
  theme_.body = fonts.body, theme_.strong = fonts.strong, theme_.mono = fonts.mono;
  apply_theme(theme_);
  theme_current_ = true;
}

void App::load_fonts() {
  const FontSet fonts = ui::load_fonts(*ImGui::GetIO().Fonts, cjk_font_ ? Bytes(*cjk_font_) : Bytes());
  theme_.body = fonts.body, theme_.strong = fonts.strong, theme_.mono = fonts.mono;
  fonts_current_ = true;
}

void App::set_cjk_font(SharedBytes bytes) {
  cjk_font_ = std::move(bytes);
  fonts_current_ = false;
  platform_.wake();
}

void App::forget_textures() {
  uploaded_.reset();
  picture_ = 0;
}

// A search that has found schedules is used by compiles from then on.
void App::use_tuning(const Snapshot& now) {
  if (!now.tune || now.tune->running || now.tune->id == tuned_) return;
  tuned_ = now.tune->id;
  if (now.tune->error || now.tune->trials == 0) return;
  Settings wanted = settings_;
  wanted.atc.options.emplace("op_bank_path", "bank");
  if (wanted == settings_) studio_.change([](Request&) {});  // the bank has grown
  apply(wanted);
}

void App::draw() {
  catch_up();
  const SnapshotPtr snapshot = studio_.snapshot();
  update_chip(*snapshot);
  use_tuning(*snapshot);  // not in catch_up(): a script without a page decides for itself
  if (snapshot->picture != uploaded_) {
    uploaded_ = snapshot->picture;
    picture_ = uploaded_ ? platform_.upload_picture(*uploaded_) : 0;
  }
  Settings shown = settings_;
  shown.language = shown_language();
  View view{*snapshot, shown, theme_, ImGui::GetIO().DisplaySize.x < kCompactWidth, picture_, history_.can_undo(), history_.can_redo(), platform_.exports_sessions(), &marks_, &terminal_, &learn_, &chip_};
  marks_.clear();
  terminal_.set_environment({shown.chip, shown.threads, shown.language});
  view.wake = [platform = &platform_] { platform->wake(); };
  Commands commands;
  scroll_by_touch();
  workspace_.draw(view, commands);
  for (const Command& command : commands.take()) handle(command);
  grant_terminal();
}

// What commands typed into the terminal asked of the page.
void App::grant_terminal() {
  for (terminal::Wish& wish : terminal_.take_wishes()) {
    if (wish.kind == terminal::Wish::Kind::Open) open(std::move(wish.name), std::move(wish.bytes), true);
    if (wish.kind == terminal::Wish::Kind::Download) platform_.save_file(wish.name, *wish.bytes);
  }
}

void App::open_file(std::string name, SharedBytes bytes) {
  if (Settings wanted = settings_; set_option_file(name, *bytes, wanted)) return apply(wanted);
  open(std::move(name), std::move(bytes), false);
}

void App::open(std::string name, SharedBytes bytes, bool from_terminal) {
  const bool picture = is_picture(*bytes);
  Opened opened{.name = name, .bytes = bytes, .picture = picture, .from_terminal = from_terminal};
  opened.revision = studio_.change([&](Request& request) {
    if (picture) return request.choose_picture(std::move(name), std::move(bytes), 0);
    request.choose_model(std::move(name), std::move(bytes));
    opened.model = request.source;
    // The user's picture stays, a sample's goes with its sample.
    if (settings_.picture.empty()) request.choose_picture("", nullptr, 0);
  });
  opened_ = std::move(opened);
}

// The key or keys under which it is kept.
std::string App::keep(const Opened& opened) {
  const auto keep_one = [&](const std::string& name, const SharedBytes& bytes) {
    std::string key = key_of(*bytes);
    platform_.keep_file(key, name, bytes);
    return key;
  };
  if (!opened.model.weights) return keep_one(opened.name, opened.bytes);
  const std::string network = keep_one(opened.model.name, opened.model.bytes);
  return network + "-" + keep_one(opened.model.weights_name, opened.model.weights);
}

// Once its command is done.
void App::keep_terminal() {
  if (terminal_.busy()) return;
  const terminal::Keeper::News news = keeper_.take(terminal_.files(), terminal_.history());
  if (news.empty()) return;
  for (const std::string& path : news.left_out) terminal_.warn(format(shown_language(), Str::TerminalNotKept, path, terminal::Keeper::kMostBytes >> 20));
  platform_.keep_terminal(news);
}

// On the worker: the graph has to be laid out.
void App::make_report() {
  studio_.post([this, snapshot = studio_.snapshot(), settings = settings_, address = platform_.address(to_link(settings_, defaults_))] {
    std::string html = report_html(*snapshot, settings, address);
    {
      const std::lock_guard lock(course_mutex_);
      report_ = std::move(html);
    }
    platform_.wake();
  });
}

void App::give_report() {
  std::optional<std::string> made;
  {
    const std::lock_guard lock(course_mutex_);
    made = std::exchange(report_, std::nullopt);
  }
  if (!made) return;
  const SnapshotPtr snapshot = studio_.snapshot();
  const std::string name = snapshot->model ? snapshot->model->name : "npu";
  platform_.save_file(name.substr(0, name.rfind('.')) + ".html", as_byte_view(*made));
}

void App::restore_terminal(std::vector<FileChange> changes, std::string history) {
  keeper_.restored(changes);
  terminal_.restore(std::move(changes), std::move(history));
}

void App::catch_up() {
  update_learning();
  keep_terminal();
  give_report();
  const SnapshotPtr snapshot = studio_.snapshot();
  if (!opened_ || snapshot->busy() || snapshot->revision < opened_->revision) return;
  const Opened opened = *std::exchange(opened_, std::nullopt);
  if (snapshot->error) return;
  const std::string key = keep(opened);
  if (!opened.from_terminal) terminal_.add_file(opened.name, opened.bytes);
  Settings wanted = settings_;
  opened.picture ? void(wanted.picture = key) : choose_model(wanted, "", key);
  if (changes_content(settings_, wanted)) history_.changed(settings_);
  settings_ = wanted;
  platform_.settings_changed(settings_, to_link(settings_, defaults_));
}

void App::give_kept_file(const std::string& key, std::string name, SharedBytes bytes) {
  const bool model = std::ranges::count(keys_in(settings_.model), key) > 0, picture = key == settings_.picture;
  if (!bytes && (model || picture))
    studio_.report({ErrorKind::InvalidArgument, key, "this address names a file of the user that is not kept here: open it, and it continues"});
  if (!bytes) return;
  if (model) {
    kept_parts_[key] = {std::move(name), std::move(bytes)};
    open_kept_model();
  } else if (picture) {
    studio_.open_picture(std::move(name), std::move(bytes));
  }
}

// When all of its files have come.
void App::open_kept_model() {
  const auto keys = keys_in(settings_.model);
  if (!std::ranges::all_of(keys, [&](const std::string& key) { return kept_parts_.contains(key); })) return;
  auto parts = std::exchange(kept_parts_, {});
  auto& [name, bytes] = parts[keys.front()];
  studio_.change([&](Request& request) {
    request.choose_source(std::move(name), std::move(bytes));
    if (keys.size() > 1) std::tie(request.source.weights_name, request.source.weights) = std::move(parts[keys.back()]);
    compile_as(settings_, request);
  });
}

void App::set_link(std::string_view link) { apply(checked(from_link(link, defaults_), defaults_)); }

void App::apply(const Settings& wanted) {
  if (wanted == settings_) return;
  if (changes_content(wanted, settings_)) history_.changed(settings_);
  follow(wanted);
}

void App::follow(const Settings& wanted) {
  const Settings old = std::exchange(settings_, wanted);
  if (wanted.dark != old.dark) theme_current_ = false;
  if (wanted.lesson != old.lesson) learn_.open(wanted.lesson);
  if (const auto place = place_from_key(wanted.chip_place); place && wanted.chip_place != old.chip_place) {
    const ChipStatePtr chip = chip_.state();
    if (chip->model && !(chip->moment && !chip->busy && chip->moment->place == *place)) chip_.go(*place);
  }
  const bool other_code = wanted.chip != old.chip || wanted.threads != old.threads || wanted.disabled_passes != old.disabled_passes ||
                          wanted.atc != old.atc || wanted.quantize != old.quantize || wanted.gear != old.gear || wanted.preprocess != old.preprocess;
  const bool other_sample = wanted.model.empty() && (wanted.sample != old.sample || !old.model.empty());
  const bool other_image = wanted.picture.empty() && (wanted.image != old.image || !old.picture.empty());
  // One change, however much of the link is new: nobody sees an answer to half of it.
  if (other_code || other_sample || other_image) {
    studio_.change([&](Request& request) {
      if (other_sample) request.choose_source(wanted.sample, nullptr);
      if (other_sample || other_image) request.choose_picture("", nullptr, wanted.image);
      if (wanted.gear != old.gear) request.inputs.clear();
      if (other_code) request.goal = Goal::Answered;
      compile_as(wanted, request);
    });
  }
  ask_for_files(old, wanted);
  platform_.settings_changed(settings_, to_link(settings_, defaults_));
  platform_.wake();
}

// The user's own files that `wanted` names and `old` did not.
void App::ask_for_files(const Settings& old, const Settings& wanted) {
  if (wanted.model != old.model) {
    kept_parts_.clear();
    for (const std::string& key : keys_in(wanted.model)) platform_.ask_for_kept_file(key);
  }
  if (!wanted.picture.empty() && wanted.picture != old.picture) platform_.ask_for_kept_file(wanted.picture);
}

void App::handle(const Command& command) {
  Settings s = settings_;
  std::visit(Overloaded{
                 [&](const command::ChooseSample& c) { choose_model(s, c.name, ""), s.picture.clear(); },
                 [&](const command::ChooseImage& c) { s.image = c.index, s.picture.clear(); },
                 [&](const command::ChooseChip& c) { s.chip = c.name; },
                 [&](const command::ChooseGear& c) { s.gear = static_cast<int>(c.index); },
                 [&](const command::ChooseThreads& c) { s.threads = c.count; },
                 [&](const command::ChooseLanguage& c) { s.language = c.language; },
                 [&](const command::ChooseTheme& c) { s.dark = c.dark; },
                 [&](const command::ChooseTab& c) { s.tab = c.tab; },
                 [&](const command::ShowTerminal& c) { s.terminal = c.shown; },
                 [&](const command::ChooseCompileView& c) { s.compile_view = c.view; },
                 [&](const command::ShowChangeAsText& c) { s.change_as_text = c.text; },
                 [&](const command::ChooseProfileView& c) { s.profile_view = c.view; },
                 [&](const command::SelectPass& c) { s.pass = c.name; },
                 [&](const command::SelectTask& c) { s.task = c.task; },
                 [&](const command::SelectElement& c) { s.output = c.output, s.element = c.element; },
                 [&](const command::SelectNode& c) { s.node = c.name; },
                 [&](const command::ShowPlace& c) { s.chip_place = c.key; },
                 [&](const command::SetBreakpoints& c) { s.chip_breaks = c.list; },
                 [&](const command::SwitchPass& c) { c.on ? void(s.disabled_passes.erase(c.name)) : void(s.disabled_passes.insert(c.name)); },
                 [&](const command::SetOptions& c) { s.atc = c.atc; },
                 [&](const command::SetCommand& c) { set_command(c.command, s); },
                 [&](const command::Quantize& c) { s.quantize = c.settings; },
                 [&](const command::Tune& c) { studio_.tune(c.budget); },
                 [&](const command::StopTuning&) { studio_.stop_tuning(); },
                 [&](const command::ChangePreprocess& c) { change_preprocess(c.preprocess, studio_.snapshot()->preprocess, s); },
                 [&](const command::OpenFile&) { platform_.ask_for_file(); },
                 [&](const command::Save& c) { save(c.kind); },
                 [&](const command::CopyLink&) { platform_.copy_link(to_link(settings_, defaults_)); },
                 [&](const command::ExportSession&) { platform_.export_session(to_link(settings_, defaults_)); },
                 [&](const command::SaveReport&) { make_report(); },
                 [&](const command::Undo&) { if (auto state = history_.undo(settings_)) follow(s = with_view_of(*state, settings_)); },
                 [&](const command::Redo&) { if (auto state = history_.redo(settings_)) follow(s = with_view_of(*state, settings_)); },
                 [&](const command::SaveFile& c) { platform_.save_file(c.name, *c.bytes); },
                 [&](const command::Copy& c) { platform_.copy_text(c.text); },
                 [&](const command::OpenPage& c) { platform_.open_page(c.name); },
                 [&](const command::SaveText& c) { platform_.save_file(c.name, as_byte_view(c.text)); },
                 [&](const command::SwitchAipp& c) { switch_aipp(c.on, studio_.snapshot()->preprocess, s); },
                 [&](const command::Evaluate&) { studio_.evaluate(); },
                 [&](const command::OpenLesson& c) { s.lesson = c.name; },
                 [&](const command::ApplyLink& c) {
                   // A sample takes the place of the user's own file.
                   if (c.link.find("sample=") != std::string::npos) choose_model(s, s.sample, ""), s.picture.clear();
                   s = checked(from_link(c.link, s), settings_);
                 },
                 [&](const command::LoadCourse&) { load_course(); },
                 [&](const command::Teach& c) { learn_.act(c.action, {*studio_.snapshot(), settings_}); },
                 [&](const command::Run&) { studio_.run_again(); },
                 [&](const command::Cancel&) { studio_.cancel(); },
                 [&](const command::DismissError&) { studio_.dismiss_error(); },
             },
             command);
  apply(s);
}

void App::save(SaveKind kind) {
  const SnapshotPtr snapshot = studio_.snapshot();
  auto file = export_file(*snapshot, kind);
  if (!file) {
    studio_.report(file.error());
    return;
  }
  platform_.save_file(file->name, file->bytes);
}

}  // namespace npu::ui
