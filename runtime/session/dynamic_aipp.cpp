// SPDX-License-Identifier: Apache-2.0
#include "runtime/session/dynamic_aipp.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/isa/aipp.h"

namespace npu {
namespace {

Result<size_t> input_number(const CompiledModel& model, ValueId id) {
  const auto found = std::ranges::find(model.inputs, model.graph.value(id).name, &TensorDesc::name);
  if (found != model.inputs.end() && found->dtype == DType::UInt8) return static_cast<size_t>(found - model.inputs.begin());
  return fail(ErrorKind::InvalidProgram, model.name, fmt::format("dynamic AIPP reads '{}', which is no input of bytes", model.graph.value(id).name));
}

}  // namespace

Result<std::vector<DynamicAipp>> find_dynamic_aipp(const CompiledModel& model, const Soc& soc) {
  std::vector<DynamicAipp> found;
  for (const NodeId id : model.graph.order()) {
    const Node& node = model.graph.node(id);
    if (!is_dynamic_aipp(node)) continue;
    const TensorType& made = model.graph.value(node.outputs[0]).type;
    if (made.dims.size() != 4 || !made.is_static()) return fail(ErrorKind::InvalidProgram, model.name, fmt::format("dynamic AIPP '{}' makes {}", node.name, to_string(made)));
    DynamicAipp& one = found.emplace_back();
    NPU_TRY(one.image, input_number(model, node.inputs[0]));
    NPU_TRY(one.parameters, input_number(model, node.inputs[1]));
    one.target = aipp_target(model.graph, node);
    one.target.image_bytes = element_count(model.inputs[one.image].shape);
    one.target.widest_padded = most_padded_columns(soc.arch);
  }
  std::ranges::sort(found, {}, &DynamicAipp::parameters);
  return found;
}

Result<Tensor> aipp_tensor(const AippParameters& parameters, const DynamicAipp& input) {
  NPU_CHECK(parameters.check(input.target));
  NPU_TRY(const auto bytes, parameters.encode());
  Tensor tensor(DType::UInt8, {std::ssize(bytes)});
  std::ranges::copy(bytes, tensor.mutable_bytes().begin());
  return tensor;
}

Status check_dynamic_aipp(const CompiledModel& model, std::span<const DynamicAipp> dynamic, std::span<const Tensor> inputs) {
  const auto check = [&](const DynamicAipp& one) -> Status {
    NPU_TRY(const AippParameters parameters, AippParameters::decode(inputs[one.parameters].bytes()));
    return parameters.check(one.target);
  };
  for (const DynamicAipp& one : dynamic)
    if (Status sound = check(one); !sound)
      return fail(sound.error().kind, fmt::format("input '{}'", model.inputs[one.parameters].name), std::move(sound.error().what));
  return {};
}

}  // namespace npu
