// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "core/isa/program.h"
#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kAxisHeight = 20;
constexpr double kSmallestView = 20;  // cycles

float lane_height(const View& view, const Lane& lane) {
  const float unit = view.theme.touch ? 22.0f : 17.0f;
  return lane.kind == Lane::Kind::Tasks ? unit + 4 : unit;
}

std::string lane_name(const View& view, const Lane& lane) {
  if (lane.kind == Lane::Kind::Tasks) return view.tr(Str::Tasks);
  if (lane.kind == Lane::Kind::AiCpu) return view.tr(Str::AiCpu);
  return view.format(Str::LaneName, lane.core, kPipeNames[static_cast<size_t>(lane.pipe)]);
}

ImVec4 event_colour(const Theme& theme, const Lane& lane, const Event* event) {
  if (lane.kind == Lane::Kind::Tasks) return event && event->task % 2 ? theme.task_odd : theme.task_even;
  if (lane.kind == Lane::Kind::AiCpu) return theme.ai_cpu;
  return theme.pipes[static_cast<size_t>(lane.pipe)];
}

const Instr* find_instr(const CompiledModel& model, const Event& event) {
  if (event.block < 0 || event.task < 0 || static_cast<size_t>(event.task) >= model.tasks.size()) return nullptr;
  const Task& task = model.tasks[static_cast<size_t>(event.task)];
  if (static_cast<size_t>(event.block) >= task.blocks.size()) return nullptr;
  const Program& program = task.blocks[static_cast<size_t>(event.block)];
  return event.instr >= 0 && static_cast<size_t>(event.instr) < program.size() ? &program[static_cast<size_t>(event.instr)] : nullptr;
}

std::string_view event_label(const CompiledModel& model, const Event& event) {
  if (const Instr* instr = find_instr(model, event)) return instr_info(instr->op).name;
  return static_cast<size_t>(event.task) < model.tasks.size() ? std::string_view(model.tasks[static_cast<size_t>(event.task)].name) : "";
}

// 1, 2 or 5 times a power of ten: at least `smallest`.
double nice_step(double smallest) {
  const double power = std::pow(10.0, std::floor(std::log10(std::max(smallest, 1e-9))));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= smallest) return factor * power;
  return 10 * power;
}

void draw_axis(const View& view, const Timeline& timeline, double begin, double end, ImVec2 from, float width, float bottom) {
  auto* list = ImGui::GetWindowDrawList();
  const double begin_us = begin / timeline.cycles_per_us, end_us = end / timeline.cycles_per_us;
  const double step = nice_step((end_us - begin_us) * 90 / std::max(width, 1.0f));
  const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(step))));
  for (double t = std::ceil(begin_us / step) * step; t < end_us; t += step) {
    const float x = from.x + static_cast<float>((t - begin_us) / (end_us - begin_us)) * width;
    list->AddLine({x, from.y}, {x, bottom}, colour(view.theme.border, 0.6f));
    list->AddText({x + 3, from.y + 1}, colour(view.theme.faint), fmt::format("{:.{}f} \xc2\xb5s", t, digits).c_str());
  }
}

void show_event(const View& view, const CompiledModel& model, const Timeline& timeline, const Lane& lane, const Event& event) {
  if (!ImGui::BeginTooltip()) return;
  const std::string_view task = static_cast<size_t>(event.task) < model.tasks.size() ? std::string_view(model.tasks[static_cast<size_t>(event.task)].name) : "";
  ImGui::PushFont(view.theme.strong, view.theme.text_size);
  const std::string name(event_label(model, event));
  ImGui::TextUnformatted(name.c_str());
  ImGui::PopFont();
  const double us = static_cast<double>(event.end - event.start) / timeline.cycles_per_us;
  ImGui::TextColored(view.theme.faint, "%s", view.format(Str::EventTooltip, lane_name(view, lane), event.end - event.start, us,
                               static_cast<double>(event.start) / timeline.cycles_per_us).c_str());
  if (const Instr* instr = find_instr(model, event)) {
    ImGui::TextColored(view.theme.faint, "%s", view.format(Str::EventTask, task, event.instr).c_str());
    ImGui::PushTextWrapPos(460);
    ImGui::PushFont(view.theme.mono, view.theme.small_size);
    ImGui::TextUnformatted(disassemble(*instr).c_str());
    ImGui::PopFont();
    ImGui::PopTextWrapPos();
  }
  ImGui::EndTooltip();
}

}  // namespace

TimelinePanel::Clicked TimelinePanel::take_clicked() { return std::exchange(clicked_, {}); }

// From the first task on: the launch before it is long and empty. Zooming out shows it.
void TimelinePanel::fit(const Timeline& timeline) {
  const auto events = timeline.lanes.empty() ? std::span<const Event>() : timeline.lanes.front().events();
  end_ = static_cast<double>(std::max<int64_t>(timeline.end, 1));
  begin_ = events.empty() ? 0 : static_cast<double>(events.front().start);
  begin_ -= (end_ - begin_) * 0.01;
}

