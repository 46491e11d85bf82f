// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <unordered_map>

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

std::unexpected<Error> bad(std::string where, std::string what) {
  return fail(ErrorKind::InvalidModel, std::move(where), std::move(what));
}

const ge::Attr* find(const ge::Attrs& attrs, std::string_view key, ge::Attr::Kind kind) {
  const auto found = attrs.find(key);
  return found == attrs.end() || found->second.kind != kind ? nullptr : &found->second;
}

int64_t int_of(const ge::Attrs& attrs, std::string_view key, int64_t fallback) {
  const ge::Attr* attr = find(attrs, key, ge::Attr::Kind::Int);
  return attr ? attr->i : fallback;
}

std::string string_of(const ge::Attrs& attrs, std::string_view key) {
  const ge::Attr* attr = find(attrs, key, ge::Attr::Kind::Str);
  return attr ? attr->s : std::string();
}

std::vector<std::string> strings_of(const ge::Attrs& attrs, std::string_view key) {
  const ge::Attr* attr = find(attrs, key, ge::Attr::Kind::Strs);
  return attr ? attr->strs : std::vector<std::string>();
}

Result<DType> dtype_of(int64_t code, const std::string& where) {
  if (code == 0) return DType::Undefined;
  const auto dtype = code > 0 && code < 1000 ? dtype_from_ge(static_cast<int>(code)) : std::nullopt;
  if (!dtype) return bad(where, fmt::format("has the unknown data type {}", code));
  return *dtype;
}

Result<Tensor> tensor_of(const ge::AttrTensor& stored, const std::string& where) {
  NPU_TRY(const DType dtype, dtype_of(stored.dtype, where));
  if (dtype == DType::Undefined) return bad(where, "has no data type");
  NPU_TRY(const int64_t count, checked_element_count(stored.shape, where));
  if (static_cast<uint64_t>(count) * dtype_size(dtype) != stored.data.size())
    return bad(where, fmt::format("{} {} has {} bytes of data", to_string(dtype), to_string(stored.shape),
                                  stored.data.size()));
  return Tensor::from<std::byte>(dtype, stored.shape, stored.data);
}

Result<Attr> node_attr(const ge::Attr& attr, const std::string& where) {
  switch (attr.kind) {
    case ge::Attr::Kind::Str: return Attr(attr.s);
    case ge::Attr::Kind::Int: return Attr(attr.i);
    case ge::Attr::Kind::Float: return Attr(attr.f);
    case ge::Attr::Kind::Strs: return Attr(attr.strs);
    case ge::Attr::Kind::Ints: return Attr(attr.ints);
    case ge::Attr::Kind::Floats: return Attr(attr.floats);
    case ge::Attr::Kind::Tensor: {
      NPU_TRY(Tensor tensor, tensor_of(attr.tensor, where));
      return Attr(std::move(tensor));
    }
    default: return bad(where, "is of a kind that nodes do not have");
  }
}

Result<TensorType> type_of(const ge::TensorDesc& desc, const std::string& where) {
  TensorType type;
  NPU_TRY(type.dtype, dtype_of(desc.dtype, where));
  const ge::Attr* origin = find(desc.attrs, kOriginShape, ge::Attr::Kind::Ints);
  const Shape& shape = origin ? origin->ints : desc.shape;
  if (shape == Shape{-2}) return type;
  type.has_rank = true;
  for (const int64_t dim : shape) {
    if (dim < -1) return bad(where, fmt::format("has a dimension of {}", dim));
    type.dims.push_back(dim < 0 ? Dim() : Dim(dim));
  }
  return type;
}

class GraphReader {
 public:
  Result<Graph> run(const ge::Model& model) {
    graph_.name = model.graph_name;
    graph_.opset = static_cast<int>(std::clamp<int64_t>(int_of(model.graph_attrs, kOwnOpset, 0), 0, 1000));
    for (const ge::Op& op : model.ops) NPU_CHECK(add_op(op));
    if (graph_.outputs.empty()) return bad("MODEL_DEF", "the graph has no outputs");
    return std::move(graph_);
  }

 private:
  Status add_op(const ge::Op& op) {
    const std::string where = op.type + " '" + op.name + "'";
    if (sources_.contains(op.name)) return bad(where, "the name is given twice");
    if (find(op.attrs, kOwnOp, ge::Attr::Kind::Str)) return add_node(op, where);
    if (op.type == "NetOutput") return read_inputs(op, where, graph_.outputs);
    if (op.type != "Data" && op.type != "Const") return bad(where, "is no operator this project wrote");
    if (op.output_descs.size() != 1) return bad(where, fmt::format("has {} outputs", op.output_descs.size()));
    NPU_TRY(const ValueId id, add_value(op.output_descs[0], where));
    if (id == kNone) return bad(where, "its output has no name");
    sources_[op.name] = {id};
    if (op.type == "Data") {
      graph_.inputs.push_back(id);
      return {};
    }
    const ge::Attr* value = find(op.attrs, "value", ge::Attr::Kind::Tensor);
    if (!value) return {};  // large: left out
    NPU_TRY(Tensor tensor, tensor_of(value->tensor, where));
    if (!(graph_.value(id).type == TensorType::of(tensor.dtype(), tensor.shape())))
      return bad(where, "its value is of another type");
    graph_.value(id).constant = std::move(tensor);
    return {};
  }

