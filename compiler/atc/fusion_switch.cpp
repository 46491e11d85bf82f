// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/fusion_switch.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiler/atc/text.h"
#include "compiler/passes/pass.h"

namespace npu::atc {
namespace {

AtcError bad_entry(std::string_view entry, std::string_view reason) {
  return {"E10001", fmt::format("The entry '{}' of the file of --fusion_switch_file is not valid: {}", entry, reason)};
}

class Reader {
 public:
  // section: "GraphFusion", "UBFusion", or nothing for a line.
  AtcResult<void> entry(std::string_view section, std::string_view name, std::string_view state) {
    if (state != "on" && state != "off") return std::unexpected(bad_entry(name, fmt::format("'{}' is neither on nor off.", state)));
    if (name == "ALL") {
      for (const Pass& pass : all_passes())
        if (pass.optional && (section.empty() || (section == "UBFusion") == (pass.name == kBufferFusion))) set(pass.name, state);
      return {};
    }
    const Pass* pass = find_pass(name);
    if (!pass) {
      remark(fmt::format("names '{}': no pass here is called so.", name));
      return {};
    }
    if (pass->name != name) remark(fmt::format("names '{}': here that is the whole pass {}.", name, pass->name));
    if (state == "off" && !pass->optional) return std::unexpected(bad_entry(name, "later passes rely on it."));
    set(pass->name, state);
    if (state == "on") switches_.enabled.emplace(pass->name);
    else switches_.enabled.erase(std::string(pass->name));
    return {};
  }

  FusionSwitches take() { return std::move(switches_); }

 private:
  void set(std::string_view name, std::string_view state) {
    if (state == "off") switches_.disabled.emplace(name);
    else switches_.disabled.erase(std::string(name));
  }

  void remark(std::string what) { switches_.remarks.push_back("The file of --fusion_switch_file " + std::move(what)); }

  FusionSwitches switches_;
};

// "ALL" first: what stands by name is the exception.
AtcResult<void> read_section(Reader& reader, const std::string& section, const nlohmann::json& entries) {
  if (!entries.is_object()) return std::unexpected(bad_entry(section, "it is no object of names."));
  for (const bool all : {true, false})
    for (const auto& [name, state] : entries.items()) {
      if ((name == "ALL") != all) continue;
      if (!state.is_string()) return std::unexpected(bad_entry(name, "its value is no text."));
      if (auto read = reader.entry(section, name, state.get_ref<const std::string&>()); !read) return read;
    }
  return {};
}

AtcResult<void> read_json(Reader& reader, const nlohmann::json& json) {
  const auto found = json.find("Switch");
  if (found == json.end() || !found->is_object()) return std::unexpected(bad_entry("Switch", "it is missing."));
  for (const auto& [section, entries] : found->items()) {
    if (section != "GraphFusion" && section != "UBFusion") return std::unexpected(bad_entry(section, "the sections are GraphFusion and UBFusion."));
    if (auto read = read_section(reader, section, entries); !read) return read;
  }
  return {};
}

}  // namespace

AtcResult<FusionSwitches> parse_fusion_switches(std::string_view text) {
  Reader reader;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_object()) {
    if (auto read = read_json(reader, json); !read) return std::unexpected(read.error());
    return reader.take();
  }
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const size_t colon = line.rfind(':');
    if (colon == std::string_view::npos) return std::unexpected(bad_entry(line, "it is no pass:on or pass:off."));
    if (auto read = reader.entry({}, line.substr(0, colon), line.substr(colon + 1)); !read) return std::unexpected(read.error());
  }
  return reader.take();
}

}  // namespace npu::atc
