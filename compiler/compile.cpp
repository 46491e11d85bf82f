// SPDX-License-Identifier: Apache-2.0
#include "compiler/compile.h"

#include <fmt/format.h>

#include "compiler/group_tasks.h"
#include "compiler/memory/plan_memory.h"
#include "compiler/schedule/scheduler.h"

namespace npu {
namespace {

// Everything after the passes; model.graph is final and stays where it is.
class Emitter {
 public:
  Emitter(CompiledModel& model, const Soc& soc, WeightStore& weights, const CompileObserver& observer, Scheduler* scheduler)
      : model_(model),
        graph_(model.graph),
        soc_(soc),
        observer_(observer),
        weights_(weights),
        storage_(model.graph),
        context_(model.graph, soc, weights),
        tasks_(group_tasks(model.graph)) {
    if (scheduler != nullptr) judge_.emplace(soc, *scheduler);
  }

  Status run(const MemoryOptions& options, int64_t max_bytes) {
    max_bytes_ = max_bytes;
    NPU_CHECK(plan(options));
    NPU_CHECK(check_size());
    place_shared_constants();
    for (size_t t = 0; t < tasks_.size(); ++t) NPU_CHECK(emit(t));
    if (judge_) judge_->finish(model_.tasks);
    for (ValueId id : graph_.inputs) {
      NPU_TRY(auto desc, describe(id));
      model_.inputs.push_back(std::move(desc));
    }
    for (ValueId id : graph_.outputs) {
      NPU_TRY(auto desc, describe(id));
      model_.outputs.push_back(std::move(desc));
    }
    return {};
  }

 private:
  Status plan(const MemoryOptions& options) {
    std::vector<int64_t> scratch;
    for (const TaskSpec& spec : tasks_) scratch.push_back(on_core(spec) ? workspace_bytes(graph_, soc_, spec) : 0);
    NPU_TRY(plan_, plan_memory(graph_, tasks_, scratch, options));
    for (size_t v = 0; v < plan_.offset.size(); ++v)
      if (plan_.offset[v] >= 0) context_.set_address(static_cast<ValueId>(v), kArenaBase + plan_.offset[v]);
    scratch_ = std::move(scratch);
    model_.arena_bytes = plan_.arena_bytes;
    model_.lives = std::move(plan_.lives);
    return {};
  }

  // Constants that are read as they are, through a view or as outputs of the graph.
  void place_shared_constants() {
    for (NodeId id : graph_.order())
      for (ValueId output : graph_.node(id).outputs)
        if (output != kNone && graph_.is_constant(storage_.of(output).whole)) place(output);
    for (ValueId output : graph_.outputs)
      if (graph_.is_constant(output)) place(output);
  }

  void place(ValueId id) {
    const ValueId storage = storage_.of(id).whole;
    if (context_.address(storage) < 0)
      context_.set_address(storage, context_.add_weights(graph_.value(storage).constant->bytes()));
    context_.set_address(id, context_.address(storage));
  }

  bool on_core(const TaskSpec& spec) const { return graph_.node(spec.nodes.front()).engine == Engine::AiCore; }

  Result<TensorDesc> describe(ValueId id) const {
    const Value& value = graph_.value(id);
    NPU_TRY(const int64_t bytes, physical_bytes(value));
    return TensorDesc{value.name,   value.type.dtype,     to_shape(value.type.dims),
                      value.format, context_.address(id), bytes};
  }

  Status emit(size_t index) {
    const TaskSpec& spec = tasks_[index];
    const Node& last = graph_.node(spec.nodes.back());
    Task task;
    task.name = last.name;
    task.nodes = spec.nodes;
    task.engine = graph_.node(spec.nodes.front()).engine;
    if (scratch_[index] > 0) {
      task.workspace_address = kArenaBase + plan_.workspace[index];
      task.workspace_bytes = scratch_[index];
    }
    std::optional<ScheduleSite> site;
    context_.listen(judge_ ? &site : nullptr);
    if (on_core(spec))
      NPU_CHECK(emit_core(spec, task));
    else
      NPU_CHECK(emit_cpu(spec, task));
    if (judge_) judge_->judge(task_key(graph_, spec), site, task);
    NPU_CHECK(check_size());
    model_.tasks.push_back(std::move(task));
    if (observer_.on_progress && !observer_.on_progress(index + 1, tasks_.size(), last.name))
      return fail(ErrorKind::Cancelled, "compile",
                  fmt::format("stopped after task {} of {}", index + 1, tasks_.size()));
    return {};
  }

  Status emit_core(const TaskSpec& spec, Task& task) {
    NPU_CHECK(lower_task(context_, spec, task));
    for (ValueId input : spec.inputs) {
      NPU_TRY(auto desc, describe(input));
      // Lowering stores constants in forms of its own: nothing reads this one.
      if (graph_.is_constant(input) && desc.address < 0) desc.address = desc.bytes = 0;
      task.inputs.push_back(std::move(desc));
    }
    return describe_outputs(spec.outputs, task);
  }

