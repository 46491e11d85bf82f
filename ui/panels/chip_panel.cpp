// SPDX-License-Identifier: Apache-2.0
#include "ui/panels/chip_panel.h"

#include <algorithm>
#include <array>
#include <utility>

#include <misc/cpp/imgui_stdlib.h>

#include "core/soc/soc.h"
#include "ui/chip/describe.h"
#include "ui/chip/elements.h"
#include "ui/icons.h"
#include "ui/widgets.h"
#include "ui/workspace.h"

namespace npu::ui {
namespace {

constexpr float kSide = 372;          // width of the column with the instruction
constexpr float kLine = 21;           // height of a pipe's row of the time line
constexpr double kTravel = 0.45;      // seconds that bytes are on their way after a step
constexpr int kSpeeds[] = {1, 4, 16, 60, 1000, 20000};  // instructions a second
constexpr double kFrame = 1.0 / 60;

struct GoalName {
  ChipGoal::Kind kind;
  Str name;
};
constexpr GoalName kGoals[] = {{ChipGoal::Kind::Read, Str::ChipGoalFollow}, {ChipGoal::Kind::Mad, Str::ChipGoalMad},     {ChipGoal::Kind::Copy, Str::ChipGoalCopy},   {ChipGoal::Kind::Flag, Str::ChipGoalFlag}, {ChipGoal::Kind::Pipe, Str::ChipGoalPipe},
                               {ChipGoal::Kind::Write, Str::ChipGoalWrite}, {ChipGoal::Kind::Block, Str::ChipGoalBlock}, {ChipGoal::Kind::Task, Str::ChipGoalTask}, {ChipGoal::Kind::Break, Str::ChipGoalBreak}};

Str name_of_goal(ChipGoal::Kind kind) { return std::ranges::find(kGoals, kind, &GoalName::kind)->name; }

bool plain_key(ImGuiKey key) { return ImGui::IsKeyPressed(key) && !ImGui::GetIO().KeyCtrl && !ImGui::GetIO().KeyAlt; }

}  // namespace

// False while there is nothing to draw.
bool ChipPanel::update(const View& view, Commands& commands, ChipScene& scene) {
  scene.session = view.chip;
  scene.state = view.chip->state();
  if (!scene.state->model || !scene.state->moment) {
    playing_ = false, chosen_.reset(), trace_ = {}, traced_ = nullptr, moment_ = nullptr;
    if (scene.state->error) wrapped_text(view, view.format(Str::ChipViewFailed, error_text(view.settings.language, *scene.state->error)));
    else if (scene.state->total > 0) ImGui::ProgressBar(static_cast<float>(scene.state->done) / static_cast<float>(scene.state->total), {-1, 0}, view.format(Str::ChipViewSeeking, scene.state->done, scene.state->total).c_str());
    else placeholder(view, scene.state->model || view.now.busy() ? Str::ChipViewOpening : Str::ChipViewEmpty);
    return false;
  }
  const ChipMoment& moment = scene.moment();
  scene.soc = *find_soc(scene.state->model->soc);
  scene.task = &scene.state->model->tasks[moment.place.task];
  const Timeline* timeline = view.now.profile && view.now.compile && view.now.compile->model == scene.state->model ? view.now.profile->timeline.get() : nullptr;
  if (timeline != traced_ || traced_task_ != moment.place.task || traced_block_ != moment.place.block) {
    traced_ = timeline, traced_task_ = moment.place.task, traced_block_ = moment.place.block;
    trace_ = timeline && !moment.cpu ? BlockTrace(*timeline, static_cast<int32_t>(moment.place.task), static_cast<int32_t>(moment.place.block)) : BlockTrace();
  }
  scene.trace = &trace_;
  scene.event = moment.cpu ? nullptr : trace_.of(moment.place.instruction, moment.occurrence);
  if (&moment != moment_) {
    moved_at_ = moment_ != nullptr ? ImGui::GetTime() : -10;
    moment_ = &moment;
  }
  const double travel = playing_ ? std::min(kTravel, 0.8 / kSpeeds[speed_]) : kTravel;
  scene.way = view.settings.calm ? 1.0f : static_cast<float>(std::clamp((ImGui::GetTime() - moved_at_) / travel, 0.0, 1.0));
  if (scene.way < 1 && view.wake) view.wake();
  scene.by_tensor = by_tensor_;
  scene.chosen = chosen_;
  view.chip->set_breakpoints(breakpoints_from_text(view.settings.chip_breaks));
  if (const std::string key = place_key(moment.place); !playing_ && !scene.state->busy && key != view.settings.chip_place) commands.push(command::ShowPlace{key});
  return true;
}

void ChipPanel::draw(const View& view, Commands& commands) {
  ChipScene scene;
  if (!view.compact) title(view, Str::ChipRoom, Str::ChipRoomHelp);
  if (!update(view, commands, scene)) return;
  take_keys(view, commands, scene);
  play(view, scene);
  const ImVec2 space = ImGui::GetContentRegionAvail();
  if (view.compact || space.x < 760) {
    draw_transport(view, scene);
    draw_line(view, scene);
    diagram_.draw(view, scene, {space.x, space.x < 560 ? std::clamp(space.x * 1.3f, 430.0f, 560.0f) : 360});
    time_line_.draw(view, scene, {space.x, std::max(3.0f, static_cast<float>(scene.trace->rows().size())) * 24 + ImGui::GetFrameHeightWithSpacing() + 4});
    draw_side(view, commands, scene, false);
  } else {
    const float side = std::clamp(space.x * 0.3f, kSide, 560.0f);
    ImGui::BeginChild("core", {space.x - side - 10, 0}, ImGuiChildFlags_NavFlattened, ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse);
    draw_transport(view, scene);
    draw_line(view, scene);
    const ImVec2 left = ImGui::GetContentRegionAvail();
    const float lines = std::max(3.0f, static_cast<float>(scene.trace->rows().size())) * kLine + ImGui::GetFrameHeightWithSpacing() + 4;
    diagram_.draw(view, scene, {left.x, std::max(220.0f, left.y - lines - ImGui::GetStyle().ItemSpacing.y)});
    time_line_.draw(view, scene, {left.x, lines});
    ImGui::EndChild();
    ImGui::SameLine(0, 10);
    ImGui::BeginChild("side", {0, 0}, ImGuiChildFlags_NavFlattened);
    draw_side(view, commands, scene, true);
    ImGui::EndChild();
  }
  if (scene.tile_clicked) side_ = Side::Values;
  chosen_ = scene.chosen;
}

// --- moving ---

void ChipPanel::draw_transport(const View& view, ChipScene& scene) {
  const ChipMoment& moment = scene.moment();
  const float size = view.theme.touch ? 40.0f : 30.0f;
  const bool more = moment.position + 1 < scene.state->steps;
  if (icon_button(view, icon::kStepBack, Str::ChipViewStart, Str::ChipViewStartHelp, size, moment.position > 0)) playing_ = false, view.chip->go(int64_t{0});
  mark(view, "chip-start");
  ImGui::SameLine(0, 2);
  if (icon_button(view, icon::kLeft, Str::ChipViewBack, Str::ChipViewBackHelp, size, moment.position > 0)) playing_ = false, view.chip->step(-1);
  mark(view, "chip-back");
  ImGui::SameLine(0, 2);
  if (icon_button(view, playing_ ? icon::kPause : icon::kRun, Str::ChipViewPlay, Str::ChipViewPlayHelp, size, more)) playing_ = !playing_, next_step_ = ImGui::GetTime();
  mark(view, "chip-play", playing_ ? "1" : "0");
  ImGui::SameLine(0, 2);
  if (icon_button(view, icon::kRight, Str::ChipViewStep, Str::ChipViewStepHelp, size, more)) playing_ = false, view.chip->step(1);
  mark(view, "chip-step");
  ImGui::SameLine(0, 6);
  ImGui::SetNextItemWidth(view.theme.touch ? 92.0f : 86.0f);
  if (ImGui::BeginCombo("##speed", view.format(Str::ChipViewSpeed, kSpeeds[speed_]).c_str(), ImGuiComboFlags_NoArrowButton)) {
    for (int i = 0; i < static_cast<int>(std::size(kSpeeds)); ++i)
      if (ImGui::Selectable(view.format(Str::ChipViewSpeed, kSpeeds[i]).c_str(), i == speed_)) speed_ = i;
    ImGui::EndCombo();
  }
  tooltip(view.tr(Str::ChipViewSpeedHelp));
  mark(view, "chip-speed", fmt::format("{}", kSpeeds[speed_]));
  if (!view.compact) ImGui::SameLine(0, 14);
  draw_goal(view, scene);
  if (!view.compact) ImGui::SameLine(0, 14);
  draw_places(view, scene);
}

void ChipPanel::draw_goal(const View& view, ChipScene& scene) {
  const float size = view.theme.touch ? 40.0f : 28.0f;
  if (icon_button(view, "\xe2\x86\x90", Str::ChipViewGoalBack, Str::ChipViewGoalBackHelp, size, scene.moment().position > 0)) run_to(scene, false);
  mark(view, "chip-goal-back");
  ImGui::SameLine(0, 2);
  ImGui::SetNextItemWidth(136);
  if (ImGui::BeginCombo("##goal", view.tr(name_of_goal(goal_)), ImGuiComboFlags_HeightLarge)) {
    for (const GoalName& g : kGoals)
      if (ImGui::Selectable(view.tr(g.name), goal_ == g.kind)) goal_ = g.kind;
    ImGui::EndCombo();
  }
  tooltip(view.tr(Str::ChipViewGoalHelp));
  mark(view, "chip-goal", view.tr(name_of_goal(goal_)));
  ImGui::SameLine(0, 2);
  if (icon_button(view, "\xe2\x86\x92", Str::ChipViewGoalNext, Str::ChipViewGoalNextHelp, size, scene.moment().position + 1 < scene.state->steps)) run_to(scene, true);
  mark(view, "chip-goal-next");
}

// Which task and block, and how tiles are coloured.
void ChipPanel::draw_places(const View& view, ChipScene& scene) {
  const CompiledModel& model = *scene.state->model;
  const Place& place = scene.moment().place;
  const bool blocks = scene.task->blocks.size() > 1;
  const float toggle = ImGui::CalcTextSize(view.tr(by_tensor_ ? Str::ChipViewByTensor : Str::ChipViewByWriter)).x + ImGui::GetStyle().FramePadding.x * 2 + 8;
  ImGui::SetNextItemWidth(std::max(90.0f, ImGui::GetContentRegionAvail().x - toggle - (blocks ? 76.0f : 0.0f)));
  if (ImGui::BeginCombo("##task", fmt::format("{}  {}", place.task, scene.task->name).c_str(), ImGuiComboFlags_HeightLarge | ImGuiComboFlags_NoArrowButton)) {
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(model.tasks.size()));
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
        if (ImGui::Selectable(fmt::format("{}  {}  {}", i, model.tasks[static_cast<size_t>(i)].name, model.tasks[static_cast<size_t>(i)].op_type).c_str(), static_cast<size_t>(i) == place.task))
          playing_ = false, view.chip->go(Place{static_cast<size_t>(i), 0, 0});
    ImGui::EndCombo();
  }
  tooltip(view.tr(Str::ChipViewTaskChoice));
  mark(view, "chip-task", fmt::format("{}", place.task));
  if (blocks) {
    ImGui::SameLine(0, 4);
    ImGui::SetNextItemWidth(72);
    if (ImGui::BeginCombo("##block", fmt::format("{}/{}", place.block + 1, scene.task->blocks.size()).c_str(), ImGuiComboFlags_NoArrowButton)) {
      for (size_t i = 0; i < scene.task->blocks.size(); ++i)
        if (ImGui::Selectable(fmt::format("{}", i).c_str(), i == place.block)) playing_ = false, view.chip->go(Place{place.task, i, 0});
      ImGui::EndCombo();
    }
    tooltip(view.tr(Str::ChipViewTaskChoice));
  }
  ImGui::SameLine(0, 4);
  if (small_button(view, view.tr(by_tensor_ ? Str::ChipViewByTensor : Str::ChipViewByWriter), Str::ChipViewColourHelp)) by_tensor_ = !by_tensor_;
  mark(view, "chip-colours", by_tensor_ ? "tensor" : "writer");
}

