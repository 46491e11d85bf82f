// SPDX-License-Identifier: Apache-2.0
#include "compiler/atc/single_op.h"

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "compiler/atc/ascend_ops.h"
#include "core/ops/op.h"

namespace npu::atc {
namespace {

using Json = nlohmann::json;

enum class Take {
  Copy,
  Plane,  // H and W of four numbers for N, C, H, W
  Pads,   // top, bottom, left, right
  First,  // of a list
  Type,   // a number of ge.proto.DataType
  False,  // only false is offered
  Drop,   // changes nothing
};

struct AttrRule {
  std::string_view op, attr, onnx;
  Take take;
};
constexpr AttrRule kAttrRules[] = {
    {"BatchMatMul", "adj_x1", "", Take::False},
    {"BatchMatMul", "adj_x2", "", Take::False},
    {"BatchMatMulV2", "adj_x1", "", Take::False},
    {"BatchMatMulV2", "adj_x2", "", Take::False},
    {"BatchMatMulV2", "offset_x", "", Take::Drop},
    {"Cast", "dst_type", "to", Take::Type},
    {"ConcatD", "N", "", Take::Drop},
    {"ConcatD", "concat_dim", "axis", Take::Copy},
    {"Conv2D", "data_format", "", Take::Drop},
    {"Conv2D", "dilations", "dilations", Take::Plane},
    {"Conv2D", "groups", "group", Take::Copy},
    {"Conv2D", "offset_x", "", Take::Drop},
    {"Conv2D", "pads", "pads", Take::Pads},
    {"Conv2D", "strides", "strides", Take::Plane},
    {"GEMM", "transpose_a", "", Take::False},
    {"GEMM", "transpose_b", "", Take::False},
    {"LeakyRelu", "negative_slope", "alpha", Take::Copy},
    {"MatMul", "transpose_x1", "transA", Take::Copy},
    {"MatMul", "transpose_x2", "transB", Take::Copy},
    {"MatMulV2", "offset_x", "", Take::Drop},
    {"MatMulV2", "transpose_x1", "transA", Take::Copy},
    {"MatMulV2", "transpose_x2", "transB", Take::Copy},
    {"ReduceMeanD", "axes", "axes", Take::Copy},
    {"ReduceMeanD", "keep_dims", "keepdims", Take::Copy},
    {"ReduceSumD", "axes", "axes", Take::Copy},
    {"ReduceSumD", "keep_dims", "keepdims", Take::Copy},
    {"SoftmaxV2", "axes", "axis", Take::First},
    {"TransposeD", "perm", "perm", Take::Copy},
};

// Matrix products take their transposes as Gemm does.
constexpr AscendOp kSingleOps[] = {{"MatMul", "Gemm"}, {"MatMulV2", "Gemm"}};

std::string_view onnx_name(std::string_view type) {
  for (const AscendOp& op : kSingleOps)
    if (op.name == type) return op.onnx;
  const AscendOp* op = find_ascend_op(type);
  return op ? op->onnx : type;
}

std::string format_of(const Json& desc) {
  const auto found = desc.find("format");
  if (found == desc.end()) return "ND";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

class Reader {
 public:
  Reader(const Json& json, size_t index) : json_(json), index_(index) {}

  AtcResult<Graph> read() {
    if (!json_.is_object() || !json_.contains("op") || !json_["op"].is_string()) return std::unexpected(bad("op", "is no text"));
    type_ = json_["op"].get<std::string>();
    graph_.opset = type_.starts_with("Reduce") ? 11 : 13;  // axes are attributes
    if (auto inputs = add_inputs(); !inputs) return std::unexpected(inputs.error());
    if (auto node = type_ == "GEMM" ? add_gemm() : add_node(); !node) return std::unexpected(node.error());
    if (auto sound = verify(graph_); !sound) return refuse("E10501", fmt::format("operator {} ({}): {}", index_, type_, sound.error().message()));
    if (auto inferred = infer_shapes(graph_); !inferred) return refuse("E10501", fmt::format("operator {} ({}): {}", index_, type_, inferred.error().message()));
    if (auto outputs = check_outputs(); !outputs) return std::unexpected(outputs.error());
    if (auto named = name_graph(); !named) return std::unexpected(named.error());
    return std::move(graph_);
  }

 private:
  AtcError bad(std::string_view field, std::string_view reason) const {
    return {"E10032", fmt::format("The file of --singleop is not valid: operator {}: {} {}.", index_, field, reason)};
  }

  const Json& list(std::string_view field) const {
    static const Json kNone = Json::array();
    const auto found = json_.find(field);
    return found == json_.end() ? kNone : *found;
  }

  AtcResult<TensorType> read_type(const Json& desc, std::string_view field) const {
    if (!desc.is_object() || !desc.contains("shape") || !desc["shape"].is_array() || !desc.contains("type") || !desc["type"].is_string())
      return std::unexpected(bad(field, "needs a shape and a type"));
    const std::string name = desc["type"].get<std::string>(), format = format_of(desc);
    const auto dtype = name == "float" ? DType::Float32 : dtype_from_name(name);
    if (!dtype || !is_device_dtype(*dtype)) return std::unexpected(bad(field, fmt::format("has the type '{}', which is not offered", name)));
    if (format != "ND" && format != "NCHW") return std::unexpected(bad(field, fmt::format("has the format '{}': ND and NCHW are offered", format)));
    Shape shape;
    for (const Json& dim : desc["shape"]) {
      if (!dim.is_number_integer() || dim.get<int64_t>() < 1) return std::unexpected(bad(field, fmt::format("has the dimension {}: sizes from 1 on are offered", dim.dump())));
      shape.push_back(dim.get<int64_t>());
    }
    return TensorType::of(*dtype, shape);
  }

  AtcResult<void> add_inputs() {
    if (!list("input_desc").is_array() || list("input_desc").empty()) return std::unexpected(bad("input_desc", "is no list of tensors"));
    for (const Json& desc : list("input_desc")) {
      const std::string field = fmt::format("input_desc {}", graph_.inputs.size());
      auto type = read_type(desc, field);
      if (!type) return std::unexpected(type.error());
      if (desc.contains("is_const") && desc["is_const"] == true) return std::unexpected(bad(field, "is a constant, which is not offered"));
      if (auto counted = checked_element_count(to_shape(type->dims), field); !counted) return std::unexpected(bad(field, counted.error().what));
      graph_.inputs.push_back(graph_.add_value(fmt::format("x{}", graph_.inputs.size()), *type));
    }
    return {};
  }

  ValueId append(std::string op, std::vector<ValueId> inputs, std::map<std::string, Attr, std::less<>> attrs = {}) {
    const ValueId result = graph_.add_value(fmt::format("y{}", graph_.value_count()), {});
    graph_.append({.op = std::move(op), .name = fmt::format("{}_{}", type_, graph_.order().size()), .inputs = std::move(inputs), .outputs = {result}, .attrs = std::move(attrs)});
    return result;
  }

  AtcResult<void> add_node() {
    std::map<std::string, Attr, std::less<>> attrs;
    for (const Json& entry : list("attr")) {
      if (!entry.is_object() || !entry.contains("name") || !entry["name"].is_string() || !entry.contains("value")) return std::unexpected(bad("attr", "needs a name and a value"));
      if (auto read = read_attr(entry["name"].get<std::string>(), entry["value"], attrs); !read) return read;
    }
    if (!find_op(onnx_name(type_))) return refuse("E10501", fmt::format("operator {}: '{}' is not offered.", index_, type_));
    graph_.outputs = {append(std::string(onnx_name(type_)), graph_.inputs, std::move(attrs))};
    return {};
  }

  // alpha * (a x b) + beta * c; the scalars are inputs.
  AtcResult<void> add_gemm() {
    for (const Json& entry : list("attr"))
      if (entry.is_object() && entry.contains("value") && entry["value"] == true) return refuse("E10501", fmt::format("operator {}: transposes of GEMM are not offered.", index_));
    if (graph_.inputs.size() != 5) return std::unexpected(bad("input_desc", fmt::format("has {} tensors, GEMM five", graph_.inputs.size())));
    const auto& in = graph_.inputs;
    const ValueId product = append("Mul", {append("MatMul", {in[0], in[1]}), in[3]});
    graph_.outputs = {append("Add", {product, append("Mul", {in[2], in[4]})})};
    return {};
  }

  AtcResult<void> read_attr(const std::string& name, const Json& value, std::map<std::string, Attr, std::less<>>& attrs) const {
    const auto* rule = std::ranges::find_if(kAttrRules, [&](const AttrRule& r) { return r.op == type_ && r.attr == name; });
    const bool direct = rule == std::end(kAttrRules);
    if (direct && onnx_name(type_) != type_) return refuse("E10501", fmt::format("operator {} ({}): the attribute '{}' is not offered.", index_, type_, name));
    const Take take = direct ? Take::Copy : rule->take;
    if (take == Take::Drop || (take == Take::False && value == false)) return {};
    auto converted = convert(take, value);
    if (!converted) return refuse("E10501", fmt::format("operator {} ({}): the attribute '{}' cannot be {}.", index_, type_, name, value.dump()));
    attrs[std::string(direct ? std::string_view(name) : rule->onnx)] = std::move(*converted);
    return {};
  }

  static std::optional<Attr> convert(Take take, const Json& value) {
    if (take == Take::Copy) return copied(value);
    if (take == Take::False) return std::nullopt;
    if (take == Take::Type) {
      const auto dtype = value.is_number_integer() ? dtype_from_ge(value.get<int>()) : std::nullopt;
      if (!dtype) return std::nullopt;
      return Attr(static_cast<int64_t>(dtype_info(*dtype).onnx));
    }
    const auto list = copied(value);
    const auto* numbers = list ? std::get_if<std::vector<int64_t>>(&*list) : nullptr;
    if (!numbers || (take == Take::First ? numbers->size() != 1 : numbers->size() != 4)) return std::nullopt;
    const auto& n = *numbers;
    if (take == Take::First) return Attr(n[0]);
    return Attr(take == Take::Plane ? std::vector<int64_t>{n[2], n[3]} : std::vector<int64_t>{n[0], n[2], n[1], n[3]});
  }

  static std::optional<Attr> copied(const Json& value) {
    if (value.is_boolean()) return Attr(static_cast<int64_t>(value.get<bool>()));
    if (value.is_number_integer()) return Attr(value.get<int64_t>());
    if (value.is_number()) return Attr(value.get<float>());
    if (value.is_string()) return Attr(value.get<std::string>());
    if (!value.is_array()) return std::nullopt;
    if (std::ranges::all_of(value, [](const Json& v) { return v.is_number_integer(); })) return Attr(value.get<std::vector<int64_t>>());
    if (std::ranges::all_of(value, [](const Json& v) { return v.is_number(); })) return Attr(value.get<std::vector<float>>());
    return std::nullopt;
  }

  AtcResult<void> check_outputs() const {
    const Json& described = list("output_desc");
    if (!described.is_array() || described.size() != graph_.outputs.size()) return std::unexpected(bad("output_desc", fmt::format("has not the {} outputs of {}", graph_.outputs.size(), type_)));
    for (size_t i = 0; i < described.size(); ++i) {
      auto type = read_type(described[i], fmt::format("output_desc {}", i));
      if (!type) return std::unexpected(type.error());
      const TensorType& given = graph_.value(graph_.outputs[i]).type;
      if (*type != given) return refuse("E14002", fmt::format("operator {} ({}): output {} is described as {}, the operator gives {}.", index_, type_, i, to_string(*type), to_string(given)));
    }
    return {};
  }

  // As the vendor's tool names files: numbers of the data type (aclDataType) and format, and the shape, of each tensor.
  std::string described(std::string_view field) const {
    std::string text;
    for (const Json& desc : list(field)) {
      const TensorType type = *read_type(desc, field);
      text += fmt::format("_{}_{}", dtype_info(type.dtype).acl, format_of(desc) == "NCHW" ? 0 : 2);
      for (const Dim& dim : type.dims) text += fmt::format("_{}", dim.value());
    }
    return text;
  }

  AtcResult<void> name_graph() {
    graph_.name = json_.contains("name") && json_["name"].is_string() ? json_["name"].get<std::string>() : fmt::format("{}_{}{}{}", index_, type_, described("input_desc"), described("output_desc"));
    const bool plain = std::ranges::all_of(graph_.name, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '/' && c != '\\'; });
    if (graph_.name.empty() || graph_.name.starts_with('.') || !plain) return std::unexpected(bad("name", fmt::format("'{}' is no name of a file", graph_.name)));
    return {};
  }

  const Json& json_;
  size_t index_;
  std::string type_;
  Graph graph_;
};

}  // namespace

AtcResult<std::vector<Graph>> parse_single_ops(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_array()) return refuse("E10032", "The file of --singleop is not valid: it is no list of operators in JSON.");
  std::vector<Graph> graphs;
  for (const Json& description : json) {
    auto graph = Reader(description, graphs.size()).read();
    if (!graph) return std::unexpected(graph.error());
    graphs.push_back(std::move(*graph));
  }
  return graphs;
}

}  // namespace npu::atc
