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
#include "runtime/profile/what_if.h"
#include "ui/graph/graph_worker.h"
#include "ui/profile/text_table.h"
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

}  // namespace npu::ui
