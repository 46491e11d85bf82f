// SPDX-License-Identifier: Apache-2.0
#include "ui/mirror.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "ui/chip/chip_session.h"
#include "ui/chip/describe.h"
#include "ui/graph/describe.h"
#include "ui/strings.h"
#include "ui/workspace.h"

namespace npu::ui {
namespace {

using Json = nlohmann::ordered_json;

std::string state_of(const Snapshot& s) {
  if (s.activity.stage == Stage::Loading) return "loading";
  if (s.busy()) return "running";
  if (s.error) return "error";
  return s.revision == 0 ? "loading" : "ready";
}

Json result_of(const RunInfo& run, Language language) {
  Json list = Json::array();
  for (const Score& score : run.top) {
    std::string label = pick(language, score.label);
    if (label.empty()) label = format(language, Str::ClassNumber, score.index);
    list.push_back({{"label", std::move(label)}, {"index", score.index}, {"value", score.value}});
  }
  return list;
}

Json passes_of(const CompileInfo& compile) {
  Json list = Json::array();
  for (const PassInfo& pass : compile.passes)
    list.push_back({{"name", pass.report.name}, {"before", pass.report.nodes_before}, {"after", pass.report.nodes_after},
                    {"rewrites", pass.report.rewrites}, {"ms", pass.report.milliseconds}});
  return list;
}

Json quantize_of(const QuantizeInfo& info) {
  const auto side = [](const QuantizeInfo::Side& of) {
    Json json{{"us", of.us}};
    if (of.accuracy >= 0) json["accuracy"] = of.accuracy;
    return json;
  };
  return {{"int8Layers", info.made.int8_layers()}, {"layers", info.made.layers.size()}, {"cosine", info.made.output_cosine}, {"pictures", info.pictures}, {"before", side(info.floats)}, {"after", side(info.integers)}};
}

Json tune_of(const TuneInfo& info) {
  Json json{{"id", info.id}, {"running", info.running}, {"done", info.done}, {"total", info.total}, {"trials", info.trials}, {"before_us", info.before_us}, {"after_us", info.after_us}};
  if (info.error) json["error"] = info.error->message();
  return json;
}

// The node that is selected in the graph, in words.
std::string node_of(const Snapshot& s, const Settings& settings) {
  if (settings.node.empty() || !s.model || !s.model->graph) return {};
  const auto& nodes = s.model->graph->nodes;
  const auto found = std::ranges::find(nodes, settings.node, &GraphNode::name);
  return found == nodes.end() ? std::string() : node_text(*s.model->graph, static_cast<int>(found - nodes.begin()), nullptr, settings.language);
}

Json lesson_of(const Learn& learn, const Facts& facts, Language language) {
  const Lesson& lesson = *learn.lesson();
  const Step& step = lesson.steps[learn.step_index()];
  Json checks = Json::array();
  for (size_t i = 0; i < step.conditions.size(); ++i)
    checks.push_back({{"text", describe(step.conditions[i], facts, language)}, {"met", learn.step_done() || (i < learn.met().size() && learn.met()[i])}});
  return {{"name", lesson.name}, {"title", pick(language, step.title)}, {"step", learn.step_index() + 1}, {"steps", lesson.steps.size()},
          {"text", fill_in(pick(language, step.body), facts)}, {"checks", std::move(checks)}, {"done", learn.step_done()}};
}

// The instruction that is looked at, and what it did, in words.
Json chip_of(const ChipState& chip, Language language) {
  const ChipMoment& moment = *chip.moment;
  return {{"position", moment.position}, {"steps", chip.steps}, {"place", place_text(moment.place)}, {"busy", chip.busy},
          {"text", moment_text(*chip.model, moment, language)}};
}

}  // namespace

std::string mirror_json(const Snapshot& s, const Settings& settings, const Learn* learn, const ChipState* chip) {
  Json json{{"state", state_of(s)}, {"status", activity_text(settings.language, s.activity)}, {"revision", s.revision}};
  json["lang"] = settings.language == Language::Chinese ? "zh" : "en";
  json["theme"] = settings.dark ? "dark" : "light";
  if (s.error) json["error"] = error_text(settings.language, *s.error);
  if (s.model) json["model"] = {{"name", s.model->name}, {"nodes", s.model->nodes.size()}, {"parameters", s.model->parameters}};
  if (const std::string node = node_of(s, settings); !node.empty()) json["node"] = node;
  if (s.run) {
    json["result"] = result_of(*s.run, settings.language);
    json["probabilities"] = s.run->probabilities;
    json["host_ms"] = s.run->host_ms;
  }
  if (s.compile) {
    json["passes"] = passes_of(*s.compile);
    json["chip"] = s.compile->chip;
    if (!s.compile->gears.empty()) json["gears"] = s.compile->gears, json["gear"] = s.compile->gear;
    json["compile_ms"] = s.compile->milliseconds;
    if (s.compile->model) json["tasks"] = s.compile->model->tasks.size();
  }
  if (s.profile) {
    json["device_us"] = s.profile->total_us;
    json["instructions"] = s.profile->instructions;
    json["latency"] = format(settings.language, Str::MirrorLatency, s.compile ? s.compile->chip : "", s.profile->total_us);
  }
  if (s.compile && !s.compile->arguments.empty()) json["command"] = command_text(s.compile->arguments);
  if (s.compile && !s.compile->warnings.empty()) json["warnings"] = s.compile->warnings;
  if (s.quantize) json["quantize"] = quantize_of(*s.quantize);
  if (s.tune) json["tune"] = tune_of(*s.tune);
  if (learn && learn->lesson()) json["lesson"] = lesson_of(*learn, {s, settings}, settings.language);
  if (chip && chip->moment && settings.tab == Tab::Chip) json["chip_view"] = chip_of(*chip, settings.language);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace npu::ui
