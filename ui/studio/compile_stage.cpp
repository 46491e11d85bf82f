// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <span>

#include "compiler/compile.h"
#include "ui/studio/stages.h"

namespace npu::ui {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

PassInfo describe_pass(const PassReport& report, std::shared_ptr<const TextDiff> diff) {
  PassInfo info;
  info.report = report;
  info.diff = std::move(diff);
  const auto passes = all_passes();
  const auto found = std::ranges::find(passes, report.name, [](const Pass& pass) { return std::string(pass.name); });
  if (found == passes.end()) return info;
  info.optional = found->optional;
  info.doc = {std::string(found->doc), std::string(found->doc_zh)};
  return info;
}

void count_work(CompileInfo& info) {
  for (const Task& task : info.model->tasks) {
    info.macs += task.macs;
    for (const Program& block : task.blocks) info.instructions += static_cast<int64_t>(block.size());
  }
}

// Dynamic dimensions become 1 unless the user said otherwise: one image, the smallest model that is complete.
std::map<std::string, Shape, std::less<>> fixed_shapes(const Graph& graph, const CompileRequest& request) {
  auto shapes = request.input_shapes;
  for (const ValueId id : graph.inputs) {
    const Value& value = graph.value(id);
    if (!value.type.has_rank || value.type.is_static() || shapes.contains(value.name)) continue;
    Shape shape;
    for (const Dim& dim : value.type.dims) shape.push_back(dim.known() ? dim.value() : 1);
    shapes[value.name] = shape;
  }
  return shapes;
}

}  // namespace

Result<CompileInfo> compile_stage(const Graph& graph, const CompileRequest& request, const Progress& progress,
                                  const std::function<void(const CompileInfo&)>& step) {
  const auto start = Clock::now();
  CompileInfo info;
  info.chip = request.chip;
  CompileOptions options;
  options.soc = request.chip;
  options.passes.disabled = request.disabled;
  options.passes.input_shapes = fixed_shapes(graph, request);

  std::string text = request.explain ? print_graph(graph) : "";
  const size_t total = all_passes().size();
  CompileObserver observer;
  observer.on_pass = [&](const PassReport& report, const Graph& after) {
    if (request.explain) {
      std::string next = print_graph(after);
      info.passes.push_back(describe_pass(report, std::make_shared<TextDiff>(diff_lines(text, next))));
      text = std::move(next);
      step(info);
    } else {
      info.passes.push_back(describe_pass(report, std::make_shared<TextDiff>()));
    }
    return progress(info.passes.size(), total, report.name);
  };
  observer.on_progress = [&](size_t done, size_t tasks, const std::string& what) { return progress(done, tasks, what); };
  NPU_TRY(CompiledModel model, compile(graph, options, observer));
  info.model = std::make_shared<CompiledModel>(std::move(model));
  info.milliseconds = milliseconds_since(start);
  count_work(info);
  return info;
}

CompileInfo describe_compiled(const ModelPackage& package, size_t gear) {
  CompileInfo info;
  info.model = package.gears[gear].program;
  info.chip = info.model->soc;
  info.gear = gear;
  if (package.dynamic != Dynamic::None)
    for (const Gear& each : package.gears) info.gears.push_back(gears_text(package.dynamic, std::span(&each.values, 1)));
  count_work(info);
  return info;
}

Result<size_t> choose_gear(const ModelPackage& package, size_t wished, const std::map<std::string, Tensor>& inputs) {
  wished = std::min(wished, package.gears.size() - 1);
  if (package.dynamic == Dynamic::None || inputs.empty()) return wished;
  const auto takes_all = [&](const Gear& gear) {
    return std::ranges::all_of(gear.program->inputs, [&](const TensorDesc& desc) {
      const auto given = inputs.find(desc.name);
      return given == inputs.end() || given->second.shape() == desc.shape;
    });
  };
  if (takes_all(package.gears[wished])) return wished;
  for (size_t i = 0; i < package.gears.size(); ++i)
    if (takes_all(package.gears[i])) return i;
  std::vector<Shape> shapes;
  for (const TensorDesc& desc : package.first().inputs) {
    const auto given = inputs.find(desc.name);
    shapes.push_back(given == inputs.end() ? desc.shape : given->second.shape());
  }
  return find_gear(package, shapes);  // says which gears there are
}

}  // namespace npu::ui
