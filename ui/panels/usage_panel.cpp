// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "runtime/profile/roofline.h"
#include "ui/panels/profile_views.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kColumn = 3;  // pixels of one mean
constexpr Buffer kShownBuffers[] = {Buffer::L1, Buffer::L0A, Buffer::L0B, Buffer::L0C, Buffer::UB};

struct TaskStep {
  double share = 0;
  std::string text;
};

std::string share_text(const View& view, double share) { return view.format(Str::UsageWhole, 100 * share); }

// The number of a timeline's lanes for a pipe: the cores that use it.
int cores_of(const Timeline& timeline, Pipe pipe) {
  return static_cast<int>(std::ranges::count_if(timeline.lanes, [&](const Lane& lane) { return lane.kind == Lane::Kind::Pipe && lane.pipe == pipe; }));
}

int64_t busy(const Timeline& timeline, Pipe pipe, double begin, double end) {
  int64_t sum = 0;
  for (const Lane& lane : timeline.lanes)
    if (lane.kind == Lane::Kind::Pipe && lane.pipe == pipe) sum += lane.busy(static_cast<int64_t>(begin), static_cast<int64_t>(end));
  return sum;
}

}  // namespace

UsagePanel::~UsagePanel() { worker_.drop(this); }

void UsagePanel::start(const View& view) {
  shared_ = std::make_shared<Shared>();
  means_.clear();
  const auto soc = find_soc(view.now.compile->model->soc);
  if (!soc) return;
  worker_.post(this, [shared = shared_, model = view.now.compile->model, chip = **soc, wake = view.wake](const std::atomic<bool>& cancelled) {
    auto use = buffer_use(*model, chip, [&] { return !cancelled; });
    if (!use) return;
    {
      const std::lock_guard lock(shared->mutex);
      shared->use = std::move(*use);
    }
    if (wake) wake();
  });
}

void UsagePanel::draw(const View& view, Commands& commands, const TimeRange& shown, float height) {
  const Timeline& timeline = *view.now.profile->timeline;
  const auto soc = find_soc(view.now.compile->model->soc);
  if (!soc || timeline.lanes.empty()) return placeholder(view, Str::ProfileEmpty);
  if (watch_.changed(view)) start(view);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, {0, 0});
  ImGui::PushStyleColor(ImGuiCol_ChildBg, view.theme.background);
  ImGui::BeginChild("usage", {0, std::max(height - 2, 120.0f)}, ImGuiChildFlags_Borders);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  const Frame frame{ImGui::GetCursorScreenPos(), kLaneLabels, std::max(40.0f, shown.width), view.theme.touch ? 30.0f : 24.0f, shown};
  ImGui::PushFont(view.theme.body, view.theme.small_size - 1);
  prepare(timeline, frame);
  for (size_t i = 0; i < pipes_.size(); ++i) draw_pipe(view, frame, timeline, i);
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->use.empty()) {
      ImGui::SetCursorPosX(6);
      faint_text(view, view.tr(Str::UsageReading));
    }
    for (const Buffer buffer : kShownBuffers)
      if (!shared_->use.empty() && (*soc)->buffer_bytes(buffer) > 0) draw_buffer(view, commands, frame, buffer, **soc);
  }
  for (const MemoryLevel level : {MemoryLevel::L2, MemoryLevel::Ddr}) draw_rate(view, commands, frame, level, **soc);
  ImGui::PopFont();
  ImGui::EndChild();
  mark(view, "profile-usage", fmt::format("{}", pipes_.size()));
}

// The means of what is shown, computed again only when that changes.
void UsagePanel::prepare(const Timeline& timeline, const Frame& frame) {
  if (!means_.empty() && prepared_.begin == frame.shown.begin && prepared_.end == frame.shown.end && prepared_width_ == frame.width) return;
  prepared_ = frame.shown, prepared_width_ = frame.width;
  pipes_.clear(), means_.clear();
  const auto columns = static_cast<size_t>(std::max(1.0f, frame.width / kColumn));
  const double step = (frame.shown.end - frame.shown.begin) / static_cast<double>(columns);
  for (size_t p = 0; p < kPipes; ++p) {
    const int cores = cores_of(timeline, static_cast<Pipe>(p));
    if (cores == 0) continue;
    pipes_.push_back(static_cast<Pipe>(p));
    std::vector<float>& means = means_.emplace_back(columns);
    for (size_t c = 0; c < columns; ++c) {
      const double begin = frame.shown.begin + step * static_cast<double>(c), length = std::max(1.0, step);
      means[c] = static_cast<float>(static_cast<double>(busy(timeline, static_cast<Pipe>(p), begin, begin + length)) / (length * cores));
    }
  }
}

// Begins a row: its name and its mean at the left. The item is the row.
ImVec2 UsagePanel::begin_row(const View& view, const Frame& frame, const char* id, std::string_view name, std::string_view whole) {
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImGui::InvisibleButton(id, {frame.labels + frame.width, frame.row - 2});
  auto* list = ImGui::GetWindowDrawList();
  const float y = at.y + (frame.row - 2 - ImGui::GetTextLineHeight()) / 2;
  list->AddText({at.x + 6, y}, colour(view.theme.faint), name.data(), name.data() + name.size());
  list->AddText({at.x + frame.labels - 6 - ImGui::CalcTextSize(whole.data(), whole.data() + whole.size()).x, y}, colour(view.theme.text), whole.data(), whole.data() + whole.size());
  list->AddRectFilled({at.x + frame.labels, at.y}, {at.x + frame.labels + frame.width, at.y + frame.row - 3}, colour(view.theme.raised, 0.5f));
  return {at.x + frame.labels, at.y};
}

