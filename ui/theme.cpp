// SPDX-License-Identifier: Apache-2.0
#include "ui/theme.h"

namespace npu::ui {
namespace {

constexpr ImVec4 rgb(unsigned hex, float alpha = 1.0f) {
  return {static_cast<float>(hex >> 16 & 255) / 255.0f, static_cast<float>(hex >> 8 & 255) / 255.0f,
          static_cast<float>(hex & 255) / 255.0f, alpha};
}

// Okabe and Ito's palette, which people with any kind of colour blindness can tell apart; in the order of Pipe.
constexpr std::array<ImVec4, kPipes> kPipeColours{
    rgb(0x9AA0A6),  // S: grey, it does little but issue
    rgb(0xE69F00),  // V
    rgb(0xD55E00),  // M
    rgb(0x56B4E9),  // MTE1
    rgb(0x0072B2),  // MTE2
    rgb(0x009E73),  // MTE3
    rgb(0xCC79A7),  // FIX
};

void set_dark(Theme& t) {
  t.background = rgb(0x14171C);
  t.surface = rgb(0x1B1F26);
  t.raised = rgb(0x272D37);
  t.border = rgb(0x343B47);
  t.text = rgb(0xE6E9EE);
  t.faint = rgb(0x9BA5B3);
  t.accent = rgb(0x4C9FFF);
  t.on_accent = rgb(0x0B1220);
  t.good = rgb(0x4CC38A);
  t.bad = rgb(0xFF7A7A);
  t.warn = rgb(0xF0B429);
  t.added = rgb(0x2EA043, 0.25f);
  t.removed = rgb(0xF85149, 0.22f);
  t.ai_cpu = rgb(0xF0E442);
  t.task_even = rgb(0x3A4657);
  t.task_odd = rgb(0x4A5A70);
}

void set_light(Theme& t) {
  t.background = rgb(0xEEF1F5);
  t.surface = rgb(0xFFFFFF);
  t.raised = rgb(0xE7EBF1);
  t.border = rgb(0xCFD6DF);
  t.text = rgb(0x1B2330);
  t.faint = rgb(0x5A6675);
  t.accent = rgb(0x0B62D6);
  t.on_accent = rgb(0xFFFFFF);
  t.good = rgb(0x137A4B);
  t.bad = rgb(0xC02626);
  t.warn = rgb(0x8A5A00);
  t.added = rgb(0x2EA043, 0.20f);
  t.removed = rgb(0xF85149, 0.18f);
  t.ai_cpu = rgb(0xB8A900);
  t.task_even = rgb(0xC3CFDF);
  t.task_odd = rgb(0xAFBFD4);
}

void set_colours(const Theme& t, ImVec4* c) {
  const auto mix = [](const ImVec4& a, const ImVec4& b, float f) {
    return ImVec4(a.x + (b.x - a.x) * f, a.y + (b.y - a.y) * f, a.z + (b.z - a.z) * f, 1.0f);
  };
  const auto fade = [](ImVec4 v, float alpha) { return v.w = alpha, v; };
  c[ImGuiCol_Text] = t.text;
  c[ImGuiCol_TextDisabled] = t.faint;
  c[ImGuiCol_WindowBg] = t.background;
  c[ImGuiCol_ChildBg] = fade(t.surface, 0);
  c[ImGuiCol_PopupBg] = t.dark ? t.raised : t.surface;
  c[ImGuiCol_Border] = t.border;
  c[ImGuiCol_BorderShadow] = fade(t.border, 0);
  c[ImGuiCol_FrameBg] = t.raised;
  c[ImGuiCol_FrameBgHovered] = mix(t.raised, t.accent, 0.15f);
  c[ImGuiCol_FrameBgActive] = mix(t.raised, t.accent, 0.25f);
  c[ImGuiCol_ScrollbarBg] = fade(t.surface, 0);
  c[ImGuiCol_ScrollbarGrab] = mix(t.border, t.faint, 0.25f);
  c[ImGuiCol_ScrollbarGrabHovered] = t.faint;
  c[ImGuiCol_ScrollbarGrabActive] = t.faint;
  c[ImGuiCol_CheckMark] = t.accent;
  c[ImGuiCol_SliderGrab] = t.accent;
  c[ImGuiCol_SliderGrabActive] = t.accent;
  c[ImGuiCol_Button] = t.raised;
  c[ImGuiCol_ButtonHovered] = mix(t.raised, t.accent, 0.25f);
  c[ImGuiCol_ButtonActive] = mix(t.raised, t.accent, 0.4f);
  c[ImGuiCol_Header] = fade(t.accent, 0.22f);
  c[ImGuiCol_HeaderHovered] = fade(t.accent, 0.14f);
  c[ImGuiCol_HeaderActive] = fade(t.accent, 0.32f);
  c[ImGuiCol_Separator] = t.border;
  c[ImGuiCol_SeparatorHovered] = t.accent;
  c[ImGuiCol_SeparatorActive] = t.accent;
  c[ImGuiCol_Tab] = fade(t.surface, 0);
  c[ImGuiCol_TabHovered] = fade(t.accent, 0.2f);
  c[ImGuiCol_TabSelected] = t.raised;
  c[ImGuiCol_TabSelectedOverline] = t.accent;
  c[ImGuiCol_TableHeaderBg] = t.dark ? rgb(0x20252D) : rgb(0xF3F5F8);
  c[ImGuiCol_TableBorderStrong] = t.border;
  c[ImGuiCol_TableBorderLight] = fade(t.border, 0.5f);
  c[ImGuiCol_TableRowBg] = fade(t.surface, 0);
  c[ImGuiCol_TableRowBgAlt] = fade(t.text, 0.025f);
  c[ImGuiCol_TextSelectedBg] = fade(t.accent, 0.35f);
  c[ImGuiCol_NavCursor] = t.accent;
  c[ImGuiCol_PlotHistogram] = t.accent;
  c[ImGuiCol_InputTextCursor] = t.text;
}

}  // namespace

Theme make_theme(bool dark, bool touch) {
  Theme theme;
  theme.dark = dark;
  theme.touch = touch;
  theme.pipes = kPipeColours;
  dark ? set_dark(theme) : set_light(theme);
  return theme;
}

void apply_theme(const Theme& theme) {
  ImGuiStyle style;
  set_colours(theme, style.Colors);
  style.FontSizeBase = theme.text_size;
  style.WindowPadding = {8, 8};
  style.FramePadding = theme.touch ? ImVec2(10, 9) : ImVec2(8, 4);
  style.ItemSpacing = theme.touch ? ImVec2(8, 8) : ImVec2(8, 5);
  style.ItemInnerSpacing = {6, 4};
  style.CellPadding = theme.touch ? ImVec2(6, 6) : ImVec2(6, 2);
  style.ScrollbarSize = theme.touch ? 8.0f : 11.0f;
  style.GrabMinSize = 24;
  style.WindowRounding = 0;
  style.ChildRounding = 8;
  style.FrameRounding = 6;
  style.PopupRounding = 8;
  style.GrabRounding = 6;
  style.ScrollbarRounding = 6;
  style.TabRounding = 6;
  style.WindowBorderSize = 0;
  style.ChildBorderSize = 1;
  style.PopupBorderSize = 1;
  style.FrameBorderSize = 0;
  style.TabBarBorderSize = 1;
  style.HoverDelayNormal = 0.35f;
  style.HoverDelayShort = 0.1f;
  ImGui::GetStyle() = style;
}

ImU32 text_on(const ImVec4& c) {
  const float luminance = 0.299f * c.x + 0.587f * c.y + 0.114f * c.z;
  return luminance > 0.55f ? IM_COL32(16, 20, 26, 255) : IM_COL32(255, 255, 255, 255);
}

}  // namespace npu::ui
