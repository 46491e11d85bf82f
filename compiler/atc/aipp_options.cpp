// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/aipp_options.h"

#include <algorithm>

#include <fmt/format.h>

#include "compiler/aipp/insert.h"
#include "compiler/atc/text.h"
#include "compiler/passes/rewrite.h"

namespace npu::atc {
namespace {

AtcError bad_config(const Error& error) { return {"E10052", fmt::format("The file of --insert_op_conf is not valid: {}: {}", error.where, error.what)}; }

// What the command line says of the input becomes its type, but for an open batch.
AtcResult<void> fix_shape(Value& input, const Options& options) {
  const auto given = std::ranges::find(options.input_shapes, input.name, &InputShape::name);
  if (given == options.input_shapes.end() && !input.type.is_static())
    return refuse("E10002", fmt::format("The shape of the input '{}' that takes images, {}, is not fixed; give it with --input_shape.", input.name, to_string(input.type)));
  if (given == options.input_shapes.end()) return {};
  const Dims& declared = input.type.dims;
  Dims dims;
  for (const DimRange& dim : given->dims) {
    const size_t i = dims.size();
    if (dim.is_open() && i > 0)
      return refuse("E10001", fmt::format("--insert_op_conf makes images of '{}': of {} only the batch may be open.", input.name, inputs_text(std::span(&*given, 1))));
    const bool sized = input.type.has_rank && declared.size() == given->dims.size();
    const bool fits = !input.type.has_rank || (sized && (dim.is_open() || !declared[i].known() || declared[i].value() == dim.low));
    if (!fits) return refuse("E10002", fmt::format("--input_shape: {} does not fit the model's {}", inputs_text(std::span(&*given, 1)), to_string(input.type)));
    dims.push_back(!dim.is_open() ? Dim(dim.low) : sized ? declared[i] : Dim());
  }
  input.type = TensorType::of(input.type.dtype, std::move(dims));
  return {};
}

// The image's rows, columns and bytes in the places of C, H and W; of images whose size comes at run time the bytes alone.
void set_image_shape(const Value& input, Options& options) {
  if (input.type.dims.size() == 2) {
    for (InputShape& shape : options.input_shapes)
      if (shape.name == input.name) shape.dims = {{1, 1}, {input.type.dims[1].value(), input.type.dims[1].value()}};
    return;
  }
  for (size_t i = 1; i < input.type.dims.size(); ++i) {
    const int64_t size = input.type.dims[i].value();
    for (InputShape& shape : options.input_shapes)
      if (shape.name == input.name) shape.dims[i] = {size, size};
    for (GearShapes& gear : options.gears)
      if (const auto shape = gear.input_shapes.find(input.name); shape != gear.input_shapes.end()) shape->second[i] = size;
  }
}

// Dynamic AIPP has one buffer for one size of batch.
AtcResult<void> check_one_batch(const Value& input, const AippOp& op, const Options& options) {
  if (!op.dynamic) return {};
  if (!options.gears.empty()) return refuse("E10001", fmt::format("Dynamic AIPP of '{}' (line {} of the file of --insert_op_conf) takes one shape: no --dynamic_batch_size, --dynamic_image_size or --dynamic_dims.", input.name, op.line));
  if (!input.type.dims.empty() && !input.type.dims[0].known()) return refuse("E10001", fmt::format("Dynamic AIPP of '{}' (line {} of the file of --insert_op_conf) takes one batch: give it with --input_shape.", input.name, op.line));
  return {};
}

// What makes images makes them channels first: an input of NHWC gets them turned.
void turn_input(Graph& graph, ValueId plain) {
  Value& value = graph.value(plain);
  const std::string name = value.name;
  const Dims dims = value.type.dims;
  value.name = graph.unique_value_name(name + "_nhwc");
  const ValueId turned = graph.add_value(name, TensorType::of(value.type.dtype, Dims{dims[0], dims[3], dims[1], dims[2]}));
  std::ranges::replace(graph.inputs, plain, turned);
  Node transpose = pass::make_node("Transpose", "turn_" + name, {turned}, {plain});
  transpose.attrs["perm"] = std::vector<int64_t>{0, 2, 3, 1};
  if (graph.order().empty()) graph.append(std::move(transpose));
  else graph.insert_before(graph.order().front(), std::move(transpose));
}

}  // namespace

AtcResult<void> add_aipp(Graph& graph, std::string_view config, Options& options) {
  const auto ops = parse_aipp_config(config);
  if (!ops) return std::unexpected(bad_config(ops.error()));
  const auto soc = find_soc(options.soc);
  if (!soc) return refuse("E10001", soc.error().what);
  std::vector<size_t> images;
  for (const AippOp& op : *ops) {
    const auto input = find_aipp_input(graph, op);
    if (!input) return std::unexpected(bad_config(input.error()));
    Value& value = graph.value(*input);
    if (std::ranges::count(split(options.input_fp16_nodes, ';'), std::string_view(value.name)) > 0)
      return refuse("E10034", fmt::format("--input_fp16_nodes names '{}', which takes images of bytes: line {} of the file of --insert_op_conf.", value.name, op.line));
    if (auto fixed = fix_shape(value, options); !fixed) return fixed;
    if (auto one = check_one_batch(value, op, options); !one) return one;
    const auto rank = static_cast<size_t>(std::ranges::find(graph.inputs, *input) - graph.inputs.begin());
    if (options.input_format == "NHWC" && value.type.dims.size() == 4) turn_input(graph, *input);
    images.push_back(rank);
  }
  if (auto inserted = insert_aipp(graph, *ops, **soc); !inserted) return std::unexpected(bad_config(inserted.error()));
  for (const size_t i : images) set_image_shape(graph.value(graph.inputs[i]), options);
  return {};
}

}  // namespace npu::atc
