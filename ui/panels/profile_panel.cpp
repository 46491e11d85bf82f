// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "ui/panels/panels.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

struct ViewTab {
  ProfileView view;
  Str name;
  Str help;
  bool timeline = false;  // above it
};
constexpr ViewTab kTabs[] = {{ProfileView::Tasks, Str::Tasks, Str::TasksHelp, true},
                             {ProfileView::OpSummary, Str::OpSummaryTab, Str::OpSummaryTabHelp},
                             {ProfileView::Roofline, Str::RooflineTab, Str::RooflineTabHelp},
                             {ProfileView::Bottlenecks, Str::BottlenecksTab, Str::BottlenecksTabHelp},
                             {ProfileView::Compare, Str::CompareTab, Str::CompareTabHelp},
                             {ProfileView::Provenance, Str::ProvenanceTab, Str::ProvenanceTabHelp},
                             {ProfileView::Usage, Str::UsageTab, Str::UsageTabHelp, true},
                             {ProfileView::Memory, Str::Memory, Str::MemoryHelp, true},
                             {ProfileView::Disassembly, Str::Disassembly, Str::DisassemblyHelp, true},
                             {ProfileView::Manual, Str::Manual, Str::ManualHelp},
                             {ProfileView::Accuracy, Str::AccuracyTab, Str::AccuracyHelp}};

const ViewTab& tab_of(ProfileView view) {
  const auto found = std::ranges::find(kTabs, view, &ViewTab::view);
  return found == std::end(kTabs) ? kTabs[0] : *found;
}

// A row of names where it fits into two lines, else one to open.
void draw_tabs(const View& view, Commands& commands) {
  const ViewTab& chosen = tab_of(view.settings.profile_view);
  if (view.compact) {
    ImGui::SetNextItemWidth(-1);
    const bool open = ImGui::BeginCombo("##view", view.tr(chosen.name), ImGuiComboFlags_HeightLargest);
    mark(view, "profile-view", view.tr(chosen.name));
    if (!open) return;
    for (const ViewTab& tab : kTabs)
      if (ImGui::Selectable(view.tr(tab.name), &tab == &chosen)) commands.push(command::ChooseProfileView{tab.view});
    return ImGui::EndCombo();
  }
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  for (const ViewTab& tab : kTabs) {
    if (view_tab(view, tab.name, tab.help, &tab == &chosen, right)) commands.push(command::ChooseProfileView{tab.view});
  }
  ImGui::NewLine();
}

struct SaveItem {
  SaveKind kind;
  const char* file;
  Str meaning;
};
constexpr SaveItem kSaveItems[] = {{SaveKind::OpSummary, "op_summary.csv", Str::SaveOpSummary},
                                   {SaveKind::Instructions, "instr_exe.csv", Str::SaveInstructions},
                                   {SaveKind::PerfettoTrace, "trace.pftrace", Str::SavePerfetto},
                                   {SaveKind::ChromeTrace, "trace.json", Str::SaveChrome},
                                   {SaveKind::Om, ".om", Str::SaveOm}};

void draw_save_menu(const View& view, Commands& commands) {
  if (!ImGui::BeginPopup("save")) return;
  for (const SaveItem& item : kSaveItems) {
    if (ImGui::MenuItem(item.file)) commands.push(command::Save{item.kind});
    ImGui::Indent();
    ImGui::TextColored(view.theme.faint, "%s", view.tr(item.meaning));
    ImGui::Unindent();
  }
  ImGui::EndPopup();
}

}  // namespace

void ProfilePanel::draw(const View& view, Commands& commands) {
  title(view, Str::Profile, Str::ProfileHelp);
  if (!view.now.profile || !view.now.compile || !view.now.compile->model) return placeholder(view, Str::ProfileEmpty);
  draw_summary(view, commands);
  draw_tabs(view, commands);
  const ViewTab& tab = tab_of(view.settings.profile_view);
  if (tab.timeline) draw_timeline(view, commands);
  const float height = std::max(180.0f, ImGui::GetContentRegionAvail().y);
  switch (tab.view) {
    case ProfileView::OpSummary: return op_summary_.draw(view, commands, height);
    case ProfileView::Roofline: return roofline_.draw(view, commands, height);
    case ProfileView::Bottlenecks: return bottlenecks_.draw(view, commands, height);
    case ProfileView::Compare: return compare_.draw(view, commands, height);
    case ProfileView::Provenance: return provenance_.draw(view, commands, height);
    case ProfileView::Usage: return usage_.draw(view, commands, timeline_.shown(), height);
    case ProfileView::Memory: return memory_.draw(view, commands, height);
    case ProfileView::Disassembly: return disassembly_.draw(view, commands, height);
    case ProfileView::Manual: return manual_.draw(view, height);
    case ProfileView::Accuracy: return accuracy_.draw(view, commands, height);
    case ProfileView::Tasks: return tasks_.draw(view, commands, height);
  }
}

void ProfilePanel::draw_timeline(const View& view, Commands& commands) {
  const float space = ImGui::GetContentRegionAvail().y;
  timeline_.draw(view, commands, std::clamp(space * 0.52f, 200.0f, 520.0f));
  if (const auto clicked = timeline_.take_clicked(); clicked.task >= 0) {
    commands.push(command::SelectTask{clicked.task});
    if (clicked.instr >= 0) {
      disassembly_.block = clicked.block;
      disassembly_.scroll_to = clicked.instr;
      commands.push(command::ChooseProfileView{ProfileView::Disassembly});
    }
  }
  ImGui::Spacing();
}

void ProfilePanel::draw_summary(const View& view, Commands& commands) {
  const ProfileInfo& profile = *view.now.profile;
  headline(view, short_us(profile.total_us), "");
  const float save_width = ImGui::CalcTextSize(view.tr(Str::SaveFiles)).x + ImGui::GetStyle().FramePadding.x * 2;
  ImGui::SameLine();
  if (const float space = ImGui::GetContentRegionAvail().x - save_width; space > 0) ImGui::SetCursorPosX(ImGui::GetCursorPosX() + space);
  if (small_button(view, view.tr(Str::SaveFiles), Str::SaveFilesHelp)) ImGui::OpenPopup("save");
  draw_save_menu(view, commands);
  wrapped_text(view, view.format(Str::ProfileSummary, view.now.compile->chip, short_us(profile.ai_core_us), short_us(profile.ai_cpu_us),
                                 short_bytes(static_cast<double>(profile.peak_arena))), true);
  wrapped_text(view, view.format(Str::ProfileEnergy, profile.watts, profile.tops_per_watt), true);
  ImGui::Spacing();
}

}  // namespace npu::ui
