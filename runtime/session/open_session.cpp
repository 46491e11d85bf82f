// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/open_session.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/ops/op.h"

namespace npu {

// The values of one run as they come.
struct OpenSession::Run {
  explicit Run(const Graph& of) : graph(of), values(of.value_count()), known(of.value_count()), done(of.node_capacity()), left(of.order().size()) {}

  const Graph& graph;
  std::vector<Datum> values;
  std::vector<bool> known;  // values that follow from types of others alone
  std::vector<bool> done;
  size_t left;

  void finish(std::span<const NodeId> nodes) {
    for (NodeId id : nodes) {
      done[static_cast<size_t>(id)] = true;
      const Node& node = graph.node(id);
      if (!follows_from_known(graph, node, [&](ValueId input) { return known[static_cast<size_t>(input)]; })) continue;
      for (ValueId output : node.outputs)
        if (output != kNone) known[static_cast<size_t>(output)] = true;
    }
    left -= nodes.size();
  }

  Datum value(ValueId id) const {
    if (id == kNone) return {};
    const auto& constant = graph.value(id).constant;
    return constant ? Datum(*constant) : values[static_cast<size_t>(id)];
  }

  // Of the tensors that are held.
  int64_t bytes() const {
    int64_t sum = 0;
    for (const Datum& datum : values)
      if (datum.is_tensor()) sum += static_cast<int64_t>(datum.tensor().byte_size());
    return sum;
  }

  std::map<ValueId, Available> available() const {
    constexpr int64_t kSmall = 1024;  // elements
    std::map<ValueId, Available> found;
    for (size_t id = 0; id < values.size(); ++id) {
      if (values[id].absent()) continue;
      Available& one = found[static_cast<ValueId>(id)] = {type_of(values[id]), {}};
      if (known[id] && values[id].is_tensor() && values[id].tensor().elements() <= kSmall) one.value = values[id].tensor();
    }
    return found;
  }

