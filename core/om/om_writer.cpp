// SPDX-License-Identifier: Apache-2.0
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "core/om/container.h"
#include "core/om/ge_proto.h"
#include "core/om/om.h"
#include "core/om/open_model.h"
#include "core/om/own_attrs.h"
#include "core/om/tasks.h"

namespace npu {

namespace {

using namespace om;

constexpr std::string_view kAtcVersion = "npu-sandbox";
constexpr int64_t kUnknownRank = -2;  // ge's convention for shapes
constexpr int64_t kUnknownDim = -1;

ge::Attr attr_of(const Attr& attr) {
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Subgraph> || std::is_same_v<T, TensorType>) {
          return ge::Attr();  // the compiler refuses nodes that have them
        } else if constexpr (std::is_same_v<T, Tensor>) {
          ge::Attr result;
          result.kind = ge::Attr::Kind::Tensor;
          result.tensor = {dtype_info(value.dtype()).ge, value.shape(), "ND", value.bytes()};
          return result;
        } else {
          return ge::Attr::of(value);
        }
      },
      attr);
}

Shape shape_of(const TensorType& type) {
  if (!type.has_rank) return {kUnknownRank};
  Shape shape;
  for (const Dim& dim : type.dims) shape.push_back(dim.known() ? dim.value() : kUnknownDim);
  return shape;
}

// The graph as the vendor's messages: Data and Const for inputs and constants, the nodes, NetOutput.
class GraphWriter {
 public:
  explicit GraphWriter(const CompiledModel& model)
      : model_(model), graph_(model.graph), sources_(model.graph.value_count()) {
    for (const Task& task : model.tasks) {
      for (size_t i = 0; i < task.nodes.size(); ++i)
        places_[task.nodes[i]] = {&task, i < task.fused.size() ? task.fused[i] : std::string()};
      for (const TensorDesc& desc : task.inputs) addresses_[desc.name] = desc.address;
      for (const TensorDesc& desc : task.outputs) addresses_[desc.name] = desc.address;
    }
    for (const TensorDesc& desc : model.inputs) addresses_[desc.name] = desc.address;
  }

  std::vector<ge::Op> run() {
    for (const ValueId id : graph_.inputs) add_source(id, "Data");
    for (const ValueId id : graph_.used_sources()) add_source(id, "Const");
    for (const NodeId id : graph_.order()) add_node(id);
    add_outputs();
    return std::move(ops_);
  }

 private:
  std::string unique_name(const std::string& wish) {
    std::string name = wish;
    for (int& suffix = suffixes_[wish]; !names_.insert(name).second;) name = fmt::format("{}_{}", wish, ++suffix);
    return name;
  }

  ge::TensorDesc desc_of(ValueId id) const {
    if (id == kNone) return {};
    const Value& value = graph_.value(id);
    ge::TensorDesc desc;
    desc.name = value.name;
    desc.dtype = dtype_info(value.type.dtype).ge;
    desc.layout = to_string(value.format);
    desc.shape = shape_of(value.type);
    desc.attrs[std::string(kOriginShape)] = ge::Attr::of(desc.shape);
    desc.attrs["origin_format"] =
        ge::Attr::of(value.format == Format::NC1HWC0 || value.format == Format::NC1HWC0_C04 || value.format == Format::FRACTAL_Z ? "NCHW" : "ND");
    if (value.type.is_static() && value.type.dtype != DType::Undefined) {
      if (const auto physical = physical_shape(desc.shape, value.type.dtype, value.format)) desc.shape = *physical;
      const int64_t bytes = element_count(desc.shape) * static_cast<int64_t>(dtype_size(value.type.dtype));
      desc.size = (bytes + 2 * kTensorSlack - 1) / kTensorSlack * kTensorSlack;
    }
    if (const auto found = addresses_.find(value.name); found != addresses_.end() && found->second < kArenaBase)
      desc.data_offset = found->second;
    return desc;
  }

  int64_t offset_of(ValueId id) const {
    const auto found = id == kNone ? addresses_.end() : addresses_.find(graph_.value(id).name);
    return found == addresses_.end() ? 0 : found->second >= kArenaBase ? found->second - kArenaBase : found->second;
  }