// The instruction in one line; or what is going on.
void ChipPanel::draw_line(const View& view, ChipScene& scene) {
  const ChipMoment& moment = scene.moment();
  const ChipState& state = *scene.state;
  const float top = ImGui::GetCursorPosY();
  if (state.busy && state.total > 0) {
    const float stop = ImGui::CalcTextSize(view.tr(Str::Cancel)).x + ImGui::GetStyle().FramePadding.x * 2 + 8;
    ImGui::ProgressBar(static_cast<float>(state.done) / static_cast<float>(state.total), {ImGui::GetContentRegionAvail().x - stop, 0}, view.format(Str::ChipViewSeeking, state.done, state.total).c_str());
    ImGui::SameLine();
    if (small_button(view, view.tr(Str::Cancel), Str::CancelHelp)) view.chip->cancel();
    return;
  }
  if (state.error) {
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.bad);
    cut_text(error_text(view.settings.language, *state.error));
    ImGui::PopStyleColor();
    return;
  }
  colour_dot(moment.cpu ? view.theme.ai_cpu : view.theme.pipes[static_cast<size_t>(pipe_of(moment.instr))]);
  ImGui::BeginGroup();
  ImGui::PushStyleColor(ImGuiCol_Text, view.theme.faint);
  ImGui::TextUnformatted(fmt::format("{}/{}", moment.step + 1, moment.block_steps).c_str());
  ImGui::PopStyleColor();
  ImGui::SameLine();
  if (state.stopped || state.nothing_found) {
    ImGui::TextColored(state.stopped ? view.theme.good : view.theme.warn, "%s", view.tr(state.stopped ? Str::ChipViewStopped : Str::ChipViewNotFound));
    ImGui::SameLine();
  }
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  cut_text(moment.cpu ? std::string(view.tr(Str::AiCpu)) + "  " + scene.task->op_type : disassemble(moment.instr));
  ImGui::PopFont();
  ImGui::EndGroup();
  mark(view, "chip-position", place_text(moment.place));
  ImGui::SetCursorPosY(std::max(ImGui::GetCursorPosY(), top + ImGui::GetTextLineHeightWithSpacing()));
}

