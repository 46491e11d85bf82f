// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "ui/panels/chip_panel.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kLabel = 46;
constexpr double kNear = 400;       // cycles around an instruction, at least

void draw_span(const View& view, const Span& span, const BlockTrace::Row& row, const ChipScene& scene, ImVec2 at, float high) {
  const ImVec4 fill = view.theme.pipes[static_cast<size_t>(row.pipe)];
  auto* list = ImGui::GetWindowDrawList();
  const ImVec2 a(at.x + span.x0, at.y), b(std::max(at.x + span.x1, at.x + span.x0 + 1), at.y + high);
  const bool waits = span.event && span.event->waits;
  list->AddRectFilled(a, b, colour(fill, waits ? 0.18f : span.event ? 0.85f : 0.3f + 0.5f * span.coverage));
  if (!span.event) return;
  if (b.x - a.x > 3) list->AddLine({b.x - 0.5f, a.y}, {b.x - 0.5f, b.y}, colour(view.theme.background, 0.6f));
  if (span.event == scene.event) list->AddRect(a, b, colour(view.theme.text), 0, 0, 2);
  if (b.x - a.x < 34) return;
  const auto& program = scene.task->blocks[static_cast<size_t>(span.event->block)];
  if (static_cast<size_t>(span.event->instr) >= program.size()) return;
  const std::string_view name = instr_info(program[static_cast<size_t>(span.event->instr)].op).name;
  const ImVec4 clip(a.x, a.y, b.x - 3, b.y);
  list->AddText(nullptr, 0, {a.x + 4, a.y + (high - ImGui::GetTextLineHeight()) / 2}, waits ? colour(view.theme.text) : text_on(fill), name.data(), name.data() + name.size(), 0, &clip);
}

}  // namespace

// Follows the instruction when it leaves what is visible.
void ChipTimeLine::keep_in_sight(const ChipScene& scene) {
  const BlockTrace& trace = *scene.trace;
  if (shown_begin_ != trace.begin() || end_ <= begin_) {
    shown_begin_ = trace.begin();
    begin_ = static_cast<double>(trace.begin()), end_ = static_cast<double>(std::max(trace.end(), trace.begin() + 1));
    followed_ = nullptr;
  }
  if (!scene.event || scene.event == followed_) return;
  followed_ = scene.event;
  const double length = end_ - begin_, start = static_cast<double>(scene.event->start), end = static_cast<double>(scene.event->end);
  if (start >= begin_ && end <= end_) return;
  begin_ = std::clamp(start - length * 0.3, static_cast<double>(trace.begin()), std::max(static_cast<double>(trace.begin()), static_cast<double>(trace.end()) - length));
  end_ = begin_ + length;
}

void ChipTimeLine::draw(const View& view, ChipScene& scene, ImVec2 size) {
  if (!scene.trace || scene.trace->empty()) {
    faint_text(view, scene.moment().cpu ? view.tr(Str::AiCpu) : view.tr(Str::ChipViewNoTrace));
    return;
  }
  keep_in_sight(scene);
  const BlockTrace& trace = *scene.trace;
  const double middle = scene.event ? static_cast<double>(scene.event->start) : (begin_ + end_) / 2;
  const auto zoom = [&](double factor, double around) { begin_ = around - (around - begin_) * factor, end_ = around + (end_ - around) * factor; };
  if (small_button(view, "+##zoom", Str::ZoomIn)) zoom(0.5, middle);
  ImGui::SameLine(0, 4);
  if (small_button(view, "\xe2\x88\x92##zoom", Str::ZoomOut)) zoom(2, middle);
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::ChipViewWhole), Str::ChipViewWholeHelp)) begin_ = static_cast<double>(trace.begin()), end_ = static_cast<double>(trace.end());
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(Str::ChipViewNear), Str::ChipViewNearHelp) && scene.event) {
    const double around = std::max(kNear, 8.0 * static_cast<double>(scene.event->end - scene.event->start));
    begin_ = middle - around * 0.4, end_ = middle + around * 0.6;
  }
  if (scene.event) {
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    const int64_t base = trace.begin();
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
    cut_text(view.format(Str::ChipViewCycles, instr_info(scene.moment().instr.op).name, kPipeNames[static_cast<size_t>(pipe_of(scene.moment().instr))], scene.event->start - base, scene.event->end - base, scene.event->end - scene.event->start));
    ImGui::PopStyleColor();
  }
  const ImVec2 from = ImGui::GetCursorScreenPos();
  const ImVec2 rest(size.x, std::max(60.0f, size.y - ImGui::GetFrameHeightWithSpacing()));
  ImGui::InvisibleButton("time line", rest, ImGuiButtonFlags_EnableNav);
  draw_rows(view, scene, from, rest);
  mark(view, "chip-timeline", scene.event ? fmt::format("{}", scene.event->start) : "");
}