  void add_source(ValueId id, const char* type) {
    ge::Op op;
    op.name = unique_name(graph_.value(id).name);
    op.type = type;
    op.id = static_cast<int64_t>(ops_.size());
    op.output_descs = {desc_of(id)};
    op.output_offsets = {offset_of(id)};
    // A constant without elements (large, or dropped before) has no value.
    if (const auto& constant = graph_.value(id).constant; constant && constant->elements() <= kMaxStoredConstant)
      op.attrs["value"] = attr_of(*constant);
    sources_[static_cast<size_t>(id)] = op.name + ":0";
    ops_.push_back(std::move(op));
  }

  std::string source_of(ValueId id) const { return id == kNone ? std::string() : sources_[static_cast<size_t>(id)]; }

  void add_node(NodeId id) {
    const Node& node = graph_.node(id);
    const auto place = places_.find(id);
    const Task* task = place == places_.end() ? nullptr : place->second.task;
    ge::Op op;
    op.name = unique_name(node.name);
    op.type = task && !place->second.type.empty() ? place->second.type : node.op;
    op.id = static_cast<int64_t>(ops_.size());
    for (const ValueId input : node.inputs) {
      op.inputs.push_back(source_of(input));
      op.input_descs.push_back(desc_of(input));
      op.input_offsets.push_back(offset_of(input));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      op.output_descs.push_back(desc_of(node.outputs[i]));
      op.output_offsets.push_back(offset_of(node.outputs[i]));
      if (node.outputs[i] != kNone) sources_[static_cast<size_t>(node.outputs[i])] = fmt::format("{}:{}", op.name, i);
    }
    add_attrs(op, node, task);
    ops_.push_back(std::move(op));
  }

  void add_attrs(ge::Op& op, const Node& node, const Task* task) const {
    std::vector<std::string> keys;
    for (const auto& [key, value] : node.attrs) {
      op.attrs[key] = attr_of(value);
      keys.push_back(key);
    }
    const auto add = [&](std::string_view key, auto value) {
      op.attrs[std::string(key)] = ge::Attr::of(std::move(value));
    };
    if (task && task->engine == Engine::AiCore) {
      add("tvm_blockdim", static_cast<int64_t>(task->blocks.size()));
      add("_tbe_kernel_name", task->name);
      add("imply_type", int64_t{1});
    }
    if (node.task != kNone) add("fusion_scope", static_cast<int64_t>(node.task));
    if (node.engine != Engine::Unassigned)
      add("_engine_type", node.engine == Engine::AiCore  ? "AIcoreEngine"
                          : node.engine == Engine::AiCpu ? "DNN_VM_AICPU"
                                                         : "DNN_VM_HOST_CPU");
    add("_datadump_original_op_names", node.origin);
    add(kOwnOp, node.op);
    add(kOwnName, node.name);
    add(kOwnKeys, std::move(keys));
    add(kOwnEngine, static_cast<int64_t>(node.engine));
    add(kOwnTask, static_cast<int64_t>(node.task));
    add(kOwnOrigin, node.origin);
  }

  void add_outputs() {
    ge::Op op;
    op.name = unique_name("Node_Output");
    op.type = "NetOutput";
    op.id = static_cast<int64_t>(ops_.size());
    for (const ValueId id : graph_.outputs) {
      op.inputs.push_back(source_of(id));
      op.input_descs.push_back(desc_of(id));
      op.input_offsets.push_back(offset_of(id));
    }
    ops_.push_back(std::move(op));
  }

  struct TaskOfNode {
    const Task* task;
    std::string type;  // the vendor's operator type
  };

  const CompiledModel& model_;
  const Graph& graph_;
  std::vector<std::string> sources_;  // of each value: "producer:output"
  std::vector<ge::Op> ops_;
  std::unordered_map<NodeId, TaskOfNode> places_;
  std::unordered_map<std::string, int64_t> addresses_;
  std::unordered_set<std::string> names_;
  std::unordered_map<std::string, int> suffixes_;
};

std::vector<std::string> output_names(const CompiledModel& model) {
  std::vector<std::string> names;
  for (const TensorDesc& desc : model.outputs) names.push_back(desc.name);
  return names;
}

// What a program's model says of the package it is in.
struct Place {
  Dynamic dynamic = Dynamic::None;
  std::vector<int64_t> gear;
  int64_t arena_bytes = 0;  // of all gears
};

