// SPDX-License-Identifier: Apache-2.0
#include "compiler/tune/bank.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

namespace npu {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFormat = "npu-schedule-bank";
constexpr int64_t kVersion = 1;
constexpr size_t kMostEntries = 100000;
constexpr size_t kMostTrials = 1000000;  // of one entry
constexpr size_t kMostKnobs = 64;

std::unexpected<Error> bad(std::string where, std::string what) { return fail(ErrorKind::InvalidArgument, std::move(where), std::move(what)); }

// Reads the fields of one object; errors name the entry and the field.
class Fields {
 public:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  Result<std::string> text(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_string()) return bad(where_, fmt::format("'{}' is no text", name));
    return found->get<std::string>();
  }
  Result<int64_t> number(const char* name, int64_t least) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !is_int64(*found)) return bad(where_, fmt::format("'{}' is no whole number", name));
    const auto value = found->get<int64_t>();
    if (value < least) return bad(where_, fmt::format("'{}' is {}, which is below {}", name, value, least));
    return value;
  }
  // Sixty-four bits as text in base 16.
  Result<uint64_t> bits(const char* name) const {
    NPU_TRY(const std::string digits, text(name));
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc() || end != digits.data() + digits.size()) return bad(where_, fmt::format("'{}' is '{}', no number in base 16", name, digits));
    return value;
  }
  Result<const Json*> object(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_object()) return bad(where_, fmt::format("'{}' is no object", name));
    return &*found;
  }
  const std::string& where() const { return where_; }

  static bool is_int64(const Json& value) {
    if (value.is_number_unsigned()) return value.get<uint64_t>() <= static_cast<uint64_t>(INT64_MAX);
    return value.is_number_integer();
  }

 private:
  const Json& json_;
  std::string where_;
};

Result<Schedule> read_schedule(const Fields& fields) {
  NPU_TRY(const std::string kind, fields.text("kind"));
  if (kind != "cube" && kind != "vector") return bad(fields.where(), fmt::format("'kind' is '{}', neither cube nor vector", kind));
  Schedule schedule = kind == "cube" ? Schedule(CubeSchedule{}) : Schedule(VectorSchedule{});
  NPU_TRY(const Json* json, fields.object("schedule"));
  const Fields decisions(*json, fields.where() + ", schedule");
  std::vector<int64_t> values;
  for (const std::string_view name : field_names(schedule)) {
    NPU_TRY(const int64_t value, decisions.number(std::string(name).c_str(), 0));
    values.push_back(value);
  }
  NPU_CHECK(set_fields(schedule, values));
  return schedule;
}

// [[option, option, ..., cycles], ...]
Result<std::vector<Trial>> read_trials(const Json& entry, const std::string& where) {
  std::vector<Trial> trials;
  const auto found = entry.find("trials");
  if (found == entry.end()) return trials;
  if (!found->is_array() || found->size() > kMostTrials) return bad(where, fmt::format("'trials' is no list of up to {}", kMostTrials));
  for (const Json& row : *found) {
    const bool numbers = row.is_array() && !row.empty() && row.size() <= kMostKnobs && std::ranges::all_of(row, Fields::is_int64);
    if (!numbers) return bad(where, fmt::format("trial {} is no list of up to {} whole numbers", trials.size(), kMostKnobs));
    Trial trial;
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      const auto option = row[i].get<int64_t>();
      if (option < 0 || option > INT32_MAX) return bad(where, fmt::format("trial {} has option {}", trials.size(), option));
      trial.genome.push_back(static_cast<int32_t>(option));
    }
    trial.cycles = row.back().get<int64_t>();
    if (trial.cycles < Trial::kIllegal) return bad(where, fmt::format("trial {} took {} cycles", trials.size(), trial.cycles));
    trials.push_back(std::move(trial));
  }
  return trials;
}

