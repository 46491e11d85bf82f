// SPDX-License-Identifier: Apache-2.0
#include "compiler/tune/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace npu {
namespace {

std::string differences(const ScheduleVerdict& verdict) {
  std::string text;
  const auto names = field_names(verdict.chosen);
  const auto from = fields_of(verdict.fallback), to = fields_of(verdict.chosen);
  for (size_t i = 0; i < names.size(); ++i)
    if (from[i] != to[i]) text += fmt::format("{}{} {}->{}", text.empty() ? "" : ", ", names[i], from[i], to[i]);
  return text;
}

std::string percent(double before, double after) { return fmt::format("{:.2f}%", before > 0 ? (before - after) / before * 100 : 0); }

}  // namespace

std::string tune_table(const TuneResult& result, bool all) {
  std::string text = fmt::format("{:<28} {:<18} {:>10} {:>10} {:>7}  decisions\n", "task", "type", "before", "after", "");
  for (const ScheduleVerdict& verdict : result.tasks)
    if (all || verdict.cycles != verdict.default_cycles)
      text += fmt::format("{:<28} {:<18} {:>10} {:>10} {:>7}  {}\n", verdict.name, verdict.op_type, verdict.default_cycles, verdict.cycles,
                          percent(static_cast<double>(verdict.default_cycles), static_cast<double>(verdict.cycles)), differences(verdict));
  return text;
}

std::string aoe_result_json(const Soc& soc, const TuneResult& result, const TunedModel& model) {
  using Json = nlohmann::ordered_json;
  Json operators = Json::array();
  for (const ScheduleVerdict& verdict : result.tasks) {
    if (verdict.cycles == verdict.default_cycles) continue;
    const double before = soc.cycles_to_us(static_cast<double>(verdict.default_cycles)), after = soc.cycles_to_us(static_cast<double>(verdict.cycles));
    operators.push_back({{"op_name", verdict.name}, {"op_type", verdict.op_type},
                         {"tune_performance", {{"Format", {{"performance_before_tune(us)", before}, {"performance_after_tune(us)", after},
                                                           {"performance_improvement", percent(before, after)}, {"update_mode", "add"}}}}}});
  }
  const char* const outcome = result.cancelled ? "cancelled" : operators.empty() ? "nothing faster than the default schedules" : "tuning successful";
  const Json report = Json::array({{{"basic", {{"tuning_name", model.name}, {"tuning_time(s)", model.seconds}}}},
                                   {{"OPAT", {{"model_baseline_performance(ms)", model.before_ms}, {"model_result_performance(ms)", model.after_ms},
                                              {"model_performance_improvement", percent(model.before_ms, model.after_ms)}, {"opat_tuning_result", outcome},
                                              {"repo_modified_operators", std::move(operators)}}}}});
  return report.dump(2) + "\n";
}

ScheduleBank read_bank(std::string_view json, std::string_view name, std::vector<std::string>& warnings) {
  auto bank = ScheduleBank::parse(json);
  if (bank) return std::move(*bank);
  warnings.push_back(fmt::format("The bank '{}' is not used: {}", name, bank.error().where.empty() ? bank.error().what : bank.error().where + ": " + bank.error().what));
  return {};
}

}  // namespace npu
