// SPDX-License-Identifier: Apache-2.0
#include "ui/studio/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/hash.h"
#include "ui/chip/breakpoints.h"

namespace npu::ui {
namespace {

template <class T, size_t N>
using Names = std::array<std::pair<std::string_view, T>, N>;

constexpr Names<Language, 2> kLanguages{{{"en", Language::English}, {"zh", Language::Chinese}}};
constexpr Names<bool, 2> kThemes{{{"light", false}, {"dark", true}}};
constexpr Names<Tab, 8> kTabs{{{"home", Tab::Home},
                               {"overview", Tab::Overview},
                               {"model", Tab::Model},
                               {"compile", Tab::Compile},
                               {"run", Tab::Run},
                               {"chip", Tab::Chip},
                               {"profile", Tab::Profile},
                               {"learn", Tab::Learn}}};
constexpr Names<CompileView, 5> kCompileViews{{{"passes", CompileView::Passes},
                                               {"reasons", CompileView::Reasons},
                                               {"options", CompileView::Options},
                                               {"tune", CompileView::Tune},
                                               {"int8", CompileView::Quantize}}};
constexpr Names<ProfileView, 11> kProfileViews{{{"tasks", ProfileView::Tasks},
                                                {"op-summary", ProfileView::OpSummary},
                                                {"roofline", ProfileView::Roofline},
                                                {"bottlenecks", ProfileView::Bottlenecks},
                                                {"compare", ProfileView::Compare},
                                                {"provenance", ProfileView::Provenance},
                                                {"usage", ProfileView::Usage},
                                                {"memory", ProfileView::Memory},
                                                {"disassembly", ProfileView::Disassembly},
                                                {"manual", ProfileView::Manual},
                                                {"accuracy", ProfileView::Accuracy}}};

constexpr int kMostThreads = 64;
constexpr int kMostTasks = 1'000'000;
constexpr size_t kLongestName = 512;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == ',';
}

std::string escape(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
  return out;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

template <class T, size_t N>
std::string name_of(const Names<T, N>& names, T value) {
  for (const auto& [name, candidate] : names)
    if (candidate == value) return std::string(name);
  return {};
}

template <class T, size_t N>
void set_by_name(const Names<T, N>& names, std::string_view name, T& out) {
  for (const auto& [candidate, value] : names)
    if (candidate == name) out = value;
}

void set_number(std::string_view text, int low, int high, int& out) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size() && value >= low && value <= high) out = value;
}

bool is_key(std::string_view text) {
  return text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void set_key(std::string_view text, std::string& out) {
  if (text.empty() || is_key(text)) out = text;
}

void set_keys(std::string_view text, std::string& out) {
  const auto keys = keys_in(text);
  if (keys.size() <= 2 && std::ranges::all_of(keys, [](const std::string& key) { return is_key(key); })) out = text;
}

std::string join(const std::set<std::string, std::less<>>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ",") + item;
  return out;
}

std::set<std::string, std::less<>> split(std::string_view text) {
  std::set<std::string, std::less<>> out;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    if (!item.empty()) out.emplace(item);
    text.remove_prefix(std::min(text.size(), item.size() + 1));
  }
  return out;
}

// Options as words of a command line.
std::string option_words(const AtcSettings& settings) {
  std::vector<std::string> words;
  for (const auto& [name, value] : settings.options) words.push_back("--" + name + "=" + value);
  return words.empty() ? std::string() : command_text(words).substr(std::string_view("atc ").size());
}

void set_options(std::string_view text, AtcSettings& settings) {
  const auto words = shell_words(text);
  if (!words) return;
  const auto given = atc::read_arguments(*words);
  if (!given) return;
  settings.options.clear();
  for (const atc::OptionInfo* option : form_options())
    if (const auto found = given->find(option->name); found != given->end()) settings.options.insert(*found);
}

constexpr size_t kLongestFiles = 6000;  // characters of all files; longer ones have no place in a link

std::string files_text(const AtcSettings& settings) {
  if (settings.files.empty()) return {};
  std::string text = nlohmann::json(settings.files).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return text.size() > kLongestFiles ? std::string() : text;
}

void set_files(std::string_view text, AtcSettings& settings) {
  if (text.empty()) return settings.files.clear();
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !std::ranges::all_of(json, [](const auto& value) { return value.is_string(); })) return;
  settings.files.clear();
  for (const auto& [name, value] : json.items()) settings.files[name] = value.template get<std::string>();
}

// One row for each part of the settings that a link carries.
struct Row {
  std::string_view key;
  std::string (*get)(const Settings&);
  void (*set)(Settings&, const std::string&);
};

