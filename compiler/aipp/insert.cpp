// SPDX-License-Identifier: Apache-2.0
#include "compiler/aipp/insert.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "compiler/passes/rewrite.h"
#include "core/isa/aipp.h"
#include "core/ops/aipp_parameters.h"

namespace npu {
namespace {

std::unexpected<Error> bad(const AippOp& op, std::string what) { return fail(ErrorKind::InvalidArgument, fmt::format("line {}", op.line), std::move(what)); }

// One axis of the image: what is taken of the source, and what is put around it.
struct Span {
  int64_t source, start, size, before, after;
  int64_t all() const { return before + size + after; }
};

Result<Span> span_of(const AippOp& op, char axis, int64_t model, const std::string& input) {
  const bool wide = axis == 'w';
  const int64_t source = wide ? op.src_w : op.src_h, crop = wide ? op.crop_w : op.crop_h;
  Span s{source == 0 ? model : source, 0, 0, 0, 0};
  if (op.padding) s.before = wide ? op.left : op.top, s.after = wide ? op.right : op.bottom;
  s.size = s.source;
  if (op.crop) s.start = wide ? op.start_w : op.start_h, s.size = crop == 0 ? model : crop;
  if (op.crop && crop == 0 && s.before + s.after > 0) return bad(op, fmt::format("crop_size_{} is 0, the model's {}, which leaves no room for padding of {} and {}", axis, model, s.before, s.after));
  if (s.start + s.size > s.source) return bad(op, fmt::format("load_start_pos_{0} {1} and crop_size_{0} {2} reach beyond the image's {3}", axis, s.start, s.size, s.source));
  if (s.all() != model)
    return bad(op, fmt::format("{} of {} with padding of {} and {} is {}, the input '{}' has {}", axis == 'w' ? "a width" : "a height", s.size, s.before, s.after, s.all(), input, model));
  return s;
}

Status check_input(const Graph& graph, const AippOp& op, ValueId id) {
  const Value& input = graph.value(id);
  const Dims& dims = input.type.dims;
  if (!input.type.is_tensor() || !input.type.has_rank || dims.size() != 4 || !dims[1].known() || !dims[2].known() || !dims[3].known())
    return bad(op, fmt::format("the input '{}' is {}, needs [N, C, H, W] with fixed C, H and W", input.name, to_string(input.type)));
  if (input.type.dtype != DType::Float32 && input.type.dtype != DType::Float16)
    return bad(op, fmt::format("the input '{}' is {}: images become float16, for inputs of float32 and float16", input.name, to_string(input.type.dtype)));
  if (graph.is_output(id)) return bad(op, fmt::format("the input '{}' is an output of the model too", input.name));
  return {};
}

Result<AippSettings> settings_of(const AippOp& op, const Value& input, const Soc& soc) {
  const Dims& dims = input.type.dims;
  AippSettings s;
  s.format = op.format;
  NPU_TRY(const Span w, span_of(op, 'w', dims[3].value(), input.name));
  NPU_TRY(const Span h, span_of(op, 'h', dims[2].value(), input.name));
  s.src_h = h.source, s.top = h.start, s.h = h.size, s.pad_top = h.before, s.pad_bottom = h.after;
  s.src_w = w.source, s.left = w.start, s.w = w.size, s.pad_left = w.before, s.pad_right = w.after;
  const auto& f = *op.format;
  if (s.src_w % f.even_w != 0 || s.src_h % f.even_h != 0) return bad(op, fmt::format("an image of {}x{} is none of {}, whose u and v stand for {}x{} pixels", s.src_h, s.src_w, f.name, f.even_h, f.even_w));
  if (s.src_w < 2 || s.src_w > 4096 || s.src_h > 4096) return bad(op, fmt::format("an image of {}x{}: rows are 1 to 4096, columns 2 to 4096", s.src_h, s.src_w));
  const int64_t widest = most_padded_columns(soc.arch);
  if (op.padding && s.out_w() > widest) return bad(op, fmt::format("{} columns with padding, {} takes {}", s.out_w(), soc.name, widest));
  s.swap_rb_uv = op.swap_rb_uv, s.swap_ax = op.swap_ax, s.convert = op.csc;
  if (op.csc) s.matrix = op.matrix, s.in_bias = op.in_bias, s.out_bias = op.out_bias;
  for (size_t c = 0; c < 3; ++c) s.mean[c] = op.mean[c], s.min[c] = static_cast<float>(op.min[c]), s.var_reci[c] = static_cast<float>(op.var_reci[c]);
  s.pad_value = static_cast<float>(op.pad_value);
  s.channels = dims[1].value();
  const bool fits = s.channels == 3 ? !s.grey() : s.channels == 1 && (s.grey() || op.csc);
  if (!fits) return bad(op, fmt::format("{} with csc_switch {} gives {} channels, the input '{}' has {}", f.name, op.csc, s.grey() ? "1" : op.csc ? "3 or 1" : "3", input.name, s.channels));
  return s;
}

// Before everything else.
void put_first(Graph& graph, Node node) {
  if (graph.order().empty()) graph.append(std::move(node));
  else graph.insert_before(graph.order().front(), std::move(node));
}

// The input that keeps the name takes bytes; `node` makes of them what the model reads.
void insert_node(Graph& graph, ValueId plain, Dims image_dims, Node node) {
  const std::string name = graph.value(plain).name;
  const TensorType type = graph.value(plain).type;
  graph.value(plain).name = graph.unique_value_name(name + "_aipp");
  const ValueId image = graph.add_value(name, TensorType::of(DType::UInt8, std::move(image_dims)));
  std::ranges::replace(graph.inputs, plain, image);
  ValueId made = plain;
  if (type.dtype != DType::Float16) {
    made = graph.add_value(graph.unique_value_name(name + "_aipp_fp16"), TensorType::of(DType::Float16, type.dims));
    Node cast = pass::make_node("Cast", "aipp_cast_" + name, {made}, {plain});
    cast.attrs["to"] = static_cast<int64_t>(dtype_info(type.dtype).onnx);
    put_first(graph, std::move(cast));
  }
  node.op = "Aipp", node.name = "aipp_" + name;
  node.inputs.insert(node.inputs.begin(), image), node.outputs = {made};
  put_first(graph, std::move(node));
}

Status insert_static(Graph& graph, const AippOp& op, ValueId id, const Soc& soc) {
  NPU_TRY(const AippSettings settings, settings_of(op, graph.value(id), soc));
  Node node;
  set_aipp_attrs(node, settings);
  const Dim batch = graph.value(id).type.dims[0];
  insert_node(graph, id, {batch, settings.format->rows(settings.src_h), settings.src_w, settings.format->pixel}, std::move(node));
  return {};
}

// One more input, behind the others, takes the parameters.
Status insert_dynamic(Graph& graph, const AippOp& op, ValueId id) {
  const Value& input = graph.value(id);
  const Dims dims = input.type.dims;
  if (!dims[0].known() || dims[0].value() < 1 || dims[0].value() > kMostAippImages) return bad(op, fmt::format("the input '{}' is {}: dynamic AIPP needs a fixed batch of 1 to {}", input.name, to_string(input.type), kMostAippImages));
  if (dims[1].value() != 1 && dims[1].value() != 3) return bad(op, fmt::format("AIPP gives 3 channels or 1, the input '{}' has {}", input.name, dims[1].value()));
  for (const size_t axis : {2, 3})
    if (dims[axis].value() < 1 || dims[axis].value() > 4096) return bad(op, fmt::format("the input '{}' is {}: rows and columns are 1 to 4096", input.name, to_string(input.type)));
  constexpr int64_t kLargest = int64_t{4096} * 4096 * 4;
  if (op.max_src_image_size > dims[0].value() * kLargest) return bad(op, fmt::format("max_src_image_size is {}, {} images of 4096x4096 take {} at most", op.max_src_image_size, dims[0].value(), dims[0].value() * kLargest));
  const std::string unique = graph.unique_value_name(std::string(kDynamicAippData));
  const ValueId parameters = graph.add_value(unique, TensorType::of(DType::UInt8, Dims{aipp_data_size(dims[0].value())}));
  graph.inputs.push_back(parameters);
  Node node;
  node.inputs = {parameters};
  node.attrs["output_size"] = std::vector<int64_t>{dims[2].value(), dims[3].value()}, node.attrs["channels"] = dims[1].value();
  insert_node(graph, id, {1, op.max_src_image_size}, std::move(node));
  return {};
}

}  // namespace

Result<ValueId> find_aipp_input(const Graph& graph, const AippOp& op) {
  if (op.related_input_name.empty()) {
    const auto rank = static_cast<size_t>(op.related_input_rank);
    if (rank >= graph.inputs.size()) return bad(op, fmt::format("related_input_rank is {}, the model has {} inputs", rank, graph.inputs.size()));
    return graph.inputs[rank];
  }
  const auto found = std::ranges::find(graph.inputs, op.related_input_name, [&](ValueId id) -> const std::string& { return graph.value(id).name; });
  if (found == graph.inputs.end()) return bad(op, fmt::format("related_input_name is '{}', the model has no such input", op.related_input_name));
  return *found;
}

Status insert_aipp(Graph& graph, std::span<const AippOp> ops, const Soc& soc) {
  std::set<ValueId> images;
  for (const AippOp& op : ops) {
    NPU_TRY(const ValueId id, find_aipp_input(graph, op));
    if (images.contains(id)) return bad(op, fmt::format("the input '{}' has an aipp_op already", graph.value(id).name));
    NPU_CHECK(check_input(graph, op, id));
    const size_t rank = static_cast<size_t>(std::ranges::find(graph.inputs, id) - graph.inputs.begin());
    if (op.dynamic) NPU_CHECK(insert_dynamic(graph, op, id));
    else NPU_CHECK(insert_static(graph, op, id, soc));
    images.insert(graph.inputs[rank]);
  }
  return {};
}

}  // namespace npu
