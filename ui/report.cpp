// SPDX-License-Identifier: Apache-2.0
#include "ui/report.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/isa/isa.h"
#include "ui/escape_markup.h"
#include "ui/graph/colouring.h"
#include "ui/graph/svg.h"
#include "ui/strings.h"
#include "ui/terminal/command_line.h"
#include "ui/widgets.h"

namespace npu::ui {
namespace {

constexpr float kWidth = 1000, kLane = 18, kLabel = 96;  // of the timeline, pixels
constexpr int kMostCores = 2;                            // in the timeline
constexpr size_t kMostRows = 2000;                       // of a table

constexpr std::string_view kStyle = R"(:root{color-scheme:light dark;--bg:#fff;--fg:#1b2330;--faint:#5a6675;--line:#d5dce4;--soft:#f2f5f8;--accent:#0b62d6}
@media(prefers-color-scheme:dark){:root{--bg:#12161c;--fg:#e6ebf1;--faint:#9aa6b4;--line:#2c3540;--soft:#1a2028;--accent:#58a6ff}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif;max-width:1060px;margin:0 auto;padding:16px}
h1{font-size:24px}h2{font-size:18px;border-bottom:1px solid var(--line);margin-top:32px}a{color:var(--accent)}p,small{color:var(--faint)}
table{border-collapse:collapse;width:100%;font-size:13px}th{text-align:left;color:var(--faint)}th,td{padding:3px 8px;border-bottom:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
td.n,th.n{text-align:right;white-space:nowrap}pre{background:var(--soft);padding:12px;border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13px}
.big{font-size:30px;font-weight:700}.wide{overflow:auto;max-height:80vh;border:1px solid var(--line);border-radius:8px}details{margin:4px 0}
.bar{background:var(--accent);height:10px;border-radius:3px}svg text.l{fill:var(--faint);font-size:11px})";

constexpr std::array<const char*, 4> kTaskColours{"#0072B2", "#56B4E9", "#E69F00", "#009E73"};

class Writer {
 public:
  Writer(const Snapshot& now, const Settings& settings) : now_(now), settings_(settings) {}

  std::string write(const std::string& address) {
    put("<!DOCTYPE html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\"/><meta name=\"viewport\" content=\"width=device-width\"/><title>{}</title><style>{}</style></head>\n<body>\n",
        settings_.language == Language::Chinese ? "zh-CN" : "en", heading(), kStyle);
    put("<h1>{}</h1>\n<p>{} <a href=\"{}\">{}</a></p>\n", heading(), say(Str::ReportText), escape_markup(address), say(Str::ReportReopen));
    write_summary();
    if (now_.run) write_answer(*now_.run);
    if (now_.model && now_.model->graph) write_graph(now_.model->graph);
    if (now_.compile) write_compile(*now_.compile);
    if (now_.profile) write_profile(*now_.profile);
    put("</body>\n</html>\n");
    return std::move(out_);
  }

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> pattern, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), pattern, std::forward<Args>(args)...);
  }
  std::string say(Str id) const { return escape_markup(tr(settings_.language, id)); }
  template <class... Args>
  std::string say(Str id, const Args&... args) const {
    return escape_markup(format(settings_.language, id, args...));
  }
  const std::string& pick(const Text& text) const { return ui::pick(settings_.language, text); }

  std::string heading() const {
    const std::string chip = now_.compile ? now_.compile->chip : settings_.chip;
    return escape_markup(fmt::format("{} \xc2\xb7 {} \xc2\xb7 NPU Sandbox", now_.model ? now_.model->name : "NPU", chip));
  }

  void begin_table(std::initializer_list<std::pair<Str, bool>> columns) {
    put("<table><tr>");
    for (const auto& [name, number] : columns) put("<th{}>{}</th>", number ? " class=\"n\"" : "", say(name));
    put("</tr>\n");
  }
  void row(Str name, const std::string& value) { put("<tr><th>{}</th><td>{}</td></tr>\n", say(name), escape_markup(value)); }

