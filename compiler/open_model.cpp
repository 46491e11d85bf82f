// SPDX-License-Identifier: Apache-2.0
#include "compiler/open_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/ops/op.h"
#include "core/ops/stages.h"

namespace npu {
namespace {

bool has_open_dim(const InputShape& input) { return std::ranges::any_of(input.dims, &DimRange::is_open); }

// What the model and the command line say of an input together.
Result<InputShape> shape_of(const Value& value, std::span<const InputShape> given) {
  const auto found = std::ranges::find(given, value.name, &InputShape::name);
  const TensorType& type = value.type;
  const std::string where = "--input_shape of '" + value.name + "'";
  if (!type.is_tensor()) return fail(ErrorKind::UnsupportedModel, "input '" + value.name + "'", to_string(type) + ": compiled models take tensors only");
  if (found == given.end()) {
    InputShape shape{value.name, {}};
    if (!type.is_static())
      return fail(ErrorKind::InvalidArgument, "input '" + value.name + "'", fmt::format("its shape {} is not fixed; give it with --input_shape, -1 where it is open", to_string(type)));
    for (const Dim& dim : type.dims) shape.dims.push_back({dim.value(), dim.value()});
    return shape;
  }
  if (type.has_rank && type.dims.size() != found->dims.size())
    return fail(ErrorKind::InvalidArgument, where, fmt::format("it has {} dimensions, the model's {} has {}", found->dims.size(), to_string(type.dims), type.dims.size()));
  InputShape shape = *found;
  for (size_t i = 0; type.has_rank && i < shape.dims.size(); ++i) {
    if (!type.dims[i].known()) continue;
    const int64_t fixed = type.dims[i].value();
    if (fixed < shape.dims[i].low || fixed > shape.dims[i].high)
      return fail(ErrorKind::InvalidArgument, where, fmt::format("dimension {} is {}, the model fixes it to {}", i, to_string(shape.dims[i]), fixed));
    shape.dims[i] = {fixed, fixed};
  }
  return shape;
}

void set_type(Value& value, const InputShape& shape) {
  const Dims declared = value.type.has_rank ? value.type.dims : Dims(shape.dims.size());
  Dims dims;
  for (size_t i = 0; i < shape.dims.size(); ++i) dims.push_back(shape.dims[i].is_open() ? declared[i] : Dim(shape.dims[i].low));
  value.type = TensorType::of(value.type.dtype, std::move(dims));
}

// A file may declare the sizes that were found when it was exported.
void forget_found_sizes(Graph& graph) {
  for (NodeId id : graph.order())
    if (const OpDef* op = find_op(graph.node(id).op); op && op->from_values)
      for (ValueId output : graph.node(id).outputs)
        if (output != kNone) graph.value(output).type = TensorType{graph.value(output).type.dtype, false, {}};
}

}  // namespace

bool is_open_model(const Graph& graph, std::span<const InputShape> given, const CompileOptions& options) {
  if (std::ranges::any_of(given, has_open_dim)) return true;
  Graph fixed = graph;
  for (ValueId id : fixed.inputs) {
    const auto shape = shape_of(fixed.value(id), given);
    if (!shape) return false;
    set_type(fixed.value(id), *shape);
  }
  forget_found_sizes(fixed);
  const auto needed = needs_stages(fixed);
  if (!needed || !*needed) return false;
  const auto soc = find_soc(options.soc);
  return soc && !run_passes(fixed, **soc, options.passes);
}

Result<OpenModel> make_open_model(Graph graph, std::span<const InputShape> given, const CompileOptions& options) {
  NPU_TRY(const Soc* soc, find_soc(options.soc));
  OpenModel model{graph.name, std::string(soc->name), options.command_line, {}, {}, {options.passes.disabled.begin(), options.passes.disabled.end()}, options.disable_memory_reuse};
  for (ValueId id : graph.inputs) {
    NPU_TRY(InputShape shape, shape_of(graph.value(id), given));
    set_type(graph.value(id), shape);
    model.inputs.push_back(std::move(shape));
  }
  NPU_CHECK(verify(graph));
  NPU_CHECK(infer_shapes(graph));
  // Once, and not again for each size.
  const auto fold = std::ranges::find(all_passes(), "fold-constants", &Pass::name);
  PassContext context(*soc, options.passes);
  if (!options.passes.disabled.contains(fold->name)) NPU_CHECK(fold->run(graph, context));
  model.graph = std::move(graph);
  return model;
}

}  // namespace npu
