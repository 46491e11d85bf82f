// SPDX-License-Identifier: Apache-2.0
// What a panel can ask for.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ui/learn/learn.h"
#include "ui/studio/settings.h"
#include "ui/studio/snapshot.h"

namespace npu::ui {

enum class SaveKind { Om, OpSummary, Instructions, ChromeTrace, PerfettoTrace, ScheduleBank, QuantizedModel, QuantizeReport };

namespace command {
struct ChooseSample { std::string name; };
struct ChooseImage { int index = 0; };
struct ChooseChip { std::string name; };
struct ChooseGear { size_t index = 0; };
struct ChooseThreads { int count = 1; };
struct ChooseLanguage { Language language; };
struct ChooseTheme { bool dark = true; };
struct ChooseTab { Tab tab; };
struct ShowTerminal { bool shown = true; };
struct ChooseCompileView { CompileView view; };
struct ShowChangeAsText { bool text = true; };
struct ChooseProfileView { ProfileView view; };
struct SelectPass { std::string name; };
struct SelectTask { int task = -1; };
struct SelectElement { int output = 0, element = -1; };
struct SelectNode { std::string name; };
struct ShowPlace { std::string key; };         // what the chip is looked at with (Settings::chip_place)
struct SetBreakpoints { std::string list; };  // all of them (Settings::chip_breaks)
struct SwitchPass { std::string name; bool on = true; };
struct SetOptions { AtcSettings atc; };             // all of them
struct SetCommand { PastedCommand command; };       // as atc would be called
struct Quantize { std::optional<QuantizeSettings> settings; };  // empty: back to fp16
struct Tune { TuneBudget budget; };
struct StopTuning {};
struct ChangePreprocess { Preprocess preprocess; };
struct OpenFile {};           // asks the platform for a file
struct CopyLink {};
struct ExportSession {};
struct SaveReport {};         // all that is shown, as one file of HTML
struct Undo {};
struct Redo {};
struct Save { SaveKind kind; };
struct SaveFile { std::string name; std::shared_ptr<const std::vector<std::byte>> bytes; };
struct Copy { std::string text; };
struct OpenPage { std::string name; };  // that comes with the application
struct SaveText { std::string name; std::string text; };
struct SwitchAipp { bool on = true; };  // --insert_op_conf with the preprocessing as it is
struct Evaluate {};           // measures the accuracy
struct OpenLesson { std::string name; };  // empty: closes it
struct ApplyLink { std::string link; };   // over the settings as they are
struct LoadCourse {};         // the lessons, when they are needed first
struct Teach { LearnAction action; };
struct Run {};
struct Cancel {};
struct DismissError {};
}  // namespace command

using Command =
    std::variant<command::ChooseSample, command::ChooseImage, command::ChooseChip, command::ChooseGear, command::ChooseThreads,
                 command::ChooseLanguage, command::ChooseTheme, command::ChooseTab, command::ShowTerminal, command::ChooseCompileView, command::ShowChangeAsText, command::ChooseProfileView,
                 command::SelectPass, command::SelectTask, command::SelectElement, command::SelectNode, command::ShowPlace, command::SetBreakpoints, command::SwitchPass, command::SetOptions, command::SetCommand,
                 command::Quantize, command::Tune, command::StopTuning, command::ChangePreprocess,
                 command::OpenFile, command::CopyLink, command::ExportSession, command::SaveReport, command::Undo, command::Redo, command::Save, command::SaveFile, command::Copy, command::OpenPage, command::SaveText,
                 command::SwitchAipp, command::Evaluate, command::OpenLesson, command::ApplyLink, command::LoadCourse, command::Teach, command::Run, command::Cancel, command::DismissError>;

class Commands {
 public:
  void push(Command command) { items_.push_back(std::move(command)); }
  std::vector<Command> take() { return std::exchange(items_, {}); }

 private:
  std::vector<Command> items_;
};

}  // namespace npu::ui
