// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "runtime/profile/bottleneck.h"
#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr size_t kSlowest = 12;
constexpr float kBarHeight = 6;

struct ChangeText {
  Str name, help;
};
constexpr ChangeText kChangeTexts[] = {{Str::ChangeMemory, Str::ChangeMemoryHelp}, {Str::ChangeL2, Str::ChangeL2Help}, {Str::ChangeL1, Str::ChangeL1Help}, {Str::ChangeCube, Str::ChangeCubeHelp},
                                       {Str::ChangeVector, Str::ChangeVectorHelp}, {Str::ChangeCopyStart, Str::ChangeCopyStartHelp}, {Str::ChangeNoWaits, Str::ChangeNoWaitsHelp},
                                       {Str::ChangeNoLaunch, Str::ChangeNoLaunchHelp}};
static_assert(std::size(kChangeTexts) == kChanges);

std::string percent(double share) { return fmt::format("{:.0f} %", 100 * share); }
std::string gbps(double value) { return fmt::format("{:.3g} GB/s", value); }

// The finding in a sentence, with its numbers.
std::string sentence(const View& view, const Bottleneck& b) {
  using Kind = Bottleneck::Kind;
  const std::string_view pipe = kPipeNames[static_cast<size_t>(b.pipe)];
  const std::string busy = percent(b.pipe_share);
  switch (b.kind) {
    case Kind::AiCpu: return view.format(Str::WhyAiCpu, short_us(b.task_us), short_us(b.wait_us));
    case Kind::Launch: return view.format(Str::WhyLaunch, short_us(b.wait_us), short_us(b.task_us), pipe, busy);
    case Kind::Waiting: return view.format(Str::WhyWaiting, pipe, busy);
    case Kind::Memory: return view.format(Str::WhyMemory, pipe, busy, short_bytes(b.bytes), gbps(b.gbps), percent(b.gbps / b.roof_gbps), gbps(b.roof_gbps));
    case Kind::CopyStart: return view.format(Str::WhyCopyStart, pipe, busy, short_number(b.copies), short_bytes(b.bytes / std::max(1.0, b.copies)));
    case Kind::L2: return view.format(Str::WhyL2, pipe, busy, gbps(b.gbps), gbps(b.roof_gbps));
    case Kind::L1: return view.format(Str::WhyL1, busy, gbps(b.gbps), gbps(b.roof_gbps));
    case Kind::Cube: return view.format(Str::WhyCube, busy, percent(b.peak_share), percent(b.padding_share));
    case Kind::Vector: return view.format(Str::WhyVector, busy, short_number(b.copies), percent(b.full_share));
    case Kind::Scalar: return view.format(Str::WhyScalar, busy, short_number(b.copies));
    case Kind::FixPipe: return view.format(Str::WhyFixPipe, busy);
  }
  return {};
}

// "-12.3 %", an unchanged value as a dash.
void change_cell(const View& view, double before, double after) {
  const double change = before > 0 ? after / before - 1 : 0;
  if (std::abs(change) < 0.0005) return right_text("\xe2\x80\x93");
  ImGui::PushStyleColor(ImGuiCol_Text, change < 0 ? view.theme.good : view.theme.bad);
  right_text(fmt::format("{:+.1f} %", 100 * change));
  ImGui::PopStyleColor();
}

}  // namespace

BottleneckPanel::~BottleneckPanel() { worker_.drop(this); }

void BottleneckPanel::start(const View& view) {
  const auto soc = find_soc(view.now.compile->model->soc);
  shared_ = std::make_shared<Shared>();
  if (!soc) return;
  worker_.post(this, [shared = shared_, model = view.now.compile->model, chip = **soc, wake = view.wake](const std::atomic<bool>& cancelled) {
    size_t shown = 0;
    auto effects = what_if(*model, chip, all_changes(), [&](size_t done, size_t total) {
      const std::lock_guard lock(shared->mutex);
      shared->done = done, shared->total = total;
      const size_t step = done * 20 / std::max<size_t>(total, 1);
      if (step != std::exchange(shown, step) && wake) wake();
      return !cancelled;
    });
    {
      const std::lock_guard lock(shared->mutex);
      shared->finished = true;
      if (effects) shared->effects = std::move(*effects);
      else shared->error = effects.error();
    }
    if (wake) wake();
  });
}