// Following the data: forward to who reads what this instruction wrote, back to who wrote what it reads.
ChipGoal ChipPanel::goal(const ChipScene& scene, bool forward) const {
  const auto aim = [&](ChipGoal wanted, bool writes) {
    for (const ChipOperand& o : scene.moment().operands)
      if (o.access.write == writes && wanted.end == wanted.begin) wanted.buffer = o.access.buffer, wanted.begin = o.access.begin, wanted.end = o.access.end;
    return wanted;
  };
  if (goal_ == ChipGoal::Kind::Read) return aim({.kind = forward ? ChipGoal::Kind::Read : ChipGoal::Kind::Write}, forward);
  ChipGoal wanted{.kind = goal_};
  if (!scene.moment().cpu) wanted.pipe = pipe_of(scene.moment().instr);
  if (goal_ == ChipGoal::Kind::Write) {
    if (!chosen_) return aim(wanted, true);
    wanted.buffer = chosen_->buffer, wanted.begin = chosen_->begin, wanted.end = chosen_->end;
  }
  return wanted;
}

void ChipPanel::run_to(ChipScene& scene, bool forward) {
  playing_ = false;
  scene.session->run_to(goal(scene, forward), forward);
}

void ChipPanel::play(const View& view, ChipScene& scene) {
  if (!playing_) return;
  const ChipState& state = *scene.state;
  if (state.error || state.stopped || state.moment->position + 1 >= state.steps) {
    if (!state.busy) playing_ = false;
    return;
  }
  if (view.wake) view.wake();
  const double now = ImGui::GetTime();
  if (state.busy || now < next_step_) return;
  const double rate = kSpeeds[speed_];
  view.chip->step(rate * kFrame > 1 ? static_cast<int64_t>(rate * kFrame) : 1);
  next_step_ = std::max(next_step_ + 1 / rate, now);
}

