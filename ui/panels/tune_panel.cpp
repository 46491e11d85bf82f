// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr double kSeconds[] = {10, 30, 120, 600, 0};
constexpr int64_t kTrials[] = {50, 200, 1000};
constexpr const char* kBank = "op_bank_path";

double gain_of(const ScheduleVerdict& task) { return task.default_cycles > 0 ? 1 - static_cast<double>(task.cycles) / static_cast<double>(task.default_cycles) : 0; }

void cell_task(const View&, const ScheduleVerdict& task) { cut_text(task.name); }
void cell_op(const View&, const ScheduleVerdict& task) { cut_text(task.op_type); }
void cell_before(const View&, const ScheduleVerdict& task) { right_text(fmt::format("{}", task.default_cycles)); }
void cell_after(const View& view, const ScheduleVerdict& task) {
  if (task.cycles < task.default_cycles) ImGui::PushStyleColor(ImGuiCol_Text, view.theme.good);
  right_text(fmt::format("{}", task.cycles));
  if (task.cycles < task.default_cycles) ImGui::PopStyleColor();
}
void cell_gain(const View&, const ScheduleVerdict& task) { right_text(task.cycles < task.default_cycles ? fmt::format("{:.1f} %", 100 * gain_of(task)) : std::string("\xe2\x80\x93")); }

using V = const ScheduleVerdict&;
constexpr Column<ScheduleVerdict> kColumns[] = {{Str::ColTask, Str::ColTaskHelp, 0, cell_task, [](V a, V b) { return a.name < b.name; }},
                                                {Str::ColOperator, Str::ColFusedHelp, 0, cell_op, [](V a, V b) { return a.op_type < b.op_type; }},
                                                {Str::ColBefore, Str::ColBeforeHelp, 78, cell_before, [](V a, V b) { return a.default_cycles < b.default_cycles; }},
                                                {Str::ColAfter, Str::ColAfterHelp, 78, cell_after, [](V a, V b) { return a.cycles < b.cycles; }},
                                                {Str::ColGain, Str::ColGainHelp, 64, cell_gain, [](V a, V b) { return gain_of(a) < gain_of(b); }}};
constexpr Column<ScheduleVerdict> kNarrowColumns[] = {kColumns[0], kColumns[3], kColumns[4]};

template <class T, size_t N, class Text>
void choose(const char* id, const T (&choices)[N], T& value, const Text& text) {
  ImGui::SetNextItemWidth(120);
  if (!ImGui::BeginCombo(id, text(value).c_str())) return;
  for (const T& choice : choices)
    if (ImGui::Selectable(text(choice).c_str(), choice == value)) value = choice;
  ImGui::EndCombo();
}

}  // namespace

void TunePanel::draw(const View& view, Commands& commands) {
  wrapped_text(view, view.tr(Str::TuneText), true);
  ImGui::Spacing();
  const TuneInfo* tune = view.now.tune.get();
  const bool running = tune && tune->running, ready = view.now.compile && !view.now.compile->arguments.empty();
  if (!ready && !running) return placeholder(view, view.now.compile ? Str::TuneNotHere : Str::CompileEmpty);
  ImGui::BeginDisabled(running);
  choose("##seconds", kSeconds, budget_.seconds, [&](double seconds) { return seconds > 0 ? view.format(Str::TuneSeconds, seconds) : std::string(view.tr(Str::TuneNoLimit)); });
  tooltip(view.tr(Str::TuneSecondsHelp));
  ImGui::SameLine();
  choose("##trials", kTrials, budget_.trials, [&](int64_t trials) { return view.format(Str::TuneTrials, trials); });
  tooltip(view.tr(Str::TuneTrialsHelp));
  ImGui::SameLine();
  if (small_button(view, view.tr(Str::TuneStart), Str::TuneStartHelp)) commands.push(command::Tune{budget_});
  ImGui::EndDisabled();
  bool used = view.settings.atc.options.contains(kBank);
  if (tune && tune->bank && ImGui::Checkbox(view.tr(Str::TuneUse), &used)) {
    AtcSettings wanted = view.settings.atc;
    used ? void(wanted.options[kBank] = "bank") : void(wanted.options.erase(kBank));
    commands.push(command::SetOptions{std::move(wanted)});
  }
  if (tune && tune->bank) tooltip(view.tr(Str::TuneUseHelp));
  if (running) {
    const float stop = ImGui::CalcTextSize(view.tr(Str::Cancel)).x + ImGui::GetStyle().FramePadding.x * 2 + 8;
    const float share = tune->total > 0 ? static_cast<float>(tune->done) / static_cast<float>(tune->total) : 0;
    ImGui::ProgressBar(share, {ImGui::GetContentRegionAvail().x - stop, 0}, view.format(Str::TuneProgress, tune->done, tune->total, tune->trials).c_str());
    ImGui::SameLine();
    if (small_button(view, view.tr(Str::Cancel), Str::TuneStopHelp)) commands.push(command::StopTuning{});
    if (!tune->task.empty()) wrapped_text(view, view.format(Str::TuneTask, tune->task, tune->task_before, tune->task_best, tune->saved), true);
  } else if (tune) {
    draw_result(view, commands, *tune);
  }
}

void TunePanel::draw_result(const View& view, Commands& commands, const TuneInfo& tune) {
  ImGui::Spacing();
  if (tune.error) return wrapped_text(view, fmt::format("{}: {}", tune.error->where, tune.error->what));
  if (tune.after_us <= 0) return wrapped_text(view, view.tr(Str::TuneStopped), true);
  headline(view, fmt::format("{} \xe2\x86\x92 {}", short_us(tune.before_us), short_us(tune.after_us)),
           view.format(Str::TuneResult, 100 * (1 - tune.after_us / tune.before_us), tune.trials, tune.seconds));
  if (tune.cancelled || tune.out_of_time) wrapped_text(view, view.tr(tune.cancelled ? Str::TuneStopped : Str::TuneOutOfTime), true);
  if (small_button(view, view.tr(Str::TuneSave), Str::TuneSaveHelp)) commands.push(command::Save{SaveKind::ScheduleBank});
  const bool wide = ImGui::GetContentRegionAvail().x > 520;
  const std::span<const Column<ScheduleVerdict>> columns = wide ? std::span<const Column<ScheduleVerdict>>(kColumns) : kNarrowColumns;
  if (!begin_table<ScheduleVerdict>(view, wide ? "tuned" : "tuned_narrow", columns, {0, std::max(160.0f, ImGui::GetContentRegionAvail().y)},
                                    ImGuiTableFlags_ScrollY | ImGuiTableFlags_RowBg | ImGuiTableFlags_Sortable | ImGuiTableFlags_SortTristate | ImGuiTableFlags_NoPadOuterX))
    return;
  sort_rows<ScheduleVerdict>(tune.tasks, columns, &tune, sorted_, order_);
  draw_rows<ScheduleVerdict>(view, tune.tasks, columns, order_);
  ImGui::EndTable();
}

}  // namespace npu::ui