  Result<ValueId> add_value(const ge::TensorDesc& desc, const std::string& where) {
    if (desc.name.empty()) return kNone;
    NPU_TRY(TensorType type, type_of(desc, where));
    const auto format = format_from_name(desc.layout);
    if (!format) return bad(where, fmt::format("has the unknown format '{}'", desc.layout));
    const ValueId id = graph_.add_value(desc.name, std::move(type));
    graph_.value(id).format = *format;
    return id;
  }

  Status read_inputs(const ge::Op& op, const std::string& where, std::vector<ValueId>& to) {
    for (const std::string& input : op.inputs) {
      to.push_back(kNone);
      if (input.empty() && op.type != "NetOutput") continue;
      const size_t colon = input.rfind(':');
      const auto source = colon == std::string::npos ? sources_.end() : sources_.find(input.substr(0, colon));
      const size_t index = colon == std::string::npos ? 0 : std::strtoul(input.c_str() + colon + 1, nullptr, 10);
      if (source == sources_.end() || index >= source->second.size() || source->second[index] == kNone)
        return bad(where, fmt::format("reads '{}', which is not defined before it", input));
      to.back() = source->second[index];
    }
    return {};
  }

  Status add_node(const ge::Op& op, const std::string& where) {
    Node node;
    node.op = string_of(op.attrs, kOwnOp);
    node.name = string_of(op.attrs, kOwnName);
    node.origin = strings_of(op.attrs, kOwnOrigin);
    const int64_t engine = int_of(op.attrs, kOwnEngine, 0), task = int_of(op.attrs, kOwnTask, kNone);
    if (engine < 0 || engine > static_cast<int64_t>(Engine::Host))
      return bad(where, fmt::format("runs on the unknown engine {}", engine));
    if (task < kNone || task > INT32_MAX) return bad(where, fmt::format("is of task {}", task));
    node.engine = static_cast<Engine>(engine);
    node.task = static_cast<int32_t>(task);
    for (const std::string& key : strings_of(op.attrs, kOwnKeys)) {
      const auto attr = op.attrs.find(key);
      if (attr == op.attrs.end()) return bad(where, fmt::format("lacks its attribute '{}'", key));
      NPU_TRY(Attr value, node_attr(attr->second, where + " attribute '" + key + "'"));
      node.attrs.emplace(key, std::move(value));
    }
    NPU_CHECK(read_inputs(op, where, node.inputs));
    for (const ge::TensorDesc& desc : op.output_descs) {
      NPU_TRY(const ValueId id, add_value(desc, where));
      node.outputs.push_back(id);
    }
    sources_[op.name] = node.outputs;
    graph_.append(std::move(node));
    return {};
  }

  Graph graph_;
  std::unordered_map<std::string, std::vector<ValueId>> sources_;  // op name -> its outputs
};

using Weights = std::shared_ptr<const std::vector<std::byte>>;

std::unexpected<Error> not_ours(const Container& container, const ge::Model& def) {
  const auto kernels = read_kernels(container.find(Part::Kernels));
  return fail(ErrorKind::UnsupportedModel, "'" + container.name + "'",
              fmt::format("was made by the vendor's compiler (atc_version '{}', soc_version '{}'): its {} kernels are "
                          "machine code of the chip, "
                          "which this emulator does not run. Compile the original model instead",
                          string_of(def.attrs, "atc_version"), string_of(def.attrs, "soc_version"),
                          kernels ? kernels->size() : 0));
}

// One of the models in a file, and which gear it is.
struct ReadProgram {
  CompiledModel model;
  int64_t dynamic = 0;
  std::vector<int64_t> gear;
};

Result<ReadProgram> read_program(const Container& container, const PartTable& parts, const Weights& weights) {
  const ge::Model def = ge::read_model(parts.find(Part::ModelDef));
  const int64_t format = int_of(def.attrs, kOwnVersion, 0);
  if (format == 0) return not_ours(container, def);
  if (format != kOwnFormat)
    return fail(ErrorKind::UnsupportedModel, "'" + container.name + "'",
                fmt::format("is of format {}, {} is known: compile the model again", format, kOwnFormat));
  ReadProgram program;
  program.dynamic = int_of(def.attrs, kOwnDynamic, 0);
  if (const ge::Attr* gear = find(def.attrs, kOwnGear, ge::Attr::Kind::Ints)) program.gear = gear->ints;
  CompiledModel& model = program.model;
  model.name = def.name;
  model.soc = string_of(def.attrs, "soc_version");
  model.framework = string_of(def.attrs, "framework_type");
  model.command_line = string_of(def.attrs, "atc_cmdline");
  NPU_TRY(model.graph, GraphReader().run(def));
  NPU_CHECK(read_task_info(parts.find(Part::TaskInfo), model));
  NPU_CHECK(read_kernel_store(parts.find(Part::Kernels), model));
  if (model.inputs.size() != model.graph.inputs.size() || model.outputs.size() != model.graph.outputs.size())
    return bad("'" + model.name + "'",
               fmt::format("has {} inputs and {} outputs, its graph {} and {}", model.inputs.size(),
                           model.outputs.size(), model.graph.inputs.size(), model.graph.outputs.size()));
  model.weights = weights;
  return program;
}