  void write_summary() {
    if (now_.profile) put("<div class=\"big\">{}</div><p>{}</p>\n", escape_markup(short_us(now_.profile->total_us)), say(Str::ReportPredicted));
    put("<table>\n");
    if (now_.model) {
      const std::string size = now_.model->file_bytes > 0 ? ", " + short_bytes(static_cast<double>(now_.model->file_bytes)) : "";  // of the user's own
      row(Str::Model, fmt::format("{} ({}{})", now_.model->name, now_.model->format, size));
      row(Str::Nodes, std::to_string(now_.model->nodes.size()));
      row(Str::Parameters, short_number(static_cast<double>(now_.model->parameters)));
      for (const ValueRow& value : now_.model->inputs) row(Str::Input, value.name + "  " + value.type);
      for (const ValueRow& value : now_.model->outputs) row(Str::Output, value.name + "  " + value.type);
    }
    if (now_.compile && now_.compile->model) {
      row(Str::ChipChoice, now_.compile->chip);
      row(Str::ReportTasks, std::to_string(now_.compile->model->tasks.size()));
      row(Str::ReportInstructions, short_number(static_cast<double>(now_.compile->instructions)));
    }
    if (now_.profile) row(Str::ReportArena, short_bytes(static_cast<double>(now_.profile->peak_arena)));
    put("</table>\n");
  }

  void write_answer(const RunInfo& run) {
    put("<h2>{}</h2>\n", say(Str::ReportAnswer));
    if (now_.picture) put("<p>{}</p>\n", escape_markup(now_.picture->name));
    if (!run.top.empty()) put("<table>\n");
    for (const Score& score : run.top) {
      const std::string label = pick(score.label).empty() ? std::to_string(score.index) : pick(score.label);
      const std::string value = run.probabilities ? fmt::format("{:.1f} %", 100 * score.value) : fmt::format("{:.4g}", score.value);
      put("<tr><td>{}</td><td class=\"n\">{}</td><td style=\"width:50%\">", escape_markup(label), value);
      if (run.probabilities) put("<div class=\"bar\" style=\"width:{:.1f}%\"></div>", std::clamp(100 * score.value, 0.0f, 100.0f));
      put("</td></tr>\n");
    }
    if (!run.top.empty()) put("</table>\n");
    begin_table({{Str::ColOutput, false}, {Str::ColRange, false}});
    for (const OutputRow& output : run.outputs)
      put("<tr><td>{} {}</td><td>{:.6g} .. {:.6g}</td></tr>\n", escape_markup(output.name), escape_markup(output.type), output.min, output.max);
    put("</table>\n");
  }

  void write_graph(const GraphModelPtr& model) {
    SceneRequest request;
    request.model = model;
    request.tree = std::make_shared<const FoldTree>(find_blocks(*model));
    request.language = settings_.language;
    const ScenePtr scene = make_scene(request);
    put("<h2>{}</h2>\n<div class=\"wide\">", say(Str::GraphPicture));
    std::string svg = scene_svg(*scene, colour_scene(*scene, ColourBy::Kind, nullptr, settings_.language), {});
    if (const size_t begin = svg.find("<svg"); begin != std::string::npos) out_.append(svg, begin);
    put("</div>\n");
  }

  void write_compile(const CompileInfo& compile) {
    if (const std::string commands = terminal::command_line_of(settings_, now_); !commands.empty()) put("<h2>{}</h2>\n<pre>{}</pre>\n", say(Str::ReportCommands), escape_lines(commands));
    for (const std::string& warning : compile.warnings) put("<p>{}</p>\n", escape_markup(warning));
    if (compile.passes.empty()) return;
    put("<h2>{}</h2>\n", say(Str::PassesView));
    begin_table({{Str::ColPass, false}, {Str::ColNodes, true}, {Str::ColRewrites, true}, {Str::ColMs, true}, {Str::ReportDoes, false}});
    for (const PassInfo& pass : compile.passes) {
      const PassReport& report = pass.report;
      put("<tr><td>{}{}</td><td class=\"n\">{} \xe2\x86\x92 {}</td><td class=\"n\">{}</td><td class=\"n\">{:.1f}</td><td>{}", escape_markup(report.name),
          report.disabled ? " \xe2\x80\x93 " + say(Str::PassIsOff) : "", report.nodes_before, report.nodes_after, report.rewrites, report.milliseconds, escape_markup(pick(pass.doc)));
      if (!report.misses.empty()) {
        put("<details><summary>{}</summary>", say(Str::Misses, report.misses.size()));
        for (const MissedRewrite& miss : report.misses) put("<div>{}: {}</div>", escape_markup(miss.node), escape_markup(miss.reason));
        put("</details>");
      }
      put("</td></tr>\n");
    }
    put("</table>\n");
  }

