// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/progress.h"

#include <nlohmann/json.hpp>

namespace npu::ui {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kVersion = 1;
constexpr size_t kMostEntries = 1000, kLongest = 1 << 20;

std::unexpected<Error> wrong(std::string what) { return fail(ErrorKind::InvalidArgument, "progress", std::move(what)); }

// Json::get and at throw on what is missing or of another kind; load_progress catches.
std::map<std::string, int> numbers(const Json& json, int most) {
  std::map<std::string, int> out;
  for (const auto& [key, value] : json.items()) {
    const int number = value.get<int>();
    if (number >= 0 && number <= most && out.size() < kMostEntries) out[key] = number;
  }
  return out;
}

}  // namespace

std::string save_progress(const LearnProgress& p) {
  Json json{{"version", kVersion}, {"done", Json::object()}, {"best", Json::object()}, {"name", p.name}};
  for (const auto& [key, value] : p.done) json["done"][key] = value;
  for (const auto& [key, value] : p.best) json["best"][key] = value;
  json["exam"] = {{"right", p.exam_right}, {"total", p.exam_total}, {"seed", p.exam_seed}, {"date", p.exam_date}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<LearnProgress> load_progress(const std::string& text) {
  if (text.size() > kLongest) return wrong("is too long");
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return wrong("is no JSON object");
  try {
    if (json.at("version").get<int>() != kVersion) return wrong("is of another version");
    LearnProgress p;
    p.done = numbers(json.at("done"), 1000);
    p.best = numbers(json.at("best"), 100);
    p.name = json.at("name").get<std::string>();
    const Json& exam = json.at("exam");
    p.exam_right = exam.at("right").get<int>();
    p.exam_total = exam.at("total").get<int>();
    p.exam_seed = exam.at("seed").get<uint32_t>();
    p.exam_date = exam.at("date").get<std::string>();
    if (p.exam_right < 0 || p.exam_right > p.exam_total) return wrong("has more right answers than questions");
    return p;
  } catch (const Json::exception& e) {
    return wrong(e.what());
  }
}

}  // namespace npu::ui