void ChipTimeLine::draw_rows(const View& view, ChipScene& scene, ImVec2 from, ImVec2 size) {
  const BlockTrace& trace = *scene.trace;
  const float left = from.x + kLabel, width = std::max(40.0f, size.x - kLabel - 2);
  const float row = std::min(view.theme.touch ? 24.0f : 20.0f, size.y / static_cast<float>(trace.rows().size()));
  const double whole = static_cast<double>(std::max<int64_t>(trace.end() - trace.begin(), 1));
  if (const ImGuiIO& io = ImGui::GetIO(); ImGui::IsItemHovered() && io.MouseWheel != 0) {
    ImGui::SetItemKeyOwner(ImGuiKey_MouseWheelY);
    const double around = begin_ + (end_ - begin_) * static_cast<double>((io.MousePos.x - left) / width), factor = std::pow(0.8, io.MouseWheel);
    begin_ = around - (around - begin_) * factor, end_ = around + (end_ - around) * factor;
  }
  const double length = std::clamp(end_ - begin_, std::min(20.0, whole), whole);
  begin_ = std::clamp(begin_, static_cast<double>(trace.begin()), std::max(static_cast<double>(trace.begin()), static_cast<double>(trace.end()) - length));
  end_ = begin_ + length;

  auto* list = ImGui::GetWindowDrawList();
  ImGui::PushFont(view.theme.body, std::min(view.theme.small_size - 1, row - 3));
  list->AddRectFilled({left, from.y}, {left + width, from.y + row * static_cast<float>(trace.rows().size())}, colour(view.theme.background), 3);
  std::vector<Span> spans;
  float y = from.y;
  for (const BlockTrace::Row& r : trace.rows()) {
    const std::string_view name = kPipeNames[static_cast<size_t>(r.pipe)];
    list->AddRectFilled({from.x, y + 3}, {from.x + 4, y + row - 3}, colour(view.theme.pipes[static_cast<size_t>(r.pipe)]), 2);
    list->AddText({from.x + 8, y + (row - ImGui::GetTextLineHeight()) / 2}, colour(view.theme.faint), name.data(), name.data() + name.size());
    list->PushClipRect({left, y}, {left + width, y + row - 1}, true);
    visible_spans(*r.lane, begin_, end_, width, spans);
    for (const Span& span : spans) draw_span(view, span, r, scene, {left, y + 1}, row - 2);
    list->PopClipRect();
    y += row;
  }
  ImGui::PopFont();
  const auto x_of = [&](int64_t time) { return left + static_cast<float>((static_cast<double>(time) - begin_) / (end_ - begin_)) * width; };
  if (scene.event) {
    const float x = std::clamp(x_of(scene.event->start), left, left + width);
    list->AddLine({x, from.y}, {x, y}, colour(view.theme.accent), 2);
    list->AddTriangleFilled({x - 5, from.y - 4}, {x + 5, from.y - 4}, {x, from.y + 4}, colour(view.theme.accent));
  }
  if (ImGui::IsItemActive() && ImGui::IsMouseDown(ImGuiMouseButton_Left)) point(scene, left, from.y, row, width);
}

// A click on an instruction goes to it; dragging scrubs through time.
void ChipTimeLine::point(ChipScene& scene, float left, float top, float row, float width) {
  const BlockTrace& trace = *scene.trace;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const auto time = static_cast<int64_t>(begin_ + (end_ - begin_) * static_cast<double>(std::clamp((mouse.x - left) / width, 0.0f, 1.0f)));
  const auto index = static_cast<size_t>(std::max(0.0f, (mouse.y - top) / row));
  const Event* wanted = nullptr;
  if (ImGui::IsMouseClicked(ImGuiMouseButton_Left) && index < trace.rows().size()) wanted = BlockTrace::at(trace.rows()[index], time);
  if (!wanted && (ImGui::IsMouseClicked(ImGuiMouseButton_Left) || ImGui::GetIO().MouseDelta.x != 0)) wanted = trace.running(time);
  if (!wanted || wanted == scene.event) return;
  followed_ = wanted;
  scene.session->go(Place{static_cast<size_t>(wanted->task), static_cast<size_t>(wanted->block), wanted->instr}, trace.occurrence(*wanted));
}

}  // namespace npu::ui
