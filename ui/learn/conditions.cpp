// SPDX-License-Identifier: Apache-2.0
#include "ui/learn/conditions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "compiler/passes/pass.h"
#include "core/isa/isa.h"
#include "core/soc/soc.h"

namespace npu::ui {
namespace {

using Args = std::span<const std::string>;

double number(const std::string& text) { return decimal(text).value_or(0); }

const PassReport* pass_report(const Facts& f, std::string_view name) {
  if (!f.now.compile) return nullptr;
  for (const PassInfo& pass : f.now.compile->passes)
    if (pass.report.name == name) return &pass.report;
  return nullptr;
}

const TaskRow* selected_task(const Facts& f) {
  if (!f.now.profile || f.settings.task < 0 || static_cast<size_t>(f.settings.task) >= f.now.profile->tasks.size()) return nullptr;
  return &f.now.profile->tasks[static_cast<size_t>(f.settings.task)];
}

size_t task_count(const Facts& f) { return f.now.compile && f.now.compile->model ? f.now.compile->model->tasks.size() : 0; }

bool compiled(const Facts& f) { return f.now.compile && f.now.compile->model; }

int ai_cpu_tasks(const Facts& f) {
  if (!f.now.profile) return -1;
  return static_cast<int>(std::ranges::count(f.now.profile->tasks, Engine::AiCpu, &TaskRow::engine));
}

bool has_aipp(const Facts& f) {
  return compiled(f) && std::ranges::any_of(f.now.compile->model->tasks, [](const Task& task) { return std::ranges::count(task.fused, "Aipp") > 0 || task.op_type == "Aipp"; });
}

// A product of 8-bit integers on an AI core.
bool has_int8(const Facts& f) {
  return compiled(f) && std::ranges::any_of(f.now.compile->model->tasks, [](const Task& task) {
    return task.engine == Engine::AiCore && task.macs > 0 && std::ranges::count(task.inputs, DType::Int8, &TensorDesc::dtype) > 0;
  });
}

// Settings agree with a link when setting it changes nothing.
bool agrees(const Settings& settings, const std::string& link) { return from_link(link, settings) == settings; }

bool answered_right(const Facts& f, bool right) {
  if (!f.now.run || f.now.run->top.empty() || !f.now.picture || f.now.picture->label < 0) return false;
  return (f.now.run->top.front().index == f.now.picture->label) == right;
}

bool slowest_selected(const Facts& f) {
  const TaskRow* task = selected_task(f);
  return task && std::ranges::all_of(f.now.profile->tasks, [&](const TaskRow& other) { return other.us <= task->us; });
}

std::string latency_now(const Facts& f, Language) { return f.now.profile ? number_text(std::round(f.now.profile->total_us * 10) / 10) : ""; }
std::string tasks_now(const Facts& f, Language) { return compiled(f) ? fmt::format("{}", task_count(f)) : ""; }
std::string chip_now(const Facts& f, Language) { return f.now.compile ? f.now.compile->chip : ""; }
std::string nodes_now(const Facts& f, Language) { return f.now.model ? fmt::format("{}", f.now.model->nodes.size()) : ""; }
std::string cpu_now(const Facts& f, Language) { return ai_cpu_tasks(f) < 0 ? "" : fmt::format("{}", ai_cpu_tasks(f)); }
std::string bound_now(const Facts& f, Language) { return selected_task(f) ? selected_task(f)->bound : ""; }
std::string task_now(const Facts& f, Language) { return selected_task(f) ? selected_task(f)->op : ""; }
std::string lost_now(const Facts& f, Language) { return f.now.evaluation ? fmt::format("{:.2f}", f.now.evaluation->lost_points()) : ""; }
std::string sample_now(const Facts& f, Language language) {
  if (!f.now.sample) return "";
  return language == Language::Chinese ? f.now.sample->title.zh : f.now.sample->title.en;
}

const std::vector<Predicate>& table() {
  static const std::vector<Predicate> kTable{
      {"sample", {ArgKind::Sample}, true, [](const Facts& f, Args a) { return f.now.sample && f.now.sample->name == a[0]; }, Str::CheckSample, sample_now},
      {"own_model", {}, true, [](const Facts& f, Args) { return f.now.model && !f.now.sample; }, Str::CheckOwnModel, sample_now},
      {"nodes_at_least", {ArgKind::Number}, true, [](const Facts& f, Args a) { return f.now.model && static_cast<double>(f.now.model->nodes.size()) >= number(a[0]); }, Str::CheckNodesAtLeast, nodes_now},
      {"chip", {ArgKind::Chip}, true, [](const Facts& f, Args a) { return compiled(f) && f.now.compile->chip == a[0]; }, Str::CheckChip, chip_now},
      {"chip_not", {ArgKind::Chip}, true, [](const Facts& f, Args a) { return compiled(f) && f.now.compile->chip != a[0]; }, Str::CheckChipNot, chip_now},
      {"at", {ArgKind::Link}, false, [](const Facts& f, Args a) { return agrees(f.settings, a[0]); }, Str::CheckAt, nullptr},
      {"pass_shown", {ArgKind::Pass}, false, [](const Facts& f, Args a) { return f.settings.pass == a[0]; }, Str::CheckPassShown, nullptr},
      {"pass_off", {ArgKind::Pass}, true, [](const Facts& f, Args a) { const PassReport* r = pass_report(f, a[0]); return r && r->disabled; }, Str::CheckPassOff, nullptr},
      {"pass_on", {ArgKind::Pass}, true, [](const Facts& f, Args a) { const PassReport* r = pass_report(f, a[0]); return r && !r->disabled; }, Str::CheckPassOn, nullptr},
      {"passes_all_on", {}, true, [](const Facts& f, Args) { return compiled(f) && std::ranges::none_of(f.now.compile->passes, [](const PassInfo& p) { return p.report.disabled; }); }, Str::CheckPassesAllOn, nullptr},
      {"tasks_at_least", {ArgKind::Number}, true, [](const Facts& f, Args a) { return static_cast<double>(task_count(f)) >= number(a[0]); }, Str::CheckTasksAtLeast, tasks_now},
      {"tasks_at_most", {ArgKind::Number}, true, [](const Facts& f, Args a) { return compiled(f) && static_cast<double>(task_count(f)) <= number(a[0]); }, Str::CheckTasksAtMost, tasks_now},
      {"ai_cpu_tasks", {}, true, [](const Facts& f, Args) { return ai_cpu_tasks(f) > 0; }, Str::CheckAiCpuTasks, cpu_now},
      {"no_ai_cpu_tasks", {}, true, [](const Facts& f, Args) { return ai_cpu_tasks(f) == 0; }, Str::CheckNoAiCpuTasks, cpu_now},
      {"latency_below", {ArgKind::Number}, true, [](const Facts& f, Args a) { return f.now.profile && f.now.profile->total_us < number(a[0]); }, Str::CheckLatencyBelow, latency_now},
      {"latency_above", {ArgKind::Number}, true, [](const Facts& f, Args a) { return f.now.profile && f.now.profile->total_us > number(a[0]); }, Str::CheckLatencyAbove, latency_now},
      {"slowest_task_selected", {}, true, [](const Facts& f, Args) { return slowest_selected(f); }, Str::CheckSlowestSelected, task_now},
      {"task_selected_op", {ArgKind::Word}, true, [](const Facts& f, Args a) { const TaskRow* t = selected_task(f); return t && t->op.find(a[0]) != std::string::npos; }, Str::CheckTaskOp, task_now},
      {"task_selected_bound", {ArgKind::Pipe}, true, [](const Facts& f, Args a) { const TaskRow* t = selected_task(f); return t && t->bound == a[0]; }, Str::CheckTaskBound, bound_now},
      {"ran", {}, true, [](const Facts& f, Args) { return f.now.run != nullptr; }, Str::CheckRan, nullptr},
      {"answer_right", {}, true, [](const Facts& f, Args) { return answered_right(f, true); }, Str::CheckAnswerRight, nullptr},
      {"answer_wrong", {}, true, [](const Facts& f, Args) { return answered_right(f, false); }, Str::CheckAnswerWrong, nullptr},
      {"preprocess_changed", {}, true, [](const Facts& f, Args) { return f.now.run && f.now.sample && f.now.preprocess != Preprocess{f.now.sample->mean, f.now.sample->deviation, f.now.sample->grey, false}; }, Str::CheckPreprocessChanged, nullptr},
      {"preprocess_right", {}, true, [](const Facts& f, Args) { return f.now.run && f.now.sample && f.now.preprocess == Preprocess{f.now.sample->mean, f.now.sample->deviation, f.now.sample->grey, false}; }, Str::CheckPreprocessRight, nullptr},
      {"aipp", {}, true, [](const Facts& f, Args) { return has_aipp(f); }, Str::CheckAipp, nullptr},
      {"int8", {}, true, [](const Facts& f, Args) { return has_int8(f); }, Str::CheckInt8, nullptr},
      {"accuracy_measured", {}, true, [](const Facts& f, Args) { return f.now.evaluation != nullptr; }, Str::CheckMeasured, lost_now},
      {"accuracy_loss_at_most", {ArgKind::Number}, true, [](const Facts& f, Args a) { return f.now.evaluation && f.now.evaluation->lost_points() <= number(a[0]) + 1e-9; }, Str::CheckLossAtMost, lost_now},
  };
  return kTable;
}

template <class Range, class Name>
std::string list_of(const Range& range, Name name) {
  std::string text;
  for (const auto& item : range) text += (text.empty() ? "" : ", ") + std::string(name(item));
  return text;
}

std::unexpected<Error> wrong(std::string what) { return fail(ErrorKind::InvalidArgument, "check", std::move(what)); }

Status check_arg(ArgKind kind, const std::string& arg) {
  switch (kind) {
    case ArgKind::Number:
      if (!decimal(arg)) return wrong(fmt::format("'{}' is not a number", arg));
      return {};
    case ArgKind::Sample:
      if (!find_sample(arg)) return wrong(fmt::format("'{}' is no sample; there are {}", arg, list_of(samples(), [](const Sample& s) { return s.name; })));
      return {};
    case ArgKind::Chip:
      if (const auto soc = find_soc(arg); !soc) return std::unexpected(soc.error());
      return {};
    case ArgKind::Pass:
      if (std::ranges::find(all_passes(), arg, [](const Pass& p) { return std::string(p.name); }) == all_passes().end())
        return wrong(fmt::format("'{}' is no pass; there are {}", arg, list_of(all_passes(), [](const Pass& p) { return p.name; })));
      return {};
    case ArgKind::Pipe:
      if (std::ranges::find(kPipeNames, arg) == kPipeNames.end()) return wrong(fmt::format("'{}' is no pipe; there are {}", arg, list_of(kPipeNames, [](std::string_view n) { return n; })));
      return {};
    case ArgKind::Link: return check_link(arg);
    case ArgKind::Word: return {};
  }
  return {};
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (size_t at = text.find_first_not_of(' '); at != std::string_view::npos;) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(' ', end);
  }
  return words;
}

// Two settings that differ in every part a link can set: what one of them does not take from a link, the link does not set.
Settings other_settings() {
  Settings s;
  s.sample = "?", s.image = 999, s.chip = "?", s.threads = 63, s.language = Language::Chinese, s.dark = false, s.calm = true, s.tab = Tab::Profile;
  s.compile_view = CompileView::Tune, s.profile_view = ProfileView::Manual, s.pass = "?", s.task = 999, s.output = 999, s.element = 999, s.node = "?", s.chip_place = "9:9:9", s.chip_breaks = "task:9", s.disabled_passes = {"?"}, s.lesson = "?";
  s.atc = {{{"op_bank_path", "?"}}, {{"?", "?"}}}, s.quantize = QuantizeSettings{};
  return s;
}

}  // namespace

