// SPDX-License-Identifier: Apache-2.0
// The panels. Each reads a view, asks for things through commands, and owns only the state of its widgets.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/support.h"
#include "ui/panels/change_panel.h"
#include "ui/panels/graph_panel.h"
#include "ui/panels/profile_views.h"
#include "ui/view.h"

namespace npu::ui {

// Where a visitor begins: a door for each way to go.
struct HomePanel {
  void draw(const View& view, Commands& commands);
};

// Facts about the model and the list of its nodes; in a room of its own its graph.
struct ModelPanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_facts(const View& view, const ModelInfo& model);
  void draw_nodes(const View& view, const ModelInfo& model);
  bool draw_choice(const View& view);

  GraphPanel graph_;
  bool as_list_ = false;

  std::string filter_;
  const void* filtered_ = nullptr;  // the model and filter that rows_ was made for
  std::string filtered_by_;
  std::vector<int> rows_;
};

// atc's options as a form, and as the command line that fills it.
struct OptionsPanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_command(const View& view, Commands& commands);
  void draw_option(const View& view, Commands& commands, const atc::OptionInfo& option);
  void draw_file(const View& view, Commands& commands, const std::string& name);

  std::string line_, shown_line_;   // as it is edited, as it is
  std::optional<atc::AtcError> line_error_;
  std::string filter_;
  std::map<std::string, std::string, std::less<>> edited_;  // values and files that are being typed, by option or file
};

// Searches for faster schedules.
struct TunePanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_result(const View& view, Commands& commands, const TuneInfo& tune);

  TuneBudget budget_;
  const void* sorted_ = nullptr;
  std::vector<int> order_;          // of the search's tasks
};

// 8-bit layers: ranges, the report, before and after.
struct QuantizePanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_choices(const View& view, Commands& commands);
  void draw_report(const View& view, const QuantizeInfo& info);

  QuantizeSettings wanted_;
  const void* sorted_ = nullptr;
  std::vector<int> order_;          // of the report's layers
};

// Every place that a pass left as it is, and why.
struct ReasonsPanel {
  void draw(const View& view, Commands& commands);

 private:
  struct Row {
    int pass = 0;
    int miss = 0;
  };
  std::string filter_, filtered_by_;
  const void* filtered_ = nullptr;
  std::vector<Row> rows_;
};

// The passes, what each changed, and why something was not changed; what compiling can be told.
struct CompilePanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_views(const View& view, Commands& commands);
  void draw_time_line(const View& view, Commands& commands, const CompileInfo& compile, int selected);
  void draw_pass_view(const View& view, Commands& commands, const CompileInfo& compile);
  void draw_summary(const View& view, const CompileInfo& compile);
  void draw_passes(const View& view, Commands& commands, const CompileInfo& compile, int selected, float height);
  void draw_change(const View& view, Commands& commands, const CompileInfo& compile, int selected);
  void draw_change_choice(const View& view, Commands& commands, const PassInfo& pass);
  void draw_lines(const View& view, const PassInfo& pass);

  bool changes_only_ = true;
  int jump_ = -1;                   // index of the change to scroll to
  int last_jump_ = -1;
  const void* shown_ = nullptr;     // the diff visible_ was made for
  bool shown_changes_only_ = false;
  std::vector<int> visible_;        // lines of the diff; -1: lines left out
  ChangePanel change_;
  ReasonsPanel reasons_;
  OptionsPanel options_;
  TunePanel tune_;
  QuantizePanel quantize_;
};

// The input picture and the answer.
struct RunPanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_picture(const View& view, Commands& commands, float width);
  void draw_answer(const View& view, const RunInfo& run);
  void draw_preprocess(const View& view, Commands& commands);
};

// One row for each task: where the time goes.
struct TaskPanel {
  void draw(const View& view, Commands& commands, float height);

 private:
  const void* sorted_ = nullptr;
  std::vector<int> order_;
};

// Device buffers over time.
struct MemoryPanel {
  void draw(const View& view, Commands& commands, float height);
};

// The instructions of the selected task.
struct DisassemblyPanel {
  void draw(const View& view, Commands& commands, float height);

  int block = 0;
  int scroll_to = -1;               // instruction to show

 private:
  int marked_ = -1;
};

// The instruction set and the operators, searched.
struct ManualPanel {
  void draw(const View& view, float height);

 private:
  bool draw_instructions(const View& view) const;
  bool draw_operators(const View& view);

  std::string filter_;
  std::map<std::string_view, OperatorSupport> support_;  // of the operators that were opened
};

// Published times and powers beside predicted ones, and what the model does not know.
struct AccuracyPanel {
  void draw(const View& view, Commands& commands, float height);
};

// Lanes of all cores and pipes on one time axis.
struct TimelinePanel {
  void draw(const View& view, Commands& commands, float height);

  // The instruction that was clicked last, for the disassembly; taken by the reader.
  struct Clicked {
    int task = -1;
    int block = 0;
    int instr = -1;
  };
  Clicked take_clicked();
  TimeRange shown() const { return {begin_, end_, width_}; }

 private:
  void draw_toolbar(const View& view);
  void draw_canvas(const View& view, Commands& commands, ImVec2 size);
  void handle_input(const View& view, float left, float width);
  void zoom(double factor, double around);
  void fit(const Timeline& timeline);
  void clamp();

  double begin_ = 0;                // of the visible part, cycles
  double end_ = 0;
  float width_ = 0;                 // of it, pixels
  const void* shown_ = nullptr;
  Clicked clicked_;
};

struct ProfilePanel {
  void draw(const View& view, Commands& commands);

 private:
  void draw_summary(const View& view, Commands& commands);
  void draw_timeline(const View& view, Commands& commands);

  TimelinePanel timeline_;
  TaskPanel tasks_;
  OpSummaryPanel op_summary_;
  RooflinePanel roofline_;
  BottleneckPanel bottlenecks_;
  ComparePanel compare_;
  ProvenancePanel provenance_;
  UsagePanel usage_;
  MemoryPanel memory_;
  DisassemblyPanel disassembly_;
  ManualPanel manual_;
  AccuracyPanel accuracy_;
};

}  // namespace npu::ui