constexpr Row kRows[] = {
    {"sample", [](const Settings& s) { return s.sample; }, [](Settings& s, const std::string& v) { s.sample = v; }},
    {"model", [](const Settings& s) { return s.model; }, [](Settings& s, const std::string& v) { set_keys(v, s.model); }},
    {"image", [](const Settings& s) { return std::to_string(s.image); },
     [](Settings& s, const std::string& v) { set_number(v, 0, 1000, s.image); }},
    {"picture", [](const Settings& s) { return s.picture; }, [](Settings& s, const std::string& v) { set_key(v, s.picture); }},
    {"preprocess", [](const Settings& s) { return s.preprocess ? to_text(*s.preprocess) : std::string(); },
     [](Settings& s, const std::string& v) { s.preprocess = preprocess_from_text(v); }},
    {"gear", [](const Settings& s) { return std::to_string(s.gear); },
     [](Settings& s, const std::string& v) { set_number(v, 0, 1000, s.gear); }},
    {"chip", [](const Settings& s) { return s.chip; }, [](Settings& s, const std::string& v) { s.chip = v; }},
    {"threads", [](const Settings& s) { return std::to_string(s.threads); },
     [](Settings& s, const std::string& v) { set_number(v, 1, kMostThreads, s.threads); }},
    {"lang", [](const Settings& s) { return name_of(kLanguages, s.language); },
     [](Settings& s, const std::string& v) { set_by_name(kLanguages, v, s.language); }},
    {"theme", [](const Settings& s) { return name_of(kThemes, s.dark); },
     [](Settings& s, const std::string& v) { set_by_name(kThemes, v, s.dark); }},
    {"motion", [](const Settings& s) { return std::string(s.calm ? "calm" : "full"); },
     [](Settings& s, const std::string& v) { s.calm = v == "calm"; }},
    {"tab", [](const Settings& s) { return name_of(kTabs, s.tab); },
     [](Settings& s, const std::string& v) { set_by_name(kTabs, v, s.tab); }},
    {"terminal", [](const Settings& s) { return std::string(s.terminal ? "1" : "0"); },
     [](Settings& s, const std::string& v) { s.terminal = v == "1"; }},
    {"compile", [](const Settings& s) { return name_of(kCompileViews, s.compile_view); },
     [](Settings& s, const std::string& v) { set_by_name(kCompileViews, v, s.compile_view); }},
    {"change", [](const Settings& s) { return std::string(s.change_as_text ? "text" : "graph"); },
     [](Settings& s, const std::string& v) { s.change_as_text = v == "text"; }},
    {"view", [](const Settings& s) { return name_of(kProfileViews, s.profile_view); },
     [](Settings& s, const std::string& v) { set_by_name(kProfileViews, v, s.profile_view); }},
    {"pass", [](const Settings& s) { return s.pass; }, [](Settings& s, const std::string& v) { s.pass = v; }},
    {"node", [](const Settings& s) { return s.node; },
     [](Settings& s, const std::string& v) { if (v.size() <= kLongestName) s.node = v; }},
    {"task", [](const Settings& s) { return std::to_string(s.task); },
     [](Settings& s, const std::string& v) { set_number(v, -1, kMostTasks, s.task); }},
    {"at", [](const Settings& s) { return s.chip_place; },
     [](Settings& s, const std::string& v) { if (v.empty() || place_from_key(v)) s.chip_place = v; }},
    {"break", [](const Settings& s) { return s.chip_breaks; },
     [](Settings& s, const std::string& v) { s.chip_breaks = to_text(breakpoints_from_text(v)); }},
    {"output", [](const Settings& s) { return std::to_string(s.output); },
     [](Settings& s, const std::string& v) { set_number(v, 0, 1000, s.output); }},
    {"element", [](const Settings& s) { return std::to_string(s.element); },
     [](Settings& s, const std::string& v) { set_number(v, -1, INT_MAX, s.element); }},
    {"off", [](const Settings& s) { return join(s.disabled_passes); },
     [](Settings& s, const std::string& v) { s.disabled_passes = split(v); }},
    {"atc", [](const Settings& s) { return option_words(s.atc); },
     [](Settings& s, const std::string& v) { set_options(v, s.atc); }},
    {"files", [](const Settings& s) { return files_text(s.atc); },
     [](Settings& s, const std::string& v) { set_files(v, s.atc); }},
    {"int8", [](const Settings& s) { return s.quantize ? to_text(*s.quantize) : std::string(); },
     [](Settings& s, const std::string& v) { s.quantize = quantize_settings_from_text(v); }},
    {"lesson", [](const Settings& s) { return s.lesson; }, [](Settings& s, const std::string& v) { s.lesson = v; }},
};

}  // namespace

std::string key_of(Bytes bytes) { return fmt::format("{:016x}", hash_bytes(bytes)); }

std::vector<std::string> keys_in(std::string_view model) {
  std::vector<std::string> keys;
  while (!model.empty()) {
    const size_t end = std::min(model.find('-'), model.size());
    keys.emplace_back(model.substr(0, end));
    model.remove_prefix(std::min(model.size(), end + 1));
  }
  return keys;
}

Settings with_view_of(Settings state, const Settings& now) {
  state.language = now.language, state.dark = now.dark, state.calm = now.calm;
  state.lesson = now.lesson, state.tab = now.tab, state.terminal = now.terminal;
  state.compile_view = now.compile_view, state.profile_view = now.profile_view, state.pass = now.pass, state.change_as_text = now.change_as_text;
  return state;
}

bool changes_content(const Settings& a, const Settings& b) {
  Settings seen_alike = with_view_of(a, b);
  seen_alike.task = b.task, seen_alike.node = b.node;
  seen_alike.chip_place = b.chip_place, seen_alike.chip_breaks = b.chip_breaks;
  seen_alike.output = b.output, seen_alike.element = b.element;
  return seen_alike != b;
}

std::string to_link(const Settings& settings, const Settings& defaults) {
  std::string link;
  for (const Row& row : kRows) {
    const std::string value = row.get(settings);
    if (value == row.get(defaults)) continue;
    link += (link.empty() ? "" : "&") + std::string(row.key) + "=" + escape(value);
  }
  return link;
}

Settings from_link(std::string_view link, const Settings& defaults) {
  Settings settings = defaults;
  if (!link.empty() && link.front() == '#') link.remove_prefix(1);
  while (!link.empty()) {
    const std::string_view item = link.substr(0, link.find('&'));
    const size_t equals = item.find('=');
    if (equals != std::string_view::npos)
      for (const Row& row : kRows)
        if (row.key == item.substr(0, equals)) row.set(settings, unescape(item.substr(equals + 1)));
    link.remove_prefix(std::min(link.size(), item.size() + 1));
  }
  return settings;
}

}  // namespace npu::ui