std::string model_def(const CompiledModel& model, const Place& place, int64_t kernel_bytes, int64_t task_bytes) {
  const auto weight_bytes = static_cast<int64_t>(model.weights ? model.weights->size() : 0);
  ge::Model def;
  def.name = model.name;
  def.version = 2;
  def.custom_version = kAtcVersion;
  def.graph_name = model.graph.name;
  def.ops = GraphWriter(model).run();
  def.graph_attrs[std::string(kOwnOpset)] = ge::Attr::of(static_cast<int64_t>(model.graph.opset));
  def.attrs = {
      {"atc_cmdline", ge::Attr::of(model.command_line)},
      {"atc_version", ge::Attr::of(std::string(kAtcVersion))},
      {"attr_model_out_nodes_name", ge::Attr::of(output_names(model))},
      {"event_num", ge::Attr::of(int64_t{0})},
      {"framework_type", ge::Attr::of(model.framework)},
      {"label_num", ge::Attr::of(int64_t{0})},
      {"memory_size", ge::Attr::of(place.arena_bytes)},
      {"om_info_list", ge::Attr::of(std::vector<int64_t>{weight_bytes, kernel_bytes, 0, task_bytes})},
      {"soc_version", ge::Attr::of(model.soc)},
      {"stream_num", ge::Attr::of(int64_t{1})},
      {"weight_size", ge::Attr::of(weight_bytes)},
      {std::string(kOwnVersion), ge::Attr::of(kOwnFormat)},
  };
  if (place.dynamic != Dynamic::None) {
    def.attrs[std::string(kOwnDynamic)] = ge::Attr::of(static_cast<int64_t>(place.dynamic));
    def.attrs[std::string(kOwnGear)] = ge::Attr::of(place.gear);
  }
  return ge::write_model(def);
}

// The bytes of one program's partitions, the weights aside.
struct SavedProgram {
  std::string definition, tasks;
  std::vector<std::byte> kernels;
};

Result<SavedProgram> save_program(const CompiledModel& model, const Place& place) {
  SavedProgram saved;
  NPU_TRY(saved.kernels, write_kernel_store(model));
  saved.tasks = write_task_info(model);
  saved.definition =
      model_def(model, place, static_cast<int64_t>(saved.kernels.size()), static_cast<int64_t>(saved.tasks.size()));
  return saved;
}

// The first program's partitions have the weights of all.
std::vector<std::byte> join(const CompiledModel& first, const std::vector<SavedProgram>& programs) {
  std::vector<std::vector<PartData>> models;
  for (const SavedProgram& program : programs) {
    std::vector<PartData>& parts = models.emplace_back();
    parts.push_back({Part::ModelDef, as_byte_view(program.definition)});
    if (models.size() == 1) parts.push_back({Part::Weights, first.weights ? Bytes(*first.weights) : Bytes()});
    parts.push_back({Part::Kernels, program.kernels});
    parts.push_back({Part::TaskInfo, as_byte_view(program.tasks)});
  }
  return write_container(first.name, first.soc == "Ascend310" ? 1 : 0, models);
}

}  // namespace

Result<std::vector<std::byte>> save_om(const CompiledModel& model) {
  std::vector<SavedProgram> programs(1);
  NPU_TRY(programs[0], save_program(model, {Dynamic::None, {}, model.arena_bytes}));
  return join(model, programs);
}

namespace {

// The graph for those who look; what is read again is the partition of ours.
std::string open_model_def(const OpenModel& open) {
  CompiledModel shown;
  shown.name = open.name;
  shown.soc = open.soc;
  shown.command_line = open.command_line;
  shown.graph = open.graph;
  const std::string bytes = model_def(shown, {}, 0, 0);
  ge::Model def = ge::read_model(as_byte_view(bytes));
  def.attrs[std::string(kOwnOpen)] = ge::Attr::of(inputs_text(open.inputs));
  return ge::write_model(def);
}

Result<std::vector<std::byte>> save_open(const OpenModel& open) {
  NPU_TRY(const SavedOpenModel saved, write_open_model(open));
  const std::string definition = open_model_def(open);
  return write_container(open.name, open.soc == "Ascend310" ? 1 : 0,
                         {{{Part::ModelDef, as_byte_view(definition)},
                           {Part::Weights, saved.weights},
                           {Part::OpenModel, as_byte_view(saved.description)}}});
}

}  // namespace

Result<std::vector<std::byte>> save_om(const ModelPackage& package) {
  if (package.open) return save_open(*package.open);
  std::vector<SavedProgram> programs;
  for (const Gear& gear : package.gears) {
    NPU_TRY(programs.emplace_back(), save_program(*gear.program, {package.dynamic, gear.values, package.arena_bytes()}));
  }
  return join(package.first(), programs);
}

}  // namespace npu