void ChipPanel::take_keys(const View& view, Commands& commands, ChipScene& scene) {
  if (ImGui::GetIO().WantTextInput || ImGui::IsPopupOpen(nullptr, ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel)) return;
  if (plain_key(ImGuiKey_Period)) playing_ = false, view.chip->step(1);
  if (plain_key(ImGuiKey_Comma)) playing_ = false, view.chip->step(-1);
  if (plain_key(ImGuiKey_P)) playing_ = !playing_, next_step_ = ImGui::GetTime();
  if (plain_key(ImGuiKey_G)) run_to(scene, !ImGui::GetIO().KeyShift);
  if (plain_key(ImGuiKey_Home)) playing_ = false, view.chip->go(int64_t{0});
  if (ImGui::IsKeyPressed(ImGuiKey_F9, false)) toggle_breakpoint(view, commands, {.kind = Breakpoint::Kind::Instruction, .place = scene.moment().place});
}

void ChipPanel::toggle_breakpoint(const View& view, Commands& commands, const Breakpoint& breakpoint) {
  auto list = breakpoints_from_text(view.settings.chip_breaks);
  if (std::erase(list, breakpoint) == 0) list.push_back(breakpoint);
  commands.push(command::SetBreakpoints{to_text(list)});
}

// --- the column beside the picture ---

