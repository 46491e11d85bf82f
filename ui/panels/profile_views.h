// SPDX-License-Identifier: Apache-2.0
// The profile room's views that explain: the vendor's table, the roofline, bottlenecks and what would mend them, two runs.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runtime/profile/compare.h"
#include "runtime/profile/roofline.h"
#include "runtime/profile/usage.h"
#include "runtime/profile/what_if.h"
#include "ui/graph/graph_worker.h"
#include "ui/profile/text_table.h"
#include "ui/profile/trace_job.h"
#include "ui/view.h"

namespace npu::ui {

// Tells whether something is still made from the profile that is shown.
class ProfileWatch {
 public:
  // True the first time it sees this profile.
  bool changed(const View& view);

 private:
  std::weak_ptr<const ProfileInfo> seen_;
};

// op_summary: the vendor's columns; sorted, filtered, copied.
struct OpSummaryPanel {
  void draw(const View& view, Commands& commands, float height);

 private:
  void draw_tools(const View& view, Commands& commands);
  void sort();

  ProfileWatch watch_;
  TextTable table_;
  std::string filter_, filtered_by_;
  std::vector<int> rows_;
  std::vector<int> columns_;     // as shown: the name first
  int sort_column_ = -1;
  bool descending_ = false;
};

// Every task as a point under the chip's ceilings.
struct RooflinePanel {
  void draw(const View& view, Commands& commands, float height);

 private:
  void draw_tools(const View& view);
  void draw_chart(const View& view, Commands& commands, ImVec2 size);

  ProfileWatch watch_;
  Roofline roofline_;
  MemoryLevel level_ = MemoryLevel::Ddr;
};

// For the slowest tasks the bottleneck in a sentence; for the chosen one what changes would do, simulated.
struct BottleneckPanel {
  ~BottleneckPanel();
  void draw(const View& view, Commands& commands, float height);

 private:
  // What the simulation's thread writes.
  struct Shared {
    std::mutex mutex;
    size_t done = 0, total = 0;
    bool finished = false;
    std::optional<Error> error;
    std::vector<ChangeEffect> effects;
  };

  void start(const View& view);
  void draw_slowest(const View& view, Commands& commands, int chosen);
  void draw_changes(const View& view, int chosen);

  ProfileWatch watch_;
  std::vector<int> slowest_;
  std::shared_ptr<Shared> shared_;
  GraphWorker worker_;
};

// A pinned run beside the present one.
struct ComparePanel {
  void draw(const View& view, Commands& commands, float height);

 private:
  void draw_lanes(const View& view, Commands& commands);
  void draw_pipes(const View& view) const;
  void draw_rows(const View& view, Commands& commands);
  void sort();

  ProfileWatch watch_;
  std::optional<RunSummary> pinned_;
  RunSummary now_;
  Comparison comparison_;
  bool compared_ = false;
  int hovered_ = -1;             // row
  int sort_column_ = -1;
  bool descending_ = false;
  std::vector<int> order_;
};

// Where the lanes of the timeline, and what stands below it, begin.
inline constexpr float kLaneLabels = 92;

// Cycles since the inference began, and the pixels they are drawn on.
struct TimeRange {
  double begin = 0, end = 0;
  float width = 0;
};

// Pipes, buffers and bandwidths over the part of time that the timeline shows.
struct UsagePanel {
  ~UsagePanel();
  void draw(const View& view, Commands& commands, const TimeRange& shown, float height);

 private:
  struct Shared {
    std::mutex mutex;
    std::vector<BufferUse> use;  // of each task; empty until they are known
  };
  // Where the rows are.
  struct Frame {
    ImVec2 from;
    float labels = 0, width = 0, row = 0;
    TimeRange shown;
  };

  void start(const View& view);
  void prepare(const Timeline& timeline, const Frame& frame);
  static ImVec2 begin_row(const View& view, const Frame& frame, const char* id, std::string_view name, std::string_view whole);
  void draw_pipe(const View& view, const Frame& frame, const Timeline& timeline, size_t index);
  template <class F>
  static void draw_steps(const View& view, Commands& commands, const Frame& frame, ImVec2 at, const ImVec4& fill, const F& step);
  void draw_buffer(const View& view, Commands& commands, const Frame& frame, Buffer buffer, const Soc& soc);
  static void draw_rate(const View& view, Commands& commands, const Frame& frame, MemoryLevel level, const Soc& soc);

  ProfileWatch watch_;
  std::shared_ptr<Shared> shared_;
  std::vector<Pipe> pipes_;
  std::vector<std::vector<float>> means_;  // of each pipe and column
  TimeRange prepared_;
  float prepared_width_ = 0;
  GraphWorker worker_;
};

// An element of an output, and the instructions that made it, task by task back to the input.
struct ProvenancePanel {
  void draw(const View& view, Commands& commands, float height);

 private:
  // Bytes as they are before a task.
  struct Request {
    RangeSet wanted;
    size_t end = 0;
  };

  void draw_output(const View& view, Commands& commands, const Tensor& tensor);
  void draw_trace(const View& view, Commands& commands, const Tensor& tensor);
  void draw_sources(const View& view, const TraceResult& result);
  void draw_steps(const View& view, Commands& commands, const Task& task, const TaskTrace& trace);
  void follow_settings(const View& view);
  void start(const View& view);

  std::weak_ptr<const RunInfo> seen_run_;
  int output_ = 0, element_ = -1;  // that stack_ is of
  std::vector<Request> stack_;   // what was followed; the last one is shown
  std::unique_ptr<TraceJob> job_;
};

}  // namespace npu::ui