void TimelinePanel::zoom(double factor, double around) {
  begin_ = around - (around - begin_) * factor;
  end_ = around + (end_ - around) * factor;
}

void TimelinePanel::draw(const View& view, Commands& commands, float height) {
  const Timeline& timeline = *view.now.profile->timeline;
  if (shown_ != &timeline) {
    shown_ = &timeline;
    fit(timeline);
  }
  const float top = ImGui::GetCursorPosY();
  draw_toolbar(view);
  const float space = height - (ImGui::GetCursorPosY() - top);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::BeginChild("lanes", {0, std::max(space, 120.0f)}, ImGuiChildFlags_Borders, ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  draw_canvas(view, commands, ImGui::GetContentRegionAvail());
  ImGui::EndChild();
}

void TimelinePanel::draw_toolbar(const View& view) {
  const double middle = (begin_ + end_) / 2;
  if (small_button(view, "+##zoom", Str::ZoomIn)) zoom(0.5, middle);
  ImGui::SameLine(0, 4);
  if (small_button(view, "\xe2\x88\x92##zoom", Str::ZoomOut)) zoom(2, middle);
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::ZoomFit), Str::ZoomFitHelp)) fit(*view.now.profile->timeline);
  const auto& tasks = view.now.profile->tasks;
  if (view.settings.task >= 0 && static_cast<size_t>(view.settings.task) < tasks.size()) {
    ImGui::SameLine(0, 4);
    if (small_button(view, view.tr(Str::ZoomTask), Str::ZoomTaskHelp)) {
      const TaskRow& row = tasks[static_cast<size_t>(view.settings.task)];
      const double margin = static_cast<double>(row.cycles) * 0.03 + 1;
      begin_ = static_cast<double>(row.start) - margin;
      end_ = static_cast<double>(row.start + row.cycles) + margin;
    }
  }
  // Legend: what the colours mean.
  for (int pipe = 0; pipe < kPipes; ++pipe) {
    const auto& lanes = view.now.profile->timeline->lanes;
    if (std::ranges::none_of(lanes, [&](const Lane& l) { return l.kind == Lane::Kind::Pipe && static_cast<int>(l.pipe) == pipe; })) continue;
    const float width = ImGui::CalcTextSize(kPipeNames[static_cast<size_t>(pipe)].data()).x + view.theme.text_size + 10;
    ImGui::SameLine(0, 10);
    if (ImGui::GetContentRegionAvail().x < width) ImGui::NewLine();
    ImGui::SetCursorPosY(ImGui::GetCursorPosY() + ImGui::GetStyle().FramePadding.y);
    ImGui::BeginGroup();
    colour_dot(view.theme.pipes[static_cast<size_t>(pipe)]);
    ImGui::TextUnformatted(kPipeNames[static_cast<size_t>(pipe)].data());
    ImGui::EndGroup();
    tooltip(view.tr(static_cast<Str>(static_cast<int>(Str::PipeSHelp) + pipe)));
  }
}

void TimelinePanel::clamp() {
  const double last = static_cast<double>(static_cast<const Timeline*>(shown_)->end);
  const double length = std::clamp(end_ - begin_, std::min(kSmallestView, last), last);
  const double middle = (begin_ + end_) / 2;
  begin_ = std::clamp(middle - length / 2, 0.0, last - length);
  end_ = begin_ + length;
}

void TimelinePanel::handle_input(const View& view, float left, float width) {
  const ImGuiIO& io = ImGui::GetIO();
  const double per_pixel = (end_ - begin_) / std::max(width, 1.0f);
  if (ImGui::IsItemHovered()) {
    const double around = begin_ + (io.MousePos.x - left) * per_pixel;
    if (io.KeyShift && io.MouseWheel != 0) {
      const double shift = -io.MouseWheel * 60 * per_pixel;
      begin_ += shift, end_ += shift;
    } else if (io.MouseWheel != 0) {
      zoom(std::pow(0.8, io.MouseWheel), around);
    }
    if (io.MouseWheelH != 0) {
      const double shift = -io.MouseWheelH * 60 * per_pixel;
      begin_ += shift, end_ += shift;
    }
  }
  if (ImGui::IsItemActive() && ImGui::IsMouseDragging(ImGuiMouseButton_Left, 3)) {
    begin_ -= io.MouseDelta.x * per_pixel;
    end_ -= io.MouseDelta.x * per_pixel;
    ImGui::SetScrollY(ImGui::GetScrollY() - io.MouseDelta.y);
  }
  if (ImGui::IsItemFocused() || ImGui::IsItemHovered()) {
    const double step = (end_ - begin_) * 0.1;
    const double middle = (begin_ + end_) / 2;
    if (ImGui::IsKeyPressed(ImGuiKey_A)) begin_ -= step, end_ -= step;
    if (ImGui::IsKeyPressed(ImGuiKey_D)) begin_ += step, end_ += step;
    if (ImGui::IsKeyPressed(ImGuiKey_W)) zoom(0.8, middle);
    if (ImGui::IsKeyPressed(ImGuiKey_S)) zoom(1.25, middle);
    if (ImGui::IsKeyPressed(ImGuiKey_F, false)) fit(*view.now.profile->timeline);
  }
  clamp();
}