std::span<const Predicate> all_predicates() { return table(); }

Status check_link(std::string_view link) {
  while (!link.empty()) {
    const std::string_view item = link.substr(0, link.find('&'));
    // Where it is the value that one of both has already, the other one changes.
    const Settings a, b = other_settings();
    const Settings from_a = from_link(item, a), from_b = from_link(item, b);
    if (from_a == a && from_b == b) return wrong(fmt::format("the link's '{}' sets nothing", item));
    if (from_a.sample != a.sample) NPU_CHECK(check_arg(ArgKind::Sample, from_a.sample));
    if (from_a.chip != a.chip) NPU_CHECK(check_arg(ArgKind::Chip, from_a.chip));
    if (from_a.pass != a.pass) NPU_CHECK(check_arg(ArgKind::Pass, from_a.pass));
    if (from_a.disabled_passes != a.disabled_passes)
      for (const std::string& pass : from_a.disabled_passes) NPU_CHECK(check_arg(ArgKind::Pass, pass));
    link.remove_prefix(std::min(link.size(), item.size() + 1));
  }
  return {};
}

Result<Condition> parse_condition(std::string_view text) {
  std::vector<std::string> words = split_words(text);
  if (words.empty()) return wrong("a check needs a name");
  const auto row = std::ranges::find(table(), words[0], [](const Predicate& p) { return std::string(p.name); });
  if (row == table().end()) return wrong(fmt::format("'{}' is no check; there are {}", words[0], list_of(table(), [](const Predicate& p) { return p.name; })));
  words.erase(words.begin());
  if (words.size() != row->args.size()) return wrong(fmt::format("'{}' takes {} arguments, {} are given", row->name, row->args.size(), words.size()));
  for (size_t i = 0; i < words.size(); ++i) NPU_CHECK(check_arg(row->args[i], words[i]));
  return Condition{&*row, std::move(words)};
}

bool holds(const Condition& condition, const Facts& facts) {
  const Snapshot& now = facts.now;
  if (condition.predicate->settled && (now.busy() || now.error || now.revision == 0)) return false;
  return condition.predicate->holds(facts, condition.args);
}

std::string describe(const Condition& condition, const Facts& facts, Language language) {
  const Predicate& p = *condition.predicate;
  std::string text = p.args.empty() ? std::string(tr(language, p.text)) : format(language, p.text, condition.args[0]);
  const std::string now = p.now ? p.now(facts, language) : "";
  return now.empty() ? text : text + format(language, Str::CheckNow, now);
}

}  // namespace npu::ui