  Key key() const {
    Key key;
    for (NodeId id : graph.order()) key.push_back(done[static_cast<size_t>(id)]);
    for (const auto& [id, one] : available()) {
      const TensorType& type = one.type;
      key.insert(key.end(), {id, static_cast<int64_t>(type.kind), static_cast<int64_t>(type.dims.size())});
      for (const Dim& dim : type.dims) key.push_back(dim.value());
    }
    return key;
  }
};

Result<std::unique_ptr<OpenSession>> OpenSession::create(std::shared_ptr<const OpenModel> model, const SpecialiseFactory& factory, int threads,
                                                         const OpenSessionOptions& options) {
  if (!factory) return fail(ErrorKind::InvalidArgument, model->name, "has open shapes (" + inputs_text(model->inputs) + "), and this program has no compiler to make programs for them");
  NPU_CHECK(find_soc(model->soc));
  return std::unique_ptr<OpenSession>(new OpenSession(std::move(model), factory, threads, options));
}

OpenSession::OpenSession(std::shared_ptr<const OpenModel> model, SpecialiseFactory factory, int threads, const OpenSessionOptions& options)
    : model_(std::move(model)), factory_(std::move(factory)), specialise_(factory_(*model_)), threads_(threads), options_(options) {}

// Device memory for this program too. The weights may have moved when they grew.
Status OpenSession::make_room(const CompiledModel& model) {
  const int64_t arena = std::max(model.arena_bytes, device_ ? device_->memory.arena_bytes() : 0);
  if (!device_) {
    NPU_TRY(device_, make_device(model, arena, threads_, options_.session.max_bytes));
    return {};
  }
  NPU_TRY(const Soc* soc, find_soc(model.soc));
  NPU_CHECK(check_device_memory(*soc, model.name, static_cast<int64_t>(model.weights->size()), arena, options_.session.max_bytes));
  device_->weights = model.weights;
  device_->memory = DeviceMemory(Bytes(*model.weights), arena);
  return {};
}

Result<std::unique_ptr<Session>> OpenSession::make_session(const Graph& program) {
  const auto compile = [&]() -> Result<std::unique_ptr<Session>> {
    NPU_TRY(CompiledModel compiled, specialise_(program));
    NPU_CHECK(make_room(compiled));
    return Session::create(std::make_shared<const CompiledModel>(std::move(compiled)), device_, options_.session);
  };
  auto session = compile();
  // What was added to the weights before it failed may have moved them.
  if (!session && device_) device_->memory = DeviceMemory(Bytes(*device_->weights), device_->memory.arena_bytes());
  return session;
}

int64_t OpenSession::device_bytes() const {
  return device_ ? static_cast<int64_t>(device_->weights->size()) + device_->memory.arena_bytes() : 0;
}

void OpenSession::forget_oldest() {
  while (stages_.size() >= std::max<size_t>(1, options_.most_programs))
    stages_.erase(std::ranges::min_element(stages_, {}, [](const auto& entry) { return entry.second.last_use; }));
}

// Programs that are gone leave their constants in the weights.
void OpenSession::forget_all() {
  stages_.clear();
  device_.reset();
  specialise_ = factory_(*model_);
}

Result<OpenSession::Stage*> OpenSession::find_or_make(const Run& run, bool& made) {
  Key key = run.key();
  auto found = stages_.find(key);
  made = found == stages_.end();
  if (made) {
    Stage stage;
    NPU_TRY(stage.plan, plan_stage(run.graph, run.done, run.available()));
    if (!stage.plan.compiled.empty()) {
      NPU_TRY(stage.session, make_session(stage.plan.program));
    }
    stage.plan.program = {};  // the session has its own form of it
    forget_oldest();
    found = stages_.emplace(std::move(key), std::move(stage)).first;
  }
  found->second.last_use = ++uses_;
  return &found->second;
}

Status OpenSession::run_stage(Stage& stage, Run& run, const RunObserver& observer) {
  if (stage.session) {
    std::vector<Tensor> inputs;
    for (ValueId id : stage.plan.inputs) inputs.push_back(run.value(id).tensor());
    NPU_TRY(const std::vector<Tensor> outputs, stage.session->run(inputs, observer));
    for (size_t i = 0; i < outputs.size(); ++i) {
      // Weights move when they grow: nothing may view them.
      const bool is_view = stage.session->model().outputs[i].address < kArenaBase;
      run.values[static_cast<size_t>(stage.plan.outputs[i])] =
          is_view ? Tensor::from<std::byte>(outputs[i].dtype(), outputs[i].shape(), outputs[i].bytes()) : outputs[i];
    }
  }
  run.finish(stage.plan.compiled);
  for (NodeId id : stage.plan.host) {
    const Node& node = run.graph.node(id);
    std::vector<Datum> inputs;
    for (ValueId input : node.inputs) inputs.push_back(run.value(input));
    NPU_TRY(std::vector<Datum> results, run_node_within(node, run.graph.opset, inputs, std::max<int64_t>(0, options_.session.max_bytes - device_bytes() - run.bytes())));
    for (size_t i = 0; i < node.outputs.size() && i < results.size(); ++i)
      if (node.outputs[i] != kNone) run.values[static_cast<size_t>(node.outputs[i])] = std::move(results[i]);
    last_run_.back().host_nodes.push_back(fmt::format("{} '{}'", node.op, node.name));
  }
  run.finish(stage.plan.host);
  return {};
}

Result<std::vector<Tensor>> OpenSession::run(std::span<const Tensor> inputs, const RunObserver& observer) {
  NPU_CHECK(check_inputs(*model_, inputs));
  const size_t weights = device_ && device_->weights ? device_->weights->size() : 0;
  constexpr size_t kSmall = size_t{16} << 20;
  if (first_weights_ > 0 && weights > 2 * first_weights_ + kSmall) forget_all();
  last_run_.clear();
  Run run(model_->graph);
  for (size_t i = 0; i < inputs.size(); ++i) run.values[static_cast<size_t>(run.graph.inputs[i])] = inputs[i];
  while (run.left > 0) {
    bool made = false;
    NPU_TRY(Stage* stage, find_or_make(run, made));
    last_run_.push_back({stage->session ? stage->session->shared_model() : nullptr, made && stage->session, {}});
    NPU_CHECK(run_stage(*stage, run, observer));
  }
  if (first_weights_ == 0 && device_) first_weights_ = device_->weights->size();
  std::vector<Tensor> outputs;
  for (ValueId id : run.graph.outputs) {
    const Datum value = run.value(id);
    if (!value.is_tensor())
      return fail(ErrorKind::UnsupportedModel, "output '" + run.graph.value(id).name + "'", to_string(type_of(value)) + " is no tensor");
    outputs.push_back(value.tensor());
  }
  return outputs;
}

}  // namespace npu