  // One descriptor for each input and output slot of the node, an absent one undefined.
  Status emit_cpu(const TaskSpec& spec, Task& task) {
    const Node& node = graph_.node(spec.nodes.front());
    task.op_type = node.op;
    task.fused = {node.op};
    for (ValueId input : node.inputs) {
      if (graph_.is_constant(input)) place(input);
      TensorDesc desc;
      if (input != kNone) {
        NPU_TRY(desc, describe(input));
      }
      task.inputs.push_back(std::move(desc));
    }
    return describe_outputs(node.outputs, task);
  }

  Status describe_outputs(const std::vector<ValueId>& outputs, Task& task) {
    for (ValueId output : outputs) {
      TensorDesc desc;
      if (output != kNone) {
        NPU_TRY(desc, describe(output));
      }
      task.outputs.push_back(std::move(desc));
    }
    return {};
  }

  Status check_size() const {
    return check_device_memory(soc_, model_.name, static_cast<int64_t>(weights_.bytes().size()), model_.arena_bytes, max_bytes_);
  }

  CompiledModel& model_;
  const Graph& graph_;
  const Soc& soc_;
  const CompileObserver& observer_;
  const WeightStore& weights_;
  StorageMap storage_;
  LowerContext context_;
  std::vector<TaskSpec> tasks_;
  std::vector<int64_t> scratch_;
  int64_t max_bytes_ = 0;
  MemoryPlan plan_;
  std::optional<ScheduleJudge> judge_;
};

void drop_large_constants(Graph& graph) {
  for (size_t id = 0; id < graph.value_count(); ++id) {
    auto& constant = graph.value(static_cast<ValueId>(id)).constant;
    if (constant && constant->elements() > kMaxStoredConstant) constant.reset();
  }
}

// Everything but the weights, which go to the store.
Result<CompiledModel> compile_program(Graph graph, const CompileOptions& options, WeightStore& weights, const CompileObserver& observer) {
  NPU_TRY(const Soc* soc, find_soc(options.soc));
  PassOptions passes = options.passes;
  passes.max_bytes = std::min(passes.max_bytes, options.max_bytes);
  NPU_CHECK(run_passes(graph, *soc, passes, observer.on_pass));
  CompiledModel model;
  model.name = graph.name;
  model.soc = soc->name;
  model.command_line = options.command_line;
  model.framework = options.framework;
  model.graph = std::move(graph);
  if (weights.bytes().empty()) weights.reserve_for(model.graph);
  NPU_CHECK(Emitter(model, *soc, weights, observer, options.scheduler.get()).run({.reuse = !options.disable_memory_reuse}, options.max_bytes));
  drop_large_constants(model.graph);
  return model;
}

}  // namespace

Result<CompiledModel> compile(Graph graph, const CompileOptions& options, const CompileObserver& observer) {
  WeightStore weights;
  NPU_TRY(CompiledModel model, compile_program(std::move(graph), options, weights, observer));
  model.weights = weights.shared();
  return model;
}

Result<ModelPackage> compile_gears(const Graph& graph, const CompileOptions& options, Dynamic dynamic,
                                   std::span<const GearShapes> gears, const CompileObserver& observer) {
  WeightStore weights;
  std::vector<CompiledModel> programs;
  std::vector<std::vector<int64_t>> values;
  for (const GearShapes& gear : gears) {
    if (observer.on_gear) observer.on_gear(programs.size(), gears.size());
    CompileOptions of_gear = options;
    of_gear.passes.input_shapes = gear.input_shapes;
    auto program = compile_program(graph, of_gear, weights, observer);
    if (!program) {
      Error error = std::move(program).error();
      const std::string which = "gear " + gears_text(dynamic, std::span(&gear.values, 1));
      error.where = error.where.empty() ? which : which + ", " + error.where;
      return std::unexpected(std::move(error));
    }
    programs.push_back(std::move(*program));
    values.push_back(gear.values);
  }
  ModelPackage package{dynamic, {}};
  for (size_t i = 0; i < programs.size(); ++i) {
    programs[i].weights = weights.shared();
    package.gears.push_back({std::move(values[i]), std::make_shared<const CompiledModel>(std::move(programs[i]))});
  }
  NPU_TRY(const Soc* soc, find_soc(options.soc));
  NPU_CHECK(check_device_memory(*soc, package.first().name, static_cast<int64_t>(weights.bytes().size()), package.arena_bytes(), options.max_bytes));
  return package;
}

Specialise make_specialise(const CompileOptions& options) {
  return [options, weights = std::make_shared<WeightStore>()](Graph graph) -> Result<CompiledModel> {
    NPU_TRY(CompiledModel model, compile_program(std::move(graph), options, *weights, {}));
    model.weights = weights->shared();
    return model;
  };
}

SpecialiseFactory specialise_factory(int64_t max_bytes) {
  return [max_bytes](const OpenModel& model) {
    CompileOptions options{.soc = model.soc, .passes = {}, .command_line = model.command_line, .disable_memory_reuse = model.disable_memory_reuse, .max_bytes = max_bytes};
    options.passes.disabled.insert(model.disabled_passes.begin(), model.disabled_passes.end());
    return make_specialise(options);
  };
}

}  // namespace npu