void TimelinePanel::draw_canvas(const View& view, Commands&, ImVec2 size) {
  const Timeline& timeline = *view.now.profile->timeline;
  const CompiledModel& model = *view.now.compile->model;
  float content = kAxisHeight + 4;
  for (const Lane& lane : timeline.lanes) content += lane_height(view, lane);
  const ImVec2 from = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton("canvas", {size.x, std::max(size.y - 1, content)}, ImGuiButtonFlags_EnableNav);
  const float left = from.x + kLaneLabels;
  const float width = std::max(40.0f, size.x - kLaneLabels);
  width_ = width;
  handle_input(view, left, width);

  auto* list = ImGui::GetWindowDrawList();
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  const float window_top = ImGui::GetWindowPos().y, window_bottom = window_top + ImGui::GetWindowHeight();
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const bool hovered = ImGui::IsItemHovered();
  const Lane* hit_lane = nullptr;
  const Event* hit = nullptr;
  std::vector<Span> spans;
  const double per_pixel = (end_ - begin_) / width;
  draw_axis(view, timeline, begin_, end_, {left, window_top}, width, window_bottom);

  float y = from.y + kAxisHeight;
  for (const Lane& lane : timeline.lanes) {
    const float height = lane_height(view, lane);
    const float y0 = y, y1 = y + height - 2;
    y += height;
    if (y1 < window_top + kAxisHeight || y0 > window_bottom) continue;
    const std::string name = lane_name(view, lane);
    list->AddText({from.x + 6, y0 + (height - 2 - ImGui::GetTextLineHeight()) / 2}, colour(view.theme.faint), name.c_str());
    list->PushClipRect({left, std::max(window_top + kAxisHeight, y0)}, {left + width, y1}, true);
    visible_spans(lane, begin_, end_, width, spans);
    for (const Span& span : spans) {
      const ImVec4 fill = event_colour(view.theme, lane, span.event);
      const ImVec2 a(left + span.x0, y0), b(std::max(left + span.x1, left + span.x0 + 1), y1);
      const bool waits = span.event && span.event->waits;
      list->AddRectFilled(a, b, colour(fill, waits ? 0.18f : span.event ? 1.0f : 0.35f + 0.65f * span.coverage));
      if (!span.event) continue;
      const bool selected = lane.kind == Lane::Kind::Tasks && span.event->task == view.settings.task;
      if (selected) list->AddRect(a, b, colour(view.theme.accent), 0, 0, 2);
      if (b.x - a.x > 3) list->AddLine({b.x - 0.5f, a.y}, {b.x - 0.5f, b.y}, colour(view.theme.background, 0.6f));
      if (b.x - a.x < 34) continue;
      const std::string_view label = event_label(model, *span.event);
      const ImVec4 clip(a.x, a.y, b.x - 3, b.y);
      list->AddText(nullptr, 0, {a.x + 4, a.y + (height - 2 - ImGui::GetTextLineHeight()) / 2},
                    lane.kind == Lane::Kind::Tasks || waits ? colour(view.theme.text) : text_on(fill), label.data(), label.data() + label.size(), 0, &clip);
    }
    list->PopClipRect();
    if (hovered && mouse.y >= y0 && mouse.y < y1 && mouse.x >= left) {
      hit_lane = &lane;
      const double time = begin_ + (mouse.x - left) * per_pixel;
      hit = lane.at(static_cast<int64_t>(time));
      if (!hit) {  // near misses count: most events are narrower than a pointer
        const size_t next = lane.first_after(static_cast<int64_t>(time - 2 * per_pixel));
        if (next < lane.events().size() && static_cast<double>(lane.events()[next].start) <= time + 2 * per_pixel) hit = &lane.events()[next];
      }
    }
  }
  ImGui::PopFont();
  if (hit) {
    show_event(view, model, timeline, *hit_lane, *hit);
    const bool still = ImGui::GetIO().MouseDragMaxDistanceSqr[0] < 16;
    if (ImGui::IsMouseReleased(ImGuiMouseButton_Left) && still) clicked_ = {hit->task, std::max(hit->block, 0), hit->block >= 0 ? hit->instr : -1};
  }
}

}  // namespace npu::ui