void ChipPanel::draw_side(const View& view, Commands& commands, ChipScene& scene, bool fill) {
  struct Choice {
    Side side;
    Str name, help;
    const char* mark;
  };
  constexpr Choice choices[] = {{Side::Instruction, Str::ChipViewInstruction, Str::ChipViewInstructionHelp, "chip-side-instruction"}, {Side::Values, Str::ChipViewValues, Str::ChipViewValuesHelp, "chip-side-values"},
                                {Side::Program, Str::ChipViewProgram, Str::ChipViewProgramHelp, "chip-side-program"}, {Side::Breaks, Str::ChipViewBreaks, Str::ChipViewBreaksHelp, "chip-side-breaks"}};
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  for (const Choice& c : choices) {
    if (view_tab(view, c.name, c.help, side_ == c.side, right)) side_ = c.side;
    mark(view, c.mark);
  }
  ImGui::NewLine();
  const float height = fill ? ImGui::GetContentRegionAvail().y : 360;
  switch (side_) {
    case Side::Instruction: return draw_instruction(view, commands, scene);
    case Side::Values: return values_.draw(view, commands, scene);
    case Side::Program: return draw_program(view, scene, height);
    case Side::Breaks: return draw_breaks(view, commands);
  }
}

void ChipPanel::draw_instruction(const View& view, Commands& commands, ChipScene& scene) {
  const ChipMoment& moment = scene.moment();
  faint_text(view, view.format(Str::ChipViewPlace, moment.place.task, moment.place.block, moment.place.instruction));
  if (moment.cpu) {
    ImGui::PushFont(view.theme.strong, view.theme.text_size + 3);
    ImGui::TextUnformatted(scene.task->op_type.c_str());
    ImGui::PopFont();
    return draw_effect(view, scene);
  }
  const InstrInfo& info = instr_info(moment.instr.op);
  const Pipe pipe = pipe_of(moment.instr);
  ImGui::PushFont(view.theme.strong, view.theme.text_size + 3);
  colour_dot(view.theme.pipes[static_cast<size_t>(pipe)]);
  ImGui::TextUnformatted(info.name.data(), info.name.data() + info.name.size());
  ImGui::PopFont();
  tooltip(view.tr(static_cast<Str>(static_cast<int>(Str::PipeSHelp) + static_cast<int>(pipe))));
  ImGui::SameLine();
  const Breakpoint here{.kind = Breakpoint::Kind::Instruction, .place = moment.place};
  if (small_button(view, view.tr(Str::ChipViewBreakHere), Str::ChipViewBreakHereHelp)) toggle_breakpoint(view, commands, here);
  mark(view, "chip-break-here");
  draw_effect(view, scene);
  ImGui::SeparatorText(view.tr(Str::ChipViewFields));
  if (ImGui::BeginTable("fields", 3, ImGuiTableFlags_RowBg | ImGuiTableFlags_SizingStretchProp | ImGuiTableFlags_BordersInnerH)) {
    ImGui::TableSetupColumn("name", 0, 0.24f);
    ImGui::TableSetupColumn("value", 0, 0.28f);
    ImGui::TableSetupColumn("meaning", 0, 0.48f);
    for (const FieldText& field : field_texts(moment.instr, view.settings.language)) {
      ImGui::TableNextRow();
      ImGui::TableSetColumnIndex(0);
      cut_text(field.name);
      ImGui::TableSetColumnIndex(1);
      ImGui::PushFont(view.theme.mono, view.theme.small_size);
      cut_text(field.value);
      ImGui::PopFont();
      tooltip(field.legal);
      ImGui::TableSetColumnIndex(2);
      ImGui::PushFont(view.theme.body, view.theme.small_size);
      wrapped_text(view, field.meaning, true);
      ImGui::PopFont();
    }
    ImGui::EndTable();
  }
  ImGui::SeparatorText(view.tr(Str::Manual));
  wrapped_text(view, info.doc, true);
}