// Inputs and outputs are the same but for their shapes.
bool same_tensors(const std::vector<TensorDesc>& a, const std::vector<TensorDesc>& b) {
  return std::ranges::equal(a, b, [](const TensorDesc& x, const TensorDesc& y) { return x.name == y.name && x.dtype == y.dtype; });
}

// A gear against the first.
Status check_gear(const ReadProgram& first, const ReadProgram& next, size_t index) {
  const std::string where = fmt::format("'{}' gear {}", next.model.name, index);
  if (next.dynamic < 1 || next.dynamic > static_cast<int64_t>(Dynamic::AnyDims))
    return bad(where, fmt::format("is of the unknown kind {}", next.dynamic));
  if (next.gear.empty()) return bad(where, "has no values");
  if (next.dynamic != first.dynamic || next.gear.size() != first.gear.size())
    return bad(where, "is of another kind than the first");
  if (next.model.soc != first.model.soc || next.model.name != first.model.name)
    return bad(where, fmt::format("is '{}' for {}, the first '{}' for {}", next.model.name, next.model.soc, first.model.name, first.model.soc));
  if (!same_tensors(next.model.inputs, first.model.inputs) || !same_tensors(next.model.outputs, first.model.outputs))
    return bad(where, "has other inputs or outputs than the first");
  return {};
}

// One program for fixed shapes, or the gears.
Result<std::vector<ReadProgram>> read_programs(const Container& container) {
  const size_t count = container.models.size();
  const Bytes bytes = container.find(Part::Weights);
  const auto weights = std::make_shared<const std::vector<std::byte>>(bytes.begin(), bytes.end());
  std::vector<ReadProgram> programs;
  for (const PartTable& parts : container.models) {
    NPU_TRY(programs.emplace_back(), read_program(container, parts, weights));
    if (count == 1 && programs[0].dynamic == 0) return programs;
    if (count > kMaxGears)
      return bad("'" + container.name + "'", fmt::format("has {} gears, at most {} are possible", count, kMaxGears));
    NPU_CHECK(check_gear(programs.front(), programs.back(), programs.size() - 1));
  }
  return programs;
}

// Set `open`, or the programs.
struct ReadFile {
  std::vector<ReadProgram> programs;
  std::shared_ptr<const OpenModel> open;
};

Result<ReadFile> read_models(const Container& container, const SharedBytes& file) {
  ReadFile result;
  const Bytes description = container.find(Part::OpenModel);
  if (description.empty()) {
    NPU_TRY(result.programs, read_programs(container));
    return result;
  }
  const ge::Model def = ge::read_model(container.find(Part::ModelDef));
  if (const int64_t format = int_of(def.attrs, kOwnVersion, 0); format != kOwnFormat)
    return fail(ErrorKind::UnsupportedModel, "'" + container.name + "'", fmt::format("is of format {}, {} is known: compile the model again", format, kOwnFormat));
  NPU_TRY(OpenModel open, read_open_model(description, container.find(Part::Weights), file));
  open.name = def.name;
  open.soc = string_of(def.attrs, "soc_version");
  open.command_line = string_of(def.attrs, "atc_cmdline");
  result.open = std::make_shared<const OpenModel>(std::move(open));
  return result;
}

Result<ReadFile> read(const SharedBytes& file) {
  NPU_TRY(const Container container, read_container(*file));
  try {
    return read_models(container, file);
  } catch (const protozero::exception& error) {
    return bad("'" + container.name + "'", "its graph or tasks are " + pb_damage(error));
  }
}

}  // namespace

Result<ModelPackage> load_package(SharedBytes file) {
  NPU_TRY(ReadFile read_file, read(file));
  ModelPackage package;
  package.open = std::move(read_file.open);
  for (ReadProgram& program : read_file.programs) {
    package.dynamic = static_cast<Dynamic>(program.dynamic);
    package.gears.push_back({std::move(program.gear), std::make_shared<const CompiledModel>(std::move(program.model))});
  }
  return package;
}

Result<CompiledModel> load_om(SharedBytes file) {
  NPU_TRY(ReadFile read_file, read(file));
  if (read_file.open)
    return fail(ErrorKind::InvalidArgument, "'" + read_file.open->name + "'", "has open shapes, its programs are made when it runs: " + inputs_text(read_file.open->inputs));
  std::vector<ReadProgram>& programs = read_file.programs;
  if (programs[0].dynamic == 0) return std::move(programs[0].model);
  std::vector<std::vector<int64_t>> gears;
  for (const ReadProgram& program : programs) gears.push_back(program.gear);
  return fail(ErrorKind::InvalidArgument, "'" + programs[0].model.name + "'",
              "has several gears, one of them must be chosen: " + gears_text(static_cast<Dynamic>(programs[0].dynamic), gears));
}

}  // namespace npu