void UsagePanel::draw_pipe(const View& view, const Frame& frame, const Timeline& timeline, size_t index) {
  const Pipe pipe = pipes_[index];
  const int cores = cores_of(timeline, pipe);
  const double length = std::max(1.0, frame.shown.end - frame.shown.begin);
  const std::string name(kPipeNames[static_cast<size_t>(pipe)]);
  const ImVec2 at = begin_row(view, frame, name.c_str(), name, share_text(view, static_cast<double>(busy(timeline, pipe, frame.shown.begin, frame.shown.end)) / (length * cores)));
  auto* list = ImGui::GetWindowDrawList();
  const float tall = frame.row - 3;
  const ImU32 fill = colour(view.theme.pipes[static_cast<size_t>(pipe)]);
  for (size_t c = 0; c < means_[index].size(); ++c)
    if (const float share = means_[index][c]; share > 0.004f)
      list->AddRectFilled({at.x + static_cast<float>(c) * kColumn, at.y + tall * (1 - share)}, {at.x + static_cast<float>(c + 1) * kColumn, at.y + tall}, fill);
  const float column = std::floor((ImGui::GetIO().MousePos.x - at.x) / kColumn);
  if (!ImGui::IsItemHovered() || column < 0 || static_cast<size_t>(column) >= means_[index].size()) return;
  const double step = length / static_cast<double>(means_[index].size()), from = frame.shown.begin + step * column;
  tooltip(view.format(Str::UsagePipe, name, 100 * means_[index][static_cast<size_t>(column)], from / timeline.cycles_per_us, (from + step) / timeline.cycles_per_us, cores));
}

// A step for each task, as high as `step` says.
template <class F>
void UsagePanel::draw_steps(const View& view, Commands& commands, const Frame& frame, ImVec2 at, const ImVec4& fill, const F& step) {
  const auto& tasks = view.now.profile->tasks;
  auto* list = ImGui::GetWindowDrawList();
  const float tall = frame.row - 3, mouse = ImGui::GetIO().MousePos.x;
  const double scale = frame.width / std::max(1.0, frame.shown.end - frame.shown.begin);
  const auto x = [&](int64_t time) { return at.x + static_cast<float>(std::clamp((static_cast<double>(time) - frame.shown.begin) * scale, 0.0, static_cast<double>(frame.width))); };
  for (size_t i = 0; i < tasks.size(); ++i) {
    const float x0 = x(tasks[i].start), x1 = std::max(x(tasks[i].start + tasks[i].cycles), x0);
    if (x1 <= at.x || x0 >= at.x + frame.width) continue;
    const TaskStep now = step(i);
    if (now.share > 0) list->AddRectFilled({x0, at.y + tall * (1 - static_cast<float>(std::min(now.share, 1.0)))}, {std::max(x1, x0 + 1), at.y + tall}, colour(fill));
    if (!ImGui::IsItemHovered() || mouse < x0 || mouse > std::max(x1, x0 + 2)) continue;
    tooltip(now.text);
    if (ImGui::IsItemClicked()) commands.push(command::SelectTask{static_cast<int>(i)});
  }
}

void UsagePanel::draw_buffer(const View& view, Commands& commands, const Frame& frame, Buffer buffer, const Soc& soc) {
  const auto b = static_cast<size_t>(buffer);
  const auto size = static_cast<double>(soc.buffer_bytes(buffer));
  int64_t most = 0;
  for (const BufferUse& use : shared_->use) most = std::max(most, use[b]);
  const std::string name(kBufferNames[b]);
  const ImVec2 at = begin_row(view, frame, name.c_str(), name, share_text(view, static_cast<double>(most) / size));
  draw_steps(view, commands, frame, at, view.theme.accent, [&](size_t task) {
    const auto used = static_cast<double>(task < shared_->use.size() ? shared_->use[task][b] : 0);
    return TaskStep{used / size, view.format(Str::UsageBuffer, name, view.now.profile->tasks[task].name, short_bytes(used), short_bytes(size), 100 * used / size)};
  });
}

void UsagePanel::draw_rate(const View& view, Commands& commands, const Frame& frame, MemoryLevel level, const Soc& soc) {
  const double roof = ceilings_of(soc).gbps[static_cast<size_t>(level)];
  const auto rate = [&](size_t task) {
    const TaskProfile& profile = view.now.profile->raw->tasks[task];
    const npu::Activity& done = profile.timing.activity;
    const auto bytes = static_cast<double>(level == MemoryLevel::L2 ? done.l2_bytes : done.ddr_read_bytes + done.ddr_write_bytes);
    return profile.duration_us > 0 ? bytes / profile.duration_us * 1e-3 : 0;
  };
  double most = 0;
  for (size_t i = 0; i < view.now.profile->tasks.size(); ++i) most = std::max(most, rate(i));
  const std::string name = fmt::format("{} GB/s", level == MemoryLevel::L2 ? "L2" : "DDR");
  const ImVec2 at = begin_row(view, frame, name.c_str(), name, share_text(view, roof > 0 ? most / roof : 0));
  draw_steps(view, commands, frame, at, view.theme.ai_cpu, [&](size_t task) {
    const double gbps = rate(task);
    return TaskStep{roof > 0 ? gbps / roof : 0, view.format(Str::UsageRate, name, view.now.profile->tasks[task].name, gbps, roof, roof > 0 ? 100 * gbps / roof : 0)};
  });
}

}  // namespace npu::ui