// What it read, and what the bytes were that it wrote over.
void ChipPanel::draw_effect(const View& view, ChipScene& scene) {
  constexpr int64_t kShown = 8;
  const ChipMoment& moment = scene.moment();
  ImGui::SeparatorText(view.tr(Str::ChipViewEffect));
  if (moment.operands.empty()) return wrapped_text(view, view.tr(Str::ChipViewNoEffect), true);
  for (size_t i = 0; i < moment.operands.size(); ++i) {
    const ChipOperand& o = moment.operands[i];
    const std::string where = range_text(o.access.buffer, o.access.begin, o.access.end), bytes = short_bytes(static_cast<double>(o.bytes));
    ImGui::PushID(static_cast<int>(i));
    const std::string text = o.access.write ? view.format(Str::ChipViewWrote, where, bytes, o.changed) : view.format(Str::ChipViewRead, where, bytes);
    ImGui::PushStyleColor(ImGuiCol_Text, o.access.write ? view.theme.text : view.theme.faint);
    const bool chosen = ImGui::Selectable(text.c_str());
    ImGui::PopStyleColor();
    tooltip(view.tr(Str::ChipViewValuesHelp));
    if (chosen && o.access.buffer != Buffer::GM) scene.chosen = ChipLook{o.access.buffer, o.access.begin, o.access.end}, scene.tile_clicked = true;
    if (i == 0) mark(view, "chip-effect", text);
    const std::vector<std::byte>& shown = o.access.write ? o.after : o.before;
    const int64_t count = element_count(static_cast<int64_t>(std::min(shown.size(), o.before.size())), o.type);
    ImGui::PushFont(view.theme.mono, view.theme.small_size);
    if (!o.access.write) {
      std::string values;
      for (int64_t k = 0; k < std::min(kShown, count); ++k) values += (k ? "  " : "") + element_text(element_at(shown, k, o.type), o.type);
      cut_text(fmt::format("{}  {}{}", kVecTypeNames[static_cast<size_t>(o.type)], values, count > kShown ? " ..." : ""));
    } else if (o.changed == 0) {
      faint_text(view, view.tr(Str::ChipViewSame));
    } else if (ImGui::BeginTable("changes", 3, ImGuiTableFlags_RowBg | ImGuiTableFlags_SizingStretchSame)) {
      ImGui::TableSetupColumn(view.tr(Str::ChipViewIndex));
      ImGui::TableSetupColumn(view.tr(Str::ChipViewBefore));
      ImGui::TableSetupColumn(view.tr(Str::ChipViewAfter));
      ImGui::PushFont(view.theme.body, view.theme.small_size);
      ImGui::TableHeadersRow();
      ImGui::PopFont();
      int64_t rows = 0;
      for (int64_t k = 0; k < count && rows < kShown; ++k) {
        const std::string was = element_text(element_at(o.before, k, o.type), o.type), is = element_text(element_at(shown, k, o.type), o.type);
        if (was == is) continue;
        ImGui::TableNextRow();
        ImGui::TableSetColumnIndex(0);
        ImGui::TextDisabled("%d", static_cast<int>(k));
        ImGui::TableSetColumnIndex(1);
        ImGui::TextDisabled("%s", was.c_str());
        ImGui::TableSetColumnIndex(2);
        ImGui::TextUnformatted(is.c_str());
        ++rows;
      }
      ImGui::EndTable();
    }
    ImGui::PopFont();
    ImGui::PopID();
  }
}

