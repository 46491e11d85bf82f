// SPDX-License-Identifier: Apache-2.0
#include "core/om/open_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/om/tasks.h"
#include "core/onnx/onnx.h"

namespace npu::om {

namespace {

using protozero::data_view;
using protozero::pbf_writer;

// Constant: a descriptor whose address is the offset in the weights partition. Those constants are the last inputs of the
// ONNX graph.
enum class Field : protozero::pbf_tag_type { Onnx = 1, Constant = 2, Input = 3, DisabledPass = 4, NoMemoryReuse = 5 };
enum class InputField : protozero::pbf_tag_type { Name = 1, Low = 2, High = 3 };

template <class F>
constexpr protozero::pbf_tag_type tag(F field) {
  return static_cast<protozero::pbf_tag_type>(field);
}

std::unexpected<Error> bad(std::string what) {
  return fail(ErrorKind::InvalidModel, "OPEN_MODEL", std::move(what));
}

bool is_outside(const Tensor& tensor) {
  return is_device_dtype(tensor.dtype()) && tensor.elements() > kMaxStoredConstant;
}

std::string input_message(const InputShape& input) {
  std::string buffer;
  pbf_writer message(buffer);
  std::vector<int64_t> low, high;
  for (const DimRange& dim : input.dims) low.push_back(dim.low), high.push_back(dim.high);
  message.add_string(tag(InputField::Name), input.name);
  message.add_packed_int64(tag(InputField::Low), low.begin(), low.end());
  message.add_packed_int64(tag(InputField::High), high.begin(), high.end());
  return buffer;
}

Result<InputShape> read_input(data_view view) {
  InputShape input;
  std::vector<int64_t> low, high;
  PbMessage<InputField> message(view);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(InputField::Name): input.name = message.get_string(); break;
      case pb_length(InputField::Low): pb_append_varints(message, low); break;
      case pb_length(InputField::High): pb_append_varints(message, high); break;
      default: message.skip();
    }
  }
  if (low.size() != high.size()) return bad(fmt::format("input '{}' has {} lower and {} upper limits", input.name, low.size(), high.size()));
  for (size_t i = 0; i < low.size(); ++i) {
    if (low[i] < 0 || high[i] < low[i]) return bad(fmt::format("input '{}' has a dimension from {} to {}", input.name, low[i], high[i]));
    input.dims.push_back({low[i], high[i]});
  }
  return input;
}

// The constant's elements in the weights, as what stood for it in the graph says.
Status restore_constant(Value& value, const TensorDesc& desc, Bytes weights, const SharedBytes& file) {
  if (value.name != desc.name || !(value.type == TensorType::of(desc.dtype, desc.shape)) || !is_device_dtype(desc.dtype) || desc.dtype == DType::Undefined)
    return bad(fmt::format("constant '{}' is not what the graph has at its place", desc.name));
  const auto offset = static_cast<uint64_t>(desc.address), size = static_cast<uint64_t>(desc.bytes);
  if (offset > weights.size() || size > weights.size() - offset)
    return bad(fmt::format("constant '{}' [{}, +{}) is outside the weights of {} bytes", desc.name, offset, size, weights.size()));
  if (static_cast<uint64_t>(element_count(desc.shape)) * dtype_size(desc.dtype) != size)
    return bad(fmt::format("constant '{}' {} {} has {} bytes", desc.name, to_string(desc.dtype), to_string(desc.shape), size));
  const Bytes bytes = weights.subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
  const bool aligned = reinterpret_cast<uintptr_t>(bytes.data()) % dtype_size(desc.dtype) == 0;
  value.constant = aligned ? Tensor::view(desc.dtype, desc.shape, bytes, file) : Tensor::from<std::byte>(desc.dtype, desc.shape, bytes);
  return {};
}

Status restore_constants(Graph& graph, const std::vector<TensorDesc>& constants, Bytes weights, const SharedBytes& file) {
  if (constants.size() > graph.inputs.size()) return bad(fmt::format("has {} constants for {} places", constants.size(), graph.inputs.size()));
  const size_t first = graph.inputs.size() - constants.size();
  for (size_t i = 0; i < constants.size(); ++i) NPU_CHECK(restore_constant(graph.value(graph.inputs[first + i]), constants[i], weights, file));
  graph.inputs.resize(first);
  return {};
}

Status check_input_names(const OpenModel& model) {
  const bool same = std::ranges::equal(model.inputs, model.graph.inputs, {}, &InputShape::name, [&](ValueId id) { return model.graph.value(id).name; });
  if (!same) return bad("its inputs are not those of the graph");
  for (ValueId id : model.graph.inputs)
    if (const TensorType& type = model.graph.value(id).type; !type.is_tensor() || type.dtype == DType::Undefined || !is_device_dtype(type.dtype))
      return bad(fmt::format("input '{}' is {}", model.graph.value(id).name, to_string(type)));
  return {};
}

}  // namespace

Result<SavedOpenModel> write_open_model(const OpenModel& model) {
  SavedOpenModel saved;
  pbf_writer message(saved.description);
  Graph graph = model.graph;
  ByteWriter weights;
  for (const ValueId id : graph.used_constants()) {
    Value& value = graph.value(id);
    if (!is_outside(*value.constant)) continue;
    weights.pad_to(kTensorAlign);
    message.add_message(tag(Field::Constant), write_desc({value.name, value.type.dtype, value.constant->shape(), Format::ND,
                                                          static_cast<int64_t>(weights.size()), static_cast<int64_t>(value.constant->byte_size())}));
    weights.write_bytes(value.constant->bytes());
    value.type = TensorType::of(value.constant->dtype(), value.constant->shape());
    value.constant.reset();
    graph.inputs.push_back(id);
  }
  NPU_TRY(const std::vector<std::byte> onnx, save_onnx(graph));
  message.add_bytes(tag(Field::Onnx), reinterpret_cast<const char*>(onnx.data()), onnx.size());
  for (const InputShape& input : model.inputs) message.add_message(tag(Field::Input), input_message(input));
  for (const std::string& pass : model.disabled_passes) message.add_string(tag(Field::DisabledPass), pass);
  message.add_bool(tag(Field::NoMemoryReuse), model.disable_memory_reuse);
  saved.weights = std::move(weights.bytes());
  return saved;
}

Result<OpenModel> read_open_model(Bytes description, Bytes weights, const SharedBytes& file) {
  OpenModel model;
  std::vector<TensorDesc> constants;
  Bytes onnx;
  PbMessage<Field> message(description);
  while (message.next()) {
    switch (message.tag_and_type()) {
      case pb_length(Field::Onnx): onnx = message.get_byte_span(); break;
      case pb_length(Field::Constant): {
        NPU_TRY(constants.emplace_back(), read_desc(message.get_view()));
        break;
      }
      case pb_length(Field::Input): {
        NPU_TRY(model.inputs.emplace_back(), read_input(message.get_view()));
        break;
      }
      case pb_length(Field::DisabledPass): model.disabled_passes.push_back(message.get_string()); break;
      case pb_varint(Field::NoMemoryReuse): model.disable_memory_reuse = message.get_int64() != 0; break;
      default: message.skip();
    }
  }
  NPU_TRY(model.graph, load_onnx(onnx, nullptr, {.name = "OPEN_MODEL", .external = {}}));
  NPU_CHECK(restore_constants(model.graph, constants, weights, file));
  NPU_CHECK(verify(model.graph));
  NPU_CHECK(check_input_names(model));
  return model;
}

}  // namespace npu::om
