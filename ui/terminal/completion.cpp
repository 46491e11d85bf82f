// SPDX-License-Identifier: Apache-2.0
#include "ui/terminal/completion.h"

#include <algorithm>
#include <utility>

#include "compiler/atc/options.h"
#include "core/isa/manual.h"
#include "core/soc/soc.h"
#include "runtime/npu/npu_program.h"
#include "ui/terminal/shell.h"

namespace npu::terminal {
namespace {

// The command around the cursor: its whole words, and the one that is being typed.
struct Typed {
  std::vector<std::string> words;
  std::string last;
  size_t begin = 0;  // of `last` in the input
  char quote = 0;    // that is open
};

Typed read_typed(std::string_view input) {
  Typed typed;
  bool in_word = false;
  const auto end_word = [&](size_t next) {
    if (in_word) typed.words.push_back(std::exchange(typed.last, {}));
    in_word = false, typed.begin = next;
  };
  for (size_t i = 0; i < input.size(); ++i) {
    const char c = input[i];
    if (typed.quote) {
      if (c == typed.quote) typed.quote = 0;
      else typed.last += c;
      continue;
    }
    if (c == '\\' && i + 1 < input.size()) {
      if (input[++i] != '\n') typed.last += input[i], in_word = true;
      else if (!in_word) typed.begin = i + 1;
    } else if (c == '\'' || c == '"') {
      typed.quote = c, in_word = true;
    } else if (c == ' ' || c == '\t') {
      end_word(i + 1);
    } else if (c == '\n' || c == ';' || c == '|' || c == '&') {
      end_word(i + 1), typed.words.clear();
    } else if (c == '>' || c == '<') {
      end_word(i + 1);
      typed.words.push_back(">");
    } else {
      typed.last += c, in_word = true;
    }
  }
  return typed;
}

// Choices for the end of a word that begins with `fixed`; after: what follows a choice that is the only one.
struct Offer {
  std::string fixed;
  std::vector<std::string> choices;
  std::string after = " ";
};

void keep_matching(Offer& offer, std::string_view typed) {
  std::erase_if(offer.choices, [&](const std::string& choice) { return !choice.starts_with(typed); });
  std::ranges::sort(offer.choices);
  const auto twice = std::ranges::unique(offer.choices);
  offer.choices.erase(twice.begin(), twice.end());
}

Offer offer_files(std::string_view fixed, std::string_view path, const Variables& variables, FileSystem& files) {
  const size_t slash = path.rfind('/');
  const std::string shown(path.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
  std::string folder = shown.empty() ? "." : shown;
  if (folder.starts_with("~/")) folder = expand_text({{Piece::Kind::Plain, folder}}, variables);
  Offer offer{std::string(fixed) + shown, {}, " "};
  const auto entries = files.list(folder);
  if (!entries) return offer;
  for (const FolderEntry& entry : *entries) offer.choices.push_back(entry.name + (entry.kind == FileKind::Folder ? "/" : ""));
  keep_matching(offer, path.substr(shown.size()));
  if (offer.choices.size() == 1 && offer.choices[0].ends_with('/')) offer.after.clear();
  return offer;
}

std::vector<std::string> chip_names() {
  std::vector<std::string> names;
  for (const Soc& soc : all_socs()) names.emplace_back(soc.name);
  return names;
}

std::vector<std::string> split_choices(std::string_view values) {
  std::vector<std::string> choices;
  for (size_t begin = 0; begin <= values.size();) {
    const size_t end = std::min(values.find('|', begin), values.size());
    choices.emplace_back(values.substr(begin, end - begin));
    begin = end + 1;
  }
  return choices;
}

bool is_list_of_choices(std::string_view values) { return values.find('|') != std::string_view::npos && values.find_first_of("; <") == std::string_view::npos; }

// After "--name=" or "--name ".
Offer offer_value(std::string_view name, std::string_view fixed, std::string_view typed, bool of_atc, const Variables& variables, FileSystem& files) {
  Offer offer{std::string(fixed), {}, " "};
  if (name == "soc_version" || name == "soc") offer.choices = chip_names();
  if (of_atc)
    for (const atc::OptionInfo& option : atc::all_options())
      if (option.name == name && is_list_of_choices(option.values)) offer.choices = split_choices(option.values);
  if (offer.choices.empty()) return offer_files(fixed, typed, variables, files);
  keep_matching(offer, typed);
  return offer;
}

Offer offer_atc_options(std::string_view typed) {
  Offer offer;
  for (const atc::OptionInfo& option : atc::all_options())
    if (option.effect != atc::OptionEffect::Refused) offer.choices.push_back("--" + std::string(option.name) + (option.is_flag ? "" : "="));
  keep_matching(offer, typed);
  if (offer.choices.size() == 1 && offer.choices[0].ends_with('=')) offer.after.clear();
  return offer;
}

Offer offer_commands(std::string_view typed) {
  Offer offer;
  for (const ProgramRow& row : programs()) offer.choices.emplace_back(row.name);
  for (const BuiltIn& row : built_ins()) offer.choices.emplace_back(row.name);
  keep_matching(offer, typed);
  return offer;
}

Offer offer_pages(std::string_view typed) {
  Offer offer = offer_commands("");
  for (const ManualSection& section : make_manual())
    for (const ManualEntry& entry : section.entries) offer.choices.push_back(entry.name);
  for (const atc::OptionInfo& option : atc::all_options()) offer.choices.push_back("--" + std::string(option.name));
  keep_matching(offer, typed);
  return offer;
}

Offer offer_list(std::vector<std::string> choices, std::string_view typed) {
  Offer offer{"", std::move(choices), " "};
  keep_matching(offer, typed);
  return offer;
}

Offer offer_for(const Typed& typed, const Variables& variables, FileSystem& files) {
  const std::string& last = typed.last;
  const auto& words = typed.words;
  if (words.empty()) return offer_commands(last);
  const std::string& command = words[0];
  const bool of_atc = command == "atc", of_npu = command == "npu";
  if (command == "man" || command == "which") return offer_pages(last);
  const size_t equals = last.find('=');
  if ((of_atc || of_npu) && last.starts_with("--")) {
    if (equals != std::string::npos) return offer_value(std::string_view(last).substr(2, equals - 2), last.substr(0, equals + 1), std::string_view(last).substr(equals + 1), of_atc, variables, files);
    if (of_atc) return offer_atc_options(last);
    return offer_list(words.size() > 1 ? npu_options(words[1]) : std::vector<std::string>{"--help"}, last);
  }
  if (of_npu && words.size() == 1) return offer_list(npu_subcommands(), last);
  if (command == "npu-smi" && words.size() == 1) return offer_list({"info", "-h", "-v"}, last);
  // NAME=FILE of npu run --input.
  if (of_npu && equals != std::string::npos) return offer_files(last.substr(0, equals + 1), std::string_view(last).substr(equals + 1), variables, files);
  if ((of_atc || of_npu) && words.back().starts_with("--")) return offer_value(words.back().substr(2), "", last, of_atc, variables, files);
  return offer_files("", last, variables, files);
}

std::string common_start(const std::vector<std::string>& choices) {
  std::string common = choices.front();
  for (const std::string& choice : choices) common.resize(static_cast<size_t>(std::ranges::mismatch(common, choice).in1 - common.begin()));
  // Whole characters only.
  while (!common.empty() && common.size() < choices.front().size() && (static_cast<unsigned char>(choices.front()[common.size()]) & 0xC0) == 0x80) common.pop_back();
  return common;
}

// As it has to be typed where no quote is open.
std::string quoted(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (std::string_view(" \t'\"\\$;&|<>()`*?").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

}  // namespace

Completion complete(std::string_view input, size_t cursor, const Variables& variables, FileSystem& files) {
  const Typed typed = read_typed(input.substr(0, cursor));
  Completion completion{typed.begin, std::string(input.substr(typed.begin, cursor - typed.begin)), {}};
  Offer offer = offer_for(typed, variables, files);
  if (offer.choices.empty()) return completion;
  const std::string whole = offer.fixed + common_start(offer.choices);
  if (whole != typed.last || offer.choices.size() == 1) {
    // A quote that is open stays open until the word is complete.
    const bool complete = offer.choices.size() == 1 && !offer.after.empty();
    completion.text = typed.quote ? typed.quote + whole + (complete ? std::string(1, typed.quote) : "") : quoted(whole);
    if (complete) completion.text += offer.after;
  }
  completion.choices = std::move(offer.choices);
  return completion;
}

}  // namespace npu::terminal