void ChipPanel::draw_program(const View& view, ChipScene& scene, float height) {
  const ChipMoment& moment = scene.moment();
  if (moment.cpu) return placeholder(view, Str::NoInstructions);
  const Program& program = scene.task->blocks[moment.place.block];
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::BeginChild("program", {0, std::max(120.0f, height)}, ImGuiChildFlags_Borders, ImGuiWindowFlags_HorizontalScrollbar);
  ImGui::PopStyleColor();
  ImGui::PushFont(view.theme.mono, view.theme.small_size);
  const float line = ImGui::GetTextLineHeightWithSpacing();
  if (program_at_ != moment.place.instruction) {
    program_at_ = moment.place.instruction;
    ImGui::SetScrollY(std::max(0.0f, line * static_cast<float>(program_at_) - height * 0.4f));
  }
  const auto breaks = breakpoints_from_text(view.settings.chip_breaks);
  auto* list = ImGui::GetWindowDrawList();
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(program.size()), line);
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i) {
      const Instr& instr = program[static_cast<size_t>(i)];
      const Place place{moment.place.task, moment.place.block, i};
      const ImVec2 at = ImGui::GetCursorScreenPos();
      const bool stops = std::ranges::any_of(breaks, [&](const Breakpoint& b) { return stops_at(b, place, false, &instr, IssueState{}); });
      list->AddRectFilled({at.x - 5, at.y + 2}, {at.x - 1, at.y + line - 2}, colour(view.theme.pipes[static_cast<size_t>(pipe_of(instr))]), 1);
      if (ImGui::Selectable(fmt::format("{:5} {}", i, disassemble(instr)).c_str(), i == moment.place.instruction)) playing_ = false, view.chip->go(place);
      if (stops) list->AddCircleFilled({at.x + 4, at.y + line / 2 - 2}, 4, colour(view.theme.bad));
    }
  ImGui::PopFont();
  ImGui::EndChild();
}

void ChipPanel::draw_breaks(const View& view, Commands& commands) {
  auto list = breakpoints_from_text(view.settings.chip_breaks);
  const float add = ImGui::CalcTextSize(view.tr(Str::ChipViewBreakAdd)).x + ImGui::GetStyle().FramePadding.x * 2 + 8;
  ImGui::SetNextItemWidth(ImGui::GetContentRegionAvail().x - add);
  bool entered = ImGui::InputTextWithHint("##break", view.tr(Str::ChipViewBreakInput), &wanted_break_, ImGuiInputTextFlags_EnterReturnsTrue);
  mark(view, "chip-break-text", wanted_break_);
  ImGui::SameLine();
  entered |= small_button(view, view.tr(Str::ChipViewBreakAdd), Str::ChipViewBreakAddHelp);
  mark(view, "chip-break-add");
  if (entered) {
    break_error_.reset();
    if (const auto b = breakpoint_from_text(wanted_break_)) {
      list.push_back(*b);
      commands.push(command::SetBreakpoints{to_text(list)});
      wanted_break_.clear();
    } else {
      break_error_ = b.error();
    }
  }
  if (break_error_) {
    ImGui::PushStyleColor(ImGuiCol_Text, view.theme.bad);
    wrapped_text(view, error_text(view.settings.language, *break_error_));
    ImGui::PopStyleColor();
  }
  if (list.empty()) return placeholder(view, Str::ChipViewBreakNone);
  for (size_t i = 0; i < list.size(); ++i) {
    ImGui::PushID(static_cast<int>(i));
    if (icon_button(view, icon::kClose, Str::ChipViewRemove, Str::ChipViewRemoveHelp, 26)) {
      auto fewer = list;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      commands.push(command::SetBreakpoints{to_text(fewer)});
    }
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(to_text(list[i]).c_str());
    mark(view, fmt::format("chip-breakpoint-{}", i), to_text(list[i]));
    ImGui::PopID();
  }
}

}  // namespace npu::ui
