// SPDX-License-Identifier: Apache-2.0
// What a panel is given to draw.
#pragma once

#include <functional>

#include "ui/marks.h"
#include "ui/strings.h"
#include "ui/studio/commands.h"
#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"
#include "ui/theme.h"

namespace npu::terminal {
class Terminal;
}

namespace npu::ui {

class ChipSession;

struct View {
  const Snapshot& now;
  const Settings& settings;
  const Theme& theme;
  bool compact = false;          // one column, fingers
  ImTextureID picture = 0;       // of now.picture
  bool can_undo = false;
  bool can_redo = false;
  bool exports_sessions = false;
  Marks* marks = nullptr;
  terminal::Terminal* terminal = nullptr;
  const Learn* learn = nullptr;
  ChipSession* chip = nullptr;

  std::function<void()> wake;    // asks for a frame; from any thread

  const char* tr(Str id) const { return ui::tr(settings.language, id); }
  template <class... Args>
  std::string format(Str id, const Args&... args) const {
    return ui::format(settings.language, id, args...);
  }
  const std::string& pick(const Text& text) const { return ui::pick(settings.language, text); }
};

}  // namespace npu::ui