void BottleneckPanel::draw(const View& view, Commands& commands, float height) {
  const auto& tasks = view.now.profile->tasks;
  if (tasks.empty()) return placeholder(view, Str::NoTask);
  if (watch_.changed(view)) {
    slowest_.resize(tasks.size());
    std::iota(slowest_.begin(), slowest_.end(), 0);
    std::ranges::stable_sort(slowest_, [&](int a, int b) { return tasks[static_cast<size_t>(a)].us > tasks[static_cast<size_t>(b)].us; });
    if (slowest_.size() > kSlowest) slowest_.resize(kSlowest);
    start(view);
  }
  const bool given = view.settings.task >= 0 && view.settings.task < static_cast<int>(tasks.size());
  const int chosen = given ? view.settings.task : slowest_.front();
  const bool wide = ImGui::GetContentRegionAvail().x > 760;
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  if (wide) {
    ImGui::BeginChild("slowest", {ImGui::GetContentRegionAvail().x * 0.52f, height - 2});
    draw_slowest(view, commands, chosen);
    ImGui::EndChild();
    ImGui::SameLine(0, 18);
    ImGui::BeginChild("changes", {0, height - 2});
    draw_changes(view, chosen);
    ImGui::EndChild();
  } else {
    ImGui::BeginChild("both", {0, height - 2});
    draw_changes(view, chosen);
    ImGui::Spacing();
    draw_slowest(view, commands, chosen);
    ImGui::EndChild();
  }
  ImGui::PopStyleVar();
}

void BottleneckPanel::draw_slowest(const View& view, Commands& commands, int chosen) {
  const CompiledModel& model = *view.now.compile->model;
  const auto soc = find_soc(model.soc);
  if (!soc) return;
  faint_text(view, view.format(Str::SlowestTasks, slowest_.size(), view.now.profile->tasks.size()));
  for (size_t i = 0; i < slowest_.size(); ++i) {
    const auto index = static_cast<size_t>(slowest_[i]);
    const TaskRow& task = view.now.profile->tasks[index];
    const std::string text = sentence(view, find_bottleneck(model.tasks[index], view.now.profile->raw->tasks[index], **soc));
    ImGui::PushID(static_cast<int>(index));
    const ImVec2 at = ImGui::GetCursorPos();
    const float width = ImGui::GetContentRegionAvail().x - 16, row = ImGui::GetTextLineHeightWithSpacing();
    const float tall = ImGui::CalcTextSize(text.c_str(), nullptr, false, width).y + row + kBarHeight + 14;
    if (ImGui::Selectable("##slow", static_cast<int>(index) == chosen, 0, {0, tall})) commands.push(command::SelectTask{static_cast<int>(index)});
    mark(view, fmt::format("bottleneck-{}", i), text);
    const ImVec2 after = ImGui::GetCursorPos();
    ImGui::SetCursorPos({at.x + 8, at.y + 3});
    ImGui::PushFont(view.theme.strong, view.theme.text_size);
    cut_text(task.name, width - 150);
    ImGui::PopFont();
    const std::string time = fmt::format("{}  {:.1f} %", short_us(task.us), 100 * task.share);
    ImGui::SetCursorPos({at.x + 8 + width - ImGui::CalcTextSize(time.c_str()).x, at.y + 3});
    ImGui::TextUnformatted(time.c_str());
    ImGui::SetCursorPos({at.x + 8, at.y + row + 2});
    bar(view, task.us / std::max(1e-9, view.now.profile->tasks[static_cast<size_t>(slowest_.front())].us), view.theme.accent, width, kBarHeight);
    ImGui::SetCursorPos({at.x + 8, at.y + row + kBarHeight + 6});
    ImGui::PushTextWrapPos(at.x + 8 + width);
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
    ImGui::TextUnformatted(text.c_str());
    ImGui::PopStyleColor();
    ImGui::PopTextWrapPos();
    ImGui::SetCursorPos(after);
    ImGui::Dummy({0, 0});
    ImGui::PopID();
  }
}