  // Line ends stay.
  static std::string escape_lines(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const size_t end = std::min(text.find('\n', at), text.size());
      out += escape_markup(std::string_view(text).substr(at, end - at)) + "\n";
      at = end + 1;
    }
    return out;
  }

  void write_profile(const ProfileInfo& profile) {
    if (profile.timeline) write_timeline(*profile.timeline);
    put("<h2>{}</h2>\n", say(Str::ReportTasks));
    begin_table({{Str::ColTask, false}, {Str::ColOperator, false}, {Str::ColEngine, false}, {Str::ColCycles, true}, {Str::ColUs, true}, {Str::ColShare, true}, {Str::ColBound, false}});
    for (size_t i = 0; i < std::min(profile.tasks.size(), kMostRows); ++i) {
      const TaskRow& task = profile.tasks[i];
      put("<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2f}</td><td class=\"n\">{:.1f} %</td><td>{} {:.0f} %</td></tr>\n", escape_markup(task.name), escape_markup(task.op),
          task.engine == Engine::AiCore ? "AI Core" : "AI CPU", task.cycles, task.us, 100 * task.share, escape_markup(task.bound), 100 * task.bound_share);
    }
    put("</table>\n");
    if (profile.tasks.size() > kMostRows) put("<p>{}</p>\n", say(Str::GraphHidden, profile.tasks.size() - kMostRows));
  }

  void write_timeline(const Timeline& timeline) {
    std::vector<const Lane*> lanes;
    for (const Lane& lane : timeline.lanes)
      if (lane.kind != Lane::Kind::Pipe || lane.core < kMostCores) lanes.push_back(&lane);
    const float height = static_cast<float>(lanes.size()) * kLane + 22;
    put("<h2>{}</h2>\n<div class=\"wide\"><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\">\n", say(Str::ReportTimeline), kWidth, height, kWidth, height);
    std::vector<Span> spans;
    for (size_t i = 0; i < lanes.size(); ++i) {
      const Lane& lane = *lanes[i];
      const float y = static_cast<float>(i) * kLane;
      put("<text class=\"l\" x=\"2\" y=\"{}\">{}</text>\n", y + 13, lane_name(lane));
      visible_spans(lane, 0, static_cast<double>(std::max<int64_t>(timeline.end, 1)), kWidth - kLabel, spans);
      for (const Span& span : spans) {
        if (span.event && span.event->waits) continue;
        const char* colour = lane.kind == Lane::Kind::Pipe ? "#0072B2" : kTaskColours[span.event ? static_cast<size_t>(span.event->task) % 2 : 0];
        put("<rect x=\"{:.1f}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\" fill-opacity=\"{:.2f}\"", kLabel + span.x0, y + 3, std::max(span.x1 - span.x0, 0.5f), kLane - 5, colour, std::max(span.coverage, 0.15f));
        const bool named = lane.kind == Lane::Kind::Tasks && span.event && now_.profile && static_cast<size_t>(span.event->task) < now_.profile->tasks.size();
        if (named) put("><title>{}</title></rect>\n", escape_markup(now_.profile->tasks[static_cast<size_t>(span.event->task)].name));
        else put("/>\n");
      }
    }
    put("<text class=\"l\" x=\"{}\" y=\"{}\">0</text><text class=\"l\" text-anchor=\"end\" x=\"{}\" y=\"{}\">{}</text>\n</svg></div>\n", kLabel, height - 6, kWidth - 2, height - 6,
        escape_markup(short_us(static_cast<double>(timeline.end) / timeline.cycles_per_us)));
    if (lanes.size() < timeline.lanes.size()) put("<p>{}</p>\n", say(Str::ReportCores, kMostCores));
  }

  std::string lane_name(const Lane& lane) const {
    switch (lane.kind) {
      case Lane::Kind::Tasks: return say(Str::ReportTasks);
      case Lane::Kind::AiCpu: return "AI CPU";
      case Lane::Kind::Pipe: break;
    }
    return fmt::format("core {} {}", lane.core, kPipeNames[static_cast<size_t>(lane.pipe)]);
  }

  const Snapshot& now_;
  const Settings& settings_;
  std::string out_;
};

}  // namespace

std::string report_html(const Snapshot& snapshot, const Settings& settings, const std::string& address) { return Writer(snapshot, settings).write(address); }

}  // namespace npu::ui