Result<BankEntry> read_entry(const Json& json, const std::string& where) {
  const Fields fields(json, where);
  BankEntry entry;
  NPU_TRY(entry.schedule, read_schedule(fields));
  NPU_TRY(entry.before, fields.number("before", 1));
  NPU_TRY(entry.after, fields.number("after", 1));
  NPU_TRY(entry.algorithm, fields.text("algorithm"));
  NPU_TRY(entry.seed, fields.bits("seed"));
  NPU_TRY(entry.space, fields.bits("space"));
  NPU_TRY(entry.trials, read_trials(json, where));
  return entry;
}

Json write_entry(const std::string& soc, const std::string& key, const BankEntry& entry) {
  Json decisions = Json::object(), trials = Json::array();
  const auto values = fields_of(entry.schedule);
  for (size_t i = 0; i < values.size(); ++i) decisions[std::string(field_names(entry.schedule)[i])] = values[i];
  for (const Trial& trial : entry.trials) {
    Json row = trial.genome;
    row.push_back(trial.cycles);
    trials.push_back(std::move(row));
  }
  return {{"soc", soc}, {"key", key}, {"kind", std::holds_alternative<CubeSchedule>(entry.schedule) ? "cube" : "vector"}, {"schedule", std::move(decisions)},
          {"before", entry.before}, {"after", entry.after}, {"algorithm", entry.algorithm}, {"seed", fmt::format("{:x}", entry.seed)},
          {"space", fmt::format("{:x}", entry.space)}, {"trials", std::move(trials)}};
}

}  // namespace

const BankEntry* ScheduleBank::find(std::string_view soc, std::string_view key) const {
  const auto found = entries_.find({std::string(soc), std::string(key)});
  return found == entries_.end() ? nullptr : &found->second;
}

void ScheduleBank::put(std::string_view soc, std::string_view key, BankEntry entry) { entries_[{std::string(soc), std::string(key)}] = std::move(entry); }

void ScheduleBank::for_each(const std::function<void(const std::string&, const std::string&, const BankEntry&)>& visit) const {
  for (const auto& [place, entry] : entries_) visit(place.first, place.second, entry);
}

std::string ScheduleBank::to_json() const {
  std::string text = fmt::format("{{\"format\": \"{}\", \"version\": {}, \"entries\": [", kFormat, kVersion);
  bool first = true;
  for (const auto& [place, entry] : entries_) {
    text += first ? "\n" : ",\n";
    text += write_entry(place.first, place.second, entry).dump(-1, ' ', false, Json::error_handler_t::replace);
    first = false;
  }
  return text + "\n]}\n";
}

Result<ScheduleBank> ScheduleBank::parse(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return bad("", "is no JSON");
  if (!json.is_object()) return bad("", "is no object");
  const Fields fields(json, "");
  NPU_TRY(const std::string format, fields.text("format"));
  if (format != kFormat) return bad("", fmt::format("'format' is '{}', not '{}'", format, kFormat));
  NPU_TRY(const int64_t version, fields.number("version", 0));
  if (version != kVersion) return bad("", fmt::format("'version' is {}, not {}", version, kVersion));
  const auto entries = json.find("entries");
  if (entries == json.end() || !entries->is_array() || entries->size() > kMostEntries) return bad("", fmt::format("'entries' is no list of up to {}", kMostEntries));
  ScheduleBank bank;
  for (const Json& row : *entries) {
    const std::string where = fmt::format("entry {}", bank.size());
    if (!row.is_object()) return bad(where, "is no object");
    const Fields of(row, where);
    NPU_TRY(const std::string soc, of.text("soc"));
    NPU_TRY(const std::string key, of.text("key"));
    if (bank.find(soc, key) != nullptr) return bad(where, fmt::format("'{}' of {} is there twice", key, soc));
    NPU_TRY(BankEntry entry, read_entry(row, where));
    bank.put(soc, key, std::move(entry));
  }
  return bank;
}

}  // namespace npu