void BottleneckPanel::draw_changes(const View& view, int chosen) {
  const auto index = static_cast<size_t>(chosen);
  const TaskProfile& now = view.now.profile->raw->tasks[index];
  const double task_us = now.wait_us + now.duration_us, total_us = view.now.profile->total_us;
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  cut_text(view.format(Str::WhatIfTitle, view.now.profile->tasks[index].name));
  ImGui::PopFont();
  wrapped_text(view, view.tr(Str::WhatIfText), true);
  const std::lock_guard lock(shared_->mutex);
  if (!shared_->finished) {
    ImGui::ProgressBar(static_cast<float>(shared_->done) / static_cast<float>(std::max<size_t>(shared_->total, 1)), {ImGui::GetContentRegionAvail().x * 0.6f, 0}, "");
    ImGui::SameLine();
    if (ImGui::Button(view.tr(Str::StopSimulation))) worker_.cancel(this);
    mark(view, "what-if-stop");
    return;
  }
  if (shared_->error) {
    wrapped_text(view, shared_->error->kind == ErrorKind::Cancelled ? view.tr(Str::WhatIfStopped) : shared_->error->message(), true);
    if (ImGui::Button(view.tr(Str::WhatIfAgain))) watch_ = {};
    return;
  }
  std::vector<const ChangeEffect*> effects;
  for (const ChangeEffect& effect : shared_->effects) effects.push_back(&effect);
  std::ranges::stable_sort(effects, {}, [&](const ChangeEffect* effect) { return std::pair(effect->task_us[index], effect->total_us); });
  const bool wide = !view.compact;
  if (!ImGui::BeginTable(wide ? "what_if" : "what_if_narrow", wide ? 5 : 4, ImGuiTableFlags_RowBg | ImGuiTableFlags_NoPadOuterX)) return;
  const float number = view.compact ? 58.0f : 70.0f;
  ImGui::TableSetupColumn(view.tr(Str::ColChange));
  for (const Str header : {Str::ColUs, Str::ColTaskChange, Str::ColModelUs, Str::ColModelChange})
    if (wide || header != Str::ColModelUs) ImGui::TableSetupColumn(view.tr(header), ImGuiTableColumnFlags_WidthFixed, number);
  ImGui::TableHeadersRow();
  const auto cells = [&](double us, double all) {
    ImGui::TableSetColumnIndex(1);
    right_text(fmt::format("{:.2f}", us));
    ImGui::TableSetColumnIndex(2);
    change_cell(view, task_us, us);
    if (wide) {
      ImGui::TableSetColumnIndex(3);
      right_text(fmt::format("{:.1f}", all));
    }
    ImGui::TableSetColumnIndex(wide ? 4 : 3);
    change_cell(view, total_us, all);
  };
  ImGui::TableNextRow();
  ImGui::TableSetColumnIndex(0);
  ImGui::TextUnformatted(view.tr(Str::ChangeNothing));
  cells(task_us, total_us);
  for (const ChangeEffect* effect : effects) {
    const ChangeText& text = kChangeTexts[static_cast<size_t>(effect->change)];
    ImGui::TableNextRow();
    ImGui::TableSetColumnIndex(0);
    if (view.compact) ImGui::TextWrapped("%s", view.tr(text.name));
    else cut_text(view.tr(text.name));
    tooltip(view.tr(text.help));
    cells(effect->task_us[index], effect->total_us);
  }
  ImGui::EndTable();
  mark(view, "profile-what-if", fmt::format("{}", effects.size()));
}

}  // namespace npu::ui
